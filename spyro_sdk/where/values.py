"""The values that a filter compares with: how they are read, and how they are written."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import TypeAlias

Value: TypeAlias = bool | int | Decimal | str | date | datetime
"""A datetime is always aware. There are no floats: `0.1` is a Decimal, until it meets a column of floats."""

MOST_DIGITS = 4000  # Python itself refuses to read or write an int of more than 4300

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(
    rf"{_DAY.pattern}[T ][0-9]{{2}}:[0-9]{{2}}(:[0-9]{{2}}(\.[0-9]{{1,6}})?)?(Z|[+-][0-9]{{2}}:?[0-9]{{2}})?"
)


def number(text: str) -> int | Decimal | None:
    """The number that `text` writes, unrounded; None if it writes none, or one past what Python can hold."""
    if len(text) > MOST_DIGITS or not _NUMBER.fullmatch(text):
        return None
    try:
        return Decimal(text) if set(text) & set(".eE") else int(text)
    except InvalidOperation:  # an exponent of 19 digits
        return None


def day(text: str) -> date | None:
    """The day of `2026-01-01`; None for anything else."""
    read = moment(text) if _DAY.fullmatch(text) else None
    return read.date() if read else None


def moment(text: str) -> datetime | None:
    """The instant of `2026-01-01`, `2026-01-01 12:00` or `2026-01-01T12:00:00.5+01:00`; without a zone UTC.

    None for anything else, also for fractions finer than a microsecond, which a datetime would cut off.
    """
    if not (_DAY.fullmatch(text) or _MOMENT.fullmatch(text)):
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:  # the 30th of February
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def written(value: Value) -> str:
    """The value as a filter spells it.

    >>> written("O'Brien"), written(date(2026, 1, 1)), written(True)
    ("'O''Brien'", "date '2026-01-01'", 'true')
    """
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return "'" + value.replace("'", "''") + "'"
        case datetime():
            return f"timestamp '{value.isoformat(' ')}'"
        case date():
            return f"date '{value.isoformat()}'"
    return str(value)
