"""Pagings that count: records from the first on, or pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Protocol, TypeAlias, runtime_checkable
from urllib.parse import parse_qsl

from ..http import Request
from .answers import Answer, Paging, whole
from .links import links
from .places import Into, given, giving
from .tokens import is_short

Window: TypeAlias = tuple[int, int | None]
"""The records that a request asks for, the first of all being 0: from one up to, not with, another."""

AROUND = frozenset({"first", "prev", "previous", "last"})
"""Links that only pages have which are one of several."""


@runtime_checkable
class Counted(Paging, Protocol):
    """A paging whose requests say which records they ask for, so that any place can be asked for."""

    @property
    def is_stable(self) -> bool:
        """Whether the list stays as it is while it is read."""
        ...

    least: ClassVar[int]
    """The smallest size of a page with which each page can overlap the one before it."""

    def window(self, request: Request) -> Window | None:
        """The records that a request asks for; the end is None where the service decides how many come."""
        ...

    def around(self, request: Request, place: int, size: int) -> Request:
        """The request for at most `size` records which begins at `place` or before, and reaches farthest."""
        ...


@dataclass(frozen=True, slots=True)
class Offset:
    """Records are counted from `start`."""

    least: ClassVar[int] = 2
    param: str = "offset"
    size_param: str | None = "limit"
    start: int = 0
    most: int | None = None
    """Records that the service sends at once, however many are asked for: more are not asked for."""
    more: str | None = None
    """Dotted path to whether there is more."""
    into: Into = "query"
    short_is_last: bool = False
    """Whether a page shorter than asked for is the last: only where the service is known for that."""
    is_stable: bool = False
    """Whether the list stays as it is while it is read: pages then need not overlap to be sure of that."""

    def first(self, request: Request, size: int) -> Request:
        return _asking(self, request, self.start, size if self.most is None else min(size, self.most))

    def next(self, request: Request, answer: Answer) -> Request | None:
        end = self._start(request) + answer.rows
        is_whole = answer.total is not None and end >= answer.total
        if is_whole or _is_last(self, request, answer):
            return None
        return giving(request, {self.param: self.start + end}, self.into)

    def ahead(self, request: Request, payload: Any) -> Request | None:
        _, stop = self.window(request)
        return None if stop is None else giving(request, {self.param: self.start + stop}, self.into)

    def window(self, request: Request) -> Window:
        start, size = self._start(request), _size(self, request)
        return start, None if size is None else start + size

    def around(self, request: Request, place: int, size: int) -> Request:
        return _asking(self, request, self.start + place, size)

    def _start(self, request: Request) -> int:
        return _number(self, request) - self.start


@dataclass(frozen=True, slots=True)
class PageNumber:
    """Pages are counted from `start`."""

    least: ClassVar[int] = 20  # where a multiple of all sizes up to it is beyond 200 million records
    param: str = "page"
    size_param: str | None = "per_page"
    start: int = 1
    most: int | None = None
    """Records that the service sends at once, however many are asked for: more are not asked for."""
    pages: str | None = None
    """Dotted path to the number of pages."""
    more: str | None = None
    """Dotted path to whether there is more."""
    into: Into = "query"
    short_is_last: bool = False
    """Whether a page shorter than asked for is the last: only where the service is known for that."""
    is_stable: bool = False
    """Whether the list stays as it is while it is read: pages then need not overlap to be sure of that."""

    def first(self, request: Request, size: int) -> Request:
        return _asking(self, request, self.start, size if self.most is None else min(size, self.most))

    def next(self, request: Request, answer: Answer) -> Request | None:
        pages = answer.number(self.pages)
        following = _number(self, request) + 1
        if pages is not None:
            is_last = following - self.start >= pages
        else:
            is_last = self._is_whole(request, answer) or _is_last(self, request, answer)
        return None if is_last else giving(request, {self.param: following}, self.into)

    def ahead(self, request: Request, payload: Any) -> Request | None:
        return giving(request, {self.param: _number(self, request) + 1}, self.into)

    def window(self, request: Request) -> Window | None:
        size, page = _size(self, request), _number(self, request) - self.start
        return None if size is None else (size * page, size * (page + 1))

    def around(self, request: Request, place: int, size: int) -> Request:
        """Of all sizes of a page, take that whose page with the record at `place` reaches farthest."""
        best, stop, each = size, (place // size + 1) * size, size - 1
        while place + each > stop:  # smaller ones cannot reach farther
            if (reach := (place // each + 1) * each) > stop:
                best, stop = each, reach
            each -= 1
        return _asking(self, request, self.start + place // best, best)

    def _is_whole(self, request: Request, answer: Answer) -> bool:
        """Whether a full page ends where all records do; where one is not full, the counting may be off."""
        start, stop = self.window(request) or (0, None)
        is_full = stop is not None and answer.rows >= stop - start
        return is_full and answer.total is not None and stop is not None and stop >= answer.total


def bound_of(paging: Paging, request: Request, answer: Answer) -> int | None:
    """Records beyond which there are none, by the number of pages; None where the answer does not tell."""
    if not isinstance(paging, PageNumber):
        return None
    pages, size = answer.number(paging.pages), _size(paging, request)
    return None if pages is None or size is None else pages * size


def counted_by(request: Request, following: Request, size_param: str, rows: int) -> Counted | None:
    """How the link from a first page of so many rows to the second counts; None where that cannot be told.

    It counts when it says the size of a page, and differs from the first request in one parameter besides,
    which is the next number, or as many records on. Where the parameter for the size is not known (''), it is
    the one that says how many came. None where there are two ways to read it.
    """
    first, second = spelt(request).params, spelt(following).params
    names = [size_param] if size_param else [name for name in second if whole(second[name]) == rows]
    found = [counted for name in names if (counted := _counted(first, second, name)) is not None]
    return found[0] if len(found) == 1 else None


def is_numbered(request: Request, following: Request) -> bool:
    """Whether a link is that of the page with the next number."""
    name, was, number = _difference(spelt(request).params, spelt(following).params, "")
    return bool(name) and _comes_next(was, number)


def _counted(first: Mapping[str, str], second: Mapping[str, str], size_param: str) -> Counted | None:
    size = whole(second.get(size_param))
    if size is None or size < 3 or first.get(size_param, str(size)) != str(size):
        return None  # with tiny pages the next number may be as many records on as well
    name, was, number = _difference(first, second, size_param)
    if not name or was not in (None, 0, 1):
        return None
    if number == size and was != 1:
        return Offset(name, size_param)
    return PageNumber(name, size_param, number - 1) if _comes_next(was, number) else None


def _comes_next(was: int | None, number: int) -> bool:
    """Whether it is the next number; the first page, where it has none, may be 0 or 1."""
    return number in ((1, 2) if was is None else (was + 1,))


def _difference(first: Mapping[str, str], second: Mapping[str, str], but: str) -> tuple[str, int | None, int]:
    """The only parameter in which two requests differ, `but` one, and its numbers; '' where there is none."""
    names = [name for name in {**first, **second} if first.get(name) != second.get(name) and name != but]
    number = whole(second.get(names[0])) if len(names) == 1 else None
    return ("", None, 0) if number is None else (names[0], whole(first.get(names[0])), number)


def spelt(request: Request) -> Request:
    """The same request with the query of its address as parameters, where none of them comes twice."""
    address, _, query = request.address.partition("?")
    params = parse_qsl(query, keep_blank_values=True)
    return replace(request, url=address, params=dict(params)) if len(dict(params)) == len(params) else request


def _asking(paging: Offset | PageNumber, request: Request, number: int, size: int) -> Request:
    """The request for at most `size` records, from that number on."""
    sized = {} if paging.size_param is None else {paging.size_param: size}
    return giving(request, {paging.param: number, **sized}, paging.into)


def _is_last(paging: Offset | PageNumber, request: Request, answer: Answer) -> bool:
    """Whether there is nothing after a page, as far as the service tells, or else since it is empty."""
    has_more = answer.flag(paging.more)
    if has_more is not None:
        return not has_more
    around = links(answer.headers.get("link", "")).keys()
    if AROUND & around or "next" in around:
        return "next" not in around
    return answer.rows == 0 or is_short(paging, request, answer)


def _number(paging: Offset | PageNumber, request: Request) -> int:
    """The number that a request asks for; none is as good as the first."""
    number = whole(given(request, paging.param, paging.into))
    return paging.start if number is None else number


def _size(paging: Offset | PageNumber, request: Request) -> int | None:
    if paging.size_param is None:
        return None
    return whole(given(request, paging.size_param, paging.into))
