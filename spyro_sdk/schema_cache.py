"""What a service said of an entity's columns, kept on disk for the next run.

Only what is shown comes from here: each fetch asks anew which columns there are, so that a column which was
added since is never missing from a table.
"""

from __future__ import annotations

import json
import os
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from .config import ConnectorConfig, is_loopback
from .entity import Column, EntitySchema
from .errors import ConfigurationError, StoreError
from .private import PrivateFolder, Purpose
from .secret import Unseen

VARIABLE: Final = "SPYRO_SCHEMA_CACHE"
FORM: Final = 1  # of the files; others are written anew
MOST: Final = 1 << 24  # bytes of a file that is read
FORSAKEN: Final = 30 * 86_400.0  # seconds after which a description is removed that nobody has renewed
KEY: Final = "key"
"""The file of what digests are made with, so that nobody who reads names of files can try out secrets."""
SCHEMAS: Final = Purpose(
    StoreError, VARIABLE, "no schema is kept there", "remove it", "'none' to ask the service each time"
)
PLAIN: Final = tuple(it.name for it in fields(Column) if it.name not in ("name", "type", "nullable"))
"""What a column has beside what an Arrow schema says of it."""


@dataclass(frozen=True)
class SchemaCache:
    """The described entities of one account. What goes wrong with it is no error of the caller's."""

    folder: PrivateFolder
    account: str
    """A digest of whose they are."""
    age: float  # seconds
    """How old a description may be."""
    clock: Callable[[], float] = field(default=time.time, repr=False)  # seconds since the epoch

    def read(self, entity: str) -> EntitySchema | None:
        """The description of an entity; None where there is none that is young and whole."""
        with suppress(StoreError):
            if text := self.folder.read(self._name(entity), MOST):
                return self._described(text, entity)
        return None

    def write(self, entity: str, schema: EntitySchema) -> None:
        """Keep a description under the name by which it was asked for."""
        about = {"form": FORM, "account": self.account, "entity": entity, "written": self.clock()}
        with suppress(StoreError):
            self.folder.replace(self._name(entity), json.dumps({**about, **_kept(schema)}).encode())
            self._tidy()

    def forget(self) -> None:
        """Remove all descriptions of the account."""
        with suppress(StoreError):
            for name in self.folder.names(".json"):
                if name.startswith(f"{self.account}-"):
                    self.folder.remove(name)

    def _name(self, entity: str) -> str:
        return f"{self.account}-{blake2b(entity.encode(), digest_size=16).hexdigest()}.json"

    def _described(self, text: bytes, entity: str) -> EntitySchema | None:
        """What a file says; None for one that is old, of another form or account, or damaged."""
        try:
            kept = json.loads(text)
            about = (kept["form"], kept["account"], kept["entity"])
            is_young = 0 <= self.clock() - kept["written"] <= self.age
            return _schema(kept) if is_young and about == (FORM, self.account, entity) else None
        except Exception:  # noqa: BLE001  # whatever damage leads to: it is asked for again, and replaced
            return None

    def _tidy(self) -> None:
        for name in self.folder.names(".json"):
            with suppress(OSError):  # another process was quicker
                if self.clock() - (self.folder.path / name).lstat().st_mtime > FORSAKEN:
                    self.folder.remove(name)


def cache_of(
    config: ConnectorConfig, who: str = "", environ: Mapping[str, str] = os.environ
) -> SchemaCache | None:
    """The cache of an account; None where none is wanted, or its folder is of no use.

    `who`: what tells the account from others beyond its configuration. `SPYRO_SCHEMA_CACHE` names a folder,
    or is `none`; without it what services on this machine describe is not kept: they come and go.
    """
    path = _folder(config, Unseen(environ).get(VARIABLE, "").strip())
    if path is None or config.schema_age is None:
        return None
    folder = PrivateFolder(path, purpose=SCHEMAS)
    with suppress(StoreError):
        key = folder.first(KEY, partial(os.urandom, 32), 64)
        account = blake2b(config.fingerprint(key=key) + who.encode(), digest_size=16)
        return SchemaCache(folder, account.hexdigest(), config.schema_age)
    return None


def _folder(config: ConnectorConfig, wish: str) -> Path | None:
    if wish == "none":
        return None
    if not wish:
        from platformdirs import user_cache_path

        is_here = is_loopback(urlsplit(config.base_url or "").hostname or "")
        return None if is_here else user_cache_path("spyro", appauthor=False) / "schemas"
    if not (folder := Path(wish).expanduser()).is_absolute():
        raise ConfigurationError(
            f"{VARIABLE}={wish!r} cannot be: it must be none, or a folder's whole path", field=VARIABLE
        )
    return folder


def _kept(schema: EntitySchema) -> dict[str, Any]:
    """A description in what JSON knows; the types as Arrow writes them."""
    columns = [{name: getattr(column, name) for name in PLAIN} for column in schema]
    types = b64encode(schema.to_arrow().serialize()).decode()
    about = {name: getattr(schema, name) for name in ("label", "key", "cursor", "native")}
    return {"name": schema.entity, "columns": columns, "types": types, **about}


def _schema(kept: Mapping[str, Any]) -> EntitySchema:
    import pyarrow as pa

    arrow = pa.ipc.read_schema(pa.py_buffer(b64decode(kept["types"], validate=True)))
    columns = tuple(
        Column(it.name, it.type, nullable=it.nullable, **{name: _plain(more[name]) for name in PLAIN})
        for it, more in zip(arrow, kept["columns"], strict=True)
    )
    return EntitySchema(kept["name"], columns, kept["label"], kept["key"], kept["cursor"], kept["native"])


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
