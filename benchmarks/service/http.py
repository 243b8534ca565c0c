"""Requests in, answers out, with as little work as Python allows: a thread and two system calls for each."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

BUFFER = 1 << 22  # bytes; a page fits in whole, so that sending it does not wait for the reader
JSON = "application/json;charset=UTF-8"
WORDS = {200: "OK", 204: "No Content", 400: "Bad Request", 404: "Not Found", 429: "Too Many Requests"}
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
ENCODINGS = re.compile(rb"\r\naccept-encoding:[^\r]*gzip", re.IGNORECASE)
HOST = re.compile(rb"\r\nhost: *([^\r]+)", re.IGNORECASE)
CLOSE = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)


@dataclass(frozen=True)
class Request:
    """What was asked."""

    method: str
    path: str
    params: dict[str, str]
    body: bytes
    host: str
    takes_gzip: bool


@dataclass(frozen=True)
class Answer:
    """What goes out."""

    parts: tuple[bytes | memoryview, ...]
    status: int = 200
    kind: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    """Seconds to wait before it goes."""


Answering = Callable[[Request], Answer]


def listen(answering: Answering) -> str:
    """Answer on a port of loopback until the process ends; return the address."""
    door = socket.create_server(("127.0.0.1", 0), backlog=128)
    threading.Thread(target=_accept, args=(door, answering), daemon=True).start()
    return f"http://127.0.0.1:{door.getsockname()[1]}"


def _accept(door: socket.socket, answering: Answering) -> None:
    while True:
        connection, _ = door.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
        threading.Thread(target=_serve, args=(connection, answering), daemon=True).start()


def _serve(connection: socket.socket, answering: Answering) -> None:
    """Answer one client until it leaves."""
    with connection:
        kept = b""
        while True:
            try:
                head, _, kept = _until_blank_line(connection, kept).partition(b"\r\n\r\n")
                if not head:
                    return
                length = LENGTH.search(head)
                body, kept = _exactly(connection, kept, int(length[1]) if length else 0)
                _send(connection, answering(_read(head, body)))
                if CLOSE.search(head):
                    return
            except ConnectionError:
                return  # the client left


def _until_blank_line(connection: socket.socket, kept: bytes) -> bytes:
    while b"\r\n\r\n" not in kept:
        came = connection.recv(1 << 16)
        if not came:
            return b""
        kept += came
    return kept


def _exactly(connection: socket.socket, kept: bytes, size: int) -> tuple[bytes, bytes]:
    while len(kept) < size:
        came = connection.recv(1 << 16)
        if not came:
            raise ConnectionError
        kept += came
    return kept[:size], kept[size:]


def _read(head: bytes, body: bytes) -> Request:
    method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
    url = urlsplit(target)
    host = HOST.search(head)
    return Request(
        method,
        url.path.rstrip("/"),
        {name: values[-1] for name, values in parse_qs(url.query).items()},
        body,
        host[1].decode() if host else "",
        ENCODINGS.search(head) is not None,
    )


def _send(connection: socket.socket, answer: Answer) -> None:
    if answer.delay:
        time.sleep(answer.delay)
    size = sum(len(part) for part in answer.parts)
    lines = [
        f"HTTP/1.1 {answer.status} {WORDS[answer.status]}",
        f"Content-Type: {answer.kind}",
        f"Content-Length: {size}",
        *(f"{name}: {value}" for name, value in answer.headers.items()),
    ]
    parts = [memoryview("\r\n".join([*lines, "", ""]).encode()), *map(memoryview, answer.parts)]
    while parts:
        parts = _behind(parts, connection.sendmsg(parts))


def _behind(parts: list[memoryview], sent: int) -> list[memoryview]:
    """What of the parts is left to send."""
    while parts and sent >= len(parts[0]):
        sent -= len(parts.pop(0))
    return [parts[0][sent:], *parts[1:]] if parts else []
