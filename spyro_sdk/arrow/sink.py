"""Batches become one file: whole, or not there at all.

What a file of batches looks like is its `Format`'s to say. The sink gathers batches into groups, keeps them
under one schema, and makes what is written wider where a later batch needs it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import pyarrow as pa

from .draft import Draft, check_writable, explained
from .schema import Metadata, Misfit, conform, unify

GROUP_BYTES = 128 << 20
"""Memory that waiting rows may take before they are written, however few they are."""


class GivenUp(Exception):
    """Nobody wants the file any more."""


class Writer(Protocol):
    """What writes into an open file."""

    def write(self, table: pa.Table) -> None:
        """Write `table` as one group of rows."""
        ...

    def close(self, metadata: Mapping[str, str]) -> None:
        """Write what stands at the end of the file; `metadata` where the format has room for them there."""
        ...


class Format(Protocol):
    """How batches lie in a file."""

    @property
    def group_rows(self) -> int:
        """Rows that are written together."""
        ...

    def storable(self, schema: pa.Schema) -> pa.Schema:
        """The schema in types that the format has."""
        ...

    def writer(self, file: pa.NativeFile, first: pa.Table) -> Writer:
        """Begin a file of the schema of `first`, the group that will be written first."""
        ...

    def groups(self, file: pa.NativeFile) -> Iterator[pa.Table]:
        """Read a file, group by group."""
        ...


class Sink:
    """A context manager that writes batches to `path`; the file appears when the `with` block ends well.

    At most one group waits in memory. A batch wider than those before it makes the file wider: what is
    written is rewritten, group by group, in the types that hold every value (`schema.widen`).

    `metadata` is written under `spyro.` names, and at the end of the file `spyro.rows` and `spyro.finished`
    (ISO time), where the format has room for them there.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        form: Format,
        *,
        schema: pa.Schema | None = None,
        metadata: Mapping[str, str] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.path = Path(path)
        self.schema = form.storable(schema) if schema is not None else None
        self.rows = 0
        self.batches = 0
        self.is_published = False
        self._format = form
        self._metadata = {f"spyro.{name}": value for name, value in (metadata or {}).items()}
        self._now = now
        self._last: dict[str, str] = {}  # what is written at the end of the file besides
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = self._waiting_bytes = 0
        self._is_given_up = False
        self._growing: Growing | None = None
        self._remains: pa.NativeFile | None = None

    def __enter__(self) -> Self:
        self.path = check_writable(self.path)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._finish()
        finally:
            if not self.is_published:
                self._abandon()

    def write(self, batch: pa.RecordBatch) -> None:
        """Take the rows of `batch`; raise `ExportError` when they cannot be written."""
        self._wait(batch)
        self.rows += batch.num_rows
        self.batches += 1
        if not any(batch.num_columns for batch in self._waiting):
            return  # a file without columns would not count its rows, and a later batch may bring some
        if self._waiting_rows >= self._format.group_rows:
            self._flush(self._waiting_rows // self._format.group_rows * self._format.group_rows)
        elif self._waiting_bytes >= GROUP_BYTES:
            self._flush(self._waiting_rows)

    def note(self, metadata: Mapping[str, str]) -> None:
        """Have these written at the end of the file too, under `spyro.` names."""
        self._last |= {f"spyro.{name}": value for name, value in metadata.items()}

    def give_up(self) -> None:
        """Let what goes on in another thread end soon, with `GivenUp`."""
        self._is_given_up = True

    def keep(self) -> pa.Table | None:
        """Give the rows that were taken, read back from what was written; after the `with` block.

        When writing itself failed (a full disk), only the rows that still waited in memory are left. None
        where the file is in its place: it has them.
        """
        if self.is_published:
            return None
        waiting = unify(self._waiting, self.schema)
        if self._remains is None:
            return waiting
        written = [batch for group in self._format.groups(self._remains) for batch in group.to_batches()]
        return unify([*written, *waiting.to_batches()], waiting.schema)

    def _wait(self, *batches: pa.RecordBatch) -> None:
        self._waiting += batches
        self._waiting_rows += sum(batch.num_rows for batch in batches)
        self._waiting_bytes += sum(batch.nbytes for batch in batches)

    def _flush(self, rows: int) -> None:
        """Write the first `rows` that wait, whole groups or all, the file made wider first where needed."""
        table = unify(self._waiting, self.schema)
        with explained(self.path):
            while True:
                try:
                    table = unify(table.to_batches(), self._format.storable(table.schema))
                    growing = self._growing_for(table)
                    break
                except Misfit as misfit:  # rows in the file need even wider types
                    table = unify(table.to_batches(), misfit.schema)
            self.schema = table.schema
            self._hold(table)
            for _ in range(0, max(rows, 1), self._format.group_rows):  # a file without rows has a group too
                group = table.slice(0, self._format.group_rows)
                growing.write(group)
                table = table.slice(group.num_rows)
                self._hold(table)

    def _hold(self, table: pa.Table) -> None:
        """Let these rows wait and no others."""
        self._waiting, self._waiting_rows, self._waiting_bytes = [], 0, 0
        self._wait(*table.to_batches())

    def _growing_for(self, table: pa.Table) -> Growing:
        """The file with the schema of `table`, the rows so far in it; `Misfit` if they do not fit."""
        old = self._growing
        if old is not None and old.schema.equals(table.schema):
            return old
        new = self._begin(self._labelled(table))
        try:
            for group in old.groups() if old is not None else ():
                self._go_on()
                batches = [conform(batch, table.schema) for batch in group.to_batches()]
                new.write(pa.Table.from_batches(batches, table.schema))
        except BaseException:
            new.remove()
            raise
        self._growing = new
        if old is not None:
            old.remove()
        return new

    def _begin(self, first: pa.Table) -> Growing:
        return Growing(self.path, self._format, first)

    def _go_on(self) -> None:
        if self._is_given_up:
            raise GivenUp

    def _labelled(self, table: pa.Table) -> pa.Table:
        metadata: Metadata = {**(table.schema.metadata or {}), **self._metadata}
        return table.replace_schema_metadata(metadata or None)

    def _finish(self) -> None:
        if self._waiting or self._growing is None:
            self._flush(self._waiting_rows)
        assert self._growing is not None
        with explained(self.path):
            told = {"spyro.rows": str(self.rows), "spyro.finished": self._now().isoformat()}
            self._deliver(self._growing, {**told, **self._last})
        self.is_published = True

    def _deliver(self, growing: Growing, metadata: Mapping[str, str]) -> None:
        """Bring what has been written to its place."""
        growing.publish(metadata)

    def _abandon(self) -> None:
        """Take the draft's name away; `keep` can still read its rows."""
        if self._growing is not None:
            self._remains = self._growing.remains()
            self._growing.remove()
            self._growing = None


class Growing:
    """A file that is being written, under a hidden name beside `target`, as a `draft` of it."""

    def __init__(
        self, target: Path, form: Format, first: pa.Table, *, draft: Callable[[Path], Draft] = Draft
    ) -> None:
        self.schema = first.schema
        self._format = form
        self._is_sound = True
        self._draft = draft(target)
        with ExitStack() as undo:
            undo.callback(self._draft.remove)
            self._file = undo.enter_context(pa.OSFile(str(self._draft.path), "wb"))
            self._writer = form.writer(self._file, first)
            undo.pop_all()

    def write(self, table: pa.Table) -> None:
        """Add a group of rows."""
        try:
            self._writer.write(table.replace_schema_metadata(self.schema.metadata))
        except BaseException:
            self._is_sound = False  # half a group is in it
            raise

    def publish(self, metadata: Mapping[str, str]) -> None:
        """Put the file, once it is whole and on the disk, in its place."""
        self.close(metadata)
        self._draft.publish()

    def close(self, metadata: Mapping[str, str] | None = None) -> None:
        """Write the file's end; nothing can be added later."""
        if not self._file.closed:
            with self._file:
                self._writer.close(metadata or {})

    def groups(self) -> Iterator[pa.Table]:
        """Close the file and read its rows."""
        self.close()
        with pa.OSFile(str(self._draft.path), "rb") as file:
            yield from self._format.groups(file)

    def remains(self) -> pa.NativeFile | None:
        """Close the file and open it for reading; None if it cannot be read any more."""
        try:
            self.close()
            return pa.OSFile(str(self._draft.path), "rb") if self._is_sound else None
        except (OSError, pa.ArrowException):
            return None

    def remove(self) -> None:
        """Take its name away, unless that is its last one; who has it open can still read it."""
        with suppress(OSError, pa.ArrowException):
            self.close()
        self._draft.remove()
