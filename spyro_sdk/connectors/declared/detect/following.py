"""Whether the records of one answer come behind those of another."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

Rows: TypeAlias = Sequence[Mapping[str, Any]]


def follows(before: Rows, after: Rows, known: Rows, key: str | None) -> bool:
    """Whether `after` is the page behind `before`: it has records, and none of those.

    `known`: what is known to come behind `before`; `after` must begin with it, or be its beginning.
    `key`: the column to compare by; None for whole records.
    """
    ours, theirs, expected = marks(before, key), marks(after, key), marks(known, key)
    if not theirs or not set(ours).isdisjoint(theirs):
        return False
    if expected:
        both = min(len(theirs), len(expected))
        return theirs[:both] == expected[:both]
    return key is not None or (len(before) > 1 and not _repeats(before, after))


def are_alike(one: Rows, other: Rows, key: str | None) -> bool:
    """Whether two answers hold the same records in one order."""
    return marks(one, key) == marks(other, key)


def marks(rows: Rows, key: str | None) -> list[str]:
    """What tells each record from others."""
    return [json.dumps(row if key is None else row.get(key), sort_keys=True, default=str) for row in rows]


def looks_cut(rows: int) -> bool:
    """Whether so many records look like a full page: 20, 25, 48, 100 …; few do not."""
    return rows >= 10 and any(rows % size == 0 for size in (5, 12, 16))


def _repeats(before: Rows, after: Rows) -> bool:
    """Whether a column whose values differ has the same again.

    Then the records may be the same, but for what changes with each answer, such as a count of views.
    """
    for column in before[0]:
        ours, theirs = (
            [json.dumps(row.get(column), default=str) for row in rows] for rows in (before, after)
        )
        both = min(len(ours), len(theirs))
        if len(set(ours)) > 1 and ours[:both] == theirs[:both]:
            return True
    return False
