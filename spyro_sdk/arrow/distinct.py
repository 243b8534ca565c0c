"""How many different values there are, and how often each came: exact up to a bound, in bounded memory."""

from __future__ import annotations

from hashlib import sha256

import pyarrow as pa
import pyarrow.compute as pc

from .schema import Column, Kind, cast

WAITING = 16_384  # values that are counted together at least


class Distinct:
    """The different values of one type, up to `most` of them; beyond that it is known that there are more.

    Values are what Arrow tells apart. Null is none of them.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.has_more = False
        """Whether there are more than `most`; then nothing is kept of them."""
        self._counted: list[pa.Table] = []
        self._kept = self._waiting = 0

    def add(self, values: Column) -> None:
        """Count values of the one type, none of which is null."""
        if self.has_more or not len(values):
            return
        found = pc.value_counts(values)
        self._take(pa.table([found.field(0), found.field(1)], ["value", "count"]))

    def include(self, other: Distinct, kind: Kind) -> None:
        """Count what another has counted, as values of `kind`, which holds them all."""
        self.has_more |= other.has_more
        if not self.has_more:
            for part in other._counted:
                values = [cast(chunk, kind) for chunk in part["value"].chunks]
                self._take(pa.table([pa.chunked_array(values, kind), part["count"]], ["value", "count"]))

    def counts(self) -> pa.Table | None:
        """The values and how often each came, as `value` and `count`; None where there are too many."""
        self._count()
        if self.has_more:
            return None
        return self._counted[0] if self._counted else pa.table({"value": [], "count": []})

    def _take(self, counted: pa.Table) -> None:
        self._counted.append(counted)
        self._waiting += len(counted)
        if self._waiting > max(self._kept, WAITING):  # so that each value is looked at a few times, not often
            self._count()

    def _count(self) -> None:
        if len(self._counted) > 1:
            table = pa.concat_tables(self._counted)
            together = table.group_by("value", use_threads=False).aggregate([("count", "sum")])
            self._counted = [together.rename_columns({"count_sum": "count"})]
        self._kept, self._waiting = sum(map(len, self._counted)), 0
        if self._kept > self.most:
            self.has_more, self._counted = True, []


def shortened(texts: Column, longest: int, shown: int = 0) -> Column:
    """Put for each text of more than `longest` bytes its first `shown` characters and its SHA-256.

    Different texts stay different: what is put is longer than `longest` bytes too, which is at least 64.
    """
    is_long = pc.greater(pc.binary_length(texts), longest)
    if not pc.any(is_long).as_py():
        return texts
    marks = [_mark(text, longest, shown) for text in texts.filter(is_long).to_pylist()]
    return pc.replace_with_mask(texts, is_long, pa.array(marks, texts.type))


def _mark(text: str, longest: int, shown: int) -> str:
    begun = text[:shown]
    filler = "·" * max(longest - 63 - len(begun), 0)
    return f"{begun}{filler}{sha256(text.encode()).hexdigest()}"
