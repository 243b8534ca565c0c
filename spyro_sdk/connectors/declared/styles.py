"""Pages that end before the service says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...http import Request
from ...paging import Answer, Foreseeing, Into, Paging


@dataclass(frozen=True, slots=True)
class Until:
    """Another paging, which ends at an empty page, or at a number."""

    paging: Paging
    ends_empty: bool = False
    """Whether a page without records is the last, whatever it says of a next one."""
    param: str | None = None
    """The query parameter that counts."""
    end: int | None = None
    """The number at which no page is asked for any more."""

    @property
    def size_param(self) -> str | None:
        """The parameter for the number of records of a page."""
        found: str | None = getattr(self.paging, "size_param", None)
        return found

    @property
    def more(self) -> str | None:
        """Dotted path to whether there is more."""
        found: str | None = getattr(self.paging, "more", None)
        return found

    @property
    def into(self) -> Into:
        """Where the parameters travel."""
        found: Into = getattr(self.paging, "into", "query")
        return found

    def first(self, request: Request, size: int) -> Request:
        return self.paging.first(request, size)

    def next(self, request: Request, answer: Answer) -> Request | None:
        if self.ends_empty and not answer.rows:
            return None
        return self._before_end(self.paging.next(request, answer))

    def ahead(self, request: Request, payload: Any) -> Request | None:
        if not isinstance(self.paging, Foreseeing):
            return None
        return self._before_end(self.paging.ahead(request, payload))

    def _before_end(self, request: Request | None) -> Request | None:
        if request is None or self.end is None or self.param is None:
            return request
        return request if int(request.params[self.param]) < self.end else None
