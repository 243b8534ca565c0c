"""Four connectors of four kinds pass the contract."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from functools import partial
from inspect import signature
from typing import Any, ClassVar

import aiohttp
import pyarrow as pa
import pytest

from spyro_sdk.config import ConnectorConfig
from spyro_sdk.connector import BaseConnector
from spyro_sdk.connectors.salesforce import Salesforce
from spyro_sdk.demo.server import Service as Demo
from spyro_sdk.demo.server import serve as demo
from spyro_sdk.entity import Entity, Query
from spyro_sdk.errors import UnknownEntityError
from spyro_sdk.paging import NextLink
from spyro_sdk.rest import RestConnector
from spyro_sdk.testing import ConnectorContract, Make

from ..service import Service, customers, serve

FAST = {"rate_limit": 60_000, "retry_delay": 0.001}


class Ten(BaseConnector):
    """What an author writes who has read no more than the names of two methods."""

    async def connect(self):
        self._session = aiohttp.ClientSession(self.config.base_url)

    async def fetch_data(self, entity_type, since=None, filters=None):
        link = f"/{entity_type}"
        while link:
            answer = await self._execute_with_retry(self._get, link)
            for record in answer["data"]:
                yield record
            link = answer["next"]

    async def _get(self, link):
        async with self._session.get(link) as response:
            response.raise_for_status()
            return await response.json()


class VendorClient:
    """A library that speaks to its service in ways of its own."""

    def __init__(self) -> None:
        self.is_open = True

    async def page(self, number: int) -> list[dict[str, Any]]:
        return customers(10)[4 * number : 4 * number + 4]

    def close(self) -> None:
        self.is_open = False


class Wrapped(BaseConnector):
    name = "wrapped"

    async def connect(self) -> None:
        self._session = VendorClient()

    async def fetch_data(
        self, entity_type: str, since: Any = None, filters: Any = None
    ) -> AsyncIterator[dict[str, Any]]:
        if entity_type != "Customer":
            raise UnknownEntityError(f"there is no {entity_type}", connector=self.name)
        number = 0
        while page := await self._execute_with_retry(self._session.page, number):
            for record in page:
                if since is None or record["changed"] >= since.isoformat():
                    yield record
            number += 1


class Described(RestConnector):
    name = "described"
    offers = (
        Entity(
            "Customer",
            "/customers",
            "data",
            NextLink("next"),
            key="id",
            cursor="changed",
            total="meta.total",
            schema=pa.schema(
                {
                    "id": pa.int64(),
                    "name": pa.string(),
                    "revenue": pa.float64(),
                    "changed": pa.timestamp("s", "UTC"),
                }
            ),
        ),
    )


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    async with serve() as running:
        yield running


@pytest.fixture(scope="module")
def org() -> Iterator[Demo]:
    with demo(records=60, batch_limit=25) as running:
        yield running


class Forgetful(Wrapped):
    """Tells of fewer records by batches than by `fetch_data`."""

    async def _asked(self, query: Query) -> AsyncGenerator[pa.RecordBatch, None]:
        async for batch in super()._asked(query):
            yield batch.slice(1)
            return


class Doubling(Wrapped):
    async def fetch_data(
        self, entity_type: str, since: Any = None, filters: Any = None
    ) -> AsyncIterator[dict[str, Any]]:
        async for record in super().fetch_data(entity_type):
            yield record
            yield record


class Littering(Wrapped):
    """Leaves a task behind with each fetch."""

    async def _asked(self, query: Query) -> AsyncGenerator[pa.RecordBatch, None]:
        self._left = asyncio.create_task(asyncio.sleep(60))
        async for batch in super()._asked(query):
            yield batch


class Talkative(Wrapped):
    def __repr__(self) -> str:
        return f"<Talkative {self.config.api_key} not connected>"


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("kind", "broken"),
    [
        (Forgetful, "test_batches_hold_the_same_records_in_the_same_order"),
        (Doubling, "test_fetch_data_yields_every_record_once"),
        (Littering, "test_leaving_a_fetch_early_leaves_no_task"),
        (Littering, "test_cancelling_a_fetch_leaves_no_task"),
        (Talkative, "test_no_secret_is_shown"),
        (Talkative, "test_it_shows_its_class_its_name_and_its_state"),
    ],
)
async def test_a_connector_that_breaks_the_contract_fails(kind: type[Wrapped], broken: str) -> None:
    make = partial(kind, kind.configure(api_key="s3cret", **FAST))
    suite: Any = TestAVendorsClient()
    if "make" in signature(getattr(suite, broken)).parameters:
        with pytest.raises(AssertionError):
            await getattr(suite, broken)(make)
    else:
        async with make().connection_context() as connector:
            with pytest.raises(AssertionError):
                await getattr(suite, broken)(connector)


class TestTenLines(ConnectorContract):
    entity, key, rows = "customers", "id", 10
    expected: ClassVar = customers(10)
    since = ("2000-01-01", 10)  # it does not heed `since`
    bystanders = ("Service.talk",)

    @pytest.fixture
    def make(self, service: Service) -> Make:
        return partial(Ten, ConnectorConfig("ten", base_url=service.base_url, auth_type="none", **FAST))


class TestAVendorsClient(ConnectorContract):
    entity, key, rows = "Customer", "id", 10
    expected: ClassVar = customers(10)
    since = ("2026-01-09", 3)

    @pytest.fixture
    def make(self) -> Make:
        return partial(Wrapped, Wrapped.configure(auth_type="none", **FAST))


class TestADescribedService(ConnectorContract):
    entity, key, rows = "Customer", "id", 10
    since = ("2026-01-09", 3)
    bystanders = ("Service.talk",)

    @pytest.fixture
    def make(self, service: Service) -> Make:
        return partial(Described, Described.configure(base_url=service.base_url, api_key="s3cret", **FAST))


class TestSalesforce(ConnectorContract):
    entity, key, rows = "Customer", "id", 60
    since = ("2000-01-01", 60)

    @pytest.fixture
    def make(self, org: Demo) -> Make:
        return partial(Salesforce, Salesforce.configure(base_url=org.base_url, **org.credentials, **FAST))


class TestTheLeastThatCanBeSaid(ConnectorContract):
    entity = "Customer"
    since = ("2026-01-09", 3)

    @pytest.fixture
    def make(self) -> Make:
        return partial(Wrapped, Wrapped.configure(auth_type="none", **FAST))
