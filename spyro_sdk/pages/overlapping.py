"""Each page is asked for so that it begins with the last record of the one before it; see `seams`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from ..errors import DataFetchError
from ..http import Request
from ..paging import Counted
from .courses import GONE, Course, Lost, Step, Tally
from .page import Habits, Page, cut, nothing
from .seams import Seam, remembered, seam

PROBES = 16  # requests in a row that bring nothing new, when the records have moved
LEAST_KNOWN = 100  # keys that are remembered, however small the pages are
LEAST_TELLING = 10  # records in a page; fewer are added at once now and then
REFUSED = range(400, 500)


@dataclass(slots=True)
class Overlapping:
    """Who leads on from a first page, by windows that overlap."""

    counted: Counted
    size: int
    """Records that a page may have."""
    request: Request
    """Which asked for the first page, or for the second, if that is more telling."""
    first: Page
    known: pa.Array
    """The keys of the last records that came."""
    tally: Tally
    habits: Habits
    lost: Lost
    plain: Course
    """Who led to here, and leads on where the service does not send what is asked for."""
    place: int = 0
    """Where the last record that came should stand, all records counted from 0."""
    probes: int = 0
    """Requests in a row that brought nothing new."""
    back: int = 0
    """How far before its place the last record was looked for."""

    is_doubtful: bool = False
    """Whether a page had none but records that had come: many were added, or it is not what we asked for."""

    @property
    def reach(self) -> int | None:
        """One page until the service was seen to send what is asked for, and while records are looked for."""
        return None if self.habits.is_exact and not self.probes else 1

    def start(self) -> Step:
        """Go on after the first page."""
        self.place = self.first.rows - 1
        return Step(self.first, self._around(self.place), course=self)

    def ahead(self, request: Request, payload: Any) -> Request | None:
        """The next page begins where this one ends, if it is full; none beyond the announced number."""
        _, stop = self._window(request)
        bound = self.tally.bound
        return None if bound is not None and stop >= bound else self._around(stop - 1)

    def settle(self, request: Request, page: Page) -> Step:
        """Take what is new in a page, once it is certain that nothing lies between it and what came."""
        start, stop = self._window(request)
        self.tally.see(page.total, page.bound)
        self.tally.has_moved |= self.tally.has_changed
        if page.rows > stop - start:
            return self._overlong(page)
        found = self._found(page)
        if not found.count:
            return self._looked_for(start, page)
        if found.new < page.rows:
            return self._taken(start, page, found)
        if self._is_end(start, stop, page, found):
            return self._ended(page)
        return self._nothing_new(start, page, found)

    def instead(self, request: Request, error: DataFetchError) -> Step:
        """Where the service refuses pages that overlap, ask for those that do not."""
        if error.status == GONE:
            return self.settle(request, nothing(self.first))
        if error.status in REFUSED and self._is_unproven:
            return self._given_up()
        raise error

    # -- what a page may turn out to be ---------------------------------------------------------------

    def _found(self, page: Page) -> Seam:
        """Where the records that came last stand in a page."""
        if page.keys is None:
            raise self.lost(f"some records of page {self.tally.pages + 1} have no key")
        found = seam(self.known, page.keys)
        if not found.is_ordered:
            raise self.lost("their order changed while they were read; ask for them sorted by the key")
        return found

    def _taken(self, start: int, page: Page, found: Seam) -> Step:
        """There is something new after the last record that came."""
        assert page.keys is not None  # it was found in them
        what = self._moved(start, found)
        self.habits.is_exact = True
        self.known = remembered(self.known, page.keys.slice(found.new), max(2 * self.size, LEAST_KNOWN))
        self.place, self.probes, self.back = start + page.rows - 1, 0, 0
        upcoming = self._after(page) if what is None else self._around(self.place)
        return Step(cut(page, found.new), upcoming, what, is_cut=True)

    def _is_end(self, start: int, stop: int, page: Page, found: Seam) -> bool:
        """Whether the last record that came is where it should be, with room behind it, and nothing there."""
        is_in_place = found.is_latest and start + page.rows - 1 == self.place and found.new == page.rows
        return is_in_place and page.rows < stop - start

    def _ended(self, page: Page) -> Step:
        if page.has_more:
            raise self.lost(f"it says that there is more after {self.tally.rows:,} records, and sends none")
        return Step(cut(page, page.rows), None, is_cut=True)

    def _nothing_new(self, start: int, page: Page, found: Seam) -> Step:
        """There is nothing after the last record that came, and yet it may not be the end."""
        if self._is_unproven and found.count == page.rows:
            if self.is_doubtful:
                return self._doubted()
            self.is_doubtful = True
        self.place = start + page.rows - 1
        return self._probe(self._around(self.place))

    def _looked_for(self, start: int, page: Page) -> Step:
        """None of the last records that came is there: those before it are fewer now, or many more."""
        if self._is_unproven and self.is_doubtful:
            return self._doubted()
        if start == 0 and not page.rows:
            self.tally.has_moved = True
            return Step(page, None, "all records that had come were removed")
        if start == 0 or (self.tally.grew and page.rows):
            self.place = start + max(page.rows, 1) - 1
            return self._probe(self._around(self.place))
        self.back = min(self.size, 2 * self.back or max(1, self.size // 4))
        return self._probe(self._around(max(0, start - self.back)))

    def _overlong(self, page: Page) -> Step:
        """There are more records than were asked for."""
        if self._is_unproven:
            return self._given_up()
        raise self.lost(f"it sent {page.rows:,} records where fewer were asked for, though not before")

    def _doubted(self) -> Step:
        """Twice the page was not what we asked for; of tiny pages that says nothing."""
        if self.size >= LEAST_TELLING:
            return self._given_up()
        raise self.lost(
            f"instead of what comes after the first {self.size:,} records it sent these again: either more"
            " than a page was added, or it does not count as we do; say that the list is stable if it is"
        )

    def _given_up(self) -> Step:
        """Go on with pages that do not overlap: the service does not send what is asked for."""
        self.habits.is_exact = False
        return Step(None, self.first.next, course=self.plain)

    # -- the way on -----------------------------------------------------------------------------------

    @property
    def _is_unproven(self) -> bool:
        """Whether no page came yet that overlaps the one before it."""
        return not self.habits.is_exact

    def _moved(self, start: int, found: Seam) -> str | None:
        """What to tell where the last record that came is not where it was."""
        expected = self.place - start
        if found.is_latest and found.place == expected and not self.probes:
            return None
        self.tally.has_moved = True
        if found.place >= expected and found.is_latest and not self.probes:
            return f"{found.place - expected:,} records were added among those that had come; left out"
        return f"records were removed among those that had come; the next were looked for from {start:,} on"

    def _after(self, page: Page) -> Request | None:
        """What to ask for after a page that is what we asked for; else its place does not tell the end.

        Nor does a number of records that was another before: a wrong one must not end the fetch.
        """
        if (self.tally.has_changed or self.tally.has_moving_bound) and page.has_more is not False:
            return self._around(self.place)
        is_whole = page.total is not None and self.place + 1 >= page.total and not page.has_more
        return None if page.next is None or is_whole else self._around(self.place)

    def _probe(self, request: Request) -> Step:
        """Ask for another page, as this brought nothing new."""
        self.probes += 1
        if self.probes > PROBES:
            raise self.lost(
                f"after {self.tally.rows:,} records too many were added or removed: the last that came"
                f" were not found again in {PROBES} requests around their place; read again"
            )
        return Step(None, request)

    def _window(self, request: Request) -> tuple[int, int]:
        start, stop = self.counted.window(request) or (0, None)
        return start, start + self.size if stop is None else stop

    def _around(self, place: int) -> Request:
        return self.counted.around(self.request, place, self.size)
