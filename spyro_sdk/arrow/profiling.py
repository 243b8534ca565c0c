"""A table's quality, measured batch by batch as they come, without keeping them.

A column may become wider on the way. What is measured of it is kept apart for each type that it had, and put
together at the end, so that it is what the whole table, in its final types, would give.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from fractions import Fraction
from functools import reduce
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .bins import Bins, Histogram, Numbers
from .distinct import Distinct, shortened
from .moments import PER_DAY
from .quality import FREQUENT, LONG, MOST_KEYS, MOST_VALUES, ColumnQuality, Frequent, Quality
from .schema import Column, Kind, cast, is_number, texts, widen

LONG_BYTES: Final = 4 * LONG  # of a text that is compared as it is: no fewer than are shown
LONG_KEY: Final = 64  # bytes of a key that is compared as it is
DAY: Final = 86_400  # seconds
DIGITS: Final = 76  # of a sum, so that it is exact
HUGE: Final = 1 << 64  # more than there are records
NAN: Final = "NaN"  # in a column of texts


class Profile:
    """The quality of a table whose batches are added one by one."""

    def __init__(self, entity: str, key: str | None, schema: pa.Schema | None = None) -> None:
        self._entity, self._key, self._rows = entity, key, 0
        self._columns: dict[str, dict[Kind, _Part]] = {}
        self._keys: dict[Kind, Distinct] = {}
        for field in schema or ():
            self._part(field.name, field.type)

    def add(self, batch: pa.RecordBatch) -> None:
        """Measure some more of the table."""
        self._rows += batch.num_rows
        for field, column in zip(batch.schema, batch.columns, strict=True):
            part = self._part(field.name, field.type)
            part.valid += len(column) - column.null_count
            if part.is_compared:
                values = column.cast(_plain_kind(column.type)).drop_null()
                part.add(values)
                if field.name == self._key:
                    keys = self._keys.setdefault(field.type, Distinct(MOST_KEYS))
                    keys.add(shortened(values, LONG_KEY) if part.is_text else values)

    def quality(self) -> Quality:
        """What has been measured up to now."""
        columns = {name: _Whole(name, list(parts.values())) for name, parts in self._columns.items()}
        told = tuple(column.told(self._rows) for column in columns.values())
        key = columns.get(self._key or "")
        if key is None or not key.is_compared:
            return Quality(self._entity, self._rows, told)
        return Quality(self._entity, self._rows, told, key.name, self._duplicates(key))

    def _part(self, name: str, kind: Kind) -> _Part:
        parts = self._columns.setdefault(name, {})
        if kind not in parts:
            parts[kind] = _Part(kind)
        return parts[kind]

    def _duplicates(self, column: _Whole) -> int | None:
        keys = Distinct(MOST_KEYS)
        for counted in self._keys.values():
            keys.include(counted, column.plain)
        found = keys.counts()
        return None if found is None else column.valid - len(found)


class _Part:
    """What the values of a column are like that came while it had one type."""

    def __init__(self, kind: Kind) -> None:
        self.kind, plain = kind, _plain_kind(kind)
        self.is_text = _is_text(plain)
        self.is_ordered = _is_ordered(plain)
        self.is_compared = self.is_ordered or pa.types.is_boolean(plain) or pa.types.is_null(plain)
        self.valid = self.nans = self.empty = self.padded = 0
        self.ends: Column | None = None
        """The least and the greatest value."""
        self.total: Fraction | None = Fraction(0)
        """The sum of the numbers; None where it is infinite."""
        self.distinct = Distinct(MOST_VALUES)
        self.bins = Bins(_is_whole(plain))

    def add(self, values: Column) -> None:
        """Measure values that can be compared, none of which is null."""
        if pa.types.is_floating(values.type):
            values = self._without_nans(values)
        if not len(values):
            return
        if self.is_ordered:
            self.ends = _ends([values] if self.ends is None else [self.ends, values])
        if self.is_text:
            self._add_texts(values)
        else:
            self.distinct.add(values)
        if self.is_ordered and not self.is_text:
            self._add_numbers(values)

    def _without_nans(self, values: Column) -> Column:
        is_nan = pc.is_nan(values)
        self.nans += pc.sum(is_nan, min_count=0).as_py()
        return values.filter(pc.invert(is_nan))

    def _add_texts(self, values: Column) -> None:
        self.empty += pc.sum(pc.equal(values, "")).as_py()
        self.padded += pc.sum(pc.not_equal(pc.utf8_trim_whitespace(values), values)).as_py()
        self.distinct.add(shortened(values, LONG_BYTES, LONG))

    def _add_numbers(self, values: Column) -> None:
        numbers = _numbers(values)
        self.bins.add(numbers[np.isfinite(numbers)])
        if is_number(values.type) and self.total is not None:
            total = _sum(values)
            self.total = total if total is None else self.total + total

    def ends_as_texts(self) -> Column | None:
        """The least and the greatest of the values' texts; None where that is not known."""
        if self.is_text:
            return self.ends
        counts = self.distinct.counts()
        return None if counts is None else _ends([texts(counts["value"].combine_chunks())])


class _Whole:
    """A column of the whole table, put together from what it was while it had each of its types."""

    def __init__(self, name: str, parts: Sequence[_Part]) -> None:
        self.name, self.kind = name, _kind_of(parts)
        self.plain = _plain_kind(self.kind)
        self.parts = [part for part in parts if part.valid]
        self.valid = sum(part.valid for part in parts)
        self.is_compared = all(part.is_compared for part in self.parts)
        self.is_text = _is_text(self.plain)
        self.nans = sum(part.nans for part in parts)

    def told(self, rows: int) -> ColumnQuality:
        """What is to be said of it."""
        about: dict[str, Any] = {
            "nans": 0 if self.is_text else self.nans,
            "empty": sum(part.empty for part in self.parts),
            "padded": sum(part.padded for part in self.parts),
        }
        if self.is_compared:
            about |= self._counted() | self._from_to()
        if self.is_compared and not self.is_text:
            about |= {"mean": self._mean(), "histogram": self._histogram()}
        return ColumnQuality(self.name, self.kind, rows, rows - self.valid, **about)

    def _counted(self) -> dict[str, Any]:
        whole = Distinct(MOST_VALUES)
        for part in self.parts:
            whole.include(part.distinct, self.plain)
        if self.is_text:
            whole.add(pa.repeat(NAN, self.nans))
        counts = whole.counts()
        if counts is None:
            return {"has_more": True}
        is_named = self.is_text or pa.types.is_boolean(self.plain)
        return {"distinct": _different(counts), "frequent": _commonest(counts) if is_named else ()}

    def _from_to(self) -> dict[str, Any]:
        seen = [part for part in self.parts if part.valid > part.nans]
        known = [part.ends_as_texts() if self.is_text else part.ends for part in seen]
        ends = [cast(it, self.plain) for it in known if it is not None]
        if len(ends) < len(known):
            return {}
        if self.is_text and self.nans:
            ends.append(pa.array([NAN], self.plain))
        return dict(zip(("min", "max"), map(_python, _ends(ends)), strict=True)) if ends else {}

    def _mean(self) -> float | None:
        totals = [part.total for part in self.parts if part.total is not None]
        count = self.valid - self.nans
        if not is_number(self.plain) or not count or len(totals) < len(self.parts):
            return None
        return float(sum(totals) / count)

    def _histogram(self) -> Histogram | None:
        bins = Bins(_is_whole(self.plain))
        for part in self.parts:
            bins.include(part.bins)
        found = bins.told()
        if found is None or not pa.types.is_date32(self.plain):
            return found
        return Histogram(found.counts, tuple(edge * DAY for edge in found.edges))


def _kind_of(parts: Sequence[_Part]) -> Kind:
    """The narrowest type that holds the values of all parts, as `schema.unify` finds it."""
    kind = reduce(widen, [part.kind for part in parts])
    while True:
        held = [cast(it.ends, kind).type for it in parts if it.kind != kind and it.ends is not None]
        wider = [it for it in held if it != kind]
        if not wider:
            return kind
        kind = wider[0]


def _plain_kind(kind: Kind) -> Kind:
    """The type in which values are measured."""
    if pa.types.is_dictionary(kind):
        return _plain_kind(kind.value_type)
    if pa.types.is_string_view(kind):
        return pa.string()
    return pa.float32() if pa.types.is_float16(kind) else kind


def _is_text(kind: Kind) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_moment(kind: Kind) -> bool:
    return bool(pa.types.is_date(kind) or pa.types.is_time(kind) or pa.types.is_timestamp(kind))


def _is_ordered(kind: Kind) -> bool:
    return _is_text(kind) or is_number(kind) or _is_moment(kind)


def _is_whole(kind: Kind) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_date32(kind))


def _ends(columns: Sequence[Column]) -> Column:
    """The least and the greatest of all values, one after the other."""
    found = pc.min_max(pa.chunked_array(columns))
    return pa.concat_arrays([pa.repeat(found["min"], 1), pa.repeat(found["max"], 1)])


def _numbers(values: Column) -> Numbers:
    """Each value as the nearest float.

    Days and seconds from 1970, and times of day in seconds from midnight.
    """
    kind = values.type
    if pa.types.is_date32(kind):
        values = values.cast(pa.int32())
    elif _is_moment(kind):
        return _seconds(values)
    elif pa.types.is_decimal(kind):
        values = values.cast(pa.string())  # which is read to the nearest float
    numbers: Numbers = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return numbers


def _seconds(values: Column) -> Numbers:
    kind = values.type
    unit = PER_DAY["ms" if pa.types.is_date64(kind) else kind.unit] // DAY
    whole = values.cast(pa.int32() if pa.types.is_time32(kind) else pa.int64()).to_numpy()
    seconds: Numbers = whole // unit + whole % unit / unit  # the same in whichever unit they come
    return seconds


def _sum(values: Column) -> Fraction | None:
    """The sum of numbers; None where one is infinite."""
    if pa.types.is_floating(values.type):
        for share in (1, HUGE):  # a sum of huge numbers may be beyond the floats
            total = pc.sum(pc.divide(values, float(share))).as_py()
            if math.isfinite(total):
                return Fraction(total) * share
        return None
    scale = values.type.scale if pa.types.is_decimal(values.type) else 0
    return Fraction(pc.sum(values.cast(pa.decimal256(DIGITS, scale))).as_py())


def _different(counts: pa.Table) -> int:
    """How many values there are; 0.0 and -0.0 are one."""
    values = counts["value"]
    if pa.types.is_floating(values.type):
        return int(pc.count_distinct(pc.add(values, 0.0)).as_py())
    return len(values)


def _commonest(counts: pa.Table) -> tuple[Frequent, ...]:
    pairs = zip(counts["value"].to_pylist(), counts["count"].to_pylist(), strict=True)
    first = heapq.nsmallest(FREQUENT, pairs, key=lambda pair: (-pair[1], pair[0]))
    return tuple(Frequent(_cut(value), count) for value, count in first)


def _cut(value: Any) -> Any:
    """The value, of a long text its beginning."""
    return f"{value[:LONG]}…" if isinstance(value, str) and len(value) > LONG else value


def _python(value: Any) -> Any:
    """What Python has for an Arrow scalar; its text where Python has no such moment."""
    if not (pa.types.is_time64(value.type) and value.type.unit == "ns"):  # whose nanoseconds would be lost
        try:
            return _cut(value.as_py())
        except (ValueError, OverflowError):  # a year beyond 9999, a zone that nobody knows
            pass
    kind = pa.timestamp(value.type.unit) if pa.types.is_timestamp(value.type) else value.type
    return str(value.cast(kind).cast(pa.string()).as_py())
