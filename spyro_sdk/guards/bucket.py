"""One bucket for all processes that ask the same account: a few numbers in a locked file.

Whoever comes first takes the tokens that are there; whoever comes later takes those to come, is told how long
to wait for them, and sleeps by himself. So nobody holds the lock for longer than it takes to write 32 bytes,
all are served in the order in which they came, and the system frees the lock of a process that dies. Times
are those of the system's own clock, which all its processes share, and which begins anew when it starts.
"""

from __future__ import annotations

import math
import os
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from ..private import PrivateFolder, try_lock, unlock

STATE: Final = struct.Struct("<8sddd")
MARK: Final = b"spyro.1\0"


@dataclass(frozen=True, slots=True)
class Level:
    """How full a bucket is. Seconds are those of the clock that all share."""

    empty_at: float = -math.inf
    """It gains tokens since then; in the future, where what it will gain is taken already."""
    drained: float = -math.inf
    """Until then nobody may go, whatever he was promised."""


class Bucket:
    """A token bucket in a file. Nothing here waits: who finds it locked is told, and comes again."""

    def __init__(
        self, folder: PrivateFolder, name: str, burst: int, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.level = Level()
        """As we saw it last."""
        self._folder, self._name, self._burst, self._clock = folder, name, burst, clock
        self._file = _File(-1, 0)

    def reserve(self, tokens: int, rate: float) -> float | None:
        """Take tokens that are there or, at `rate` a second, will be; return when that is.

        None where another holds the lock. Raises `StoreError` where the file is of no use.
        """
        with self._held() as file:
            if file is None:
                return None
            now = self._clock()
            known = self._read(file, now)
            ready = max(known.empty_at, now - self._burst / rate) + tokens / rate
            self._write(file, Level(ready, known.drained), now)
            return ready

    def give_back(self, ready: float, tokens: int, rate: float) -> None:
        """Return what is not needed after all, unless others have reserved since: they know when to go."""
        with self._held() as file:
            if file is not None:
                now = self._clock()
                known = self._read(file, now)
                if known.empty_at == ready:
                    self._write(file, Level(ready - tokens / rate, known.drained), now)

    def drain(self, until: float) -> bool:
        """Let nobody go before then; whether that could be written."""
        with self._held() as file:
            if file is None:
                return False
            now = self._clock()
            known = self._read(file, now)
            self._write(file, Level(max(known.empty_at, until), max(known.drained, until)), now)
            return True

    def look(self) -> Level:
        """How full it is now; as we saw it last, where another holds the lock."""
        with self._held() as file:
            if file is not None:
                self.level = self._read(file, self._clock())
        return self.level

    def close(self) -> None:
        """Give back the file."""
        self._file.close()
        self._file = _File(-1, 0)

    # -- inside ---------------------------------------------------------------------------------------

    @contextmanager
    def _held(self) -> Iterator[int | None]:
        """The locked file; None where another process or thread holds the lock."""
        if self._file.process != os.getpid():  # a forked child would share its parent's lock
            self._file.close()
            self._file = _File(self._folder.descriptor(self._name), os.getpid())
        file = self._file
        if not file.turn.acquire(blocking=False):  # the system's lock keeps out other processes alone
            yield None
            return
        try:
            if not try_lock(file.number):
                yield None
                return
            try:
                yield file.number
            finally:
                unlock(file.number)
        finally:
            file.turn.release()

    def _read(self, file: int, now: float) -> Level:
        """What the file says; a full bucket where that makes no sense, or was written before a restart."""
        os.lseek(file, 0, os.SEEK_SET)
        text = os.read(file, STATE.size)
        if len(text) != STATE.size:
            return Level()
        mark, empty_at, drained, written = STATE.unpack(text)
        if mark != MARK or not written <= now:
            return Level()
        return Level(empty_at, drained)

    def _write(self, file: int, level: Level, now: float) -> None:
        os.lseek(file, 0, os.SEEK_SET)
        os.write(file, STATE.pack(MARK, level.empty_at, level.drained, now))
        self.level = level


@dataclass(frozen=True, slots=True)
class _File:
    """An open file, the process that opened it, and whose turn it is among its threads."""

    number: int
    process: int
    turn: threading.Lock = field(default_factory=threading.Lock)

    def close(self) -> None:
        if self.number >= 0:
            os.close(self.number)
