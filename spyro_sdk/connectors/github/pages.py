"""How GitHub's pages follow one another."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from ...http import Request
from ...paging import Answer, LinkHeader

LINK = LinkHeader()
NUMBER = re.compile(r"(?<=[?&]page=)\d+(?=&|$)")
LAST = re.compile(r'<([^>]*)>\s*;\s*rel="last"')


@dataclass(frozen=True, slots=True)
class Numbered:
    """Pages by links; where the first tells the number of the last, those between are known at once."""

    def first(self, request: Request, size: int) -> Request:
        return LINK.first(request, size)

    def next(self, request: Request, answer: Answer) -> Request | None:
        upcoming = LINK.next(request, answer)
        last = LAST.search(answer.headers.get("link", ""))
        return upcoming and replace(upcoming, noted=_number(last[1]) if last else request.noted)

    def ahead(self, request: Request, payload: Any) -> Request | None:
        page, last = _number(request.url), request.noted
        if page is None or last is None or page >= last:
            return None
        return replace(request, url=NUMBER.sub(str(page + 1), request.url))


@dataclass(frozen=True, slots=True)
class Named:
    """A page for each of these addresses, which stand below the same one and hold one record each."""

    names: tuple[str, ...]

    def first(self, request: Request, size: int) -> Request:
        return replace(request, url=f"{request.url}/{self.names[0]}", noted=0)

    def next(self, request: Request, answer: Answer) -> Request | None:
        return self.ahead(request, None)

    def ahead(self, request: Request, payload: Any) -> Request | None:
        place = request.noted + 1
        if place == len(self.names):
            return None
        return replace(request, url=f"{request.url.rpartition('/')[0]}/{self.names[place]}", noted=place)


def number(_: Request, answer: Answer) -> int | None:
    """How many records a list has, by the answer to a request for one; None where its links do not tell."""
    link = answer.headers.get("link", "")
    if last := LAST.search(link):
        return _number(last[1])
    return len(answer.payload) if isinstance(answer.payload, list) and not link else None


def _number(address: str) -> int | None:
    found = NUMBER.search(address)
    return int(found[0]) if found else None
