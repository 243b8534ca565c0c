"""What a query job is asked, and how its CSV becomes the columns of a question.

The Bulk API sends no compound columns, such as addresses: their parts are asked for instead, and they are
made of these.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc

from ...arrow import delimited
from ...arrow.schema import merge, struct_array, to_record_batch
from ...canonical import Context
from ...entity import Column
from . import soql
from .chunks import Rows
from .question import Question


def statement(question: Question, after: str = "") -> str:
    """The SOQL of a job for the records after a key.

    With an order, which keeps Salesforce from dividing the work, only for a limit, or to go on later.
    """
    query = question.query
    order = "" if query.limit is None and query.resume is None else "Id"
    return question.statement(
        sent(question.columns), *soql.between(after, ""), order=order, limit=question.limit
    )


def rows(question: Question, context: Context, limit: int, body: bytes, encoding: str | None) -> Rows:
    """The records in a body of CSV, of at most `limit` bytes; called in a worker thread."""
    found, lasts, schema = [], [], question.schema
    for texts in delimited.texts(body, encoding, sent(question.columns), limit=limit):
        batch = assembled(texts, question.schema, question.columns)
        schema = merge(schema, batch.schema)
        found.append(question.shaped(batch, context))
        lasts.append(texts["Id"][-1].as_py() if texts.num_rows else "")
    return Rows(found, schema, lasts)


def closed(question: Question) -> str:
    """Why no job will do, in words; '' where one will."""
    if path := missing(question.columns):
        return f"the Bulk API has no {path}, nor its parts"
    if question.query.limit is not None and not question.condition.exact:
        return "a job cannot stop when enough records are found"
    return ""


def sent(columns: Mapping[str, Column]) -> list[str]:
    """What a job selects for these columns: in the place of a compound one its parts, each name once."""
    return list(dict.fromkeys(name for path, column in columns.items() for name in _names(path, column)))


def missing(columns: Mapping[str, Column]) -> str | None:
    """The first compound column whose parts nobody described; None where there is none."""
    return next((path for path, it in columns.items() if pa.types.is_struct(it.type) and not it.source), None)


def assembled(texts: pa.RecordBatch, schema: pa.Schema, columns: Mapping[str, Column]) -> pa.RecordBatch:
    """The columns of `schema`, typed, out of texts by the names that were `sent`."""
    arrays = [_array(texts, field.name, field.type, columns[field.name]) for field in schema]
    fields = [
        field.with_type(array.type).with_nullable(field.nullable or array.null_count > 0)
        for field, array in zip(schema, arrays, strict=True)
    ]
    return to_record_batch(arrays, pa.schema(fields), texts.num_rows)


def _array(texts: pa.RecordBatch, path: str, kind: pa.DataType, column: Column) -> pa.Array:
    if not pa.types.is_struct(kind):
        return delimited.typed(texts.column(path), kind)
    names = _names(path, column)
    parts = [_part(texts, _called(names, field.name), field) for field in kind]
    is_null = reduce(pc.and_, [part.is_null() for part in parts])
    return struct_array(parts, list(kind), is_null)


def _part(texts: pa.RecordBatch, name: str | None, field: pa.Field) -> pa.Array:
    return (
        pa.nulls(texts.num_rows, field.type)
        if name is None
        else delimited.typed(texts.column(name), field.type)
    )


def _names(path: str, column: Column) -> list[str]:
    """A column's own name, or those of its parts, which stand beside it: `Owner.Address`, `Owner.City`."""
    if not pa.types.is_struct(column.type):
        return [path]
    head, dot, _ = path.rpartition(".")
    return [head + dot + part for part in column.source]


def _called(names: Iterable[str], part: str) -> str | None:
    """The column that holds a part: `BillingCity` or `Place__City__s` for `city`; None where none does."""
    return next((name for name in names if name.removesuffix("__s").lower().endswith(part.lower())), None)
