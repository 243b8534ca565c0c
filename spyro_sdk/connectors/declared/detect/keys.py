"""Which column tells one record from another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ....errors import ConfigurationError, did_you_mean, some
from .following import Rows
from .names import bare, singular

STRONG = ("id", "uuid", "guid", "gid", "sid", "sha")
"""Bare names of columns that exist to tell records apart."""
WEAK = ("key", "number", "name", "slug", "code", "login")
"""Bare names of columns that often do; believed only where a second page says so too."""
COST = "so whether records are lost or come twice between pages is not checked; write key: with its column"


def find_key(entity: str, rows: Rows, second: Rows | None) -> tuple[str | None, str]:
    """The column of the key or None, and what to tell about it.

    `second`: the records of another page, where one came.
    """
    strong = [column for column in _named(rows, strong_names(entity)) if is_unique(rows, column)]
    for column in strong:
        if _holds(rows, second, column):
            return column, f"the key is {column!r}: {_evidence(rows, second)}"
    weak = [column for column in _named(rows, WEAK) if is_unique(rows, column)]
    if second is not None and len(weak) == 1 and _holds(rows, second, weak[0]):
        return weak[0], f"the key is {weak[0]!r}: {_evidence(rows, second)}"
    if weak:
        return None, f"no key: it may be {some(map(repr, weak))}, which cannot be told for sure; {COST}"
    return None, f"no key: no column like id has another value in each record; {COST}"


def key_for_comparing(entity: str, rows: Rows) -> str | None:
    """A column by which the records of two answers can be compared; None where only whole records can."""
    return next((name for name in _named(rows, strong_names(entity)) if is_unique(rows, name)), None)


def is_only_weak(entity: str, rows: Rows) -> bool:
    """Whether a second page could show what the key is, and the first one cannot."""
    strong = [column for column in _named(rows, strong_names(entity)) if is_unique(rows, column)]
    return not strong and len([column for column in _named(rows, WEAK) if is_unique(rows, column)]) == 1


def check_key(entity: str, key: str, rows: Rows) -> None:
    """Raise `ConfigurationError` where the declared key is none on this page."""
    columns = dict.fromkeys(name for row in rows for name in row)
    if rows and key not in columns:
        hint = did_you_mean(key, columns)
        raise ConfigurationError(
            f"{entity}: key={key!r}, but its records have no such column; they have {some(columns)}"
            + (f" ({hint})" if hint else ""),
            field="key",
            hint=hint,
        )
    missing = sum(row.get(key) is None for row in rows)
    if missing:
        raise ConfigurationError(
            f"{entity}: key={key!r} is null in {missing} of the first {len(rows)} records", field="key"
        )
    if not is_unique(rows, key):
        raise ConfigurationError(
            f"{entity}: key={key!r} does not tell its records apart: two of the first {len(rows)} have the"
            " same value, or one that is no text and no whole number",
            field="key",
        )


def is_unique(rows: Rows, column: str) -> bool:
    """Whether each record has a text or a whole number of its own in a column."""
    values = [row.get(column) for row in rows]
    are_keys = all(type(value) in (int, str) and value != "" for value in values)
    return are_keys and len(set(values)) == len(values)


def strong_names(entity: str) -> tuple[str, ...]:
    """Bare names of the columns that tell records of an entity apart."""
    return (*STRONG[:1], f"{singular(entity)}id", f"{bare(entity)}id", *STRONG[1:])


def _named(rows: Rows, names: Sequence[str]) -> Iterator[str]:
    """Columns by these bare names, in the order of the names."""
    columns = {bare(column): column for row in rows[:1] for column in row}
    return (columns[name] for name in dict.fromkeys(names) if name in columns)


def _holds(rows: Rows, second: Rows | None, column: str) -> bool:
    """Whether a column that is unique on the first page is so on both together."""
    if second is None:
        return True
    ours, theirs = {row.get(column) for row in rows}, [row.get(column) for row in second]
    return is_unique(second, column) and ours.isdisjoint(theirs)


def _evidence(rows: Rows, second: Rows | None) -> str:
    page = f"{len(rows)} records of the first page have {len(rows)} values in it"
    return f"{page}, and those of a second page others" if second is not None else page
