"""The first requests of a process go by `http.client`, the rest by aiohttp."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from http.client import HTTPConnection
from typing import Any, TypeVar

import aiohttp
import pytest

from spyro_sdk.config import ConnectorConfig
from spyro_sdk.demo.server import Service, serve
from spyro_sdk.errors import ConnectionError
from spyro_sdk.http import Request
from spyro_sdk.transport import opening
from spyro_sdk.transport.opening import FIRST, OpeningTransport
from spyro_sdk.transport.plain import PlainTransport

from .wire import ok, serving


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process in which nobody has imported aiohttp; to import it takes a moment."""

    def load(module: str) -> Any:
        monkeypatch.setitem(sys.modules, "aiohttp", aiohttp)
        return loaded(module)

    loaded = opening.load
    monkeypatch.setattr(opening, "load", load)
    monkeypatch.delitem(sys.modules, "aiohttp")


Made = TypeVar("Made", OpeningTransport, PlainTransport)


@asynccontextmanager
async def closing(send: Made) -> AsyncIterator[Made]:
    try:
        yield send
    finally:
        await send.close()


def opened(**settings: Any) -> AbstractAsyncContextManager[OpeningTransport]:
    config = ConnectorConfig("acme", auth_type="none", **{"timeout": 10.0, **settings})
    return closing(OpeningTransport(config))


@pytest.mark.anyio
@pytest.mark.usefixtures("fresh")
async def test_the_first_requests_use_one_socket_and_the_rest_another() -> None:
    async with serving(ok(b"[1]"), closes=False) as service, opened() as send:
        for _ in range(FIRST):
            assert (await send(Request(service.url))).body == b"[1]"
        assert (service.connections, "aiohttp" in sys.modules) == (1, False)
        for _ in range(2):
            assert (await send(Request(service.url))).body == b"[1]"
        assert (service.connections, "aiohttp" in sys.modules) == (2, True)
        assert not send._plain._idle
    assert len(service.received) == FIRST + 2


@pytest.mark.anyio
@pytest.mark.usefixtures("fresh")
async def test_those_who_come_at_once_after_the_first_share_what_is_made_for_them() -> None:
    async with serving(ok(), closes=False) as service, opened(pool_size=2) as send:
        await asyncio.gather(*(send(Request(service.url)) for _ in range(FIRST + 10)))
        assert service.connections <= FIRST + 2  # of those before, none is kept for others
        before = service.connections
        await send(Request(service.url))
        assert service.connections == before
    assert len(service.received) == FIRST + 11


@pytest.mark.anyio
async def test_where_aiohttp_is_there_already_all_go_by_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PlainTransport, "__call__", None)
    async with serving(ok(), closes=False) as service, opened() as send:
        await send(Request(service.url))
        await send(Request(service.url))
        assert service.connections == 1


@pytest.mark.anyio
@pytest.mark.usefixtures("fresh")
async def test_both_ask_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "FIRST", 1)
    async with serving(ok(), closes=False) as service, opened(headers={"X-Tenant": "7"}) as send:
        for _ in range(2):
            request = Request(f"{service.url}/a?b=%2f", "POST", {"q": "é"}, {"x-plan": "a"}, b"{}")
            await send(request.with_headers({"Content-Type": "application/json"}))
    one, other = (
        (body, head.split("\r\n")[0], {it.lower() for it in head.split("\r\n")[1:]})
        for head, body in service.received
    )
    assert one == other


@pytest.mark.anyio
@pytest.mark.usefixtures("fresh")
async def test_after_a_failure_aiohttp_is_tried() -> None:
    async with serving(b"") as service, opened() as send:
        with pytest.raises(ConnectionError, match="closed before an answer"):
            await send(Request(service.url))
        assert "aiohttp" not in sys.modules
        with pytest.raises(ConnectionError, match="closed before an answer"):
            await send(Request(service.url))
        assert "aiohttp" in sys.modules
    assert len(service.received) == 2


@pytest.mark.anyio
async def test_a_dead_address_of_a_host_does_not_keep_us_from_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def resolved(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        return [(*kind, (dead, port)), (*kind, ("127.0.0.1", port))]

    dead = "192.0.2.1"  # an address that nobody has
    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    monkeypatch.setattr("spyro_sdk.transport.plain.CONNECT", 0.05)
    config = ConnectorConfig("acme", auth_type="none", timeout=10.0)
    async with serving(ok(b"[1]")) as service, closing(PlainTransport(config)) as send:
        url = service.url.replace("127.0.0.1", "localhost")
        assert (await send(Request(url))).body == b"[1]"


@pytest.mark.anyio
@pytest.mark.usefixtures("fresh")
async def test_a_proxy_is_left_to_aiohttp(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(ok(b"by proxy")) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        async with opened() as send:
            assert (await send(Request("http://acme.example/x"))).body == b"by proxy"
    assert proxy.received[0][0].startswith("GET http://acme.example/x ")
    assert "aiohttp" in sys.modules


@pytest.mark.anyio
@pytest.mark.usefixtures("fresh")
async def test_a_user_in_an_address_is_left_to_aiohttp() -> None:
    async with serving(ok()) as service, opened() as send:
        await send(Request(service.url.replace("//", "//ana:hush@")))
    assert "Authorization: Basic YW5hOmh1c2g=" in service.received[0][0]


@pytest.mark.anyio
@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize("count", [0, 1, FIRST + 1])
async def test_the_sockets_are_given_back(count: int) -> None:
    ended = asyncio.Event()
    lives = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal lives
        lives += 1
        try:
            while await reader.readline():
                while (await reader.readline()).strip():
                    pass
                writer.write(ok())
        finally:
            lives -= 1
            writer.close()
            ended.set()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with opened() as send:
        for _ in range(count):
            await send(Request(url))
    while lives:
        await asyncio.wait_for(ended.wait(), 10)
        await asyncio.sleep(0.001)
    server.close()
    assert count == 0 or ended.is_set()


@pytest.mark.anyio
async def test_who_leaves_while_it_is_connected_has_nothing_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    connecting, goes_on = threading.Event(), threading.Event()

    def connect(self: HTTPConnection) -> None:
        connecting.set()
        goes_on.wait(10)
        connects(self)

    connects = HTTPConnection.connect
    monkeypatch.setattr(HTTPConnection, "connect", connect)
    config = ConnectorConfig("acme", auth_type="none", timeout=10.0)
    async with serving(ok()) as service, closing(PlainTransport(config)) as send:
        asking = asyncio.create_task(send(Request(service.url, "POST", body=b"{}")))
        await asyncio.to_thread(connecting.wait, 10)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        goes_on.set()
        for thread in threading.enumerate():
            if thread.name == "spyro-job":
                await asyncio.to_thread(thread.join, 10)
        await asyncio.sleep(0.05)  # the service sees us come and go
    assert service.received == []


# -- in a process of its own ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def org() -> Iterator[Service]:
    with serve(records=5_000) as service:
        yield service


@pytest.mark.parametrize(("limit", "is_imported"), [(200, False), (None, True)])
def test_a_small_table_does_without_aiohttp(org: Service, limit: int | None, is_imported: bool) -> None:
    settings = {
        "base_url": org.base_url,
        "access_token": org.credentials["access_token"],
        "page_size": 500,
        "concurrency": 1,
        "api": "rest",
        "progress": False,
    }
    script = f"""
import sys
import spyro_sdk as spyro
from spyro_sdk import connection
connection.IDLE = 1e6
sf = spyro.connect("salesforce", **{settings!r})
frame = sf.fetch("Account", limit={limit}).to_pandas()
print(len(frame), frame["Id"].nunique(), "aiohttp" in sys.modules)
"""
    command = [sys.executable, "-W", "error", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    count = limit or len(org.rows("Account", ["Id"], False))
    assert done.stdout.split() == [str(count), str(count), str(is_imported)]
    assert done.stderr == ""
