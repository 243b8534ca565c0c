"""One bucket for all who ask the same account, in whichever process: a few numbers in a locked file.

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
from typing import Final, Protocol

from ..private import PrivateFolder
from .state import FileState, Numbers

LOOKS: Final = 20  # at a locked file, before what all should know is known to us alone
BLINK: Final = 0.0002  # seconds between two of them


@dataclass(frozen=True, slots=True)
class Level:
    """How full a bucket is. Seconds are those of the clock that its limiter goes by."""

    empty_at: float = -math.inf
    """It gains tokens since then; in the future, where what it will gain is taken already."""
    drained: float = -math.inf
    """Until then nobody may go, whatever he was promised."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Tokens that are ours at a time, and by what the bucket knows whether others came after us."""

    ready: float
    mark: float


class Bucket(Protocol):
    """A token bucket that several limiters share. Its methods raise `StoreError` where it is of no use."""

    async def reserve(self, tokens: int, rate: float) -> Turn | None:
        """Take tokens that are there or, at `rate` a second, will be; None to come again in a moment."""
        ...

    def give_back(self, turn: Turn, tokens: int, rate: float) -> None:
        """Return what is not needed after all, unless others have reserved since: they know when to go."""
        ...

    def drain(self, seconds: float) -> None:
        """Let nobody go for so long."""
        ...

    async def fresh(self) -> Level:
        """How full it is now."""
        ...

    def look(self) -> Level:
        """How full it is, as far as that can be told at once."""
        ...


class FileBucket:
    """A token bucket in a file. Nothing here waits: who finds it locked is told, and comes again."""

    def __init__(
        self, folder: PrivateFolder, name: str, burst: int, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.state = FileState(folder, name, count=3)
        self._burst, self._clock, self._seen = burst, clock, Level()

    async def reserve(self, tokens: int, rate: float) -> Turn | None:
        with self.state.held() as numbers:
            if numbers is None:
                return None
            now = self._clock()
            known = self._read(numbers, now)
            ready = max(known.empty_at, now - self._burst / rate) + tokens / rate
            self._write(numbers, Level(ready, known.drained), now)
            return Turn(ready, ready)

    def give_back(self, turn: Turn, tokens: int, rate: float) -> None:
        with self.state.held() as numbers:
            if numbers is not None:
                now = self._clock()
                known = self._read(numbers, now)
                if known.empty_at == turn.mark:
                    given_back = max(turn.ready - tokens / rate, known.drained)  # a pause is for all who come
                    self._write(numbers, Level(given_back, known.drained), now)

    def drain(self, seconds: float) -> None:
        for _ in range(LOOKS):  # a lock is held for microseconds, unless its holder was stopped
            with self.state.held() as numbers:
                if numbers is not None:
                    now = self._clock()
                    known, until = self._read(numbers, now), now + seconds
                    level = Level(max(known.empty_at, until), max(known.drained, until))
                    return self._write(numbers, level, now)
            time.sleep(BLINK)
        return None

    async def fresh(self) -> Level:
        return self.look()

    def look(self) -> Level:
        with self.state.held() as numbers:
            if numbers is not None:  # else as we saw it last
                self._seen = self._read(numbers, self._clock())
        return self._seen

    def _read(self, numbers: Numbers, now: float) -> Level:
        """What was written; a full bucket where nothing was, or before the system started anew."""
        empty_at, drained, written = numbers.read() or (-math.inf, -math.inf, now)
        return Level(empty_at, drained) if written <= now else Level()

    def _write(self, numbers: Numbers, level: Level, now: float) -> None:
        numbers.write(level.empty_at, level.drained, now)
        self._seen = level
