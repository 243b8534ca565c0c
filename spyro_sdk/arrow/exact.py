"""The exact road of a page: bytes → Python → Arrow, column by column, every value as it came.

A column gets its declared type where all its values fit, and the narrowest wider type where one does not
(`schema.widen`). Nested values take the same road: an object is a small batch, a list a small column.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from itertools import chain
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from ..errors import DecodeError
from .moments import TextReader, read_date, read_time, read_timestamp
from .schema import (
    MOST_DIGITS,
    MOST_FIELDS,
    Column,
    Field,
    Kind,
    Metadata,
    cast,
    list_array,
    struct_array,
    to_record_batch,
)
from .text import JSON_KINDS, Digits, cell_text, decimal, double, plain

DEEPEST = 32
"""Levels of nesting that become Arrow types; what lies deeper is kept as JSON text."""

MANY_PLACES = r"[eE]-\d{2}|\.\d{20}"
"""How a number may be written that has more places than a decimal; most that are written so have not."""
EXACT = 2**53
"""Up to here every whole number is a float; beyond, a float need not have the digits that were sent."""

Values: TypeAlias = Sequence[Any]
Reader: TypeAlias = Callable[[Values, Kind], Column]
"""Read values into a type; raise `ValueError` or `OverflowError` when one does not fit."""


def parse(body: bytes, *, keep_digits: bool = False) -> Any:
    """Read a JSON body: ints exact at any size; floats remember their digits if `keep_digits`.

    Raises `DecodeError` for all that is not one JSON value in UTF-8, and for an object that has one key twice
    with different values. A number beyond the range of a float comes as `Decimal`.
    """
    try:
        return json.loads(
            body.decode("utf-8-sig"),
            parse_float=_digits if keep_digits else _float,
            object_pairs_hook=_object,
        )
    except UnicodeDecodeError as error:
        wrong = f"it is not UTF-8 at byte {error.start:,} of {len(body):,}"
    except json.JSONDecodeError as error:
        wrong = _looks_like(body, error)
    except RecursionError:
        wrong = "it is nested too deep"
    except ValueError:  # Python refuses ints of more than 4,300 digits, and exponents of more than 18
        wrong = "it holds a number that is beyond all bounds"
    raise DecodeError(f"the service sent no JSON that can be read: {wrong}. It begins {_beginning(body)}")


def to_batch(
    rows: Sequence[Mapping[str, Any]], schema: pa.Schema | None = None, *, closed: bool = False
) -> pa.RecordBatch:
    """Turn records into a batch: the columns of `schema`, then those it does not know, as they first appear.

    `closed`: what `schema` does not know is not wanted, in the records and in the objects in them.
    A column is wider than declared where a value needs it. Objects, lists and numbers in a column of texts
    are their JSON. Ints beyond 64 bits are decimal128(38, 0). A moment without a zone is none in a column
    with one, nor the other way round: such a column becomes text, for nobody knows which zone is meant.
    """
    declared = {field.name: field for field in schema or ()}
    try:
        if closed and schema is not None:
            wanted = pa.struct(list(schema))
            rows = [_pruned(row, wanted) for row in rows]
        columns, fields = _columns(rows, declared, 0)
    except RecursionError:
        raise DecodeError("a record is nested too deep") from None
    except UnicodeEncodeError as error:
        raise DecodeError(
            f"the text {error.object[:60]!a} holds half a character (a lone surrogate), which no table"
            " can hold: ask for the other columns only"
        ) from None
    metadata: Metadata = schema.metadata if schema is not None else None
    return to_record_batch(columns, pa.schema(fields, metadata), len(rows))


def column(values: Values, declared: Kind | None = None, depth: int = 0) -> Column:
    """Turn values into a column of the declared type, or of the narrowest that holds all of them."""
    if declared is not None and pa.types.is_decimal128(declared):
        values = [value.exact if type(value) is Digits else value for value in values]
    kinds = set(map(type, values))
    if not kinds <= JSON_KINDS:
        values = [plain(value) for value in values]
        kinds = set(map(type, values))
    kinds.discard(type(None))
    if not kinds:
        return pa.nulls(len(values), pa.null() if declared is None else declared)
    if kinds in ({list}, {dict}):
        found = _nested(values, kinds, declared, depth)
    else:
        read = _read(values, kinds, declared) if declared is not None else None
        if read is not None:
            return read
        found = _infer(values, kinds)
    wide = found if declared is None else cast(found, declared)
    return _texts(values) if pa.types.is_string(wide.type) else wide


# --- from JSON -----------------------------------------------------------------------------------------


def _float(digits: str) -> float | Decimal:
    try:
        return double(digits)
    except ValueError:
        return decimal(digits)


def _digits(digits: str) -> float | Decimal:
    value = _float(digits)
    return value if isinstance(value, Decimal) else Digits(digits)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        for key, value in pairs:
            if cell_text(record[key]) != cell_text(value):
                raise DecodeError(f"the service sent an object with two values for the key {key[:60]!r}")
    return record


def _looks_like(body: bytes, error: json.JSONDecodeError) -> str:
    start = body.lstrip(b"\xef\xbb\xbf \t\r\n")[:60].lower()
    if not start:
        return "the body is empty"
    if start.startswith((b"<!doctype html", b"<html")):
        return "it is an HTML page, perhaps a login page"
    if start.startswith(b"<"):
        return "it looks like XML"
    if not start.startswith((b"{", b"[")):
        return "it is some other text"
    if error.pos >= len(error.doc.rstrip()) or error.msg.startswith("Unterminated"):
        return f"it is cut short after {len(body):,} bytes"
    return f"{error.msg} at character {error.pos:,}"


def _beginning(body: bytes) -> str:
    return repr(body[:60].decode(errors="replace"))


# --- from rows -----------------------------------------------------------------------------------------


def _columns(
    rows: Sequence[Mapping[str, Any]], declared: Mapping[str, Field], depth: int
) -> tuple[list[Column], list[Field]]:
    columns, fields = [], []
    for name in dict.fromkeys(chain(declared, chain.from_iterable(rows))):
        if type(name) is not str:
            raise DecodeError(f"a record holds the key {name!r}, which is not a text")
        field = declared.get(name)
        values = column([row.get(name) for row in rows], field.type if field else None, depth)
        field = field or pa.field(name, values.type)
        columns.append(values)
        fields.append(field.with_type(values.type).with_nullable(field.nullable or values.null_count > 0))
    return columns, fields


def _pruned(value: Any, kind: Kind) -> Any:
    """What `kind` has fields for, of an object or a list of objects; anything else as it is."""
    if pa.types.is_struct(kind) and isinstance(value, Mapping):
        return {field.name: _pruned(value[field.name], field.type) for field in kind if field.name in value}
    if pa.types.is_list(kind) and isinstance(value, list):
        return [_pruned(item, kind.value_type) for item in value]
    return value


def _nested(values: Values, kinds: set[type], declared: Kind | None, depth: int) -> Column:
    if depth == DEEPEST:
        return _texts(values)
    return (_lists if list in kinds else _structs)(values, declared, depth + 1)


def _lists(values: Values, declared: Kind | None, depth: int) -> Column:
    field = pa.field("item", pa.null())
    if declared is not None and pa.types.is_list(declared):
        field = declared.value_field
    items = column(list(chain.from_iterable(filter(None, values))), field.type, depth)
    lengths = pa.array([None if value is None else len(value) for value in values], pa.int32())
    return list_array(items, field, lengths)


def _structs(values: Values, declared: Kind | None, depth: int) -> Column:
    fields = list(declared) if declared is not None and pa.types.is_struct(declared) else []
    objects = [value or {} for value in values]
    if len(set(chain.from_iterable(objects))) > MOST_FIELDS:
        return _texts(values)
    columns, fields = _columns(objects, {field.name: field for field in fields}, depth)
    return struct_array(columns, fields, pa.array([value is None for value in values]))


def _infer(values: Values, kinds: set[type]) -> Column:
    """The narrowest type for scalars that nobody declared; texts for a mixture."""
    try:
        if kinds == {str}:
            return pa.array(values, pa.string())
        if kinds == {bool}:
            return pa.array(values, pa.bool_())
        if kinds == {int}:
            return _integers(values)
        if kinds <= {int, float}:
            return pa.array(values, pa.float64())  # Arrow refuses ints beyond 2^53
        if kinds <= {int, Decimal}:
            return _decimals(values)
    except (ValueError, OverflowError):
        pass
    return _texts(values)


def _integers(values: Values) -> Column:
    try:
        return pa.array(values, pa.int64())
    except OverflowError:
        return pa.array(values, pa.decimal128(38, 0))


def _decimals(values: Values) -> Column:
    found = pa.array([None if value is None else Decimal(value) for value in values])
    if not pa.types.is_decimal128(found.type):
        raise ValueError("more digits than a decimal128 has")
    return found


def _texts(values: Values) -> Column:
    return pa.array([cell_text(value) for value in values], pa.string())


# --- by declared type ----------------------------------------------------------------------------------


def _read(values: Values, kinds: set[type], to: Kind) -> Column | None:
    """Read scalars into the declared type; None when one does not fit."""
    for is_kind, fitting, read in READERS:
        if is_kind(to) and kinds <= fitting:
            try:
                return read(values, to)
            except (ValueError, OverflowError):  # ArrowInvalid is a ValueError
                return None
    return None


def _read_plain(values: Values, to: Kind) -> Column:
    return pa.array(values, to)


def _read_whole(values: Values, to: Kind) -> Column:
    return pa.array([_whole(value) for value in values], to)  # `pa.array` itself cuts 2.5 down to 2


def _whole(value: Any) -> int | None:
    if value is None:
        return None
    if type(value) is Decimal and value.adjusted() > MOST_DIGITS:
        raise ValueError(
            f"{value} is beyond all types"
        )  # int(value) has as many digits: it may take for ever
    if value != int(value) or (type(value) is float and abs(value) > EXACT):
        raise ValueError(f"{value} is not whole, or was rounded when it became a float")
    return int(value)


def _read_float(values: Values, to: Kind) -> Column:
    return pa.array([double(value) if type(value) is Decimal else value for value in values], to)


def _read_decimal(values: Values, to: Kind) -> Column:
    return decimals(_texts(values), to)  # by its shortest text a float is what was sent: 0.1 is 0.1


def decimals(texts: Column, to: Kind) -> Column:
    """Read texts as decimals; `ValueError` for a number that has more places than any decimal.

    Of those Arrow makes zeros now and then, and on some of them it crashes.
    """
    if pc.any(pc.match_substring_regex(texts, MANY_PLACES)).as_py():
        texts = pa.array([None if text is None else _placed(text) for text in texts.to_pylist()], pa.string())
    return texts.cast(to)


def _placed(text: str) -> str:
    """The number without an exponent, and without zeros at its end; what is none Arrow will refuse."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    if number and abs(number.adjusted()) > MOST_DIGITS:  # written out it may fill the memory
        raise ValueError("more digits or places than a decimal has")
    plain_text = f"{number:f}" if number else "0"
    places = plain_text.partition(".")[2].rstrip("0")
    if len(places) > MOST_DIGITS:
        raise ValueError("more places than a decimal has")
    return f"{plain_text.partition('.')[0]}.{places}" if places else plain_text.partition(".")[0]


def _read_text(read: TextReader) -> Reader:
    return lambda values, to: read(pa.array(values, pa.string()), to)


READERS: tuple[tuple[Callable[[Kind], bool], frozenset[type], Reader], ...] = (
    (pa.types.is_string, frozenset({str}), _read_plain),
    (pa.types.is_boolean, frozenset({bool}), _read_plain),
    (pa.types.is_integer, frozenset({int}), _read_plain),
    (pa.types.is_integer, frozenset({int, float, Decimal}), _read_whole),
    (pa.types.is_float64, frozenset({int, float}), _read_plain),
    (pa.types.is_float64, frozenset({int, float, Decimal}), _read_float),
    (pa.types.is_decimal128, frozenset({int, float, Decimal, str}), _read_decimal),
    (pa.types.is_date32, frozenset({str}), _read_text(read_date)),
    (pa.types.is_timestamp, frozenset({str}), _read_text(read_timestamp)),
    (pa.types.is_time, frozenset({str}), _read_text(read_time)),
)
"""For each declared type the kinds of values that may fit it, and how they are read."""
