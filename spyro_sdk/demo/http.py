"""How requests come in over loopback sockets, and their answers go out."""

from __future__ import annotations

import gzip
import json
import socket
import socketserver
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

LONGEST_URI = 16_384  # bytes
SMALLEST_GZIP = 1_000  # bytes; less is not worth packing
PATIENCE = 5.0  # seconds that stop() waits for a handler
JSON_TYPE = "application/json;charset=UTF-8"
BODILESS = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
TOO_LONG = b"<html><head><title>414 URI Too Long</title></head><body><h1>URI Too Long</h1></body></html>"


@dataclass(frozen=True)
class Request:
    """One request; header names are in lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes = b""
    target: str = ""
    """Path and query as they were sent, with what `query` leaves out of a parameter sent twice."""

    def form(self) -> dict[str, str]:
        """Read a form-encoded body."""
        return _flat(self.body.decode("utf-8", "replace"))


@dataclass(frozen=True)
class Response:
    """One answer. `cut` sends half of the body promised; `dropped` sends nothing at all."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = JSON_TYPE
    cut: bool = False
    dropped: bool = False


App = Callable[[Request], Response]


def json_response(value: Any, status: int = 200) -> Response:
    """Answer with JSON, its characters unescaped as Salesforce sends them."""
    return Response(status, json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def html_response(body: bytes, status: int = 200) -> Response:
    """Answer with a web page."""
    return Response(status, body, content_type="text/html;charset=UTF-8")


class HttpServer:
    """Serves an app on 127.0.0.1 from threads of this process, one a connection."""

    def __init__(self, app: App, port: int = 0) -> None:
        self._server = _Server(app, port)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="spyro-demo", daemon=True
        )
        self.base_url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Close all sockets and wait for the threads."""
        self._server.shutdown()
        self._server.server_close()
        self._server.hang_up()
        self._thread.join(PATIENCE)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, app: App, port: int) -> None:
        self.app = app
        self._open: dict[socket.socket, threading.Thread] = {}
        self._guard = threading.Lock()
        super().__init__(("127.0.0.1", port), _Handler)

    def server_bind(self) -> None:
        # HTTPServer would ask the name service who 127.0.0.1 is, which can take seconds
        socketserver.TCPServer.server_bind(self)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        with self._guard:
            self._open[request] = threading.current_thread()
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._guard:
                del self._open[request]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that went away is no news."""

    def hang_up(self) -> None:
        """End all connections, idle ones too."""
        with self._guard:
            open_now = dict(self._open)
        for connection, thread in open_now.items():
            with suppress(OSError):  # the client was quicker
                connection.shutdown(socket.SHUT_RDWR)
            thread.join(PATIENCE)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def answer(self) -> None:
        request = self._read()
        too_long = len(request.target) > LONGEST_URI
        response = html_response(TOO_LONG, 414) if too_long else self.server.app(request)
        if not response.dropped:
            self._send(request, response)
        if response.dropped or response.cut:
            self.close_connection = True

    def _send(self, request: Request, response: Response) -> None:
        """Send head and body in one piece, so that no answer waits for a delayed ACK."""
        body, headers = _packed(request, response)
        sent = 0 if request.method == "HEAD" else len(body) // 2 if response.cut else len(body)
        self.wfile.write(self._head(response, headers, len(body)) + body[:sent])

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = answer  # noqa: N815

    def _read(self) -> Request:
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        return Request(self.command, parts.path, _flat(parts.query), headers, body, self.path)

    def _head(self, response: Response, headers: dict[str, str], length: int) -> bytes:
        lines = [f"HTTP/1.1 {response.status} {_reason(response.status)}", f"Date: {self.date_time_string()}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if response.status not in BODILESS:
            lines.append(f"Content-Length: {length}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse what the standard library could not even read, such as a request line beyond 64 KiB."""
        body = TOO_LONG if code == 414 else b""
        headers = {"Content-Type": "text/html", "Connection": "close"}
        self.wfile.write(self._head(Response(code), headers, len(body)) + body)
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Keep quiet."""


def _packed(request: Request, response: Response) -> tuple[bytes, dict[str, str]]:
    """Pack the body with gzip if the client takes it."""
    if response.status in BODILESS:
        return b"", response.headers
    headers = {"Content-Type": response.content_type, "Vary": "Accept-Encoding", **response.headers}
    if len(response.body) < SMALLEST_GZIP or "gzip" not in request.headers.get("accept-encoding", ""):
        return response.body, headers
    return gzip.compress(response.body, 1, mtime=0), {**headers, "Content-Encoding": "gzip"}


def _flat(query: str) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(query, keep_blank_values=True).items()}


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
