"""The list of profiles, without their secrets."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, SupportsIndex, overload

from ..auth.tokens import Account, TokenStore, default_store
from ..errors import ConfigurationError, TokenStoreError, did_you_mean, some
from ..http import redacted
from ..secret import Unseen
from ..shown import Shown
from .file import CONNECTOR, Contents, contents, is_plain_secret, path
from .reference import KINDS

IN_FILE = "in the file"


@dataclass(frozen=True)
class Profile:
    """One profile, as it may be shown."""

    name: str
    connector: str
    base_url: str | None = None
    secrets: Mapping[str, str] = field(default_factory=dict)
    """Where each secret is kept: `{"client_secret": "env ACME_SECRET"}`."""
    is_signed_in: bool = False
    """Whether the token store has a token for it."""

    def __str__(self) -> str:
        return "  ".join(self.cells).rstrip()

    @property
    def cells(self) -> tuple[str, str, str, str]:
        """What is shown of it."""
        kept = [f"{key}: {where}" for key, where in self.secrets.items()]
        signed = ["signed in"] if self.is_signed_in else []
        return self.name, self.connector, self.base_url or "-", ", ".join([*kept, *signed])


class Profiles(Shown, tuple[Profile, ...]):
    """The profiles of the file, in its order; shown as a table."""

    path: Path
    """The file, which need not be there."""

    def __new__(cls, found: Sequence[Profile], path: Path) -> Profiles:
        made = super().__new__(cls, found)
        made.path = path
        return made

    @property
    def names(self) -> list[str]:
        """What `connect(…, profile=…)` takes."""
        return [it.name for it in self]

    @overload
    def __getitem__(self, key: SupportsIndex | str, /) -> Profile: ...

    @overload
    def __getitem__(self, key: slice, /) -> tuple[Profile, ...]: ...

    def __getitem__(self, key: SupportsIndex | str | slice, /) -> Profile | tuple[Profile, ...]:
        """The profile at a place, or of a name; `ConfigurationError` with the nearest where there is none."""
        if not isinstance(key, str):
            return super().__getitem__(key)
        for profile in self:
            if profile.name == key:
                return profile
        raise ConfigurationError(
            f"{self.path}: there is no profile {key!r}; there are {some(self.names)}",
            field="profile",
            hint=did_you_mean(key, self.names),
        )

    def __contains__(self, key: object) -> bool:
        """Whether it has the profile, or one of that name."""
        return super().__contains__(key) or key in self.names

    def __repr__(self) -> str:
        if not self:
            return f"no profiles: {self.path} has none"
        rows = [it.cells for it in self]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        padded = ([text.ljust(width) for text, width in zip(row, widths, strict=True)] for row in rows)
        lines = ["  " + "  ".join(row).rstrip() for row in padded]
        return "\n".join([f"profiles in {self.path}:", *lines])


def profiles(environment: Mapping[str, str] = os.environ, store: TokenStore | None = None) -> Profiles:
    """The profiles of the user's `connections.toml`, without a secret; nothing is checked, and none is read.

    Raises `ConfigurationError` where the file cannot be read.
    """
    environment = Unseen(environment)
    where = path(environment)
    file = contents(where)
    if file is None:
        return Profiles((), where)
    signed_in = {(it.connector, it.profile) for it in _accounts(store, environment)}
    return Profiles([_shown(file, name, signed_in) for name in _names(file)], where)


def _names(file: Contents) -> Iterator[str]:
    return (name for name, table in file.tables.items() if isinstance(table, Mapping))


def _shown(file: Contents, name: str, signed_in: set[tuple[str, str]]) -> Profile:
    table: Mapping[str, Any] = file.tables[name]
    connector, address = table.get(CONNECTOR, name), table.get("base_url")
    connector = connector if isinstance(connector, str) else name
    return Profile(
        name,
        connector,
        redacted(str(address)) if isinstance(address, str) else None,
        dict(_secrets(table)),
        (connector, name) in signed_in,
    )


def _secrets(table: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Where each value is kept that is a secret, or could be one."""
    for key, value in table.items():
        if isinstance(value, Mapping):
            kept = _kept(value)
            yield from [(above + key, kept)] if kept else _secrets(value, f"{above}{key}.")
        elif is_plain_secret(key, value):
            yield above + key, IN_FILE


def _kept(table: Mapping[str, Any]) -> str | None:
    """Where a value is kept, if the table says nothing else."""
    places = [f"{kind} {table[kind]}" for kind in KINDS if isinstance(table.get(kind), str)]
    return places[0] if len(places) == len(table) == 1 else None


def _accounts(store: TokenStore | None, environment: Mapping[str, str]) -> list[Account]:
    """Whose tokens are kept; nobody's where the store cannot be asked."""
    try:
        return (store or default_store(environment)).accounts()
    except (TokenStoreError, ConfigurationError):
        return []
