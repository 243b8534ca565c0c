"""A few numbers that processes read and write in turn."""

from __future__ import annotations

import os
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from ..private import PrivateFolder, try_lock, unlock

MARK: Final = b"spyro.1\0"


class Numbers(Protocol):
    """Numbers that nobody else changes meanwhile."""

    def read(self) -> tuple[Any, ...] | None:
        """What was written last; None where nothing was, or something else stands there."""
        ...

    def write(self, *numbers: float) -> None:
        """Write in the place of what was."""
        ...


class State(Protocol):
    """Where numbers are kept."""

    def held(self) -> Any:
        """A context in which they are ours alone: `Numbers`, or None where another has them just now."""
        ...


class FileState:
    """Numbers in a file. It stays open; the system frees the lock of a process that dies."""

    def __init__(self, folder: PrivateFolder, name: str, count: int) -> None:
        self.folder, self.name = folder, name
        self._layout = struct.Struct(f"<8s{count}d")
        self._file = _File()

    @contextmanager
    def held(self) -> Iterator[Numbers | None]:
        """The numbers; None where another process or thread has them. Never waits; raises `StoreError`."""
        if self._file.process != os.getpid():  # a forked child would share its parent's lock
            self.close()
            self._file = _File(self.folder.descriptor(self.name), os.getpid())
        file = self._file
        if not file.turn.acquire(blocking=False):  # the system's lock keeps out other processes alone
            yield None
            return
        try:
            if not try_lock(file.number):
                yield None
                return
            try:
                yield _Written(file.number, self._layout)
            finally:
                unlock(file.number)
        finally:
            file.turn.release()

    def close(self) -> None:
        """Give back the file."""
        self._file.close()
        self._file = _File()


class OwnState:
    """Numbers of this process."""

    def __init__(self) -> None:
        self._numbers: tuple[float, ...] | None = None

    @contextmanager
    def held(self) -> Iterator[Numbers]:
        """The numbers."""
        yield self

    def read(self) -> tuple[float, ...] | None:
        return self._numbers

    def write(self, *numbers: float) -> None:
        self._numbers = numbers


@dataclass(frozen=True, slots=True)
class _Written:
    """The numbers in an open file."""

    file: int
    layout: struct.Struct

    def read(self) -> tuple[float, ...] | None:
        os.lseek(self.file, 0, os.SEEK_SET)
        text = os.read(self.file, self.layout.size)
        if len(text) != self.layout.size:
            return None
        mark, *numbers = self.layout.unpack(text)
        return tuple(numbers) if mark == MARK else None

    def write(self, *numbers: float) -> None:
        os.lseek(self.file, 0, os.SEEK_SET)
        os.write(self.file, self.layout.pack(MARK, *numbers))


@dataclass(frozen=True, slots=True)
class _File:
    """An open file, the process that opened it, and whose turn it is among its threads."""

    number: int = -1  # none
    process: int = 0  # nobody
    turn: threading.Lock = field(default_factory=threading.Lock)

    def close(self) -> None:
        if self.number >= 0:
            os.close(self.number)
