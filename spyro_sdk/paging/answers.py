"""What a paging is, and what of an answer it may look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from ..http import Request

HEADER = "header:"
YES, NO = ("true", "yes", "1"), ("false", "no", "0")
MOST_DIGITS = 18
"""Of a number that is told as text; nobody counts farther, and Python itself reads no more than 4,300."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a paging may look at: the decoded payload, the headers, how many records came."""

    payload: Any
    rows: int
    headers: Mapping[str, str]  # names in lower case
    last: Any = None
    """The key of the last record that came, where the entity has one."""
    total: int | None = None
    """Records of the whole fetch, if the service says."""

    def at(self, path: str) -> Any:
        """What stands at a dotted path of the payload, or, with `header:` before its name, in a header."""
        if path.startswith(HEADER):
            return self.headers.get(path.removeprefix(HEADER).lower())
        return dig(self.payload, path)

    def number(self, path: str | None) -> int | None:
        """The whole number there; None where there is none."""
        return None if path is None else whole(self.at(path))

    def flag(self, path: str | None) -> bool | None:
        """The yes or no there; None where there is neither."""
        found = str(None if path is None else self.at(path)).lower()
        return True if found in YES else False if found in NO else None


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
    while path and isinstance(payload, Mapping):
        if path in payload:  # a name may have dots itself, such as `@odata.nextLink`
            return payload[path]
        step, _, path = path.partition(".")
        payload = payload.get(step)
    return None if path else payload


def whole(told: Any) -> int | None:
    """The whole number that something says, as a number or in digits; None where it is none."""
    if isinstance(told, str) and len(told) <= MOST_DIGITS and told.isascii() and told.isdigit():
        return int(told)
    return told if type(told) is int else None


@dataclass(frozen=True, slots=True)
class OnePage:
    """All records come at once."""

    def first(self, request: Request, size: int) -> Request:
        return request

    def next(self, request: Request, answer: Answer) -> Request | None:
        return None


ONE_PAGE = OnePage()
