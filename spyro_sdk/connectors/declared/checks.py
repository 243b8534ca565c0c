"""What is looked for in the records of a page before they are handed on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ...arrow.select import column_at
from ...failure import shape_of
from ...reading import is_list_of_objects

DEEPEST = 4  # objects in objects that are looked through for lists of records
TEMPORARY = "\0cursor"  # no column is called so


def at(batch: pa.RecordBatch, path: str) -> Any:
    """The column at a dotted path, or what `flattened` made of it; None where there is none."""
    names, flat = batch.schema.names, path.replace(".", "_")
    return batch.column(flat) if path not in names and flat in names else column_at(batch, path)


def keys_of(batch: pa.RecordBatch, paths: Sequence[str]) -> Any:
    """The keys of the records, one value each; None where the records have no such column."""
    columns = [at(batch, path) for path in paths]
    if None in columns:
        return None
    if len(columns) == 1:
        return columns[0].drop_null()
    texts = [column.cast(pa.string()) for column in columns]
    return pc.binary_join_element_wise(*texts, " / ").drop_null()


def twice(keys: Any, before: Any) -> Any:
    """A key that comes twice: in this page, or in this one and the page before; None where none does."""
    if before is not None and before.type == keys.type:
        again = keys.filter(pc.is_in(keys, value_set=before))
        if len(again):
            return again[0].as_py()
    if len(pc.unique(keys)) == len(keys):
        return None
    counted = pc.value_counts(keys)
    return counted.field("values").filter(pc.greater(counted.field("counts"), 1))[0].as_py()


def seen_in(payload: Any) -> str:
    """What an answer looks like, and where records may stand in it."""
    lists = [f"{path!r} ({rows:,})" for path, rows in _lists(payload, "", 0)]
    where = f"; lists of objects stand at {', '.join(lists)}" if lists else "; no list of objects is in it"
    return shape_of(payload) + where


def _lists(payload: Any, path: str, depth: int) -> Iterator[tuple[str, int]]:
    if isinstance(payload, list):
        if payload and is_list_of_objects(payload):
            yield path or "$", len(payload)
    elif isinstance(payload, dict) and depth < DEEPEST:
        for name, value in payload.items():
            yield from _lists(value, f"{path}.{name}" if path else name, depth + 1)
