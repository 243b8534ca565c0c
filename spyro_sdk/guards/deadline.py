"""How long something may be waited for as a whole, however many requests and retries it takes."""

from __future__ import annotations

import asyncio
import builtins
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TypeVar

from ..errors import TimeoutError

T = TypeVar("T")


@dataclass
class Deadline:
    """Seconds that may be waited for something; what its owner does between two waits does not count.

    What is waited for inside of it keeps to it as well, and to no deadline of its own.
    """

    seconds: float | None
    """None for as long as it takes."""
    what: str
    """What is waited for, as the error calls it."""
    connector: str | None = None
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)

    def __post_init__(self) -> None:
        self._spent, self._waiting, self._since = 0.0, 0, 0.0

    async def kept(self, work: Awaitable[T]) -> T:
        """What the work gives; `TimeoutError` where that takes longer than is left."""
        it = _around.get() or self
        if it.seconds is None:
            return await work
        with it.around():
            return await it._kept(work, it.seconds)

    @contextmanager
    def around(self) -> Iterator[None]:
        """Have all that is waited for inside keep to this one."""
        token = _around.set(_around.get() or self)
        try:
            yield
        finally:
            _around.reset(token)

    async def _kept(self, work: Awaitable[T], seconds: float) -> T:
        with self._spending():
            try:
                async with asyncio.timeout(seconds - self.spent) as limit:
                    return await work
            except builtins.TimeoutError:
                if not limit.expired():
                    raise
                raise TimeoutError(
                    f"{self.what} did not come to an end within its deadline of {seconds:g} s",
                    hint="give it a longer deadline, or ask for less at once",
                    connector=self.connector,
                ) from None

    @property
    def spent(self) -> float:
        """Seconds that were waited."""
        return self._spent + (self.clock() - self._since if self._waiting else 0.0)

    @contextmanager
    def _spending(self) -> Iterator[None]:
        """Count the time; once, where several things are waited for at the same time."""
        if not self._waiting:
            self._since = self.clock()
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._spent += self.clock() - self._since


@contextmanager
def afterwards() -> Iterator[None]:
    """Let what has to be done inside keep to no deadline around it: that may be over already."""
    token = _around.set(None)
    try:
        yield
    finally:
        _around.reset(token)


_around: ContextVar[Deadline | None] = ContextVar("deadline", default=None)
"""The deadline to which the running task has to keep."""
