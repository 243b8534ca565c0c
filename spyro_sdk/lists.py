"""A connector whose service has lists of JSON objects, which come in pages."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from itertools import islice
from math import ceil
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from .arrow.decode import Body, ahead, nothing_at, open_body
from .config import ConnectorConfig
from .entity import Entity
from .errors import DataFetchError, DecodeError, IntegrityError
from .events import PageSizeShrunk, PagingRepaired, SchemaChanged, TotalChanged
from .exchange import INLINE, HttpConnector, payload_of
from .failure import shape_of, trouble
from .http import Request, Response
from .pages import Bounds, Foresee, Habits, Page, Pages, Way, identity, keys_of, repeated
from .paging import (
    REFUSALS,
    Answer,
    Counted,
    Foreseeing,
    KeySet,
    LinkHeader,
    NextLink,
    Paging,
    bound_of,
    dig,
    resized,
    size_of,
    smaller,
)
from .reading import Place, Reading, is_list_of_objects, last_key
from .workers import in_worker

if TYPE_CHECKING:
    from .resume import Resume

RECENT = 8  # answers, of which the slowest says how long one takes
LEGIBLE = 1000  # bytes of an answer that is no JSON


class ListConnector(HttpConnector):
    """A connector whose service has lists of JSON objects, which come in pages."""

    def __init__(self, config: ConnectorConfig, **guards: Any) -> None:
        super().__init__(config, **guards)
        self._habits: defaultdict[str, Habits] = defaultdict(Habits)

    # -- what a connector may override ----------------------------------------------------------------

    def is_empty(self, entity: Entity, response: Response) -> bool:
        """Whether an answer without a list means that there are no records: its parent has no such list."""
        return False

    def place(self, entity: Entity, request: Request, answer: Answer) -> Place:
        """Where the next page is, and the number of all records, by what stands around those of a page."""
        return Place(entity.paging.next(request, answer), answer.number(entity.total))

    # -- how a page travels ---------------------------------------------------------------------------

    async def pages(
        self,
        reading: Reading,
        request: Request,
        *,
        enough: int | None = None,
        is_eager: bool = True,
        among: Callable[[], int] = lambda: 1,
        resume: Resume | None = None,
    ) -> AsyncGenerator[Page, None]:
        """The pages from `request` on, in order, each asked for while those before it are worked on.

        No page is asked for that is not needed for `enough` records, and none ahead unless `is_eager`; what
        may be under way is shared `among` so many lists. Raises `IntegrityError` when the service sends us
        round in a circle, or fewer or more records than it had announced. With `resume` they go on where an
        earlier run of them ended.
        """

        def under_way() -> int:
            return ceil(self._concurrency(reading.at_once) / max(1, among()))

        entity, habits = reading.entity, self._habits[reading.entity.name]
        place = None if resume is None else resume.go_on(_recognized(entity, request))
        if place is not None and enough is not None:
            enough += place["tally"]["rows"]
        bounds = Bounds(under_way, self.config.page_size, enough, is_eager, goes_on=reading.goes_on)
        pages = Pages(partial(self._page, reading), self._way(reading), bounds, partial(self.lost, entity))
        size = habits.size or size_of(entity.paging, request) or 0
        upcoming: Request | None = resized(entity.paging, request, size)
        if resume is not None and place is not None:
            upcoming = await in_worker(pages.go_on, place, resume.marks(), request)
            reading.recall(resume.last.columns)
        async with aclosing(pages.read(upcoming)) as found:
            async for page in found:
                if entity.only is not None:
                    page = replace(page, rows=page.batch.num_rows, total=None)
                if resume is not None:
                    reached = pages.mark(request)
                    resume.reached(replace(reached, rows=page.rows, columns=reading.schema))
                yield page

    def _way(self, reading: Reading) -> Way:
        """How the pages of an entity lead to each other."""
        paging = reading.entity.paging
        links = paging if isinstance(paging, NextLink | LinkHeader) and not paging.is_stable else None
        return Way(
            reading.ahead if isinstance(paging, Foreseeing) else None,
            paging if isinstance(paging, Counted) else None,
            None if links is None else links.size_param or "",
            self._habits[reading.entity.name],
            lambda what: self._emit(PagingRepaired(self.name, reading.name, what)),
            reading.remade,
            partial(self._doubted, reading),
            getattr(paging, "is_stable", False),
        )

    def _doubted(self, reading: Reading, least: int, most: int) -> None:
        """Tell that nobody knows what a change did to the pages; what comes after a key does not move."""
        if not isinstance(reading.entity.paging, KeySet):
            self._emit(TotalChanged(self.name, reading.name, least, most))

    async def _page(self, reading: Reading, request: Request, foresee: Foresee) -> Page:
        """Ask for one page; what its first bytes, and then its body, tell of the next goes to `foresee`."""

        def heard(start: bytes, encoding: str | None) -> None:
            foresee(ahead(start, encoding, reading.entity.records))

        asked = replace(request, heard=heard, entity=reading.name)
        answered = await self._call(asked, partial(self._decoded, reading, request, foresee))
        if isinstance(answered, int):
            fewer = self._shrunk(reading.name, reading.entity, request, answered)
            return await self._page(reading, fewer, lambda payload: None)  # the next would be too large too
        page, found = answered
        for change in reading.learn(found):
            self._emit(SchemaChanged(self.name, reading.name, *change))
        return page if reading.finish is None else await reading.finish(page)

    def _shrunk(self, name: str, entity: Entity, request: Request, size: int) -> Request:
        """The request for fewer records, of which the service accepts no more at once."""
        habits, was = self._habits[entity.name], size_of(entity.paging, request) or size
        if habits.size is None or size < habits.size:
            habits.size = size
            self._emit(PageSizeShrunk(self.name, name, was, size))
        return resized(entity.paging, request, size)

    async def _decoded(
        self, reading: Reading, request: Request, foresee: Foresee, response: Response
    ) -> tuple[Page, pa.Schema] | int:
        """The page in an answer, and the columns as they stood there; an error where it holds none.

        Or the size to ask for instead, where the service refuses a page of the size that was asked for.
        """
        if smaller := self._smaller(reading.entity.paging, request, response):
            return smaller
        if len(response.body) <= INLINE:
            return self._made(reading, request, foresee, response)
        loop = asyncio.get_running_loop()

        def soon(payload: Any) -> None:
            loop.call_soon_threadsafe(foresee, payload)

        return await in_worker(self._made, reading, request, soon, response)

    def _smaller(self, paging: Paging, request: Request, response: Response) -> int | None:
        """The size to ask for instead; None where the answer does not refuse that of the request."""
        if response.status not in REFUSALS:
            return None
        said = payload_of(response) or response.body[:LEGIBLE].decode(errors="replace")
        return smaller(paging, request, response.status, said)

    def _made(
        self, reading: Reading, request: Request, foresee: Foresee, response: Response
    ) -> tuple[Page, pa.Schema]:
        entity, paging = reading.entity, reading.entity.paging
        body = self._opened(response, entity)
        foresee(body.payload)
        raw = self._records(reading, body)
        keys, last = keys_of(raw, entity.key), last_key(raw, entity.key)
        answer = Answer(body.payload, raw.num_rows, response.headers, last)
        answer = replace(answer, total=answer.number(entity.total))
        if count := repeated(keys):
            raise self.lost(entity, f"{count:,} records of one page have the {entity.key} of another of it")
        place, has_more = self.place(entity, request, answer), answer.flag(getattr(paging, "more", None))
        page = Page(reading.shaped(raw), raw.num_rows, place.next, place.total, last, len(body.text))
        bound = bound_of(paging, request, answer)
        return replace(page, keys=keys, raw=raw, has_more=has_more, request=request, bound=bound), raw.schema

    def _opened(self, response: Response, entity: Entity) -> Body:
        """The body of an answer that is good, what stands around the records read."""
        path = entity.records
        if self.is_empty(entity, response):
            return nothing_at(path)
        if 200 <= response.status < 300:
            encoding, limit = response.headers.get("content-encoding"), self.config.max_body
            body = open_body(response.body, encoding, path, limit=limit)
            self.check(response, body.payload)
            self._check_whole(entity, response, body)
            return body
        self.check(response, payload_of(response))
        raise DecodeError(f"{self.name} answered {response.status}, which is no page", connector=self.name)

    def _check_whole(self, entity: Entity, response: Response, body: Body) -> None:
        """Raise what a good status speaks of beside its records: there may be fewer than there should be."""
        has_list = body.records is not None or is_list_of_objects(dig(body.payload, body.path))
        if has_list and (said := trouble(body.payload, body.path)):
            raise DataFetchError(
                f"{self.name} answered {response.status} with an error beside the records of {entity.name}:"
                f" {said}",
                entity.name,
                connector=self.name,
                status=response.status,
                request_id=response.request_id,
            )

    def _records(self, reading: Reading, body: Body) -> pa.RecordBatch:
        entity = reading.entity
        if body.records is None and not is_list_of_objects(dig(body.payload, entity.records)):
            raise DecodeError(
                f"{self.name} answered without a list of records"
                + (f" at {entity.records!r}" if entity.records else "")
                + f" for {entity.name}; it sent {shape_of(body.payload)}",
                entity.name,
                connector=self.name,
            )
        return reading.decoded(body)

    def _concurrency(self, wish: int | None = None) -> int:
        """Requests of a fetch that may be under way at once: as many as the rate limit feeds.

        One more than the rate grants in the time that an answer takes, for who waits for its turn; and more
        while the bucket is full.
        """
        if given := wish or self.config.concurrency:
            return given
        latency = max(islice(reversed(self.stats.latencies), RECENT), default=0.0)
        fed = self.limiter.get_available_tokens() + self.config.rate.rate * latency
        return min(self.config.pool_size, 1 + max(1, ceil(fed)))

    def lost(self, entity: Entity, what: str) -> IntegrityError:
        """The error for records of an entity that are missing, or came twice."""
        return IntegrityError(
            f"{self.name} did not give every {entity.name} exactly once: {what}",
            entity.name,
            connector=self.name,
        )


def _recognized(entity: Entity, request: Request) -> str:
    """All by which the pages of an entity are asked for and understood: another must not go on from them."""
    paging = entity.paging
    has_words = type(paging).__repr__ is not object.__repr__
    leads_on = repr(paging) if has_words else type(paging).__qualname__
    return repr((identity(request), entity.records, leads_on, entity.key, entity.total, entity.only))
