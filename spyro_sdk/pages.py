"""All pages of a fetch, in their order, each asked for as soon as its address is known."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

import anyio
import pyarrow as pa

from .errors import ConnectorError, IntegrityError
from .http import Request


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


@dataclass(slots=True, eq=False)
class _Turn:
    """A page that was asked for, and what is known of the next."""

    request: Request
    next: Request | None
    is_computed: bool
    """Whether the next is told by the request alone: nobody knows yet that there is one."""
    task: asyncio.Task[Page] = field(init=False)


class Pages:
    """The pages of one fetch.

    A page whose address is only foreseen is asked for all the same: by its number, or by a link read off a
    body that is not decoded yet. When the page before it has come and leads somewhere else, what was asked
    for too much is dropped, so that no page is missing and none comes twice.
    """

    def __init__(
        self, ask: Ask, ahead: Ahead | None, bounds: Bounds, lost: Callable[[str], IntegrityError]
    ) -> None:
        self._ask, self._ahead, self._bounds, self._lost = ask, ahead, bounds, lost
        self._line: deque[_Turn] = deque()
        self._tasks: set[asyncio.Task[Page]] = set()
        self._came: set[Identity] = set()
        self._rows, self._largest = 0, 1
        self._announced: int | None = None
        self._enough = bounds.enough

    async def read(self, first: Request) -> AsyncGenerator[Page, None]:
        """Yield the pages from `first` on.

        No page is asked for that is not needed for `enough` records. Raises `IntegrityError` when the service
        sends us round in a circle, or fewer or more records than it had announced.
        """
        upcoming: Request | None = first
        try:
            while upcoming is not None:
                if not self._line:
                    self._start(upcoming)
                page = await self._line[0].task
                upcoming = self._settle(self._line.popleft(), page)
                if upcoming is not None and self._bounds.is_eager:
                    self._go_on(upcoming)
                yield page
        finally:
            await self._abandon()
        if not self._is_enough and self._announced not in (None, self._rows):
            raise self._lost(f"it announced {self._announced:,} records and sent {self._rows:,}")

    def _settle(self, turn: _Turn, page: Page) -> Request | None:
        """Count a page that has come; return the request for the next, None where no more is wanted."""
        self._came.add(_identity(turn.request))
        self._rows += page.rows
        self._largest = max(self._largest, page.size)
        self._announced = page.total if page.total is not None else self._announced
        if len(self._came) == 1 and not self._goes_on():
            self._enough = 0
        upcoming = None if self._is_enough else page.next
        if upcoming is None:
            self._drop()
        elif turn.next is not None and _identity(turn.next) != _identity(upcoming):
            self._ahead = None  # it would be wrong again, and each time cost a request
            self._drop()
        if upcoming is not None and _identity(upcoming) in self._came:
            raise self._lost(f"page {len(self._came)} links back to one that came before")
        return upcoming

    def _goes_on(self) -> bool:
        goes_on, announced = self._bounds.goes_on, self._announced
        return goes_on is None or announced is None or goes_on(announced)

    @property
    def _is_enough(self) -> bool:
        return self._enough is not None and self._rows >= self._enough

    def _go_on(self, upcoming: Request) -> None:
        if not self._line:
            self._start(upcoming)
        self._extend()

    def _start(self, request: Request) -> None:
        """Ask for a page."""
        following = self._told(request, None)
        turn = _Turn(request, following, following is not None)
        turn.task = asyncio.create_task(self._ask(request, partial(self._foresee, turn)))
        turn.task.add_done_callback(self._tasks.discard)
        turn.task.add_done_callback(_looked_at)
        self._tasks.add(turn.task)
        self._line.append(turn)

    def _foresee(self, turn: _Turn, payload: Any) -> None:
        """Ask for the page after the last, when what came of that tells its address."""
        if turn.next is None and self._line and turn is self._line[-1]:
            turn.next = self._told(turn.request, payload)
            self._extend()

    def _told(self, request: Request, payload: Any) -> Request | None:
        """The next request as far as it can be told; what makes no sense is found out by the page itself."""
        if self._ahead is not None:
            with suppress(ConnectorError, ValueError, TypeError, LookupError):
                return self._ahead(request, payload)
        return None

    def _extend(self) -> None:
        """Ask for as many pages more as are known and have room."""
        while self._line and (following := self._line[-1].next) is not None and self._has_room():
            if self._is_known(_identity(following)):
                return
            self._start(following)

    def _is_known(self, identity: Identity) -> bool:
        return identity in self._came or any(_identity(turn.request) == identity for turn in self._line)

    def _has_room(self) -> bool:
        """Whether one more page may be asked for ahead."""
        bounds, waiting = self._bounds, len(self._line)
        return (
            bounds.is_eager
            and waiting < min(self._window(), bounds.under_way())
            and waiting * self._largest < bounds.memory
            and (bounds.enough is None or self._rows + waiting * bounds.page_size < bounds.enough)
        )

    def _window(self) -> int:
        """Pages that may wait: twice as many as have come, so that whoever stops early has wasted little.

        A page that is only computed may not be there: none is asked for before the first has come, nor more
        than the announced number of records can fill.
        """
        came = len(self._came)
        if not self._line[-1].is_computed:
            return 2 * came + 2
        if self._rows and self._announced is not None:
            return -(-(self._announced - self._rows) * came // self._rows)  # rounded up, of any size
        return 2 * came

    def _drop(self) -> None:
        for turn in self._line:
            turn.task.cancel()
        self._line.clear()

    async def _abandon(self) -> None:
        """Cancel what nobody waits for any more, and see it end."""
        self._drop()
        if self._tasks:
            with anyio.CancelScope(shield=True):
                await asyncio.gather(*self._tasks, return_exceptions=True)


def _looked_at(task: asyncio.Task[Page]) -> None:
    """Take note of an error, which nobody else may look at: its page turned out not to be one."""
    if not task.cancelled():
        task.exception()


def _identity(request: Request) -> Identity:
    """What tells one page's request from another's; a cursor may stand in the body."""
    return request.method, request.address, request.body
