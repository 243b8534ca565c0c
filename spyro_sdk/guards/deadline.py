"""How long something may be waited for as a whole, however many requests and retries it takes."""

from __future__ import annotations

import asyncio
import builtins
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from ..errors import TimeoutError

T = TypeVar("T")


@dataclass
class Deadline:
    """Seconds that may be waited for something; what its owner does between two waits does not count."""

    seconds: float | None
    """None for as long as it takes."""
    what: str
    """What is waited for, as the error calls it."""
    connector: str | None = None
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)

    def __post_init__(self) -> None:
        self.left = self.seconds or 0.0

    async def kept(self, work: Awaitable[T]) -> T:
        """What the work gives; `TimeoutError` where that takes longer than is left."""
        if self.seconds is None:
            return await work
        started = self.clock()
        try:
            async with asyncio.timeout(self.left) as limit:
                return await work
        except builtins.TimeoutError:
            if not limit.expired():
                raise
            raise TimeoutError(
                f"{self.what} did not come to an end within its deadline of {self.seconds:g} s",
                hint="connect with a longer deadline, or ask for less at once",
                connector=self.connector,
            ) from None
        finally:
            self.left -= self.clock() - started
