"""What a filter's columns are in an Arrow schema, and its values as their types want them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from typing import TypeAlias

import pyarrow as pa

from ..errors import ValidationError, did_you_mean, some
from .tree import IsNull, Leaf, Like, Membership
from .values import Value, day, moment, written

Fit: TypeAlias = Callable[[Value], Value | None]
"""The value as a type wants it; None if the two have nothing to do with each other."""


def fitted(leaf: Leaf, schema: pa.Schema, text: str) -> Leaf:
    """The leaf with values of its column's type; raises `ValidationError` where there can be none."""
    refusal = partial(ValidationError, field=leaf.column, value=text)
    found = find(schema, leaf.column)
    if found is None:
        raise refusal(_absence(leaf.column, [*_names(schema)]))
    kind = bare(found[1])
    wanted, fit = next(((wanted, fit) for is_kind, wanted, fit in FITS if is_kind(kind)), ("", None))
    if isinstance(leaf, IsNull):
        return leaf
    if fit is None:
        raise refusal(f"{leaf.column} is {kind}; only 'is null' and 'is not null' can be asked of it")
    if isinstance(leaf, Like):
        if fit not in (_text, _anything):
            raise refusal(f"{leaf.column} is {kind}; 'like' is for text")
        return leaf
    asked = leaf.values if isinstance(leaf, Membership) else (leaf.value,)
    settled = tuple(value for value in map(fit, asked) if value is not None)
    if len(settled) < len(asked):
        misfit = next(value for value in asked if fit(value) is None)
        raise refusal(f"{leaf.column} is {kind}; compare it with {wanted}, not {_shown(misfit)}")
    return replace(leaf, values=settled) if isinstance(leaf, Membership) else replace(leaf, value=settled[0])


def find(fields: Iterable[pa.Field], column: str) -> tuple[list[int], pa.DataType] | None:
    """Where a column is, one index for each level of structs, and its type.

    `a.b` is the column of that name, if there is one, before it is the field `b` of a struct `a`.
    """
    fields = list(fields)
    for index, field in enumerate(fields):
        if field.name == column:
            return [index], field.type
    for index, field in enumerate(fields):
        below = column.removeprefix(field.name + ".")
        inner = find(field.type, below) if pa.types.is_struct(field.type) and below != column else None
        if inner:
            return [index, *inner[0]], inner[1]
    return None


def bare(kind: pa.DataType) -> pa.DataType:
    """The type of the values themselves, whether or not they are dictionary- or run-end-encoded."""
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        return bare(kind.value_type)
    return kind


def is_text(kind: pa.DataType) -> bool:
    return kind in (pa.string(), pa.large_string(), pa.string_view())


def is_number(kind: pa.DataType) -> bool:
    if pa.types.is_decimal(kind):
        return bool(kind.scale >= 0)  # Arrow itself cannot compare the others
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _text(value: Value) -> Value | None:
    return value if isinstance(value, str) else None


def _number(value: Value) -> Value | None:
    return value if isinstance(value, int | Decimal) and not isinstance(value, bool) else None


def _truth(value: Value) -> Value | None:
    return value if isinstance(value, bool) else None


def _day(value: Value) -> Value | None:
    if isinstance(value, str):
        return day(value)
    return value if isinstance(value, date) and not isinstance(value, datetime) else None


def _moment(value: Value) -> Value | None:
    if isinstance(value, str):
        return moment(value)
    if isinstance(value, datetime):
        return value
    return datetime(value.year, value.month, value.day, tzinfo=UTC) if isinstance(value, date) else None


def _anything(value: Value) -> Value | None:
    return value


FITS: list[tuple[Callable[[pa.DataType], bool], str, Fit]] = [
    (is_text, "a text", _text),
    (is_number, "a number", _number),
    (pa.types.is_boolean, "true or false", _truth),
    (pa.types.is_timestamp, "a time such as '2026-01-01 12:00:00Z'", _moment),
    (pa.types.is_date, "a day such as '2026-01-01'", _day),
    (pa.types.is_null, "anything", _anything),
]
"""For each kind of column what it is compared with."""


def _names(fields: Iterable[pa.Field], above: str = "") -> Iterator[str]:
    """Every column and, after it, the fields within."""
    for field in fields:
        yield above + field.name
        if pa.types.is_struct(field.type):
            yield from _names(field.type, f"{above}{field.name}.")


def _absence(column: str, known: list[str]) -> str:
    hint = did_you_mean(column, known)
    return f"there is no column {column!r}; there are {some(known)}" + (f" ({hint})" if hint else "")


def _shown(value: Value) -> str:
    text = written(value)
    return text if len(text) <= 60 else text[:59] + "…"
