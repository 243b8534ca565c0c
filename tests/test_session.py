"""Connections that send through a `requests.Session` of the user's own."""

from __future__ import annotations

import asyncio
import copy
import json
import os
import pickle
import re
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests
import responses
from requests.adapters import BaseAdapter

import spyro_sdk as spyro
from spyro_sdk import Entity, RestConnector
from spyro_sdk.config import ConnectorConfig
from spyro_sdk.connector import BaseConnector
from spyro_sdk.connectors.salesforce import Salesforce
from spyro_sdk.demo.server import Service as Org
from spyro_sdk.demo.server import serve as serve_org
from spyro_sdk.entity import Query
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
)
from spyro_sdk.http import Request, Response, Send
from spyro_sdk.paging import LinkHeader, NextLink
from spyro_sdk.testing import ConnectorContract
from spyro_sdk.transport.aiohttp import AiohttpTransport
from spyro_sdk.transport.plain import PlainTransport
from spyro_sdk.transport.requests import RequestsTransport

from .org import connected, data_calls, renewable
from .service import (
    Fault,
    Reply,
    Service,
    change,
    close,
    cut_json,
    cut_short,
    damaged_gzip,
    empty,
    html,
    refuse,
    serve,
    slow,
)

Record = dict[str, Any]
ROOT = Path(__file__).parents[1]
fork_only = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

CUSTOMER = Entity("Customer", "/customers", "data", NextLink("next"), key="id", total="meta.total")


class Acme(RestConnector):
    name = "acme"
    offers = (CUSTOMER,)


class Vendor(BaseConnector):
    """Has a vendor's client of its own."""

    name = "vendor"

    async def connect(self) -> None:
        """Nothing to open."""

    async def fetch_data(self, entity_type: str, since: Any = None, filters: Any = None) -> Any:
        yield {}


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as it:
        it.trust_env = False
        yield it


@pytest.fixture(scope="module")
def org() -> Iterator[Org]:
    with serve_org(records=2500, seed=5, batch_limit=500) as service:
        yield service


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    async with serve() as running:  # ten records in four pages
        yield running


def through(session: requests.Session, base_url: str, **settings: Any) -> Acme:
    fast = {"auth_type": "none", "rate_limit": 60_000, "retry_delay": 0.001, "retry_count": 2}
    config = ConnectorConfig("acme", base_url=base_url, **{**fast, **settings})
    return Acme(config, transport=RequestsTransport(config, session))


async def rows(connector: RestConnector) -> list[Record]:
    async with aclosing(connector.batches(Query.ask("Customer"))) as batches:
        return [row async for batch in batches for row in batch.to_pylist()]


# -- the whole way --------------------------------------------------------------------------------------


def test_a_table_is_the_same_as_without_a_session(org: Org, session: requests.Session) -> None:
    with connected(org) as plain, connected(org, session=session) as own:
        for entity in ("Customer", "Opportunity"):
            assert own.fetch(entity).to_arrow().equals(plain.fetch(entity).to_arrow())
        assert own.fetch("Customer").to_pandas().equals(plain.fetch("Customer").to_pandas())
        bulk = own.fetch("Customer", columns=["id", "name"], api="bulk").to_arrow()
        assert bulk.sort_by("id").equals(
            plain.fetch("Customer", columns=["id", "name"]).to_arrow().sort_by("id")
        )
        assert own.stats.to_dict()["failed_requests"] == 0


def test_the_demo_can_be_asked_through_a_session(session: requests.Session) -> None:
    with spyro.connect("salesforce", demo={"records": 20}, session=session, progress=False) as sf:
        assert sf.fetch("Customer").count() == 20


def test_the_session_is_what_sends(org: Org, session: requests.Session) -> None:
    told: list[tuple[str | None, str]] = []

    def tell(answer: requests.Response, **_: Any) -> None:
        told.append((answer.request.headers.get("Authorization"), threading.current_thread().name))

    session.hooks["response"] = [tell]
    session.headers["User-Agent"] = "ana/1"
    before = len(org.requests)
    with connected(org, session=session) as sf:
        assert sf.fetch("Account", columns=["Id"]).to_arrow().num_rows == 2500
    assert len(told) == len(org.requests) - before
    assert {header for header, _ in told} == {f"Bearer {org.credentials['access_token']}"}
    assert "spyro-loop" not in {name for _, name in told}
    assert {seen.headers["user-agent"] for seen in org.requests[before:]} == {"ana/1"}


def test_a_session_that_signs_in_needs_no_credentials_of_ours(org: Org, session: requests.Session) -> None:
    session.headers["Authorization"] = f"Bearer {org.credentials['access_token']}"
    settings = {"base_url": org.base_url, "auth_type": "none", "progress": False}
    with spyro.connect("salesforce", session=session, **settings) as sf:
        assert sf.fetch("Account", columns=["Id"], limit=3).to_arrow().num_rows == 3
    with pytest.raises(AuthenticationError, match="INVALID_SESSION_ID"):
        spyro.connect("salesforce", **settings)


def test_a_token_that_expires_is_renewed_once(session: requests.Session) -> None:
    with serve_org(records=1000, seed=5, batch_limit=200) as own:
        with connected(own, session=session, **renewable(own)) as sf:
            own.expire_tokens()
            assert sf.fetch("Account", columns=["Id"]).to_arrow().num_rows == 1000
        asked = [seen.path for seen in own.requests]
        assert asked.count("/services/oauth2/token") == 1
        assert len(data_calls(own)) == 5


def test_it_works_from_several_threads(org: Org, session: requests.Session) -> None:
    counts: list[int] = []
    with connected(org, session=session, pool_size=3) as sf:

        def count() -> None:
            counts.append(sf.fetch("Account", columns=["Id"]).to_arrow().num_rows)

        threads = [threading.Thread(target=count) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert counts == [2500] * 4


def test_closing_leaves_the_session_open(org: Org, session: requests.Session) -> None:
    for _ in range(2):
        sf = connected(org, session=session)
        with sf as open_one:
            open_one.fetch("Account", columns=["Id"], limit=1).to_arrow()
        with pytest.raises(ConnectionError, match="is closed"):
            open_one.fetch("Account", columns=["Id"], limit=1).to_arrow()
    assert session.get(f"{org.base_url}/services/data/").status_code == 200


class TestContract(ConnectorContract):
    """What may be relied upon holds through a session too."""

    entity, key, rows = "Customer", "id", 2500
    since = ("2000-01-01", 2500)

    @pytest.fixture
    def make(self, org: Org, session: requests.Session) -> Callable[..., Salesforce]:
        config = Salesforce.configure(
            base_url=org.base_url,
            access_token=org.credentials["access_token"],
            rate_limit=600_000,
            page_size=500,
        )
        return partial(Salesforce, config, transport=RequestsTransport(config, session))


# -- what is refused ------------------------------------------------------------------------------------


def test_what_is_no_session_is_refused(org: Org) -> None:
    for wrong in (requests.Session, object(), "session"):
        with pytest.raises(ConfigurationError, match=r"give a requests\.Session\(\)") as raised:
            spyro.connect("salesforce", demo={"records": 5}, session=wrong)  # type: ignore[arg-type]
        assert raised.value.field == "session"


def test_trust_is_the_sessions_own(session: requests.Session) -> None:
    with pytest.raises(ConfigurationError, match=r"set session\.verify instead"):
        spyro.connect(
            "salesforce", base_url="https://a.example", access_token="t", session=session, verify_ssl=False
        )


def test_a_connector_with_a_client_of_its_own_takes_no_session(session: requests.Session) -> None:
    with pytest.raises(ConfigurationError, match="vendor brings a client of its own") as raised:
        spyro.connect(Vendor, auth_type="none", session=session)
    assert raised.value.field == "session"


def test_a_transport_that_was_given_stays(session: requests.Session) -> None:
    sent: list[Request] = []

    async def send(request: Request) -> Response:
        sent.append(request)
        return Response(200, {}, b'{"data": [], "meta": {"total": 0}}')

    class Given(Acme):
        def __init__(self, config: ConnectorConfig) -> None:
            super().__init__(config, transport=send)

    with spyro.connect(Given, base_url="https://a.example", auth_type="none", session=session) as acme:
        assert acme.fetch("Customer").to_arrow().num_rows == 0
    assert len(sent) == 1


def test_a_connection_with_a_session_is_never_pickled_or_copied(org: Org, session: requests.Session) -> None:
    with connected(org, session=session) as sf:
        for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="cannot be copied"):
                attempt(sf)


def run(script: str, **environment: str) -> str:
    """What a script prints in a process of its own, in which every warning is an error."""
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", script],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr == ""
    return done.stdout


ACCOUNT = """
import logging; logging.getLogger("asyncio").setLevel(logging.ERROR)  # not: this was slow
import json, os, sys
import spyro_sdk as spyro
settings = dict(base_url=os.environ["WHERE"], access_token=os.environ["WITH"], progress=False)
"""


def environment(org: Org) -> dict[str, str]:
    return {"WHERE": org.base_url, "WITH": org.credentials["access_token"]}


def test_requests_is_not_imported_without_a_session(org: Org) -> None:
    script = f"""{ACCOUNT}
with spyro.connect("salesforce", **settings) as sf:
    sf.fetch("Account", columns=["Id"], limit=1).to_arrow()
print(sorted({{"requests", "urllib3"}} & set(sys.modules)))
"""
    assert run(script, **environment(org)) == "[]\n"


@fork_only
def test_a_forked_child_must_make_a_session_of_its_own(org: Org) -> None:
    """Two processes that write to one socket would read each other's answers."""
    script = f"""{ACCOUNT}
import requests
with requests.Session() as session, spyro.connect("salesforce", session=session, **settings) as sf:
    fetch = sf.fetch("Account", columns=["Id"])
    print(fetch.to_arrow().num_rows, flush=True)
    if os.fork() == 0:
        try:
            fetch.to_arrow()
        except spyro.ConnectorError as error:
            print(type(error).__name__, error, flush=True)
        os._exit(0)
    os.wait()
    print(fetch.to_arrow().num_rows)
"""
    told = run(script, **environment(org)).splitlines()
    assert (told[0], told[2]) == ("2500", "2500")
    assert told[1].startswith("ConnectionError this connection to salesforce sends through a session, whose")


# -- Ctrl-C ---------------------------------------------------------------------------------------------


def test_ctrl_c_answers_at_once_while_a_request_hangs_and_so_does_the_end() -> None:
    """The service takes the request and is silent; neither the signal nor the exit waits for the thread."""
    script = """
import os, signal, socket, threading, time
import requests
import spyro_sdk as spyro
from spyro_sdk import Entity, RestConnector

class Acme(RestConnector):
    name = "acme"
    offers = (Entity("Customer", "/customers"),)

server = socket.create_server(("127.0.0.1", 0))
here = f"http://127.0.0.1:{server.getsockname()[1]}"

def interrupt():
    peer, _ = server.accept()
    peer.recv(1000)
    global started
    started = time.perf_counter()
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(60)

threading.Thread(target=interrupt, daemon=True).start()
session = requests.Session()
acme = spyro.connect(Acme, base_url=here, auth_type="none", session=session, progress=False, timeout=60)
try:
    acme.fetch("Customer").to_arrow()
except KeyboardInterrupt:
    print(time.perf_counter() - started)
"""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr == ""
    assert float(done.stdout) < 1.0
    assert time.perf_counter() - started < 15.0


@pytest.mark.anyio
async def test_a_cancelled_fetch_waits_for_no_answer(service: Service, session: requests.Session) -> None:
    asked = asyncio.Event()

    def hang(reply: Reply) -> Reply:
        asked.set()
        return replace(reply, delay=30.0)

    service.ruin(2, hang)
    async with through(session, service.base_url).connection_context() as connector:
        task = asyncio.create_task(rows(connector))
        await asyncio.wait_for(asked.wait(), 10.0)
        started = time.perf_counter()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.perf_counter() - started < 1.0


# -- what goes wrong on the way -------------------------------------------------------------------------

FAULTS: dict[str, tuple[Fault, type[ConnectorError], str]] = {
    "500": (
        refuse(500, {"message": "oops"}),
        DataFetchError,
        r"answered 500 to GET /customers\?page=2: oops",
    ),
    "429": (refuse(429, retry_after="0.001"), RateLimitError, "too often"),
    "cut short": (cut_short, ConnectionError, "cut short"),
    "cut json": (cut_json, DecodeError, "cut short after"),
    "closed": (close, ConnectionError, "closed before an answer"),
    "html": (html, DecodeError, "login page"),
    "empty": (empty, DecodeError, "the body is empty"),
    "gzip": (damaged_gzip, DecodeError, "."),
    "slow": (slow(5.0), TimeoutError, "in time"),
}


@pytest.mark.anyio
@pytest.mark.parametrize("zips", [False, True])
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_that_passes_costs_no_record_and_doubles_none(
    session: requests.Session, fault: str, zips: bool
) -> None:
    async with serve(zips=zips) as service:
        service.spoil(2, FAULTS[fault][0])
        async with through(session, service.base_url, timeout=0.5).connection_context() as connector:
            assert await rows(connector) == service.records
        assert service.pages == [1, 2, 2, 3, 4]


@pytest.mark.anyio
@pytest.mark.parametrize("fault", sorted(set(FAULTS) - {"429"}))  # which is asked more often
async def test_a_fault_that_stays_is_a_typed_error(
    service: Service, session: requests.Session, fault: str
) -> None:
    spoil, kind, words = FAULTS[fault]
    service.ruin(2, spoil)
    connector = through(session, service.base_url, timeout=0.2, retry_count=1)
    async with connector.connection_context():
        with pytest.raises(kind, match=words) as raised:
            await rows(connector)
    assert type(raised.value) is kind
    assert service.pages == [1, 2, 2]


# -- whom our credentials go to -------------------------------------------------------------------------

KINDS: dict[str, Callable[[ConnectorConfig], Send]] = {
    "aiohttp": AiohttpTransport,
    "plain": PlainTransport,
    "requests": lambda config: RequestsTransport(config, requests.Session()),
}


class Linked(Acme):
    """Finds the next page in a header, or in the body."""

    offers = (CUSTOMER, replace(CUSTOMER, name="Header", paging=LinkHeader(), total=None))


class Sending:
    """A transport that counts what it is given."""

    def __init__(self, send: Send) -> None:
        self.send, self.sent = send, list[Request]()

    async def __call__(self, request: Request) -> Response:
        self.sent.append(request)
        return await self.send(request)

    async def close(self) -> None:
        await self.send.close()  # type: ignore[attr-defined]


FOREIGN = [
    "{other}/customers?page=2",
    "//{host}/customers?page=2",
    "https://{own}/customers?page=2",
    "http://{own}@{host}/customers?page=2",
    "http://{host}\\@{own}/customers?page=2",
    "http://{host}#@{own}/customers?page=2",
    "http://ana:pw@{own}/customers?page=2",
    "http://localhost:1/customers?page=2",
    "http://169.254.169.254/latest/meta-data",
    "http://10.0.0.1/customers?page=2",
    "http://[::1]:1/customers?page=2",
    "ftp://{own}/customers",
    "file:///etc/passwd",
    "data:application/json,[]",
]


class Eager(BaseAdapter):
    """An adapter that would answer for addresses that are none of the web's."""

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        raise AssertionError("nothing must be asked here")

    def close(self) -> None:
        """Nothing is open."""


@pytest.mark.anyio
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("entity", ["Customer", "Header"])
@pytest.mark.parametrize("link", FOREIGN)
async def test_a_link_to_somebody_else_is_refused_and_no_packet_is_sent(
    service: Service, kind: str, entity: str, link: str
) -> None:
    async with serve() as other:
        host, own = other.base_url.removeprefix("http://"), service.base_url.removeprefix("http://")
        link = link.format(other=other.base_url, host=host, own=own)
        fault = change(next=link) if entity == "Customer" else linked(link)
        service.ruin(1, fault)
        config = ConnectorConfig(
            "acme", base_url=service.base_url, api_key="hush", headers={"X-Team": "hush"}
        )
        sending = Sending(opened(kind, config))
        async with Linked(config, transport=sending).connection_context() as connector:
            with pytest.raises(IntegrityError, match="not followed") as raised:
                await drained(connector, entity)
        assert (other.seen, other.accepted, len(service.seen)) == ([], 0, 1)
        assert len(sending.sent) == 1
    assert "hush" not in str(raised.value)
    assert ":pw@" not in str(raised.value)


def opened(kind: str, config: ConnectorConfig) -> Send:
    if kind != "requests":
        return KINDS[kind](config)
    session = requests.Session()
    for prefix in ("file://", "ftp://", "data:"):
        session.mount(prefix, Eager())
    return RequestsTransport(config, session)


def linked(link: str) -> Fault:
    return lambda reply: replace(
        reply, payload=reply.payload, headers={**reply.headers, "link": f'<{link}>; rel="next"'}
    )


async def drained(connector: RestConnector, entity: str) -> None:
    async with aclosing(connector.batches(Query.ask(entity))) as batches:
        async for _ in batches:
            pass


@pytest.mark.anyio
@pytest.mark.parametrize("kind", KINDS)
async def test_salesforce_leads_us_nowhere_else_either(org: Org, kind: str) -> None:
    """Neither to the next page, nor to the page that its first bytes foretell."""
    config = Salesforce.configure(
        base_url=org.base_url,
        access_token=org.credentials["access_token"],
        headers={"Accept-Encoding": "identity"},
    )
    send = opened(kind, config)
    sent: list[str] = []

    async with serve() as other:

        async def misled(request: Request) -> Response:
            sent.append(request.url)
            heard = request.heard
            if heard is not None:
                request = replace(request, heard=lambda start, _: heard(mislead(start), None))
            response = await send(request)
            return replace(response, body=mislead(response.body))

        def mislead(body: bytes) -> bytes:
            link = f'"nextRecordsUrl": "{other.base_url}/'.encode()
            return re.sub(rb'"nextRecordsUrl": ?"/', link, body)

        async with Salesforce(config, transport=misled).connection_context() as connector:
            with pytest.raises(IntegrityError, match="not followed"):
                async with aclosing(connector.batches(Query.ask("Account", columns=["Id"]))) as batches:
                    assert [batch.num_rows async for batch in batches] == [500]
        assert (other.seen, other.accepted) == ([], 0)
    assert all(url.startswith(org.base_url) for url in sent)
    assert len([url for url in sent if "/query" in url]) == 1
    await send.close()  # type: ignore[attr-defined]


SIGNED: dict[str, Mapping[str, Any]] = {
    "a key": {"api_key": "hush"},
    "a token": {"access_token": "hush"},
    "a password": {"username": "ana", "password": "hush"},
    "a header": {"auth_type": "none", "headers": {"X-Secret": "hush"}},
}


@pytest.mark.anyio
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("signed", SIGNED)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_carries_a_credential_away(
    service: Service, kind: str, signed: str, status: int
) -> None:
    async with serve() as other:
        location = f"{other.base_url}/customers?page=2"
        service.ruin(2, refuse(status, location=location, set_cookie="visit=hush; Path=/"))
        config = ConnectorConfig("acme", base_url=service.base_url, **SIGNED[signed])
        async with Acme(config, transport=opened(kind, config)).connection_context() as connector:
            with pytest.raises(DataFetchError) as raised:
                await drained(connector, "Customer")
        assert str(raised.value) == (
            f"acme answered {status} to GET /customers?page=2: it redirects to {other.base_url},"
            " which is not followed"
        )
        assert (other.seen, other.accepted, service.pages) == ([], 0, [1, 2])


# -- with responses -------------------------------------------------------------------------------------


@contextmanager
def shop(**settings: Any) -> Iterator[spyro.Connection]:
    given = {"base_url": "https://acme.example", "auth_type": "none", "retry_delay": 0.001}
    with spyro.connect(
        Acme, session=requests.Session(), progress=False, **{**given, **settings}
    ) as connection:
        yield connection


def page(records: Sequence[Record], following: str | None = None) -> Record:
    return {"data": records, "next": following, "meta": {"total": 2}}


@responses.activate
def test_a_notebook_is_tested_with_responses() -> None:
    responses.get(
        "https://acme.example/customers", json=page([{"id": 1, "name": "Ana"}], "/customers?page=2")
    )
    responses.get("https://acme.example/customers?page=2", json=page([{"id": 2, "name": "Bo"}]))
    with shop() as acme:
        frame = acme.fetch("Customer").to_pandas()
    assert frame.to_dict("records") == [{"id": 1, "name": "Ana"}, {"id": 2, "name": "Bo"}]
    asked = [call.request for call in responses.calls]
    assert [(it.method, it.url) for it in asked] == [
        ("GET", "https://acme.example/customers"),
        ("GET", "https://acme.example/customers?page=2"),
    ]
    assert {name.lower(): text for name, text in asked[0].headers.items()} == {
        "user-agent": requests.utils.default_user_agent(),
        "accept-encoding": "gzip, deflate",
        "accept": "*/*",
        "connection": "keep-alive",
    }


@responses.activate
def test_a_mock_that_fails_is_tried_again_and_typed_in_the_end() -> None:
    responses.get("https://acme.example/customers", status=503)
    responses.get("https://acme.example/customers", json=page([{"id": 1}, {"id": 2}]))
    with shop() as acme:
        assert acme.fetch("Customer").to_arrow().num_rows == 2
    assert len(responses.calls) == 2
    with (
        shop(base_url="https://globex.example", retry_count=1) as globex,
        pytest.raises(ConnectionError, match="no answer from acme at https://globex"),
    ):
        globex.fetch("Customer").to_arrow()


@responses.activate
def test_the_exact_requests_of_signing_in_are_those_of_the_standard() -> None:
    """RFC 6749 §4.4: a form to the token endpoint, without a signature of the session's."""
    token = responses.post("https://login.example/token", json={"access_token": "t-1", "expires_in": 3600})
    responses.get("https://acme.example/customers", json=page([{"id": 1}, {"id": 2}]))
    settings = {
        "auth_type": "oauth2",
        "client_id": "me",
        "client_secret": "hush",
        "token_url": "https://login.example/token",
    }
    with shop(**settings) as acme:
        acme.fetch("Customer").to_arrow()
    posted = token.calls[0].request
    assert posted.body == b"grant_type=client_credentials&client_id=me&client_secret=hush"
    assert posted.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert "Authorization" not in posted.headers
    assert responses.calls[1].request.headers["Authorization"] == "Bearer t-1"


@responses.activate
def test_what_salesforce_answers_can_be_played_as_well() -> None:
    home = "https://acme.my.salesforce.com/services/data"
    responses.get(f"{home}/v67.0/sobjects", json={"sobjects": []})
    config = Salesforce.configure(
        base_url="https://acme.my.salesforce.com", access_token="hush", api_version="67.0"
    )
    with spyro.connect("salesforce", config=config, session=requests.Session(), progress=False) as sf:
        assert "Customer" not in json.dumps(list(sf))
    assert responses.calls[0].request.headers["Authorization"] == "Bearer hush"
