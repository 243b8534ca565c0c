"""One filter for every connector: `"annual_revenue > 1e6 and industry in ('Energy', 'Banking')"`.

The language is SQL's: columns compared with values by = != < <= > >=, `in`, `between`, `like`, `ilike` and
`is null`, joined by `and`, `or` and `not`. Text stands in 'single quotes', a column name which is not a plain
word in "double quotes"; `Owner.Name` is a column, or a field of a struct. The logic is SQL's too: what is
compared with null is neither true nor false, and the records are those for which the filter is true.

Nothing is rounded on the way: whole numbers, decimals, days and instants are compared as exactly as they are
written, whatever the column's type can hold. Columns of floats are the exception, and IEEE 754 rules there:
the value becomes the nearest float of the column's width; NaN differs from every value, and is neither below
nor above any. `not (x < 1)` means `x >= 1`, which NaN does not satisfy either.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .tree import And, Comparison, IsNull, Leaf, Like, Membership, Node, Op, Or, each_leaf, leaves, spell
from .values import Value

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "And",
    "Comparison",
    "IsNull",
    "Leaf",
    "Like",
    "Membership",
    "Node",
    "Op",
    "Or",
    "Value",
    "Where",
    "parse",
]


def parse(text: str) -> Where:
    """Read a filter; what is not one raises `ValidationError`, whose message counts positions from 0."""
    from .grammar import read

    return Where(text, read(text))


@dataclass(frozen=True, slots=True)
class Where:
    """A filter: `str()` spells out what it means, in words that `parse` takes back."""

    text: str
    """As its author wrote it; `rename` and `bind` leave it so, for the messages."""
    root: Node

    @property
    def columns(self) -> frozenset[str]:
        """The columns asked about."""
        return frozenset(leaf.column for leaf in leaves(self.root))

    def rename(self, name: Callable[[str], str]) -> Where:
        """The same filter on columns called `name(column)`."""
        return replace(self, root=each_leaf(self.root, lambda leaf: replace(leaf, column=name(leaf.column))))

    def bind(self, schema: pa.Schema) -> Where:
        """The same filter with each value as its column's type wants it: of `'2026-01-01'` an instant, say.

        Raises `ValidationError` for a column that is not there, and for a value that its type cannot equal.
        """
        from .binding import fitted

        return replace(self, root=each_leaf(self.root, lambda leaf: fitted(leaf, schema, self.text)))

    def filter(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The rows for which this is true, in their order; binds itself to the batch's schema."""
        from .mask import mask

        return batch.filter(mask(self.bind(batch.schema).root, batch))

    def __str__(self) -> str:
        return spell(self.root)
