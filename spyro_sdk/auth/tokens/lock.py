"""A lock that is waited for without holding up the event loop."""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import anyio

from ...errors import TokenStoreError

PAUSE = 0.01  # seconds between two tries, a third more or less; a try takes microseconds


@dataclass(frozen=True)
class Patience:
    """How a lock is waited for."""

    limit: float = 60.0  # seconds; who renews a token holds its lock for one request
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)
    sleep: Callable[[float], Awaitable[None]] = field(default=anyio.sleep, repr=False)
    uniform: Callable[[float, float], float] = field(default=random.uniform, repr=False)

    async def acquire(self, attempt: Callable[[], bool], what: str) -> None:
        """Try until `attempt` returns True; `TokenStoreError` where that takes too long."""
        until = self.clock() + self.limit
        while not attempt():
            if self.clock() >= until:
                raise TokenStoreError(
                    f"the token of {what} is in use: something has held its lock for {self.limit:.0f} s",
                    hint="try again, or end the process that hangs while it signs in",
                )
            await self.sleep(self.uniform(PAUSE * 2 / 3, PAUSE * 4 / 3))
