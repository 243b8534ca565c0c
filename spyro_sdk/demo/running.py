"""A demo service on a socket of its own: it remembers what was asked, and misbehaves as it is told."""

from __future__ import annotations

import threading
from collections import deque
from functools import partial
from typing import NamedTuple

from spyro_sdk.demo.http import App, HttpServer, Request, Response
from spyro_sdk.demo.mischief import Mischief

REMEMBERED = 10_000  # requests


class Seen(NamedTuple):
    """A request that came in, and the status of its answer: 0 if it had none."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    status: int


class Running:
    """What every demo service can do. Its knobs may be turned from any thread."""

    def __init__(self, app: App, mischief: Mischief, *, port: int, latency: float) -> None:
        self._app, self._mischief = app, mischief
        self._delay = latency / 1000
        self._stopping = threading.Event()
        self._seen: deque[Seen] = deque(maxlen=REMEMBERED)
        self._server = HttpServer(self._answer, port)
        self.base_url = self._server.base_url
        self.credentials: dict[str, str] = {}
        self.fail = mischief.fail
        self.truncate = mischief.truncate
        self.drop = mischief.drop
        self.html = mischief.html
        self.behave = mischief.clear

    @property
    def requests(self) -> list[Seen]:
        """The requests answered so far, oldest first: the last 10,000."""
        return list(self._seen)

    def delay(self, seconds: float) -> None:
        """Wait before each answer from now on."""
        self._delay = seconds

    def prepare(self) -> None:
        """Make now what is usually asked for first, rather than at the first request."""

    def welcome(self) -> str:
        """Tell a person at a terminal how to reach it."""
        return f"A service that never was, at {self.base_url} (Ctrl-C ends it)"

    def start(self) -> None:
        """Begin to answer."""
        self._server.start()

    def stop(self) -> None:
        """Close all sockets and end the threads."""
        self._stopping.set()
        self._server.stop()

    def _answer(self, request: Request) -> Response:
        self._stopping.wait(self._delay)
        spoil = self._mischief.pick(request)
        answer = partial(self._app, request)
        response = spoil(answer) if spoil else answer()
        self._seen.append(
            Seen(request.method, request.path, request.query, dict(request.headers), response.status)
        )
        return response
