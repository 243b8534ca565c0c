"""How many records a described service is asked for at once, over a real socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from spyro_sdk.config import ConnectorConfig
from spyro_sdk.entity import Entity, Query
from spyro_sdk.errors import DataFetchError, IntegrityError
from spyro_sdk.events import Event, PageSizeShrunk, PagingRepaired
from spyro_sdk.paging import Cursor, KeySet, LinkHeader, Offset, PageNumber
from spyro_sdk.rest import RestConnector

pytestmark = pytest.mark.anyio

Asked = dict[str, str]
Refusal = Callable[[Asked], tuple[int, Any] | None]


@dataclass
class Service:
    """Records by offset, page number, key, cursor or link; it refuses and changes as it is told."""

    items: list[int]
    refuses: Refusal = lambda asked: None
    before: Callable[[list[int], int], None] = lambda items, answered: None
    """What happens to the records before each answer."""
    asked: list[Asked] = field(default_factory=list)
    base_url: str = ""

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                target = urlsplit(head.split(b" ")[1].decode())
                self.answer(target.path, dict(parse_qsl(target.query)), writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def answer(self, path: str, asked: Asked, writer: asyncio.StreamWriter) -> None:
        self.asked.append(asked)
        status, payload, headers = self.found(path, asked)
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        lines = [f"HTTP/1.1 {status} x", f"Content-Length: {len(body)}", *headers, "", ""]
        writer.write("\r\n".join(lines).encode() + body)

    def found(self, path: str, asked: Asked) -> tuple[int, Any, list[str]]:
        if refusal := self.refuses(asked):
            return (*refusal, [])
        self.before(self.items, len(self.asked))
        size = int(asked.get("limit", 10))
        start = int(asked["offset"]) if "offset" in asked else size * (int(asked.get("page", 1)) - 1)
        if "after" in asked:
            start = self.items.index(int(asked["after"])) + 1
        rows = self.items[start : start + size]
        more = start + size < len(self.items)
        payload = {
            "items": [{"id": key, "changed": "2026-01-01T00:00:00Z"} for key in rows],
            "total": len(self.items),
            "more": more,
            "after": rows[-1] if more else None,
        }
        following = int(asked.get("page", 1)) + 1
        link = (
            [f'Link: <{path}?limit={size}&page={following}>; rel="next"', "Link: </>; rel=first"]
            if more
            else []
        )
        return 200, payload, link


class Acme(RestConnector):
    name = "acme"
    offers = (
        Entity("Offset", "/items", "items", Offset(), key="id", cursor="changed"),
        Entity(
            "Numbered",
            "/items",
            "items",
            PageNumber(size_param="limit"),
            key="id",
            total="total",
            cursor="changed",
        ),
        Entity("KeySet", "/items", "items", KeySet("after"), key="id"),
        Entity("Cursor", "/items", "items", Cursor("after", "after", more="more"), key="id"),
        Entity("Linked", "/items", "items", LinkHeader(size_param="limit"), key="id", cursor="changed"),
        Entity("Keyless", "/items", "items", KeySet("after")),
        Entity("Wrong", "/items", "items", Offset(), key="kind"),
    )


@asynccontextmanager
async def serving(service: Service) -> AsyncIterator[Service]:
    server = await asyncio.start_server(service.talk, "127.0.0.1", 0)
    service.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield service
    finally:
        server.close()


def acme(service: Service, told: list[Event], **settings: Any) -> Acme:
    given = {"auth_type": "none", "rate_limit": 60_000, "page_size": 1000, "retry_count": 0, **settings}
    return Acme(ConnectorConfig("acme", base_url=service.base_url, **given), observers=[told.append])


async def ids(connector: Acme, entity: str, **wishes: Any) -> list[int]:
    async with aclosing(connector.batches(Query.ask(entity, **wishes))) as batches:
        return [key async for batch in batches for key in batch["id"].to_pylist()]


def at_most(size: int, payload: Any, status: int = 400) -> Refusal:
    return lambda asked: (status, payload) if int(asked["limit"]) > size else None


ENTITIES = ["Offset", "Numbered", "KeySet", "Cursor", "Linked"]


@pytest.mark.parametrize("entity", ENTITIES)
async def test_a_size_that_is_refused_shrinks_to_what_is_named_and_is_remembered(entity: str) -> None:
    told: list[Event] = []
    service = Service(list(range(250)), at_most(100, {"message": "limit may be at most 100"}, 422))
    async with serving(service), acme(service, told).connection_context() as connector:
        for _ in range(2):
            assert await ids(connector, entity) == list(range(250))
    assert [event for event in told if isinstance(event, PageSizeShrunk)] == [
        PageSizeShrunk("acme", entity, 1000, 100)
    ]
    assert [asked["limit"] for asked in service.asked].count("1000") == 1


@pytest.mark.parametrize("entity", ENTITIES)
async def test_a_size_that_is_refused_without_a_number_is_halved(entity: str) -> None:
    told: list[Event] = []
    service = Service(list(range(250)), at_most(70, b"<h1>The page size is too large</h1>"))
    async with serving(service), acme(service, told).connection_context() as connector:
        assert await ids(connector, entity) == list(range(250))
    sizes = [event.now for event in told if isinstance(event, PageSizeShrunk)]
    assert sizes == [500, 250, 125, 62]


async def test_a_size_that_is_always_refused_ends_with_what_the_service_says() -> None:
    told: list[Event] = []
    service = Service([1], at_most(0, {"message": "limit is out of fashion"}))
    async with serving(service), acme(service, told).connection_context() as connector:
        with pytest.raises(DataFetchError, match="limit is out of fashion"):
            await ids(connector, "Offset")
    assert [asked["limit"] for asked in service.asked][-1] == "1"
    assert len(service.asked) == 10


async def test_a_refusal_of_something_else_is_an_error_at_once() -> None:
    service = Service([1], lambda asked: (400, {"message": "unknown filter"}))
    async with serving(service), acme(service, []).connection_context() as connector:
        with pytest.raises(DataFetchError, match="unknown filter"):
            await ids(connector, "Offset")
    assert len(service.asked) == 1


async def test_a_size_that_is_refused_in_the_middle_shrinks_from_there_on() -> None:
    told: list[Event] = []
    service = Service(list(range(100)))
    service.refuses = lambda asked: (
        (400, {"message": "limit: at most 20"})
        if int(asked["limit"]) > 20 and int(asked["offset"]) > 30
        else None
    )
    async with serving(service), acme(service, told, page_size=30).connection_context() as connector:
        assert await ids(connector, "Offset") == list(range(100))
    shrunk = [event for event in told if isinstance(event, PageSizeShrunk)]
    assert shrunk == [PageSizeShrunk("acme", "Offset", 30, 20)]


@pytest.mark.parametrize("entity", ["Offset", "Numbered", "Linked"])
@pytest.mark.parametrize("since", [None, "2020-01-01"])
async def test_what_is_removed_meanwhile_is_repaired_and_told(entity: str, since: Any) -> None:
    def before(items: list[int], answered: int) -> None:
        if answered == 3:
            del items[:5]

    told: list[Event] = []
    service = Service(list(range(200)), before=before)
    settings = {"page_size": 50, "concurrency": 1}
    async with serving(service), acme(service, told, **settings).connection_context() as connector:
        assert await ids(connector, entity, since=since) == list(range(200))
        assert connector.get_statistics()["rows"] == 200
    assert [event.entity for event in told if isinstance(event, PagingRepaired)]


async def test_an_entity_without_a_key_cannot_be_asked_for_by_the_last() -> None:
    service = Service(list(range(20)))
    async with serving(service), acme(service, [], page_size=10).connection_context() as connector:
        with pytest.raises(DataFetchError, match="its 10 records have no key"):
            await ids(connector, "Keyless")


async def test_a_key_that_is_not_unique_is_an_error() -> None:
    class Same(Service):
        def found(self, path: str, asked: Asked) -> tuple[int, Any, list[str]]:
            return 200, {"items": [{"id": 1, "kind": "a"}, {"id": 2, "kind": "a"}]}, []

    service = Same([])
    async with serving(service), acme(service, []).connection_context() as connector:
        with pytest.raises(IntegrityError, match="1 records of one page have the kind of another"):
            await ids(connector, "Wrong")


async def test_a_plan_says_how_changes_are_noticed() -> None:
    service = Service(list(range(20)))
    async with serving(service), acme(service, []).connection_context() as connector:
        plan = await connector.explain(Query.ask("Offset"))
        assert "changes  are noticed by pages that overlap" in str(plan)
