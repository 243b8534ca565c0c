"""Questions in SOQL, built so that no value can break out of its place.

Salesforce compares strings regardless of case, and takes null for unequal to everything; SQL does neither. A
condition is therefore translated into one that holds for at least the same records, and told apart: exact, or
to be applied again on what arrives.

https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_soql_select.htm
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TypeAlias

from ...entity import Column
from ...where import And, Comparison, IsNull, Leaf, Like, Membership, Node, Or, Value
from .describe import long_id

ColumnOf: TypeAlias = Callable[[str], Column | None]
"""The Salesforce column of that name; None where Salesforce cannot filter by it."""

IDS = frozenset({"id", "reference"})
TEXTS = frozenset(
    "string picklist combobox phone url email id reference encryptedstring".split()  # noqa: SIM905
)
WHOLE = {"int": 32, "long": 64}  # bits
NUMBERS = frozenset({*WHOLE, "double", "currency", "percent"})
TIMES = frozenset({"date", "datetime"})
MOST_DIGITS = 15  # of a number that a float64 tells from its neighbours
EARLIEST, LATEST = datetime(1700, 1, 1, tzinfo=UTC), datetime(4000, 12, 31, tzinfo=UTC)
"""The moments that Salesforce can say."""
ID = re.compile(r"[0-9A-Za-z]{18}")
BACKSLASH = "\\"
ESCAPES = str.maketrans(
    {"\\": r"\\", "'": r"\'", '"': r"\"", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\b": r"\b", "\f": r"\f"}
)


@dataclass(frozen=True)
class Condition:
    """A SOQL condition; '' for none. Where it is not `exact`, it lets more records through than was asked."""

    text: str
    exact: bool


def select(
    columns: Iterable[str],
    entity: str,
    conditions: Iterable[str],
    *,
    order: str = "Id",
    limit: int | None = None,
) -> str:
    """A SELECT statement; empty conditions are left out."""
    wanted = [f"({text})" for text in conditions if text]
    chosen = ", ".join(columns)
    return (
        f"SELECT {chosen} FROM {entity}"  # noqa: S608  # values come as literals that `_literal` made
        + (f" WHERE {' AND '.join(wanted)}" if wanted else "")
        + (f" ORDER BY {order}" if order else "")
        + (f" LIMIT {limit}" if limit is not None else "")
    )


def between(after: str, up_to: str) -> list[str]:
    """The conditions for keys after one, up to another; '' is no bound."""
    bounds = [f"Id > {quoted(after)}"] if after else []
    return bounds + ([f"Id <= {quoted(up_to)}"] if up_to else [])


def condition(node: Node, column: ColumnOf) -> Condition:
    """The SOQL condition for a part of a `where`."""
    if isinstance(node, And):
        parts = [condition(operand, column) for operand in node.operands]
        return Condition(_joined(" AND ", parts), all(part.exact for part in parts))
    if isinstance(node, Or):
        parts = [condition(operand, column) for operand in node.operands]
        if not all(part.text for part in parts):
            return Condition("", exact=False)
        return Condition(_joined(" OR ", parts), all(part.exact for part in parts))
    known = column(node.column)
    return Condition("", exact=False) if known is None or not known.filterable else _leaf(node, known)


def quoted(text: str) -> str:
    r"""A string literal.

    >>> quoted("O'Brien\\")
    "'O\\'Brien\\\\'"
    """
    return f"'{text.translate(ESCAPES)}'"


def moment(value: datetime) -> str:
    """A datetime literal, in UTC, as fine as Salesforce keeps it (milliseconds)."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def at_or_after(column: str, value: datetime) -> str:
    """The condition for moments from `value` on; Salesforce keeps none between two milliseconds."""
    value = min(max(value, EARLIEST), LATEST)
    return f"{column} >= {moment(value + timedelta(microseconds=-value.microsecond % 1000))}"


def _joined(word: str, parts: Iterable[Condition]) -> str:
    texts = [f"({part.text})" for part in parts if part.text]
    return word.join(texts)


def _leaf(node: Leaf, column: Column) -> Condition:
    kind = column.native_type
    match node:
        case IsNull() if kind != "boolean":  # which is false for Salesforce where there is no related record
            return Condition(f"{column.name} {'!=' if node.negated else '='} null", exact=True)
        case Comparison():
            return _compared(node, column)
        case Membership() if not node.negated and kind in TEXTS | NUMBERS | TIMES:
            literals = [_literal(value, kind) for value in node.values]
            known = [literal for literal in literals if literal is not None]
            if len(known) == len(literals):
                is_sure = all(_is_sure(literal, kind) for literal in known)
                return Condition(f"{column.name} IN ({', '.join(known)})", exact=is_sure)
        case Like() if not node.negated and node.pattern and kind in TEXTS - IDS:
            return Condition(f"{column.name} LIKE {_pattern(node.pattern)}", exact=False)
    return Condition("", exact=False)


def _compared(node: Comparison, column: Column) -> Condition:
    """Numbers and times compare as in SQL, but for null, which `!=` lets through; others are equal or not."""
    kind, literal = column.native_type, _literal(node.value, column.native_type)
    if literal is None or (kind not in NUMBERS | TIMES and node.op != "="):
        return Condition("", exact=False)
    # the boolean of a related record that there is not is false for Salesforce, and null for us
    is_sure = _is_sure(literal, kind) and (literal != "false" or "." not in column.name)
    return Condition(f"{column.name} {node.op} {literal}", exact=is_sure and node.op != "!=")


def _is_sure(literal: str, kind: str) -> bool:
    """Whether what equals a literal for Salesforce is equal for us too."""
    return literal != "null" and (kind in IDS or kind not in TEXTS)


def _literal(value: Value, kind: str) -> str | None:
    """The value as a literal for a column of that type; None where SOQL has none that means just the same."""
    match value:
        case bool():
            return str(value).lower() if kind == "boolean" else None
        case str() if kind in IDS:
            return quoted(value) if ID.fullmatch(value) and value == long_id(value[:15]) else "null"
        case str():
            return quoted(value) if kind in TEXTS else None
        case datetime():
            can_be = kind == "datetime" and EARLIEST <= value <= LATEST and value.microsecond % 1000 == 0
            return moment(value) if can_be else None
        case date():
            can_be = kind == "date" and EARLIEST.date() <= value <= LATEST.date()
            return value.isoformat() if can_be else None
    return _number(Decimal(value), kind) if kind in NUMBERS else None


def _number(value: Decimal, kind: str) -> str | None:
    """A number as Salesforce may hold it; None for one that is beyond the column, or between its values."""
    if abs(value.adjusted()) > MOST_DIGITS:
        return None
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    if kind in WHOLE:
        bound = 2 ** (WHOLE[kind] - 1)
        return text if "." not in text and -bound <= value < bound else None
    return text if len(text.lstrip("-0.").replace(".", "")) <= MOST_DIGITS else None


def _pattern(pattern: str) -> str:
    """A LIKE pattern: `%` and `_`, and a backslash before them, mean the same here and in SOQL.

    A backslash itself is sought as any one character, since nobody says how often it is unescaped there.
    """
    kept = {sign: text for sign, text in ESCAPES.items() if sign != ord(BACKSLASH)}
    return f"'{pattern.replace(BACKSLASH * 2, '_').translate(kept)}'"
