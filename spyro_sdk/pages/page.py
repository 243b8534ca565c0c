"""What a page is, and how pages are asked for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import pyarrow as pa

from ..http import Request
from ..paging import Counted


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of the service: its records, and where the next are."""

    batch: pa.RecordBatch
    rows: int  # that came; fewer are left in the batch where the service cannot filter
    next: Request | None = None
    total: int | None = None
    """Records of the whole fetch, if the service says."""
    last: Any = None
    """The key of its last record, where the entity has one."""
    size: int = 0  # bytes of the body it came in, unzipped
    keys: pa.Array | None = None
    """The keys of its records, where each has one and these can be compared."""
    raw: pa.RecordBatch | None = None
    """Its records as they came; None where these are the batch."""
    has_more: bool | None = None
    """Whether the service says that there is more after it; None where it does not say."""
    request: Request | None = None
    """What it was asked for with; None where that is what was handed over."""
    bound: int | None = None
    """Records that the fetch may have at the most, by the number of pages; None where it is not told."""


Foresee: TypeAlias = Callable[[Any], object]
"""Told what an answer says around its records, as soon as that is known."""
Ahead: TypeAlias = Callable[[Request, Any], Request | None]
"""The next request, as far as a request and what is foreseen of its answer tell it; see `paging`."""
Ask: TypeAlias = Callable[[Request, Foresee], Coroutine[Any, Any, Page]]
"""Ask for one page."""
GoesOn: TypeAlias = Callable[[int], bool]
"""Whether, after a first page that announces so many records, the others are wanted too."""
Identity: TypeAlias = tuple[str, str, bytes]


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far a fetch may run ahead of who reads it."""

    under_way: Callable[[], int] = lambda: 2  # pages, those that have come and wait among them
    page_size: int = 1000  # records that a page has at the most
    enough: int | None = None
    """Records after which none is asked for; None for all."""
    is_eager: bool = True
    """Whether a page may be asked for before the one before it is taken."""
    memory: int = 128 << 20  # bytes of pages that wait: 50 of the usual size
    goes_on: GoesOn | None = None


@dataclass(slots=True)
class Habits:
    """What a service was seen to do when it was asked for the pages of an entity."""

    size: int | None = None  # records in the largest page it accepts; None where none was refused
    is_exact: bool | None = None
    """Whether it sends exactly the records that a counted request asks for; None until that was seen."""


async def _as_it_is(page: Page) -> Page:
    return page


@dataclass(frozen=True, slots=True)
class Way:
    """What is known of how one page leads to the next."""

    ahead: Ahead | None = None
    counted: Counted | None = None
    """The paging, where its requests say which records they ask for."""
    links: str | None = None
    """Where links lead on, which may count: the parameter for the size of a page, '' if it is not known."""
    habits: Habits = field(default_factory=Habits)
    repaired: Callable[[str], object] = lambda what: None
    """Told what was done so that no record is missing, and none comes twice."""
    remade: Callable[[Page], Awaitable[Page]] = _as_it_is
    """What is made of a page whose batch was cut back from the records as they came."""
    doubted: Callable[[int, int], object] = lambda least, most: None
    """Told the numbers of records that were announced, where they changed and nothing tells what that did."""
    is_stable: bool = False
    """Whether the list is declared to stay as it is while it is read."""


def identity(request: Request) -> Identity:
    """What tells one page's request from another's; a cursor may stand in the body."""
    return request.method, request.address, request.body


def records(page: Page) -> pa.RecordBatch:
    """The records of a page as they came."""
    return page.batch if page.raw is None else page.raw


def cut(page: Page, count: int) -> Page:
    """A page without its first `count` records."""
    keys = None if page.keys is None else page.keys.slice(count)
    return replace(page, batch=records(page).slice(count), raw=None, rows=page.rows - count, keys=keys)


def nothing(page: Page) -> Page:
    """A page that has no record, of the same columns as another."""
    return Page(page.batch.slice(0, 0), 0, keys=pa.array([], pa.string()), raw=records(page).slice(0, 0))
