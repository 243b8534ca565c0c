"""CSV becomes record batches of described types, every value as it came.

A block of the text is cut where a record ends and read into columns of texts, null where a cell is empty.
Each column then gets its type at once where every value has it in the usual spelling; where one has not, it
takes the exact road (`exact.column`) and is as wide as its values need. So the same values give the same
columns whether they came as CSV or as JSON.
"""

from __future__ import annotations

import re
import secrets
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from ..errors import DecodeError
from .exact import EXACT, column, decimals
from .inflate import PAGE_LIMIT, pieces
from .moments import PER_DAY, sayable
from .schema import Column, Kind, is_number, to_record_batch
from .text import decimal, double

BLOCK = 4 << 20  # bytes of CSV that become one batch
LAST = secrets.token_hex(8).encode()
"""A cell that no answer has, for none can know it."""
CUT = "the service sent CSV that is cut short within quotes"
INTEGER = re.compile(r"-?\d{1,4300}")  # more digits Python refuses
REAL = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
NOT_ZERO = r"^[^eE]*[1-9]"

Read: TypeAlias = Callable[[Column, Kind], Column]
"""Read a column of texts into a type; raise `ValueError` where one does not fit."""


def texts(
    body: bytes,
    encoding: str | None,
    names: Sequence[str],
    *,
    block: int = BLOCK,
    limit: int = PAGE_LIMIT,
) -> Iterator[pa.RecordBatch]:
    """Yield the records of a CSV body in columns of texts called `names`, null where a cell is empty.

    The first line may be a header, which then tells the order of the columns; without one it is that of
    `names`. Raises `DecodeError` for a body with other columns, cut short, or not in UTF-8, and `LimitError`
    for one that unzips to more than `limit` bytes.
    """
    blocks = _marked(_blocks(pieces(body, encoding, limit=limit), block))
    batches = chain.from_iterable(_parsed(each, len(names)) for each in blocks)
    if (first := next(batches, None)) is None:
        return
    header = _header(first, names)
    order = header or list(names)
    for batch in chain([first.slice(1) if header else first], batches):
        yield batch.rename_columns(order).select(list(names))


def typed(values: Column, kind: Kind) -> Column:
    """Give a column of texts the type `kind`, or the narrowest wider one that holds all its values.

    A list is its items with semicolons between them.
    """
    if values.null_count == len(values):
        return pa.nulls(len(values), kind)
    for is_kind, read in READERS:
        if is_kind(kind):
            try:
                return read(values, kind)
            except (ValueError, pa.ArrowNotImplementedError):  # ArrowInvalid is the former
                break
    return column([_plain(text, kind) for text in values.to_pylist()], kind)


def to_batch(records: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Give columns of texts the types of `schema`, or wider ones."""
    columns = [typed(records.column(field.name), field.type) for field in schema]
    fields = [
        field.with_type(values.type).with_nullable(field.nullable or values.null_count > 0)
        for field, values in zip(schema, columns, strict=True)
    ]
    metadata: Any = schema.metadata
    return to_record_batch(columns, pa.schema(fields, metadata), records.num_rows)


# --- from CSV ------------------------------------------------------------------------------------------


def _blocks(parts: Iterable[bytes], size: int) -> Iterator[memoryview]:
    """Cut a body into blocks of whole records, so that it need not be in memory twice."""
    rest = b""
    for part in parts:
        rest += part
        start = 0
        for end in _ends(rest, size):
            yield memoryview(rest)[start:end]
            start = end
        rest = rest[start:]
    if rest.count(b'"') % 2:  # Arrow takes half a cell at the end for a whole one
        raise DecodeError(CUT)
    if rest.strip(b"\r\n"):
        yield memoryview(rest)


def _marked(blocks: Iterable[memoryview]) -> Iterator[memoryview | bytes]:
    """The blocks, so that Arrow drops a byte order mark where the body begins, and nowhere else."""
    for number, block in enumerate(blocks):
        is_marked = number and bytes(block[: len(BOM_UTF8)]) == BOM_UTF8
        yield b"".join((BOM_UTF8, block)) if is_marked else block


def _ends(text: bytes, size: int) -> Iterator[int]:
    """Where blocks of about `size` may end; longer where a record is longer."""
    start, stop = 0, size
    while stop <= len(text):
        if end := _end(text, start, stop):
            yield end
            start, stop = end, end
        stop += size


def _end(text: bytes, start: int, stop: int) -> int:
    """Where the last whole record between two places ends: after a line break outside quotes; 0 for none."""
    quotes = text.count(b'"', start, stop)
    while (at := text.rfind(b"\n", start, stop)) >= 0:
        quotes -= text.count(b'"', at, stop)
        if quotes % 2 == 0:
            return at + 1
        stop = at
    return 0


def _parsed(block: memoryview | bytes, width: int) -> list[pa.RecordBatch]:
    """The records of a block as one batch; none where it has only empty lines.

    Arrow takes half a cell at the end for a whole one, also where a stray quote makes their number even. So a
    record of our own is put behind the block: where it does not come out as the last, a cell was open.
    """
    names = [str(place) for place in range(width)]
    text = b"".join((block, b"\n" if block[-1:] != b"\n" else b"", LAST, b"," * (width - 1), b"\n"))
    try:
        table = csv.read_csv(
            pa.BufferReader(text),
            csv.ReadOptions(use_threads=False, block_size=len(text) + 1, column_names=names),
            csv.ParseOptions(newlines_in_values=True),
            csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), null_values=[""], strings_can_be_null=True
            ),
        )
    except pa.ArrowInvalid:  # whose words may hold whole records
        raise DecodeError(
            f"the service sent no CSV of {width:,} columns in UTF-8. It begins"
            f" {bytes(block[:60]).decode(errors='replace')!r}"
        ) from None
    count = len(table) - 1
    if table.column(0)[count].as_py() != LAST.decode():
        raise DecodeError(CUT)
    batches: list[pa.RecordBatch] = table.slice(0, count).combine_chunks().to_batches()
    return batches


def _header(first: pa.RecordBatch, names: Sequence[str]) -> list[str] | None:
    """The columns in the order of the first line; None where that is a record already."""
    spelt = {name.lower(): name for name in names}
    line = [str(values[0].as_py()).lower() for values in first.columns]
    return [spelt[name] for name in line] if sorted(line) == sorted(spelt) else None


# --- by described type ---------------------------------------------------------------------------------


def _read_text(values: Column, to: Kind) -> Column:
    return values


def _read_boolean(values: Column, to: Kind) -> Column:
    is_true = pc.equal(values, "true")
    if not pc.all(pc.or_(is_true, pc.equal(values, "false"))).as_py():
        raise ValueError("neither true nor false")
    return is_true


def _read_integer(values: Column, to: Kind) -> Column:
    found = values.cast(to)
    if not found.cast(pa.string()).equals(values):
        raise ValueError("another spelling of a number, such as 0x10")
    return found


def _read_float(values: Column, to: Kind) -> Column:
    """Read numbers that floats hold for sure; what is huge or tiny has to be looked at."""
    found = values.cast(to)
    ends = pc.min_max(pc.abs(found))
    if not pc.all(pc.is_finite(found)).as_py() or ends["max"].as_py() >= EXACT:
        raise ValueError("perhaps a whole number beyond those that floats hold")
    if ends["min"].as_py() == 0:
        zeros = values.filter(pc.equal(found, 0.0))
        if pc.any(pc.match_substring_regex(zeros, NOT_ZERO)).as_py():
            raise ValueError("too small for a float")
    return found


def _read_date(values: Column, to: Kind) -> Column:
    return sayable(values.cast(to), 1)


def _read_timestamp(values: Column, to: Kind) -> Column:
    return sayable(values.cast(to), PER_DAY[to.unit])


def _read_list(values: Column, to: Kind) -> Column:
    return pc.split_pattern(values, ";").cast(to)


def _plain(text: str | None, kind: Kind) -> Any:
    """A cell as JSON would have it for a column of that type."""
    if text is None:
        return None
    if pa.types.is_boolean(kind):
        return {"true": True, "false": False}.get(text, text)
    if pa.types.is_list(kind):
        return [_plain(item, kind.value_type) for item in text.split(";")]
    return _number(text, exact=pa.types.is_decimal(kind)) if is_number(kind) else text


def _number(text: str, *, exact: bool) -> Any:
    """The number that a text is, a fraction as `Decimal` where `exact`; the text where it is none."""
    if INTEGER.fullmatch(text):
        return int(text)
    if not REAL.fullmatch(text):
        return text
    with suppress(ValueError):
        return decimal(text) if exact else double(text)
    with suppress(ValueError):
        return decimal(text)
    return text


READERS: tuple[tuple[Callable[[Kind], bool], Read], ...] = (
    (pa.types.is_string, _read_text),
    (pa.types.is_boolean, _read_boolean),
    (pa.types.is_integer, _read_integer),
    (pa.types.is_float64, _read_float),
    (pa.types.is_decimal128, decimals),
    (pa.types.is_date32, _read_date),
    (lambda kind: pa.types.is_timestamp(kind) and kind.unit != "ns", _read_timestamp),
    (pa.types.is_list, _read_list),
)
"""For each type how its usual spelling is read."""
