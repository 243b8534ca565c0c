"""The body of a page becomes a record batch, every value as it came.

This is the exact road: bytes → Python → Arrow, column by column. A column gets its declared type where all
its values fit, and the narrowest wider type where one does not (`schema.widen`). Nested values take the same
road: an object is a small batch, a list a small column.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import chain
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from ..errors import DecodeError
from .schema import (
    MOST_FIELDS,
    UNITS,
    Column,
    Field,
    Kind,
    Metadata,
    cast,
    list_array,
    struct_array,
    to_record_batch,
)
from .text import JSON_KINDS, cell_text, double, plain

DEEPEST = 32
"""Levels of nesting that become Arrow types; what lies deeper is kept as JSON text."""

ZIPPED = frozenset({"gzip", "x-gzip", "deflate"})
PAGE_LIMIT = 1 << 30  # bytes of one page, unzipped
RATIO = 100
"""Bytes out of each byte in that a page of records may have; a bomb has 200 to 1,000."""
UNSUSPICIOUS = 32 << 20  # bytes that may come out before the ratio is looked at
SLICE = 1 << 16  # bytes unzipped at a time
PIECE = 1 << 20  # bytes of memory asked for at a time

EXACT = 2**53
"""Up to here every whole number is a float; beyond, a float need not have the digits that were sent."""

FIRST_DAY, LAST_DAY = (
    -719162,
    2932896,
)  # 0001-01-01 and 9999-12-31, in days from 1970: all that Python can say
PER_DAY = {"s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}

TRAILING_ZEROS = r"(?:\.0+|(\.\d*[1-9])0+)(Z|[+-]\d\d(?::?\d\d)?)?$"
TIME_OF_DAY = r"^\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z?$"

Values: TypeAlias = Sequence[Any]
Reader: TypeAlias = Callable[[Values, Kind], Column]
"""Read values into a type; raise `ValueError` or `OverflowError` when one does not fit."""


def inflate(body: bytes, encoding: str | None, *, limit: int = PAGE_LIMIT) -> bytes:
    """Undo the Content-Encoding of a body; raise `DecodeError` before more than `limit` bytes are out."""
    for name in reversed((encoding or "identity").lower().split(",")):
        body = _inflate(body, name.strip(), limit)
    return body


def pieces(body: bytes, encoding: str | None, *, limit: int = PAGE_LIMIT) -> Iterable[bytes]:
    """Undo the Content-Encoding of a body a little at a time; raise as `inflate` does."""
    name = (encoding or "identity").strip().lower()
    return _pieces(body, name, limit) if name in ZIPPED else (inflate(body, encoding, limit=limit),)


def parse(body: bytes, *, exact_decimals: bool = False) -> Any:
    """Read a JSON body: ints exact at any size, floats as `Decimal` if `exact_decimals`.

    Raises `DecodeError` for all that is not one JSON value in UTF-8, and for an object that has one key twice
    with different values. A number beyond the range of a float comes as `Decimal`.
    """
    try:
        return json.loads(
            body.decode("utf-8-sig"),
            parse_float=Decimal if exact_decimals else _float,
            object_pairs_hook=_object,
        )
    except UnicodeDecodeError as error:
        wrong = f"it is not UTF-8 at byte {error.start:,} of {len(body):,}"
    except json.JSONDecodeError as error:
        wrong = _looks_like(body, error)
    except RecursionError:
        wrong = "it is nested too deep"
    except ValueError:  # Python refuses ints of more than 4,300 digits
        wrong = "it holds a number of thousands of digits"
    raise DecodeError(f"the service sent no JSON that can be read: {wrong}. It begins {_beginning(body)}")


def to_batch(rows: Sequence[Mapping[str, Any]], schema: pa.Schema | None = None) -> pa.RecordBatch:
    """Turn records into a batch: the columns of `schema`, then those it does not know, as they first appear.

    A column is wider than declared where a value needs it. Objects, lists and numbers in a column of texts
    are their JSON. Ints beyond 64 bits are decimal128(38, 0). A moment without a zone is none in a column
    with one, nor the other way round: such a column becomes text, for nobody knows which zone is meant.
    """
    declared = {field.name: field for field in schema or ()}
    try:
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
    kinds = set(map(type, values))
    if not kinds <= JSON_KINDS:
        values = [plain(value) for value in values]
        kinds = set(map(type, values))
    kinds.discard(type(None))
    if not kinds:
        return pa.nulls(len(values), declared or pa.null())
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
        return Decimal(digits)


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
    if value != int(value) or (type(value) is float and abs(value) > EXACT):
        raise ValueError(f"{value} is not whole, or was rounded when it became a float")
    return int(value)


def _read_float(values: Values, to: Kind) -> Column:
    return pa.array([double(value) if type(value) is Decimal else value for value in values], to)


def _read_decimal(values: Values, to: Kind) -> Column:
    return _texts(values).cast(to)  # by its shortest text a float is what was sent: 0.1 is 0.1


def _read_date(values: Values, to: Kind) -> Column:
    return sayable(pa.array(values, pa.string()).cast(to), 1)


def _read_timestamp(values: Values, to: Kind) -> Column:
    moments = pa.array(values, pa.string())
    try:
        return _moments(moments, to)
    except pa.ArrowInvalid:
        return _read_fine_timestamp(moments, to)


def _read_fine_timestamp(moments: Column, to: Kind) -> Column:
    """In the first unit that holds all digits but trailing zeros; Arrow reads no more than the unit has."""
    moments = pc.replace_substring_regex(moments, TRAILING_ZEROS, r"\1\2")
    for unit in UNITS[UNITS.index(to.unit) :]:
        finer: Kind = pa.timestamp(unit, to.tz)
        try:
            return _moments(moments, finer)
        except pa.ArrowInvalid:
            continue
    raise ValueError("not a moment")


def _moments(texts: Column, kind: Kind) -> Column:
    if kind.unit == "ns":  # what lies beyond the years of nanoseconds, pyarrow 20 turns into another year
        ends = pc.min_max(texts)
        if ends["min"].as_py() < "1678" or ends["max"].as_py() >= "2262":
            raise ValueError("not in the years of nanoseconds")
    return sayable(texts.cast(kind), PER_DAY[kind.unit])


def _read_time(values: Values, to: Kind) -> Column:
    """A time of day; a Z behind it says nothing, for a time without a day has no zone."""
    times = pa.array(values, pa.string())
    if not pc.all(pc.match_substring_regex(times, TIME_OF_DAY)).as_py():
        raise ValueError("not a time of day")
    times = pc.replace_substring_regex(times, TRAILING_ZEROS, r"\1\2")
    moments: Column = pc.replace_substring_regex(times, r"^(.*?)Z?$", r"1970-01-01T\1")
    return moments.cast(pa.timestamp(to.unit)).cast(to)


def sayable(moments: Column, per_day: int) -> Column:
    """The dates or times themselves; `ValueError` where one is beyond what Python can say."""
    ends = pc.min_max(moments.cast(pa.int32() if per_day == 1 else pa.int64()))
    if ends["min"].as_py() < FIRST_DAY * per_day or ends["max"].as_py() >= (LAST_DAY + 1) * per_day:
        raise ValueError("not in the years 1 to 9999")
    return moments


READERS: tuple[tuple[Callable[[Kind], bool], frozenset[type], Reader], ...] = (
    (pa.types.is_string, frozenset({str}), _read_plain),
    (pa.types.is_boolean, frozenset({bool}), _read_plain),
    (pa.types.is_integer, frozenset({int}), _read_plain),
    (pa.types.is_integer, frozenset({int, float, Decimal}), _read_whole),
    (pa.types.is_float64, frozenset({int, float}), _read_plain),
    (pa.types.is_float64, frozenset({int, float, Decimal}), _read_float),
    (pa.types.is_decimal128, frozenset({int, float, Decimal, str}), _read_decimal),
    (pa.types.is_date32, frozenset({str}), _read_date),
    (pa.types.is_timestamp, frozenset({str}), _read_timestamp),
    (pa.types.is_time, frozenset({str}), _read_time),
)
"""For each declared type the kinds of values that may fit it, and how they are read."""


# --- unzipping -----------------------------------------------------------------------------------------


def _inflate(body: bytes, encoding: str, limit: int) -> bytes:
    if encoding == "identity":
        if len(body) > limit:
            raise _too_big(limit)
        return body
    if encoding not in ZIPPED:
        raise DecodeError(f"the body is encoded as {encoding[:60]!r}; only gzip and deflate can be read")
    return b"".join(_pieces(body, encoding, limit))


def _pieces(body: bytes, encoding: str, limit: int) -> Iterable[bytes]:
    try:
        yield from _unzipped(body, encoding, limit)
    except zlib.error as error:
        raise DecodeError(f"the {encoding} body is damaged: {error}") from None


def _unzipped(body: bytes, encoding: str, limit: int) -> Iterable[bytes]:
    """Unzip a little at a time, so that a bomb is known before it fills the memory."""
    unzip = zlib.decompressobj(_window(body, encoding))
    size, at = 0, 0
    while at < len(body):
        tail = body[at : at + SLICE]
        at += len(tail)
        piece = None
        while not unzip.eof and (tail or piece):
            piece = unzip.decompress(tail, PIECE)
            tail = unzip.unconsumed_tail
            size += len(piece)
            if size > limit or size > max(UNSUSPICIOUS, RATIO * at):
                raise _too_big(limit)
            yield piece
        if unzip.eof:
            at -= len(unzip.unused_data)
            if not body[at : at + 1].strip(b"\0") and not body[at:].strip(b"\0"):  # some pad with zeros
                return
            unzip = zlib.decompressobj(_window(body, encoding))  # gzip members may follow each other
    raise DecodeError(f"the {encoding} body is cut short after {len(body):,} bytes")


def _window(body: bytes, encoding: str) -> int:
    """What zlib calls wbits; `deflate` is sent with a zlib header or, against RFC 9110 §8.4.1.2, without."""
    if encoding != "deflate":
        return 31
    header = int.from_bytes(body[:2])
    return 15 if header % 31 == 0 and header >> 8 & 15 == 8 else -15  # RFC 1950 §2.2


def _too_big(limit: int) -> DecodeError:
    return DecodeError(
        f"the body unzips to more than {limit:,} bytes, or {RATIO} times its size: no page of records does"
    )


# --- stub until the fast road lands ---
from dataclasses import dataclass  # noqa: E402

from ..paging import dig  # noqa: E402


@dataclass(frozen=True, slots=True)
class Body:
    payload: Any
    path: str = ""
    records: bytes | None = None


def open_body(body: bytes, encoding: str | None, path: str = "") -> Body:
    return Body(parse(inflate(body, encoding)), path)


def decode(body: Body, schema: pa.Schema | None, *, closed: bool = False) -> pa.RecordBatch:
    rows = dig(body.payload, body.path)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise DecodeError("the records are no list of objects")
    return to_batch([pruned(row, schema) for row in rows] if closed else rows, schema)


def pruned(row: Any, schema: Any) -> Any:
    if not isinstance(row, dict):
        return row
    kinds = {f.name: f.type for f in schema}
    return {
        name: pruned(row[name], kind) if pa.types.is_struct(kind) else row[name]
        for name, kind in kinds.items()
        if name in row
    }


def ahead(start: bytes, encoding: str | None, path: str) -> Any:
    return {}
