"""Questions in SOQL, built so that no value can break out of its place.

Salesforce compares strings regardless of case, and takes null for unequal to everything; SQL does neither. A
condition is therefore translated into one that holds for at least the same records, and told apart: exact, or
to be applied again on what arrives.

https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_soql_select.htm
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TypeAlias

from ...entity import Column
from ...where import And, Comparison, IsNull, Leaf, Like, Membership, Node, Or

ColumnOf: TypeAlias = Callable[[str], Column | None]
"""The Salesforce column of that name; None where Salesforce cannot filter by it."""

IDS = frozenset({"id", "reference"})
TEXTS = frozenset(
    "string picklist combobox phone url email id reference encryptedstring".split()  # noqa: SIM905
)
NUMBERS = frozenset({"int", "long", "double", "currency", "percent"})
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
    return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03d}Z"


def _joined(word: str, parts: Iterable[Condition]) -> str:
    texts = [f"({part.text})" for part in parts if part.text]
    return word.join(texts)


def _leaf(node: Leaf, column: Column) -> Condition:
    none = Condition("", exact=False)
    match node:
        case IsNull():
            return Condition(f"{column.name} {'!=' if node.negated else '='} null", exact=True)
        case Comparison() if column.native_type in TEXTS:
            return (
                Condition(f"{column.name} = {_literal(node.value)}", exact=False) if node.op == "=" else none
            )
        case Comparison():
            return _compared(node, column)
        case Membership() if not node.negated and column.native_type in TEXTS | NUMBERS:
            values = ", ".join(_literal(value) for value in node.values)
            return Condition(f"{column.name} IN ({values})", exact=column.native_type in NUMBERS)
        case Like() if not node.negated and column.native_type in TEXTS - IDS:
            return Condition(f"{column.name} LIKE {_pattern(node.pattern)}", exact=False)
        case _:
            return none


def _compared(node: Comparison, column: Column) -> Condition:
    """Numbers, dates and booleans compare as in SQL, but for null, which `!=` lets through."""
    if isinstance(node.value, datetime) and node.value.microsecond % 1000:
        return Condition("", exact=False)  # finer than a SOQL literal can say
    return Condition(f"{column.name} {node.op} {_literal(node.value)}", exact=node.op != "!=")


def _literal(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case datetime():
            return moment(value)
        case date():
            return value.isoformat()
        case Decimal():
            return f"{value:f}"
        case int() | float():
            return str(value)
        case _:
            return quoted(str(value))


def _pattern(pattern: str) -> str:
    """A LIKE pattern; `%`, `_` and a backslash before them mean the same here and in SOQL."""
    return f"'{pattern.translate({sign: text for sign, text in ESCAPES.items() if sign != ord(BACKSLASH)})}'"
