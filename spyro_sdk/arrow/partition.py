"""Batches become a folder of Parquet files, one folder for each value: whole, or not there at all.

The rows are written into one hidden file first. When all are there, their schema and their values are known,
and they are distributed: no file has to be made wider, and each gets its rows in few and big pieces.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import ValidationError
from .folder import FolderDraft, check_folder
from .hive import Folders, check_columns, check_value
from .ipc import Ipc
from .parquet import Parquet, storable
from .parts import Parts
from .sink import Growing, Sink

MOST_PARTITIONS = 10_000
"""More folders than this make every reader slow: the column is an id rather than a class of things."""


class PartitionedSink(Sink):
    """A `Sink` that makes a folder, distributed by the columns `by`."""

    def __init__(self, path: str | os.PathLike[str], form: Parquet, by: Sequence[str], **about: Any) -> None:
        super().__init__(path, _Spool(), **about)
        self._form = form
        self._by = list(by)
        self._keys: set[tuple[Any, ...]] = set()
        if self.schema is not None:
            check_columns(self._by, self.schema, "the table")

    def __enter__(self) -> Self:
        self.path = check_folder(self.path)
        return self

    def write(self, batch: pa.RecordBatch) -> None:
        """Take the rows of `batch`; `ValidationError` where it cannot be distributed."""
        super().write(batch)
        names = [name for name in self._by if name in batch.schema.names]
        if self.batches == 1 or len(names) == len(self._by):
            check_columns(self._by, batch.schema, "the table")
        self._count(batch.select(names))

    def _count(self, batch: pa.RecordBatch) -> None:
        """See that there are not too many partitions, before the last record has come."""
        if not batch.num_columns:
            return
        distinct = pa.Table.from_batches([batch]).group_by(batch.schema.names).aggregate([])
        for values in zip(*(column.to_pylist() for column in distinct.columns), strict=True):
            for value in values:
                check_value(value)
            self._keys.add(values)
        if len(self._keys) > MOST_PARTITIONS:
            raise ValidationError(
                f"partition_by={self._by!r} makes more than {MOST_PARTITIONS:,} folders:"
                " choose columns with fewer different values",
                "partition_by",
                self._by,
            )

    def _deliver(self, growing: Growing, metadata: Mapping[str, str]) -> None:
        check_columns(self._by, growing.schema, "the table")
        draft = FolderDraft(self.path)
        try:
            with Parts(draft.path, self._form, metadata) as parts:
                for folder, table in self._distributed(growing):
                    parts.add(folder, table)
            draft.publish()
        except BaseException:
            draft.remove()
            raise
        growing.remove()

    def _distributed(self, growing: Growing) -> Iterator[tuple[str, pa.Table]]:
        """The rows of each partition, some at a time, in their order."""
        folders = Folders(self._by)
        if not self.rows:
            yield "", growing.schema.empty_table().drop_columns(self._by)
        for group in growing.groups():
            for values, rows in _split(group.select(self._by)):
                self._go_on()
                yield folders.of(values), group.drop_columns(self._by).take(rows)


@dataclass(frozen=True)
class _Spool(Ipc):
    """The rows as they come, in types that Parquet has too."""

    def storable(self, schema: pa.Schema) -> pa.Schema:
        return storable(schema)


def _split(keys: pa.Table) -> Iterator[tuple[tuple[str | None, ...], Any]]:
    """The combinations of values in `keys`, as texts, and the numbers of the rows that have each."""
    texts = [column.cast(pa.string()).combine_chunks() for column in keys.columns]
    codes = np.zeros(keys.num_rows, np.int64)
    for column in texts:
        encoded = pc.dictionary_encode(column, "encode")
        codes = codes * len(encoded.dictionary) + encoded.indices.to_numpy()
        codes = np.unique(codes, return_inverse=True)[1]  # small again: the next product must not overflow
    order = np.argsort(codes, kind="stable")
    firsts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    for rows in np.split(order, firsts[1:]):
        yield tuple(column[int(rows[0])].as_py() for column in texts), rows
