"""The card of a table's quality: what deserves a look, then column by column."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import htpy as h
import pyarrow as pa

from ...arrow.quality import ColumnQuality, Quality, common, distinct_text, mean_text, value_text
from ...words import counted, legible, percent
from ..card import Card, Node, bar, details, line, muted, pill, strong, table
from ..charts import histogram

SHOWN: Final = 12  # columns; the others are folded away
FOLDED: Final = 60  # of those; of more their number is said
NAME, TYPE, VALUE = 40, 24, 20  # characters
HEADINGS: Final = ("column", "missing", "distinct", "from … to", "spread")


def card(thing: Quality) -> Card:
    """What the values of a table are like."""
    findings, most = thing.findings, SHOWN + FOLDED
    beyond = [line(muted(f"and {counted(len(thing) - most, 'more column')}"))] if len(thing) > most else []
    return Card(
        legible(thing.entity, NAME),
        "waiting" if findings else "good",
        aside=f"{counted(thing.rows, 'record')}, {counted(len(thing), 'column')}",
        badge=counted(len(findings), "finding") if findings else "nothing found",
        body=[
            *(line(finding) for finding in findings),
            line(f"each {legible(thing.key or '', NAME)} once") if thing.is_keyed else None,
            quality_table(thing.columns[:SHOWN], thing.key),
            _folded(thing.columns[SHOWN:most], beyond),
        ],
    )


def quality_table(columns: Sequence[ColumnQuality], key: str | None = None) -> Node:
    """A row for each column: its type, what is missing, how many differ, from where to where, how spread."""
    rows: list[list[Node]] = [
        [
            [strong(legible(it.name, NAME)), " ", [pill("key"), " "] if it.name == key else "", _type(it)],
            _missing(it),
            distinct_text(it),
            _range(it),
            spread(it),
        ]
        for it in columns
    ]
    return table(HEADINGS, rows, right=[2], wrap="words") if rows else None


def _folded(columns: Sequence[ColumnQuality], beyond: Sequence[Node]) -> Node:
    if not columns:
        return None
    return details(f"{counted(len(columns), 'more column')}", [_told(it) for it in columns], beyond)


def _told(column: ColumnQuality) -> Node:
    """A column in a line of words."""
    distinct = distinct_text(column)
    said = [
        f"{percent(column.null_share)} missing" if column.nulls else "",
        f"{distinct} distinct" if distinct else "",
        _range(column),
    ]
    rest = [part for it in said if it for part in (", ", it)]
    return h.div[strong(legible(column.name, NAME)), " ", muted(legible(str(column.type), TYPE), rest)]


def _type(column: ColumnQuality) -> Node:
    return muted(legible(str(column.type), TYPE))


def _missing(column: ColumnQuality) -> Node:
    said = percent(column.null_share)
    return (
        [said, bar(column.null_share, "bad" if column.is_empty else "waiting", height=3)]
        if column.nulls
        else said
    )


def _range(column: ColumnQuality) -> Node:
    if column.min is None:
        return ""
    ends = [value_text(it, VALUE) for it in (column.min, column.max)]
    return h.bdi[ends[0]] if ends[0] == ends[1] else [h.bdi[ends[0]], " … ", h.bdi[ends[1]]]


def spread(column: ColumnQuality, *, height: int = 20, most: int = 2) -> Node:
    """A picture of numbers and moments, and the `most` commonest of texts."""
    if column.histogram is not None:
        return histogram(column.histogram.counts, alt=_in_words(column), height=height)
    said = [(h.bdi[value], "\u00a0" + share.replace(" ", "\u00a0")) for value, share in common(column, most)]
    return [(", " if place else "", *it) for place, it in enumerate(said)]


def _in_words(column: ColumnQuality) -> str:
    """What the picture shows: where most of the values lie."""
    assert column.histogram is not None
    counts, edges = column.histogram.counts, column.histogram.edges
    fullest = max(range(len(counts)), key=counts.__getitem__)
    ends = " to ".join(_edge(edges[it], column.type) for it in (fullest, fullest + 1))
    mean = f"mean {mean_text(column.mean)}, " if column.mean is not None else ""
    return f"{mean}{percent(counts[fullest] / sum(counts))} from {ends}"


def _edge(edge: float, kind: pa.DataType) -> str:
    """Where a bin begins."""
    if pa.types.is_time(kind):
        return f"{edge / 3600:.1f} h"
    if not (pa.types.is_date(kind) or pa.types.is_timestamp(kind)):
        return f"{edge:,.6g}"
    try:
        return str(datetime.fromtimestamp(edge, UTC).date())
    except (ValueError, OverflowError, OSError):  # a year that Python cannot say
        return f"{edge:,.0f} s"
