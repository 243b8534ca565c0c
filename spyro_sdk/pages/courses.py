"""Where to go on after a page, and how to tell that no record was lost and none came twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..errors import DataFetchError, IntegrityError
from ..http import Request
from .page import Identity, Page

GONE = 404  # as many services answer beyond the last page

Lost = Callable[[str], IntegrityError]


@dataclass(slots=True)
class Tally:
    """What has come so far."""

    rows: int = 0
    pages: int = 0
    total: int | None = None
    """Records of the whole fetch, as the service said last."""
    grew: bool | None = None
    """Whether the last page announced more records than those before it, or fewer; None for neither."""
    least: int | None = None
    """The least that it said."""
    most: int | None = None
    """The most that it said."""
    bound: int | None = None
    """Records beyond which there are none, by the total or the number of pages that the service said last."""
    has_moving_bound: bool = False
    """Whether the service, which tells the number of pages alone, did not always say the same."""
    has_moved: bool = False
    """Whether it was seen, and repaired, that records were added or removed meanwhile."""
    came: set[Identity] = field(default_factory=set)
    """What asked for the pages that have come."""

    def see(self, total: int | None, bound: int | None = None) -> None:
        """Take note of what a page announces."""
        self.grew = None
        before, self.bound = self.bound, next((it for it in (total, bound) if it is not None), self.bound)
        if self.total is None and total is None and self.bound != before is not None:
            self.grew, self.has_moving_bound = (self.bound or 0) > before, True
        if total is None or total == self.total:
            return
        if self.total is not None:
            self.grew = total > self.total
        self.total = total
        self.least, self.most = (
            min(total, total if self.least is None else self.least),
            max(total, self.most or 0),
        )

    @property
    def has_changed(self) -> bool:
        """Whether the service did not always announce the same number."""
        return self.least != self.most

    @property
    def told(self) -> str:
        """The number of records that the service said last, in words."""
        return f"{self.total:,}" if self.total is not None else f"at most {self.bound or 0:,}"

    @property
    def agrees(self) -> bool:
        """Whether as many came as were announced; where that changed, any number between will do."""
        if self.least is None or self.most is None or self.has_moved:
            return True
        return self.least <= self.rows <= self.most


@dataclass(frozen=True, slots=True)
class Step:
    """What is made of a page that has come."""

    page: Page | None
    """Its records that are new; None where it was of no use."""
    next: Request | None
    """What to ask for after it; None at the end."""
    what: str | None = None
    """What was repaired, in words."""
    is_cut: bool = False
    """Whether the page holds less than what came."""
    course: Course | None = None
    """Who leads on from here, where that is another."""


class Course(Protocol):
    """Who leads from page to page."""

    @property
    def reach(self) -> int | None:
        """How many pages may wait in line; None for as many as there is room for."""
        ...

    def ahead(self, request: Request, payload: Any) -> Request | None:
        """The next request, where it can be told already."""
        ...

    def settle(self, request: Request, page: Page) -> Step:
        """What is made of a page that has come."""
        ...

    def instead(self, request: Request, error: DataFetchError) -> Step:
        """What is made of a page that was refused; raises the error where nothing can be."""
        ...
