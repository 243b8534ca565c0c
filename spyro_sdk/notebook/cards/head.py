"""The card of the first records of a table."""

from __future__ import annotations

from typing import Any, Final

import htpy as h
import pandas as pd

from ...arrow.head import Head, origin_of
from ...arrow.quality import value_text
from ...words import counted, legible
from ..card import Card, Node, line, muted, strong, table
from ..theme import MUTED

ROWS, COLUMNS = 10, 12  # that are shown
NAME, TYPE, VALUE = 40, 24, 32  # characters
NAMED: Final = 12  # of the other columns
NUMBERS: Final = ("int", "uint", "float", "double", "decimal")
"""How the types begin whose values stand at the right."""


def card(thing: Head) -> Card:
    """The first records, with the type of each column under its name."""
    origin, rows, columns = origin_of(thing), thing.iloc[:ROWS], list(thing.columns)
    entity = legible(origin.entity, NAME)
    types = [origin.types.get(name, str(kind)) for name, kind in zip(columns, thing.dtypes, strict=True)]
    shown = range(min(len(columns), COLUMNS))
    cells = [[_cell(it, types[place]) for it in rows.iloc[:, place].tolist()] for place in shown]
    headings = [_heading(columns[place], types[place]) for place in shown]
    right = [place for place in shown if types[place].lower().startswith(NUMBERS)]
    return Card(
        f"first {len(thing):,} of {entity}" if len(thing) else f"no {entity}",
        aside=counted(len(columns), "column"),
        body=[
            table(headings, zip(*cells, strict=True), right=right, wrap="never"),
            _beyond(len(thing) - ROWS, "record"),
            _beyond(len(columns) - COLUMNS, "column", columns[COLUMNS:]),
        ],
    )


def _heading(name: object, kind: str) -> Node:
    return [
        strong(legible(str(name), NAME)),
        h.br,
        h.span(style=f"{MUTED};font-weight:normal")[legible(kind, TYPE)],
    ]


def _cell(value: Any, kind: str) -> Node:
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return muted("–")
    if kind.startswith("date") and isinstance(value, pd.Timestamp):
        value = value.date()
    return value_text(value, VALUE)


def _beyond(number: int, what: str, names: list[Any] | None = None) -> Node:
    """How many there are that are not shown, and the first of them by their names."""
    if number <= 0:
        return None
    named = [legible(str(name), NAME) for name in (names or [])[:NAMED]]
    more = " …" if number > NAMED and named else ""
    return line(
        muted(f"and {counted(number, f'more {what}')}{': ' if named else ''}{', '.join(named)}{more}")
    )
