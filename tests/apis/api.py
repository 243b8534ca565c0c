"""A strict JSON API with one list, on a real socket."""

from __future__ import annotations

import json
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from spyro_sdk.demo.http import HttpServer, Request, Response
from spyro_sdk.entity import Entity

from .envelopes import Envelope, Told
from .pagers import Cut, Pager, Params, Refusal
from .store import COUNT, Shape, Store, as_it_is, as_json, texts

PATH = "/items"
BASIC = "Basic " + b64encode(b"ana:secret").decode()
Before = Callable[[Store, int], object]
"""Called with the store before each request, whose number counts from 1."""


@dataclass(frozen=True)
class Door:
    """What a client must send to be let in, and the settings with which ours does."""

    header: str | None = None
    value: str = ""
    settings: Mapping[str, Any] = field(default_factory=lambda: {"auth_type": "none"})

    def opens(self, request: Request) -> bool:
        return self.header is None or request.headers.get(self.header) == self.value


OPEN = Door()
BEARER = Door("authorization", "Bearer letmein", {"access_token": "letmein"})
NAMED = Door("authorization", BASIC, {"username": "ana", "password": "secret"})
KEY = Door("x-api-key", "letmein", {"api_key": "letmein"})


@dataclass(frozen=True)
class Api:
    """How one API pages, wraps and refuses; how a connector by hand describes it; what it needs declared."""

    pager: Pager
    envelope: Envelope
    entity: Entity | None
    """None where no connector can describe it, nor a declaration."""
    declared: Mapping[str, Any] | None
    """What is written of it, beside `asked`, where not everything is to be found out."""
    asked: Mapping[str, Any] = field(default_factory=dict)
    """What is written of it anyway: what must be asked for."""
    door: Door = OPEN
    method: str = "GET"
    others: str = "refused"
    """What becomes of parameters that it does not know: `refused` or `ignored`."""
    needs: Params = field(default_factory=dict)
    """Parameters without which it answers nothing."""
    shape: Shape = as_it_is
    newest_first: bool = False
    count: int = COUNT


class Service:
    """An API, its records, and what was asked of it; one request at a time."""

    def __init__(self, api: Api, before: Before) -> None:
        self.api, self._before = api, before
        self.store = Store(api.count, api.shape, newest_first=api.newest_first)
        self.asked: list[Params] = []
        """The parameters of the requests that were let in."""
        self.refused: list[Refusal] = []
        self.base_url = ""
        self._turn = threading.Lock()

    def __call__(self, request: Request) -> Response:
        with self._turn:
            try:
                return self._page(request)
            except Refusal as refusal:
                self.refused.append(refusal)
                return _refused(refusal, self.api)

    def _page(self, request: Request) -> Response:
        self._check(request)
        asked = self._params(request)
        self._check_params(asked)
        self.asked.append(asked)
        self._before(self.store, len(self.asked))
        cut = self.api.pager.cut(asked, self.store)
        told = Told(cut, asked, f"http://{request.headers['host']}")
        envelope = self.api.envelope
        return Response(200, envelope.body(told, self._written(cut)), envelope.headers(told))

    def _check(self, request: Request) -> None:
        if request.path != PATH:
            raise Refusal(404, f"there is no {request.path}; there is {PATH}")
        if request.method != self.api.method:
            raise Refusal(405, f"{request.method} is not possible here")
        if not self.api.door.opens(request):
            raise Refusal(401, "who are you?")

    def _params(self, request: Request) -> Params:
        """Those of the query, or of the JSON body where the method has one."""
        pairs = parse_qsl(urlsplit(request.target).query, keep_blank_values=True)
        for name, _ in pairs:
            if [it for it, _ in pairs].count(name) > 1:
                raise Refusal(400, f"{name} was sent twice", name)
        if self.api.method == "GET":
            return dict(pairs)
        if pairs:
            raise Refusal(400, "parameters belong into the body", pairs[0][0])
        if request.headers.get("content-type", "").partition(";")[0] != "application/json":
            raise Refusal(415, "the body must be application/json")
        given = _flat(_parsed(request.body))
        for name, value in given.items():
            if isinstance(value, str) and value.isdecimal():
                raise Refusal(400, f"{name} must be a number, not a text", name)
        return given

    def _check_params(self, asked: Params) -> None:
        for name, value in self.api.needs.items():
            if asked.get(name) != value:
                raise Refusal(400, f"{name} is missing: it must be {value!r}", name)
        known = {*self.api.pager.params, *self.api.needs}
        for name in asked:
            if self.api.others == "refused" and name not in known:
                raise Refusal(400, f"there is no parameter {name!r}; there are {sorted(known)}", name)

    def _written(self, cut: Cut) -> Mapping[int, bytes]:
        return dict(zip(cut.keys, self.store.written(cut.keys), strict=True))


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        raise Refusal(400, "the body is no JSON") from None


def _flat(value: Any, path: str = "") -> dict[str, Any]:
    if not isinstance(value, dict):
        if not path:
            raise Refusal(400, "the body must be an object")
        return {path.removesuffix("."): value}
    return {name: it for key, inner in value.items() for name, it in _flat(inner, f"{path}{key}.").items()}


def _refused(refusal: Refusal, api: Api) -> Response:
    error = {"code": refusal.status, "message": refusal.message, "param": refusal.param}
    headers = {"Allow": api.method} if refusal.status == 405 else {}
    return Response(refusal.status, as_json({"error": error}), headers)


def _nothing(store: Store, number: int) -> None:
    """Leave the records as they are."""


@contextmanager
def serve(api: Api, before: Before = _nothing) -> Iterator[Service]:
    """Run the API on a free port of 127.0.0.1."""
    texts(api.shape, api.count)  # written before anybody waits for it
    service = Service(api, before)
    server = HttpServer(service)
    service.base_url = server.base_url
    server.start()
    try:
        yield service
    finally:
        server.stop()
