"""The browser is heard once, at one address of this machine, and nobody else is."""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import anyio.to_thread
import pytest

from spyro_sdk.auth import loopback
from spyro_sdk.auth.app import App
from spyro_sdk.auth.loopback import Loopback, listening
from spyro_sdk.errors import SignInError

from ..people import Page, browse

pytestmark = pytest.mark.anyio

APP = App("https://a.example/authorize", "https://a.example/token", "client")


def read(query: str) -> str:
    if query == "wrong":
        raise SignInError("<b>wrong</b>", hint="try again")
    return f"code of {query}"


@asynccontextmanager
async def heard(app: App = APP) -> AsyncIterator[tuple[Loopback, asyncio.Task[str]]]:
    """A listener, and what it hears."""
    async with listening(app) as door:
        door.expect(read)
        task = asyncio.create_task(door.code())
        yield door, task
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def opened(address: str, **more: Any) -> Page:
    return await anyio.to_thread.run_sync(lambda: browse(address, **more))


def port_of(door: Loopback) -> int:
    return int(door.redirect_uri.split(":")[2].split("/")[0])


def free_port() -> int:
    with socket.socket() as it:
        it.bind(("127.0.0.1", 0))
        return int(it.getsockname()[1])


async def test_the_browser_is_heard_and_told_to_close_its_window() -> None:
    async with heard() as (door, task):
        page = await opened(f"{door.redirect_uri}?x=1")
        assert await task == "code of x=1"
    assert page.status == 200
    assert page.text.startswith("<!DOCTYPE html>")
    assert "You may close this window" in page.text
    assert "x=1" not in page.text
    assert "<script" not in page.text
    assert page.headers == {
        "Content-Type": "text/html; charset=utf-8",
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
        "X-Content-Type-Options": "nosniff",
        "Connection": "close",
        "Content-Length": str(len(page.text.encode())),
    }


async def test_what_is_wrong_is_told_escaped_and_raised() -> None:
    async with heard() as (door, task):
        page = await opened(f"{door.redirect_uri}?wrong")
        with pytest.raises(SignInError, match="wrong"):
            await task
    assert page.status == 400
    assert "&lt;b&gt;wrong&lt;/b&gt;. You may close this window; to go on, try again." in page.text


async def test_a_request_that_is_longer_than_any_code_is_not_heard() -> None:
    async with heard() as (door, task):
        with suppress(OSError):
            await opened(f"{door.redirect_uri}?x={'1' * 17_000}")
        assert not task.done()
        await opened(f"{door.redirect_uri}?x={'1' * 15_000}")
        assert await task == f"code of x={'1' * 15_000}"


async def test_a_second_browser_is_told_that_it_is_over() -> None:
    async with heard() as (door, task):
        await opened(f"{door.redirect_uri}?x=1")
        page = await opened(f"{door.redirect_uri}?x=2")
        assert await task == "code of x=1"
    assert page.status == 410


async def test_a_browser_that_is_back_before_anybody_waits_for_it_is_heard() -> None:
    async with listening(APP) as door:
        door.expect(read)
        await opened(f"{door.redirect_uri}?x=1")
        assert await door.code() == "code of x=1"


async def test_before_anybody_is_expected_nothing_is_heard() -> None:
    async with listening(APP) as door:
        assert (await opened(f"{door.redirect_uri}?x=1")).status == 410


@pytest.mark.parametrize(
    ("path", "method", "host"),
    [
        ("/", "GET", None),
        ("/favicon.ico", "GET", None),
        ("/callback/", "GET", None),
        ("/callback?x=1", "POST", None),
        ("/callback?x=1", "HEAD", None),
        ("/callback?x=1", "GET", "evil.example"),
        ("/callback?x=1", "GET", "localhost"),
    ],
)
async def test_whatever_else_is_asked_for_is_not_found(path: str, method: str, host: str | None) -> None:
    async with heard() as (door, task):
        home = door.redirect_uri.removesuffix("/callback")
        more = {"Host": host} if host else {}
        assert (await opened(home + path, method=method, **more)).status == 404
        assert not task.done()
        await opened(f"{door.redirect_uri}?x=1")
        assert await task == "code of x=1"


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET",
        b"\r\n\r\n",
        b"\xff\xfe\r\n\r\n",
        b"GET /callback\r\n\r\n",
        b"x" * 40_000,
        b"GET /callback?x=1 HTTP/1.1\r\n\r\n",
        b"GET /callback?x=1 HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    ],
)
async def test_what_is_no_browser_is_left_standing(sent: bytes) -> None:
    async with heard() as (door, task):
        reader, writer = await asyncio.open_connection("127.0.0.1", port_of(door))
        writer.write(sent)
        writer.write_eof()
        answer = b""
        with_reset = False
        try:
            answer = await reader.read()
        except ConnectionResetError:
            with_reset = True
        writer.close()
        assert with_reset or not answer or answer.startswith(b"HTTP/1.1 404")
        await opened(f"{door.redirect_uri}?x=1")
        assert await task == "code of x=1"


async def test_nobody_listens_afterwards_and_who_still_talks_is_cut_off() -> None:
    async with heard() as (door, _):
        port = port_of(door)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /call")
        await writer.drain()
        await asyncio.sleep(0.05)
    with suppress(ConnectionResetError):
        assert await reader.read() == b""
    writer.close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


async def test_an_error_that_nobody_waits_for_any_more_is_not_complained_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with listening(APP) as door:
        door.expect(read)
        waiting = asyncio.create_task(door.code())
        await asyncio.sleep(0)
        await opened(f"{door.redirect_uri}?wrong")
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    async with listening(APP) as door:
        door.expect(read)
        await opened(f"{door.redirect_uri}?wrong")
    del door, waiting
    gc.collect()
    assert caplog.messages == []


async def test_a_browser_that_comes_when_its_answer_is_not_wanted_any_more_disturbs_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with listening(APP) as door:
        door.expect(read)
        waiting = asyncio.create_task(door.code())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert (await opened(f"{door.redirect_uri}?x=1")).status == 200
        await asyncio.sleep(0)
    assert caplog.messages == []


async def test_two_can_be_listened_for_at_once() -> None:
    async with listening(APP) as one, listening(APP) as other:
        assert len({0, 1, port_of(one), port_of(other)}) == 4


async def test_a_registered_port_is_the_one_and_is_free_again_at_once() -> None:
    app = replace(APP, redirect_port=free_port(), redirect_host="localhost", redirect_path="/OauthRedirect")
    for _ in range(2):
        async with heard(app) as (door, task):
            assert door.redirect_uri == f"http://localhost:{app.redirect_port}/OauthRedirect"
            assert (await opened(f"{door.redirect_uri}?x=1")).status == 200
            assert await task == "code of x=1"


async def test_a_port_on_which_the_system_still_winds_up_a_talk_is_listened_on_again() -> None:
    """Who closes first holds the port for a minute: here that is us, as the browser reads to the end."""
    app = replace(APP, redirect_port=free_port())
    sent = f"GET /callback?x=1 HTTP/1.1\r\nHost: 127.0.0.1:{app.redirect_port}\r\n\r\n"
    for _ in range(2):
        async with heard(app) as (_, task):
            reader, writer = await asyncio.open_connection("127.0.0.1", app.redirect_port)
            writer.write(sent.encode())
            assert (await reader.read()).startswith(b"HTTP/1.1 200 OK\r\n")
            assert await task == "code of x=1"
            writer.close()
            await writer.wait_closed()


async def test_a_port_that_is_taken_is_an_error_that_says_what_to_do() -> None:
    async with listening(APP) as door:
        with pytest.raises(SignInError, match=f"port {port_of(door)} of 127.0.0.1") as caught:
            async with listening(replace(APP, redirect_port=port_of(door))):
                pass
    assert caught.value.error_code == "port_taken"
    assert "auth_mode='paste'" in str(caught.value.hint)


async def test_the_other_address_family_is_ours_as_well_where_there_is_one() -> None:
    async with listening(APP) as door:
        with socket.socket(socket.AF_INET6) as it, pytest.raises(OSError, match=r"[Aa]ddress"):
            it.bind(("::1", port_of(door)))


async def test_without_the_other_family_one_is_enough() -> None:
    with socket.socket(socket.AF_INET6) as taken:
        taken.bind(("::1", 0))
        taken.listen()
        app = replace(APP, redirect_port=taken.getsockname()[1])
        async with heard(app) as (door, task):
            await opened(f"{door.redirect_uri}?x=1")
            assert await task == "code of x=1"


async def test_a_machine_without_the_other_family_is_no_trouble() -> None:
    assert loopback._reserved(socket.AddressFamily.AF_APPLETALK, "::1", 0) is None


async def test_the_usual_port_need_not_be_named() -> None:
    door = Loopback(replace(APP, redirect_port=80), 80)
    head = "GET /callback?x=1 HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"
    assert door._answered(head)[0] == "410 Gone"
