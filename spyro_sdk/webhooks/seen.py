"""What was delivered before, so that nobody delivers it again."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Protocol

MOST: Final = 100_000  # deliveries, of some 200 bytes each


class Seen(Protocol):
    """Remembers deliveries. Where several processes receive, it is a place that they share."""

    def add(self, key: str, until: float) -> bool:
        """Remember a delivery until then, in seconds since the epoch; False where it is remembered already.

        To be done at one blow: of two that come at the same moment one alone is new. `until` is infinite for
        a delivery without a timestamp: remember it for as long as there is room.
        """
        ...

    def forget(self, key: str) -> None:
        """Let it come again."""
        ...


class MemorySeen:
    """Remembers deliveries in this process: as many as there is room for, the oldest are forgotten first."""

    def __init__(self, most: int = MOST, *, clock: Callable[[], float] = time.time) -> None:
        self._most, self._clock = most, clock
        self._until: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._until)

    def add(self, key: str, until: float) -> bool:
        """Remember a delivery until then; False where it is remembered already."""
        with self._lock:
            now = self._clock()
            if key in self._until and self._until[key] >= now:
                return False
            self._until[key] = until
            self._until.move_to_end(key)
            self._sweep(now)
            return True

    def forget(self, key: str) -> None:
        """Let it come again."""
        with self._lock:
            self._until.pop(key, None)

    def _sweep(self, now: float) -> None:
        while len(self._until) > self._most or self._until[next(iter(self._until))] < now:
            self._until.popitem(last=False)
