"""Ways to ask for the next page that only declarations know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...errors import DecodeError
from ...http import Request
from ...paging import Answer, Foreseeing, Paging, dig


@dataclass(frozen=True, slots=True)
class HeaderCursor:
    """A header of the answer holds a token, to be sent back as `param`."""

    header: str
    param: str
    size_param: str | None = None

    def first(self, request: Request, size: int) -> Request:
        return request.with_params(**{self.size_param: size}) if self.size_param else request

    def next(self, request: Request, answer: Answer) -> Request | None:
        token = answer.headers.get(self.header.lower())
        return request.with_params(**{self.param: token}) if token else None


@dataclass(frozen=True, slots=True)
class Until:
    """Another paging, which ends earlier: when the answer says so, at an empty page, or at a number."""

    paging: Paging
    more: str | None = None
    """Dotted path to whether there are more pages."""
    ends_empty: bool = False
    """Whether a page without records is the last, whatever it says of a next one."""
    param: str | None = None
    """The parameter that counts."""
    end: int | None = None
    """The number at which no page is asked for any more."""

    def first(self, request: Request, size: int) -> Request:
        return self.paging.first(request, size)

    def next(self, request: Request, answer: Answer) -> Request | None:
        if (self.ends_empty and not answer.rows) or not self._has_more(answer.payload):
            return None
        return self._before_end(self.paging.next(request, answer))

    def ahead(self, request: Request, payload: Any) -> Request | None:
        if not isinstance(self.paging, Foreseeing):
            return None
        return self._before_end(self.paging.ahead(request, payload))

    def _has_more(self, payload: Any) -> bool:
        if self.more is None:
            return True
        told = dig(payload, self.more)
        if str(told).lower() not in ("true", "false"):
            raise DecodeError(
                f"what stands at {self.more!r}, for whether there are more pages, is no true or false"
            )
        return str(told).lower() == "true"

    def _before_end(self, request: Request | None) -> Request | None:
        if request is None or self.end is None or self.param is None:
            return request
        return request if int(request.params[self.param]) < self.end else None
