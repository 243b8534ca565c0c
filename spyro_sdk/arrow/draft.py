"""A file under a hidden name, which takes its place when it is whole.

It grows in the folder where it will stand. Until it takes its place an older file of that name stays as it
was, whatever happens: an error, Ctrl-C, a power cut.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from ..errors import ExportError, ValidationError

FRESH = 60.0  # seconds in which a draft may still be waiting for its lock

NOT_FOR_FOLDERS = (errno.EINVAL, errno.ENOTSUP)
"""What a network's disk answers that syncs files, and knows nothing of the kind for folders."""

HINTS = {
    errno.ENOENT: "the folder does not exist: create it, or choose another",
    errno.ENOTDIR: "a part of the path is a file, not a folder: choose another",
    errno.EISDIR: "it is a folder: add a file name",
    errno.ENOSPC: "the disk is full: free some space, or write elsewhere",
    errno.EDQUOT: "your quota on that disk is used up: free some space, or write elsewhere",
    errno.EFBIG: "no file may be so big there: ask for fewer rows, or write elsewhere",
    errno.EROFS: "the disk is read-only: write elsewhere",
    errno.EACCES: "you may not write there: write elsewhere",
    errno.EPERM: "you may not write there: write elsewhere",
}


class Draft:
    """An empty, locked file beside `target`, with its permissions if it exists.

    `sync` is given an open file, and returns when that is on the disk.
    """

    def __init__(self, target: Path, *, sync: Callable[[IO[bytes]], object] = os.fsync) -> None:
        self.target, self._sync = target, sync
        self.path = hidden(target)
        self._file = self.path.open("xb")
        allow_the_same(target, self.path)
        lock(self._file.fileno())

    def publish(self) -> None:
        """Put the file, once it is on the disk, in the place of `target`."""
        self._sync(self._file)
        self._file.close()
        os.replace(self.path, self.target)
        self.path = self.target
        sync_folder(self.target.parent)

    def remove(self) -> None:
        """Take the draft's name away; who has it open can still read it."""
        self._file.close()
        if self.path != self.target:
            with suppress(OSError):  # Windows keeps the name of a file in use: it is swept next time
                self.path.unlink()


def check_writable(path: str | os.PathLike[str]) -> Path:
    """Find out that a file can be written at `path` before any row is fetched, or raise `ExportError`.

    Returns the path that will be written: absolute, `~` and symbolic links followed. `ValidationError` for
    what is no path at all.
    """
    target = located(path)
    with explained(target):
        if target.is_dir():
            raise OSError(errno.EISDIR, "is a folder")
        try_beside(target)
    return target


def located(path: str | os.PathLike[str]) -> Path:
    """The path that is meant: absolute, `~` and symbolic links followed."""
    if not isinstance(path, str | os.PathLike):
        raise ValidationError(f"path={path!r} cannot be: it must be a text or a pathlib.Path", "path", path)
    return Path(os.path.realpath(Path(path).expanduser()))


def try_beside(target: Path) -> None:
    """Sweep what earlier runs left, and see whether a draft can be made."""
    _sweep(target)
    Draft(target).remove()


def hidden(target: Path) -> Path:
    """A name beside `target` that nobody has."""
    return target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")


def allow_the_same(old: Path, new: Path, *, copy: Callable[[Path, Path], object] = shutil.copymode) -> None:
    """Give `new` the permissions of `old`, where that exists and the disk has such."""
    with suppress(FileNotFoundError, PermissionError):  # many a network's disk, and FAT, refuse chmod
        copy(old, new)


def lock(descriptor: int) -> bool:
    """Whether the file or folder is now ours; the lock ends with its process. Windows has no such lock."""
    with suppress(OSError, ImportError):
        from fcntl import LOCK_EX, LOCK_NB, flock

        flock(descriptor, LOCK_EX | LOCK_NB)
        return True
    return False


def sync_folder(folder: Path, *, sync: Callable[[int], object] = os.fsync) -> None:
    """Make the names in it survive a power cut, where the disk can do that."""
    with suppress(PermissionError):  # Windows cannot open a folder
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            sync(descriptor)
        except OSError as error:
            if error.errno not in NOT_FOR_FOLDERS:
                raise
        finally:
            os.close(descriptor)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn an error of the disk into `ExportError`."""
    try:
        yield
    except ExportError:
        raise
    except OSError as error:
        hint = HINTS.get(error.errno or 0)
        reason = error.strerror or str(error)
        raise ExportError(f"{path} cannot be written: {hint or reason}", hint=hint) from error


def _sweep(target: Path) -> None:
    """Remove the drafts that killed processes left behind."""
    ours = re.compile(rf"\.{re.escape(target.name)}\.[0-9a-f]{{8}}\.tmp")
    for path in target.parent.iterdir():
        if ours.fullmatch(path.name):
            with suppress(OSError):
                _remove_abandoned(path)


def _remove_abandoned(path: Path) -> None:
    if time.time() - path.stat().st_mtime < FRESH:
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        if lock(descriptor):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    finally:
        os.close(descriptor)
