"""Leave a failing service alone for a while."""

from __future__ import annotations

import builtins
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable
from socket import gaierror
from typing import Literal, TypeVar

from ..errors import CircuitOpenError, DataFetchError

T = TypeVar("T")
State = Literal["closed", "open", "half-open"]

SLOTS = 10  # parts of the window in which outcomes are summed up


def is_failure(error: BaseException) -> bool:
    """Whether an error says that the service is not well: no answer, or a 5xx.

    Anything else is an answer, also a refusal, a "too many requests" or a body that cannot be decoded:
    leaving the service alone would heal none of them.
    """
    if isinstance(error, DataFetchError):
        return error.status is not None and error.status >= 500
    return isinstance(error, builtins.ConnectionError | builtins.TimeoutError | gaierror)


class CircuitBreaker:
    """Refuses calls while the service fails too often.

    Closed, it lets all through, until in the last `window` seconds at least `least_calls` ended and
    `failure_rate` of them failed. Open, it refuses at once, for about `open_for` seconds, twice as long each
    time in a row, `longest` at most. Half-open, it lets exactly one call through: that closes or opens it
    again. A cancelled call counts as neither success nor failure.
    """

    def __init__(
        self,
        *,
        name: str = "the service",
        failure_rate: float = 0.5,  # of 1
        least_calls: int = 10,  # one call that is given up after all its retries does not open it
        window: float = 30.0,  # seconds
        open_for: float = 5.0,  # seconds
        longest: float = 60.0,  # seconds
        counts: Callable[[BaseException], bool] = is_failure,
        on_change: Callable[[str], None] = lambda state: None,
        clock: Callable[[], float] = time.monotonic,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._name = name
        self._failure_rate, self._least_calls, self._window = failure_rate, least_calls, window
        self._open_for, self._longest = open_for, longest
        self._counts, self._on_change = counts, on_change
        self._clock, self._uniform = clock, uniform
        self._outcomes = _Outcomes(window)
        self._pause = open_for  # of the next opening
        self._open_until: float | None = None
        self._probing = False
        self._told: State = "closed"

    @property
    def state(self) -> State:
        """`open` while calls are refused, `half-open` from when one may try until it has ended."""
        if self._open_until is None:
            return "closed"
        return "open" if self._clock() < self._open_until else "half-open"

    async def call(self, func: Callable[[], Awaitable[T]]) -> T:
        """Await `func()`; raise `CircuitOpenError` without calling it while the circuit is open."""
        if self._open_until is None:
            return await self._watched(func)
        left = self._open_until - self._clock()
        if left > 0 or self._probing:
            raise self._refusal(left)
        return await self._probe(func)

    async def _watched(self, func: Callable[[], Awaitable[T]]) -> T:
        outcomes = self._outcomes  # replaced when the circuit opens: calls from before then say nothing new
        try:
            result = await func()
        except Exception as error:
            failed = self._counts(error)
            outcomes.add(failed, self._clock())
            if failed and outcomes is self._outcomes and self._too_many():
                self._open()
            raise
        outcomes.add(False, self._clock())
        return result

    async def _probe(self, func: Callable[[], Awaitable[T]]) -> T:
        self._probing = True
        try:
            self._tell("half-open")
            result = await func()
        except Exception as error:
            if self._counts(error):
                self._open()
            else:
                self._close()
            raise
        else:
            self._close()
            return result
        finally:
            self._probing = False  # a cancelled probe lets the next caller try

    def _too_many(self) -> bool:
        calls, failures = self._outcomes.totals(self._clock())
        return calls >= self._least_calls and failures >= self._failure_rate * calls

    def _open(self) -> None:
        pause = min(self._pause, self._longest)
        self._pause = 2 * pause
        self._open_until = self._clock() + pause * self._uniform(0.75, 1)  # not all clients at once
        self._outcomes = _Outcomes(self._window)
        self._tell("open")

    def _close(self) -> None:
        self._pause, self._open_until = self._open_for, None
        self._tell("closed")

    def _tell(self, state: State) -> None:
        if state != self._told:
            self._told = state
            self._on_change(state)

    def _refusal(self, left: float) -> CircuitOpenError:
        if left > 0:
            return CircuitOpenError(
                f"{self._name} failed too often: left alone for {left:.1f} s more", retry_after=left
            )
        return CircuitOpenError(
            f"{self._name} failed too often: one call is finding out whether it is well again",
            retry_after=self._open_for,  # a guess: the probe takes as long as it takes
        )


class _Outcomes:
    """How many calls of the last `window` seconds ended, and failed; to a tenth of the window."""

    def __init__(self, window: float) -> None:
        self._width = window / SLOTS
        self._slots: deque[tuple[int, list[int]]] = deque(maxlen=SLOTS)  # number, [calls, failures]

    def add(self, failed: bool, now: float) -> None:
        slot = int(now / self._width)
        if not self._slots or self._slots[-1][0] != slot:
            self._slots.append((slot, [0, 0]))
        counts = self._slots[-1][1]
        counts[0] += 1
        counts[1] += failed

    def totals(self, now: float) -> tuple[int, int]:
        oldest = int(now / self._width) - SLOTS + 1
        recent = [counts for slot, counts in self._slots if slot >= oldest]
        return sum(calls for calls, _ in recent), sum(failures for _, failures in recent)
