"""Children are asked for once for each of their parents, and come as one table."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pyarrow as pa
import pytest

from spyro_sdk.arrow.schema import unify
from spyro_sdk.entity import Entity, Parent, Query
from spyro_sdk.errors import DataFetchError, ValidationError
from spyro_sdk.events import Event, PageArrived
from spyro_sdk.family import Children, filled, included, kind_at, needed
from spyro_sdk.http import Request, Response
from spyro_sdk.pages import Page
from spyro_sdk.paging import PageNumber
from spyro_sdk.rest import RestConnector

PAGED = PageNumber()
SHOP = Entity("shops", "/shops", paging=PAGED, key="id")
ORDER = Entity(
    "orders",
    "/shops/{shop}/orders",
    paging=PAGED,
    key="id",
    params={"of": "{shop}", "sort": "id"},
    parent=Parent("shops", {"shop": "id"}, {"shop_id": "id", "city": "at.city"}),
)
LINE = Entity(
    "lines",
    "/lines",
    method="POST",
    body={"order": {"ids": ["{order}"]}, "most": 5, "what": "{else}"},
    parent=Parent("orders", {"order": "id"}),
)
SHOPS = [{"id": f"s/{n}", "at": None if n == 2 else {"city": f"C{n}"}} for n in range(1, 6)]
ORDERS = {shop["id"]: [f"{shop['id']}-{n}" for n in range(4 * (n % 3))] for n, shop in enumerate(SHOPS)}


class Shops(RestConnector):
    name = "shops"
    offers = (
        SHOP,
        ORDER,
        LINE,
        replace(ORDER, name="typed", schema=pa.schema([("id", pa.string()), ("city", pa.null())])),
        replace(
            ORDER,
            name="whole",
            schema=pa.schema([("id", pa.string())]),
            parent=replace(ORDER.parent, entity="known"),
        ),
        replace(
            SHOP,
            name="known",
            schema=pa.schema([("id", pa.string()), ("at", pa.struct([("city", pa.string())]))]),
        ),
        replace(ORDER, name="lost", path="/gone/{shop}"),
    )

    def is_empty(self, entity: Entity, response: Response) -> bool:
        return response.status == 410


class Street:
    """A `Send` that knows the shops, and counts how many lists of children are asked for at once."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.bodies: list[Any] = []
        self.busy = self.busiest = 0

    async def __call__(self, request: Request) -> Response:
        parts = urlsplit(request.address)
        is_list = parts.path != "/shops"
        self.busy += is_list
        self.busiest = max(self.busy, self.busiest)
        await asyncio.sleep(0.001)
        self.busy -= is_list
        self.asked.append(parts.path)
        status, records = self._records(request, parts.path, dict(parse_qsl(parts.query)))
        return Response(status, {}, json.dumps(records).encode())

    async def close(self) -> None:
        """Nothing is open."""

    def _records(self, request: Request, path: str, asked: Mapping[str, str]) -> tuple[int, Any]:
        if path == "/lines":
            self.bodies.append(json.loads(request.body))
            assert (request.method, request.headers["Content-Type"]) == ("POST", "application/json")
            return 200, [{"line": 1}]
        if path.startswith("/gone"):
            return (410 if path.endswith("s/2") else 404), {"message": "gone"}
        found = SHOPS if path == "/shops" else self._orders(path, asked)
        size, page = int(asked["per_page"]), int(asked["page"])
        return 200, found[size * (page - 1) : size * page]

    def _orders(self, path: str, asked: Mapping[str, str]) -> list[Any]:
        shop = path.removeprefix("/shops/").removesuffix("/orders")
        assert asked["of"] == shop
        return [{"id": it} for it in ORDERS[shop]]


async def table(street: Street, entity: str, told: list[Event] | None = None, **wishes: Any) -> pa.Table:
    config = Shops.configure(base_url="http://127.0.0.1:1", auth_type="none", page_size=3, rate_limit=60_000)
    observers = [] if told is None else [told.append]
    shops = Shops(config, transport=street, observers=observers)
    async with shops.connection_context(), aclosing(shops.batches(Query.ask(entity, **wishes))) as batches:
        return unify([batch async for batch in batches])


ALL = [order for orders in ORDERS.values() for order in orders]


@pytest.mark.anyio
@pytest.mark.parametrize("concurrency", [1, 4])
async def test_children_come_parent_by_parent_with_what_they_take_of_these(concurrency: int) -> None:
    street, told = Street(), []
    found = await table(street, "orders", told, concurrency=concurrency)
    assert found["id"].to_pylist() == ALL
    assert found["shop_id"].to_pylist() == [it.rpartition("-")[0] for it in ALL]
    assert found["city"].to_pylist() == [
        None if shop == "s/2" else f"C{shop[2:]}" for shop in found["shop_id"].to_pylist()
    ]
    assert (street.busiest > 1) is (concurrency > 1)
    arrived = [event for event in told if isinstance(event, PageArrived) and event.entity == "orders"]
    assert sum(event.rows for event in arrived) == len(ALL)
    assert {event.total for event in arrived} == {None}


@pytest.mark.anyio
async def test_no_list_is_asked_for_beyond_the_limit() -> None:
    street = Street()
    assert (await table(street, "orders", limit=2))["id"].to_pylist() == ALL[:2]
    assert len({path for path in street.asked if "orders" in path}) == 2  # the first shop has none


@pytest.mark.anyio
async def test_a_limit_after_a_condition_reads_list_by_list() -> None:
    street = Street()
    found = await table(street, "orders", where="city = 'C5'", limit=1)
    assert found["id"].to_pylist() == ["s/5-0"]
    assert street.busiest == 1


@pytest.mark.anyio
async def test_a_grandchild_is_asked_for_through_its_parents_with_what_fits_in_its_body() -> None:
    street = Street()
    assert (await table(street, "lines")).num_rows == len(ALL)
    assert [body["order"]["ids"] for body in street.bodies] != []
    assert sorted(body["order"]["ids"][0] for body in street.bodies) == sorted(ALL)
    assert {(body["most"], body["what"]) for body in street.bodies} == {(5, "{else}")}


@pytest.mark.anyio
async def test_columns_of_the_parent_are_known_beforehand_where_its_schema_is() -> None:
    config = Shops.configure(base_url="http://127.0.0.1:1", auth_type="none", page_size=3)
    async with Shops(config, transport=Street()).connection_context() as shops:
        whole = await shops.schema_of(Query.ask("whole"))
        assert whole == pa.schema([("id", pa.string()), ("shop_id", pa.string()), ("city", pa.string())])
        assert (await shops.discover_schema("whole")).names == ["id", "shop_id", "city"]
        assert await shops.schema_of(Query.ask("typed")) is None
        assert {"id", "city"} <= set((await shops.discover_schema("typed")).names)
        with pytest.raises(ValidationError, match="no column 'town'"):
            await shops.prepare(Query.ask("whole", columns=["town"]))
    found = await table(Street(), "typed")
    assert found["city"].to_pylist()[:2] == [None, None]
    assert found.column_names == ["id", "shop_id", "city"]
    assert (await table(Street(), "whole", columns=["city", "id"])).column_names == ["city", "id"]


@pytest.mark.anyio
async def test_a_list_that_fails_fails_the_fetch_unless_the_connector_knows_better() -> None:
    with pytest.raises(DataFetchError, match="404"):
        await table(Street(), "lost")

    class One(Street):
        def _orders(self, path: str, asked: Mapping[str, str]) -> list[Any]:
            raise AssertionError

        def _records(self, request: Request, path: str, asked: Mapping[str, str]) -> tuple[int, Any]:
            if path == "/shops":
                return 200, [SHOPS[1]] if asked["page"] == "1" else []
            return super()._records(request, path, asked)

    assert (await table(One(), "lost")).num_rows == 0


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "None"),
        ("", "''"),
        (True, "True"),
        ([1], r"\[1\]"),
        ("../x", "another path"),
        ("a/./b", "path"),
    ],
)
def test_a_parent_without_a_value_that_makes_an_address_is_refused(value: Any, words: str) -> None:
    row = pa.RecordBatch.from_pylist([{"id": value}])
    with pytest.raises(DataFetchError, match=words):
        filled(ORDER, row)


def test_what_is_no_placeholder_of_the_parent_stays() -> None:
    entity = replace(ORDER, path="/a/{shop}/{other}", params={"x": "{y}"})
    child = filled(entity, pa.RecordBatch.from_pylist([{"id": "ä b?"}]))
    assert (child.path, child.params, child.body) == ("/a/%C3%A4%20b%3F/{other}", {"x": "{y}"}, None)


def test_columns_are_found_at_dotted_paths_and_under_dotted_names() -> None:
    schema = pa.schema([("a", pa.struct([("b", pa.int64())])), ("a.c", pa.string())])
    assert [kind_at(schema, path) for path in ("a.b", "a.c", "a.d", "x", "a.b.c")] == [
        pa.int64(),
        pa.string(),
        None,
        None,
        None,
    ]
    row = pa.RecordBatch.from_pylist([{"a": {"b": 1}, "a.c": "x"}], schema)
    batch = pa.RecordBatch.from_pydict({"n": [1, 2], "was": [0, 0]})
    parent = Parent("p", {"a": "a.b"}, {"was": "a.b", "c": "a.c", "none": "x.y"})
    assert included(batch, parent, row).to_pydict() == {
        "n": [1, 2],
        "was": [1, 1],
        "c": ["x", "x"],
        "none": [None, None],
    }
    assert needed(parent) == ("a", "x")


@pytest.mark.anyio
async def test_leaving_early_ends_every_list_that_was_begun() -> None:
    closed: list[int] = []

    async def ask(row: pa.RecordBatch, enough: int | None, lists: Any) -> Any:
        number = row["n"][0].as_py()
        try:
            for _ in range(3):
                await asyncio.sleep(0)
                yield Page(row, 1)
        finally:
            closed.append(number)

    async def parents() -> Any:
        yield pa.RecordBatch.from_pydict({"n": list(range(9))})

    async with aclosing(Children(ask, lambda: 4).of(parents())) as pages:
        await anext(pages)
    assert sorted(closed) == [0, 1, 2, 3]
