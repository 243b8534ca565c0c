"""Texts become dates, moments and times of day, each exactly or not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from .schema import UNITS, Column, Kind

FIRST_DAY, LAST_DAY = (
    -719162,
    2932896,
)  # 0001-01-01 and 9999-12-31, in days from 1970: all that Python can say
PER_DAY = {"s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}

TRAILING_ZEROS = r"(?:\.0+|(\.\d*[1-9])0+)(Z|[+-]\d\d(?::?\d\d)?)?$"
TIME_OF_DAY = r"^\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z?$"

TextReader: TypeAlias = Callable[[Column, Kind], Column]
"""Read texts, of which one is not null, into a type; raise `ValueError` when one does not fit."""


def text_reader(kind: Kind) -> TextReader | None:
    """What reads texts into `kind`; None where that is no date, moment or time of day."""
    return next((read for is_kind, read in TEXT_READERS if is_kind(kind)), None)


def read_date(texts: Column, to: Kind) -> Column:
    """Read dates in ISO form."""
    return sayable(texts.cast(to), 1)


def read_timestamp(texts: Column, to: Kind) -> Column:
    """Read moments in ISO form; those with more digits than `to` has come in a finer unit."""
    try:
        return _moments(texts, to)
    except pa.ArrowInvalid:
        return _read_fine_timestamp(texts, to)


def read_time(texts: Column, to: Kind) -> Column:
    """Read times of day; a Z behind one says nothing, for a time without a day has no zone."""
    if not pc.all(pc.match_substring_regex(texts, TIME_OF_DAY)).as_py():
        raise ValueError("not a time of day")
    texts = pc.replace_substring_regex(texts, TRAILING_ZEROS, r"\1\2")
    moments: Column = pc.replace_substring_regex(texts, r"^(.*?)Z?$", r"1970-01-01T\1")
    return moments.cast(pa.timestamp(to.unit)).cast(to)


TEXT_READERS: tuple[tuple[Callable[[Kind], bool], TextReader], ...] = (
    (pa.types.is_date32, read_date),
    (pa.types.is_timestamp, read_timestamp),
    (pa.types.is_time, read_time),
)


def _read_fine_timestamp(texts: Column, to: Kind) -> Column:
    """In the first unit that holds all digits but trailing zeros; Arrow reads no more than the unit has."""
    texts = pc.replace_substring_regex(texts, TRAILING_ZEROS, r"\1\2")
    for unit in UNITS[UNITS.index(to.unit) :]:
        finer: Kind = pa.timestamp(unit, to.tz)
        try:
            return _moments(texts, finer)
        except pa.ArrowInvalid:
            continue
    raise ValueError("not a moment")


def _moments(texts: Column, kind: Kind) -> Column:
    if kind.unit == "ns":  # what lies beyond the years of nanoseconds, pyarrow 20 turns into another year
        ends = pc.min_max(texts)
        if ends["min"].as_py() < "1678" or ends["max"].as_py() >= "2262":
            raise ValueError("not in the years of nanoseconds")
    return sayable(texts.cast(kind), PER_DAY[kind.unit])


def sayable(moments: Column, per_day: int) -> Column:
    """The dates or times themselves; `ValueError` where one is beyond what Python can say."""
    ends = pc.min_max(moments.cast(pa.int32() if per_day == 1 else pa.int64()))
    if ends["min"].as_py() < FIRST_DAY * per_day or ends["max"].as_py() >= (LAST_DAY + 1) * per_day:
        raise ValueError("not in the years 1 to 9999")
    return moments
