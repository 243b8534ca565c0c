"""The bytes of a page become a record batch: by a fast road where that is sure, else by the exact one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

import pyarrow as pa

from ..errors import DecodeError
from ..paging import dig
from . import compiled, envelope, fast, sample
from .exact import parse, to_batch
from .inflate import PAGE_LIMIT, beginning, inflate
from .schema import Kind

Road: TypeAlias = Callable[..., pa.RecordBatch]
"""Read the text of the records into a schema, or raise `fast.Refused`."""
FAST: tuple[Road, ...] = (compiled.read, fast.read)
"""The roads that may refuse a page, the fastest first."""


@dataclass(frozen=True, slots=True)
class Body:
    """The body of an answer, unzipped: what stands around its records, and the records, still undecoded."""

    payload: Any
    """The JSON around the records, exact. Their list in it is empty when `records` holds it."""
    records: memoryview | None
    """The JSON text of the list of records; None where it was not told apart, and `payload` is all of it."""
    text: bytes
    """All of the body."""
    path: str
    """Where the list of records is; '' where the answer is that list."""


def open_body(body: bytes, encoding: str | None, path: str = "", *, limit: int = PAGE_LIMIT) -> Body:
    """Unzip a body, and tell what stands around the list of records at dotted `path` from these.

    Raises `DecodeError` for a body that cannot be unzipped, to at most `limit` bytes, or is no JSON. What is
    wrong inside of the records turns up in `decode`, or here.
    """
    text = inflate(body, encoding, limit=limit)
    found = envelope.split(text, path)
    if found is None:
        return Body(parse(text), None, text, path)
    return Body(*found, text, path)


def nothing_at(path: str) -> Body:
    """What a body would be that has a list of no records at `path`."""
    payload: Any = []
    for step in reversed(path.split(".") if path else ()):
        payload = {step: payload}
    return Body(payload, None, json.dumps(payload).encode(), path)


def decode(
    body: Body, schema: pa.Schema | None, *, closed: bool = False, roads: Sequence[Road] = FAST
) -> pa.RecordBatch:
    """Turn the records of a body into a batch: the columns of `schema`, then those it does not know.

    `closed`: only what `schema` has is wanted, in the records and in the objects in them; all else is dropped
    on purpose, and on a fast road not even looked at. So pass it for a query whose columns hold an object
    only if the fields of that object are the only ones wanted too. Without it nothing is dropped: a field
    that `schema` does not know sends the page by the exact road, and is in the batch's schema afterwards.

    A column is wider than declared where a value needs it; see `exact.to_batch`. Raises `DecodeError` when
    the records are no list of objects.
    """
    if body.records is not None and schema is None:
        with suppress(fast.Refused):
            return sample.read(body.records)
    elif body.records is not None:
        for read in roads:
            with suppress(fast.Refused):
                return read(body.records, schema, closed=closed)
    return to_batch(_rows(body, schema), schema, closed=closed)


def ahead(start: bytes, encoding: str | None, path: str) -> dict[str, Any]:
    """What the first bytes of a body that is not complete say before its records at `path`.

    A dict of the complete values, nested as they are; {} where nothing can be told. Never raises.
    """
    return envelope.before(beginning(start, encoding), path)


def _rows(body: Body, schema: pa.Schema | None) -> list[Mapping[str, Any]]:
    keep_digits = any(_holds_decimals(field.type) for field in schema or ())
    is_read = body.records is None and not keep_digits
    rows = dig(body.payload if is_read else parse(body.text, keep_digits=keep_digits), body.path)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        place = f" at {body.path!r}" if body.path else ""
        raise DecodeError(f"the service answered without a list of records{place}")
    return rows


def _holds_decimals(kind: Kind) -> bool:
    if pa.types.is_nested(kind):
        return any(_holds_decimals(kind.field(place).type) for place in range(kind.num_fields))
    return bool(pa.types.is_decimal(kind))
