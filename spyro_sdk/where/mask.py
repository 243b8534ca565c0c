"""Which rows of a batch a filter is true for: a mask of true, false and null, computed by Arrow."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_FLOOR, Context, Decimal
from functools import reduce
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from .binding import find, is_text
from .tree import And, Comparison, IsNull, Like, Membership, Node, Op, Or
from .values import Value

COMPARE: dict[Op, Callable[[pa.Array, pa.Scalar], pa.Array]] = {
    "=": pc.equal,
    "!=": pc.not_equal,
    "<": pc.less,
    "<=": pc.less_equal,
    ">": pc.greater,
    ">=": pc.greater_equal,
}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
PER_MICROSECOND = {"s": Decimal("1e-6"), "ms": Decimal("1e-3"), "us": Decimal(1), "ns": Decimal(1000)}
DAY = 86_400_000  # milliseconds: the unit of date64
WIDE = Context(prec=100)  # digits; decimal256 holds 76


def mask(node: Node, batch: pa.RecordBatch) -> pa.Array:
    """One boolean a row, under Kleene's logic; the filter is bound to the batch's schema."""
    match node:
        case And(operands):
            return reduce(pc.and_kleene, (mask(operand, batch) for operand in operands))
        case Or(operands):
            return reduce(pc.or_kleene, (mask(operand, batch) for operand in operands))
    column = _column(batch, node.column)
    if isinstance(node, IsNull):
        return column.is_valid() if node.negated else column.is_null()
    if pa.types.is_null(column.type):
        return pa.nulls(len(column), pa.bool_())
    if isinstance(node, Comparison):
        return _compare(column, node.op, node.value)
    found = _member(column, node.values) if isinstance(node, Membership) else _match(column, node)
    return pc.invert(found) if node.negated else found


def _column(batch: pa.RecordBatch, name: str) -> pa.Array:
    found = find(batch.schema, name)
    assert found is not None  # `bind` saw to it
    first, *below = found[0]
    return _plain(pc.struct_field(batch.column(first), below) if below else batch.column(first))


def _plain(column: pa.Array) -> pa.Array:
    """The values themselves, in an encoding that Arrow's functions take."""
    if pa.types.is_dictionary(column.type):
        return _plain(column.dictionary).take(column.indices)
    if pa.types.is_run_end_encoded(column.type):
        return _plain(pc.run_end_decode(column))
    if pa.types.is_string_view(column.type):
        return column.cast(pa.large_string())
    return column


def _compare(column: pa.Array, op: Op, value: Value) -> pa.Array:
    if is_text(column.type):
        return COMPARE[op](column, pa.scalar(value, column.type))
    if pa.types.is_floating(column.type):
        return COMPARE[op](column.cast(pa.float64()), _as_float(value, column.type))
    return _compare_exactly(_steps(column), op, _in_steps(value, column.type))


def _member(column: pa.Array, values: tuple[Value, ...]) -> pa.Array:
    """Whether each value is one of `values`."""
    if is_text(column.type):
        among = pa.array(values, column.type)
    elif pa.types.is_floating(column.type):
        floats = [_as_float(value, column.type) for value in values]
        among = pa.array(
            floats + [-each for each in floats if each == 0], pa.float64()
        )  # is_in tells -0.0 from 0.0
        column = column.cast(pa.float64())
    else:
        exact = [_in_steps(value, column.type) for value in values]
        column = _steps(column)
        among = pa.array(
            [_python(each, column.type) for each in exact if _is_step(each, column.type)], column.type
        )
    return _if_valid(column, pc.is_in(column, value_set=among))


def _match(column: pa.Array, leaf: Like) -> pa.Array:
    """Whether each text matches the pattern, as if it were not negated."""
    return pc.match_substring_regex(column, _regex(leaf.pattern), ignore_case=not leaf.case_sensitive)


def _compare_exactly(column: pa.Array, op: Op, value: Decimal) -> pa.Array:
    """Compare whole numbers or decimals with a number that their type may be unable to hold."""
    low, high = _range(column.type)
    if not low <= value <= high:
        return _if_valid(column, pa.scalar(op == "!=" or op[0] == (">" if value < low else "<")))
    below = _floor(value, column.type)
    step = pa.scalar(_python(below, column.type), column.type)
    if below == value:
        return COMPARE[op](column, step)
    if op in ("=", "!="):
        return _if_valid(column, pa.scalar(op == "!="))
    return COMPARE["<=" if op[0] == "<" else ">"](column, step)


def _if_valid(column: pa.Array, answer: pa.Array) -> pa.Array:
    return pc.if_else(column.is_valid(), answer, pa.scalar(None, pa.bool_()))


def _as_float(value: Any, kind: pa.DataType) -> float:
    """The nearest float of the column's width; too large a number is infinite."""
    nearest: float = pa.scalar(float(Decimal(value)), kind).as_py()
    return nearest


def _steps(column: pa.Array) -> pa.Array:
    """The column as whole numbers or decimals: truths as 0 and 1, days and instants as they are counted."""
    kind = column.type
    if pa.types.is_boolean(kind):
        return column.cast(pa.int8())
    if pa.types.is_date32(kind):
        return column.cast(pa.int32())
    if pa.types.is_date64(kind) or pa.types.is_timestamp(kind):
        return column.cast(pa.int64())
    if pa.types.is_decimal(kind) and kind.bit_width < 128:  # for is_in
        return column.cast(pa.decimal128(kind.precision, kind.scale))
    return column


def _in_steps(value: Any, kind: pa.DataType) -> Decimal:
    """The value in the unit that `_steps` counts in, unrounded."""
    if isinstance(value, datetime):
        return (value - EPOCH) // MICROSECOND * PER_MICROSECOND[kind.unit]
    if isinstance(value, date):
        days = value.toordinal() - EPOCH.toordinal()
        return Decimal(days if pa.types.is_date32(kind) else days * DAY)
    return Decimal(value)


def _range(kind: pa.DataType) -> tuple[Decimal, Decimal]:
    """The least and the greatest number that a column can hold."""
    if pa.types.is_decimal(kind):
        nines = (9,) * kind.precision
        return Decimal((1, nines, -kind.scale)), Decimal((0, nines, -kind.scale))
    if pa.types.is_signed_integer(kind):
        half = 2 ** (kind.bit_width - 1)
        return Decimal(-half), Decimal(half - 1)
    return Decimal(0), Decimal(2**kind.bit_width - 1)


def _floor(value: Decimal, kind: pa.DataType) -> Decimal:
    """The greatest number not above `value` that a column can hold, `value` being in its range."""
    scale = kind.scale if pa.types.is_decimal(kind) else 0
    return value.quantize(Decimal((0, (1,), -scale)), ROUND_FLOOR, WIDE)


def _is_step(value: Decimal, kind: pa.DataType) -> bool:
    low, high = _range(kind)
    return low <= value <= high and _floor(value, kind) == value


def _python(value: Decimal, kind: pa.DataType) -> int | Decimal:
    """As Arrow takes it."""
    return _floor(value, kind) if pa.types.is_decimal(kind) else int(value)


def _regex(pattern: str) -> str:
    r"""The regular expression of a LIKE.

    Arrow's own `match_like` reads some escapes wrongly: for it `%a\\` does not end in a backslash.

    >>> _regex(r"50\%_%")
    '(?s)\\A50%..*\\z'
    """
    pieces = re.findall(r"\\.|.", pattern, re.DOTALL)
    wild = {"%": ".*", "_": "."}
    return r"(?s)\A" + "".join(wild.get(piece) or re.escape(piece[-1]) for piece in pieces) + r"\z"
