"""Pagings that ask for what comes after a token: one that the answer holds, or the key of its last record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..errors import DecodeError
from ..http import Request
from .answers import Answer, whole
from .places import Into, given, giving


@dataclass(frozen=True, slots=True)
class Cursor:
    """The payload holds a token at `path`, to be sent back as `param`."""

    path: str
    param: str
    size_param: str | None = "limit"
    more: str | None = None
    """Dotted path to whether there is more; where the answer does not say, the token tells."""
    into: Into = "query"

    def first(self, request: Request, size: int) -> Request:
        return giving(request, {self.size_param: size}, self.into) if self.size_param else request

    def next(self, request: Request, answer: Answer) -> Request | None:
        token, has_more = answer.at(self.path), answer.flag(self.more)
        if has_more is False:
            return None
        if token is None or token is False or token == "":
            if has_more:
                raise DecodeError(f"the answer says that there is more, and has no cursor at {self.path!r}")
            return None
        if self.into == "query" and not _is_scalar(token):
            raise DecodeError(f"what stands at {self.path!r}, for the cursor of the next page, is none")
        return giving(request, {self.param: token}, self.into)

    def ahead(self, request: Request, payload: Any) -> Request | None:
        return self.next(request, Answer(payload, 0, {}))


@dataclass(frozen=True, slots=True)
class KeySet:
    """Records come in the order of their keys; `param` asks for those after the last that came."""

    param: str
    size_param: str | None = "limit"
    more: str | None = None
    """Dotted path to whether there is more; where the answer does not say, an empty page is the end."""
    into: Into = "query"
    short_is_last: bool = False
    """Whether a page shorter than asked for is the last: only where the service is known for that."""

    def first(self, request: Request, size: int) -> Request:
        return giving(request, {self.size_param: size}, self.into) if self.size_param else request

    def next(self, request: Request, answer: Answer) -> Request | None:
        has_more = answer.flag(self.more)
        if has_more is False or self._is_last(request, answer, bool(has_more)):
            return None
        if not _is_scalar(answer.last):
            raise DecodeError(
                f"what comes after this page cannot be asked for: its {answer.rows:,} records have no key;"
                " say which column is the key, or have it sent along"
            )
        return giving(request, {self.param: answer.last}, self.into)

    def _is_last(self, request: Request, answer: Answer, has_more: bool) -> bool:
        return not has_more and (answer.rows == 0 or is_short(self, request, answer))


def is_short(paging: Any, request: Request, answer: Answer) -> bool:
    """Whether a page has fewer records than asked for, and comes from a service where that means the end."""
    if not paging.short_is_last or paging.size_param is None:
        return False
    size = whole(given(request, paging.size_param, paging.into))
    return size is not None and answer.rows < size


def _is_scalar(token: Any) -> bool:
    return isinstance(token, str | int | float) and not isinstance(token, bool)
