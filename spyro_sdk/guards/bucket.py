"""One bucket for all processes that ask the same account: a few numbers in a locked file.

Whoever comes first takes the tokens that are there; whoever comes later takes those to come, is told how long
to wait for them, and sleeps by himself. So nobody holds the lock for longer than it takes to write 32 bytes,
and all are served in the order in which they came. Times are those of the system's own clock, which all its
processes share, and which begins anew when it starts.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from ..private import PrivateFolder
from .state import FileState, Numbers


@dataclass(frozen=True, slots=True)
class Level:
    """How full a bucket is. Seconds are those of the clock that all share."""

    empty_at: float = -math.inf
    """It gains tokens since then; in the future, where what it will gain is taken already."""
    drained: float = -math.inf
    """Until then nobody may go, whatever he was promised."""


class Bucket:
    """A token bucket in a file. Nothing here waits: who finds it locked is told, and comes again.

    Each method raises `StoreError` where the file is of no use.
    """

    def __init__(
        self, folder: PrivateFolder, name: str, burst: int, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.state = FileState(folder, name, count=3)
        self.level = Level()
        """As we saw it last."""
        self._burst, self._clock = burst, clock

    def reserve(self, tokens: int, rate: float) -> float | None:
        """Take tokens that are there or, at `rate` a second, will be; return when that is.

        None where another holds the lock.
        """
        with self.state.held() as numbers:
            if numbers is None:
                return None
            now = self._clock()
            known = self._read(numbers, now)
            ready = max(known.empty_at, now - self._burst / rate) + tokens / rate
            self._write(numbers, Level(ready, known.drained), now)
            return ready

    def give_back(self, ready: float, tokens: int, rate: float) -> None:
        """Return what is not needed after all, unless others have reserved since: they know when to go."""
        with self.state.held() as numbers:
            if numbers is not None:
                now = self._clock()
                known = self._read(numbers, now)
                if known.empty_at == ready:
                    self._write(numbers, Level(ready - tokens / rate, known.drained), now)

    def drain(self, until: float) -> bool:
        """Let nobody go before then; whether that could be written."""
        with self.state.held() as numbers:
            if numbers is None:
                return False
            now = self._clock()
            known = self._read(numbers, now)
            self._write(numbers, Level(max(known.empty_at, until), max(known.drained, until)), now)
            return True

    def look(self) -> Level:
        """How full it is now; as we saw it last, where another holds the lock."""
        with self.state.held() as numbers:
            if numbers is not None:
                self.level = self._read(numbers, self._clock())
        return self.level

    def _read(self, numbers: Numbers, now: float) -> Level:
        """What was written; a full bucket where nothing was, or before the system started anew."""
        empty_at, drained, written = numbers.read() or (-math.inf, -math.inf, now)
        return Level(empty_at, drained) if written <= now else Level()

    def _write(self, numbers: Numbers, level: Level, now: float) -> None:
        numbers.write(level.empty_at, level.drained, now)
        self.level = level
