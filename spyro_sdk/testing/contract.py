"""The suite that every connector passes.

Subclass `ConnectorContract`, say what the service holds and how the connector is made, run pytest:

    from functools import partial

    import pytest
    from acme_spyro import Acme
    from spyro_sdk.testing import ConnectorContract


    class TestAcme(ConnectorContract):
        entity, key, rows = "orders", "id", 250

        @pytest.fixture
        def make(self):
            return partial(Acme, Acme.configure(base_url="http://127.0.0.1:8000", api_key="key"))

It needs no conftest: the pytest plugin that runs its coroutines comes with anyio, which is installed with
us. The service must hold at least three records of the entity, in an order that stays, and answer well: a
server of yours on this machine, a sandbox, or a recording (see `cassette`). Where it is on this machine or a
recording, a high `rate_limit` in the configuration saves waiting.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from inspect import getattr_static
from typing import Any, ClassVar

import pyarrow as pa
import pytest

from ..arrow.schema import unify
from ..connector import BaseConnector
from ..entity import Query
from ..errors import ConfigurationError, ConnectionError, ConnectorError, ValidationError
from ..events import (
    Attempted,
    Connected,
    Disconnected,
    Event,
    FetchFinished,
    FetchStarted,
    PageArrived,
)
from .secrets import secrets_of

Make = Callable[..., BaseConnector]


@pytest.mark.anyio
class ConnectorContract:
    """What may be relied upon, whichever service it is."""

    entity: ClassVar[str]
    """An entity with at least three records."""
    rows: ClassVar[int | None] = None
    """How many records it has, where that is known."""
    expected: ClassVar[Sequence[dict[str, Any]] | None] = None
    """Its records as `fetch_data` yields them, where these are known."""
    key: ClassVar[str | None] = None
    """The column that tells one record from another."""
    since: ClassVar[tuple[str, int] | None] = None
    """A moment, and how many records changed at or after it."""
    bystanders: ClassVar[Sequence[str]] = ()
    """Parts of the names of tasks that are not the connector's, as those of a server in its event loop."""

    __test__: ClassVar[bool]

    def __init_subclass__(cls, **options: Any) -> None:
        """Refuse a class that does not say what the claims need, once, before pytest runs any of them."""
        super().__init_subclass__(**options)
        cls.__test__ = vars(cls).get("__test__", True)  # pytest would take it from a base, and run nothing
        if cls.__test__:
            _check_complete(cls)

    @pytest.fixture
    def anyio_backend(self) -> str:
        """The event loop that connectors run on."""
        return "asyncio"

    @pytest.fixture
    def make(self) -> Make:
        """How the connector is made: called with `observers=` or nothing, it returns one, not connected."""
        raise NotImplementedError  # pragma: no cover  # each class of claims has its own

    @pytest.fixture(autouse=True)
    def _makes_connectors(self, make: Make) -> None:
        _check_makes(make)

    @pytest.fixture
    async def connector(self, make: Make) -> AsyncIterator[BaseConnector]:
        """A connector that is connected."""
        async with make().connection_context() as connector:
            yield connector

    # -- its life -------------------------------------------------------------------------------------

    async def test_it_shows_its_class_its_name_and_its_state(self, make: Make) -> None:
        connector = make()
        assert type(connector).__name__ in repr(connector)
        assert connector.config.name in repr(connector)
        assert "not connected" in repr(connector)
        async with connector.connection_context():
            assert repr(connector).removesuffix(">").endswith(" connected")
            assert "not connected" not in repr(connector)

    async def test_its_configuration_will_do(self, make: Make) -> None:
        assert make().validate_config() == (True, None)

    async def test_nothing_can_be_asked_before_it_is_connected(self, make: Make) -> None:
        connector = make()
        with pytest.raises(ConnectionError, match="is not connected"):
            await anext(aiter(connector.fetch_data(self.entity)))
        with pytest.raises(ConnectionError, match="is not connected"):
            await anext(connector.batches(Query.ask(self.entity)))
        assert connector.stats.requests == 0

    async def test_a_context_connects_once_however_deep_and_then_disconnects(self, make: Make) -> None:
        told: list[Event] = []
        connector = make(observers=[told.append])
        async with connector.connection_context():
            async with connector.connection_context() as inner:
                assert inner is connector
            assert connector.is_connected
        assert not connector.is_connected
        assert [e for e in told if isinstance(e, Connected | Disconnected)] == [
            Connected(connector.name),
            Disconnected(connector.name),
        ]

    async def test_it_can_be_opened_again(self, make: Make) -> None:
        connector = make()
        for _ in range(2):
            async with connector.connection_context():
                assert await connector.get_sample_data(self.entity, 1)
        await connector.disconnect()  # which it is already
        with pytest.raises(ConnectionError, match="was closed"):
            await anext(connector.batches(Query.ask(self.entity)))

    # -- its records ----------------------------------------------------------------------------------

    async def test_fetch_data_yields_every_record_once(self, connector: BaseConnector) -> None:
        records = [record async for record in connector.fetch_data(self.entity)]
        assert len(records) >= 3, f"the claims need three records of {self.entity!r} to tell anything"
        assert all(type(record) is dict for record in records)
        if self.rows is not None:
            assert len(records) == self.rows
        if self.expected is not None:
            assert records == list(self.expected)
        if self.key is not None:
            assert len({record[self.key] for record in records}) == len(records)

    async def test_batches_hold_the_same_records_in_the_same_order(self, connector: BaseConnector) -> None:
        table = await self._table(connector)
        records = [record async for record in connector.fetch_data(self.entity)]
        assert table.num_rows == len(records)
        if self.key is not None:
            assert table[self.key].to_pylist() == [record[self.key] for record in records]

    async def test_a_limit_gives_the_first_records(self, connector: BaseConnector) -> None:
        everything = await self._table(connector)
        for limit in (1, 2, everything.num_rows + 1):
            some = await self._table(connector, limit=limit)
            assert some.to_pylist() == everything.slice(0, limit).to_pylist()

    async def test_nothing_is_sent_for_no_records(self, make: Make) -> None:
        async with make().connection_context() as connector:
            await self._table(connector, limit=1)  # what it must know of the entity, it knows now
            before = connector.stats.requests
            assert (await self._table(connector, limit=0)).num_rows == 0
            assert connector.stats.requests == before

    async def test_columns_come_as_they_were_asked_for(self, connector: BaseConnector) -> None:
        everything = await self._table(connector)
        wanted = everything.column_names[:3][::-1]
        asked = await self._table(connector, columns=wanted)
        assert asked.column_names == wanted
        assert asked.to_pylist() == everything.select(wanted).to_pylist()

    async def test_a_column_that_is_not_there_is_refused_by_name(self, connector: BaseConnector) -> None:
        with pytest.raises(ValidationError, match="no_such_column"):
            await self._table(connector, columns=["no_such_column"])
        with pytest.raises(ValidationError, match="no_such_column"):
            await self._table(connector, where="no_such_column = 1")

    async def test_where_gives_the_records_for_which_it_is_true(self, connector: BaseConnector) -> None:
        everything = await self._table(connector)
        name, value = _to_filter_by(everything)
        quoted = "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)
        found = await self._table(connector, where=f'"{name}" = {quoted}')
        assert found.to_pylist() == [row for row in everything.to_pylist() if row[name] == value]

    async def test_since_gives_what_changed_since(self, connector: BaseConnector) -> None:
        if self.since is None:
            pytest.skip(f"{type(self).__name__} names no moment")
        moment, rows = self.since
        assert (await self._table(connector, since=moment)).num_rows == rows

    async def test_count_says_how_many_records_come(self, connector: BaseConnector) -> None:
        rows = (await self._table(connector)).num_rows
        assert await connector.count(Query.ask(self.entity)) == rows
        assert await connector.count(Query.ask(self.entity, limit=2)) == 2

    async def test_an_entity_that_is_not_there_is_a_typed_error(self, connector: BaseConnector) -> None:
        with pytest.raises(ConnectorError):
            await self._table(connector, entity="NoSuchEntityAnywhere")

    # -- what it knows of them ------------------------------------------------------------------------

    async def test_a_sample_is_the_first_records(self, connector: BaseConnector) -> None:
        records = [record async for record in connector.fetch_data(self.entity)]
        assert await connector.get_sample_data(self.entity) == records[:5]
        assert await connector.get_sample_data(self.entity, limit=2) == records[:2]

    async def test_the_schema_names_the_columns_that_come(self, connector: BaseConnector) -> None:
        schema = await connector.discover_schema(self.entity)
        assert schema.entity == self.entity
        assert set((await self._table(connector)).column_names) <= set(schema.names)

    async def test_a_fetch_can_be_explained_before_it_is_made(self, connector: BaseConnector) -> None:
        plan = await connector.explain(Query.ask(self.entity))
        assert plan.connector == connector.name
        assert plan.request
        assert self.entity in str(plan)

    # -- what it tells --------------------------------------------------------------------------------

    async def test_events_tell_the_fetch_from_its_start_to_its_end(self, make: Make) -> None:
        told: list[Event] = []
        async with make(observers=[told.append]).connection_context() as connector:
            told.clear()
            rows = (await self._table(connector)).num_rows
            fetch = list(told)
        assert fetch[0] == FetchStarted(connector.name, self.entity)
        finished = fetch[-1]
        assert isinstance(finished, FetchFinished)
        assert (finished.rows, finished.error) == (rows, None)
        assert sum(event.rows for event in fetch if isinstance(event, PageArrived)) == rows
        assert {event.connector for event in told} == {connector.name}

    async def test_an_observer_that_fails_harms_nobody(self, make: Make) -> None:
        def fail(event: Event) -> None:
            raise RuntimeError("an observer of yours")

        async with make(observers=[fail]).connection_context() as connector:
            assert (await self._table(connector)).num_rows >= 3

    async def test_statistics_count_what_was_asked(self, make: Make) -> None:
        told: list[Event] = []
        async with make(observers=[told.append]).connection_context() as connector:
            rows = (await self._table(connector)).num_rows
            totals = connector.get_statistics()
        attempts = sum(isinstance(event, Attempted) for event in told)
        assert attempts >= 1
        assert totals["total_requests"] == totals["current_rate"] == attempts
        assert (totals["failed_requests"], totals["success_rate"], totals["retries"]) == (0, 100.0, 0)
        assert totals["rows"] == rows
        assert totals["last_request_time"] is not None
        assert 0 <= totals["p50"] <= totals["p95"]
        assert 0 <= totals["available_tokens"] <= connector.config.rate.burst

    async def test_no_secret_is_shown(self, make: Make) -> None:
        told: list[Event] = []
        async with make(observers=[told.append]).connection_context() as connector:
            await self._table(connector, limit=1)
            shown = f"{connector!r} {connector.config!r} {told} {connector.get_statistics()}"
            shown += str(await connector.explain(Query.ask(self.entity)))
        for name, secret in secrets_of(connector.config).items():
            assert len(secret) < 4 or secret not in shown, f"{name} is shown"

    # -- leaving it -----------------------------------------------------------------------------------

    async def test_leaving_a_fetch_early_leaves_no_task(self, connector: BaseConnector) -> None:
        async with self._no_task_left(), aclosing(connector.batches(Query.ask(self.entity))) as batches:
            await anext(batches)

    async def test_cancelling_a_fetch_leaves_no_task(self, connector: BaseConnector) -> None:
        await self._table(connector, limit=1)
        async with self._no_task_left():
            for steps in range(12):  # wherever it stands
                await _cancelled_after(steps, self._table(connector))
        assert (await self._table(connector)).num_rows >= 3

    async def test_fetches_at_the_same_time_do_not_disturb_each_other(self, connector: BaseConnector) -> None:
        one, other, short = await asyncio.gather(
            self._table(connector), self._table(connector), self._table(connector, limit=2)
        )
        assert one.to_pylist() == other.to_pylist()
        assert short.to_pylist() == one.slice(0, 2).to_pylist()

    @asynccontextmanager
    async def _no_task_left(self) -> AsyncIterator[None]:
        before = asyncio.all_tasks()
        yield
        left = [repr(task) for task in asyncio.all_tasks() - before]
        assert [it for it in left if not any(name in it for name in self.bystanders)] == []

    async def _table(self, connector: BaseConnector, entity: str | None = None, **wishes: Any) -> pa.Table:
        query = Query.ask(entity or self.entity, **wishes)
        async with aclosing(connector.batches(query)) as batches:
            return unify([batch async for batch in batches])


def _check_complete(kind: type[ConnectorContract]) -> None:
    """Raise unless a class of claims names its entity, and has a fixture that makes its connector."""
    if not isinstance(getattr(kind, "entity", None), str):
        raise _incomplete(kind, "entity", "write entity = 'orders', or what the service has three records of")
    ours, theirs = (getattr_static(it, "make") for it in (ConnectorContract, kind))
    if theirs is ours:
        raise _incomplete(
            kind, "make", "write a fixture that returns what makes it, as partial(Acme, config)"
        )
    if type(theirs) is not type(ours):
        raise _incomplete(kind, "make", "put @pytest.fixture above it")


def _check_makes(make: Any) -> None:
    """Fail unless what the fixture returned can make connectors."""
    if not callable(make):
        pytest.fail(
            f"make returned a {type(make).__name__}: return what makes a connector, as partial(Acme, config)"
        )


def _incomplete(kind: type, field: str, todo: str) -> ConfigurationError:
    return ConfigurationError(
        f"{kind.__name__} does not say {field!r}: {todo}"
        " (a class that others are made of, and that is no test itself, says __test__ = False)",
        field=field,
    )


def _to_filter_by(table: pa.Table) -> tuple[str, str | int]:
    """A column that a condition can be about, and a value of it; skips the claim where there is none."""
    for fits in (pa.types.is_string, pa.types.is_integer):
        for name in table.column_names:
            value = next((v for v in table[name].to_pylist() if v), None) if fits(table[name].type) else None
            if value:
                return name, value
    pytest.skip("no column holds text or whole numbers to filter by")


async def _cancelled_after(steps: int, work: Awaitable[Any]) -> None:
    """Begin `work`, let the loop go round so many times, and cancel it."""
    task = asyncio.ensure_future(work)
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
