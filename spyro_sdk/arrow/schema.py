"""One schema for many pages.

A type gives way to a wider one, never a value to a type. The ways up: null → anything; int → a bigger int →
decimal; int → float64 while every int is exact (up to 2^53); timestamp → a finer unit; list by item, struct
by field; and from anywhere to string, where a value becomes its JSON text: `true`, `12`, `1.5`, `{"a":1}`, a
moment its ISO text. Two things that JSON tells apart are one in Arrow: a key that is absent and one that is
null, and 1 and 1.0 in one column of floats.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from .text import cell_text

MOST_DIGITS = 38  # of a decimal128
MOST_FIELDS = 1000
"""An object with more keys than this is a dictionary of things, not a record, and is kept as JSON text."""

UNITS = ("s", "ms", "us", "ns")

Column: TypeAlias = Any
"""A `pyarrow.Array` of any type."""
Kind: TypeAlias = Any
"""A `pyarrow.DataType`; no checker follows `pa.types.is_list(kind)` to `kind.value_type`."""
Field: TypeAlias = "pa.Field[Any]"
Metadata: TypeAlias = Any
"""What pyarrow takes and gives as metadata: bytes by bytes."""


class Misfit(Exception):
    """A value would not survive in the schema asked for."""

    def __init__(self, schema: pa.Schema) -> None:
        super().__init__("a value does not fit the schema")
        self.schema = schema
        """The narrowest wider schema in which it does."""


def widen(a: Kind, b: Kind) -> Kind:
    """Find the narrowest type that holds both; whether each value is exact there, `cast` must see."""
    if a == b or pa.types.is_null(b):
        return a
    if pa.types.is_null(a):
        return b
    if is_number(a) and is_number(b):
        return _widen_numbers(a, b)
    if pa.types.is_list(a) and pa.types.is_list(b):
        return pa.list_(_widen_field(a.value_field, b.value_field))
    if pa.types.is_struct(a) and pa.types.is_struct(b):
        fields = _merge_fields(list(a), list(b))
        return pa.struct(fields) if len(fields) <= MOST_FIELDS else pa.string()
    if pa.types.is_timestamp(a) and pa.types.is_timestamp(b) and a.tz == b.tz:
        return pa.timestamp(max(a.unit, b.unit, key=UNITS.index), a.tz)
    return pa.string()


def is_number(kind: Kind) -> bool:
    """Whether the type counts; a bool does not."""
    return any(
        is_kind(kind) for is_kind in (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal128)
    )


def merge(a: pa.Schema, b: pa.Schema) -> pa.Schema:
    """Find the narrowest schema that holds both: the columns of `a`, then the new ones of `b`.

    A column that only one of them has is nullable. Of metadata with the same key, that of `a` stays.
    """
    metadata: Metadata = {**(b.metadata or {}), **(a.metadata or {})}
    return pa.schema(_merge_fields(list(a), list(b)), metadata or None)


def conform(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Give `batch` the columns of `schema`; raise `Misfit` where a value or a column would be lost."""
    if batch.schema.equals(schema):
        return batch.replace_schema_metadata(schema.metadata)
    columns = [_column(batch, field) for field in schema]
    fields = [_holding(field, column) for field, column in zip(schema, columns, strict=True)]
    unknown = [field for field in batch.schema if field.name not in schema.names]
    metadata: Metadata = schema.metadata
    wider = pa.schema(_merge_fields(fields, unknown) if unknown else fields, metadata)
    if not wider.equals(schema):
        raise Misfit(wider)
    return to_record_batch(columns, schema, batch.num_rows)


def unify(batches: Sequence[pa.RecordBatch], schema: pa.Schema | None = None) -> pa.Table:
    """Put all batches into one table of one schema, which is `schema` or as much wider as the values need."""
    schemas = [schema] if schema is not None else []
    schemas += [batch.schema for batch in batches]
    wide = reduce(merge, schemas) if schemas else pa.schema([])
    while True:
        try:
            return pa.Table.from_batches([conform(batch, wide) for batch in batches], wide)
        except Misfit as misfit:
            wide = misfit.schema


def cast(column: Column, to: Kind) -> Column:
    """Give `column` the type `to`, or a wider one where a value would not survive."""
    if column.type == to:
        return column
    if column.null_count == len(column):
        return pa.nulls(len(column), to)
    wide = widen(to, column.type)
    if column.type == wide:
        return column
    if pa.types.is_struct(wide):
        return _cast_struct(column, wide)
    if pa.types.is_list(wide):
        return _cast_list(column, wide)
    if pa.types.is_string(wide):
        return texts(column)
    try:
        return column.cast(wide)
    except pa.ArrowInvalid:  # an int beyond 2^53 as float, a year beyond the unit
        return texts(column)


def texts(column: Column) -> Column:
    """Write each value as the text that stands for it in a column of texts."""
    kind = column.type
    if pa.types.is_timestamp(kind):
        return pc.replace_substring(column.cast(pa.string()), " ", "T", max_replacements=1)
    if pa.types.is_nested(kind):
        column = cast(column, _without_moments(kind))
    elif not pa.types.is_floating(kind):  # Arrow writes 1.0 as 1, and nan for NaN
        return column.cast(pa.string())
    return pa.array([cell_text(value) for value in column.to_pylist()], pa.string())


def changes(was: pa.Schema, now: pa.Schema) -> list[tuple[str, str, str]]:
    """List the columns whose type is another: name, type before or `absent`, type now."""
    before = {field.name: str(field.type) for field in was}
    return [
        (field.name, before.get(field.name, "absent"), str(field.type))
        for field in now
        if before.get(field.name) != str(field.type)
    ]


def to_record_batch(columns: Sequence[Column], schema: pa.Schema, rows: int) -> pa.RecordBatch:
    """Put columns beside each other; rows of no column at all are still counted."""
    if columns:
        return pa.RecordBatch.from_arrays(list(columns), schema=schema)
    empty = pa.RecordBatch.from_struct_array(pa.array([{}] * rows, pa.struct([])))
    return empty.replace_schema_metadata(schema.metadata)


def struct_array(columns: Sequence[Column], fields: Sequence[Field], is_null: Column) -> Column:
    """Put columns into one column of objects."""
    fields = [_holding(field, column) for field, column in zip(fields, columns, strict=True)]
    return pa.StructArray.from_arrays(list(columns), fields=fields, mask=is_null)


def list_array(items: Column, field: Field, lengths: Column) -> Column:
    """Cut `items` into one column of lists; a null length is a null list."""
    ends = pc.cumulative_sum(lengths.fill_null(0).cast(pa.int32()))
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), ends])
    kind = pa.list_(_holding(field, items))
    return pa.ListArray.from_arrays(offsets, items, type=kind, mask=lengths.is_null())


def _widen_numbers(a: Kind, b: Kind) -> Kind:
    if pa.types.is_floating(a) or pa.types.is_floating(b):
        exact_only = pa.types.is_decimal(a) or pa.types.is_decimal(b)
        return pa.string() if exact_only else pa.float64()
    if pa.types.is_integer(a) and pa.types.is_integer(b):
        return _widen_integers(a, b)
    return _widen_decimals(a, b)


def _widen_decimals(a: Kind, b: Kind) -> Kind:
    (a_whole, a_scale), (b_whole, b_scale) = _digits(a), _digits(b)
    whole, scale = max(a_whole, b_whole), max(a_scale, b_scale)
    return pa.decimal128(whole + scale, scale) if whole + scale <= MOST_DIGITS else pa.string()


def _widen_integers(a: Kind, b: Kind) -> Kind:
    if pa.types.is_signed_integer(a) == pa.types.is_signed_integer(b):
        return max(a, b, key=lambda kind: kind.bit_width)
    bits = [k.bit_width if pa.types.is_signed_integer(k) else 2 * k.bit_width for k in (a, b)]
    return {16: pa.int16(), 32: pa.int32(), 64: pa.int64()}.get(max(bits)) or _widen_decimals(a, b)


def _digits(kind: Kind) -> tuple[int, int]:
    """Digits before and after the decimal point."""
    if pa.types.is_decimal(kind):
        return kind.precision - kind.scale, kind.scale
    return {8: 3, 16: 5, 32: 10, 64: 20 if pa.types.is_unsigned_integer(kind) else 19}[kind.bit_width], 0


def _merge_fields(a: list[Field], b: list[Field]) -> list[Field]:
    ours, theirs = {field.name for field in a}, {field.name: field for field in b}
    merged = [
        _widen_field(field, theirs[field.name]) if field.name in theirs else field.with_nullable(True)
        for field in a
    ]
    return merged + [field.with_nullable(True) for field in b if field.name not in ours]


def _widen_field(a: Field, b: Field) -> Field:
    return a.with_type(widen(a.type, b.type)).with_nullable(a.nullable or b.nullable)


def _holding(field: Field, column: Column) -> Field:
    """The field as wide as the column needs it."""
    return field.with_type(column.type).with_nullable(field.nullable or column.null_count > 0)


def _column(batch: pa.RecordBatch, field: Field) -> Column:
    if field.name not in batch.schema.names:
        return pa.nulls(batch.num_rows, field.type)
    return cast(batch.column(field.name), field.type)


def _cast_struct(column: Column, to: Kind) -> Column:
    places = {field.name: place for place, field in enumerate(column.type)}
    children = [
        cast(pc.struct_field(column, [places[field.name]]), field.type)
        if field.name in places
        else pa.nulls(len(column), field.type)
        for field in to
    ]
    return struct_array(children, list(to), column.is_null())


def _cast_list(column: Column, to: Kind) -> Column:
    return list_array(cast(column.flatten(), to.value_type), to.value_field, pc.list_value_length(column))


def _without_moments(kind: Kind) -> Kind:
    """The type with texts where dates and times are, which Python holds only from year 1 to 9999."""
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_without_moments(field.type)) for field in kind])
    if pa.types.is_list(kind):
        return pa.list_(kind.value_field.with_type(_without_moments(kind.value_type)))
    return pa.string() if pa.types.is_temporal(kind) else kind
