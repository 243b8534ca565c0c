"""How to ask for the next page.

A paging is a pure function of the request that was sent and the answer that came; it keeps no state, so
one instance serves every fetch at once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable
from urllib.parse import urljoin

from .errors import DecodeError
from .http import Request


@dataclass(frozen=True, slots=True)
class Answer:
    """What a paging may look at: the decoded payload, the headers, how many records came."""

    payload: Any
    rows: int
    headers: Mapping[str, str]  # names in lower case
    last: Any = None


class Paging(Protocol):
    """The seam: how the first page is asked for, and how each next one."""

    def first(self, request: Request, size: int) -> Request:
        """The request for the first page of at most `size` records."""
        ...

    def next(self, request: Request, answer: Answer) -> Request | None:
        """The request for the page after `answer`; None when that was the last."""
        ...


@runtime_checkable
class Foreseeing(Protocol):
    """A paging that can often tell the next request before the page has been decoded."""

    def ahead(self, request: Request, payload: Any) -> Request | None:
        """The request for the page after `request`, where that can be told already; else None.

        `payload`: what the answer says around its records, or a part of it; None before an answer came. It
        need not be right: what `next` says of the whole answer counts.
        """
        ...


def dig(payload: Any, path: str) -> Any:
    """The value at a dotted path; None where a step is missing; '' is the payload itself.

    A key that has dots itself is found where it is all that is left of the path.

    >>> dig({"paging": {"next": {"after": "7"}}}, "paging.next.after")
    '7'
    >>> dig({"@odata.nextLink": "/more"}, "@odata.nextLink")
    '/more'
    """
    while path:
        if not isinstance(payload, Mapping):
            return None
        if path in payload:
            return payload[path]
        step, _, path = path.partition(".")
        payload = payload.get(step) if path else None
    return payload


@dataclass(frozen=True, slots=True)
class OnePage:
    """All records come at once."""

    def first(self, request: Request, size: int) -> Request:
        return request

    def next(self, request: Request, answer: Answer) -> Request | None:
        return None


ONE_PAGE = OnePage()


@dataclass(frozen=True, slots=True)
class NextLink:
    """The payload holds the address of the next page, whole or relative, at `path`."""

    path: str
    size_param: str | None = None

    def first(self, request: Request, size: int) -> Request:
        return request.with_params(**{self.size_param: size}) if self.size_param else request

    def next(self, request: Request, answer: Answer) -> Request | None:
        link = dig(answer.payload, self.path)
        return replace(request, url=self._joined(request.url, link), params={}) if link else None

    def ahead(self, request: Request, payload: Any) -> Request | None:
        return self.next(request, Answer(payload, 0, {}))

    def _joined(self, base: str, link: Any) -> str:
        if isinstance(link, str):
            with suppress(ValueError):
                return urljoin(base, link)
        raise DecodeError(f"what stands at {self.path!r}, for the link to the next page, is no address")


Into: TypeAlias = Literal["query", "body"]


def placed(request: Request, into: Into, **params: Any) -> Request:
    """The request with parameters in its query, or in the JSON of its body."""
    params = {name: value for name, value in params.items() if name}
    if into == "query":
        return request.with_params(**params)
    body = json.loads(request.body or b"{}")
    for name, value in params.items():
        *outer, last = name.split(".")
        inner = body
        for step in outer:
            inner = inner.setdefault(step, {})
        inner[last] = value
    return replace(request, body=json.dumps(body).encode())


def _at(request: Request, into: Into, param: str) -> int:
    held = request.params.get(param, 0) if into == "query" else dig(json.loads(request.body), param)
    return int(held)


@dataclass(frozen=True, slots=True)
class LinkHeader:
    """Stand-in."""

    rel: str = "next"
    size_param: str | None = "per_page"

    def first(self, request: Request, size: int) -> Request:
        return request.with_params(**{self.size_param: size}) if self.size_param else request

    def next(self, request: Request, answer: Answer) -> Request | None:
        found = re.search(rf'<([^>]*)>[^,]*rel="?{self.rel}"?', answer.headers.get("link", ""))
        return replace(request, url=urljoin(request.url, found[1]), params={}) if found else None


@dataclass(frozen=True, slots=True)
class Cursor:
    """The payload holds a token at `path`, to be sent back as `param`."""

    path: str
    param: str
    size_param: str | None = "limit"
    more: str | None = None
    into: Into = "query"

    def first(self, request: Request, size: int) -> Request:
        return placed(request, self.into, **{self.size_param or "": size})

    def next(self, request: Request, answer: Answer) -> Request | None:
        token = dig(answer.payload, self.path)
        if token in (None, "") or (self.more and dig(answer.payload, self.more) is False):
            return None
        return placed(request, self.into, **{self.param: token})

    def ahead(self, request: Request, payload: Any) -> Request | None:
        return self.next(request, Answer(payload, 0, {}))


@dataclass(frozen=True, slots=True)
class KeySet:
    """Stand-in."""

    param: str
    size_param: str | None = "limit"
    more: str | None = None
    into: Into = "query"

    def first(self, request: Request, size: int) -> Request:
        return placed(request, self.into, **{self.size_param or "": size})

    def next(self, request: Request, answer: Answer) -> Request | None:
        if answer.last is None or (self.more and dig(answer.payload, self.more) is False):
            return None
        return placed(request, self.into, **{self.param: answer.last})


@dataclass(frozen=True, slots=True)
class Offset:
    """Records are counted from `start`; a page shorter than asked for is the last."""

    param: str = "offset"
    size_param: str | None = "limit"
    start: int = 0
    most: int | None = None
    """Records that the service sends at once, however many are asked for: a page of so many is not short."""
    into: Into = "query"

    def first(self, request: Request, size: int) -> Request:
        return placed(
            request,
            self.into,
            **{self.param: self.start, self.size_param or "": min(size, self.most or size)},
        )

    def next(self, request: Request, answer: Answer) -> Request | None:
        if answer.rows < (_at(request, self.into, self.size_param) if self.size_param else 1):
            return None
        return placed(request, self.into, **{self.param: _at(request, self.into, self.param) + answer.rows})

    def ahead(self, request: Request, payload: Any) -> Request | None:
        size = int(request.params[self.size_param or ""])
        return request.with_params(**{self.param: int(request.params[self.param]) + size})


@dataclass(frozen=True, slots=True)
class PageNumber:
    """Pages are counted from `start`; a page shorter than asked for is the last."""

    param: str = "page"
    size_param: str | None = "per_page"
    start: int = 1
    most: int | None = None
    """Records that the service sends at once, however many are asked for: a page of so many is not short."""
    pages: str | None = None
    into: Into = "query"

    def first(self, request: Request, size: int) -> Request:
        return placed(
            request,
            self.into,
            **{self.param: self.start, self.size_param or "": min(size, self.most or size)},
        )

    def next(self, request: Request, answer: Answer) -> Request | None:
        if answer.rows < (_at(request, self.into, self.size_param) if self.size_param else 1):
            return None
        return placed(request, self.into, **{self.param: _at(request, self.into, self.param) + 1})

    def ahead(self, request: Request, payload: Any) -> Request | None:
        return request.with_params(**{self.param: int(request.params[self.param]) + 1})
