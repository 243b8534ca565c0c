"""A service that rotates refresh tokens, and revokes the whole family when one comes a second time."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl


class Service:
    """One family of tokens: `r0`, then what each refresh gives; `grants` and `revocations` count."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.grants = self.revocations = 0
        self.pause = 0.02  # seconds that a refresh takes, in which others may come
        self.refresh_token, self.access_token = "r0", "a0"
        self._lock = threading.Lock()
        self._revoked = False

    def expire(self) -> None:
        """No access token given out until now is taken any more."""
        with self._lock:
            self.access_token = ""

    def refreshed(self, refresh_token: str | None) -> tuple[int, dict[str, Any]]:
        with self._lock:
            if self._revoked or refresh_token != self.refresh_token:
                self.revocations += not self._revoked
                self._revoked, self.access_token = True, ""
                return 400, {"error": "invalid_grant"}
            self.grants += 1
            self.refresh_token, self.access_token = f"r{self.grants}", f"a{self.grants}"
            answer = {"access_token": self.access_token, "refresh_token": self.refresh_token}
        time.sleep(self.pause)
        return 200, {**answer, "expires_in": 3600}

    def is_good(self, authorization: str | None) -> bool:
        with self._lock:
            return bool(self.access_token) and authorization == f"Bearer {self.access_token}"


@contextmanager
def rotating() -> Iterator[Service]:
    """Serve on loopback, until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
            self._answer(*service.refreshed(form.get("refresh_token")))

        def do_GET(self) -> None:
            self._answer(200 if service.is_good(self.headers["Authorization"]) else 401, {})

        def _answer(self, status: int, answer: dict[str, Any]) -> None:
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 64  # all come at once; who finds the queue full waits a second

    with Server(("127.0.0.1", 0), Handler) as server:
        service = Service(f"http://127.0.0.1:{server.server_port}")
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield service
        server.shutdown()
