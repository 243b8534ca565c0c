"""Batches become one Parquet file: whole, or not there at all.

The file grows under a hidden name in the folder where it will stand, and takes its place when it is complete
and on the disk. Until then an older file of that name stays as it was, whatever happens: an error, Ctrl-C, a
power cut.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ..errors import ExportError, ValidationError
from .schema import Kind, Metadata, Misfit, conform, unify

GROUP_BYTES = 256 << 20
"""Memory that waiting rows may take before they are written, however few they are."""
SAMPLE = 10_000  # rows looked at to see whether a text repeats
FRESH = 60.0  # seconds in which a temporary file may still be waiting for its lock

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


def check_writable(path: str | os.PathLike[str]) -> Path:
    """Find out that a file can be written at `path` before any row is fetched, or raise `ExportError`.

    Returns the path that will be written: absolute, `~` and symbolic links followed. `ValidationError` for
    what is no path at all.
    """
    if not isinstance(path, str | os.PathLike):
        raise ValidationError(f"path={path!r} cannot be: it must be a text or a pathlib.Path", "path", path)
    target = Path(os.path.realpath(Path(path).expanduser()))
    with _explained(target):
        if target.is_dir():
            raise OSError(errno.EISDIR, "is a folder")
        _sweep(target)
        temporary, lock = _create(target)
        lock.close()
        temporary.unlink()
    return target


class ParquetSink:
    """A context manager that writes batches to `path`; the file appears when the `with` block ends well.

    At most one row group waits in memory. A batch wider than those before it makes the file wider: what is
    written is rewritten, row group by row group, in the types that hold every value (`schema.widen`).
    Parquet has no object without keys: a column of such is written as the text `{}`.

    `metadata` is written under `spyro.` names, and with it `spyro.rows` and `spyro.finished` (ISO time); what
    is added to the attribute before the end is written too.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        schema: pa.Schema | None = None,
        metadata: Mapping[str, str] | None = None,
        compression: str = "zstd",
        row_group_rows: int = 100_000,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.path = Path(path)
        self.schema = storable(schema) if schema is not None else None
        self.metadata = dict(metadata or {})
        self.rows = 0
        self.batches = 0
        self._compression = compression
        self._row_group_rows = row_group_rows
        self._now = now
        self._first_metadata = {f"spyro.{name}": value for name, value in self.metadata.items()}
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_bytes = 0
        self._flushed = 0  # rows that wait no more
        self._draft: _Draft | None = None
        self._remains: pq.ParquetFile | None = None

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
            self._abandon()

    def write(self, batch: pa.RecordBatch) -> None:
        """Take the rows of `batch`; raise `ExportError` when they cannot be written."""
        self._waiting.append(batch)
        self._waiting_bytes += batch.nbytes
        self.rows += batch.num_rows
        self.batches += 1
        if self._has_row_group():
            self._flush()

    def keep(self) -> pa.Table:
        """Give up the file, and read back the rows that were taken; in the `with` block or after it.

        The file has no name any more, and its space is free once the sink is forgotten. When writing itself
        failed (a full disk), only the rows that still waited in memory are left.
        """
        self._abandon()
        waiting = unify(self._waiting, self.schema)
        if self._remains is None:
            return waiting
        # interrupted just after a row group was written, we have its rows in memory too
        waiting = waiting.slice(self._remains.metadata.num_rows - self._flushed)
        written = [batch for group in _row_groups(self._remains) for batch in group.to_batches()]
        return unify([*written, *waiting.to_batches()], waiting.schema)

    def _has_row_group(self) -> bool:
        if not any(batch.num_columns for batch in self._waiting):
            return False  # a file without columns would not count its rows, and a later batch may bring some
        return self.rows - self._flushed >= self._row_group_rows or self._waiting_bytes >= GROUP_BYTES

    def _flush(self) -> None:
        """Write what waits as one row group, the file made wider first where that is needed."""
        table = unify(self._waiting, self.schema)
        with _explained(self.path):
            while True:
                try:
                    table = unify(table.to_batches(), storable(table.schema))
                    draft = self._draft_for(table)
                    break
                except Misfit as misfit:  # rows in the file need even wider types
                    table = unify(table.to_batches(), misfit.schema)
            draft.write(table)
        self.schema, self._waiting, self._waiting_bytes, self._flushed = table.schema, [], 0, self.rows

    def _draft_for(self, table: pa.Table) -> _Draft:
        """The draft with the schema of `table`, the rows so far in it; `Misfit` if they do not fit."""
        old = self._draft
        if old is not None and old.schema.equals(table.schema):
            return old
        new = self._new_draft(table)
        try:
            if old is not None:
                for group in old.row_groups():
                    batches = [conform(batch, table.schema) for batch in group.to_batches()]
                    new.write(pa.Table.from_batches(batches))
        except BaseException:
            new.remove()
            raise
        self._draft = new
        if old is not None:
            old.remove()
        return new

    def _new_draft(self, table: pa.Table) -> _Draft:
        metadata: Metadata = {**(table.schema.metadata or {}), **self._first_metadata}
        return _Draft(
            self.path,
            table.schema.with_metadata(metadata),
            self._row_group_rows,
            compression=self._compression,
            use_dictionary=_repeating(table),
        )

    def _finish(self) -> None:
        if self._waiting or self._draft is None:
            self._flush()
        assert self._draft is not None
        late = {f"spyro.{name}": value for name, value in self.metadata.items()}
        late = dict(late.items() - self._first_metadata.items())
        late |= {"spyro.rows": str(self.rows), "spyro.finished": self._now().isoformat()}
        with _explained(self.path):
            self._draft.publish(self.path, late)
        self._draft = None

    def _abandon(self) -> None:
        """Take the draft's name away; `keep` can still read its rows."""
        if self._draft is not None:
            self._remains = self._remains or self._draft.open_remains()
            self._draft.remove()
            self._draft = None


class _Draft:
    """A Parquet file under a temporary name."""

    def __init__(self, target: Path, schema: pa.Schema, rows: int, **options: Any) -> None:
        self.schema = schema
        self._rows = rows  # of a row group
        self._is_sound = True
        self._path, self._lock = _create(target)
        self._file = pa.OSFile(str(self._path), "wb")
        try:
            self._writer = pq.ParquetWriter(self._file, schema, **options)
        except BaseException:
            self._file.close()
            self.remove()
            raise

    def write(self, table: pa.Table) -> None:
        try:
            self._writer.write_table(table.replace_schema_metadata(self.schema.metadata), self._rows)
        except Exception:
            self._is_sound = False  # half a row group is in it
            raise

    def close(self, metadata: dict[str, str] | None = None) -> None:
        """Write the footer; nothing can be added later."""
        if self._file.closed:
            return
        try:
            if metadata:
                self._writer.add_key_value_metadata(metadata)
            self._writer.close()
        except Exception:
            self._file.close()
            raise
        self._file.close()  # after Ctrl-C above it stays open, and can be closed well yet

    def publish(self, target: Path, metadata: dict[str, str]) -> None:
        """Put the file, when it is whole and on the disk, in the place of `target`."""
        self.close(metadata)
        os.fsync(self._lock)
        self._lock.close()
        os.replace(self._path, target)
        _sync_folder(target.parent)

    def row_groups(self) -> Iterator[pa.Table]:
        """Close the file and read its rows."""
        self.close()
        with pq.ParquetFile(self._path) as file:
            yield from _row_groups(file)

    def open_remains(self) -> pq.ParquetFile | None:
        """Close the file and open it for reading; None if it cannot be read any more."""
        try:
            self.close()
            return pq.ParquetFile(pa.OSFile(str(self._path), "rb")) if self._is_sound else None
        except (OSError, pa.ArrowException):
            return None

    def remove(self) -> None:
        """Take its name away; who has it open can still read it."""
        with suppress(OSError, pa.ArrowException):
            self.close()
        self._lock.close()
        with suppress(OSError):  # Windows keeps the name of a file in use: it is swept next time
            self._path.unlink()


def storable(schema: pa.Schema) -> pa.Schema:
    """The schema in types that Parquet has: no object without keys, no moments in whole seconds."""
    metadata: Metadata = schema.metadata
    return pa.schema([field.with_type(_storable(field.type)) for field in schema], metadata)


def _storable(kind: Kind) -> Kind:
    if pa.types.is_list(kind):
        return pa.list_(kind.value_field.with_type(_storable(kind.value_type)))
    if pa.types.is_struct(kind) and kind.num_fields:
        return pa.struct([field.with_type(_storable(field.type)) for field in kind])
    if pa.types.is_struct(kind):
        return pa.string()
    if pa.types.is_timestamp(kind) and kind.unit == "s":
        return pa.timestamp("ms", kind.tz)
    return pa.time32("ms") if kind == pa.time32("s") else kind


def _row_groups(file: pq.ParquetFile) -> Iterator[pa.Table]:
    return map(file.read_row_group, range(file.num_row_groups))


def _repeating(table: pa.Table) -> list[str]:
    """The columns of texts that say the same again and again: a dictionary makes those small and fast."""
    sample = table.slice(0, SAMPLE)
    return [
        field.name
        for field in sample.schema
        if pa.types.is_string(field.type)
        and pc.count_distinct(sample[field.name]).as_py() * 10 <= sample.num_rows
    ]


def _create(target: Path) -> tuple[Path, BinaryIO]:
    """Create and lock an empty temporary file beside `target`, with its permissions if it exists."""
    path = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    file = path.open("xb")
    with suppress(FileNotFoundError):
        shutil.copymode(target, path)
    _lock(file)
    return path, file


def _lock(file: BinaryIO) -> bool:
    """Whether the file is now ours; its lock ends with its process. Windows has no such lock."""
    with suppress(OSError, ImportError):
        from fcntl import LOCK_EX, LOCK_NB, flock

        flock(file, LOCK_EX | LOCK_NB)
        return True
    return False


def _sweep(target: Path) -> None:
    """Remove the temporary files that killed processes left behind."""
    prefix = f".{target.name}."
    for path in target.parent.iterdir():
        if path.name.startswith(prefix) and path.suffix == ".tmp":
            with suppress(OSError):
                _remove_abandoned(path)


def _remove_abandoned(path: Path) -> None:
    if time.time() - path.stat().st_mtime >= FRESH:
        with path.open("rb") as file:
            if _lock(file):
                path.unlink()


def _sync_folder(folder: Path) -> None:
    """Make the new name survive a power cut."""
    with suppress(PermissionError):  # Windows cannot open a folder
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn an error of the disk into `ExportError`."""
    try:
        yield
    except OSError as error:
        hint = HINTS.get(error.errno or 0)
        reason = error.strerror or str(error)
        raise ExportError(f"{path} cannot be written: {hint or reason}", hint=hint) from error
