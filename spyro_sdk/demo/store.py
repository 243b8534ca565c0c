"""The org's records in a temporary SQLite file, each object's made when first asked for."""

# ruff: noqa: S608 - names come from the schema, values are bound
from __future__ import annotations

import queue
import shutil
import sqlite3
import tempfile
import threading
import time
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from spyro_sdk.demo.data import Amounts, count_rows, generate
from spyro_sdk.demo.ids import make_id
from spyro_sdk.demo.plan import quote
from spyro_sdk.demo.schema import NUMBERS, SObject, sobjects

Row = tuple[Any, ...]
AFFINITY = {"int": "INTEGER", "boolean": "INTEGER"}


class Store:
    """Holds the data; every method may be called from any thread."""

    def __init__(self, amounts: Amounts) -> None:
        self.amounts = amounts
        self.kinds = sobjects(amounts.multi_currency)
        self._folder = Path(tempfile.mkdtemp(prefix="spyro-demo-"))
        self._idle: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        self._made: set[str] = set()
        self._making = threading.Lock()
        self._touched = 0
        with self._connection() as connection:
            connection.execute("PRAGMA journal_mode = WAL")

    def close(self) -> None:
        """Delete everything; nobody may be reading any more."""
        while not self._idle.empty():
            self._idle.get().close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def kind(self, name: str) -> SObject:
        """Find an object by its name, in any case; raises KeyError."""
        return self.kinds[name.lower()]

    def ensure(self, *names: str) -> None:
        """Make the records of these objects, unless they are there."""
        with self._making:
            for name in {self.kind(name).name for name in names} - self._made:
                self._make(self.kind(name))
                self._made.add(name)

    def query(self, sql: str, params: tuple[Any, ...] = ()) -> list[Row]:
        """Run one statement and return all its rows."""
        with self._connection() as connection:
            return connection.execute(sql, params).fetchall()

    def rowids(self, sql: str, params: tuple[Any, ...] = ()) -> array[int]:
        """Run a statement whose rows are one integer each."""
        with self._connection() as connection:
            return array("q", (row[0] for row in connection.execute(sql, params)))

    def blob(self, sql: str, rowids: str) -> bytes:
        """Run a statement that renders a JSON array of rowids as one blob."""
        found = self.query(sql, (rowids,))[0][0]
        return bytes(found or b"")

    def count(self, name: str, deleted: bool = False) -> int:
        """Count the live records of an object, or its deleted ones."""
        kind = self.kind(name)
        self.ensure(name)
        where = (
            f' WHERE "IsDeleted" = {deleted:d}' if kind.has("IsDeleted") else " WHERE 0" if deleted else ""
        )
        return int(self.query(f"SELECT count(*) FROM {quote(kind.name)}{where}")[0][0])

    def rows(self, name: str, columns: list[str], deleted: bool | None = False) -> list[Row]:
        """Give these stored columns in order of Id; booleans are 0 and 1.

        `deleted` chooses the live records (False), the deleted ones (True), or both (None).
        """
        kind = self.kind(name)
        self.ensure(name)
        where = f' WHERE "IsDeleted" = {deleted:d}' if kind.has("IsDeleted") and deleted is not None else ""
        return self.query(
            f'SELECT {", ".join(map(quote, columns))} FROM {quote(kind.name)}{where} ORDER BY "Id"'
        )

    def update(self, name: str, record_id: str, **values: Any) -> None:
        """Change fields of a record and stamp it with the present."""
        kind = self.kind(name)
        self.ensure(name)
        stamp = self._stamp()
        values |= {name: stamp for name in ("LastModifiedDate", "SystemModstamp") if kind.has(name)}
        sets = ", ".join(f"{quote(key)} = ?" for key in values)
        self.query(f'UPDATE {quote(kind.name)} SET {sets} WHERE "Id" = ?', (*values.values(), record_id))

    def insert(self, name: str, **values: Any) -> str:
        """Add a record with these stored values; return its id, which is greater than all others."""
        kind = self.kind(name)
        self.ensure(name)
        rank = self.query(f"SELECT count(*) FROM {quote(kind.name)}")[0][0]
        row = {**self._defaults(kind), **values, "Id": make_id(kind.prefix, rank)}
        marks = ", ".join("?" * len(row))
        self.query(
            f"INSERT INTO {quote(kind.name)} ({', '.join(map(quote, row))}) VALUES ({marks})",
            tuple(row.values()),
        )
        return str(row["Id"])

    def _defaults(self, kind: SObject) -> dict[str, Any]:
        """Fill what every record has: no boolean is null, and required times, users and names are there."""
        stamp = self._stamp()
        values = {
            "datetime": stamp,
            "date": stamp[:10],
            "reference": make_id("005", 0),
            "id": make_id("005", 0),
        }
        required = {item.name: values.get(item.type, "New") for item in kind.columns if item.required}
        return {**required, **{item.name: 0 for item in kind.columns if item.type == "boolean"}}

    def _stamp(self) -> str:
        """Give the present, later than any stamp given before."""
        with self._making:
            self._touched = now = max(int(time.time() * 1000), self._touched + 1)  # milliseconds
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now // 1000))
        return f"{moment}.{now % 1000:03d}+0000"

    def _make(self, kind: SObject) -> None:
        columns = ", ".join(_declaration(field.name, field.type) for field in kind.columns)
        table, marks = quote(kind.name), ", ".join("?" * len(kind.columns))
        with self._connection() as connection:
            connection.execute("BEGIN")
            connection.execute(f"CREATE TABLE {table} ({columns})")
            for chunk in generate(kind, count_rows(kind, self.amounts), self.amounts):
                rows = zip(*(chunk[field.name] for field in kind.columns), strict=True)
                connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
            connection.execute(f'CREATE UNIQUE INDEX {quote(kind.name + " by Id")} ON {table} ("Id")')
            if kind.has("SystemModstamp"):
                connection.execute(
                    f'CREATE INDEX {quote(kind.name + " by age")} ON {table} ("SystemModstamp", "Id")'
                )
            connection.execute("COMMIT")

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._idle.get_nowait()
        except queue.Empty:
            connection = _connect(self._folder / "org.sqlite")
        try:
            yield connection
        finally:
            self._idle.put(connection)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30.0)
    connection.create_function("fold", 1, _fold, deterministic=True)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA mmap_size = 1073741824")
    return connection


def _fold(text: str | None) -> str | None:
    return None if text is None else text.casefold()


def _declaration(name: str, kind: str) -> str:
    affinity = AFFINITY.get(kind, "REAL" if kind in NUMBERS else "TEXT")
    return f"{quote(name)} {affinity}"
