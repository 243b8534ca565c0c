"""A folder under a hidden name, which takes its place when all its files are whole."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import ExportError
from .draft import allow_the_same, explained, hidden, located, lock, sync_folder, try_beside

PART = re.compile(r"part-\d+\.parquet")


class FolderDraft:
    """An empty, locked folder beside `target`, with its permissions if it exists."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.path = hidden(target)
        self.path.mkdir()
        self._lock: int | None = None
        allow_the_same(target, self.path)
        with suppress(PermissionError):  # Windows cannot open a folder
            self._lock = os.open(self.path, os.O_RDONLY)
            lock(self._lock)

    def publish(
        self,
        *,
        exchange: Callable[[Path, Path], bool] | None = None,
        sync: Callable[[IO[bytes]], object] = os.fsync,
    ) -> None:
        """Put the folder, once it is on the disk, in the place of `target`, and remove an older one."""
        _sync(self.path, sync)
        if self.target.exists():
            _swap(self.path, self.target, exchange or exchanged)
        else:
            os.rename(self.path, self.target)
        sync_folder(self.target.parent)
        self.remove()

    def remove(self) -> None:
        """Remove what stands under the hidden name."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
        shutil.rmtree(self.path, ignore_errors=True)


def check_folder(path: str | os.PathLike[str]) -> Path:
    """Find out that a folder can be written at `path` before any row is fetched, or raise `ExportError`.

    Nothing but an earlier export, or an empty folder, is replaced. Returns the path as `check_writable` does.
    """
    target = located(path)
    with explained(target):
        if target.exists() and not target.is_dir():
            raise ExportError(f"{target} cannot be written: it is a file: remove it, or choose another name")
        if target.is_dir():
            _check_replaceable(target)
        try_beside(target)
    return target


def _check_replaceable(target: Path) -> None:
    if os.path.ismount(target):
        raise ExportError(f"{target} cannot be replaced: a disk is mounted there: choose a folder within it")
    for folder, _, names in os.walk(target, onerror=_raise):
        for name in names:
            if not _is_ours(Path(folder, name)):
                foreign = Path(folder, name).relative_to(target)
                raise ExportError(
                    f"{target} cannot be replaced: no fetch has written {foreign} in it:"
                    " choose another folder, or remove it yourself",
                    hint="choose a folder that is empty, or not there",
                )


def _is_ours(path: Path) -> bool:
    if not PART.fullmatch(path.name):
        return False
    try:
        return b"spyro.rows" in (pq.read_metadata(path).metadata or {})
    except (OSError, pa.ArrowException):
        return False


def _raise(error: OSError) -> None:
    raise error


def _sync(folder: Path, sync: Callable[[IO[bytes]], object]) -> None:
    """Make all that is in it survive a power cut."""
    for where, _, names in os.walk(folder, topdown=False):
        for name in names:
            with open(Path(where, name), "rb+") as file:
                sync(file)
        sync_folder(Path(where))


def _swap(new: Path, old: Path, exchange: Callable[[Path, Path], bool]) -> None:
    """Let two folders change places: at one blow where the system can, else within a moment."""
    if not exchange(new, old):
        aside = hidden(old)
        os.rename(old, aside)
        try:
            os.rename(new, old)
        except BaseException:
            os.rename(aside, old)
            raise
        os.rename(aside, new)


def exchanged(
    a: Path,
    b: Path,
    *,
    library: Callable[[], Any] = lambda: ctypes.CDLL(None),
    platform: str = sys.platform,
) -> bool:
    """Whether the system has exchanged the two; not every one can, nor every disk."""
    names = os.fsencode(a), os.fsencode(b)
    here = -100  # AT_FDCWD; the paths are absolute
    with suppress(AttributeError, OSError, TypeError):  # no such function, or no C library to ask
        system = library()
        if platform == "darwin":
            failed = system.renamex_np(*names, 2)  # RENAME_SWAP
        else:
            failed = system.renameat2(here, names[0], here, names[1], 2)  # RENAME_EXCHANGE
        return not failed
    return False
