"""What a filter means: leaves that ask about one column, joined by `And` and `Or`.

There is no node for NOT: it is carried down to the leaves, where null stays what it was.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from .values import Value, written

Op: TypeAlias = Literal["=", "!=", "<", "<=", ">", ">="]

OPPOSITE: dict[Op, Op] = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
RESERVED = frozenset(
    ["and", "or", "not", "in", "is", "null", "between", "like", "ilike", "escape", "true", "false"]
)
"""Words that name a column only in double quotes."""


@dataclass(frozen=True, slots=True)
class Comparison:
    column: str
    op: Op
    value: Value


@dataclass(frozen=True, slots=True)
class Membership:
    column: str
    values: tuple[Value, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class IsNull:
    column: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Like:
    column: str
    pattern: str
    """`%` stands for any text, `_` for any character, and a backslash before one of the three for itself."""
    negated: bool = False
    case_sensitive: bool = True


@dataclass(frozen=True, slots=True)
class And:
    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    operands: tuple[Node, ...]


Leaf: TypeAlias = Comparison | Membership | IsNull | Like
Node: TypeAlias = And | Or | Leaf


def joined(kind: type[And] | type[Or], operands: list[Node]) -> Node:
    """One node for all; a single operand stands for itself, and operands of the same kind are taken apart."""
    if len(operands) == 1:
        return operands[0]
    return kind(
        tuple(inner for node in operands for inner in (node.operands if isinstance(node, kind) else [node]))
    )


def negation(node: Node) -> Node:
    """What is true exactly where `node` is false."""
    match node:
        case And(operands):
            return Or(tuple(map(negation, operands)))
        case Or(operands):
            return And(tuple(map(negation, operands)))
        case Comparison(_, "=" | "!=", bool(value)):
            return replace(node, value=not value)
        case Comparison(_, op, _):
            return replace(node, op=OPPOSITE[op])
    return replace(node, negated=not node.negated)


def leaves(node: Node) -> Iterator[Leaf]:
    """Every leaf, from left to right."""
    if isinstance(node, And | Or):
        for operand in node.operands:
            yield from leaves(operand)
    else:
        yield node


def each_leaf(node: Node, change: Callable[[Leaf], Leaf]) -> Node:
    """The same tree with other leaves."""
    if isinstance(node, And | Or):
        return type(node)(tuple(each_leaf(operand, change) for operand in node.operands))
    return change(node)


def spell(node: Node) -> str:
    """The filter as text."""
    match node:
        case And(operands):
            return " and ".join(
                f"({spell(each)})" if isinstance(each, Or) else spell(each) for each in operands
            )
        case Or(operands):
            return " or ".join(map(spell, operands))
        case Comparison(column, op, value):
            return f"{name(column)} {op} {written(value)}"
        case IsNull(column, negated):
            return f"{name(column)} is {'not ' * negated}null"
        case Membership(column, values, negated):
            return f"{name(column)} {'not ' * negated}in ({', '.join(map(written, values))})"
    like = "like" if node.case_sensitive else "ilike"
    escape = r" escape '\'" if "\\" in node.pattern else ""
    return f"{name(node.column)} {'not ' * node.negated}{like} {written(node.pattern)}{escape}"


def name(column: str) -> str:
    """The column as a filter spells it: `Owner.Name`, `"first name"`."""
    return ".".join(
        part if _is_plain(part) else '"' + part.replace('"', '""') + '"' for part in column.split(".")
    )


def _is_plain(part: str) -> bool:
    return bool(re.fullmatch(r"[^\W\d]\w*", part)) and part.lower() not in RESERVED
