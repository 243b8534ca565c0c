"""At most so many requests an hour, or a day: counted beside the bucket, across processes and their ends.

A bucket knows a pace; a day's allowance is a stock to spend, as fast as one likes. It is counted by the
package `ratelimit`, in windows that begin with their first request.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import anyio
from ratelimit import RateLimitDecorator, RateLimitException

from ..errors import RateLimitError, StoreError
from ..words import lasting

if TYPE_CHECKING:
    from .state import State

logger = logging.getLogger(__name__)

HOUR: Final = 3600.0  # seconds
DAY: Final = 86_400.0  # seconds
PAUSE: Final = 0.002  # seconds between two looks at a count that another process has locked
PATIENCE: Final = 125  # such looks; the lock is held for microseconds, unless its holder was stopped


class Window:
    """A number of requests in a time that begins with the first of them."""

    def __init__(
        self, setting: str, calls: int, period: float, state: State, clock: Callable[[], float] = time.time
    ) -> None:
        self.setting, self.calls, self.period = setting, calls, period
        self._state, self._clock = state, clock  # seconds since the epoch: it outlives the system's start
        self._counter = RateLimitDecorator(calls, period, clock)
        self._slot = self._counter(lambda: None)

    def take(self) -> float | None:
        """Take one of the requests; return the seconds until there are new ones, 0 where it was given.

        None where another process is counting just now.
        """
        with self._state.held() as numbers:
            if numbers is None:
                return None
            self._recall(numbers.read())
            try:
                self._slot()
            except RateLimitException as full:
                return max(float(full.period_remaining), 0.001)
            numbers.write(self._counter.num_calls, self._counter.last_reset)
            return 0.0

    def give_back(self) -> None:
        """Return one that was not needed."""
        with self._state.held() as numbers:
            if numbers is not None and (known := numbers.read()):
                numbers.write(max(known[0] - 1, 0), known[1])

    def left(self) -> int:
        """How many requests the window has left; all of them where another process is counting just now."""
        with self._state.held() as numbers:
            calls, begun = (numbers and numbers.read()) or (0, self._clock())
            is_over = self._clock() - begun >= self.period
            return self.calls if is_over else max(self.calls - int(calls), 0)

    def _recall(self, known: tuple[float, ...] | None) -> None:
        """Let the counter go on where the last one ended; a clock that was put back begins a window."""
        now = self._clock()
        calls, begun = known or (0, now)
        self._counter.num_calls, self._counter.last_reset = int(calls), min(begun, now)


class Windows:
    """All windows that a request must pass; the longest first."""

    def __init__(
        self,
        windows: Sequence[Window] = (),
        name: str = "",
        *,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self.name = name
        """Of the service that is asked."""
        self.windows = tuple(sorted(windows, key=lambda window: -window.period))
        self._sleep = sleep

    async def acquire(self, max_wait: float) -> float:
        """Take a request of each window; return the seconds waited.

        Raises `RateLimitError` at once where the next one is more than `max_wait` seconds away.
        """
        waited, taken = 0.0, list[Window]()
        for window in self.windows:
            try:
                while seconds := await self._taken(window):
                    if seconds > max_wait:
                        raise self._used_up(window, seconds)
                    await self._sleep(seconds)
                    waited += seconds
            except BaseException:
                for it in taken:
                    with suppress(StoreError):
                        it.give_back()
                raise
            taken.append(window)
        return waited

    async def _taken(self, window: Window) -> float:
        """Seconds until the window has a request for us; 0 where it had."""
        for _ in range(PATIENCE):
            try:
                seconds = window.take()
            except StoreError as error:
                logger.warning("%s is not kept: %s", window.setting, error)
                return 0.0
            if seconds is not None:
                return seconds
            await self._sleep(PAUSE)
        logger.warning("%s is not kept: another process holds its lock", window.setting)
        return 0.0

    def _used_up(self, window: Window, seconds: float) -> RateLimitError:
        return RateLimitError(
            f"{self.name} may be asked {window.calls:,} times in {lasting(window.period)} ({window.setting}),"
            f" which are used up: the next is in {lasting(seconds)}",
            seconds,
            connector=self.name,
            hint=f"try again then, or connect with a higher {window.setting}, or a longer max_wait",
        )
