"""What of the batches that arrive was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spyro_sdk.arrow.exact import to_batch
from spyro_sdk.arrow.select import Selection
from spyro_sdk.entity import Query
from spyro_sdk.errors import ValidationError

PAGES = st.lists(st.lists(st.integers(0, 9), max_size=5), max_size=6)


def selected(pages: Sequence[Sequence[dict[str, Any]]], **wishes: Any) -> list[dict[str, Any]]:
    selection = Selection(Query.ask("Customer", **wishes))
    return [row for page in pages for row in selection.of(to_batch(page)).to_pylist()]


@settings(deadline=None)
@given(PAGES, st.none() | st.integers(0, 20))
def test_a_limit_takes_the_first_rows_wherever_the_pages_end(
    pages: list[list[int]], limit: int | None
) -> None:
    rows = [number for page in pages for number in page]
    found = selected([[{"id": number} for number in page] for page in pages], limit=limit)
    assert [row["id"] for row in found] == rows[:limit]


@settings(deadline=None)
@given(PAGES, st.none() | st.integers(0, 20))
def test_a_limit_counts_what_the_filter_lets_through(pages: list[list[int]], limit: int | None) -> None:
    rows = [number for page in pages for number in page if number > 4]
    found = selected([[{"id": number} for number in page] for page in pages], where="id > 4", limit=limit)
    assert [row["id"] for row in found] == rows[:limit]


def test_it_is_complete_when_no_row_can_follow() -> None:
    page = to_batch([{"id": 1}, {"id": 2}])
    assert Selection(Query.ask("Customer", limit=0)).is_complete
    assert not Selection(Query.ask("Customer")).is_complete
    selection = Selection(Query.ask("Customer", limit=3))
    selection.of(page)
    assert not selection.is_complete
    assert selection.of(page).num_rows == 1
    assert selection.is_complete


def test_columns_come_in_the_order_asked_for() -> None:
    page = to_batch([{"id": 1, "name": "Ana", "city": "Rome"}])
    found = Selection(Query.ask("Customer", columns=["city", "id"])).of(page)
    assert found.schema.names == ["city", "id"]
    assert found.to_pylist() == [{"city": "Rome", "id": 1}]


def test_a_filter_may_ask_of_a_column_that_is_not_shown() -> None:
    assert selected(
        [[{"id": 1, "city": "Rome"}, {"id": 2, "city": "Oslo"}]], where="city = 'Oslo'", columns=["id"]
    ) == [{"id": 2}]


def test_a_column_that_is_not_there_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ValidationError, match="did you mean 'name'") as raised:
        selected([[{"name": "Ana"}]], columns=["nane"])
    assert raised.value.value == "nane"
    with pytest.raises(ValidationError, match="nane"):
        selected([[{"name": "Ana"}]], where="nane = 'Ana'")


def test_an_empty_page_refuses_nothing() -> None:
    page = [{"id": 1, "name": "Ana"}]
    assert selected([[], page, []], columns=["id"], where="name = 'Ana'") == [{"id": 1}]


def test_a_page_that_leaves_out_a_column_has_nulls_there() -> None:
    pages: list[list[dict[str, Any]]] = [[{"id": 1, "city": "Rome"}], [{"id": 2}], [{"id": 3, "city": None}]]
    assert selected(pages, columns=["id", "city"]) == [
        {"id": 1, "city": "Rome"},
        {"id": 2, "city": None},
        {"id": 3, "city": None},
    ]
    assert selected(pages, columns=["id"], where="city is null") == [{"id": 2}, {"id": 3}]
    assert selected(pages, columns=["id"], where="city = 'Rome'") == [{"id": 1}]


def test_a_column_that_was_left_out_keeps_its_type() -> None:
    selection = Selection(Query.ask("Customer", columns=["id", "size"]))
    selection.of(to_batch([{"id": 1, "size": 2.5}]))
    assert selection.of(to_batch([{"id": 2}])).schema.field("size").type == pa.float64()


def test_a_field_of_a_struct_can_be_asked_for_on_pages_that_leave_the_struct_out() -> None:
    pages: list[list[dict[str, Any]]] = [[{"id": 1, "owner": {"name": "Ana"}}], [{"id": 2}]]
    assert selected(pages, columns=["id"], where="owner.name is null") == [{"id": 2}]


def test_without_wishes_a_batch_is_as_it_came() -> None:
    page = to_batch([{"id": 1}])
    assert Selection(Query.ask("Customer")).of(page) is page
