"""How an API cuts its list into pages, and what it refuses."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from .store import Store

Params = Mapping[str, Any]
"""Texts, or whatever a JSON body had; names with dots for what is nested there."""


class Refusal(Exception):
    """What the API does not take."""

    def __init__(self, status: int, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.param = status, message, param


@dataclass(frozen=True)
class Cut:
    """A page: its records, and where it stands."""

    keys: list[int]
    size: int
    total: int
    after: int
    """Records up to its end."""
    next: Params | None
    """What to ask for the page after it; None behind the last."""

    @property
    def pages(self) -> int:
        return -(-self.total // self.size)


class Pager(Protocol):
    @property
    def params(self) -> tuple[str, ...]:
        """The parameters that it knows."""
        ...

    def cut(self, asked: Params, store: Store) -> Cut: ...


@dataclass(frozen=True)
class Size:
    """How many records a page has."""

    param: str = "per_page"
    default: int = 30
    most: int = 1_000
    over: Literal["named", "unnamed", "clamped"] = "named"
    """What becomes of a size over `most`: refused with or without telling it, or cut down without a word."""

    def of(self, asked: Params) -> int:
        size = whole(asked, self.param, self.default, least=1)
        if size <= self.most:
            return size
        if self.over == "clamped":
            return self.most
        told = f"must be at most {self.most}" if self.over == "named" else "is not acceptable"
        raise Refusal(422, f"{self.param} {told}", self.param)


@dataclass(frozen=True)
class Whole:
    """All records at once; it takes no parameters."""

    params: tuple[str, ...] = ()

    def cut(self, asked: Params, store: Store) -> Cut:
        return Cut(store.keys, max(1, len(store)), len(store), len(store), None)


@dataclass(frozen=True)
class Numbered:
    """Pages have numbers; behind the last one they are empty, or there are none."""

    param: str = "page"
    size: Size = Size()
    start: int = 1
    beyond: Literal["empty", "404"] = "empty"

    @property
    def params(self) -> tuple[str, ...]:
        return self.param, self.size.param

    def cut(self, asked: Params, store: Store) -> Cut:
        size, page = self.size.of(asked), whole(asked, self.param, self.start, least=self.start)
        start = (page - self.start) * size
        if self.beyond == "404" and start and start >= len(store):
            raise Refusal(404, f"there is no {self.param} {page}", self.param)
        return _cut(store, start, size, {self.param: page + 1, self.size.param: size})


@dataclass(frozen=True)
class Counted:
    """Records are counted."""

    param: str = "offset"
    size: Size = Size("limit")

    @property
    def params(self) -> tuple[str, ...]:
        return self.param, self.size.param

    def cut(self, asked: Params, store: Store) -> Cut:
        size, start = self.size.of(asked), whole(asked, self.param, 0)
        return _cut(store, start, size, {self.param: start + size, self.size.param: size})


@dataclass(frozen=True)
class Tokened:
    """A token leads to the next page; only those that were given out are taken."""

    param: str = "cursor"
    size: Size = Size("limit")

    @property
    def params(self) -> tuple[str, ...]:
        return self.param, self.size.param

    def cut(self, asked: Params, store: Store) -> Cut:
        size, token = self.size.of(asked), asked.get(self.param)
        start = 0 if token is None else store.after(self._key(token))
        cut = _cut(store, start, size, {})
        token = urlsafe_b64encode(f"after:{cut.keys[-1]}".encode()).decode() if cut.keys else None
        more = None if cut.next is None else {self.param: token, self.size.param: size}
        return Cut(cut.keys, size, cut.total, cut.after, more)

    def _key(self, token: Any) -> int:
        try:
            word, _, key = urlsafe_b64decode(token).decode().partition(":")
            assert word == "after"
            return int(key)
        except (AssertionError, TypeError, ValueError):
            raise Refusal(400, f"{self.param} is none that we gave out", self.param) from None


@dataclass(frozen=True)
class Keyed:
    """A page starts after the record with the key given."""

    param: str = "starting_after"
    size: Size = Size("limit")

    @property
    def params(self) -> tuple[str, ...]:
        return self.param, self.size.param

    def cut(self, asked: Params, store: Store) -> Cut:
        key, size = whole(asked, self.param, 0), self.size.of(asked)
        start = store.after(key) if key else 0
        cut = _cut(store, start, size, {})
        more = None if cut.next is None else {self.param: cut.keys[-1], self.size.param: size}
        return Cut(cut.keys, size, cut.total, cut.after, more)


def whole(asked: Params, name: str, default: int, *, least: int = 0) -> int:
    """A parameter that is a whole number: digits in a query, a number in a JSON body."""
    given = asked.get(name, default)
    if isinstance(given, str) and given.isascii() and given.isdecimal():
        given = int(given)
    if type(given) is not int or given < least:
        raise Refusal(422, f"{name} must be a whole number from {least}", name)
    return given


def _cut(store: Store, start: int, size: int, following: Params) -> Cut:
    keys, after = store.cut(start, size), min(start + size, len(store))
    return Cut(keys, size, len(store), after, following if start + size < len(store) else None)
