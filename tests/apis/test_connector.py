"""A connector that describes an API by hand reads every record of it exactly once."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

import pyarrow as pa
import pytest

from spyro_sdk.arrow.schema import unify
from spyro_sdk.config import ConnectorConfig
from spyro_sdk.entity import Query
from spyro_sdk.events import Event
from spyro_sdk.rest import RestConnector

from .api import Api, Service, serve
from .apis import APIS
from .arrived import assert_arrived
from .pagers import Whole
from .store import COUNT

pytestmark = pytest.mark.anyio
FAST = {"rate_limit": 60_000, "retry_delay": 0.001, "retry_count": 2}


def described(service: Service, events: list[Event], **settings: Any) -> RestConnector:
    """The connector that somebody wrote for this API."""

    class Described(RestConnector):
        name = "described"
        offers = (service.api.entity,)

    given = {**FAST, **service.api.door.settings, **settings}
    config = ConnectorConfig("described", base_url=service.base_url, **given)
    return Described(config, observers=[events.append])


async def read(service: Service, **settings: Any) -> tuple[pa.Table, list[Event]]:
    """All records of an API, and what was told meanwhile."""
    events: list[Event] = []
    connector = described(service, events, **settings)
    async with connector.connection_context(), aclosing(connector.batches(Query.ask("items"))) as batches:
        return unify([batch async for batch in batches]), events


def most(api: Api) -> int:
    """Records that it gives at once."""
    return 1_000 if isinstance(api.pager, Whole) else api.pager.size.most


@pytest.mark.parametrize("name", [name for name, it in APIS.items() if it.entity])
async def test_every_record_comes_exactly_once(name: str) -> None:
    api = APIS[name]
    with serve(api) as service:
        table, _ = await read(service, page_size=most(api))
    assert_arrived(table, api.shape, api.count)
    assert service.refused == []


@pytest.mark.parametrize(("over", "refusals"), [("named", 1), ("unnamed", 4), ("clamped", 0)])
async def test_the_most_that_an_api_sends_at_once_is_learned(over: str, refusals: int) -> None:
    api = next(it for it in APIS.values() if most(it) == 100 and it.pager.size.over == over and it.count)
    with serve(api) as service:
        table, _ = await read(service, page_size=1_000)
    assert_arrived(table, api.shape, api.count)
    assert len(service.refused) <= refusals
    assert len(service.asked) <= 3 * COUNT / 100
