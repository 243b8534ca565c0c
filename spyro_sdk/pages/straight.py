"""Each page says, or counts, where the next is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from ..errors import DataFetchError
from ..http import Request, redacted
from ..paging import Answer, Counted, counted_by, is_numbered, spelt
from .courses import GONE, Lost, Step, Tally
from .overlapping import Overlapping
from .page import Page, Way, cut, identity, nothing, records
from .seams import Seam, seam

EMPTY_PAGES = 100  # one after the other, each of which says that there is more
WHOLE_PAGES = "if a page that is not full is the last of this service, declare short_is_last"
SAME_PAGES = 3  # one after the other, which are alike to the last value


@dataclass(slots=True)
class Straight:
    """Each page says, or counts, where the next is; there is no overlap to tell whether records moved."""

    way: Way
    tally: Tally
    lost: Lost
    reach: int | None = None
    known: pa.Array | None = None
    """The keys of the last page that had records."""
    held: pa.RecordBatch | None = None
    """Its records."""
    before: Page | None = None
    stride: int | None = None
    """Records that the first page had, however many were asked for."""
    empty: int = 0  # pages, one after the other
    same: int = 1  # pages, one after the other

    def ahead(self, request: Request, payload: Any) -> Request | None:
        """What the paging can tell of the next page; not where the next will be another, which overlaps."""
        if self.way.ahead is None or (self.before is None and self.way.habits.is_exact):
            return None
        if self.stride is None or self.way.counted is None:
            return self.way.ahead(request, payload)
        return self.way.counted.next(request, Answer(None, self.stride, {}))

    def settle(self, request: Request, page: Page) -> Step:
        """Leave out what had come before; stop where the service leads us round in a circle."""
        self.tally.came.add(identity(request))
        self._check_totals(request, page)
        found = seam(self.known, page.keys)
        self._check_same(request, page, found)
        upcoming = self._next(request, page, page.rows - found.count)
        course = self._overlapping(request, page)
        self.stride = page.rows if self.before is None else self.stride
        is_same = self.held is None or not found.count or _is_shared(self.held, records(page), found.count)
        self.before = page
        if page.rows:
            self.known, self.held = page.keys, records(page)
        if course is not None and upcoming is not None:
            return course.start()
        if not found.count:
            return Step(page, upcoming)
        return self._trimmed(page, upcoming, found, is_same)

    def instead(self, request: Request, error: DataFetchError) -> Step:
        """Beyond the last page many services say that there is no such page."""
        before, pages = self.before, getattr(self.way.counted, "pages", None)
        if error.status == GONE and self._is_counted and before and not before.has_more and pages is None:
            return self.settle(request, nothing(before))
        if self._is_counted and before:
            error.hint = error.hint or WHOLE_PAGES
        raise error

    @property
    def _is_counted(self) -> bool:
        return self.way.counted is not None

    def _check_totals(self, request: Request, page: Page) -> None:
        """Without a key nobody can tell which records a page lacks when their number has changed."""
        tally = self.tally
        tally.see(page.total, page.bound)
        if tally.grew is None or not self._moves(request):
            return
        if page.keys is None:
            raise self.lost(
                f"the number of records changed to {tally.told} while they were read, and without a key"
                " nobody can tell which are missing; say which column is the key, or that the list is stable"
            )
        if not tally.grew and not seam(self.known, page.keys).count:
            raise self.lost(
                f"the number of records fell to {tally.told} while they were read, and the service does"
                " not let pages overlap, so that it cannot be told which are missing; read again"
            )

    def _moves(self, request: Request) -> bool:
        """Whether a page has others in it when something was added or removed before it."""
        counted, before = self.way.counted, self.before
        if counted is not None:
            return not counted.is_stable
        if self.way.links is None or before is None or before.request is None:
            return False
        return is_numbered(before.request, request)

    def _check_same(self, request: Request, page: Page, found: Seam) -> None:
        """A service that ignores what we ask for sends the same page again and again."""
        hint = f"; {WHOLE_PAGES}" if self._is_counted else ""
        if self.known is not None and 0 < found.count == page.rows == len(self.known):
            raise self.lost(
                f"page {self.tally.pages + 1} has the same records as the one before it; does it heed what we"
                f" ask for? {request.method} {redacted(request.address)}" + hint
            )
        if page.keys is not None or self.before is None:
            return
        is_same = page.rows > 0 and records(page).equals(records(self.before))
        self.same = self.same + 1 if is_same else 1
        if self.same >= SAME_PAGES:
            raise self.lost(
                f"{SAME_PAGES} pages in a row are the same to the last value; if these are others each time,"
                " say which column is the key"
            )

    def _next(self, request: Request, page: Page, new: int) -> Request | None:
        """The next request, unless this page is the last."""
        tally, upcoming = self.tally, page.next
        is_whole = self._is_counted and tally.total is not None and tally.rows + new >= tally.total
        if upcoming is None or (is_whole and not page.has_more):
            return None
        self.empty = 0 if page.rows else self.empty + 1
        if self.empty > EMPTY_PAGES or (self.empty and identity(upcoming) == identity(request)):
            raise self.lost(f"it says that there is more after {tally.rows:,} records, and sends none")
        if identity(upcoming) in tally.came:
            raise self.lost(f"page {tally.pages + 1} links back to one that came before")
        return upcoming

    def _trimmed(self, page: Page, upcoming: Request | None, found: Seam, is_same: bool) -> Step:
        if not found.is_shift:
            raise self.lost(
                f"{found.count:,} of the records on page {self.tally.pages + 1} had come before, and not in"
                " their order: the key is not unique, or the order changes while it is read"
            )
        if self.way.is_stable or not is_same:
            raise self.lost(
                f"{found.count:,} of the records on page {self.tally.pages + 1} have keys of others that had"
                " come: either the key is not unique, or records were moved and changed while they were read"
            )
        self.tally.has_moved |= self.tally.has_changed or self.tally.total is None
        what = f"{found.count:,} records that had come before came again, and were left out"
        return Step(cut(page, found.new), upcoming, what, is_cut=True)

    def _overlapping(self, request: Request, page: Page) -> Overlapping | None:
        """Who leads on with pages that overlap, where that is possible."""
        habits = self.way.habits
        if self.before is not None or habits.is_exact is False or page.keys is None or not page.rows:
            return None
        counted, template = self._counted(request, page)
        window = None if counted is None else counted.window(template)
        if counted is None or counted.is_stable or window is None:
            return None
        start, stop = window
        size = page.rows if stop is None else min(page.rows, stop - start)
        if size < counted.least:
            return None
        return Overlapping(counted, size, template, page, page.keys, self.tally, habits, self.lost, self)

    def _counted(self, request: Request, page: Page) -> tuple[Counted | None, Request]:
        """How the pages after the first are counted, and a request that shows it; None where they are not."""
        way = self.way
        if page.next is None or way.counted is not None or way.links is None:
            window = None if way.counted is None else way.counted.window(request)
            return way.counted if window is not None and window[0] == 0 else None, request
        return counted_by(request, page.next, way.links, page.rows), spelt(page.next)


def _is_shared(before: pa.RecordBatch, after: pa.RecordBatch, count: int) -> bool:
    """Whether the last records of one page are the first of the next, to the last value."""
    last = before.slice(max(0, before.num_rows - count)).to_pylist()
    return bool(last == after.slice(0, count).to_pylist())
