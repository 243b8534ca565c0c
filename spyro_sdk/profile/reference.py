"""Values that a profile names, and that are kept elsewhere: in a variable, the keyring, a file."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote
from typing import Any

from ..private import System
from ..secret import Secret
from .place import Place

KINDS = ("env", "keyring", "file")
SERVICE = "spyro"
"""What our entries are called in the keyring; the user is what the profile names."""
MOST = 1 << 20  # bytes of a file that holds one secret


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a value is kept, which is read when it is needed and not before."""

    kind: str
    name: str
    at: Place = field(compare=False)

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"

    def value(self, environment: Mapping[str, str], system: System | None = None) -> str:
        """What is kept there; `ConfigurationError` where nothing is, or somebody else could read it."""
        if self.kind == "env":
            return self._of_environment(environment)
        if self.kind == "keyring":
            return self._of_keyring()
        return self._of_file(system or System())

    def _of_environment(self, environment: Mapping[str, str]) -> str:
        if value := environment.get(self.name):
            return Secret(value)
        raise self.at.refused(f"the environment variable {self.name} is not set")

    def _of_keyring(self) -> str:
        try:
            import keyring
        except ImportError:
            raise self.at.refused(
                "reading the keyring needs the package keyring", "pip install 'spyro-sdk[keyring]'"
            ) from None
        value, failure = _tried(lambda: keyring.get_password(SERVICE, self.name))
        if failure:
            raise self.at.refused(f"the keyring of the system cannot be read ({failure}): unlock it")
        if value:
            return Secret(value)
        raise self.at.refused(
            f"the keyring has no entry {self.name!r} of the service {SERVICE!r}",
            f"keyring set {SERVICE} {quote(self.name)}",
        )

    def _of_file(self, system: System) -> str:
        """The text of a file that is ours alone, without the line break at its end."""
        path = Path(self.name).expanduser()
        path = path if path.is_absolute() else self.at.file.parent / path
        try:
            text = read(path, self.at, system, is_secret=True).decode()
        except UnicodeDecodeError:
            text = ""
        if text.strip():
            return Secret(text.removesuffix("\n").removesuffix("\r"))
        raise self.at.refused(f"{path} holds no text")


def reference(value: Any, at: Place) -> Reference | None:
    """The reference that a table such as `{ env = "ACME_SECRET" }` is; None for what is no table."""
    if not isinstance(value, Mapping):
        return None
    if len(value) != 1 or not value.keys() <= set(KINDS):
        raise at.refused(
            'a table here must name one place: { env = "A_VARIABLE" }, { keyring = "an-entry" }'
            ' or { file = "a/path" }'
        )
    ((kind, name),) = value.items()
    if not isinstance(name, str) or not name:
        raise at.refused(f"what {kind} names must be a text that is not empty")
    return Reference(kind, name, at)


def resolved(value: Any, environment: Mapping[str, str]) -> Any:
    """A setting with what is kept elsewhere, in it or in its place."""
    if isinstance(value, Reference):
        return value.value(environment)
    if isinstance(value, Mapping) and any(isinstance(it, Reference) for it in value.values()):
        return {name: resolved(it, environment) for name, it in value.items()}
    return value


def read(path: Path, at: Place, system: System, *, is_secret: bool) -> bytes:
    """A file's bytes; `ConfigurationError` where it cannot be read, or others could have written it.

    `is_secret`: where others can read it, too. A symbolic link is followed: people keep such files elsewhere.
    """
    try:
        file = system.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        try:
            check(system.fstat(file), path, at, system, is_secret=is_secret)
            return b"".join(iter(lambda: os.read(file, MOST), b""))
        finally:
            os.close(file)
    except OSError as error:
        raise at.refused(f"{path} cannot be read: {error.strerror}") from None


def check(it: os.stat_result, path: Path, at: Place, system: System, *, is_secret: bool) -> None:
    """Refuse what is no file, or not in the hands of us (and whoever runs the machine) alone."""
    if not stat.S_ISREG(it.st_mode):
        raise at.refused(f"{path} is no file")
    if system.uid is None:
        return
    if it.st_uid not in (system.uid(), 0):
        raise at.refused(f"{path} belongs to somebody else (user {it.st_uid})", "use a file of your own")
    if it.st_mode & 0o022:
        raise at.refused(f"{path} can be written by others {mode_of(it.st_mode)}", mending(path))
    if is_secret and it.st_mode & 0o077:
        raise at.refused(f"{path} can be read by others {mode_of(it.st_mode)}", mending(path))


def mode_of(mode: int) -> str:
    """The mode of a file, in words."""
    return f"(its mode is {stat.S_IMODE(mode):04o})"


def mending(path: Path) -> str:
    """The command that makes a file its owner's alone."""
    return f"chmod 600 {quote(str(path))}"


def _tried(ask: Callable[[], str | None]) -> tuple[str | None, str]:
    """What a keyring answers, and how its failure is called; its text may show a secret."""
    try:
        return ask(), ""
    except Exception as error:  # noqa: BLE001  # each keyring has exceptions of its own
        return None, type(error).__name__
