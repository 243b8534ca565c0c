"""Whether a table holds exactly the records of a store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any

import pyarrow as pa

from .store import Record, Shape, records


def assert_arrived(table: pa.Table, shape: Shape, count: int) -> None:
    """Every record once, and each of its values."""
    sent = [shape(it) for it in records(count)]
    assert doubled(table["id"].to_pylist() if count else []) == []
    assert Counter(table["id"].to_pylist() if count else []) == Counter(it["id"] for it in sent)
    if count:
        assert table.sort_by("id").equals(_expected(table.schema, shape, count))


def doubled(keys: Iterable[Any]) -> list[Any]:
    """Those that are there more than once."""
    return [key for key, times in Counter(keys).items() if times > 1]


@cache
def _expected(schema: pa.Schema, shape: Shape, count: int) -> pa.Table:
    """The records as a table of these columns, in the order of their keys; nothing is left out or cut."""
    sent = [shape(it) for it in records(count)]
    assert {name for it in sent for name in it} == set(schema.names)
    rows = [{field.name: _as(field.type, it[field.name]) for field in schema} for it in sent]
    table = pa.Table.from_pylist(rows, schema=schema)
    assert table.to_pylist() == rows  # pyarrow drops what a schema does not know without a word
    return table.sort_by("id")


def _as(kind: pa.DataType, value: Record | Any) -> Any:
    """A moment for a text where the column has moments."""
    if value is not None and pa.types.is_timestamp(kind):
        return datetime.fromisoformat(value)
    return value
