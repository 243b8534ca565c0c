"""A small JSON service on a real socket, which misbehaves exactly as it is told."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Record = dict[str, Any]


@dataclass(frozen=True)
class Seen:
    """A request as it came in."""

    method: str
    target: str
    headers: Mapping[str, str]  # names in lower case
    body: bytes

    @property
    def page(self) -> int:
        return int(dict(parse_qsl(urlsplit(self.target).query)).get("page", 1))


@dataclass(frozen=True)
class Reply:
    """An answer as it goes out."""

    payload: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None  # instead of the payload's JSON
    sent: int | None = None  # bytes of the body that really go out, before the connection is closed
    delay: float = 0.0  # seconds


Fault = Callable[[Reply], Reply | None]
"""What becomes of a good answer; None: the connection is closed without one."""


def refuse(status: int, payload: Any = None, **headers: str) -> Fault:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return lambda reply: Reply(payload or {}, status, named)


def body(content: bytes, content_type: str = "application/json") -> Fault:
    return lambda reply: replace(reply, body=content, headers={"content-type": content_type})


def say(payload: Any) -> Fault:
    return lambda reply: replace(reply, payload=payload)


def change(**fields: Any) -> Fault:
    return lambda reply: replace(reply, payload={**reply.payload, **fields})


def cut_short(reply: Reply) -> Reply:
    return replace(reply, sent=20)


def cut_json(reply: Reply) -> Reply:
    """Less than was meant, and a `Content-Length` that agrees with it."""
    return replace(reply, body=json.dumps(reply.payload).encode()[:-10])


def damaged_gzip(reply: Reply) -> Reply:
    zipped = gzip.compress(json.dumps(reply.payload).encode())
    return replace(reply, body=zipped[:-9], headers={"content-encoding": "gzip"})


def close(reply: Reply) -> None:
    return None


def slow(seconds: float) -> Fault:
    return lambda reply: replace(reply, delay=seconds)


html = body(b"<!DOCTYPE html><html><body>Please sign in</body></html>", "text/html")
empty = body(b"")


class Service:
    """Serves `records` at `/customers` in pages with links, at `/all` as one list; `/token` gives tokens."""

    def __init__(self, records: Sequence[Record], page_size: int, *, delay: float, zips: bool) -> None:
        self.records, self.page_size, self.delay, self.zips = records, page_size, delay, zips
        self.total: int | None = None  # what is announced, instead of the truth
        self.accepts: Callable[[Mapping[str, str]], bool] = lambda headers: True
        self.seen: list[Seen] = []
        self.sent = 0  # bytes of body
        self.tokens = 0  # given out
        self.accepted = 0  # connections
        self.base_url = ""
        self._faults: dict[int, list[Fault]] = defaultdict(list)
        self._lasting: dict[int, Fault] = {}
        self._open: dict[asyncio.Task[Any], asyncio.StreamWriter] = {}

    def spoil(self, page: int, *faults: Fault) -> None:
        """Do each of these to the next answers with that page."""
        self._faults[page] += faults

    def ruin(self, page: int, fault: Fault) -> None:
        """Do this to every answer with that page."""
        self._lasting[page] = fault

    @property
    def pages(self) -> list[int]:
        """The pages asked for, in their order."""
        return [request.page for request in self.seen if request.target.startswith("/customers")]

    @property
    def open_connections(self) -> int:
        return len(self._open)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._open[task] = writer
        self.accepted += 1
        try:
            while (request := await _read(reader)) and await self._answer(request, writer):
                pass
        except ConnectionError:
            pass  # they left
        finally:
            del self._open[task]
            writer.close()

    async def stop(self) -> None:
        tasks = list(self._open)
        for writer in self._open.values():
            writer.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _answer(self, request: Seen, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; return whether the connection stays open."""
        self.seen.append(request)
        reply = self._reply(request)
        spoilt = self._fault(request)(reply) if request.target.startswith("/customers") else reply
        if spoilt is None:
            return False
        await asyncio.sleep(spoilt.delay or self.delay)
        content, headers = self._encoded(spoilt)
        head = [f"HTTP/1.1 {spoilt.status} Whatever", f"content-length: {len(content)}"]
        head += [f"{name}: {text}" for name, text in headers.items()]
        writer.write("\r\n".join([*head, "", ""]).encode() + content[: spoilt.sent])
        self.sent += len(content[: spoilt.sent])
        await writer.drain()
        return spoilt.sent is None

    def _fault(self, request: Seen) -> Fault:
        waiting = self._faults[request.page]
        return waiting.pop(0) if waiting else self._lasting.get(request.page, lambda reply: reply)

    def _encoded(self, reply: Reply) -> tuple[bytes, dict[str, str]]:
        content = json.dumps(reply.payload).encode() if reply.body is None else reply.body
        headers = {"content-type": "application/json", **reply.headers}
        if self.zips and "content-encoding" not in headers:
            return gzip.compress(content), {**headers, "content-encoding": "gzip"}
        return content, headers

    def _reply(self, request: Seen) -> Reply:
        path = urlsplit(request.target).path
        if path == "/token":
            self.tokens += 1
            return Reply({"access_token": f"token-{self.tokens}", "expires_in": 3600})
        if not self.accepts(request.headers):
            return Reply({"message": "who are you?"}, 401)
        if path == "/all":
            return Reply(self.records)
        if path == "/customers":
            return Reply(self._page(request.page))
        return Reply({"message": f"there is no {path}"}, 404)

    def _page(self, page: int) -> Record:
        first, last = (page - 1) * self.page_size, page * self.page_size
        return {
            "data": self.records[first:last],
            "next": f"/customers?page={page + 1}" if last < len(self.records) else None,
            "meta": {"total": len(self.records) if self.total is None else self.total},
        }


async def _read(reader: asyncio.StreamReader) -> Seen | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    except asyncio.IncompleteReadError:
        return None
    method, target, _ = head[0].split(" ")
    headers = {name.lower(): text.strip() for name, _, text in (line.partition(":") for line in head[1:-2])}
    return Seen(method, target, headers, await reader.readexactly(int(headers.get("content-length", 0))))


def customers(count: int) -> list[Record]:
    """Records with an int, a text, a number that is sometimes missing, and the moment of their change."""
    return [
        {
            "id": number,
            "name": f"Customer {number}",
            "revenue": None if number % 4 == 0 else number * 1.5,
            "changed": f"2026-01-{1 + number % 28:02}T12:00:00Z",
        }
        for number in range(1, count + 1)
    ]


@asynccontextmanager
async def serve(
    records: Sequence[Record] | None = None, page_size: int = 3, *, delay: float = 0.0, zips: bool = False
) -> AsyncIterator[Service]:
    """Run the service in this event loop, on a free port of 127.0.0.1."""
    service = Service(customers(10) if records is None else records, page_size, delay=delay, zips=zips)
    server = await asyncio.start_server(service.talk, "127.0.0.1", 0)
    service.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield service
    finally:
        server.close()
        await service.stop()
        await server.wait_closed()
