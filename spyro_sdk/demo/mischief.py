"""How the demo is told to misbehave."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from spyro_sdk.demo.http import Request, Response, html_response, json_response

Spoil = Callable[[Callable[[], Response]], Response]  # given how to answer, answers otherwise
Costs = Callable[[Request], bool]
LOGIN_PAGE = (
    b"<!DOCTYPE html><html><head><title>Login</title></head>"
    b"<body><form>Username Password</form></body></html>"
)


@dataclass
class _Order:
    """Spoil the next `left` matching answers, after `after` good ones."""

    spoil: Spoil
    left: int
    after: int
    matches: Costs


@dataclass
class Mischief:
    """Orders given by tests, carried out in the order given; one request is spoilt once.

    `path` is a part of the path; None stands for all requests that cost an API call, so not the token
    endpoint. `after` lets that many matching requests pass first.
    """

    costs: Costs
    """Whether a request costs an API call."""
    unavailable: Any
    """The JSON that the service answers when it cannot."""
    _orders: list[_Order] = field(default_factory=list)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def fail(
        self,
        n: int = 1,
        status: int = 503,
        body: Any = None,
        headers: dict[str, str] | None = None,
        path: str | None = None,
        after: int = 0,
    ) -> None:
        """Answer with an error and do nothing else.

        `body` is sent as JSON, bytes as they are; None stands for the service's words for 503.
        """
        response = (
            Response(status, body)
            if isinstance(body, bytes)
            else json_response(self.unavailable if body is None else body, status)
        )
        spoilt = replace(response, headers=headers or {})
        self._give(lambda _: spoilt, n, after, path)

    def truncate(self, n: int = 1, after: int = 0, path: str | None = None) -> None:
        """Do as asked and promise the whole body, but close the connection midway."""
        self._give(lambda answer: replace(answer(), cut=True), n, after, path)

    def drop(self, n: int = 1, after: int = 0, path: str | None = None) -> None:
        """Do as asked, but close the connection without an answer."""
        self._give(lambda answer: replace(answer(), status=0, dropped=True), n, after, path)

    def html(self, n: int = 1, after: int = 0, path: str | None = None) -> None:
        """Answer 200 with a login page."""
        self._give(lambda _: html_response(LOGIN_PAGE), n, after, path)

    def clear(self) -> None:
        """Behave again."""
        with self._guard:
            self._orders.clear()

    def pick(self, request: Request) -> Spoil | None:
        """Tell what shall happen to the answer to this request."""
        with self._guard:
            for order in self._orders:
                if not order.matches(request):
                    continue
                if order.after:
                    order.after -= 1
                    continue
                order.left -= 1
                self._orders = [order for order in self._orders if order.left > 0]
                return order.spoil
        return None

    def _give(self, spoil: Spoil, n: int, after: int, path: str | None) -> None:
        if n > 0:
            matches = self.costs if path is None else _has_in_its_path(path)
            with self._guard:
                self._orders.append(_Order(spoil, n, after, matches))


def _has_in_its_path(part: str) -> Costs:
    return lambda request: part in request.path
