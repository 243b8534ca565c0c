"""All pages of a fetch, in their order, each asked for as soon as its address is known."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable
from typing import Any

from ..arrow.mark import Mark, Place
from ..errors import ConnectorError, DataFetchError, IntegrityError
from ..http import Request
from .courses import Step, Tally
from .going_on import GoingOn, Reached
from .line import Line, Turn
from .page import Ask, Bounds, Page, Way, identity
from .straight import Straight


class Pages:
    """The pages of one fetch.

    A page whose address is only foreseen is asked for all the same: by its number, or by a link read off a
    body that is not decoded yet. When the page before it has come and leads somewhere else, what was asked
    for too much is dropped, so that no page is missing and none comes twice.
    """

    def __init__(self, ask: Ask, way: Way, bounds: Bounds, lost: Callable[[str], IntegrityError]) -> None:
        self._way, self._bounds, self._lost = way, bounds, lost
        tally = Tally()
        self._reached = Reached(tally, Straight(way, tally, lost))
        self._line = Line(ask, self._ahead, self._has_room)
        self._is_misled = False
        self._largest = 1
        self._enough = bounds.enough

    async def read(self, first: Request | None) -> AsyncGenerator[Page, None]:
        """Yield the pages from `first` on; None where all have come.

        No page is asked for that is not needed for `enough` records. Raises `IntegrityError` when the service
        sends us round in a circle, when records may have been lost since others were added or removed while
        they were read, or when fewer or more came than the service had announced.
        """
        upcoming = first
        try:
            while upcoming is not None:
                step = await self._step(upcoming)
                upcoming = self._settle(step)
                if step.page is not None:
                    yield await self._way.remade(step.page) if step.is_cut else step.page
        except IntegrityError:
            raise
        except ConnectorError:
            self._check_once()  # what has come may be taken all the same: not where some of it came twice
            raise
        finally:
            await self._line.leave()
        self._check_total()
        self._check_once()

    def mark(self, first: Request) -> Mark:
        """How far they have come with the page that was yielded last; `first` began them."""
        return GoingOn(self._way, first, self._lost).mark(self._reached)

    def go_on(self, place: Place, marks: Iterable[Mark], first: Request) -> Request | None:
        """What to read from, to go on where others had come to that `first` began; called in a worker."""
        self._reached = GoingOn(self._way, first, self._lost).reached(place, marks)
        return self._reached.next

    async def _step(self, upcoming: Request) -> Step:
        """What is made of the page that comes next."""
        turn = self._line.turn(upcoming)
        try:
            page = await turn.task
        except DataFetchError as error:
            return self._reached.course.instead(turn.request, error)
        finally:
            self._line.took()
        self._largest = max(self._largest, page.size)
        step = self._reached.course.settle(page.request or turn.request, page)
        self._is_misled |= self._is_wrong(turn, step)
        return step

    def _is_wrong(self, turn: Turn, step: Step) -> bool:
        """Whether the next was foreseen wrongly, and would be again: each time that would cost a request."""
        upcoming, is_repair = step.next, step.page is None or step.what or step.course
        if upcoming is None or turn.next is None or is_repair or identity(turn.next) == identity(upcoming):
            return False
        adapted = self._reached.course.ahead(turn.request, None)
        return adapted is None or identity(adapted) != identity(upcoming)

    def _settle(self, step: Step) -> Request | None:
        """Take note of a page; return the request for the next, None where no more is wanted."""
        if step.page is not None:
            self._reached.page = step.page
            self._tally.rows += step.page.rows
            self._tally.pages += 1
            self._reached.once.see(step.page.keys)
            if self._tally.pages == 1 and not self._goes_on():
                self._enough = 0
        if step.what is not None:
            self._way.repaired(step.what)
        self._reached.course = step.course or self._reached.course
        upcoming = self._reached.next = None if self._is_enough else step.next
        first = self._line.first
        if first is not None and (upcoming is None or identity(first.request) != identity(upcoming)):
            self._line.drop()
        if upcoming is not None and self._bounds.is_eager:
            self._line.go_on(upcoming)
        return upcoming

    @property
    def _tally(self) -> Tally:
        return self._reached.tally

    @property
    def _is_enough(self) -> bool:
        return self._enough is not None and self._tally.rows >= self._enough

    def _goes_on(self) -> bool:
        goes_on, announced = self._bounds.goes_on, self._tally.total
        return goes_on is None or announced is None or goes_on(announced)

    def _check_total(self) -> None:
        it = self._tally
        if self._is_enough:
            return
        if not it.agrees:
            raise self._lost(f"it announced {it.total:,} records and sent {it.rows:,}")
        if it.has_changed and not it.has_moved:
            self._way.doubted(it.least or 0, it.most or 0)

    def _check_once(self) -> None:
        if count := self._reached.once.repeated:
            raise self._lost(
                f"{count:,} records have the key of another that came pages before: either the key is not"
                " unique, or a page came twice in the place of another, or records were moved while they were"
                " read"
            )

    def _ahead(self, request: Request, payload: Any) -> Request | None:
        """The next request, as far as it can be told, and unless that was wrong before."""
        return None if self._is_misled else self._reached.course.ahead(request, payload)

    def _has_room(self, last: Turn, waiting: int) -> bool:
        """Whether one more page may be asked for ahead, after the last of those that wait."""
        bounds, tally = self._bounds, self._tally
        most = min(self._window(last), bounds.under_way(), self._reached.course.reach or waiting + 1)
        return (
            bounds.is_eager
            and waiting < most
            and waiting * self._largest < bounds.memory
            and (bounds.enough is None or tally.rows + waiting * bounds.page_size < bounds.enough)
            and (last.next is None or identity(last.next) not in tally.came)
        )

    def _window(self, last: Turn) -> int:
        """Pages that may wait: twice as many as have come, so that whoever stops early has wasted little.

        A page that is only computed may not be there: none is asked for before the first has come, nor more
        than the announced number of records can fill.
        """
        came, rows, bound = self._tally.pages, self._tally.rows, self._tally.bound
        if not last.is_computed:
            return 2 * came + 2
        if rows and bound is not None:
            return -(-(bound - rows) * came // rows)  # rounded up, of any size
        return 2 * came
