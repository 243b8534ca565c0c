"""What of a `where` Salesforce can filter by.

Salesforce compares strings regardless of case, and takes null for unequal to everything; SQL does neither. A
condition is therefore translated into one that holds for at least the same records, and told apart: exact, or
to be applied again on what arrives.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias

from ...entity import Column
from ...where import And, Comparison, IsNull, Leaf, Like, Membership, Node, Or, Value, Where
from ...where.tree import each_leaf
from . import soql
from .describe import long_id
from .soql import Condition

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
ID = re.compile(r"[0-9A-Za-z]{18}")
BACKSLASH = "\\"


def with_long_ids(where: Where, column: ColumnOf) -> Where:
    """The filter with the ids in it in their 18 characters."""

    def lengthened(leaf: Leaf) -> Leaf:
        native = column(leaf.column)
        if native is None or native.native_type not in IDS:
            return leaf
        match leaf:
            case Comparison(value=str(key)):
                return replace(leaf, value=long_id(key))
            case Membership():
                return replace(leaf, values=tuple(long_id(str(key)) for key in leaf.values))
        return leaf

    return replace(where, root=each_leaf(where.root, lengthened))


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
            return soql.quoted(value) if ID.fullmatch(value) and value == long_id(value[:15]) else "null"
        case str():
            return soql.quoted(value) if kind in TEXTS else None
        case datetime() if kind != "datetime":
            return None
        case datetime():
            can_be = soql.EARLIEST <= value <= soql.LATEST and value.microsecond % 1000 == 0
            return soql.moment(value) if can_be else None
        case date():
            can_be = kind == "date" and soql.EARLIEST.date() <= value <= soql.LATEST.date()
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
    kept = {sign: text for sign, text in soql.ESCAPES.items() if sign != ord(BACKSLASH)}
    return f"'{pattern.replace(BACKSLASH * 2, '_').translate(kept)}'"
