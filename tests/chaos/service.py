"""A service that does every fault it is told to, at any page and any byte, and remembers who asked."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlsplit

from spyro_sdk.demo.http import App, Request, Response

from .faults import MANNERS, Fault, Scene, spoilt
from .reply import BLOCK, Reply

AGAIN = "~"
"""What stands at the end of an address that leads to the same page as without it."""
PATIENCE = 5.0  # seconds for the thread to end

PageOf = Callable[[Request, Response], int | None]
"""Which page an answer is, counted from 1; None for what is no page."""


@dataclass(frozen=True)
class Seen:
    """One request as it came in."""

    at: float  # seconds of the monotonic clock
    method: str
    target: str
    host: str
    authorization: str | None
    page: int | None
    """Which page it asks for, counted from 1; None for what is no page."""
    fault: str | None
    """What became of its answer."""


class Chaos:
    """An app behind a faulty line, on a port of 127.0.0.1 with a thread of its own.

    Beside it listens somebody else, who must never be asked: `strangers` counts who came.
    """

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.strangers = 0
        self.base_url = self.elsewhere = ""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="chaos", daemon=True)
        self._ready = threading.Event()
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._stage(_nothing, _no_page, ())

    def play(self, app: App, page_of: PageOf, faults: Sequence[Fault] = ()) -> None:
        """Begin anew: another app, other faults, nothing seen yet."""
        done = threading.Event()
        self._loop.call_soon_threadsafe(lambda: (self._stage(app, page_of, faults), done.set()))
        assert done.wait(PATIENCE)

    @property
    def open_connections(self) -> int:
        return len(self._open)

    @property
    def asked(self) -> list[int]:
        """The pages that were asked for, in the order in which they were."""
        return [it.page for it in self.seen if it.page is not None]

    def is_left(self, within: float = 1.0) -> bool:
        """Whether all who had come have gone, at the latest in so many seconds."""
        end = time.monotonic() + within
        while self._open and time.monotonic() < end:
            time.sleep(0.002)
        return not self._open

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(PATIENCE)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)

    # -- in its thread --------------------------------------------------------------------------------

    def _run(self) -> None:
        self._loop.run_until_complete(self._listen())
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(self._leave())
        self._loop.close()

    async def _listen(self) -> None:
        self._servers = [
            await asyncio.start_server(self._talk, "127.0.0.1", 0),
            await asyncio.start_server(self._stranger, "127.0.0.1", 0),
        ]
        ports = [it.sockets[0].getsockname()[1] for it in self._servers]
        self.base_url, self.elsewhere = (f"http://127.0.0.1:{port}" for port in ports)

    async def _leave(self) -> None:
        for server in self._servers:
            server.close()
        tasks = list(self._open)
        for writer in self._open.values():
            writer.transport.abort()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _stage(self, app: App, page_of: PageOf, faults: Sequence[Fault]) -> None:
        self._app, self._page_of = app, page_of
        self._left = {id(it): it.times for it in faults}
        self._faults = list(faults)
        self._sent: dict[int, Reply] = {}
        self.seen = []
        self.strangers = 0

    async def _stranger(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.strangers += 1
        writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._open[task] = writer
        try:
            while (request := await _read(reader)) and await self._answer(request, reader, writer):
                pass
        except (OSError, asyncio.CancelledError):
            pass  # they left, or we do
        finally:
            del self._open[task]
            writer.close()

    async def _answer(
        self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Answer one request; return whether the connection stays open."""
        answer = self._app(_plain(request))
        page = self._page_of(request, answer)
        faults = [] if page is None else self._now(page)
        self.seen.append(_seen(request, page, faults))
        reply = _reply(answer)
        if page is not None:
            scene = Scene(request, page, self.elsewhere, self._sent)
            self._sent.setdefault(page, reply)
            for fault in faults:
                reply = spoilt(fault, reply, scene)
        return await _send(reply, reader, writer)

    def _now(self, page: int) -> list[Fault]:
        """What becomes of this answer: the first fault whose turn it is, and in which manner that is sent."""
        able = [it for it in self._faults if it.page in (page, 0) and self._left[id(it)]]
        fault = next((it for it in able if it.kind not in MANNERS), None)
        manners = [it for it in able if it.kind in MANNERS]
        now = [fault, *manners] if fault else manners
        for it in now:
            self._left[id(it)] -= 1
        return now


async def _read(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): text.strip() for name, _, text in (it.partition(":") for it in head[1:-2])}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
    except asyncio.IncompleteReadError:
        return None
    method, target, _ = head[0].split(" ")
    parts = urlsplit(target)
    return Request(method, parts.path, dict(parse_qsl(parts.query)), headers, body, target)


async def _send(reply: Reply, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    quick, slow = reply.in_pieces()
    writer.write(quick)
    await writer.drain()
    for at in range(len(slow)):
        writer.write(slow[at : at + 1])
        await asyncio.sleep(reply.pause)
        await writer.drain()
    while reply.endless:
        writer.write(reply.endless * max(1, BLOCK // len(reply.endless)))
        await writer.drain()
    if reply.ending == "silence":
        await reader.read()  # until they go away
    if reply.ending == "reset":
        _reset(writer)
    return reply.ending == "keep" and reply.framing != "close" and reply.cut is None


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close so that the other side gets an RST, and not an end."""
    line = writer.get_extra_info("socket")
    with suppress(OSError):
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def _plain(request: Request) -> Request:
    """The request as the app knows it."""
    query = {name: text.rstrip(AGAIN) for name, text in request.query.items()}
    return replace(request, query=query, target=request.target.replace(AGAIN, ""))


def _reply(response: Response) -> Reply:
    headers = {"Content-Type": response.content_type, **response.headers}
    return Reply(response.status, tuple(headers.items()), response.body)


def _seen(request: Request, page: int | None, faults: Sequence[Fault]) -> Seen:
    headers = request.headers
    return Seen(
        time.monotonic(),
        request.method,
        request.target,
        headers.get("host", ""),
        headers.get("authorization"),
        page,
        " ".join(it.kind for it in faults) or None,
    )


def _nothing(request: Request) -> Response:
    return Response(404)


def _no_page(request: Request, answer: Response) -> None:
    return None


@contextmanager
def serving() -> Iterator[Chaos]:
    """Run the service until the block ends."""
    chaos = Chaos()
    chaos.start()
    try:
        yield chaos
    finally:
        chaos.stop()
