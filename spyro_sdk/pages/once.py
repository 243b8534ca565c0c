"""Whether a record came twice in one fetch, however far apart."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from .seams import alike, repeated

MEMORY = 64 << 20  # bytes of keys that are remembered: three million of 18 letters


class Once:
    """Remembers the keys of a fetch: where they come in order, each is a new one, and nothing is compared.

    Where they do not, they are compared once, at the end; not where they take too much memory.
    """

    def __init__(self, memory: int = MEMORY) -> None:
        self._memory = memory
        self._size = 0  # bytes remembered
        self._kept: list[pa.Array] = []
        self._last: pa.Array | None = None
        self._grows: bool | None = None
        self.is_ordered = True
        """Whether each key comes after those before it, so that none can have come twice."""
        self._is_whole = True

    def see(self, keys: pa.Array | None) -> None:
        """Take note of the keys of a page; None where it has none that can be compared."""
        if keys is None or not self._is_whole:
            self._forget()
        elif len(keys):
            self.is_ordered = self.is_ordered and self._goes_on(keys)
            self._size += keys.nbytes
            self._kept.append(keys)
            if self._size > self._memory:
                self._forget()

    @property
    def repeated(self) -> int:
        """How many of the records that came have the key of another, as far as that can be told."""
        if self.is_ordered or not self._kept:
            return 0
        return repeated(pa.concat_arrays(alike(*self._kept)))

    def _goes_on(self, keys: pa.Array) -> bool:
        """Whether the keys lead on in the direction of those before them."""
        joined = keys if self._last is None else pa.concat_arrays(alike(self._last, keys))
        self._last = keys.slice(len(keys) - 1)
        if len(joined) < 2:
            return True
        if self._grows is None:
            self._grows = bool(pc.less(joined[0], joined[1]).as_py())
        is_before = pc.less if self._grows else pc.greater
        return bool(pc.all(is_before(joined.slice(0, len(joined) - 1), joined.slice(1))).as_py())

    def _forget(self) -> None:
        self._is_whole = False
        self._kept.clear()
