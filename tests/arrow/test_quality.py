"""What the values of a table are like: the same in whichever batches they come, and what Python counts."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spyro_sdk.arrow.profiling import Profile
from spyro_sdk.arrow.quality import MOST_KEYS, MOST_VALUES, ColumnQuality, Frequent, Quality
from spyro_sdk.arrow.schema import unify
from spyro_sdk.errors import ValidationError

from .rows import batch


def quality_of(
    batches: Iterable[pa.RecordBatch], key: str | None = None, schema: pa.Schema | None = None
) -> Quality:
    profile = Profile("Customer", key, schema)
    for each in batches:
        profile.add(each)
    return profile.quality()


def of(values: Sequence[Any], kind: pa.DataType | None = None) -> ColumnQuality:
    return quality_of([batch(x=pa.array(values, kind))])["x"]


# --- the same as the whole table, and as Python


MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1))
KINDS: dict[pa.DataType, st.SearchStrategy[Any]] = {
    pa.null(): st.none(),
    pa.int8(): st.integers(-128, 127),
    pa.int64(): st.integers(-(2**63), 2**63 - 1) | st.integers(-5, 5),
    pa.uint64(): st.integers(0, 2**64 - 1),
    pa.float64(): st.floats() | st.sampled_from([0.0, -0.0, 1.0, math.nan, math.inf]),
    pa.float32(): st.floats(width=32),
    pa.bool_(): st.booleans(),
    pa.string(): st.text(max_size=4) | st.sampled_from(["", " a", "1", "1.0", "NaN", "true"]),
    pa.date32(): st.dates(date(1, 1, 1), date(9999, 12, 31)),
    pa.timestamp("s", "UTC"): MOMENTS.map(lambda it: it.replace(microsecond=0, tzinfo=UTC)),
    pa.timestamp("ns", "UTC"): MOMENTS.map(lambda it: it.replace(tzinfo=UTC)),
    pa.time32("s"): st.times().map(lambda it: it.replace(microsecond=0)),
    pa.time64("us"): st.times(),
    pa.decimal128(12, 2): st.decimals(-(10**9), 10**9, places=2),
    pa.decimal128(38, 6): st.decimals(-(10**31), 10**31, places=6),
}


@st.composite
def pages(draw: st.DrawFn) -> list[pa.RecordBatch]:
    """A column that has another type from page to page, and may be missing in one."""
    kinds = draw(st.lists(st.sampled_from(list(KINDS)), min_size=1, max_size=2))
    made = []
    for kind in draw(st.lists(st.sampled_from([*kinds, *kinds, None, pa.null()]), max_size=5)):
        values = [] if kind is None else draw(st.lists(st.none() | KINDS[kind], max_size=6))
        made.append(batch(y=[1]) if kind is None else batch(x=pa.array(values, kind)))
    return made


def known(value: Any) -> bool:
    return value is not None and not (isinstance(value, float) and math.isnan(value))


def naive(column: pa.ChunkedArray) -> dict[str, Any]:
    """What a column is like, told in plain Python."""
    values = [it for it in column.to_pylist() if known(it)]
    is_text, is_bool = pa.types.is_string(column.type), pa.types.is_boolean(column.type)
    common = sorted(Counter(values).items(), key=lambda it: (-it[1], it[0])) if is_text or is_bool else []
    return {
        "type": column.type,
        "rows": len(column),
        "nulls": column.null_count,
        "nans": len(column) - column.null_count - len(values),
        "distinct": len(set(values)),
        "min": None if is_bool or not values else min(values, key=order),
        "max": None if is_bool or not values else max(values, key=order),
        "empty": values.count("") if is_text else 0,
        "padded": sum(it != it.strip() for it in values) if is_text else 0,
        "frequent": tuple(Frequent(*it) for it in common[:5]),
    }


def order(value: Any) -> Any:
    return value.encode() if isinstance(value, str) else value


def told(column: ColumnQuality) -> dict[str, Any]:
    return {name: getattr(column, name) for name in naive(pa.chunked_array([[1]]))}


def mean_of(values: Sequence[Any]) -> float | None:
    return float(sum(map(Decimal, values)) / len(values)) if values else None


@settings(max_examples=400, deadline=None)
@example([batch(x=[2**53 + 1, 7]), batch(x=[0.5, math.nan]), batch(x=[7])])  # texts, for the sake of one
@example([batch(x=[0.5, math.nan]), batch(x=["NaN", "0.5"]), batch(x=[True, None])])
@example([batch(x=[math.nan]), batch(x=["a"])])
@example([batch(x=pa.array([2**40], pa.timestamp("s"))), batch(x=pa.array([1], pa.timestamp("ns")))])
@given(pages())
def test_it_is_that_of_the_whole_table(batches: list[pa.RecordBatch]) -> None:
    table, found = unify(batches), quality_of(batches)
    whole = quality_of(table.combine_chunks().to_batches(), schema=table.schema)
    assert (found.rows, found.names) == (table.num_rows, table.schema.names)
    for one, other in zip(found, whole, strict=True):
        assert told(one) == told(other) == naive(table[one.name])
        assert one.histogram == other.histogram
        assert (one.mean is None) == (other.mean is None)
        assert one.mean is None or one.mean == pytest.approx(other.mean, rel=1e-9, abs=1e300)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(-(2**63), 2**63 - 1) | st.none()), st.integers(1, 5))
def test_whole_numbers_are_not_rounded(values: list[int | None], size: int) -> None:
    table = pa.table({"x": pa.array(values, pa.int64())})
    profile = Profile("Customer", None, table.schema)
    for each in table.to_batches(size):
        profile.add(each)
    found, numbers = profile.quality()["x"], [it for it in values if it is not None]
    series = pd.Series(values, dtype="Int64")
    assert found.distinct == series.nunique()
    assert (found.min, found.max) == ((min(numbers), max(numbers)) if numbers else (None, None))
    assert found.mean == mean_of(numbers)
    assert (sum(found.histogram.counts) if found.histogram else 0) == len(numbers)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False)), st.integers(1, 7))
def test_a_histogram_counts_each_number_where_it_lies(values: list[float], size: int) -> None:
    batches = pa.table({"x": pa.array(values, pa.float64())}).to_batches(size)
    found = quality_of(batches)["x"].histogram if values else None
    if found is None:
        return
    assert 1 <= len(found.counts) <= 20
    assert found.counts[0]
    assert found.counts[-1]
    edges = found.edges
    for place, count in enumerate(found.counts):
        top = math.inf if place == len(found.counts) - 1 else edges[place + 1]
        assert count == sum(edges[place] <= value < top for value in values)


def test_the_keys_that_come_again_are_counted_across_batches_and_types() -> None:
    found = quality_of([batch(id=[1, 2, None]), batch(id=["2", "2", "x"]), batch(id=[None])], "id")
    assert (found.key, found.duplicates, found["id"].nulls) == ("id", 2, 2)
    assert not found.is_keyed


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(st.text(max_size=2) | st.sampled_from(["k" * 64, "k" * 65, "k" * 66])), max_size=4))
def test_duplicates_are_records_beyond_the_different_keys(keys: list[list[str]]) -> None:
    together = [key for some in keys for key in some]
    found = quality_of([batch(id=pa.array(some, pa.string())) for some in keys], "id")
    assert (found.duplicates or 0) == len(together) - len(set(together))
    assert found.is_keyed == (0 < len(together) == len(set(together)))


# --- each kind of column


def test_of_objects_and_lists_only_the_missing_ones_are_counted() -> None:
    found = quality_of([batch(s=[{"a": 1}, None, {"a": 2}], l=[[1], [], None], k=["a", "a", "b"])], "s")
    assert [(it.nulls, it.distinct, it.min, it.histogram, it.frequent) for it in found][:2] == [
        (1, None, None, None, ()),
        (1, None, None, None, ()),
    ]
    assert (found.key, found.duplicates) == (None, None)  # nor are they keys
    assert str(found["s"].type) == "struct<a: int64>"


def test_objects_that_become_texts_are_not_compared_either() -> None:
    found = quality_of([batch(x=[{"a": 1}, None]), batch(x=["", " b"])])["x"]
    assert (str(found.type), found.nulls, found.empty, found.padded) == ("string", 1, 1, 1)
    assert (found.distinct, found.has_more, found.min, found.frequent) == (None, False, None, ())


def test_new_fields_of_an_object_are_told_with_its_type() -> None:
    found = quality_of([batch(x=[{"a": 1}]), batch(x=[{"a": 1.5, "b": "c"}])])["x"]
    assert str(found.type) == "struct<a: double, b: string>"


@pytest.mark.parametrize(
    ("values", "kind", "least", "distinct"),
    [
        (["b", "a", "b"], pa.large_string(), "a", 2),
        (["b", "a", "b"], pa.string_view(), "a", 2),
        (["b", "a", "b"], pa.dictionary(pa.int8(), pa.string()), "a", 2),
        ([2.0, 1.5, 2.0], pa.float16(), 1.5, 2),
        ([date(2026, 1, 2), date(2026, 1, 1), date(2026, 1, 1)], pa.date64(), date(2026, 1, 1), 2),
        ([b"b", b"a", b"b"], pa.binary(), None, None),
        ([timedelta(1), timedelta(2), timedelta(2)], pa.duration("s"), None, None),
        ([Decimal(2), Decimal(1), Decimal(2)], pa.decimal256(50, 2), None, None),
    ],
    ids=str,
)
def test_types_that_only_other_connectors_give(
    values: list[Any], kind: pa.DataType, least: Any, distinct: int | None
) -> None:
    found = of([*values, None], kind)
    assert (found.type, found.nulls, found.min, found.distinct) == (kind, 1, least, distinct)


def test_moments_that_python_cannot_say_are_told_as_texts() -> None:
    assert of([10**18 + 1], pa.timestamp("ns")).max == pd.Timestamp("2001-09-09 01:46:40.000000001")
    assert of([1], pa.time64("ns")).max == "00:00:00.000000001"
    assert of([10**12], pa.timestamp("s")).max == "<value out of range: 1000000000000>"
    assert of([0], pa.timestamp("s", "Nowhere")).max == "1970-01-01 00:00:00"


def test_moments_are_spread_over_seconds_and_days_over_days() -> None:
    moments = of([datetime(1970, 1, 1), datetime(1970, 1, 1, 0, 0, 16)], pa.timestamp("us")).histogram
    assert moments is not None
    assert moments.edges == tuple(range(18))
    days = of([date(1970, 1, 2), date(1970, 1, 11)]).histogram
    assert days is not None
    assert (days.counts, days.edges) == ((1, *[0] * 8, 1), tuple(it * 86_400.0 for it in range(1, 12)))
    times = of([time(0, 0, 1), time(0, 0, 2)]).histogram
    assert times is not None
    assert times.edges[0] == 1.0


def test_a_number_that_is_none_is_neither_missing_nor_counted() -> None:
    found = of([1.0, math.nan, None, 3.0])
    assert (found.nulls, found.nans, found.distinct, found.mean, found.max) == (1, 1, 2, 2.0, 3.0)
    assert of([math.nan]).min is None


def test_an_infinite_number_is_the_greatest_and_has_no_mean() -> None:
    batches = [batch(x=[1.0, math.inf]), batch(x=[2.0])]
    found = quality_of(batches)["x"]
    assert (found.max, found.mean, found.histogram and sum(found.histogram.counts)) == (math.inf, None, 2)
    assert of([-math.inf]).histogram is None


def test_the_mean_of_huge_numbers_is_one_of_them() -> None:
    assert of([1.5e308] * 4).mean == 1.5e308


def test_the_sum_of_big_decimals_is_exact() -> None:
    assert of([Decimal("9" * 38)] * 3, pa.decimal128(38, 0)).mean == 1e38


def test_zero_has_one_value_whatever_its_sign() -> None:
    assert of([0.0, -0.0, 1.0]).distinct == 2


# --- bounds


def test_values_are_told_apart_up_to_a_bound() -> None:
    def counted(number: int) -> tuple[int | None, bool]:
        found = quality_of([batch(x=list(range(number))), batch(x=list(range(number)))])["x"]
        return found.distinct, found.has_more

    assert counted(MOST_VALUES) == (MOST_VALUES, False)
    assert counted(MOST_VALUES + 1) == (None, True)


def test_beyond_it_texts_have_ends_but_none_is_the_commonest() -> None:
    texts = [f"{number:07}" for number in range(3 * MOST_VALUES)]
    found = quality_of([batch(x=texts[::2]), batch(x=texts[1::2])])["x"]
    assert (found.has_more, found.min, found.max, found.frequent) == (True, "0000000", texts[-1], ())


def test_many_numbers_that_became_texts_have_no_ends() -> None:
    few, many = list(range(9)), list(range(MOST_VALUES + 1))
    assert quality_of([batch(x=few), batch(x=["a"])])["x"].max == "a"
    found = quality_of([batch(x=many), batch(x=["a"])])["x"]
    assert (found.has_more, found.min, found.max) == (True, None, None)


def test_numbers_that_no_common_type_holds_are_measured_as_texts() -> None:
    found = quality_of([batch(x=[2**53 + 1, 7]), batch(x=[0.5, math.nan])])["x"]
    assert (found.type, found.min, found.max, found.distinct) == (pa.string(), "0.5", "NaN", 4)


def test_long_texts_are_told_apart_and_cut() -> None:
    one, other = "x" * 5000 + "a", "x" * 5000 + "b"
    found = of([one, other, one, "é" * 150])
    assert found.distinct == 3
    assert found.frequent[0] == Frequent("x" * 100 + "…", 2)
    assert (found.min, found.max) == ("x" * 100 + "…", "é" * 100 + "…")


def test_more_keys_than_can_be_compared_are_not_said_to_be_unique() -> None:
    each = MOST_KEYS // 4
    numbers = pa.array(range(MOST_KEYS + each))
    found = quality_of([batch(id=numbers[it * each : (it + 1) * each]) for it in range(5)], "id")
    assert (found.duplicates, found.is_keyed) == (None, False)
    assert found.findings == ["more than 1,000,000 different id: whether one comes twice is not known"]


# --- what is said


EXAMPLE = [
    batch(
        id=["a", "b", "a", None],
        name=[" Ann", "", None, "Bob\x1b[2J\u202e" + "!" * 30],
        nothing=pa.nulls(4),
        country=["DE"] * 4,
        revenue=pa.array([Decimal("1234567.50"), None, Decimal(0), Decimal(3)], pa.decimal128(20, 4)),
        score=[0.001, math.nan, math.inf, 2.0],
        born=[datetime(2026, 1, 1, 12, tzinfo=UTC)] * 3 + [None],
        big=pa.array([2**64 - 1, 1, 1, 2], pa.uint64()),
        is_new=[True, True, False, True],
        漢字=["東京", "東京", "大阪", "x"],
        day=[date(2026, 1, 1), date(2026, 1, 2), None, None],
        small=[0.001, 0.002, 0.003, 0.004],
    )
]


def test_it_is_shown_as_a_table_of_words() -> None:
    lines = repr(quality_of(EXAMPLE, "id")).splitlines()
    assert lines[:9] == [
        "Customer: 4 records, 12 columns",
        "  1 record without id, 1 record with the id of an earlier one",
        "  1 column without any value: nothing",
        "  1 column of one value throughout: country",
        "  white space around texts in 1 column: name (1)",
        "  empty texts beside missing ones in 1 column: name (1)",
        "  NaN in 1 column: score (1)",
        "  infinite numbers in 1 column: score",
        "column   type                    null  distinct                   min                         max"
        "        mean  most frequent",
    ]
    assert [line.split() for line in lines[9:13]] == [
        ["id", "string", "25", "%", "2", "a", "b", "a", "50", "%"],
        ["name", "string", "25", "%", "3", "Bob�[2J�!!!!!!!!!!!!!!!…"],
        ["nothing", "null", "100", "%", "0"],
        ["country", "string", "1", "DE", "DE", "DE", "100", "%"],
    ]
    told = "\n".join(lines)
    assert "1,234,567.5  411,523.50" in told
    assert "18,446,744,073,709,551,615" in told
    assert "2026-01-01 12:00:00Z" in told
    assert "true 75 %" in told
    assert "東京 50 %" in told
    assert lines[-1].split() == ["small", "double", "4", "0.001", "0.004", "0.0025"]
    assert "2026-01-01" in lines[-2]


def test_few_columns_are_named_in_a_finding() -> None:
    found = quality_of([batch(**{f"c{it}": pa.nulls(2) for it in range(5)})])
    assert found.findings == ["5 columns without any value: c0, c1, c2 and 2 more"]


def test_where_nothing_is_wrong_nothing_is_found() -> None:
    found = quality_of([batch(id=["a", "b"], n=[1, 2])], "id")
    assert found.findings == []
    assert repr(found).startswith("Customer: 2 records, 2 columns, each id once\ncolumn")


def test_no_records_have_columns_all_the_same() -> None:
    profile = Profile("Customer", "id", pa.schema([("id", pa.string()), ("n", pa.int64())]))
    found = profile.quality()
    assert (found.rows, found.names, found.duplicates, found.findings) == (0, ["id", "n"], 0, ["no records"])
    assert found["n"] == ColumnQuality("n", pa.int64(), 0, 0, distinct=0)
    assert (found["n"].null_share, found.is_keyed, len(found)) == (0.0, False, 2)


def test_more_than_ten_thousand_values_are_said_to_be_more() -> None:
    assert "  > 10,000  " in repr(quality_of([batch(x=list(range(MOST_VALUES + 1)))]))


def test_a_column_is_found_by_its_name() -> None:
    found = quality_of(EXAMPLE)
    assert found["big"].max == 2**64 - 1
    with pytest.raises(ValidationError, match="did you mean 'country'"):
        found["contry"]


def test_it_is_json() -> None:
    told = quality_of(EXAMPLE, "id").to_dict()
    again = json.loads(json.dumps(told, allow_nan=False))
    assert (again["entity"], again["rows"], again["key"], again["duplicates"]) == ("Customer", 4, "id", 1)
    columns = {it["name"]: it for it in again["columns"]}
    assert columns["revenue"]["max"] == "1234567.5000"
    assert columns["score"]["max"] == "inf"
    assert columns["born"]["min"] == "2026-01-01T12:00:00+00:00"
    assert columns["big"]["max"] == 2**64 - 1
    assert columns["big"]["histogram"]["counts"][0] == 3
    assert columns["country"]["frequent"] == [{"value": "DE", "count": 4}]
    assert again["findings"] == quality_of(EXAMPLE, "id").findings


def test_it_is_a_data_frame_with_a_row_for_each_column() -> None:
    frame = quality_of(EXAMPLE, "id").to_pandas().set_index("column")
    assert frame.index.tolist() == quality_of(EXAMPLE).names
    assert frame.loc["big", "max"] == 2**64 - 1
    assert frame.loc["revenue", "max"] == Decimal("1234567.5")
    assert frame["nulls"].dtype == "Int64"
    assert frame.loc["nothing", "nulls"] == 4
    assert pd.isna(frame.loc["name", "mean"])
