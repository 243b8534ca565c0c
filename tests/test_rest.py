"""A described service: each record once and in order, or an error that says what is missing."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import anyio
import pyarrow as pa
import pytest

from spyro_sdk.arrow.schema import unify
from spyro_sdk.config import ConnectorConfig
from spyro_sdk.entity import Entity, Query
from spyro_sdk.errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectionError,
    ConnectorError,
    DataFetchError,
    DecodeError,
    IntegrityError,
    RateLimitError,
    TimeoutError,
    UnknownEntityError,
    ValidationError,
)
from spyro_sdk.events import (
    Attempted,
    Connected,
    Disconnected,
    Event,
    FetchFinished,
    FetchStarted,
    PageArrived,
    QuotaSeen,
    Received,
    Retried,
    SchemaChanged,
    TokenRenewed,
)
from spyro_sdk.http import Request, Response
from spyro_sdk.paging import Answer, Cursor, NextLink, Offset
from spyro_sdk.reading import Reading
from spyro_sdk.rest import RestConnector

from .service import (
    Fault,
    Service,
    body,
    change,
    close,
    customers,
    cut_json,
    cut_short,
    damaged_gzip,
    empty,
    html,
    refuse,
    say,
    serve,
    slow,
)

Record = dict[str, Any]

CUSTOMER = Entity("Customer", "/customers", "data", NextLink("next"), key="id", total="meta.total")
SCHEMA = pa.schema(
    {
        "id": pa.int64(),
        "name": pa.string(),
        "revenue": pa.float64(),
        "changed": pa.timestamp("s", "UTC"),
    }
)


class Acme(RestConnector):
    name = "acme"
    offers = (
        CUSTOMER,
        replace(CUSTOMER, name="Untold", total=None),
        replace(CUSTOMER, name="Declared", schema=SCHEMA, cursor="changed", label="A customer"),
        replace(CUSTOMER, name="Changing", cursor="changed"),
        Entity("Everybody", "/all"),
        Entity("Nowhere", "/nowhere"),
    )


def acme(service: Service | str, **settings: Any) -> Acme:
    base_url = service if isinstance(service, str) else service.base_url
    guards = {name: settings.pop(name) for name in ("observers", "transport", "limiter") if name in settings}
    fast = {"auth_type": "none", "rate_limit": 60_000, "retry_delay": 0.001, "retry_count": 2}
    return Acme(ConnectorConfig("acme", base_url=base_url, **{**fast, **settings}), **guards)


async def rows(connector: Acme, entity: str = "Customer", **wishes: Any) -> list[Record]:
    async with aclosing(connector.batches(Query.ask(entity, **wishes))) as batches:
        return [row async for batch in batches for row in batch.to_pylist()]


async def read_into(seen: list[Record], connector: Acme) -> None:
    async for batch in connector.batches(Query.ask("Customer")):
        seen += batch.to_pylist()


async def table(connector: Acme, entity: str = "Customer", **wishes: Any) -> pa.Table:
    async with aclosing(connector.batches(Query.ask(entity, **wishes))) as batches:
        return unify([batch async for batch in batches])


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    async with serve() as running:  # ten records in four pages
        yield running


# -- what goes wrong on the way ---------------------------------------------------------------------------

PASSING: dict[str, tuple[Fault, type[ConnectorError], str]] = {
    "500": (refuse(500, {"error": {"message": "oops"}}), DataFetchError, "acme answered 500 to GET .*: oops"),
    "503": (refuse(503), DataFetchError, "503"),
    "429": (refuse(429, retry_after="0.001"), RateLimitError, "too often"),
    "cut short": (cut_short, ConnectionError, "cut short"),
    "cut json": (cut_json, DecodeError, "cut short after"),
    "closed": (close, ConnectionError, "closed before an answer"),
    "html": (html, DecodeError, "login page"),
    "empty": (empty, DecodeError, "the body is empty"),
    "gzip": (damaged_gzip, DecodeError, "."),
    "errors": (say({"errors": ["oops"]}), DecodeError, "without a list of records at 'data'.*errors"),
    "nothing": (say({}), DecodeError, "an empty object"),
    "null": (say({"data": None}), DecodeError, "an object with data"),
    "a list": (say([]), DecodeError, "it sent a list"),
    "a text": (say("no"), DecodeError, "it sent a str"),
    "an object": (say({"data": {"id": 1}}), DecodeError, "without a list"),
    "no objects": (say({"data": [{"id": 1}, 2]}), DecodeError, "without a list"),
    "no link": (change(next=7), DecodeError, "next"),
    "odd link": (change(next="http://[::1"), DecodeError, "next"),
}
LASTING: dict[str, tuple[Fault, type[ConnectorError], str]] = {
    "400": (refuse(400, {"message": "bad"}), DataFetchError, "acme answered 400 to GET .*: bad"),
    "401": (refuse(401), AuthenticationError, "401"),
    "403": (refuse(403, {"detail": "not yours"}), AuthenticationError, "not yours"),
    "404": (refuse(404, {"title": "gone"}), DataFetchError, "gone"),
    "501": (refuse(501), DataFetchError, "501"),
    "429 for long": (refuse(429, retry_after="9999"), RateLimitError, "9999"),
    "redirect": (refuse(302, location="/customers?page=1"), DataFetchError, "302"),
}


@pytest.mark.anyio
@pytest.mark.parametrize("page", [1, 2, 3, 4])
@pytest.mark.parametrize("fault", PASSING)
async def test_a_fault_that_passes_costs_no_record_and_doubles_none(
    service: Service, fault: str, page: int
) -> None:
    service.spoil(page, PASSING[fault][0])
    async with acme(service).connection_context() as connector:
        assert await rows(connector) == service.records
    assert sorted(service.pages) == sorted([1, 2, 3, 4, page])


@pytest.mark.anyio
@pytest.mark.parametrize("page", [1, 3, 4])
@pytest.mark.parametrize("fault", PASSING)
async def test_a_fault_that_stays_is_a_typed_error_after_the_records_before_it(
    service: Service, fault: str, page: int
) -> None:
    spoil, kind, words = PASSING[fault]
    service.ruin(page, spoil)
    seen: list[Record] = []
    told: list[Event] = []
    connector = acme(service, observers=[told.append], retry_count=1)
    connector._policy = replace(connector._policy, throttle_count=1)
    async with connector.connection_context():
        with pytest.raises(kind, match=words) as raised:
            await read_into(seen, connector)
        finished = told[-1]
    assert type(raised.value) is kind
    assert raised.value.connector == "acme"
    assert seen == service.records[: 3 * (page - 1)]
    assert isinstance(finished, FetchFinished)
    assert (finished.rows, finished.error) == (len(seen), str(raised.value))
    assert service.pages.count(page) == 2


@pytest.mark.anyio
@pytest.mark.parametrize("page", [1, 2, 4])
@pytest.mark.parametrize("fault", LASTING)
async def test_a_refusal_is_not_asked_for_again(service: Service, fault: str, page: int) -> None:
    spoil, kind, words = LASTING[fault]
    service.spoil(page, spoil)
    async with acme(service).connection_context() as connector:
        with pytest.raises(kind, match=words) as raised:
            await rows(connector)
    assert type(raised.value) is kind
    assert service.pages == list(range(1, page + 1))


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("back", "page"),
    [(3, 3), (2, 3), (1, 4)],  # the first page was asked for without a number: seen one page later
)
async def test_a_circle_is_seen_before_a_record_comes_twice(service: Service, back: int, page: int) -> None:
    service.ruin(3, change(next=f"/customers?page={back}"))
    seen: list[Record] = []
    async with acme(service).connection_context() as connector:
        with pytest.raises(IntegrityError, match=f"page {page} links back"):
            await read_into(seen, connector)
    assert seen == service.records[: 3 * (page - 1)]
    assert service.pages == [1, 2, 3, 1][:page]


@pytest.mark.anyio
async def test_a_circle_that_begins_with_the_first_page_is_seen_at_once(service: Service) -> None:
    service.ruin(1, change(next="/customers"))
    async with acme(service).connection_context() as connector:
        with pytest.raises(IntegrityError, match="page 1 links back"):
            await rows(connector, "Untold")
    assert service.pages == [1]


@pytest.mark.anyio
@pytest.mark.parametrize("claimed", [0, 9, 11, 1_000])
async def test_a_total_that_does_not_agree_is_an_error_with_both_numbers(
    service: Service, claimed: int
) -> None:
    service.total = claimed
    async with acme(service).connection_context() as connector:
        with pytest.raises(IntegrityError, match=f"announced {claimed:,} records and sent 10"):
            await rows(connector)
        assert len(await rows(connector, limit=10)) == 10  # whoever wants ten has them


@pytest.mark.anyio
@pytest.mark.parametrize("page", [1, 2, 3])
async def test_pages_that_end_too_early_are_missed(service: Service, page: int) -> None:
    service.spoil(page, change(next=None))
    async with acme(service).connection_context() as connector:
        with pytest.raises(IntegrityError, match=f"announced 10 records and sent {3 * page}") as raised:
            await rows(connector)
    assert raised.value.entity_type == "Customer"


@pytest.mark.anyio
@pytest.mark.parametrize("total", [None, "10", True, 10.0])
async def test_a_total_that_is_no_number_says_nothing(service: Service, total: Any) -> None:
    for page in (1, 2, 3, 4):
        service.ruin(page, change(meta={"total": total}))
    async with acme(service).connection_context() as connector:
        assert len(await rows(connector)) == 10


@pytest.mark.anyio
async def test_a_slow_page_is_a_timeout_and_asked_for_again(service: Service) -> None:
    service.spoil(2, slow(1.0))
    async with acme(service, timeout=0.15).connection_context() as connector:
        assert await rows(connector) == service.records
        service.ruin(3, slow(1.0))
        with pytest.raises(TimeoutError, match="acme did not answer in time"):
            await rows(connector)


@pytest.mark.anyio
async def test_nobody_there_is_a_connection_error() -> None:
    async with acme("http://127.0.0.1:1").connection_context() as connector:
        with pytest.raises(ConnectionError, match="no answer from acme"):
            await rows(connector)


# -- whom we trust ----------------------------------------------------------------------------------------


@pytest.mark.anyio
@pytest.mark.parametrize(
    "link",
    [
        "{other}/customers?page=2",
        "//{host}/customers?page=2",
        "https://{own}/customers?page=2",
        "http://{own}@{host}/customers?page=2",
        "http://{host}\\@{own}/customers?page=2",
        "ftp://{own}/customers",
        "\t{other}/customers",
    ],
)
async def test_a_link_to_somebody_else_is_not_followed(service: Service, link: str) -> None:
    async with serve() as other:
        host, own = other.base_url.removeprefix("http://"), service.base_url.removeprefix("http://")
        connections: list[int] = []
        service.spoil(1, change(next=link.format(other=other.base_url, host=host, own=own)))
        async with acme(service, auth_type="bearer", access_token="t0ken").connection_context() as connector:
            with pytest.raises(ConnectorError) as raised:
                await rows(connector)
        connections.append(other.open_connections)
        assert (other.seen, connections, other.accepted) == ([], [0], 0)
    assert "t0ken" not in str(raised.value)
    if "@" not in link:
        assert isinstance(raised.value, IntegrityError)
        assert "not followed" in str(raised.value)
    assert service.pages == [1]


@pytest.mark.anyio
async def test_without_an_address_nothing_is_asked() -> None:
    connector = Acme(ConnectorConfig("acme", auth_type="none"))
    async with connector.connection_context():
        with pytest.raises(ConfigurationError, match="acme has no address: give base_url") as raised:
            await rows(connector)
    assert raised.value.field == "base_url"


@pytest.mark.anyio
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(service: Service, status: int) -> None:
    async with serve() as other:
        service.spoil(2, refuse(status, location=f"{other.base_url}/customers?page=2"))
        async with acme(service, auth_type="api_key", api_key="k").connection_context() as connector:
            with pytest.raises(DataFetchError, match=f"answered {status}") as raised:
                await rows(connector)
        assert raised.value.status == status
        assert (other.seen, other.accepted) == ([], 0)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("settings", "header", "value"),
    [
        ({"auth_type": "api_key", "api_key": "k-1"}, "x-api-key", "k-1"),
        (
            {"auth_type": "basic", "username": "ana", "password": "pässwort"},
            "authorization",
            "Basic " + b64encode("ana:pässwort".encode()).decode(),
        ),
        ({"auth_type": "bearer", "access_token": "t-1"}, "authorization", "Bearer t-1"),
        ({"auth_type": "none"}, "authorization", None),
    ],
)
async def test_each_request_is_signed(
    service: Service, settings: dict[str, str], header: str, value: str | None
) -> None:
    async with acme(service, **settings, headers={"X-Team": "blue"}).connection_context() as connector:
        await rows(connector)
    assert {request.headers.get(header) for request in service.seen} == {value}
    assert {request.headers["x-team"] for request in service.seen} == {"blue"}


OAUTH = {"auth_type": "oauth2", "client_id": "me", "client_secret": "hush"}


@pytest.mark.anyio
async def test_an_access_token_is_asked_for_once(service: Service) -> None:
    service.accepts = lambda headers: headers.get("authorization") == "Bearer token-1"
    told: list[Event] = []
    settings = {**OAUTH, "token_url": f"{service.base_url}/token", "observers": [told.append]}
    async with acme(service, **settings).connection_context() as connector:
        both = await asyncio.gather(rows(connector), rows(connector))
    assert both == [service.records, service.records]
    assert service.tokens == 1
    assert b"client_secret=hush" in service.seen[0].body
    assert [event for event in told if isinstance(event, TokenRenewed)] == [TokenRenewed("acme")]


@pytest.mark.anyio
async def test_a_token_that_expires_on_the_way_is_renewed_and_the_page_asked_for_again(
    service: Service,
) -> None:
    def accepts(headers: Mapping[str, str]) -> bool:
        token = "token-1" if len(service.pages) <= 2 else "token-2"
        return headers.get("authorization") == f"Bearer {token}"

    service.accepts = accepts
    settings = {**OAUTH, "token_url": f"{service.base_url}/token"}
    async with acme(service, **settings).connection_context() as connector:
        assert await rows(connector) == service.records
    assert (service.tokens, service.pages) == (2, [1, 2, 3, 3, 4])


@pytest.mark.anyio
async def test_a_token_that_stays_refused_is_renewed_once(service: Service) -> None:
    service.accepts = lambda headers: False
    settings = {**OAUTH, "token_url": f"{service.base_url}/token"}
    async with acme(service, **settings).connection_context() as connector:
        with pytest.raises(AuthenticationError, match="401"):
            await rows(connector)
    assert (service.tokens, service.pages) == (2, [1, 1])


@pytest.mark.anyio
async def test_without_a_token_url_the_service_itself_is_asked(service: Service) -> None:
    async with acme(service, **OAUTH).connection_context() as connector:
        with pytest.raises(AuthenticationError) as raised:
            await rows(connector)
    assert [request.target for request in service.seen] == ["/oauth/token"]
    assert raised.value.connector == "acme"
    assert "hush" not in str(raised.value)


@pytest.mark.anyio
async def test_a_certificate_file_that_is_none_fails_to_connect(service: Service) -> None:
    connector = acme(service, verify_ssl="/no/such/file.pem")
    with pytest.raises(ConfigurationError, match="verify_ssl"):
        await connector.connect()
    assert not connector.is_connected


# -- what is asked ----------------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_an_unknown_entity_is_refused_with_the_nearest_name(service: Service) -> None:
    async with acme(service).connection_context() as connector:
        for ask in (partial(rows, connector), connector.discover_schema, connector.get_sample_data):
            with pytest.raises(UnknownEntityError, match="did you mean 'Customer'") as raised:
                await ask("Custmer")
            assert (raised.value.connector, raised.value.value) == ("acme", "Custmer")
        with pytest.raises(UnknownEntityError, match="it has Customer, Untold"):
            await rows(connector, "Zebra")
        assert [entity.name for entity in await connector.entities()][:2] == ["Customer", "Untold"]
    assert service.seen == []


@pytest.mark.anyio
async def test_a_question_that_makes_no_sense_is_refused_before_it_is_sent(service: Service) -> None:
    async with acme(service).connection_context() as connector:
        for wishes in ({"columns": ["nane"]}, {"where": "nane = 'x'"}, {"where": "id = 'seven'"}):
            with pytest.raises(ValidationError):
                await rows(connector, "Declared", **wishes)
        with pytest.raises(ValidationError, match=r"Customer.*since"):
            await rows(connector, since="2026-01-05")
    assert service.seen == []


@pytest.mark.anyio
@pytest.mark.parametrize("entity", ["Declared", "Changing"])
async def test_since_leaves_out_what_did_not_change(service: Service, entity: str) -> None:
    async with acme(service).connection_context() as connector:
        found = await rows(connector, entity, since="2026-01-09")
        assert [row["id"] for row in found] == [8, 9, 10]
        found = await rows(connector, entity, since="2026-01-09T12:00:00", limit=1, columns=["id"])
        assert found == [{"id": 8}]
        records = connector.fetch_data(entity, datetime(2026, 1, 9, 12, 0, 1, tzinfo=UTC))
        assert [record["id"] async for record in records] == [9, 10]
        whole = await table(connector, entity)
        assert whole.schema == (await table(connector, entity, since="2026-01-09")).schema


@pytest.mark.anyio
async def test_since_is_not_guessed_where_the_moments_cannot_be_read() -> None:
    for odd in ({"changed": "yesterday"}, {"changed": 7}, {"changed": "2026-01-09T12:00:00"}, {"id": 1}):
        async with serve([odd]) as service, acme(service).connection_context() as connector:
            with pytest.raises(DataFetchError, match="'changed' of Changing"):
                await rows(connector, "Changing", since="2026-01-01")


@pytest.mark.anyio
async def test_filters_are_columns_that_equal_values(service: Service) -> None:
    async with acme(service).connection_context() as connector:

        async def ids(entity: str, filters: Mapping[str, Any]) -> list[int]:
            return [record["id"] async for record in connector.fetch_data(entity, filters=filters)]

        for entity in ("Customer", "Declared"):
            assert await ids(entity, {}) == list(range(1, 11))
            assert await ids(entity, {"name": "Customer 7"}) == [7]
            assert await ids(entity, {"id": [2, 3, 4], "revenue": None}) == [4]
            assert await ids(entity, {"id": (2, 99), "name": "Customer 3"}) == []


@pytest.mark.anyio
async def test_a_list_alone_is_an_answer_too(service: Service) -> None:
    async with acme(service).connection_context() as connector:
        assert await rows(connector, "Everybody") == service.records
        with pytest.raises(DataFetchError, match="there is no /nowhere"):
            await rows(connector, "Nowhere")
        service.records = [1]
        with pytest.raises(DecodeError, match="without a list of records for Everybody; it sent a list"):
            await rows(connector, "Everybody")


@pytest.mark.anyio
async def test_an_entity_without_records_gives_no_rows() -> None:
    async with serve([]) as service, acme(service).connection_context() as connector:
        for entity in ("Customer", "Declared", "Everybody"):
            assert await rows(connector, entity) == []
            assert await rows(connector, entity, columns=["id"], where="id > 1") == []
            assert await connector.count(Query.ask(entity)) == 0
        assert await rows(connector, "Changing", since="2026-01-01") == []


@pytest.mark.anyio
async def test_an_empty_page_between_others_harms_nobody(service: Service) -> None:
    service.spoil(2, change(data=[]))
    async with acme(service).connection_context() as connector:
        found = await rows(connector, "Untold", columns=["id"], where="id > 2")
    assert [row["id"] for row in found] == [3, 7, 8, 9, 10]


@pytest.mark.anyio
async def test_keys_that_are_left_out_where_they_are_null_are_null() -> None:
    records: list[Record] = [{"id": 1, "city": "Rome"}, {"id": 2}, {"id": 3, "city": "Oslo"}, {"id": 4}]
    async with serve(records, 1) as service, acme(service).connection_context() as connector:
        found = await rows(connector, columns=["city"])
        assert [row["city"] for row in found] == ["Rome", None, "Oslo", None]
        assert await rows(connector, where="city = 'Oslo'", columns=["id"]) == [{"id": 3}]


# -- what comes -------------------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_declared_types_are_those_that_come(service: Service) -> None:
    told: list[Event] = []
    async with acme(service, observers=[told.append]).connection_context() as connector:
        found = await table(connector, "Declared")
        assert found.schema.equals(SCHEMA)
        assert found["changed"].to_pylist()[0] == datetime(2026, 1, 2, 12, tzinfo=UTC)
        some = await table(connector, "Declared", columns=["revenue", "id"])
        assert some.schema.names == ["revenue", "id"]
        query = await connector.prepare(Query.ask("Declared", columns=["revenue", "id"]))
        assert await connector.schema_of(query) == some.schema
        assert await connector.schema_of(Query.ask("Customer")) is None
        assert await connector.prepare(Query.ask("Customer", columns=["x"])) == Query.ask(
            "Customer", columns=["x"]
        )
    assert not [event for event in told if isinstance(event, SchemaChanged)]


@pytest.mark.anyio
async def test_a_value_wider_than_declared_is_kept_and_told() -> None:
    records = customers(9)
    records[4] |= {"id": "five", "extra": True}
    records[7] |= {"extra": False}
    told: list[Event] = []
    async with (
        serve(records) as service,
        acme(service, observers=[told.append]).connection_context() as connector,
    ):
        found = await table(connector, "Declared")
    assert found["id"].to_pylist() == ["1", "2", "3", "4", "five", "6", "7", "8", "9"]
    assert found["extra"].to_pylist() == [None, None, None, None, True, None, None, False, None]
    assert [event for event in told if isinstance(event, SchemaChanged)] == [
        SchemaChanged("acme", "Declared", "id", "int64", "string"),
        SchemaChanged("acme", "Declared", "extra", "absent", "bool"),
    ]


@pytest.mark.anyio
async def test_what_the_first_page_has_is_agreed_and_what_changes_that_is_told_once() -> None:
    records = customers(30)
    for record in records[9:]:
        record["city"] = "Rome"
    for record in records[18:]:
        record["id"] += 0.5
    told: list[Event] = []
    async with (
        serve(records) as service,
        acme(service, observers=[told.append], concurrency=1).connection_context() as connector,
    ):
        found = await table(connector)
    assert found["id"].to_pylist() == [*range(1, 19), *(key + 0.5 for key in range(19, 31))]
    assert found["city"].to_pylist() == [None] * 9 + ["Rome"] * 21
    assert [event for event in told if isinstance(event, SchemaChanged)] == [
        SchemaChanged("acme", "Customer", "city", "absent", "string"),
        SchemaChanged("acme", "Customer", "id", "int64", "double"),
    ]


@pytest.mark.anyio
async def test_a_plan_shows_the_request_and_spends_none(service: Service) -> None:
    async with acme(service).connection_context() as connector:
        plan = await connector.explain(Query.ask("Declared", where="revenue > 10"))
        assert plan.request.startswith(f"GET {service.base_url}/")
        assert (plan.local, plan.rows, plan.quota_left) == ("revenue > 10", None, None)
        assert (await connector.explain(Query.ask("Customer"))).local is None
        assert service.seen == []


@pytest.mark.anyio
async def test_a_schema_is_the_declared_one_or_told_from_records(service: Service) -> None:
    async with acme(service).connection_context() as connector:
        declared = await connector.discover_schema("Declared")
        assert service.seen == []
        assert declared.to_arrow() == SCHEMA
        assert (declared.label, declared.key, declared.cursor) == ("A customer", "id", "changed")
        told = await connector.discover_schema("Changing")
        assert [(column.name, column.type) for column in told] == [
            ("id", pa.int64()),
            ("name", pa.string()),
            ("revenue", pa.float64()),
            ("changed", pa.string()),
        ]
        assert (told.key, told.cursor) == ("id", "changed")


@pytest.mark.anyio
@pytest.mark.parametrize("zips", [False, True])
async def test_bodies_large_and_small_are_read_and_counted(zips: bool) -> None:
    async with (
        serve(customers(2_000), 900, zips=zips) as service,
        acme(service).connection_context() as connector,
    ):
        assert await rows(connector) == service.records
        totals = connector.get_statistics()
    assert totals["bytes"] == service.sent
    assert totals["total_requests"] == len(service.seen) == totals["pages"] == 3


@pytest.mark.anyio
async def test_statistics_equal_what_the_service_counted(service: Service) -> None:
    service.spoil(1, html)
    service.spoil(2, refuse(500), refuse(429, retry_after="0.001"))
    service.spoil(4, empty)
    async with acme(service).connection_context() as connector:
        assert await rows(connector) == service.records
        totals = connector.get_statistics()
    assert totals["total_requests"] == totals["current_rate"] == len(service.seen) == 8
    assert (totals["failed_requests"], totals["retries"], totals["pages"]) == (4, 4, 4)
    assert (totals["bytes"], totals["rows"], totals["success_rate"]) == (service.sent, 10, 50.0)


@pytest.mark.anyio
async def test_an_attempt_is_one_request(service: Service) -> None:
    service.spoil(2, close)
    service.spoil(3, cut_short, html)
    async with acme(service).connection_context() as connector:
        assert await rows(connector) == service.records
        assert connector.get_statistics()["total_requests"] == len(service.seen) == 7


@pytest.mark.anyio
async def test_events_tell_each_page_in_order(service: Service) -> None:
    told: list[Event] = []
    service.spoil(2, refuse(500))
    async with acme(service, observers=[told.append]).connection_context() as connector:
        await rows(connector)
    own = (Connected, FetchStarted, Retried, PageArrived, FetchFinished, Disconnected)
    assert [type(event) for event in told if isinstance(event, own) and not isinstance(event, Retried)] == [
        Connected,
        FetchStarted,
        *[PageArrived] * 4,
        FetchFinished,
        Disconnected,
    ]
    pages = [event for event in told if isinstance(event, PageArrived)]
    assert [(page.rows, page.total) for page in pages] == [(3, 10), (3, 10), (3, 10), (1, 10)]
    answers = [event for event in told if isinstance(event, Received)]
    assert [answer.status for answer in answers] == [200, 500, 200, 200, 200]
    assert sum(answer.size for answer in answers) == service.sent
    assert sum(isinstance(event, Attempted) for event in told) == 5
    [retried] = [event for event in told if isinstance(event, Retried)]
    assert (retried.attempt, retried.reason) == (1, "acme answered 500 to GET /customers?page=2")
    assert 0 <= retried.seconds <= 0.001


@pytest.mark.anyio
async def test_what_the_service_says_of_its_quota_is_heeded(service: Service) -> None:
    def counted(reply: Any) -> Any:
        return replace(reply, headers={"x-ratelimit-limit": "100", "x-ratelimit-remaining": "40"})

    service.ruin(1, counted)
    told: list[Event] = []
    settings = {"rate_limit": 600, "observers": [told.append]}
    async with acme(service, **settings).connection_context() as connector:
        await rows(connector, limit=1)
        assert connector.limiter.get_available_tokens() <= 41
        assert connector.stats.quota == QuotaSeen("acme", 100, 40, None)
        assert (await connector.explain(Query.ask("Customer"))).quota_left == 40


# -- how far ahead we ask ---------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_one_request_at_a_time_reads_one_page_ahead_and_no_more(service: Service) -> None:
    async with (
        acme(service, concurrency=1).connection_context() as connector,
        aclosing(connector.batches(Query.ask("Customer"))) as batches,
    ):
        for number in (1, 2, 3):
            await anext(batches)
            await asyncio.sleep(0.02)  # time enough for all that is under way
            assert service.pages == list(range(1, number + 2))


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("limit", "pages"), [(0, []), (1, [1]), (3, [1]), (4, [1, 2]), (6, [1, 2]), (10, [1, 2, 3, 4])]
)
async def test_no_page_is_asked_for_beyond_the_limit(service: Service, limit: int, pages: list[int]) -> None:
    async with acme(service).connection_context() as connector:
        assert await rows(connector, limit=limit) == service.records[:limit]
        assert service.pages == pages
        service.seen.clear()
        assert await connector.get_sample_data("Customer", limit) == service.records[:limit]
        assert service.pages == pages


@pytest.mark.anyio
async def test_pages_end_where_enough_records_have_come(service: Service) -> None:
    async with acme(service).connection_context() as connector:
        first = connector.request(CUSTOMER, Query.ask("Customer"))
        reading = Reading("Customer", CUSTOMER, None)
        pages = [page async for page in connector.pages(reading, first, enough=5)]
    assert [(page.rows, page.last) for page in pages] == [(3, 3), (3, 6)]
    assert service.pages == [1, 2]


@pytest.mark.anyio
async def test_a_limit_on_what_a_filter_finds_reads_until_it_is_found(service: Service) -> None:
    async with acme(service).connection_context() as connector:
        assert [row["id"] for row in await rows(connector, where="id > 4", limit=2)] == [5, 6]
        await asyncio.sleep(0.01)
    assert service.pages in ([1, 2], [1, 2, 3])


@pytest.mark.anyio
async def test_leaving_early_stops_the_requests_and_leaves_no_socket(service: Service) -> None:
    before = asyncio.all_tasks()
    service.delay = 0.01
    async with acme(service).connection_context() as connector:
        async with aclosing(connector.batches(Query.ask("Customer"))) as batches:
            await anext(batches)
        assert not {task for task in asyncio.all_tasks() - before if "_ask" in repr(task)}
        await asyncio.sleep(0.03)
        assert service.pages in ([1], [1, 2])
    await asyncio.sleep(0.02)
    assert service.open_connections == 0


@pytest.mark.anyio
@pytest.mark.parametrize("after", [0.0, 0.005, 0.015, 0.025])
async def test_a_cancelled_fetch_leaves_no_task_and_no_socket(service: Service, after: float) -> None:
    service.delay = 0.01
    with anyio.move_on_after(after):
        async with acme(service).connection_context() as connector:
            await rows(connector)
    assert not [task for task in asyncio.all_tasks() if "_ask" in repr(task)]
    asked = len(service.seen)
    await asyncio.sleep(0.03)
    assert len(service.seen) <= asked + 1  # what was under way
    assert service.open_connections == 0


@pytest.mark.anyio
async def test_fetches_at_the_same_time_each_get_everything(service: Service) -> None:
    service.spoil(2, refuse(500), html)
    async with acme(service).connection_context() as connector:
        found = await asyncio.gather(*(rows(connector) for _ in range(5)))
    assert found == [service.records] * 5


# -- odd services -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class InTheBody:
    """A paging whose cursor is in the request's body, as with GraphQL."""

    def first(self, request: Request, size: int) -> Request:
        return replace(request, method="POST", body=b"1")

    def next(self, request: Request, answer: Answer) -> Request | None:
        return None if request.body == b"3" else replace(request, body=str(int(request.body) + 1).encode())


def answering(answer: Callable[[Request], Any], sent: list[Request]) -> Callable[[Request], Any]:
    async def send(request: Request) -> Response:
        sent.append(request)
        return Response(200, {}, json.dumps(answer(request)).encode())

    return send


@pytest.mark.anyio
async def test_a_transport_of_ones_own_is_used_and_need_not_be_closed() -> None:
    class Post(Acme):
        offers = (Entity("Customer", "/graphql", paging=InTheBody()),)

    sent: list[Request] = []
    send = answering(lambda request: [{"id": int(request.body)}], sent)
    connector = Post(ConnectorConfig("acme", base_url="https://acme.example", api_key="k"), transport=send)
    async with connector.connection_context():
        assert await rows(connector) == [{"id": 1}, {"id": 2}, {"id": 3}]
    assert [(request.method, request.url, request.body) for request in sent] == [
        ("POST", "https://acme.example/graphql", number) for number in (b"1", b"2", b"3")
    ]


@pytest.mark.anyio
async def test_pages_are_as_long_as_configured() -> None:
    class Paged(Acme):
        offers = (
            Entity("Offset", "/o", paging=Offset()),
            Entity("Cursor", "/c", "data", Cursor("after", "cursor")),
        )

    def answer(request: Request) -> Any:
        size, first = int(request.params["limit"]), int(request.params.get("offset", 0))
        page = [{"id": number} for number in range(first, min(first + size, 4))]
        return page if request.url.endswith("/o") else {"data": [{"id": 1}], "after": None}

    sent: list[Request] = []
    settings = ConnectorConfig("acme", base_url="https://acme.example/", api_key="k", page_size=2)
    async with Paged(settings, transport=answering(answer, sent)).connection_context() as connector:
        found = await rows(connector, "Offset", columns=["id"])
        assert [row["id"] for row in found] == [0, 1, 2, 3]
        assert [request.params["offset"] for request in sent] == ["0", "2", "4"]
        assert await rows(connector, "Cursor") == [{"id": 1}]
        assert sent[-1].params == {"limit": "2"}


@pytest.mark.anyio
async def test_an_error_that_says_nothing_is_told_by_its_status(service: Service) -> None:
    for fault in (
        refuse(400, {"error": {"message": ["a", "list"]}}),
        refuse(400, ["a", "list"]),
        body(b"<html>", "text/html"),
    ):
        service.spoil(1, lambda reply, fault=fault: replace(fault(reply), status=400))
        async with acme(service).connection_context() as connector:
            with pytest.raises(DataFetchError, match=r"^acme answered 400 to GET /customers$"):
                await rows(connector)


@pytest.mark.anyio
async def test_the_request_id_goes_along_with_the_error(service: Service) -> None:
    service.spoil(1, refuse(400, {"error_description": "no"}, x_request_id="r-7"))
    async with acme(service).connection_context() as connector:
        with pytest.raises(DataFetchError, match="no") as raised:
            await rows(connector)
    assert (raised.value.request_id, raised.value.status) == ("r-7", 400)


def test_a_described_service_without_a_name_is_called_by_its_class() -> None:
    class Zebra(RestConnector):
        pass

    assert Zebra.name == "zebra"


@pytest.mark.anyio
async def test_an_answer_that_is_not_good_is_no_page_even_if_nobody_minds(service: Service) -> None:
    class Patient(Acme):
        def check(self, response: Response, payload: Any) -> None:
            """Mind nothing."""

    service.ruin(2, refuse(404, {"data": [], "next": None}))
    config = ConnectorConfig("acme", base_url=service.base_url, auth_type="none", retry_count=0)
    async with Patient(config).connection_context() as connector:
        with pytest.raises(DecodeError, match="answered 404, which is no page"):
            await rows(connector)


@pytest.mark.anyio
async def test_a_big_answer_that_is_no_page_is_read_in_a_worker_thread(service: Service) -> None:
    def names(request: Request, answer: Answer) -> list[str]:
        return [record["name"] for record in answer.payload]

    service.records = customers(500)
    async with acme(service).connection_context() as connector:
        found = await connector._ask(Request(f"{service.base_url}/all"), names)
    assert found == [record["name"] for record in customers(500)]


@pytest.mark.anyio
@pytest.mark.parametrize("count", [3, 6])
async def test_another_record_of_a_key_that_came_is_not_left_out(count: int) -> None:
    others = customers(count + 1)
    others[3] = {**others[2], "name": "another of that key"}
    async with serve(others) as service, acme(service).connection_context() as connector:
        with pytest.raises(IntegrityError, match="either the key is not unique, or records were moved"):
            await rows(connector, "Untold")


@pytest.mark.anyio
async def test_a_record_that_comes_again_after_an_empty_page_is_left_out() -> None:
    async with serve(customers(7)) as service, acme(service).connection_context() as connector:
        service.spoil(2, change(data=[]))
        service.spoil(3, change(data=customers(5)[2:]))
        assert [row["id"] for row in await rows(connector, "Untold")] == [1, 2, 3, 4, 5]
