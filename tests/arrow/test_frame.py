"""A DataFrame's dtypes follow the schema."""

import subprocess
import sys
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from spyro_sdk.arrow.frame import MUCH, SMALL, to_pandas

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


def test_a_big_table_is_converted_in_shares_and_keeps_its_order():
    rows = 500_000
    kinds = [("a", False), ("b", True), ("c", False), ("d", True), ("e", True)]
    schema = pa.schema([pa.field(name, pa.int64(), nullable=nullable) for name, nullable in kinds])
    table = pa.table({name: [place] * rows for place, (name, _) in enumerate(kinds)}, schema=schema)
    assert table.nbytes > 2 * SMALL
    found = to_pandas(table)
    assert found.columns.tolist() == ["a", "b", "c", "d", "e"]
    assert found.dtypes.map(str).tolist() == ["int64", "Int64", "int64", "Int64", "Int64"]
    assert found.iloc[[0, rows - 1]].to_numpy().tolist() == [[0, 1, 2, 3, 4]] * 2
    assert table.num_rows == rows  # who holds it can still use it


def test_what_is_let_go_is_given_back_on_the_way():
    table = pa.table({name: [value] * (MUCH // 8) for name, value in (("a", 0.5), ("b", 1.5), ("c", 2.5))})
    found = to_pandas(table)
    assert found.iloc[-1].tolist() == [0.5, 1.5, 2.5]
    assert found.shape == (MUCH // 8, 3)


def test_a_table_without_columns_has_its_rows():
    assert to_pandas(pa.table({}).select([])).shape == (0, 0)
    table = pa.table({"x": [1, 2, 3]}).select([])
    assert to_pandas(table).shape == (3, 0)


def test_a_frame_of_many_columns_can_be_given_one_more():
    found = to_pandas(pa.table({f"c{place}": [0.5] for place in range(90)}))
    found["new"] = 1  # warns where the columns lie apart, and a warning is an error
    assert found.shape == (1, 91)


PEAK = """
import re, resource, sys
from pathlib import Path
import pyarrow as pa
from spyro_sdk.arrow.frame import MUCH, SMALL, to_pandas

def table(rows):
    page = pa.RecordBatch.from_pydict({
        **{f"i{n}": pa.array([None, *range(1, 1000)]) for n in range(20)},
        **{f"f{n}": pa.array([0.5] * 1000) for n in range(20)},
        **{f"s{n}": pa.array([f"{n:020}" for n in range(1000)]) for n in range(10)},
    })
    order = pa.array(range(1000))
    return pa.Table.from_batches([page.take(order) for _ in range(rows // 1000)])

def peak():
    if sys.platform == "linux":  # where ru_maxrss begins with what the parent had
        return int(re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

to_pandas(table(1000))
before = peak()
frame = to_pandas(table(200_000))
print((peak() - before) / frame.memory_usage(deep=True).sum())
"""


def test_a_table_that_nobody_holds_is_not_twice_in_memory():
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", PEAK], cwd=root, capture_output=True, text=True, check=True, timeout=60
    )
    assert 0.8 < float(done.stdout) < 1.8


def test_a_frame_can_be_changed():
    found = to_pandas(pa.table({"x": [1, None], "f": [0.5, 1.5]}))
    found.loc[0, "x"] = 5
    found["f"] *= 2
    assert found["x"].tolist() == [5, pd.NA]
    assert found["f"].tolist() == [1.0, 3.0]
