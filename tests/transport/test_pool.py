"""Shares in one pool of connections."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import aiohttp  # noqa: F401  # where it is there, no request goes another way
import pytest

from spyro_sdk.config import ConnectorConfig
from spyro_sdk.errors import ConnectionError, TimeoutError
from spyro_sdk.http import Request
from spyro_sdk.transport import pool
from spyro_sdk.transport.pool import SharedTransport

from ..service import Service, serve
from .wire import ok, serving


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    async with serve() as running:
        yield running


def config(**settings: Any) -> ConnectorConfig:
    account = {"name": "acme", "base_url": "https://acme.example", "access_token": "hush"}
    return ConnectorConfig(**{**account, "timeout": 10.0, **settings})


@asynccontextmanager
async def sharing(*configs: ConnectorConfig) -> AsyncIterator[list[SharedTransport]]:
    shares = [SharedTransport(it) for it in configs]
    try:
        yield shares
    finally:
        for share in shares:
            await share.close()


async def sockets(service: Service, *configs: ConnectorConfig) -> int:
    """How many sockets are opened when each asks once, one after the other."""
    async with sharing(*configs) as shares:
        for share in shares:
            assert (await share(Request(f"{service.base_url}/all"))).status == 200
        return service.accepted


@pytest.mark.anyio
async def test_those_who_ask_the_same_account_share_their_sockets(service: Service) -> None:
    assert await sockets(service, config(), config(rate_limit=5, page_size=7), config()) == 1


@pytest.mark.anyio
@pytest.mark.parametrize(
    "other",
    [
        {"access_token": "another"},
        {"base_url": "https://globex.example"},
        {"name": "globex"},
        {"custom_params": {"tenant": "7"}},
        {"headers": {"X-Tenant": "7"}},
        {"pool_size": 3},
        {"timeout": 5.0},
        {"verify_ssl": False},
    ],
)
async def test_another_account_or_another_way_of_asking_has_sockets_of_its_own(
    service: Service, other: dict[str, Any]
) -> None:
    assert await sockets(service, config(), config(**other)) == 2


@pytest.mark.anyio
async def test_the_last_to_close_closes_the_sockets(service: Service) -> None:
    async with sharing(config(), config()) as (one, other):
        await one(Request(f"{service.base_url}/all"))
        await one.close()
        await one.close()  # a second time does nothing
        await other(Request(f"{service.base_url}/all"))
        assert (service.accepted, service.open_connections) == (1, 1)
    await asyncio.sleep(0.02)  # until the service has seen it
    assert service.open_connections == 0
    assert await sockets(service, config()) == 2  # nobody gets what is closed


@pytest.mark.anyio
async def test_closing_ends_what_is_on_its_way_and_nothing_of_others(service: Service) -> None:
    service.delay = 0.1
    ask = Request(f"{service.base_url}/customers")
    async with sharing(config(), config()) as (one, other):
        closed, open_ = (asyncio.create_task(share(ask)) for share in (one, other))
        await asyncio.sleep(0.02)
        await one.close()
        with pytest.raises(ConnectionError, match=r"^the connection to acme was closed$") as caught:
            await closed
        assert caught.value.connector == "acme"
        assert (await open_).status == 200
        with pytest.raises(ConnectionError, match="was closed"):
            await one(ask)


@pytest.mark.anyio
async def test_a_service_that_is_silent_is_left_in_time(service: Service) -> None:
    service.delay = 5.0
    async with sharing(config(timeout=0.05)) as (share,):
        with pytest.raises(TimeoutError, match="acme did not answer in time"):
            await share(Request(f"{service.base_url}/customers"))


def test_no_pool_is_shared_between_event_loops() -> None:
    async def main() -> int:
        async with serve() as service:
            return await sockets(service, config(), config())

    assert [asyncio.run(main()) for _ in range(2)] == [1, 1]


@pytest.mark.anyio
async def test_no_secret_can_be_read_off_the_pools() -> None:
    secrets = {"headers": {"Authorization": "Basic hush"}, "custom_params": {"key": "hush"}}
    async with sharing(config(**secrets)):
        for pools in pool._pools.values():
            assert "hush" not in repr(dict(pools))


@pytest.mark.anyio
async def test_a_share_that_was_dropped_is_complained_about_and_not_kept() -> None:
    share = SharedTransport(config())
    pools = share._pools
    async with serving(ok(b"", b"Connection: close")) as service:
        await share(Request(service.url))
    complain = partial(pytest.warns, ResourceWarning, match="Unclosed client session")
    with complain():
        del share
        gc.collect()
    assert len(pools) == 0
