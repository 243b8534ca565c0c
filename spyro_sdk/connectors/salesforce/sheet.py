"""How the CSV of a query job becomes the columns of a question: compound ones are made of their parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc

from ...arrow import delimited
from ...arrow.schema import merge, struct_array, to_record_batch
from ...canonical import Context
from ...entity import Column
from .chunks import Rows
from .question import Question
from .selected import names_of, sent


def rows(question: Question, context: Context, limit: int, body: bytes, encoding: str | None) -> Rows:
    """The records in a body of CSV, of at most `limit` bytes; called in a worker thread."""
    found, lasts, schema = [], [], question.schema
    for texts in delimited.texts(body, encoding, sent(question.columns), limit=limit):
        batch = assembled(texts, question.schema, question.columns)
        schema = merge(schema, batch.schema)
        found.append(question.shaped(batch, context))
        lasts.append(texts["Id"][-1].as_py() if texts.num_rows else "")
    return Rows(found, schema, lasts)


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
    names = names_of(path, column)
    parts = [_part(texts, _called(names, field.name), field) for field in kind]
    is_null = reduce(pc.and_, [part.is_null() for part in parts])
    return struct_array(parts, list(kind), is_null)


def _part(texts: pa.RecordBatch, name: str | None, field: pa.Field) -> pa.Array:
    return (
        pa.nulls(texts.num_rows, field.type)
        if name is None
        else delimited.typed(texts.column(name), field.type)
    )


def _called(names: Iterable[str], part: str) -> str | None:
    """The column that holds a part: `BillingCity` or `Place__City__s` for `city`; None where none does."""
    return next((name for name in names if name.removesuffix("__s").lower().endswith(part.lower())), None)
