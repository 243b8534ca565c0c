"""How many pages a described service is asked for at once, and when, seen from its end of the socket."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from spyro_sdk.config import ConnectorConfig
from spyro_sdk.entity import Entity, Query
from spyro_sdk.errors import ValidationError
from spyro_sdk.paging import Cursor, NextLink, Offset, PageNumber
from spyro_sdk.rest import RestConnector

from .service import Service, serve

pytestmark = pytest.mark.anyio
SIZE = 100


OFFSET = Offset("offset", "per_page", is_stable=True)


class Acme(RestConnector):
    name = "acme"
    offers = (
        Entity("Numbered", "/items", "items", PageNumber(is_stable=True), key="id"),
        Entity("Counted", "/items", "items", PageNumber(is_stable=True), key="id", total="total"),
        Entity("Offset", "/items", "items", OFFSET, key="id", total="total"),
        Entity("Linked", "/items", "items", NextLink("next", "per_page", is_stable=True), key="id"),
        Entity("Cursor", "/items", "items", Cursor("after", "page", "per_page"), key="id"),
    )


@dataclass
class Shelf:
    """A service of `rows` records, by page, offset, link or cursor, whose answers wait for `gate`."""

    rows: int
    zips: bool = False
    halts: Callable[[int], bool] = lambda page: False
    """Whether the answer with that page stops in the middle, until the next page is asked for."""
    asked: list[int] = field(default_factory=list)
    under_way: int = 0
    most: int = 0
    news: asyncio.Condition = field(default_factory=asyncio.Condition)
    base_url: str = ""

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1]:
                await self.answer(urlsplit(line.decode()).query, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def answer(self, query: str, writer: asyncio.StreamWriter) -> None:
        given = {name: int(values[-1]) for name, values in parse_qs(query).items()}
        page = given.get("page", given.get("offset", 0) // SIZE + 1)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        async with self.news:
            self.asked.append(page)
            self.news.notify_all()
        await asyncio.sleep(0.01)
        await self.send(page, writer)
        self.under_way -= 1

    async def send(self, page: int, writer: asyncio.StreamWriter) -> None:
        body = json.dumps(self.page(page)).encode()
        head = b"HTTP/1.1 200 OK\r\n"
        if self.zips:
            body, head = gzip.compress(body), head + b"Content-Encoding: gzip\r\n"
        start = len(body) // 2 if self.halts(page) else len(body)
        writer.write(head + b"Content-Length: %d\r\n\r\n" % len(body) + body[:start])
        await writer.drain()
        if start < len(body):
            async with self.news:
                await self.news.wait_for(lambda: page + 1 in self.asked)
            writer.write(body[start:])
            await writer.drain()

    def page(self, page: int) -> dict[str, Any]:
        first, last = SIZE * (page - 1), min(SIZE * page, self.rows)
        more = last < self.rows
        return {
            "total": self.rows,
            "next": f"/items?page={page + 1}" if more else None,
            "after": page + 1 if more else None,
            "items": [{"id": key, "text": f"{key * 7919:x}" * 9} for key in range(first, max(first, last))],
        }


@asynccontextmanager
async def serving(shelf: Shelf) -> AsyncIterator[Shelf]:
    server = await asyncio.start_server(shelf.talk, "127.0.0.1", 0)
    shelf.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield shelf
    finally:
        server.close()


def acme(shelf: Shelf | Service, **settings: Any) -> Acme:
    given = {"auth_type": "none", "rate_limit": 60_000, "page_size": SIZE, **settings}
    return Acme(ConnectorConfig("acme", base_url=shelf.base_url, **given))


async def ids(connector: Acme, entity: str, **wishes: Any) -> list[int]:
    async with aclosing(connector.batches(Query.ask(entity, **wishes))) as batches:
        return [key async for batch in batches for key in batch["id"].to_pylist()]


@pytest.mark.parametrize("entity", [offered.name for offered in Acme.offers])
@pytest.mark.parametrize("zips", [False, True])
async def test_every_record_comes_once_and_in_order(entity: str, zips: bool) -> None:
    for rows in (0, 1, SIZE, 12 * SIZE, 12 * SIZE + 1):
        async with serving(Shelf(rows, zips)) as shelf, acme(shelf).connection_context() as connector:
            assert await ids(connector, entity) == list(range(rows))


@pytest.mark.parametrize("entity", ["Counted", "Offset"])
async def test_pages_that_can_be_computed_are_asked_for_side_by_side(entity: str) -> None:
    shelf = Shelf(30 * SIZE - 1)
    async with serving(shelf), acme(shelf, pool_size=8).connection_context() as connector:
        assert len(await ids(connector, entity)) == shelf.rows
        assert 5 <= shelf.most <= 8
        assert sorted(shelf.asked) == list(range(1, 31))  # and none that is not there


@pytest.mark.parametrize("entity", ["Linked", "Cursor"])
@pytest.mark.parametrize("zips", [False, True])
async def test_a_cursor_is_read_off_the_first_bytes_of_a_page(entity: str, zips: bool) -> None:
    shelf = Shelf(5 * SIZE, zips, halts=lambda page: page < 5)  # or no page would ever end
    async with serving(shelf), acme(shelf, timeout=20.0).connection_context() as connector:
        assert await ids(connector, entity) == list(range(5 * SIZE))
    assert shelf.asked == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("at_once", [1, 3])
@pytest.mark.parametrize("by_query", [False, True])
async def test_concurrency_is_what_was_asked_for(at_once: int, by_query: bool) -> None:
    settings, wishes = ({}, {"concurrency": at_once}) if by_query else ({"concurrency": at_once}, {})
    async with serving(Shelf(20 * SIZE)) as shelf, acme(shelf, **settings).connection_context() as connector:
        assert len(await ids(connector, "Counted", **wishes)) == 20 * SIZE
        assert shelf.most == at_once


@pytest.mark.parametrize(
    ("settings", "at_once"),
    [
        ({"rate_limit": 60_000, "pool_size": 7}, 7),
        ({"rate_limit": 60_000, "burst_size": 4, "pool_size": 7}, 5),
        ({"rate_limit": 60, "burst_size": 1}, 2),  # one on its way, one in the limiter's line
    ],
)
async def test_as_many_are_under_way_as_the_rate_limit_feeds(settings: Any, at_once: int) -> None:
    async with serving(Shelf(0)) as shelf:
        assert acme(shelf, **settings)._concurrency() == at_once


async def test_a_slow_service_with_a_high_rate_is_asked_for_more_at_once() -> None:
    async with serving(Shelf(0)) as shelf:
        connector = acme(shelf, rate_limit=600, burst_size=1)  # ten a second
        connector.stats.latencies.append(0.5)
        assert connector._concurrency() == 7


async def test_concurrency_is_a_number_from_one() -> None:
    for odd in (0, -1, 2.5, True, "8"):
        with pytest.raises(ValidationError, match="it must be a whole number from 1"):
            Query.ask("Numbered", concurrency=odd)


async def test_a_few_records_cost_no_page_more_than_they_fill() -> None:
    for entity in (offered.name for offered in Acme.offers):
        for limit, pages in ((1, 1), (SIZE, 1), (SIZE + 1, 2), (3 * SIZE, 3)):
            async with serving(Shelf(30 * SIZE)) as shelf, acme(shelf).connection_context() as connector:
                assert await ids(connector, entity, limit=limit) == list(range(limit))
                await asyncio.sleep(0.01)
                assert shelf.asked == list(range(1, pages + 1))


async def test_what_is_asked_for_ahead_and_refused_is_not_seen_unless_it_is_reached() -> None:
    async with serve([{"id": key} for key in range(7)], 3) as service:  # whose pages end with the third

        class Shop(RestConnector):
            name = "shop"
            offers = (Entity("Customer", "/customers", "data", PageNumber(), key="id"),)

        config = ConnectorConfig("shop", base_url=service.base_url, auth_type="none", page_size=3)
        async with Shop(config).connection_context() as connector:
            query = Query.ask("Customer")
            async with aclosing(connector.batches(query)) as batches:
                assert [key async for batch in batches for key in batch["id"].to_pylist()] == list(range(7))
