"""A JSON API on loopback, made of the functions that a test gives it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass(frozen=True)
class Asked:
    """A request as it came in."""

    method: str
    path: str
    params: Mapping[str, list[str]]
    headers: Mapping[str, str]  # names in lower case
    body: Any = None
    """The JSON of the body, or its text where it is a form."""

    def get(self, name: str, otherwise: Any = None) -> Any:
        """The last value of a query parameter."""
        return self.params.get(name, [otherwise])[-1]


@dataclass(frozen=True)
class Answer:
    """What goes out."""

    payload: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Route = Callable[[Asked], Any]
"""Gives the payload of a good answer, or an `Answer`."""


@dataclass
class Api:
    """Where it is, and what it was asked."""

    url: str
    asked: list[Asked] = field(default_factory=list)

    @property
    def paths(self) -> list[str]:
        """The paths asked for, in their order."""
        return [asked.path for asked in self.asked]


@contextmanager
def api(route: Route) -> Iterator[Api]:
    """Serve what `route` answers, on a free port of 127.0.0.1."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            headers = {name.lower(): text for name, text in self.headers.items()}
            text = self.rfile.read(int(headers.get("content-length", 0)))
            is_json = headers.get("content-type") == "application/json"
            body = json.loads(text) if is_json else text.decode()
            params = parse_qs(url.query, keep_blank_values=True)
            asked = Asked(self.command, unquote(url.path), params, headers, body)
            it.asked.append(asked)
            found = route(asked)
            answer = found if isinstance(found, Answer) else Answer(found)
            content = json.dumps(answer.payload).encode()
            self.send_response(answer.status)
            for name, text in {"Content-Length": str(len(content)), **answer.headers}.items():
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815  # what the base class looks for

        def log_message(self, *words: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    it = Api(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield it
    finally:
        server.shutdown()
        server.server_close()


def rows(count: int, **more: Any) -> list[dict[str, Any]]:
    """Records with a key, a name, and a moment of change: one a day from 2026-01-01."""
    return [
        {"id": n, "name": f"item {n}", "updated_at": f"2026-01-{n:02}T12:00:00Z", **more}
        for n in range(1, count + 1)
    ]


def not_found(asked: Asked) -> Answer:
    return Answer({"message": f"there is no {asked.path}"}, 404)
