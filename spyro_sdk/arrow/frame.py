"""A table becomes a DataFrame whose dtypes say what the schema says, whatever values the day brought."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ..warm import load
from .compiled import give_back
from .schema import Column, Field

if TYPE_CHECKING:
    import pandas as pd

SHARES = 16  # in which a big table is converted and let go
SMALL = 8 << 20  # bytes; less is not worth a share of its own

MUCH = 64 << 20  # bytes that are let go before the system is given them back, which takes a while

NULLABLE = {
    pa.int8(): "Int8",
    pa.int16(): "Int16",
    pa.int32(): "Int32",
    pa.int64(): "Int64",
    pa.uint8(): "UInt8",
    pa.uint16(): "UInt16",
    pa.uint32(): "UInt32",
    pa.uint64(): "UInt64",
    pa.bool_(): "boolean",
}
"""pandas' dtypes that know a missing value beside each whole number and each bool."""


def to_pandas(table: pa.Table) -> pd.DataFrame:
    """Give the rows of `table` as a DataFrame with a RangeIndex.

    int64 → Int64 where the schema allows nulls, else int64; bool → boolean or bool; date32 and timestamps →
    datetime64, dates in ms; string → pandas' string dtype; decimals, times, lists, structs stay Arrow's
    (`pd.ArrowDtype`), exact. A null in a float64 column becomes NaN.

    Some columns are converted and let go, then the next: a table that nobody else holds is never in memory
    twice.
    """
    load("pandas")
    import pandas as pd

    names, index = table.schema.names, pd.RangeIndex(table.num_rows)
    sizes = [column.nbytes for column in table.columns]  # to ask takes a while, with many pages
    bundle = sum(sizes) <= SMALL and pd.__version__ < "3"  # which warns of many columns that lie apart
    waiting = _shares(table, sizes)
    del table
    series: dict[int, pd.Series[Any]] = {}
    let_go = 0
    while waiting:
        let_go += waiting[-1].bytes
        series |= waiting.pop().convert()
        if let_go >= MUCH:  # else the pool, and the C library, keep what we let go
            let_go = 0
            pa.default_memory_pool().release_unused()
            give_back()
    frame = pd.DataFrame({place: series[place] for place in range(len(names))}, index, copy=bundle)
    frame.columns = pd.Index(names, dtype=str)
    return frame


@dataclass
class _Share:
    """Some columns of a table, by their places in it."""

    are_plain: bool
    """Whether they are numbers and bools without nulls, for which pandas has dtypes of old."""
    columns: dict[int, tuple[Field, Column]] = field(default_factory=dict)
    bytes: int = 0

    def convert(self) -> dict[int, pd.Series[Any]]:
        """Turn them into pandas' series, and forget them."""
        import pandas as pd

        places, (fields, columns) = list(self.columns), zip(*self.columns.values(), strict=True)
        self.columns = {}
        frame = pa.table(list(columns), pa.schema(list(fields))).to_pandas(
            types_mapper=None if self.are_plain else _dtype,
            date_as_object=False,
            ignore_metadata=True,
            split_blocks=pd.__version__ >= "3",  # before, such a frame could not be changed in place
            self_destruct=True,
        )
        return {place: frame.iloc[:, number] for number, place in enumerate(places)}


def _shares(table: pa.Table, sizes: Sequence[int]) -> list[_Share]:
    """The columns of a table, which have these sizes in bytes, in shares of not too different size."""
    most = max(sum(sizes) // SHARES, SMALL)
    shares: list[_Share] = []
    filling: dict[bool, _Share] = {}
    columns = zip(table.schema, table.columns, sizes, strict=True)
    for place, (about, column, size) in enumerate(columns):
        are_plain = about.type in NULLABLE and not about.nullable
        if are_plain not in filling or filling[are_plain].bytes >= most:
            filling[are_plain] = _Share(are_plain)
            shares.append(filling[are_plain])
        filling[are_plain].columns[place] = about, column
        filling[are_plain].bytes += size
    return shares


def _dtype(kind: pa.DataType) -> Any:
    """The dtype for an Arrow type; None for the one that pyarrow chooses."""
    import pandas as pd

    if kind in NULLABLE:
        return pd.api.types.pandas_dtype(NULLABLE[kind])
    if pa.types.is_string(kind):
        return pd.StringDtype("pyarrow") if pd.__version__ < "3" else None
    if pa.types.is_floating(kind) or pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return None
    return pd.ArrowDtype(kind)
