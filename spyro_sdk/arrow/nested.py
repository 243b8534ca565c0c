"""Objects in a record become flat columns, and lists in it rows of a table of their own.

Both give for each page what its schema promises, so that pages without a row have the right types too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import ValidationError, some
from .schema import Column, Field, Kind, to_record_batch

INDEX = "_index"
"""The column that says where in its list an item stood, counted from 0."""
VALUE = "value"
"""The column of the items of a list that holds no objects."""

Cell: TypeAlias = tuple[Field, Column]


def flattened(batch: pa.RecordBatch, separator: str = "_") -> pa.RecordBatch:
    """Put the fields of objects, at every depth, beside the other columns: `owner.login` as `owner_login`.

    Where an object is null its columns are. An object without fields becomes no column; lists stay what they
    are. Columns that hold no objects are not copied. Raises `ValidationError` where two columns would have
    one name.
    """
    both = zip(batch.schema, batch.columns, strict=True)
    cells = [cell for field, column in both for cell in _flat(field, column, separator)]
    _check_names(cells, f"flat columns joined by {separator!r}", "give another separator")
    columns, fields = [column for _, column in cells], [field for field, _ in cells]
    return to_record_batch(columns, pa.schema(fields, batch.schema.metadata), batch.num_rows)


def flattened_schema(schema: pa.Schema, separator: str = "_") -> pa.Schema:
    """The columns that `flattened` makes of these; it raises the same."""
    return flattened(_empty(schema), separator).schema


def exploded(batch: pa.RecordBatch, column: str, key: str | None, name: str) -> pa.RecordBatch:
    """Make a row of each item of the lists in `column`, in their order.

    The columns: `name` with the `key` of the record that has the list (none where `key` is None); `_index`
    (int64), the item's place in its list from 0; then the fields of the items, objects in them left as they
    are, or `value` for items that are no objects. A list that is null or empty makes no row; an item that is
    null makes one. Items of which no page has told the type yet have no column. Raises `ValidationError`
    where there is no such column or no list in it, or where two columns would have one name.
    """
    lists = _lists(batch, column)
    lengths = pc.list_value_length(lists).fill_null(0).to_numpy(zero_copy_only=False)
    parents = np.repeat(np.arange(len(lengths)), lengths)
    cells: list[Cell] = []
    if key is not None:
        cells.append((_known(batch, key).with_name(name), batch.column(key).take(pa.array(parents))))
    cells.append((pa.field(INDEX, pa.int64(), nullable=False), _places(lengths)))
    cells += _items(lists)
    _check_names(cells, f"the items of {column!r}", "call the column of the parent's key otherwise")
    return pa.RecordBatch.from_arrays(
        [values for _, values in cells], schema=pa.schema([field for field, _ in cells])
    )


def exploded_schema(schema: pa.Schema, column: str, key: str | None, name: str) -> pa.Schema:
    """The columns that `exploded` makes of these; it raises the same."""
    return exploded(_empty(schema), column, key, name).schema


def _flat(field: Field, column: Column, separator: str) -> Iterator[Cell]:
    """The columns that come of one, by their full names."""
    if not pa.types.is_struct(field.type):
        yield field, column
        return
    for place, inner in enumerate(field.type):
        child = inner.with_name(f"{field.name}{separator}{inner.name}")
        yield from _flat(
            child.with_nullable(field.nullable or inner.nullable), pc.struct_field(column, [place]), separator
        )


def _lists(batch: pa.RecordBatch, column: str) -> Column:
    """The column of lists; one of nothing but nulls, of which nobody knows the type, as lists of nulls."""
    kind: Kind = _known(batch, column).type
    if pa.types.is_null(kind):
        return pa.nulls(batch.num_rows, pa.list_(pa.null()))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return batch.column(column)
    raise ValidationError(
        f"column {column!r} holds {kind}, which is no list: no table can be made of it", "column", column
    )


def _known(batch: pa.RecordBatch, column: str) -> Field:
    if column not in batch.schema.names:
        raise ValidationError(
            f"there is no column {column!r} to make a table of; there are {some(batch.schema.names)}",
            "column",
            column,
        )
    return batch.schema.field(column)


def _places(lengths: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Column:
    """0, 1, 2 … for each list."""
    starts = np.cumsum(lengths) - lengths
    return pa.array(np.arange(int(lengths.sum())) - np.repeat(starts, lengths), pa.int64())


def _items(lists: Column) -> Iterator[Cell]:
    """The columns of the items of all lists."""
    items, field = lists.flatten(), lists.type.value_field
    if pa.types.is_struct(field.type):
        for place, inner in enumerate(field.type):
            yield inner.with_nullable(field.nullable or inner.nullable), pc.struct_field(items, [place])
    elif not pa.types.is_null(field.type):
        yield field.with_name(VALUE), items


def _check_names(cells: Sequence[Cell], what: str, remedy: str) -> None:
    counted = Counter(field.name for field, _ in cells)
    double = [name for name, times in counted.items() if times > 1]
    if double:
        raise ValidationError(
            f"{what} would have the column {some(map(repr, double))} twice: {remedy}, or leave them nested",
            "columns",
            double,
        )


def _empty(schema: pa.Schema) -> pa.RecordBatch:
    columns = [pa.array([], field.type) for field in schema]
    return to_record_batch(columns, schema, 0)
