"""Objects become flat columns, and lists rows."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spyro_sdk.arrow.exact import to_batch
from spyro_sdk.arrow.nested import exploded, exploded_schema, flattened, flattened_schema
from spyro_sdk.errors import ValidationError

SCALARS = st.none() | st.integers(-5, 5) | st.text("xyz", max_size=3)
LEAVES = st.none() | st.integers(-5, 5)
OBJECTS = st.recursive(
    st.dictionaries(st.sampled_from("abc"), LEAVES, max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abc"), st.none() | inner, max_size=3),
    max_leaves=6,
)


def flat(record: Any, under: str = "") -> dict[str, Any]:
    """The scalars of a record by their full names."""
    found = {}
    for name, value in record.items():
        found |= flat(value, f"{under}{name}.") if isinstance(value, dict) else {under + name: value}
    return found


# flat columns


def test_objects_become_columns_at_every_depth() -> None:
    batch = to_batch([{"id": 1, "owner": {"login": "ana", "plan": {"name": "pro"}}, "name": "x"}])
    assert flattened(batch).to_pylist() == [
        {"id": 1, "owner_login": "ana", "owner_plan_name": "pro", "name": "x"}
    ]


def test_the_separator_can_be_chosen() -> None:
    assert flattened(to_batch([{"a": {"b": 1}}]), "__").schema.names == ["a__b"]


def test_a_null_object_makes_nulls_of_its_columns() -> None:
    inner = pa.StructArray.from_arrays(
        [pa.array([1, 2, 3])],
        fields=[pa.field("b", pa.int64(), nullable=False)],
        mask=pa.array([False, True, False]),
    )
    found = flattened(pa.RecordBatch.from_arrays([inner], ["a"]))
    assert found.to_pydict() == {"a_b": [1, None, 3]}
    assert found.schema.field("a_b").nullable


def test_a_column_that_may_not_be_null_stays_so_in_an_object_that_may_not() -> None:
    kind = pa.struct([pa.field("b", pa.int64(), nullable=False), pa.field("c", pa.int64())])
    schema = flattened_schema(pa.schema([pa.field("a", kind, nullable=False)]))
    assert [field.nullable for field in schema] == [False, True]


def test_lists_stay_lists() -> None:
    batch = to_batch([{"a": {"tags": [{"b": 1}]}}])
    assert flattened(batch).to_pylist() == [{"a_tags": [{"b": 1}]}]


def test_an_object_without_fields_is_no_column_and_its_rows_still_count() -> None:
    found = flattened(to_batch([{"a": {}}, {"a": None}]))
    assert (found.num_columns, found.num_rows) == (0, 2)


def test_what_holds_no_object_is_not_copied() -> None:
    batch = to_batch([{"id": 1, "a": {"b": 2}}])
    assert flattened(batch).column("id").buffers()[1].address == batch.column("id").buffers()[1].address


def test_metadata_stays() -> None:
    schema = pa.schema(
        [pa.field("a", pa.struct([pa.field("b", pa.int64(), metadata={"k": "v"})]))], {"m": "n"}
    )
    found = flattened_schema(schema)
    assert found.metadata == {b"m": b"n"}
    assert found.field("a_b").metadata == {b"k": b"v"}


def test_two_columns_of_one_name_are_an_error_that_says_what_to_do() -> None:
    batch = to_batch([{"user_id": 1, "user": {"id": 2}}])
    with pytest.raises(ValidationError, match="'user_id' twice: give another separator") as caught:
        flattened(batch)
    assert caught.value.value == ["user_id"]
    with pytest.raises(ValidationError):
        flattened_schema(batch.schema)
    assert flattened(batch, ".").schema.names == ["user_id", "user.id"]


@settings(deadline=None)
@given(st.lists(OBJECTS, max_size=6), st.integers(0, 3))
def test_every_value_is_found_again_under_its_full_name(rows: list[dict[str, Any]], start: int) -> None:
    batch = to_batch(rows).slice(start)
    found = flattened(batch, ".")
    assert found.schema == flattened_schema(batch.schema, ".")
    assert found.num_rows == len(rows[start:])
    for row, record in zip(found.to_pylist(), batch.to_pylist(), strict=True):
        assert {name: value for name, value in row.items() if value is not None} == {
            name: value for name, value in flat(record).items() if value is not None
        }


# rows of lists


def test_each_item_becomes_a_row_beside_its_parents_key() -> None:
    batch = to_batch([{"id": 7, "lines": [{"sku": "a"}, {"sku": "b"}]}, {"id": 8, "lines": [{"sku": "c"}]}])
    assert exploded(batch, "lines", "id", "order_id").to_pylist() == [
        {"order_id": 7, "_index": 0, "sku": "a"},
        {"order_id": 7, "_index": 1, "sku": "b"},
        {"order_id": 8, "_index": 0, "sku": "c"},
    ]


def test_items_that_are_no_objects_stand_in_a_column_called_value() -> None:
    batch = to_batch([{"id": 7, "tags": ["x", None]}])
    assert exploded(batch, "tags", None, "").to_pylist() == [
        {"_index": 0, "value": "x"},
        {"_index": 1, "value": None},
    ]


def test_lists_that_are_null_or_empty_make_no_rows_and_null_items_do() -> None:
    batch = to_batch([{"id": 1, "l": None}, {"id": 2, "l": []}, {"id": 3, "l": [None, {"a": 1}]}])
    assert exploded(batch, "l", "id", "of").to_pylist() == [
        {"of": 3, "_index": 0, "a": None},
        {"of": 3, "_index": 1, "a": 1},
    ]


def test_a_null_list_hides_what_lies_under_it() -> None:
    lists = pa.ListArray.from_arrays([0, 2, 3], pa.array([1, 2, 3]), mask=pa.array([True, False]))
    batch = pa.RecordBatch.from_arrays([pa.array([10, 20]), lists], ["id", "l"])
    assert exploded(batch, "l", "id", "of").to_pylist() == [{"of": 20, "_index": 0, "value": 3}]


@pytest.mark.parametrize("kind", [pa.list_(pa.int64()), pa.large_list(pa.int64()), pa.list_(pa.int64(), 2)])
def test_every_kind_of_list_can_be_taken(kind: pa.DataType) -> None:
    batch = pa.RecordBatch.from_arrays([pa.array([[1, 2], None, [3, 4]], kind)], ["l"])
    assert exploded(batch, "l", None, "")["value"].to_pylist() == [1, 2, 3, 4]


def test_a_column_of_nulls_promises_no_columns() -> None:
    batch = to_batch([{"id": 1, "l": None}, {"id": 2, "l": None}])
    assert exploded(batch, "l", "id", "of").schema.names == ["of", "_index"]
    empty = to_batch([{"id": 1, "l": []}])
    assert exploded(empty, "l", "id", "of").schema == exploded_schema(empty.schema, "l", "id", "of")
    assert exploded(to_batch([{"l": [None, None]}]), "l", None, "").num_rows == 2


def test_types_are_the_same_on_an_empty_page() -> None:
    kind = pa.list_(pa.struct([pa.field("at", pa.timestamp("us", "UTC")), pa.field("n", pa.int64())]))
    schema = pa.schema([pa.field("id", pa.string(), nullable=False), pa.field("l", kind)])
    found = exploded_schema(schema, "l", "id", "parent")
    assert found == pa.schema(
        [
            pa.field("parent", pa.string(), nullable=False),
            pa.field("_index", pa.int64(), nullable=False),
            pa.field("at", pa.timestamp("us", "UTC")),
            pa.field("n", pa.int64()),
        ]
    )


def test_what_is_no_list_and_what_is_not_there_are_errors() -> None:
    batch = to_batch([{"id": 1, "name": "x"}])
    with pytest.raises(ValidationError, match="'name' holds string, which is no list"):
        exploded(batch, "name", "id", "of")
    with pytest.raises(ValidationError, match="no column 'lines' to make a table of; there are id, name"):
        exploded_schema(batch.schema, "lines", "id", "of")
    with pytest.raises(ValidationError, match="no column 'key'"):
        exploded(to_batch([{"l": [1]}]), "l", "key", "of")


@pytest.mark.parametrize("name", ["a", "_index"])
def test_a_name_that_is_taken_is_an_error(name: str) -> None:
    batch = to_batch([{"id": 1, "l": [{"a": 1}]}])
    with pytest.raises(ValidationError, match="twice: call the column of the parent's key otherwise"):
        exploded(batch, "l", "id", name)


@settings(deadline=None)
@given(
    st.lists(
        st.none() | st.lists(st.none() | st.fixed_dictionaries({"a": LEAVES, "b": SCALARS}), max_size=4),
        max_size=6,
    ),
    st.integers(0, 3),
)
def test_every_item_is_one_row_in_its_order(lists: list[Any], start: int) -> None:
    batch = to_batch([{"id": number, "l": items} for number, items in enumerate(lists)]).slice(start)
    if not batch.num_columns:
        return
    found = exploded(batch, "l", "id", "of")
    assert found.schema == exploded_schema(batch.schema, "l", "id", "of")
    expected = [
        (record["id"], place, item or {})
        for record in batch.to_pylist()
        for place, item in enumerate(record["l"] or [])
    ]
    assert [(row["of"], row["_index"]) for row in found.to_pylist()] == [it[:2] for it in expected]
    for row, (_, _, item) in zip(found.to_pylist(), expected, strict=True):
        assert {name: row.get(name) for name in item} == item
