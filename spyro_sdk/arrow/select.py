"""The rows and columns a query asks for, out of the batches that arrive."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ..entity import Query, unknown_column


class Selection:
    """Applies the `where`, `columns` and `limit` of one query to batches, in their order."""

    def __init__(self, query: Query, known: pa.Schema | None = None) -> None:
        self._query = query
        self._left = query.limit
        self._known: dict[str, pa.Field[Any]] = {field.name: field for field in known or ()}
        self._last = pa.schema([])
        """The columns of the last batch, once it had all that are known."""

    @property
    def is_complete(self) -> bool:
        """Whether no later batch can add a row."""
        return self._left == 0

    @property
    def known(self) -> pa.Schema:
        """The columns that came so far, where they matter."""
        return pa.schema(list(self._known.values()))

    def of(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The part of `batch` that was asked for; `ValidationError` for a column that is not there.

        A column that an earlier batch had is null where a later one leaves it out.
        """
        if not batch.num_rows:
            return batch
        if self._query.where is not None or self._query.columns is not None:
            batch = self._completed(batch)
        if self._query.where is not None:
            batch = self._query.where.filter(batch)
        if self._left is not None:
            batch = batch.slice(0, self._left)
            self._left -= batch.num_rows
        return batch if self._query.columns is None else self._project(batch)

    def _completed(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """`batch` with each column that came before; many services leave out what is null."""
        if batch.schema.equals(self._last):
            return batch
        for field in self._known.values():
            if field.name not in batch.schema.names:
                batch = batch.append_column(field.with_nullable(True), pa.nulls(batch.num_rows, field.type))
        self._known |= {field.name: field for field in batch.schema}
        self._last = batch.schema
        return batch

    def _project(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        wanted = self._query.columns or ()
        if batch.schema.names == list(wanted):
            return batch
        for name in wanted:
            if name not in batch.schema.names:
                raise unknown_column(self._query.entity, name, batch.schema.names)
        return batch.select(list(wanted))


def column_at(batch: pa.RecordBatch, path: str) -> pa.Array | None:
    """The column at a dotted path; None where there is none."""
    head, *steps = [path] if path in batch.schema.names else path.split(".")
    if head not in batch.schema.names:
        return None
    try:
        return pc.struct_field(batch[head], steps) if steps else batch[head]
    except pa.ArrowException:
        return None
