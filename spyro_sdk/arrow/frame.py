"""A table becomes a DataFrame whose dtypes say what the schema says, whatever values the day brought."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    import pandas as pd

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


def to_pandas(table: pa.Table, *, self_destruct: bool = False) -> pd.DataFrame:
    """Give the rows of `table` as a DataFrame with a RangeIndex.

    int64 → Int64 where the schema allows nulls, else int64; bool → boolean or bool; date32 and timestamps →
    datetime64, dates in ms; string → pandas' string dtype; decimals, times, lists, structs stay Arrow's
    (`pd.ArrowDtype`), exact. A null in a float64 column becomes NaN. `self_destruct` frees each column once
    it is converted; the table cannot be used afterwards.
    """
    import pandas as pd

    plain = [field for field in table.schema if field.type in NULLABLE and not field.nullable]
    frame: pd.DataFrame = table.to_pandas(
        types_mapper=_dtype,
        date_as_object=False,
        ignore_metadata=True,
        split_blocks=pd.__version__ >= "3",  # before, such a frame could not be changed in place
        self_destruct=self_destruct,
    )
    for field in plain:
        frame[field.name] = frame[field.name].to_numpy(field.type.to_pandas_dtype())
    return frame


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
