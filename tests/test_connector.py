"""The contract of a connector: its life, and the guards around each of its calls."""

from __future__ import annotations

import asyncio
import errno
import gc
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing
from typing import Any, ClassVar

import aiohttp
import anyio
import pyarrow as pa
import pytest
import requests

from spyro_sdk.arrow.schema import unify
from spyro_sdk.config import ConnectorConfig, RateLimitConfig
from spyro_sdk.connector import BaseConnector
from spyro_sdk.entity import Query
from spyro_sdk.errors import (
    AuthenticationError,
    CircuitOpenError,
    ConfigurationError,
    ConnectionError,
    ConnectorError,
    DataFetchError,
    DecodeError,
    IntegrityError,
    RateLimitError,
    SchemaDiscoveryError,
    TimeoutError,
    ValidationError,
)
from spyro_sdk.events import (
    Attempted,
    CircuitChanged,
    Connected,
    Disconnected,
    Event,
    FetchFinished,
    FetchStarted,
    PageArrived,
    Retried,
    RetryRefused,
    Waited,
)
from spyro_sdk.failure import translated
from spyro_sdk.guards.limiter import RateLimiter

from .service import Fault, Service, close, customers, cut_json, cut_short, html, refuse, serve, slow

Record = dict[str, Any]


def config(**settings: Any) -> ConnectorConfig:
    fast = {"auth_type": "none", "rate_limit": 60_000, "retry_delay": 0.001}
    return ConnectorConfig("acme", **{**fast, **settings})


class Session:
    """Something to be closed."""

    def __init__(self) -> None:
        self.closed = 0

    async def close(self) -> None:
        await asyncio.sleep(0)
        self.closed += 1


class Acme(BaseConnector):
    """Gives the records it was made with, and counts what it is asked to do."""

    opens: Callable[[], Any] = Session

    def __init__(self, records: Any = (), settings: ConnectorConfig | None = None, **guards: Any) -> None:
        super().__init__(settings or config(), **guards)
        self.records = records
        self.opened: list[Any] = []
        self.yielded = 0
        self.asked: list[tuple[str, Any]] = []
        self.is_left = False

    async def connect(self) -> None:
        await asyncio.sleep(0)
        self._session = type(self).opens()
        self.opened.append(self._session)

    async def fetch_data(
        self, entity_type: str, since: Any = None, filters: Mapping[str, Any] | None = None
    ) -> AsyncIterator[Record]:
        self.asked.append((entity_type, since))
        try:
            for record in self.records:
                self.yielded += 1
                yield record
        finally:
            self.is_left = True


class Ten(BaseConnector):
    """Opens a session of its own, and sends what it asks through the guards."""

    async def connect(self) -> None:
        self._session = aiohttp.ClientSession(self.config.base_url)

    async def fetch_data(
        self, entity_type: str, since: Any = None, filters: Mapping[str, Any] | None = None
    ) -> AsyncIterator[Record]:
        link = f"/{entity_type}"
        while link:
            answer = await self._execute_with_retry(self._get, link)
            for record in answer["data"]:
                yield record
            link = answer["next"]

    async def _get(self, link: str) -> Any:
        timeout = aiohttp.ClientTimeout(self.config.timeout)
        async with self._session.get(link, timeout=timeout) as response:
            response.raise_for_status()
            return await response.json()


class Calls:
    """A coroutine function that does one thing after the other: raises errors, returns values."""

    def __init__(self, *outcomes: Any) -> None:
        self.outcomes = list(outcomes)
        self.count = 0

    async def __call__(self) -> Any:
        self.count += 1
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


async def read_into(records: list[Record], connector: BaseConnector) -> None:
    async for record in connector.fetch_data("customers"):
        records.append(record)


async def table(connector: BaseConnector, entity: str = "Customer", **wishes: Any) -> pa.Table:
    async with aclosing(connector.batches(Query.ask(entity, **wishes))) as batches:
        return unify([batch async for batch in batches])


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    async with serve() as running:
        yield running


# -- what must be given -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("given", "lacking"), [("connect", "fetch_data"), ("fetch_data", "connect")])
def test_a_class_that_lacks_one_of_the_two_says_which(given: str, lacking: str) -> None:
    half: Any = type("Half", (BaseConnector,), {given: getattr(Acme, given)})
    with pytest.raises(TypeError, match=rf"abstract.*\b{lacking}\b") as raised:
        half(config())
    assert f"'{given}'" not in str(raised.value)
    assert f"method {given}" not in str(raised.value)


def test_a_class_without_a_name_is_called_by_its_own() -> None:
    class Child(Acme):
        pass

    class Named(Acme):
        name = "the-service"

    class NamedChild(Named):
        pass

    assert [kind.name for kind in (Acme, Child, Named, NamedChild)] == [
        "acme",
        "child",
        "the-service",
        "the-service",
    ]


def test_a_configuration_has_the_services_own_settings_and_options() -> None:
    class Service(Acme):
        name = "service"
        defaults: ClassVar = {"rate_limit": 7, "page_size": 3, "auth_type": "none"}
        options: ClassVar = {"region": "where it is"}

    made = Service.configure(page_size=9, region="eu", custom_params={"more": 1})
    assert (made.name, made.rate_limit, made.page_size) == ("service", 7, 9)
    assert made.custom_params == {"region": "eu", "more": 1}
    assert Service.configure().custom_params == {}


@pytest.mark.anyio
async def test_what_may_be_overridden_has_an_answer_already() -> None:
    connector = Acme([{"id": 1}])
    query = Query.ask("Customer")
    assert (connector.api, connector.validate_config()) == ("", (True, None))
    assert await connector.entities() == ()
    assert await connector.prepare(query) is query
    assert await connector.schema_of(query) is None
    plan = await connector.explain(query)
    assert (plan.connector, plan.request, plan.page_size) == ("acme", "Acme.fetch_data('Customer')", 1000)


# -- its life ---------------------------------------------------------------------------------------------


class WithSyncClose:
    closed = 0

    def close(self) -> None:
        self.closed += 1


class WithAclose:
    closed = 0

    async def aclose(self) -> None:
        self.closed += 1


@pytest.mark.anyio
@pytest.mark.parametrize("session", [Session, WithSyncClose, WithAclose])
async def test_what_connect_opened_is_closed_once(session: Callable[[], Any]) -> None:
    class Own(Acme):
        opens = session

    connector = Own()
    async with connector.connection_context():
        assert connector.opened[0].closed == 0
    await connector.disconnect()
    assert connector.opened[0].closed == 1


@pytest.mark.anyio
async def test_a_session_that_cannot_be_closed_is_let_go() -> None:
    class Own(Acme):
        opens = object

    async with Own().connection_context() as connector:
        assert connector.is_connected
    assert not connector.is_connected


@pytest.mark.anyio
async def test_a_real_session_leaves_no_socket(service: Service) -> None:
    connector = Ten(config(base_url=service.base_url))
    async with connector.connection_context():
        session = connector._session
        records = [record async for record in connector.fetch_data("customers")]
        assert service.open_connections == 1
    assert session.closed
    assert records == service.records
    await asyncio.sleep(0.01)
    assert service.open_connections == 0


@pytest.mark.anyio
async def test_a_context_closes_when_its_body_fails() -> None:
    connector = Acme()
    with pytest.raises(KeyError):
        async with connector.connection_context():
            raise KeyError("mine")
    assert (connector.is_connected, connector.opened[0].closed) == (False, 1)


@pytest.mark.anyio
async def test_a_context_that_is_cancelled_closes_to_the_end() -> None:
    connector = Acme()
    with anyio.move_on_after(0.01) as scope:
        async with connector.connection_context():
            await anyio.sleep_forever()
    assert scope.cancelled_caught
    assert (connector.is_connected, connector.opened[0].closed) == (False, 1)


@pytest.mark.anyio
async def test_a_configuration_that_will_not_do_is_refused_before_anything_is_opened() -> None:
    class Picky(Acme):
        def validate_config(self) -> tuple[bool, str | None]:
            return False, "give a region"

    connector = Picky()
    with pytest.raises(ConfigurationError, match="picky cannot connect: give a region"):
        await connector.connect()
    assert connector.opened == []
    assert not connector.is_connected


@pytest.mark.anyio
async def test_a_connect_that_fails_leaves_nothing_open() -> None:
    told: list[Event] = []

    class Refused(Acme):
        async def connect(self) -> None:
            await super().connect()
            raise AuthenticationError("we do not know you")

    connector = Refused(observers=[told.append])
    with pytest.raises(AuthenticationError, match="know you"):
        async with connector.connection_context():
            pytest.fail("not connected")
    assert (connector.is_connected, connector.opened[0].closed) == (False, 1)
    assert told == []  # it was never connected, and so never disconnected


@pytest.mark.anyio
async def test_a_connect_that_is_cancelled_leaves_nothing_open() -> None:
    class Slow(Acme):
        async def connect(self) -> None:
            await super().connect()
            await anyio.sleep_forever()

    connector = Slow()
    with anyio.move_on_after(0.01):
        await connector.connect()
    assert (connector.is_connected, connector.opened[0].closed) == (False, 1)


@pytest.mark.anyio
async def test_the_first_error_comes_out_when_cleaning_up_fails_too() -> None:
    class Clumsy(Acme):
        async def connect(self) -> None:
            raise AuthenticationError("we do not know you")

        async def disconnect(self) -> None:
            await self._session.close()  # there is none yet

    with pytest.raises(AuthenticationError, match="know you") as raised:
        await Clumsy().connect()
    assert "NoneType" in raised.value.__notes__[0]


@pytest.mark.anyio
async def test_what_connect_meets_on_the_way_is_typed(service: Service) -> None:
    class Pinging(Ten):
        async def connect(self) -> None:
            await super().connect()
            async with self._session.get("/ping") as response:
                response.raise_for_status()

    service.accepts = lambda headers: False
    with pytest.raises(AuthenticationError) as raised:
        await Pinging(config(base_url=service.base_url)).connect()
    assert (raised.value.status, raised.value.connector) == (401, "pinging")
    with pytest.raises(ConnectionError, match="no answer from pinging"):
        await Pinging(config(base_url="http://127.0.0.1:1")).connect()


@pytest.mark.anyio
async def test_a_disconnect_of_ones_own_needs_to_remember_nothing() -> None:
    class Own(Acme):
        async def disconnect(self) -> None:
            await self.opened[-1].close()

    class Polite(Acme):
        async def disconnect(self) -> None:
            await super().disconnect()

    for kind in (Own, Polite):
        told: list[Event] = []
        connector = kind(observers=[told.append])
        for _ in range(2):
            async with connector.connection_context():
                assert connector.is_connected
            assert not connector.is_connected
        assert [session.closed for session in connector.opened] == [1, 1]
        assert told == [Connected(kind.name), Disconnected(kind.name)] * 2


@pytest.mark.anyio
async def test_a_connect_that_comes_from_a_mixin_is_remembered() -> None:
    class Mixin:
        async def connect(self) -> None:
            self._session = Session()

    class Mixed(Mixin, BaseConnector):
        fetch_data = Acme.fetch_data

    async with Mixed(config()).connection_context() as connector:
        assert connector.is_connected


@pytest.mark.anyio
async def test_connect_may_ask_the_service_already() -> None:
    class Curious(Acme):
        async def connect(self) -> None:
            await super().connect()
            self.version = await self._execute_with_retry(Calls("v7"))

    connector = Curious()
    await connector.connect()
    assert connector.version == "v7"
    assert len(connector.opened) == 1
    await connector.disconnect()


@pytest.mark.anyio
async def test_connecting_twice_opens_once() -> None:
    connector = Acme()
    await connector.connect()
    await connector.connect()
    await asyncio.gather(connector.connect(), connector.connect())
    assert len(connector.opened) == 1
    await connector.disconnect()
    await asyncio.gather(connector.connect(), connector.connect())
    assert len(connector.opened) == 2
    await connector.disconnect()
    assert [session.closed for session in connector.opened] == [1, 1]


@pytest.mark.anyio
async def test_tasks_that_come_and_go_share_one_connection() -> None:
    connector = Acme([{"id": 1}])

    async def visit(turns: int) -> int:
        async with connector.connection_context():
            for _ in range(turns):
                await asyncio.sleep(0)
                assert connector.is_connected
            return (await table(connector)).num_rows

    assert await asyncio.gather(*(visit(turns) for turns in (1, 20, 5))) == [1, 1, 1]
    assert [session.closed for session in connector.opened] == [1]


@pytest.mark.anyio
async def test_what_was_connected_by_hand_is_disconnected_by_hand() -> None:
    connector = Acme()
    await connector.connect()
    async with connector.connection_context():
        pass
    assert connector.is_connected
    await connector.disconnect()
    assert not connector.is_connected


@pytest.mark.anyio
async def test_a_fetch_that_outlives_the_connection_says_so(service: Service) -> None:
    connector = Ten(config(base_url=service.base_url))
    await connector.connect()
    records = connector.fetch_data("customers")
    assert await anext(records)
    await connector.disconnect()
    with pytest.raises(ConnectionError, match="was closed"):
        _ = [record async for record in records]


@pytest.mark.anyio
async def test_a_call_that_is_tried_again_after_the_end_says_so() -> None:
    connector = Acme()
    await connector.connect()

    async def call() -> None:
        await connector.disconnect()
        raise ConnectionResetError

    with pytest.raises(ConnectionError, match="was closed"):
        await connector._execute_with_retry(call)


# -- the guards -------------------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_a_call_gets_its_arguments_and_gives_its_result() -> None:
    async def add(a: int, *, b: int) -> int:
        return a + b

    async with Acme().connection_context() as connector:
        assert await connector._execute_with_retry(add, 1, b=2) == 3


@pytest.mark.anyio
async def test_a_call_that_fails_in_passing_is_made_again_and_told_in_order() -> None:
    told: list[Event] = []
    calls = Calls(ConnectionResetError("peer"), DataFetchError("busy", status=503), "done")
    async with Acme(observers=[told.append]).connection_context() as connector:
        assert await connector._execute_with_retry(calls) == "done"
        connector.stats.clock = lambda: 0.0
        totals = connector.get_statistics()
    assert [type(event) for event in told] == [
        Connected,
        Attempted,
        Retried,
        Attempted,
        Retried,
        Attempted,
        Disconnected,
    ]
    attempts = [event.error for event in told if isinstance(event, Attempted)]
    assert attempts == ["no answer from acme: ConnectionResetError", "busy", None]
    assert [(e.attempt, e.reason) for e in told if isinstance(e, Retried)] == [
        (1, "no answer from acme: ConnectionResetError"),
        (2, "busy"),
    ]
    assert (totals["total_requests"], totals["failed_requests"], totals["retries"]) == (3, 2, 2)
    assert totals["success_rate"] == pytest.approx(100 / 3)


@pytest.mark.anyio
@pytest.mark.parametrize(
    "lasting",
    [
        KeyError("data"),
        ValueError("limit"),
        AuthenticationError("who are you?"),
        ValidationError("no such column"),
        IntegrityError("records were lost"),
        DataFetchError("gone", status=404),
        CircuitOpenError("of another"),
        OSError(errno.ENOSPC, "No space left on device"),
    ],
)
async def test_what_asking_again_will_not_heal_is_asked_once(lasting: Exception) -> None:
    calls = Calls(lasting)
    async with Acme().connection_context() as connector:
        with pytest.raises(type(lasting)) as raised:
            await connector._execute_with_retry(calls)
        assert raised.value is lasting
        assert calls.count == 1
        assert connector.get_statistics()["failed_requests"] == 1


@pytest.mark.anyio
async def test_after_the_last_retry_its_error_comes_out() -> None:
    last = DataFetchError("third", status=500)
    calls = Calls(ConnectionResetError(), DataFetchError("second"), last)
    async with Acme(settings=config(retry_count=2)).connection_context() as connector:
        with pytest.raises(DataFetchError) as raised:
            await connector._execute_with_retry(calls)
    assert raised.value is last
    assert calls.count == 3


@pytest.mark.anyio
async def test_where_the_retry_budget_is_spent_a_call_fails_at_once_and_that_is_told() -> None:
    told: list[Event] = []
    failed = DataFetchError("busy", status=503)
    async with Acme(settings=config(retry_budget=20), observers=[told.append]).connection_context() as it:
        assert await it._execute_with_retry(Calls(failed, "done")) == "done"
        calls = Calls(*[DataFetchError("busy", status=503)] * 9)
        with pytest.raises(DataFetchError, match="busy; not tried again, since the retry budget") as caught:
            await it._execute_with_retry(calls)
        assert calls.count == 2
        assert it.get_statistics()["retries_refused"] == 1
    assert [event.reason for event in told if isinstance(event, RetryRefused)] == [str(caught.value)]


@pytest.mark.anyio
async def test_a_thousand_calls_that_fail_at_once_are_hardly_more_requests() -> None:
    async with serve(customers(1), 1) as service:
        service.ruin(1, refuse(503))
        settings = config(base_url=service.base_url, retry_delay=0.05, rate_limit=600_000)
        async with Ten(settings).connection_context() as connector:
            calls = (connector._execute_with_retry(connector._get, "/customers") for _ in range(1000))
            failures = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(it, ConnectorError) for it in failures)
    assert 1000 <= len(service.seen) <= 1200


@pytest.mark.anyio
async def test_a_call_that_would_be_tried_for_ever_ends_with_its_deadline() -> None:
    started = time.monotonic()
    settings = config(retry_count=100, retry_delay=10.0, deadline=0.2)
    async with Acme(settings=settings).connection_context() as connector:
        with pytest.raises(
            TimeoutError, match=r"a call of acme did not come to an end .* of 0\.2 s"
        ) as caught:
            await connector._execute_with_retry(Calls(*[DataFetchError("busy", status=503)] * 100))
    assert time.monotonic() - started < 1.2
    assert (caught.value.connector, caught.value.__context__) == ("acme", None)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("own", "asked", "is_late"), [(60.0, 0.4, True), (0.3, 60.0, False), (0.4, None, True)]
)
async def test_the_deadline_of_a_fetch_wins(own: float, asked: float | None, is_late: bool) -> None:
    async def rows(connector: BaseConnector) -> int:
        async with aclosing(connector.batches(Query.ask("customers", deadline=asked))) as batches:
            return sum([batch.num_rows async for batch in batches])

    async with serve(customers(12), 1) as service:
        service.delay = 0.05
        settings = config(base_url=service.base_url, deadline=own, page_size=1, rate_limit=60_000)
        async with Ten(settings).connection_context() as connector:
            if is_late:
                with pytest.raises(TimeoutError, match=r"its deadline of 0\.4 s"):
                    await rows(connector)
            else:
                assert await rows(connector) == 12


@pytest.mark.anyio
async def test_a_fetch_that_trickles_ends_with_its_deadline_though_no_page_is_late() -> None:
    told: list[Event] = []
    rows = 0

    async def read(connector: BaseConnector) -> None:
        nonlocal rows
        async with aclosing(connector.batches(Query.ask("customers"))) as batches:
            async for batch in batches:
                rows += batch.num_rows

    started = time.monotonic()
    async with serve(customers(100), 1) as service:
        service.delay = 0.05
        settings = config(base_url=service.base_url, deadline=0.4, page_size=1)
        async with Ten(settings, observers=[told.append]).connection_context() as connector:
            with pytest.raises(TimeoutError, match="customers of ten did not come to an end"):
                await read(connector)
    assert time.monotonic() - started < 1.4
    assert 1 <= rows < 10
    (finished,) = [it for it in told if isinstance(it, FetchFinished)]
    assert "its deadline of 0.4 s" in str(finished.error)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("fault", "kind", "asked"),
    [
        (refuse(400), DataFetchError, 1),
        (refuse(401), AuthenticationError, 1),
        (refuse(403), AuthenticationError, 1),
        (refuse(404), DataFetchError, 1),
        (refuse(429, retry_after="9999"), RateLimitError, 1),
        (refuse(500), DataFetchError, 3),
        (refuse(503), DataFetchError, 3),
        (close, ConnectionError, 3),
        (cut_short, ConnectionError, 3),
        (cut_json, DecodeError, 3),
        (html, DecodeError, 3),
        (slow(2.0), TimeoutError, 3),
    ],
)
async def test_what_an_authors_own_session_raises_is_typed_and_tried_again_by_the_rules(
    service: Service, fault: Fault, kind: type[ConnectorError], asked: int
) -> None:
    service.ruin(2, fault)
    settings = config(base_url=service.base_url, retry_count=2, timeout=0.25)
    records: list[Record] = []
    async with Ten(settings).connection_context() as connector:
        with pytest.raises(kind) as raised:
            await read_into(records, connector)
        assert connector.get_statistics()["failed_requests"] == asked
    assert type(raised.value) is kind
    assert "127.0.0.1" not in str(raised.value)
    assert records == service.records[:3]
    assert len([page for page in service.pages if page == 2]) >= asked  # aiohttp asks again on a dead socket


@pytest.mark.anyio
@pytest.mark.parametrize(
    "fault", [refuse(500), refuse(429, retry_after="0.01"), close, cut_short, cut_json, html, slow(2.0)]
)
async def test_what_passes_costs_an_author_nothing(service: Service, fault: Fault) -> None:
    for page in (2, 4):
        service.spoil(page, fault)
    settings = config(base_url=service.base_url, timeout=0.25)
    async with Ten(settings).connection_context() as connector:
        assert [record async for record in connector.fetch_data("customers")] == service.records
        assert (await table(connector, "customers")).to_pylist() == service.records


@pytest.mark.anyio
@pytest.mark.parametrize("wish", [{"include_deleted": True}, {"native": ["Rating"]}, {"api": "rest"}])
async def test_a_wish_that_it_cannot_fulfil_is_refused(wish: dict[str, Any]) -> None:
    async with Acme().connection_context() as connector:
        with pytest.raises(ValidationError, match="acme cannot fulfil"):
            await connector.count(Query.ask("Customer", **wish))


@pytest.mark.anyio
async def test_each_attempt_takes_a_token_and_is_seen_by_the_breaker() -> None:
    told: list[Event] = []
    calls = Calls(ConnectionResetError())
    connector = Acme(settings=config(retry_count=19), observers=[told.append])
    async with connector.connection_context():
        with pytest.raises(CircuitOpenError):  # it opens after ten, and its refusal is not tried again
            await connector._execute_with_retry(calls)
        assert calls.count == len(connector.limiter.request_times) == 10
        with pytest.raises(CircuitOpenError):
            await connector._execute_with_retry(calls)
        assert calls.count == len(connector.limiter.request_times) == 10  # refused: no token, no attempt
        assert connector.get_statistics()["total_requests"] == 10
        assert connector.get_statistics()["circuit"] == "open"
    assert [event for event in told if isinstance(event, CircuitChanged)] == [CircuitChanged("acme", "open")]


@pytest.mark.anyio
async def test_a_service_that_says_stop_pauses_all_who_call() -> None:
    async with Acme().connection_context() as connector:
        calls = Calls(RateLimitError("slow down", 0.05), "done")
        throttled = asyncio.create_task(connector._execute_with_retry(calls))
        await asyncio.sleep(0)
        started = time.monotonic()
        await asyncio.gather(*(connector._execute_with_retry(Calls("mine")) for _ in range(3)))
        assert time.monotonic() - started >= 0.04
        assert await throttled == "done"
        totals = connector.get_statistics()
    assert totals["waits"] >= 3
    assert totals["waited_seconds"] >= 0.12
    assert (totals["total_requests"], totals["failed_requests"], totals["retries"]) == (5, 1, 1)


@pytest.mark.anyio
async def test_a_wait_that_is_too_long_is_raised_at_once_and_holds_up_nobody() -> None:
    calls = Calls(RateLimitError("come tomorrow", 86_400.0))
    async with Acme(settings=config(max_wait=60.0)).connection_context() as connector:
        with pytest.raises(RateLimitError) as raised:
            await connector._execute_with_retry(calls)
        assert (raised.value.retry_after, calls.count) == (86_400.0, 1)
        assert await connector._execute_with_retry(Calls("mine")) == "mine"
        assert connector.get_statistics()["waits"] == 0


@pytest.mark.anyio
async def test_a_quota_that_is_used_up_for_long_is_told_before_anything_is_sent() -> None:
    calls = Calls("mine")
    async with Acme(settings=config(max_wait=60.0)).connection_context() as connector:
        connector.limiter.drain(3600.0)
        with pytest.raises(RateLimitError, match="acme grants no request for 3600 s") as raised:
            await connector._execute_with_retry(calls)
        assert raised.value.retry_after == pytest.approx(3600, abs=1)
        assert (calls.count, connector.stats.requests) == (0, 0)


@pytest.mark.anyio
async def test_connectors_of_one_account_share_a_limiter() -> None:
    now = [0.0]

    async def sleep(seconds: float) -> None:
        now[0] += seconds

    limiter = RateLimiter(RateLimitConfig(60, 2), clock=lambda: now[0], sleep=sleep)
    told: list[Event] = []
    one, other = Acme(limiter=limiter), Acme(limiter=limiter, observers=[told.append])
    async with one.connection_context(), other.connection_context():
        await one._execute_with_retry(Calls(1))
        await one._execute_with_retry(Calls(1))
        await other._execute_with_retry(Calls(1))
        assert one.get_statistics()["current_rate"] == other.get_statistics()["current_rate"] == 3
        assert (one.stats.requests, other.stats.requests) == (2, 1)
    assert [event.seconds for event in told if isinstance(event, Waited)] == [1.0]


def test_a_limiter_that_was_given_is_not_replaced_by_a_shared_one() -> None:
    given, shared = (RateLimiter(RateLimitConfig(60, 2)) for _ in range(2))
    paced, unpaced = Acme(limiter=given), Acme()
    for connector in (paced, unpaced):
        connector.share(shared)
    assert (paced.limiter, unpaced.limiter) == (given, shared)


@pytest.mark.anyio
async def test_a_cancelled_call_is_neither_tried_again_nor_counted_as_failed() -> None:
    started = 0

    async def hang() -> None:
        nonlocal started
        started += 1
        await asyncio.sleep(60)

    async with Acme().connection_context() as connector:
        task = asyncio.create_task(connector._execute_with_retry(hang))
        await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (started, connector.stats.failed) == (1, 0)


@pytest.mark.anyio
async def test_statistics_have_their_names_and_equal_what_the_service_counted(service: Service) -> None:
    service.spoil(2, refuse(500), html)
    service.spoil(4, refuse(429, retry_after="0.01"))
    settings = config(base_url=service.base_url)
    async with Ten(settings).connection_context() as connector:
        before = connector.get_statistics()
        assert (before["total_requests"], before["success_rate"], before["last_request_time"]) == (
            0,
            100,
            None,
        )
        assert (before["p50"], before["p95"], before["available_tokens"]) == (None, None, 6000)
        assert (await table(connector, "customers")).num_rows == 10
        totals = connector.get_statistics()
    assert set(totals) == {
        "total_requests",
        "failed_requests",
        "success_rate",
        "last_request_time",
        "current_rate",
        "available_tokens",
        "retries",
        "retries_refused",
        "waits",
        "waited_seconds",
        "pages",
        "rows",
        "incomplete",
        "bytes",
        "p50",
        "p95",
        "circuit",
        "retry_reasons",
        "quota_limit",
        "quota_remaining",
        "quota_seen",
    }
    assert len(totals["retry_reasons"]) == 3
    assert totals["retry_reasons"][-1] == "ten answered 500"
    assert totals["total_requests"] == totals["current_rate"] == len(service.seen) == 7
    assert (totals["failed_requests"], totals["retries"], totals["rows"]) == (3, 3, 10)
    assert totals["success_rate"] == pytest.approx(100 * 4 / 7)
    assert totals["last_request_time"].tzinfo is not None
    assert 0 < totals["p50"] <= totals["p95"] < 5
    assert totals["circuit"] == "closed"


def test_a_connector_may_be_used_by_one_loop_after_the_other() -> None:
    connector = Acme(customers(3))

    async def visit() -> int:
        async with connector.connection_context():
            both = await asyncio.gather(table(connector), connector._execute_with_retry(Calls(1)))
            return both[0].num_rows

    assert [asyncio.run(visit()), asyncio.run(visit())] == [3, 3]


# -- what is told of a failure ----------------------------------------------------------------------------


def test_an_error_of_ours_learns_whose_it_is() -> None:
    own = IntegrityError("records were lost")
    assert translated(own, "acme") is own
    assert translated(own, "another").connector == "acme"


def test_a_refusal_that_is_false_to_its_own_library_is_read() -> None:
    response = requests.Response()
    response.status_code = 401
    assert not response
    error = translated(requests.HTTPError(response=response), "acme")
    assert isinstance(error, AuthenticationError)


@pytest.mark.parametrize(
    ("raised", "is_ours"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), False),
        (OSError(errno.EHOSTUNREACH, "No route to host"), True),
        (asyncio.IncompleteReadError(b"", 4), True),
        (EOFError(), False),
    ],
)
def test_only_what_the_network_did_is_a_connection_error(raised: Exception, is_ours: bool) -> None:
    assert isinstance(translated(raised, "acme"), ConnectionError) is is_ours


# -- the records ------------------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_records_are_bundled_to_pages() -> None:
    told: list[Event] = []
    connector = Acme(customers(7), config(page_size=3), observers=[told.append])
    async with connector.connection_context():
        sizes = [
            batch.num_rows async for batch in connector.batches(Query.ask("Customer", since="2026-01-01"))
        ]
    assert sizes == [3, 3, 1]
    assert [event for event in told if not isinstance(event, FetchFinished)] == [
        Connected("acme"),
        FetchStarted("acme", "Customer"),
        PageArrived("acme", "Customer", 3, None),
        PageArrived("acme", "Customer", 3, None),
        PageArrived("acme", "Customer", 1, None),
        Disconnected("acme"),
    ]
    [(entity, since)] = connector.asked
    assert (entity, since.isoformat()) == ("Customer", "2026-01-01T00:00:00+00:00")


@pytest.mark.anyio
async def test_a_last_page_may_be_full() -> None:
    async with Acme(customers(4), config(page_size=2)).connection_context() as connector:
        assert [batch.num_rows async for batch in connector.batches(Query.ask("Customer"))] == [2, 2]


@pytest.mark.anyio
async def test_rows_and_columns_are_those_asked_for() -> None:
    async with Acme(customers(10), config(page_size=4)).connection_context() as connector:
        found = await table(connector, columns=["name", "id"], where="revenue > 4", limit=3)
        assert found.column_names == ["name", "id"]
        assert found["id"].to_pylist() == [3, 5, 6]
        assert connector.yielded == 8  # the second page brought enough
        assert await connector.count(Query.ask("Customer", where="revenue is null")) == 2
        assert (await table(connector, limit=0)).num_rows == 0


@pytest.mark.anyio
@pytest.mark.parametrize("limit", [1, 4, 5, 8, 9])
async def test_no_record_is_asked_for_beyond_the_limit(limit: int) -> None:
    connector = Acme(customers(10), config(page_size=4))
    async with connector.connection_context():
        assert (await table(connector, limit=limit)).num_rows == limit
    assert connector.yielded == limit
    assert connector.is_left


@pytest.mark.anyio
@pytest.mark.parametrize("limit", [0, 1, 3, 5, 99])
async def test_a_sample_reads_no_more_than_it_shows(limit: int) -> None:
    connector = Acme(customers(10))
    async with connector.connection_context():
        assert await connector.get_sample_data("Customer", limit) == customers(10)[:limit]
    assert connector.yielded == min(limit, 10)
    with pytest.raises(ValidationError, match="limit"):
        await connector.get_sample_data("Customer", -1)


@pytest.mark.anyio
async def test_a_sample_of_one_page_asks_for_one_page(service: Service) -> None:
    async with Ten(config(base_url=service.base_url)).connection_context() as connector:
        assert await connector.get_sample_data("customers", 3) == service.records[:3]
    assert service.pages == [1]


@pytest.mark.anyio
async def test_a_schema_is_told_from_the_first_hundred_records() -> None:
    connector = Acme([{"id": n, "name": "x", "size": n / 2 or None} for n in range(300)])
    async with connector.connection_context():
        schema = await connector.discover_schema("Customer")
    assert schema.entity == "Customer"
    assert [(c.name, c.type) for c in schema] == [
        ("id", pa.int64()),
        ("name", pa.string()),
        ("size", pa.float64()),
    ]
    assert connector.yielded == 100


@pytest.mark.anyio
async def test_an_entity_without_records_has_no_schema_to_be_told() -> None:
    async with Acme().connection_context() as connector:
        with pytest.raises(SchemaDiscoveryError, match="acme has no records of 'Customer'"):
            await connector.discover_schema("Customer")


@pytest.mark.anyio
async def test_a_fetch_that_fails_tells_how_far_it_came() -> None:
    def failing() -> Any:
        yield from customers(3)
        raise KeyError("data")

    told: list[Event] = []
    async with Acme(
        failing(), config(page_size=2), observers=[told.append]
    ).connection_context() as connector:
        with pytest.raises(KeyError):
            await table(connector)
        finished = told[-1]
    assert isinstance(finished, FetchFinished)
    assert (finished.rows, finished.error) == (2, "'data'")


@pytest.mark.anyio
async def test_what_fetch_data_meets_outside_the_guards_is_typed_too() -> None:
    def failing() -> Any:
        yield from customers(3)
        raise aiohttp.ServerDisconnectedError

    async with Acme(failing()).connection_context() as connector:
        with pytest.raises(ConnectionError, match="no answer from acme"):
            await table(connector)


@pytest.mark.anyio
async def test_leaving_early_ends_the_authors_generator() -> None:
    told: list[Event] = []
    connector = Acme(customers(10), config(page_size=2), observers=[told.append])
    async with connector.connection_context():
        async with aclosing(connector.batches(Query.ask("Customer"))) as batches:
            async for _ in batches:
                break
        assert (connector.yielded, connector.is_left) == (2, True)
        finished = told[-1]
    assert isinstance(finished, FetchFinished)
    assert finished.rows == 2
    assert finished.error


@pytest.mark.anyio
async def test_fetch_data_may_be_any_async_iterator() -> None:
    class Numbers:
        def __init__(self) -> None:
            self.left = 3

        def __aiter__(self) -> Numbers:
            return self

        async def __anext__(self) -> Record:
            if not self.left:
                raise StopAsyncIteration
            self.left -= 1
            return {"left": self.left}

    class Iterating(Acme):
        def fetch_data(
            self, entity_type: str, since: Any = None, filters: Mapping[str, Any] | None = None
        ) -> AsyncIterator[Record]:
            return Numbers()

    async with Iterating().connection_context() as connector:
        assert (await table(connector))["left"].to_pylist() == [2, 1, 0]


@pytest.mark.anyio
async def test_fetch_data_of_a_class_over_another_is_checked_too() -> None:
    class Louder(Acme):
        async def fetch_data(
            self, entity_type: str, since: Any = None, filters: Mapping[str, Any] | None = None
        ) -> AsyncIterator[Record]:
            async for record in super().fetch_data(entity_type, since, filters):
                yield {name.upper(): value for name, value in record.items()}

    connector = Louder([{"id": 1}])
    with pytest.raises(ConnectionError, match="is not connected"):
        await anext(connector.fetch_data("Customer"))
    async with connector.connection_context():
        assert [record async for record in connector.fetch_data("Customer")] == [{"ID": 1}]


@pytest.mark.anyio
async def test_a_fetch_that_was_forgotten_leaves_nothing_behind(service: Service) -> None:
    async with Ten(config(base_url=service.base_url)).connection_context() as connector:
        async for _ in connector.fetch_data("customers"):
            break  # no aclose: the loop sees to it
        gc.collect()
        await asyncio.sleep(0)
    assert service.pages == [1]


async def _nothing(self: Any) -> None:
    """Nothing to open."""


def _listed(self: Any, *wishes: Any) -> Any:
    yield {}


async def _returned(self: Any, *wishes: Any) -> Any:
    return [{}]


async def _streamed(self: Any, *wishes: Any) -> Any:
    yield {}


@pytest.mark.parametrize(
    ("methods", "words"),
    [
        ({"connect": lambda self: None, "fetch_data": _streamed}, "Odd.connect must be a coroutine function"),
        ({"connect": _nothing, "fetch_data": _listed}, "Odd.fetch_data must be an async generator"),
        ({"connect": _nothing, "fetch_data": _returned}, "Odd.fetch_data must be an async generator"),
        (
            {"connect": _nothing, "disconnect": lambda self: None, "fetch_data": _streamed},
            "Odd.disconnect must be a coroutine function",
        ),
    ],
)
def test_an_author_is_told_which_method_cannot_be_awaited(methods: dict[str, Any], words: str) -> None:
    with pytest.raises(TypeError, match=words):
        type("Odd", (BaseConnector,), methods)


@pytest.mark.anyio
async def test_an_observer_may_come_later() -> None:
    told: list[Event] = []
    connector = Acme()
    connector.observe(told.append)
    async with connector.connection_context():
        assert told == [Connected("acme")]


@pytest.mark.anyio
async def test_a_closed_connection_is_not_called_unconnected() -> None:
    connector = Acme()
    async with connector.connection_context():
        pass
    with pytest.raises(ConnectionError, match="acme was closed: connect again"):
        await connector._execute_with_retry(Calls("done"))


@pytest.mark.anyio
async def test_what_goes_on_at_the_same_time_is_told_apart() -> None:
    told: list[Event] = []

    async def read(connector: BaseConnector) -> None:
        async with aclosing(connector.batches(Query.ask("customers"))) as batches:
            async for _ in batches:
                assert Event("acme").fetch is None  # what the caller does between two pages is his own
                await asyncio.sleep(0)

    async with serve(customers(9), 3) as service:
        settings = config(base_url=service.base_url, page_size=3, rate_limit=60_000)
        async with Ten(settings, observers=[told.append]).connection_context() as connector:
            service.spoil(2, refuse(503))
            await asyncio.gather(read(connector), read(connector))
            await connector._execute_with_retry(connector._get, "/customers")
    fetches = {it.fetch for it in told if isinstance(it, FetchStarted)}
    assert len(fetches) == 2
    for number in fetches:
        mine = [it for it in told if it.fetch == number]
        assert isinstance(mine[0], FetchStarted)
        assert isinstance(mine[-1], FetchFinished)
        assert sum(isinstance(it, PageArrived) for it in mine) == 3
        calls = {it.call for it in mine if isinstance(it, Attempted)}
        assert len(calls) == 3
        assert None not in calls
    (retried,) = [it for it in told if isinstance(it, Retried)]
    (failed,) = [it for it in told if isinstance(it, Attempted) and it.error]
    assert (retried.fetch, retried.call) == (failed.fetch, failed.call)
    assert failed.error_type == "DataFetchError"
    assert [it.fetch for it in told if isinstance(it, Attempted)][-1] is None


@pytest.mark.anyio
async def test_a_fetch_that_is_left_early_says_so() -> None:
    told: list[Event] = []
    async with serve(customers(9), 3) as service:
        settings = config(base_url=service.base_url, page_size=3)
        async with Ten(settings, observers=[told.append]).connection_context() as connector:
            batches = connector.batches(Query.ask("customers"))
            await anext(batches)
            await batches.aclose()
    (finished,) = [it for it in told if isinstance(it, FetchFinished)]
    assert (finished.error, finished.error_type) == ("GeneratorExit", "GeneratorExit")
    assert finished.fetch is not None
