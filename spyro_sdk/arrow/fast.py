"""The fast road of a page: from its text straight into Arrow, where every value is sure to be as it was sent.

pyarrow.json reads without a Python object for each value, and without the interpreter's lock. It is lax in
places: it rounds ints in a column of floats, reads 1e-400 as 0, knows no dates with all their zones. So
texts are read as texts and become dates as on the exact road, numbers are looked at once more, and whatever
is in doubt is refused, for the exact road to take.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from .exact import DEEPEST, EXACT
from .moments import TextReader, text_reader
from .schema import MOST_FIELDS, Column, Field, Kind, Metadata, list_array, struct_array, to_record_batch

MARK = secrets.token_hex(8)
"""A text that no answer holds, for none can know it."""

ZEROS = b"0" * 200
"""A number below 1e-323 has so many zeros in a row, or an exponent of three digits and more."""
SMALL = re.compile(rb"[eE]-\d{2}")
LONG = re.compile(rb"\.\d{20}")
TINY = re.compile(rb"(?:^|[\s:,\[])-?[0-9.]+[eE]-[0-9]{3}$")
MANTISSA = 40  # characters in front of an exponent that are looked at; a number that begins before is tiny


class Refused(Exception):
    """The page holds what only the exact road reads for sure."""


def read(records: bytes | memoryview, schema: pa.Schema, *, closed: bool = False) -> pa.RecordBatch:
    """Read the JSON text of a list of objects, as `exact.to_batch` would, or raise `Refused`.

    `records` begins with the bracket that opens the list; where its end is wrong, it is refused. Columns that
    `schema` does not know are refused, or else left out, at every depth, where it is `closed`: what stands in
    them is then not looked at.
    """
    wire = [_wire_field(field, 0) for field in schema]
    if len(set(schema.names)) < len(wire):
        raise Refused("a column stands twice in the schema")
    if any(map(_has_decimals, schema.types)) and _has_many_places(records):
        raise Refused("a number may have more places than a decimal, of which Arrow makes what it likes")
    try:
        rows = _rows(records, wire, closed)
        columns = _Columns(records).finished(rows.flatten(), schema.types)
    except pa.ArrowException as error:
        raise Refused(str(error)) from None
    fields = [
        field.with_type(column.type).with_nullable(field.nullable or column.null_count > 0)
        for field, column in zip(schema, columns, strict=True)
    ]
    metadata: Metadata = schema.metadata
    return to_record_batch(columns, pa.schema(fields, metadata), len(rows))


def is_list(records: bytes | memoryview, road: Callable[..., pa.RecordBatch] = read) -> bool:
    """Whether a text that begins with a bracket is one list of objects, from its first byte to its last.

    False also where the road that reads it is in doubt.
    """
    try:
        road(records, pa.schema([]), closed=True)
    except Refused:
        return False
    return True


def _rows(records: bytes | memoryview, fields: list[Field], closed: bool) -> Column:
    """Read the records as one column of objects.

    The text that is read is `{"r":[RECORDS,[MARKED]]}`, where MARKED is an object with the mark as a value.
    Three things are asked of what comes out: it is one row, its `r` is a list of two items, and the second of
    these holds the mark. That proves that RECORDS is one list and nothing else, also where fields that nobody
    knows are ignored: RECORDS cannot hold the mark, so the item that does is ours, in the list that we
    opened. The comma before it is ours too, and with two items there is no other comma in that list. So
    RECORDS is its first item, all of it.
    """
    mark = next((field for field in fields if pa.types.is_string(field.type)), pa.field(MARK, pa.string()))
    fields = fields if mark in fields else [*fields, mark]
    marked = json.dumps({mark.name: MARK}).encode()
    text = _put_together(b'{"r":[', records, b",[" + marked + b"]]}")
    table = _table(text, pa.list_(pa.list_(pa.struct(fields))), closed)
    lists = table.column(0).combine_chunks().flatten()
    lists.validate(full=True)  # pyarrow.json itself looks at no UTF-8, and not at the width of decimals
    marks = lists.slice(1).flatten().field(mark.name).to_pylist()
    if (table.num_rows, len(lists), marks) != (1, 2, [MARK]):
        raise Refused("the records are not one list")
    rows = lists.slice(0, 1).flatten()
    if rows.null_count:
        raise Refused("a record is null")
    return rows


def _put_together(*parts: bytes | memoryview) -> pa.Buffer:
    """The parts one behind the other; copied by Arrow, which lets other threads go on meanwhile."""
    text = pa.allocate_buffer(sum(map(len, parts)))
    with pa.FixedSizeBufferWriter(text) as file:
        for part in parts:
            file.write(part)
    return text


def _table(text: pa.Buffer, kind: Kind, closed: bool) -> pa.Table:
    """Read an object of one field `r`, whose type is `kind`."""
    if closed:  # the texts that are ignored must be UTF-8 as well
        _as_one_cell(text).validate(full=True)
    return pyarrow.json.read_json(
        pa.BufferReader(text),
        read_options=pyarrow.json.ReadOptions(use_threads=False, block_size=text.size + 1),
        parse_options=pyarrow.json.ParseOptions(
            explicit_schema=pa.schema([("r", kind)]),
            # never "infer": it takes texts for dates, and deep nesting kills the process
            unexpected_field_behavior="ignore" if closed else "error",
        ),
    )


class _Columns:
    """Columns as they were read from a text become columns of their declared types."""

    def __init__(self, text: bytes | memoryview) -> None:
        self._text = text

    def finished(self, columns: Iterable[Column], kinds: Iterable[Kind]) -> list[Column]:
        """Give each column its declared type, or the one that the exact road finds for it."""
        return [self._finish(*each) for each in zip(columns, kinds, strict=False)]  # the mark has no type

    def _finish(self, column: Column, kind: Kind) -> Column:
        if column.null_count == len(column):
            return pa.nulls(len(column), kind)
        if pa.types.is_struct(kind):
            children = self.finished(column.flatten(), [field.type for field in kind])
            return struct_array(children, list(kind), column.is_null())
        if pa.types.is_list(kind):
            items = self._finish(column.flatten(), kind.value_type)
            return list_array(items, kind.value_field, pc.list_value_length(column))
        if pa.types.is_float64(kind):
            self._check(column)
        read = text_reader(kind)
        return _read_texts(read, column, kind) if read else column

    def _check(self, column: Column) -> None:
        """Raise `Refused` unless each number is surely the one that was sent."""
        numbers = column.drop_null().to_numpy()
        sizes = np.abs(numbers)
        if not sizes.max() < EXACT:  # nor is NaN
            raise Refused("an int may have been rounded, or a number is none")
        if not sizes.all():
            if np.signbit(numbers[sizes == 0]).any():
                raise Refused("a zero is negative, which the int -0 is not")
            if self._holds_tiny:
                raise Refused("a number may have become zero")

    @cached_property
    def _holds_tiny(self) -> bool:
        return holds_tiny(self._text)


def holds_tiny(text: bytes | memoryview) -> bool:
    """Whether a number in a JSON text may be smaller than the smallest float."""
    signs = np.frombuffer(text, np.uint8)
    before = np.flatnonzero(signs[1:] == ord("-"))
    exponents = before[signs[before] | 32 == ord("e")].tolist()
    large = [at for at in exponents if bytes(text[at + 2 : at + 5]).isdigit()]
    whole: Any = text.obj if isinstance(text, memoryview) else text
    return ZEROS in whole or any(TINY.search(bytes(text[max(at - MANTISSA, 0) : at + 5])) for at in large)


def _has_decimals(kind: Kind) -> bool:
    inner = [kind.field(place).type for place in range(kind.num_fields)]
    return bool(pa.types.is_decimal(kind)) or any(map(_has_decimals, inner))


def _has_many_places(text: bytes | memoryview) -> bool:
    """Whether a number in a JSON text may have more places than a decimal."""
    whole: Any = text.obj if isinstance(text, memoryview) else text
    has_exponent = (b"e-" in whole or b"E-" in whole) and SMALL.search(text)
    return bool(has_exponent or LONG.search(text))


def _read_texts(read: TextReader, column: Column, kind: Kind) -> Column:
    try:
        return read(column, kind)
    except ValueError:  # ArrowInvalid is one
        return column


def _as_one_cell(text: pa.Buffer) -> Column:
    ends = pa.array([0, text.size], pa.int32()).buffers()[1]
    return pa.Array.from_buffers(pa.string(), 1, [None, ends, text])


def _wire_field(field: Field, depth: int) -> Field:
    return pa.field(field.name, _wire(field.type, depth))


def _wire(kind: Kind, depth: int) -> Kind:
    """What a declared type is read as; `Refused` for what only the exact road knows how to read.

    Lists of nothing but nulls are such: pyarrow.json loses count of their items.
    """
    if any(is_kind(kind) for is_kind in AS_DECLARED):
        return kind
    if text_reader(kind):
        return pa.string()
    if depth < DEEPEST and pa.types.is_list(kind) and not pa.types.is_null(kind.value_type):
        return pa.list_(_wire_field(kind.value_field, depth + 1))
    if depth < DEEPEST and pa.types.is_struct(kind) and len(set(kind.names)) == len(kind) <= MOST_FIELDS:
        return pa.struct([_wire_field(field, depth + 1) for field in kind])
    raise Refused(f"{kind} is not read fast")


AS_DECLARED = (
    pa.types.is_null,
    pa.types.is_boolean,
    pa.types.is_integer,
    pa.types.is_float64,
    pa.types.is_decimal128,
    pa.types.is_string,
)
