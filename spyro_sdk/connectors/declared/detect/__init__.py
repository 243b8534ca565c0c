"""What a declaration does not say of an entity is found out from the service's first answers.

Nothing is guessed silently. Where the records are is read off the first answer. For the next page the
service is asked, at most `MOST_ASKS` times an entity: first for half of the records that it has just sent, so
that what must come behind these is known; then for that, in the ways that the answer suggests. The way that
brings it is the right one. Where none does, the error shows what was seen and what to write.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from ....errors import ConfigurationError, ConnectorError, DecodeError
from ....http import Request
from ....paging import ONE_PAGE, Answer, Cursor, LinkHeader, NextLink, Offset, OnePage, PageNumber, Paging
from .envelope import leaves, records_at, records_of, unmatched
from .following import are_alike, follows, looks_cut
from .ground import Ground
from .guesses import Guess, at_end, guesses, links, sizes
from .keys import check_key, find_key, is_only_weak, key_for_comparing
from .signs import Signs, is_there, limits_told, number_at, read
from .totals import check_total, find_total
from .unclear import ambiguous, contradicted

MOST_ASKS = 6
"""Requests that are sent for an entity beside the first, all but one with half a page each or less."""
REFUSALS = (400, 404, 422)
"""Statuses with which a service refuses a parameter it does not know, or a page it does not have."""


@dataclass(frozen=True, slots=True)
class Seen:
    """An answer, and the request for it: the declared one, without parameters of a paging to be found out."""

    request: Request
    payload: Any
    headers: Mapping[str, str] = field(repr=False)  # names in lower case
    size: int  # records asked for, where the request says how many


@dataclass(frozen=True, slots=True)
class Told:
    """What a declaration says; None where it says nothing, '' for a key or a total that there is not."""

    records: str | None = None
    paging: Paging | None = None
    key: str | None = None
    total: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What holds for an entity, told or found, and what there is to say about it."""

    records: str
    paging: Paging
    key: str | None
    total: str | None
    notes: tuple[str, ...]
    """Sentences without a full stop, each with its evidence."""
    is_tried: bool = True
    """Whether the paging was told, or seen to lead to a next page. Else it holds for these records only, and
    is to be found out again for the next fetch, when there may be more of them."""


Ask: TypeAlias = Callable[[Request], Awaitable[Seen]]
"""Send a request inside the guards; `ConnectorError` with the status of what the service refuses."""


async def detected(entity: str, seen: Seen, told: Told, ask: Ask) -> Found:
    """Complete what was told of an entity by what its first answer, and a few more, show.

    Raises `ConfigurationError` for what cannot be told, or was told wrongly, and what `ask` raises unless the
    service just refused a parameter. What was told is never changed. Of an answer without records nothing is
    learned about the next page: it is to be found out again once there are some.
    """
    return await _Detection(entity, seen, told, ask).found()


@dataclass(frozen=True, slots=True)
class _Page:
    """Records, and the answer they came in."""

    seen: Seen
    rows: list[dict[str, Any]]
    signs: Signs


class _Detection:
    """What is known so far."""

    def __init__(self, entity: str, seen: Seen, told: Told, ask: Ask) -> None:
        self._entity, self._told, self._ask = entity, told, ask
        self._asked: dict[tuple[str, str, bytes], _Page | None] = {}
        self._tried: list[str] = []
        self._notes: list[str] = []
        self._records = self._records_of(seen.payload)
        self._first = self._read(seen, records_of(seen.payload, self._records) or [])
        self._key_to_compare = key_for_comparing(entity, self._first.rows)
        self._is_tried = True
        self._came = ""
        self._size: str | None = None
        self._small: _Page | None = None
        """The beginning of the first page, asked for by its size."""
        self._second: _Page | None = None

    async def found(self) -> Found:
        """All that a fetch has to know."""
        paging = await self._paging()
        key = await self._key(paging)
        total = self._total()
        if limits := limits_told(self._first.seen.headers):
            self._notes.append(limits)
        return Found(self._records, paging, key, total, tuple(self._notes), self._is_tried)

    # -- where the records are -------------------------------------------------------------------------

    def _records_of(self, payload: Any) -> str:
        path = self._told.records
        if path is None:
            path, notes = records_at(self._entity, payload)
            self._notes += notes
        elif records_of(payload, path) is None:
            raise unmatched(self._entity, payload, path)
        return path

    def _read(self, seen: Seen, rows: list[dict[str, Any]]) -> _Page:
        return _Page(seen, rows, read(seen.payload, len(rows), seen.headers, self._records))

    # -- how the next page is asked for ----------------------------------------------------------------

    async def _paging(self) -> Paging:
        if self._told.paging is not None:
            return self._checked(self._told.paging)
        if not self._first.rows:
            self._is_tried = False
            return self._of_nothing()
        await self._shrink()
        for page, guess in self._ways():
            paging = await self._confirmed(page, guess)
            if paging is not None:
                return paging
        self._is_tried = False
        return await self._unconfirmed()

    def _checked(self, paging: Paging) -> Paging:
        """The declared paging, held against the first answer."""
        seen, more = self._first.seen, self._first.signs.tells_more
        path = "header:Link" if isinstance(paging, LinkHeader) else getattr(paging, "path", None)
        is_missing = isinstance(path, str) and not is_there(seen.payload, seen.headers, path)
        if is_missing and more and self._first.rows:
            raise contradicted(self._entity, paging, seen.payload, more)
        if is_missing:
            self._notes.append(f"the first answer has nothing at {path!r}: one page is all")
        if isinstance(paging, OnePage) and more:
            self._notes.append(f"paging is single_page, as declared, although {more}: the rest is left out")
        for name in ("more", "pages"):
            flag = getattr(paging, name, None)
            if isinstance(flag, str) and flag and not is_there(seen.payload, seen.headers, flag):
                self._notes.append(f"the first answer has nothing at {flag!r}, which is declared")
        return paging

    def _of_nothing(self) -> Paging:
        """The paging that an answer without records suggests."""
        ground = self._ground(self._first)
        first = next(links(ground, None), None) or at_end(ground, None)
        self._notes.append("no records came, so how the next page is asked for could not be tried")
        return ONE_PAGE if first is None else first.paging

    async def _shrink(self) -> None:
        """Ask for half of the first page, to see which parameter says how many records are wanted."""
        rows, ground = self._first.rows, self._ground(self._first)
        half = len(rows) // 2
        for name in sizes(ground) if half else ():
            request = Cursor("", "", name, into=ground.into).first(self._first.seen.request, half)
            page = await self._page(request)
            if page is not None and 0 < len(page.rows) < len(rows) and self._is_beginning(page):
                self._size, self._small = name, page
                if page.signs.is_over:  # it says so of half of the records, so it says nothing
                    self._first, self._small = _unflagged(self._first), _unflagged(page)
                told = f"asked for {half} by {name!r}, the service sent {len(page.rows)}"
                self._notes.append(
                    f"the page size is {name!r}: {told} of the {len(rows)} that it sends unasked"
                )
                return
        self._notes.append(
            "no parameter for the page size was found: pages have the size that the service gives"
        )

    def _is_beginning(self, page: _Page) -> bool:
        return are_alike(page.rows, self._first.rows[: len(page.rows)], self._key_to_compare)

    def _ways(self) -> Iterator[tuple[_Page, Guess]]:
        """What may be the way to the next page, and the page that it leads on from."""
        first, small = self._first, self._small
        if small is None or (first.signs.leads_on and not small.signs.leads_on):
            if small is not None:
                self._notes.append(f"{self._size!r} is not used: with it the service names no next page")
            self._small = self._size = None
            yield from ((first, guess) for guess in guesses(self._ground(first), None))
            return
        yield from ((small, guess) for guess in guesses(self._ground(small), self._size))
        if first.signs.header_link is not None:
            yield first, Guess(LinkHeader(size_param=None), "the link in the header Link")
        yield from ((first, guess) for guess in links(self._ground(first), None))

    async def _confirmed(self, page: _Page, guess: Guess) -> Paging | None:
        """The guessed paging, if what it asks for is the next page."""
        numbered = guess.paging
        if isinstance(numbered, PageNumber) and not guess.is_start_known:
            paging: Paging | None = await self._started(page, numbered)
        else:
            paging = guess.paging if await self._leads_from(page, guess.paging) else None
        self._tried.append(guess.why)
        if paging is None:
            return None
        self._notes.append(f"the next page is asked for by {guess.why}: tried, and {self._came} came")
        if self._size is not None and self._size in self._first.seen.request.params:
            paging = replace(paging, size_param=None)  # type: ignore[type-var]
            self._notes.append(f"{self._size!r} is in the request as declared, and stays as it is")
        return paging

    async def _leads_from(self, page: _Page, paging: Paging) -> bool:
        following = await self._next(page, paging)
        if following is None:
            return False
        is_whole = page is self._first
        if is_whole and not following.rows:
            self._came = "no more records"
            return await self._is_end(paging)
        self._came = "other records"
        is_so = follows(page.rows, following.rows, self._behind(page), self._key_to_compare)
        if is_so and is_whole:
            self._second = following
        return is_so

    async def _is_end(self, paging: Paging) -> bool:
        """Whether a next page without records is one behind the last.

        For a service that takes every parameter for a filter it is none: such a one has nothing where the
        first page should be either. What was sent back of a cursor or a key can be such a filter.
        """
        if isinstance(paging, PageNumber | Offset):
            first = await self._page(paging.first(self._first.seen.request, len(self._first.rows)))
            return first is not None and self._are_alike(self._first, first)
        return isinstance(paging, NextLink | LinkHeader)

    async def _started(self, page: _Page, paging: PageNumber) -> PageNumber | None:
        """The paging with the number that the first page has, 1 or 0; None where it is not the way."""
        from_one, from_zero = replace(paging, start=1), replace(paging, start=0)
        if page is not self._first:  # what must come is known
            if await self._leads_from(page, from_one):
                return from_one
            return from_zero if await self._leads_from(page, from_zero) else None
        behind = await self._next(page, from_one)
        if behind is None or self._are_alike(page, behind):
            return None
        for way in (from_one, from_zero):
            first = await self._page(way.first(page.seen.request, len(page.rows)))
            if first is not None and self._are_alike(page, first):
                return way if await self._leads_from(page, way) else None
        return None

    def _are_alike(self, one: _Page, other: _Page) -> bool:
        return are_alike(one.rows, other.rows, self._key_to_compare)

    def _behind(self, page: _Page) -> list[dict[str, Any]]:
        """The records that are known to come behind those of a page."""
        return [] if page is self._first else self._first.rows[len(page.rows) :]

    async def _unconfirmed(self) -> Paging:
        """What to take where nothing that was tried led on; an error unless these are all records."""
        signs, rows = self._first.signs, len(self._first.rows)
        end = signs.tells_end
        if more := signs.tells_more:
            raise self._ambiguous(more)
        if self._small is not None and self._small.signs.tells_end == end:
            end = None  # it says so of half of the records too
        if end is not None:
            return self._ended(end)
        if self._small is not None and await self._has_more_than(rows):
            raise self._ambiguous(f"asked for more than {rows} records, it sent more")
        if looks_cut(rows):
            raise self._ambiguous(f"{rows} records look like a full page")
        self._notes.append(
            f"all records are taken to come at once: {rows} came, and nothing that was tried brought more"
        )
        return ONE_PAGE

    def _ended(self, end: str) -> Paging:
        """The paging of an answer that says itself to be the last."""
        guess = at_end(self._ground(self._first), None)
        way = "" if guess is None else f"; a next page would be asked for by {guess.why}, which was not tried"
        self._notes.append(f"these are all records, since {end}{way}")
        return ONE_PAGE if guess is None else guess.paging

    async def _has_more_than(self, rows: int) -> bool:
        paging = Cursor("", "", self._size, into=self._ground(self._first).into)
        page = await self._page(paging.first(self._first.seen.request, rows + 1))
        return page is not None and len(page.rows) > rows

    def _ambiguous(self, why: str) -> ConfigurationError:
        suggested = next(guesses(self._ground(self._small or self._first), self._size), None)
        paging = suggested.paging if suggested else None
        return ambiguous(
            self._entity, self._first.seen.payload, len(self._first.rows), why, self._tried, paging
        )

    def _ground(self, page: _Page) -> Ground:
        columns = page.rows[0] if page.rows else ()
        names = (*(leaf.name for leaf in leaves(page.seen.payload)), *columns)
        return Ground(page.signs, self._first.seen.request, names, self._records, self._key_to_compare)

    # -- asking ----------------------------------------------------------------------------------------

    async def _next(self, page: _Page, paging: Paging) -> _Page | None:
        """The page that a paging leads to from another; None where it leads nowhere."""
        request = paging.first(self._first.seen.request, len(page.rows))
        last = page.rows[-1].get(self._key_to_compare) if page.rows and self._key_to_compare else None
        try:
            following = paging.next(
                request, Answer(page.seen.payload, len(page.rows), page.seen.headers, last)
            )
        except DecodeError:
            return None
        return None if following is None else await self._page(following)

    async def _page(self, request: Request) -> _Page | None:
        """The answer to a request; None where it is refused, holds no records, or would be one too many."""
        known = (request.method, request.address, request.body)
        if known not in self._asked:
            if len(self._asked) == MOST_ASKS:
                return None
            self._asked[known] = await self._answer(request)
        return self._asked[known]

    async def _answer(self, request: Request) -> _Page | None:
        try:
            seen = await self._ask(request)
        except ConnectorError as error:
            if error.status not in REFUSALS:
                raise
            return None
        rows = records_of(seen.payload, self._records)
        return None if rows is None else self._read(seen, rows)

    # -- the key and the total -------------------------------------------------------------------------

    async def _key(self, paging: Paging) -> str | None:
        key, rows = self._told.key, self._first.rows
        if key is not None:
            if key:
                check_key(self._entity, key, rows)
            return key or None
        if self._told.paging is None and self._second is None and is_only_weak(self._entity, rows):
            following = await self._next(self._first, paging)
            if following is not None and follows(rows, following.rows, [], self._key_to_compare):
                self._second = following
        key, note = find_key(self._entity, rows, self._second.rows if self._second else None)
        self._notes.append(note)
        return key

    def _total(self) -> str | None:
        signs, total = self._first.signs, self._told.total
        if total is not None:
            if total:
                value = number_at(self._first.seen.payload, self._first.seen.headers, total)
                check_total(self._entity, total, value, len(self._first.rows))
            return total or None
        smaller = (self._small.seen.payload, self._small.signs) if self._small else None
        total, notes = find_total(signs, smaller)
        self._notes += notes
        return total


def _unflagged(page: _Page) -> _Page:
    return replace(page, signs=page.signs.without_flags())
