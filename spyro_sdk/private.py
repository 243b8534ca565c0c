"""Files that their owner alone can read, replaced as a whole.

On POSIX owner, mode and symbolic links are looked at on the opened file, and nothing else is read. Windows
has no modes and no owners in that sense: there the rights of the user's own folder keep others out, and
O_NOFOLLOW does not exist.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote
from typing import Any

from .errors import StoreError, TokenStoreError

# NONBLOCK: a pipe in the place of a file would be waited for
SAFELY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
BINARY = getattr(os, "O_BINARY", 0)
FORSAKEN = 60.0  # seconds after which a temporary file belongs to a run that died
UID: Callable[[], int] | None = getattr(os, "geteuid", None)
PAUSES = () if os.name == "posix" else (0.01, 0.02, 0.05, 0.1, 0.2)
"""Seconds; Windows cannot replace a file at a moment at which somebody reads it."""


@dataclass(frozen=True)
class System:
    """What the operating system is asked for."""

    uid: Callable[[], int] | None = UID
    """Who we are; None where files have no owner and no mode that say who may read them."""
    open: Callable[..., int] = os.open
    fstat: Callable[[int], os.stat_result] = os.fstat
    fsync: Callable[[int], None] = os.fsync
    replace: Callable[[Any, Any], None] = os.replace
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    pauses: tuple[float, ...] = PAUSES


@dataclass(frozen=True)
class Purpose:
    """What a folder is for, in the words of its errors."""

    error: type[StoreError]
    setting: str
    """The variable that says which folder it is."""
    refused: str
    """What is not done there, where the folder or a file is not fit for it."""
    exposed: str
    """What to do about a file that others could read."""
    without: str
    """The value of the variable for doing without, and what that means."""


TOKENS = Purpose(
    TokenStoreError,
    "SPYRO_TOKEN_STORE",
    "no token is kept there",
    "sign in again if somebody may have read it",
    "'none' to keep tokens in memory",
)


@dataclass(frozen=True)
class PrivateFolder:
    """A folder of ours; whatever goes wrong in it is the `error` of its purpose."""

    path: Path
    system: System = field(default_factory=System, repr=False)
    purpose: Purpose = TOKENS

    def read(self, name: str, most: int) -> bytes | None:
        """At most `most` bytes of a file; None where there is none."""
        with self._said("read", name):
            try:
                self._check_folder()
                with self._opened(name, os.O_RDONLY) as file:
                    return _read(file, most)
            except FileNotFoundError:
                return None

    def replace(self, name: str, data: bytes) -> None:
        """Write a file such that whoever reads, even after a crash, sees all of it or the one before."""
        fresh = f".{name}.{secrets.token_hex(8)}.tmp"
        with self._said("written", name):
            self._make()
            self.sweep()
            try:
                with self._opened(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL) as file:
                    _write(file, data)
                    self.system.fsync(file)
                self._move(fresh, name)
            finally:
                (self.path / fresh).unlink(missing_ok=True)
            self._settle()

    def remove(self, name: str) -> None:
        """Remove a file, if there is one."""
        with self._said("removed", name), suppress(FileNotFoundError):
            self._check_folder()
            self.sweep()
            (self.path / name).unlink()
            self._settle()

    def names(self, suffix: str) -> list[str]:
        """The files whose names end so."""
        with self._said("read", ""):
            try:
                self._check_folder()
                found = os.listdir(self.path)
            except FileNotFoundError:
                return []
        return sorted(name for name in found if name.endswith(suffix) and not name.startswith("."))

    @contextmanager
    def lockable(self, name: str) -> Iterator[Callable[[], bool]]:
        """An attempt to lock a file, which may be made many times; what it has locked is freed at the end.

        The file stays: who removes a lock that others wait for divides them. The system frees the lock of
        a process that dies.
        """
        file, held = self.descriptor(name), False

        def attempt() -> bool:
            nonlocal held
            with self._said("locked", name):
                held = try_lock(file)
            return held

        try:
            yield attempt
        finally:
            try:
                if held:
                    unlock(file)  # a forked child may have the same file open
            finally:
                os.close(file)

    def first(self, name: str, make: Callable[[], bytes], most: int) -> bytes:
        """What a file holds that is written once: by whoever comes first, of however many at once."""
        if found := self.read(name, most):
            return found
        fresh = f".{name}.{secrets.token_hex(8)}.tmp"
        with self._said("written", name):
            self._make()
            self.sweep()
            try:
                with self._opened(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL) as file:
                    _write(file, make())
                    self.system.fsync(file)
                with suppress(FileExistsError):  # somebody was quicker
                    os.link(self.path / fresh, self.path / name)
            finally:
                (self.path / fresh).unlink(missing_ok=True)
        return self.read(name, most) or b""

    def descriptor(self, name: str) -> int:
        """A file to read and write in place, made where there is none; whoever asks closes it."""
        with self._said("opened", name):
            self._make()
            return self._open(name, os.O_RDWR | os.O_CREAT)

    def sweep(self) -> None:
        """Remove what runs that died have left half written."""
        for name in os.listdir(self.path):
            if name.startswith(".") and name.endswith(".tmp"):
                left = self.path / name
                with suppress(OSError):  # another process was quicker
                    if self.system.clock() - left.lstat().st_mtime > FORSAKEN:
                        left.unlink()

    # -- how it is done ---------------------------------------------------------------------------

    @contextmanager
    def _opened(self, name: str, flags: int) -> Iterator[int]:
        file = self._open(name, flags)
        try:
            yield file
        finally:
            os.close(file)

    def _open(self, name: str, flags: int) -> int:
        """A descriptor of a file that is ours alone; one that is made is so from the first moment."""
        file = self.system.open(self.path / name, flags | SAFELY | BINARY, 0o600)
        try:
            self._check(self.system.fstat(file), self.path / name)
        except BaseException:
            os.close(file)
            raise
        return file

    def _check(self, it: os.stat_result, path: Path) -> None:
        """Refuse what is no file, not ours, or not ours alone."""
        if not stat.S_ISREG(it.st_mode):
            raise self._unfit(path, "is no file", "remove it, or move it elsewhere")
        self._check_owner(it, path)
        if self.system.uid and it.st_mode & 0o077:
            raise self._unfit(
                path,
                f"can be read by others (its mode is {stat.S_IMODE(it.st_mode):04o})",
                f"chmod 600 {quote(str(path))}, and {self.purpose.exposed}",
            )

    def _check_folder(self) -> None:
        """Refuse a folder in which others can put files in the place of ours."""
        it = os.stat(self.path)
        if not stat.S_ISDIR(it.st_mode):
            raise self._unfit(self.path, "is no folder", f"give {self.purpose.setting} a folder")
        self._check_owner(it, self.path)
        if self.system.uid and it.st_mode & 0o022:
            raise self._unfit(self.path, "can be written by others", f"chmod 700 {quote(str(self.path))}")

    def _check_owner(self, it: os.stat_result, path: Path) -> None:
        if self.system.uid and it.st_uid != self.system.uid():
            raise self._unfit(
                path,
                f"belongs to somebody else (user {it.st_uid}, and we are {self.system.uid()})",
                f"give {self.purpose.setting} a folder of your own",
            )

    def _make(self) -> None:
        """The folder, and those above it that are missing, for us alone."""
        for folder in (*reversed(self.path.parents), self.path):
            if not folder.exists():
                with suppress(FileExistsError):  # another process was quicker
                    folder.mkdir(0o700)
        self._check_folder()

    def _move(self, fresh: str, name: str) -> None:
        for pause in self.system.pauses:
            try:
                return self.system.replace(self.path / fresh, self.path / name)
            except PermissionError:
                self.system.sleep(pause)
        return self.system.replace(self.path / fresh, self.path / name)

    def _settle(self) -> None:
        """Bring the folder's own list of files to the disk; Windows has no way to."""
        if self.system.uid:
            folder = self.system.open(self.path, os.O_RDONLY)
            try:
                self.system.fsync(folder)
            finally:
                os.close(folder)

    @contextmanager
    def _said(self, verb: str, name: str) -> Iterator[None]:
        """Tell an error of the system in our words."""
        path = self.path / name
        try:
            yield
        except StoreError:
            raise
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise self._unfit(path, "is a symbolic link", f"remove it: rm {quote(str(path))}") from None
            it = self.purpose
            told = it.error(
                f"{path} cannot be {verb}: {error.strerror}",
                path=str(path),
                hint=f"give {it.setting} a folder that you can write, or {it.without}",
            )
            told.errno = error.errno
            raise told from None

    def _unfit(self, path: Path, what: str, hint: str) -> StoreError:
        it = self.purpose
        return it.error(f"{path} {what}: {it.refused}", path=str(path), hint=hint)


def try_lock(file: int) -> bool:
    """Lock an open file, unless somebody else has it locked; the system frees it when we end."""
    from filelock import lock_descriptor

    return bool(lock_descriptor(file, blocking=False))


def unlock(file: int) -> None:
    """Free an open file that we have locked."""
    from filelock import unlock_descriptor

    unlock_descriptor(file)


def _read(file: int, most: int) -> bytes:
    read = b""
    while len(read) < most and (more := os.read(file, most - len(read))):
        read += more
    return read


def _write(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]
