"""Where an answer says how many records there are in all."""

from __future__ import annotations

from typing import Any, TypeAlias

from ....errors import ConfigurationError
from ....paging import dig
from .envelope import Leaf
from .signs import HEADER, Signs

Smaller: TypeAlias = "tuple[Any, Signs] | None"

LENGTHS = frozenset({"count", "found", "recordcount"})
"""Bare names of what is the number of the records on the page just as often."""


def find_total(signs: Signs, smaller: Smaller) -> tuple[str | None, tuple[str, ...]]:
    """The place of the total or None, and what to tell about it.

    `smaller`: payload and signs of the answer for fewer records, where one came: only a number that is the
    same there counts all.
    """
    likely = [leaf for leaf in signs.totals if _is_total(leaf, signs.rows, smaller)]
    if len({leaf.value for leaf in likely}) > 1:
        places = ", ".join(f"{leaf.path!r} ({leaf.value})" for leaf in likely)
        return None, (f"no total: several numbers may be it: {places}; write total: with its place",)
    if likely:
        return likely[0].path, (f"the number of all records is at {likely[0].path!r}: {likely[0].value} now",)
    if signs.header_total is not None and _is_same(signs, smaller):
        name, value = signs.header_total
        return f"{HEADER}{name}", (f"the number of all records is in the header {name}: {value} now",)
    return None, ()


def check_total(entity: str, path: str, value: Any, rows: int) -> None:
    """Raise `ConfigurationError` where what stands at the declared place cannot count all records."""
    if type(value) is not int or value < rows:
        what = (
            "nothing" if value is None else f"{value}" if type(value) is int else f"a {type(value).__name__}"
        )
        raise ConfigurationError(
            f"{entity}: total={path!r}, but there the service sent {what}, and {rows} records: it must be the"
            " number of all of them",
            field="total",
        )


def _is_total(leaf: Leaf, rows: int, smaller: Smaller) -> bool:
    if smaller is not None:
        return bool(dig(smaller[0], leaf.path) == leaf.value)
    return leaf.bare not in LENGTHS or leaf.value != rows


def _is_same(signs: Signs, smaller: Smaller) -> bool:
    """Whether the header says the same of all records and of fewer."""
    _, value = signs.header_total or ("", -1)
    return value >= signs.rows and (smaller is None or smaller[1].header_total == signs.header_total)
