"""How many requests a second the service allows, counted exactly."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

SECOND = 1.0


class Allowance:
    """Grants no more than `rate` requests within any second; without a rate it grants all, and counts.

    Called from many threads.
    """

    def __init__(self, rate: int | None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate, self._clock, self._lock = rate, clock, threading.Lock()
        self._recent: deque[float] = deque()  # when requests were granted within the last second
        self.clear()

    def clear(self) -> None:
        """Begin to count anew; what was granted within the last second still counts against the rate."""
        with self._lock:
            self._first, self._last = 0.0, 0.0
            self._granted = self._refused = 0

    def take(self) -> float:
        """Take one request; the seconds to wait where there is none, else 0."""
        with self._lock:
            now = self._clock()
            while self._recent and self._recent[0] <= now - SECOND:
                self._recent.popleft()
            if self.rate is not None and len(self._recent) >= self.rate:
                self._refused += 1
                return self._recent[0] + SECOND - now
            self._recent.append(now)
            self._first, self._last = self._first if self._granted else now, now
            self._granted += 1
            return 0.0

    def left(self) -> tuple[int, float]:
        """Requests left in the second that ends now, and the seconds until another is."""
        with self._lock:
            age = self._clock() - self._recent[0] if self._recent else SECOND
            return (self.rate or 0) - len(self._recent), max(0.0, SECOND - age)

    def told(self) -> dict[str, Any]:
        """What was counted; `share` is how much of the allowance was used between the first and last grant.

        It may be a little above 1 for who takes a whole second's allowance at once, at the start.
        """
        with self._lock:
            seconds = self._last - self._first
            allowed = (self.rate or 0) * seconds
            return {
                "granted": self._granted,
                "refused": self._refused,
                "seconds": seconds,
                "share": (self._granted - 1) / allowed if allowed else None,
            }
