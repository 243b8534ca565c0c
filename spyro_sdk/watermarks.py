"""How far the increments of an account have come, kept for the next run.

A file for each account, entity and question. Of records that may come again it has digests, and none of them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias
from urllib.parse import urlsplit

from .config import ConnectorConfig, is_loopback
from .errors import ConfigurationError, StoreError
from .private import PrivateFolder, Purpose
from .secret import Unseen

VARIABLE: Final = "SPYRO_WATERMARKS"
FORM: Final = 1  # of the files
MOST: Final = 1 << 24  # bytes of a file that is read
KEY: Final = "key"
"""The file of what digests are made with, so that nobody who reads them can try out what they stand for."""
WATERMARKS: Final = Purpose(
    StoreError,
    VARIABLE,
    "no watermark is kept there",
    "remove it: the next run fetches everything",
    "'none' to keep watermarks in memory",
)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Words: TypeAlias = Mapping[str, Any]
"""The arguments of a fetch that tell its records from those of another, in what JSON knows."""
Seen: TypeAlias = Mapping[str, tuple[int, str]]
"""Of records that may come again, by a digest of the key: when they changed, and one of all they hold."""


class Folder(Protocol):
    """Where files are kept; a `PrivateFolder` is one."""

    def read(self, name: str, most: int) -> bytes | None: ...
    def replace(self, name: str, data: bytes) -> None: ...
    def remove(self, name: str) -> None: ...
    def names(self, suffix: str) -> list[str]: ...
    def first(self, name: str, make: Callable[[], bytes], most: int) -> bytes: ...


class OwnFolder:
    """Files in the memory of this process."""

    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}

    def read(self, name: str, most: int) -> bytes | None:
        """At most `most` bytes of a file; None where there is none."""
        found = self._files.get(name)
        return None if found is None else found[:most]

    def replace(self, name: str, data: bytes) -> None:
        """Write a file."""
        self._files[name] = data

    def remove(self, name: str) -> None:
        """Remove a file, if there is one."""
        self._files.pop(name, None)

    def names(self, suffix: str) -> list[str]:
        """The files whose names end so."""
        return sorted(name for name in list(self._files) if name.endswith(suffix))

    def first(self, name: str, make: Callable[[], bytes], most: int) -> bytes:
        """What a file holds that is written once."""
        return self._files.setdefault(name, make())[:most]


_own = OwnFolder()
"""Where watermarks are that are not kept on disk."""


@dataclass(frozen=True, slots=True)
class Watermark:
    """How far the increments of one question have come."""

    entity: str
    query: Words
    """The arguments of `fetch` whose increments they are."""
    moment: datetime
    """Up to here everything has been fetched, but for what was committed late."""
    committed: datetime
    """When the last increment was safe."""
    seen: Seen = field(default_factory=dict, repr=False)

    @property
    def microseconds(self) -> int:
        """The moment, since 1970."""
        return (self.moment - EPOCH) // timedelta(microseconds=1)


@dataclass(frozen=True)
class Watermarks:
    """The watermarks of one account."""

    folder: Folder
    account: str
    """A digest of whose they are."""
    key: bytes = field(repr=False)
    """What digests are made with."""

    def read(self, words: Words, on_damage: Callable[[str], None]) -> Watermark | None:
        """The watermark of a question; None where there is none, or it is damaged, which is told."""
        text = self.folder.read(name := self._name(words), MOST)
        if text is None:
            return None
        found = self._understood(text)
        if found is None or found.query != words:
            on_damage(f"{name} is damaged")
            return None
        return found

    def write(self, mark: Watermark) -> None:
        """Keep a watermark in the place of the one before."""
        kept = {
            "form": FORM,
            "account": self.account,
            "query": mark.query,
            "moment": mark.moment.isoformat(),
            "committed": mark.committed.isoformat(),
            "seen": mark.seen,
        }
        self.folder.replace(self._name(mark.query), json.dumps(kept).encode())

    def all(self) -> list[Watermark]:
        """All that can be read, by their entities."""
        texts = (self.folder.read(name, MOST) for name in self._names())
        found = (self._understood(text) for text in texts if text is not None)
        return sorted((it for it in found if it), key=lambda it: (it.entity, it.committed))

    def forget(self, entity: str | None = None) -> int:
        """Remove those of an entity, or all, and with all also what is damaged; return how many."""
        gone = (
            self._names()
            if entity is None
            else [self._name(it.query) for it in self.all() if it.entity == entity]
        )
        for name in gone:
            self.folder.remove(name)
        return len(gone)

    def digest(self, what: str) -> str:
        """What stands for a key, or for all that a record holds."""
        return blake2b(what.encode(errors="surrogatepass"), key=self.key, digest_size=16).hexdigest()

    def _names(self) -> list[str]:
        return [name for name in self.folder.names(".json") if name.startswith(f"{self.account}-")]

    def _name(self, words: Words) -> str:
        return f"{self.account}-{self.digest(json.dumps(words, sort_keys=True))}.json"

    def _understood(self, text: bytes) -> Watermark | None:
        """What a file says; None where it is damaged, or of another form or account."""
        try:
            kept = json.loads(text)
            if (kept["form"], kept["account"]) != (FORM, self.account):
                return None
            query = dict(kept["query"])
            moment, committed = (_moment(kept[name]) for name in ("moment", "committed"))
            seen = {str(key): (int(when), str(what)) for key, (when, what) in kept["seen"].items()}
            return Watermark(str(query["entity"]), query, moment, committed, seen)
        except Exception:  # noqa: BLE001  # whatever damage leads to: everything is fetched, and it is replaced
            return None


def watermarks_of(
    config: ConnectorConfig, who: str = "", environ: Mapping[str, str] = os.environ
) -> Watermarks:
    """The watermarks of an account; `StoreError` where their folder is not fit for it.

    `who`: what tells the account from others beyond its configuration. `SPYRO_WATERMARKS` names a folder, or
    is `none`; without it those of services on this machine are in memory: they come and go.
    """
    path = _folder(config, Unseen(environ).get(VARIABLE, "").strip())
    folder: Folder = _own if path is None else PrivateFolder(path, purpose=WATERMARKS)
    key = folder.first(KEY, partial(os.urandom, 32), 64)
    account = blake2b(config.fingerprint(key=key) + who.encode(), digest_size=16)
    return Watermarks(folder, account.hexdigest(), key)


def _folder(config: ConnectorConfig, wish: str) -> Path | None:
    if wish == "none":
        return None
    if not wish:
        from platformdirs import user_data_path

        is_here = is_loopback(urlsplit(config.base_url or "").hostname or "")
        return None if is_here else user_data_path("spyro", appauthor=False) / "watermarks"
    if not (folder := Path(wish).expanduser()).is_absolute():
        raise ConfigurationError(
            f"{VARIABLE}={wish!r} cannot be: it must be none, or a folder's whole path", field=VARIABLE
        )
    return folder


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
