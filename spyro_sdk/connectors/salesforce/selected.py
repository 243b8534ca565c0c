"""What a query job selects.

The Bulk API sends no compound columns, such as addresses: their parts are asked for instead.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from ...entity import Column
from . import soql
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


def closed(question: Question) -> str:
    """Why no job will do, in words; '' where one will."""
    if path := missing(question.columns):
        return f"the Bulk API has no {path}, nor its parts"
    if question.query.limit is not None and not question.condition.exact:
        return "a job cannot stop when enough records are found"
    return ""


def sent(columns: Mapping[str, Column]) -> list[str]:
    """What a job selects for these columns: in the place of a compound one its parts, each name once."""
    return list(dict.fromkeys(name for path, column in columns.items() for name in names_of(path, column)))


def missing(columns: Mapping[str, Column]) -> str | None:
    """The first compound column whose parts nobody described; None where there is none."""
    return next((path for path, it in columns.items() if pa.types.is_struct(it.type) and not it.source), None)


def names_of(path: str, column: Column) -> list[str]:
    """A column's own name, or those of its parts, which stand beside it: `Owner.Address`, `Owner.City`."""
    if not pa.types.is_struct(column.type):
        return [path]
    head, dot, _ = path.rpartition(".")
    return [head + dot + part for part in column.source]
