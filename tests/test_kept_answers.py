"""A connector that keeps answers asks only for what has changed, and reads the same records."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from spyro_sdk.entity import Entity, Query
from spyro_sdk.events import Event, Received
from spyro_sdk.http import Request, Response
from spyro_sdk.rest import RestConnector

pytestmark = pytest.mark.anyio


class Keeping(RestConnector):
    name = "keeping"
    keeps = 1 << 20
    offers = (Entity("things", "/things", key="id"),)


class Things:
    """A transport to a service whose only page has an ETag."""

    def __init__(self) -> None:
        self.body = json.dumps([{"id": 1}, {"id": 2}]).encode()
        self.spoilt: list[bytes] = []  # sent first
        self.asked: list[Mapping[str, str]] = []

    async def __call__(self, request: Request) -> Response:
        self.asked.append(request.headers)
        if request.headers.get("If-None-Match") == '"v1"':
            return Response(304, {"etag": '"v1"'}, b"")
        return Response(200, {"etag": '"v1"'}, self.spoilt.pop() if self.spoilt else self.body)


async def rows(connector: RestConnector) -> list[dict[str, int]]:
    return [row async for batch in connector.batches(Query.ask("things")) for row in batch.to_pylist()]


def keeping(transport: Things, told: list[Event] | None = None) -> Keeping:
    config = Keeping.configure(base_url="https://acme.example", auth_type="none", retry_delay=0.001)
    return Keeping(config, transport=transport, observers=[] if told is None else [told.append])


async def test_an_unchanged_page_is_read_again_from_what_came() -> None:
    told: list[Event] = []
    async with keeping(Things(), told).connection_context() as connector:
        first, again = await rows(connector), await rows(connector)
    assert first == again == [{"id": 1}, {"id": 2}]
    came = [(event.status, event.size) for event in told if isinstance(event, Received)]
    assert came == [(200, len(Things().body)), (304, 0)]


async def test_it_is_kept_while_the_connector_is_closed() -> None:
    transport = Things()
    connector = keeping(transport)
    for _ in range(2):
        async with connector.connection_context():
            await rows(connector)
    assert ["If-None-Match" in headers for headers in transport.asked] == [False, True]


async def test_a_page_of_no_use_is_not_all_that_is_ever_asked_for() -> None:
    """With an ETag, too: asked again for a change, the service would say that there is none."""
    transport = Things()
    transport.spoilt = [transport.body[:-4]]
    async with keeping(transport).connection_context() as connector:
        assert len(await rows(connector)) == 2
    assert ["If-None-Match" in headers for headers in transport.asked] == [False, False]


async def test_nothing_is_kept_unless_the_connector_says_so() -> None:
    transport = Things()

    class Plain(Keeping):
        keeps = 0

    config = Plain.configure(base_url="https://acme.example", auth_type="none")
    async with Plain(config, transport=transport).connection_context() as connector:
        await rows(connector)
        await rows(connector)
    assert ["If-None-Match" in headers for headers in transport.asked] == [False, False]
