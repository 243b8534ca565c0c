"""What a fetch learns from its pages."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from spyro_sdk.entity import Entity, Query
from spyro_sdk.http import Request
from spyro_sdk.pages import Page
from spyro_sdk.paging import NextLink
from spyro_sdk.reading import Reading, by_worker, is_list_of_objects, last_key, wanted

ADDRESS = pa.struct([("city", pa.string())])
SCHEMA = pa.schema(
    [
        ("id", pa.int64()),
        ("name", pa.string()),
        ("total", pa.float64()),
        ("address", ADDRESS),
        ("changed", pa.string()),
    ]
)
ENTITY = Entity("Order", key="id", cursor="changed", schema=SCHEMA)


def reading(schema: pa.Schema | None) -> Reading:
    return Reading("Order", ENTITY, schema)


def test_the_first_page_says_what_the_columns_are_and_is_no_change() -> None:
    it = reading(None)
    assert it.learn(SCHEMA) == []
    assert it.schema == SCHEMA


def test_columns_beside_those_that_are_known_may_be_no_change() -> None:
    it = Reading("Order", ENTITY, pa.schema([("id", pa.int64()), ("name", pa.int64())]), is_partial=True)
    assert it.learn(SCHEMA) == [("name", "int64", "string")]
    assert it.schema is not None
    assert set(it.schema.names) == set(SCHEMA.names)
    assert it.learn(pa.schema([*SCHEMA, ("late", pa.string())])) == [("late", "absent", "string")]


def test_a_column_that_is_not_declared_opens_all() -> None:
    assert wanted(ENTITY, Query("Order", ("id", "other"))) == (SCHEMA, False)
    assert wanted(ENTITY, Query("Order", ("id", "other.name"))) == (SCHEMA, False)


def test_what_is_as_known_is_no_change() -> None:
    it = reading(SCHEMA)
    assert it.learn(pa.schema(list(SCHEMA))) == []
    assert it.schema is SCHEMA


def test_a_change_is_told_once_and_heeded_from_then_on() -> None:
    it = reading(pa.schema([("id", pa.int64())]))
    wide = pa.schema([("id", pa.string()), ("more", pa.bool_())])
    assert it.learn(wide) == [("id", "int64", "string"), ("more", "absent", "bool")]
    assert it.learn(wide) == []
    assert it.schema is not None
    assert it.schema.equals(wide)


def test_a_page_decoded_before_a_change_was_known_takes_nothing_back() -> None:
    it = reading(pa.schema([("id", pa.int64()), ("n", pa.int64())]))
    it.learn(pa.schema([("id", pa.string()), ("n", pa.int64())]))
    assert it.learn(pa.schema([("id", pa.int64()), ("n", pa.float64())])) == [("n", "int64", "double")]
    assert it.schema is not None
    assert it.schema.types == [pa.string(), pa.float64()]


@pytest.mark.parametrize(
    ("wishes", "names", "closed"),
    [
        ({}, SCHEMA.names, False),
        ({"where": "total > 1"}, SCHEMA.names, False),
        ({"columns": ["name"]}, ["id", "name", "changed"], True),
        ({"columns": ["name"], "where": "total > 1"}, ["id", "name", "total", "changed"], True),
        ({"columns": ["address"]}, SCHEMA.names, False),  # what is new in an address is not passed over
        ({"columns": ["name"], "where": "address.city = 'Rome'"}, SCHEMA.names, False),
    ],
)
def test_columns_that_a_query_does_not_look_at_are_passed_over(
    wishes: dict[str, object], names: list[str], closed: bool
) -> None:
    schema, is_closed = wanted(ENTITY, Query.ask("Order", **wishes))
    assert schema is not None
    assert (schema.names, is_closed) == (names, closed)


def test_of_what_nobody_declared_nothing_is_passed_over() -> None:
    assert wanted(Entity("Order"), Query.ask("Order", columns=["id"])) == (None, False)


def test_the_last_key_is_that_of_the_last_record() -> None:
    batch = pa.record_batch({"id": [1, 2, 7]})
    assert last_key(batch, "id") == 7
    assert last_key(batch, "key") is None
    assert last_key(batch, None) is None
    assert last_key(batch.slice(0, 0), "id") is None


@pytest.mark.parametrize(
    ("found", "is_one"), [([], True), ([{}], True), ([{}, 1], False), ({}, False), (None, False)]
)
def test_records_are_a_list_of_objects(found: object, is_one: bool) -> None:
    assert is_list_of_objects(found) is is_one


@pytest.mark.anyio
async def test_what_a_worker_makes_of_a_page_replaces_its_records_and_nothing_else() -> None:
    page = Page(pa.record_batch({"id": [1, 2]}), 2, None, 9, last=2)
    made = await by_worker(lambda batch: batch.slice(0, 1))(page)
    assert made == Page(page.batch.slice(0, 1), 2, None, 9, last=2)


@pytest.mark.parametrize(
    ("total", "payload", "is_foreseen"),
    [
        ("n", {"next": "/2", "n": 10}, True),
        ("n", {"next": "/2", "n": 11}, False),
        ("n", {"next": "/2"}, False),  # not yet
        ("n", {"next": "/2", "n": "10"}, False),
        (None, {"next": "/2", "n": 10}, False),
    ],
)
def test_a_page_is_foreseen_only_where_it_will_be_wanted(
    total: str | None, payload: Any, is_foreseen: bool
) -> None:
    first = Request("https://acme.example/1")
    it = Reading("Order", Entity("Order", paging=NextLink("next"), total=total), None)
    assert it.ahead(first, payload) == Request("https://acme.example/2")
    it.goes_on = lambda announced: announced <= 10
    assert (it.ahead(first, payload) is not None) is is_foreseen


def test_a_paging_that_foresees_nothing_need_not() -> None:
    assert reading(None).ahead(Request("https://acme.example/1"), {"next": "/2"}) is None
