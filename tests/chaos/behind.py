"""A demo service behind the faulty line: a connector's own service, with every fault that there is."""

from __future__ import annotations

import re
from http.client import HTTPConnection
from urllib.parse import urlsplit

from spyro_sdk.demo.http import Request, Response

LEFT_OUT = ("host", "accept-encoding", "connection")
OF_THE_LINE = ("connection", "content-length", "content-type", "transfer-encoding")


class Behind:
    """An app that asks another service, and has its answers lead back to where they were asked for."""

    def __init__(self, base_url: str) -> None:
        self._home = base_url
        self._host = urlsplit(base_url).netloc
        self._line = HTTPConnection(self._host)

    def __call__(self, request: Request) -> Response:
        headers = {name: text for name, text in request.headers.items() if name not in LEFT_OUT}
        self._line.request(request.method, request.target, request.body or None, headers)
        answer = self._line.getresponse()
        here = f"http://{request.headers['host']}"
        body = answer.read().replace(self._home.encode(), here.encode())
        kept = {name: text for name, text in answer.getheaders() if name.lower() not in OF_THE_LINE}
        kept = {name: text.replace(self._home, here) for name, text in kept.items()}
        return Response(answer.status, body, kept, answer.getheader("content-type", ""))

    def close(self) -> None:
        self._line.close()


class PagesIn:
    """Numbers what is asked for below a path, in the order in which it was asked for first."""

    def __init__(self, path: str) -> None:
        self._path = re.compile(path)
        self._known: dict[str, int] = {}

    def __call__(self, request: Request, answer: Response) -> int | None:
        if not self._path.search(request.target) or answer.status != 200:
            return None
        return self._known.setdefault(f"{request.method} {request.target}", len(self._known) + 1)
