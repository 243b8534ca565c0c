"""A DataFrame's dtypes follow the schema."""

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pytest

from spyro_sdk.arrow.frame import to_pandas

STRING = "str" if pd.__version__ >= "3" else "string"


def frame_of(values, kind, *, nullable=True):
    schema = pa.schema([pa.field("x", kind, nullable=nullable)])
    return to_pandas(pa.table({"x": pa.array(values, kind)}, schema=schema))["x"]


@pytest.mark.parametrize(
    ("kind", "value", "dtype"),
    [
        (pa.int64(), 1, "Int64"),
        (pa.int32(), 1, "Int32"),
        (pa.uint8(), 1, "UInt8"),
        (pa.bool_(), True, "boolean"),
        (pa.float64(), 1.5, "float64"),
        (pa.string(), "a", STRING),
        (pa.date32(), date(2026, 1, 31), "datetime64[ms]"),
        (pa.timestamp("ms", "UTC"), datetime(2026, 1, 31, tzinfo=UTC), "datetime64[ms, UTC]"),
        (pa.timestamp("us"), datetime(2026, 1, 31), "datetime64[us]"),
        (pa.time64("us"), time(12), "time64[us][pyarrow]"),
        (pa.decimal128(10, 2), Decimal("1.50"), "decimal128(10, 2)[pyarrow]"),
        (pa.list_(pa.int64()), [1], "list<item: int64>[pyarrow]"),
        (pa.struct([("a", pa.int64())]), {"a": 1}, "struct<a: int64>[pyarrow]"),
        (pa.null(), None, "null[pyarrow]"),
    ],
)
def test_the_dtype_is_the_same_whatever_values_the_day_brought(kind, value, dtype):
    for values in ([value], [value, None], [None], []):
        assert str(frame_of(values, kind).dtype) == dtype
    assert frame_of([value], kind).tolist()[0] == value or value is None or isinstance(value, date)


@pytest.mark.parametrize(
    ("kind", "dtype"), [(pa.int64(), "int64"), (pa.uint16(), "uint16"), (pa.bool_(), "bool")]
)
def test_what_cannot_be_null_has_the_plain_dtype(kind, dtype):
    assert str(frame_of([1, 0] if dtype != "bool" else [True, False], kind, nullable=False).dtype) == dtype
    assert str(frame_of([], kind, nullable=False).dtype) == dtype


def test_ints_beyond_2_53_are_exact_beside_nulls():
    found = frame_of([2**53 + 1, None, -(2**63)], pa.int64())
    assert found.tolist() == [2**53 + 1, pd.NA, -(2**63)]


def test_dates_of_all_centuries_are_dates():
    found = frame_of([date(1, 1, 1), date(9999, 12, 31), None], pa.date32())
    assert found.dt.year.tolist()[:2] == [1, 9999]
    assert pd.isna(found[2])


def test_decimals_are_added_exactly():
    found = frame_of([Decimal("0.10"), Decimal("0.20"), None], pa.decimal128(10, 2))
    assert found.sum() == Decimal("0.30")
    assert (found + found)[1] == Decimal("0.40")


def test_rows_are_numbered_from_zero_and_columns_keep_their_order():
    table = pa.Table.from_pandas(pd.DataFrame({"b": [1, 2], "a": ["x", "y"]}, index=[7, 8]))
    found = to_pandas(table.select(["b", "a"]))
    assert isinstance(found.index, pd.RangeIndex)
    assert found.columns.tolist() == ["b", "a"]


def test_a_table_of_many_chunks_is_one_frame():
    part = pa.table({"x": [1, None], "s": ["a", None], "d": [date(2026, 1, 31), None]})
    found = to_pandas(pa.concat_tables([part] * 3))
    assert found["x"].tolist() == [1, pd.NA] * 3
    assert found["s"].isna().tolist() == [False, True] * 3


def test_a_table_that_destroys_itself_gives_the_same_frame():
    def table():
        schema = pa.schema(
            [pa.field("n", pa.int64(), nullable=False), ("s", pa.string()), ("f", pa.float64())]
        )
        return pa.table({"n": range(1000), "s": map(str, range(1000)), "f": [0.5] * 1000}, schema=schema)

    pd.testing.assert_frame_equal(to_pandas(table(), self_destruct=True), to_pandas(table()))


def test_a_frame_can_be_changed():
    found = to_pandas(pa.table({"x": [1, None], "f": [0.5, 1.5]}))
    found.loc[0, "x"] = 5
    found["f"] *= 2
    assert found["x"].tolist() == [5, pd.NA]
    assert found["f"].tolist() == [1.0, 3.0]
