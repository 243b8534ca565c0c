"""One schema for many pages."""

import math
from datetime import date, time
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spyro_sdk.arrow.schema import MOST_FIELDS, Misfit, cast, changes, conform, merge, texts, unify, widen

TYPES = st.recursive(
    st.sampled_from(
        [
            *(
                pa.null(),
                pa.bool_(),
                pa.int8(),
                pa.uint16(),
                pa.int64(),
                pa.uint64(),
                pa.float32(),
                pa.float64(),
            ),
            *(pa.string(), pa.decimal128(10, 2), pa.decimal128(38, 0), pa.decimal128(38, 30), pa.date32()),
            *(pa.timestamp("ms"), pa.timestamp("ns", "UTC"), pa.timestamp("s", "UTC"), pa.time64("us")),
        ]
    ),
    lambda inner: (
        st.builds(pa.list_, inner)
        | st.dictionaries(st.sampled_from("abc"), inner).map(lambda fields: pa.struct(list(fields.items())))
    ),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("a", "b", "both"),
    [
        (pa.null(), pa.int64(), pa.int64()),
        (pa.int8(), pa.int64(), pa.int64()),
        (pa.uint8(), pa.uint32(), pa.uint32()),
        (pa.uint8(), pa.int8(), pa.int16()),
        (pa.uint32(), pa.int8(), pa.int64()),
        (pa.uint64(), pa.int64(), pa.decimal128(20, 0)),
        (pa.int64(), pa.float64(), pa.float64()),
        (pa.int8(), pa.float32(), pa.float64()),
        (pa.int64(), pa.decimal128(38, 0), pa.decimal128(38, 0)),
        (pa.int64(), pa.decimal128(18, 2), pa.decimal128(21, 2)),
        (pa.int8(), pa.decimal128(18, 2), pa.decimal128(18, 2)),
        (pa.int64(), pa.decimal128(38, 30), pa.string()),
        (pa.decimal128(10, 2), pa.decimal128(5, 4), pa.decimal128(12, 4)),
        (pa.decimal128(38, 0), pa.decimal128(3, 2), pa.string()),
        (pa.decimal128(10, 2), pa.float64(), pa.string()),
        (pa.bool_(), pa.int64(), pa.string()),
        (pa.timestamp("ms", "UTC"), pa.timestamp("us", "UTC"), pa.timestamp("us", "UTC")),
        (pa.timestamp("ms", "UTC"), pa.timestamp("ms"), pa.string()),
        (pa.date32(), pa.timestamp("ms"), pa.string()),
        (pa.list_(pa.int64()), pa.list_(pa.float64()), pa.list_(pa.float64())),
        (pa.list_(pa.int64()), pa.int64(), pa.string()),
        (pa.large_string(), pa.string(), pa.string()),
        (
            pa.struct([("a", pa.int64()), pa.field("b", pa.int8(), nullable=False)]),
            pa.struct([("c", pa.bool_()), ("a", pa.float64())]),
            pa.struct([("a", pa.float64()), ("b", pa.int8()), ("c", pa.bool_())]),
        ),
    ],
)
def test_the_narrowest_type_that_holds_both(a, b, both):
    assert widen(a, b) == both
    if not pa.types.is_struct(both):
        assert widen(b, a) == both


@given(TYPES, TYPES)
def test_widening_is_up_and_settles(a, b):
    both = widen(a, b)
    assert widen(both, a) == widen(both, b) == widen(both, both) == both


def test_objects_of_too_many_keys_together_become_text():
    halves = [pa.struct([(f"{half}{n}", pa.null()) for n in range(MOST_FIELDS // 2 + 1)]) for half in "ab"]
    assert widen(*halves) == pa.string()


def test_merging_keeps_order_and_what_was_known():
    a = pa.schema([pa.field("id", pa.string(), nullable=False), pa.field("x", pa.int64())], {"k": "a"})
    b = pa.schema(
        [pa.field("y", pa.bool_(), nullable=False), pa.field("id", pa.string(), nullable=False)],
        {"k": "b", "l": "b"},
    )
    found = merge(a, b)
    assert found.names == ["id", "x", "y"]
    assert [field.nullable for field in found] == [False, True, True]
    assert found.metadata == {b"k": b"a", b"l": b"b"}
    assert merge(pa.schema([]), pa.schema([])).metadata is None


def test_a_columns_own_metadata_survive_a_merge():
    a = pa.schema([pa.field("x", pa.int64(), metadata={"label": "X"})])
    assert merge(a, pa.schema([("x", pa.string())])).field("x").metadata == {b"label": b"X"}


# --- cast ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "was", "to", "now"),
    [
        ([2**53, None], pa.int64(), pa.float64(), pa.float64()),
        ([2**53 + 1, None], pa.int64(), pa.float64(), pa.string()),
        ([-(2**53) - 1], pa.int64(), pa.float64(), pa.string()),
        ([2**63 - 1], pa.int64(), pa.decimal128(38, 0), pa.decimal128(38, 0)),
        ([Decimal("1.50")], pa.decimal128(10, 2), pa.decimal128(12, 4), pa.decimal128(12, 4)),
        ([1.5], pa.float64(), pa.int64(), pa.float64()),
        (["12"], pa.string(), pa.int64(), pa.string()),
        ([None], pa.string(), pa.int64(), pa.int64()),
        ([[1], None, []], pa.list_(pa.int64()), pa.list_(pa.float64()), pa.list_(pa.float64())),
        ([[2**53 + 1], None], pa.list_(pa.int64()), pa.list_(pa.float64()), pa.list_(pa.string())),
        (
            [{"a": 1}, None],
            pa.struct([("a", pa.int64())]),
            pa.struct([("b", pa.bool_()), ("a", pa.float64())]),
            pa.struct([("b", pa.bool_()), ("a", pa.float64())]),
        ),
    ],
)
def test_a_cast_is_exact_or_wider(values, was, to, now):
    for shifted in (pa.array(values, was), pa.array([values[0], *values], was).slice(1)):
        found = cast(shifted, to)
        found.validate(full=True)
        assert found.type == now
        if now != pa.string():
            restored = [{**value, "b": None} if isinstance(value, dict) else value for value in values]
            assert _loose(found.to_pylist()) == _loose(restored)


def _loose(value):
    """Numbers and their texts alike."""
    if isinstance(value, list):
        return [_loose(item) for item in value]
    if isinstance(value, int | str) and not isinstance(value, bool):
        return Decimal(value)
    return value


def test_a_year_beyond_the_finer_unit_becomes_text():
    far = pa.array([253402300799999], pa.timestamp("ms", "UTC"))
    assert cast(far, pa.timestamp("ns", "UTC")).to_pylist() == ["9999-12-31T23:59:59.999Z"]
    assert cast(far, pa.timestamp("us", "UTC")).type == pa.timestamp("us", "UTC")


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pa.array([1, -(2**63), None]), ["1", str(-(2**63)), None]),
        (pa.array([True, False, None]), ["true", "false", None]),
        (
            pa.array([1.0, 0.1, 1e16, -0.0, math.nan, -math.inf, None]),
            ["1.0", "0.1", "1e+16", "-0.0", "NaN", "-Infinity", None],
        ),
        (pa.array([Decimal("1.50"), None]), ["1.50", None]),
        (pa.array([date(1, 1, 1)]), ["0001-01-01"]),
        (pa.array([time(12, 34, 56, 7)]), ["12:34:56.000007"]),
        (pa.array([0], pa.timestamp("s", "UTC")), ["1970-01-01T00:00:00Z"]),
        (pa.array([1], pa.timestamp("ms")), ["1970-01-01T00:00:00.001"]),
        (pa.array([[1, None], [], None]), ["[1,null]", "[]", None]),
        (pa.array([{}, None], pa.struct([])), ["{}", None]),
        (
            pa.array(
                [{"d": Decimal("0.10"), "t": [0], "s": "é"}],
                pa.struct(
                    [
                        ("d", pa.decimal128(3, 2)),
                        ("t", pa.list_(pa.timestamp("ns", "UTC"))),
                        ("s", pa.string()),
                    ]
                ),
            ),
            ['{"d":0.10,"t":["1970-01-01T00:00:00.000000000Z"],"s":"é"}'],
        ),
    ],
)
def test_a_value_that_becomes_text_is_its_json(column, expected):
    assert texts(column).to_pylist() == expected


# --- conform, unify ------------------------------------------------------------------------------------


def batch(**columns):
    return pa.RecordBatch.from_pydict({name: pa.array(values) for name, values in columns.items()})


def test_a_batch_that_fits_takes_the_schemas_columns_and_metadata():
    schema = pa.schema([("b", pa.float64()), ("a", pa.string()), ("c", pa.bool_())], {"k": "v"})
    found = conform(batch(a=["x"], b=[1]), schema)
    assert found.schema.equals(schema, check_metadata=True)
    assert found.to_pylist() == [{"b": 1.0, "a": "x", "c": None}]
    assert conform(found, schema.remove_metadata()).schema.metadata is None


@pytest.mark.parametrize(
    ("columns", "wider"),
    [
        ({"a": [1], "b": [1]}, [("a", pa.int64()), ("b", pa.int64())]),
        ({"a": ["x"]}, [("a", pa.string())]),
        ({"a": [1.5]}, [("a", pa.float64())]),
    ],
)
def test_a_misfit_says_in_what_schema_it_would_fit(columns, wider):
    with pytest.raises(Misfit) as caught:
        conform(batch(**columns), pa.schema([("a", pa.int64())], {"k": "v"}))
    assert caught.value.schema.equals(pa.schema(wider, {"k": "v"}), check_metadata=True)
    conform(batch(**columns), caught.value.schema)


def test_a_null_where_none_may_be_is_a_misfit():
    schema = pa.schema([pa.field("a", pa.int64(), nullable=False)])
    for wrong in (batch(a=[1, None]), batch().slice(0), pa.RecordBatch.from_pylist([{"b": 1}])):
        if wrong.num_rows:
            with pytest.raises(Misfit):
                conform(wrong, schema)
    assert conform(batch(a=[1]), schema).schema == schema


def test_no_batches_give_the_empty_table_of_the_schema():
    schema = pa.schema([("a", pa.int64())], {"k": "v"})
    assert unify([], schema).schema.equals(schema, check_metadata=True)
    assert unify([]).schema == pa.schema([])


def test_ints_too_big_for_floats_make_the_column_text():
    found = unify([batch(a=[2**53 + 1]), batch(a=[0.5]), batch(a=[None])])
    assert found["a"].to_pylist() == ["9007199254740993", "0.5", None]


def test_small_ints_and_floats_are_floats():
    assert unify([batch(a=[1]), batch(a=[0.5])])["a"].to_pylist() == [1.0, 0.5]


def test_a_page_of_nulls_gives_way():
    assert unify([batch(a=[None]), batch(a=[{"x": [1]}])])["a"].to_pylist() == [None, {"x": [1]}]


def test_a_column_of_one_page_is_null_in_the_others():
    found = unify([batch(a=[1]), batch(b=["x"])])
    assert found.to_pylist() == [{"a": 1, "b": None}, {"a": None, "b": "x"}]


def test_only_the_place_that_needs_it_becomes_text():
    found = unify([batch(s=[{"n": 2**53 + 1, "k": 1}]), batch(s=[{"n": 0.5, "k": 2}])])
    assert found["s"].to_pylist() == [{"n": "9007199254740993", "k": 1}, {"n": "0.5", "k": 2}]


def test_rows_without_columns_are_counted():
    rows = pa.RecordBatch.from_struct_array(pa.array([{}, {}], pa.struct([])))
    assert unify([rows, rows]).num_rows == 4
    assert conform(rows, pa.schema([], {"k": "v"})).num_rows == 2
    assert unify([rows, batch(a=[1])]).to_pylist() == [{"a": None}, {"a": None}, {"a": 1}]


def test_the_batches_memory_is_taken_as_it_is():
    big = batch(a=list(range(1000)))
    assert unify([big])["a"].chunk(0).buffers()[1].address == big["a"].buffers()[1].address


def test_changes_name_the_columns_that_are_wider():
    was = pa.schema([("a", pa.int64()), ("b", pa.string())])
    now = pa.schema([("a", pa.float64()), ("b", pa.string()), ("c", pa.bool_())])
    assert changes(was, now) == [("a", "int64", "double"), ("c", "absent", "bool")]
