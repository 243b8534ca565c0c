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
from typing import Any, Literal, Protocol, runtime_checkable
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
    """The key of the last record, where the entity has one."""


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

    >>> dig({"paging": {"next": {"after": "7"}}}, "paging.next.after")
    '7'
    """
    for step in path.split(".") if path else ():
        payload = payload.get(step) if isinstance(payload, Mapping) else None
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


LINK = re.compile(r'<([^>]*)>((?:\s*;\s*[^,;"]+(?:"[^"]*")?)*)')


@dataclass(frozen=True, slots=True)
class LinkHeader:
    """The header `Link` holds the address of the next page (RFC 8288)."""

    rel: str = "next"
    size_param: str | None = "per_page"

    def first(self, request: Request, size: int) -> Request:
        return request.with_params(**{self.size_param: size}) if self.size_param else request

    def next(self, request: Request, answer: Answer) -> Request | None:
        for link in LINK.finditer(answer.headers.get("link", "")):
            if re.search(rf'\brel="?{re.escape(self.rel)}"?(?![\w-])', link[2]):
                return replace(request, url=urljoin(request.url, link[1]), params={})
        return None


Into = Literal["query", "body"]


def sent(request: Request, into: Into, params: Mapping[str, Any]) -> Request:
    """The request with more parameters, in its query or its JSON body."""
    if into == "query":
        return request.with_params(**params)
    body = json.loads(request.body or b"{}")
    for path, value in params.items():
        *above, name = path.split(".")
        inner = body
        for step in above:
            inner = inner.setdefault(step, {})
        inner[name] = value
    headers = {**request.headers, "Content-Type": "application/json"}
    return replace(request, body=json.dumps(body).encode(), headers=headers)


def told(request: Request, into: Into, param: str) -> Any:
    """The value of a parameter."""
    return request.params[param] if into == "query" else dig(json.loads(request.body), param)


@dataclass(frozen=True, slots=True)
class Cursor:
    """The payload holds a token at `path`, to be sent back as `param`."""

    path: str
    param: str
    size_param: str | None = "limit"
    more: str | None = None
    """Dotted path to whether there are more pages."""
    into: Into = "query"

    def first(self, request: Request, size: int) -> Request:
        return sent(request, self.into, {self.size_param: size}) if self.size_param else request

    def next(self, request: Request, answer: Answer) -> Request | None:
        token = dig(answer.payload, self.path)
        if token in (None, "") or (self.more and not dig(answer.payload, self.more)):
            return None
        return sent(request, self.into, {self.param: token})

    def ahead(self, request: Request, payload: Any) -> Request | None:
        return self.next(request, Answer(payload, 0, {}))


@dataclass(frozen=True, slots=True)
class Offset:
    """Records are counted from `start`; a page shorter than asked for is the last."""

    param: str = "offset"
    size_param: str = "limit"
    start: int = 0
    most: int | None = None
    """Records that the service sends at once, however many are asked for: a page of so many is not short."""
    into: Into = "query"

    def first(self, request: Request, size: int) -> Request:
        return sent(
            request, self.into, {self.param: self.start, self.size_param: min(size, self.most or size)}
        )

    def next(self, request: Request, answer: Answer) -> Request | None:
        if answer.rows < int(told(request, self.into, self.size_param)):
            return None
        return self._after(request, answer.rows)

    def ahead(self, request: Request, payload: Any) -> Request | None:
        return self._after(request, int(told(request, self.into, self.size_param)))

    def _after(self, request: Request, rows: int) -> Request:
        return sent(request, self.into, {self.param: int(told(request, self.into, self.param)) + rows})


@dataclass(frozen=True, slots=True)
class PageNumber:
    """Pages are counted from `start`; a page shorter than asked for is the last."""

    param: str = "page"
    size_param: str | None = "per_page"
    start: int = 1
    most: int | None = None
    """Records that the service sends at once, however many are asked for: a page of so many is not short."""
    pages: str | None = None
    """Dotted path to the number of pages."""
    into: Into = "query"

    def first(self, request: Request, size: int) -> Request:
        sizes = {self.size_param: min(size, self.most or size)} if self.size_param else {}
        return sent(request, self.into, {self.param: self.start, **sizes})

    def next(self, request: Request, answer: Answer) -> Request | None:
        least = int(told(request, self.into, self.size_param)) if self.size_param else 1
        pages = dig(answer.payload, self.pages) if self.pages else None
        number = int(told(request, self.into, self.param))
        if answer.rows < least or (pages is not None and number - self.start + 1 >= pages):
            return None
        return self.ahead(request, None)

    def ahead(self, request: Request, payload: Any) -> Request | None:
        return sent(request, self.into, {self.param: int(told(request, self.into, self.param)) + 1})


@dataclass(frozen=True, slots=True)
class KeySet:
    """The next page is asked for by the key of the last record."""

    param: str
    size_param: str | None = "limit"
    more: str | None = None

    def first(self, request: Request, size: int) -> Request:
        return request.with_params(**{self.size_param: size}) if self.size_param else request

    def next(self, request: Request, answer: Answer) -> Request | None:
        if not answer.rows or answer.last is None or (self.more and not dig(answer.payload, self.more)):
            return None
        return request.with_params(**{self.param: answer.last})
