"""What in a page is new, told by the keys of the page before it.

Where each page begins with the last record of the page before it, no record between them can be missing: it
would stand between two that came side by side. So it does not matter which page the service answered first,
nor what it added or removed meanwhile, as long as the records that stay keep their order.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True, slots=True)
class Seam:
    """Where the records that came last stand in a page."""

    count: int = 0
    """How many of them are in it."""
    place: int = -1
    """Where the last of them is; -1 where none is."""
    is_latest: bool = False
    """Whether it is the very last that came."""
    is_ordered: bool = True
    """Whether they stand in the order in which they came."""

    @property
    def new(self) -> int:
        """The place of the first record that is new."""
        return self.place + 1

    @property
    def is_shift(self) -> bool:
        """Whether the page begins with the last records that came, and has no other of them."""
        return self.count == self.new and self.is_latest and self.is_ordered


UNSEEN = Seam()


def seam(known: pa.Array | None, keys: pa.Array | None) -> Seam:
    """Find the keys that came last in those of a page."""
    if known is None or keys is None or not len(known) or not len(keys):
        return UNSEEN
    found = _index_in(keys, known)
    if found.null_count == len(found):
        return UNSEEN
    places = pc.indices_nonzero(found.is_valid()).to_pylist()
    order = found.take(pa.array(places)).to_pylist()
    is_ordered = all(one < other for one, other in pairwise(order))
    return Seam(len(places), places[-1], order[-1] == len(known) - 1, is_ordered)


def remembered(known: pa.Array, keys: pa.Array, most: int) -> pa.Array:
    """The last `most` keys of those known before and those that came after them."""
    joined = pa.concat_arrays(alike(known, keys))
    return joined.slice(max(0, len(joined) - most))


def keys_of(batch: pa.RecordBatch, key: str | None) -> pa.Array | None:
    """The keys of records; None where one has none, or where they cannot be compared."""
    if key is None:
        return None
    if not batch.num_rows:
        return pa.array([], pa.string())
    if key not in batch.schema.names:
        return None
    keys = batch[key]
    return None if keys.null_count or pa.types.is_nested(keys.type) else keys


def repeated(keys: pa.Array | None) -> int:
    """How many records have a key that another of them has."""
    return 0 if keys is None else len(keys) - pc.count_distinct(keys).as_py()


def _index_in(keys: pa.Array, known: pa.Array) -> pa.Array:
    keys, known = alike(keys, known)
    return pc.index_in(keys, value_set=known)


def alike(*all_keys: pa.Array) -> list[pa.Array]:
    """Keys of several pages in one type: the column may be wider on one of them."""
    if all(keys.type == all_keys[0].type for keys in all_keys):
        return list(all_keys)
    return [pa.array([str(key) for key in keys.to_pylist()], pa.string()) for keys in all_keys]
