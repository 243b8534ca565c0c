"""A service described by its entities, over HTTP."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import islice
from math import ceil
from typing import Any, ClassVar, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from .arrow.decode import Body, ahead, nothing_at, open_body
from .arrow.exact import column
from .arrow.select import Selection
from .canonical import Context, Translation
from .config import ConnectorConfig
from .entity import Column, Entity, EntitySchema, Query, unknown_column, unknown_entity
from .errors import (
    DataFetchError,
    DecodeError,
    IntegrityError,
    ValidationError,
)
from .events import PageArrived, PageSizeShrunk, PagingRepaired, SchemaChanged
from .exchange import INLINE, HttpConnector, payload_of
from .failure import shape_of
from .family import Children, filled, included, kind_at, needed
from .http import Request, Response, redacted
from .pages import Bounds, Foresee, Habits, Page, Pages, Way, keys_of, repeated, watched
from .paging import (
    REFUSALS,
    Answer,
    Counted,
    Foreseeing,
    LinkHeader,
    NextLink,
    Paging,
    bound_of,
    dig,
    resized,
    size_of,
    smaller,
)
from .plan import Plan
from .question import Question, listed
from .reading import Place, Reading, by_worker, column_at, is_list_of_objects, last_key, wanted
from .where import And, Comparison, IsNull, Leaf, Membership, Where
from .workers import in_worker

T = TypeVar("T")

RECENT = 8  # answers, of which the slowest says how long one takes
LEGIBLE = 1000  # bytes of an answer that is no JSON
MOMENT = pa.timestamp("us", "UTC")


class RestConnector(HttpConnector):
    """A connector whose entities are lists of JSON objects.

    A normal service is a class with `offers`; an odd one overrides the step in which it is odd.
    """

    offers: ClassVar[tuple[Entity, ...]] = ()
    """The entities of the service."""
    translations: ClassVar[Mapping[str, Translation]] = {}
    """The canonical entities that are made of these, by their names."""

    def __init__(self, config: ConnectorConfig, **guards: Any) -> None:
        super().__init__(config, **guards)
        self._habits: defaultdict[str, Habits] = defaultdict(Habits)

    # -- what a connector may override, in the order a page meets it ---------------------------------

    async def native(self) -> Sequence[Entity]:
        """The service's own entities."""
        return self.offers

    async def entities(self) -> Sequence[Entity]:
        """What the service offers: the canonical entities, then its own."""
        return listed(await self.native(), self.translations)

    @property
    def context(self) -> Context:
        """What canonical columns are made with, beside the records."""
        return {"base_url": self.base_url}

    async def entity(self, name: str) -> Entity:
        """The entity called `name`; `UnknownEntityError` with the nearest name where there is none."""
        offered = {entity.name: entity for entity in await self.entities()}
        if name in offered:
            return offered[name]
        raise unknown_entity(f"{self.name} has no entity {name!r}; it has", name, list(offered), self.name)

    def request(self, entity: Entity, query: Query) -> Request:
        """The request for the first page."""
        body = b"" if entity.body is None else json.dumps(entity.body).encode()
        headers = {"Content-Type": "application/json"} if body else {}
        plain = Request(self.base_url + entity.path, entity.method, entity.params, headers, body)
        return entity.paging.first(plain, self.config.page_size)

    def is_empty(self, entity: Entity, response: Response) -> bool:
        """Whether an answer without a list means that there are no records: its parent has no such list."""
        return False

    def place(self, entity: Entity, request: Request, answer: Answer) -> Place:
        """Where the next page is, and the number of all records, by what stands around those of a page."""
        return Place(entity.paging.next(request, answer), answer.number(entity.total))

    # -- how a page travels ---------------------------------------------------------------------------

    async def fetch_data(
        self, entity_type: str, since: Any = None, filters: Mapping[str, Any] | None = None
    ) -> AsyncIterator[dict[str, Any]]:
        """Yield the records of an entity as dicts, each once."""
        query = Query.ask(entity_type, since=since, where=_equal(filters or {}))
        async with aclosing(self.batches(query)) as batches:
            async for batch in batches:
                for record in batch.to_pylist():
                    yield record

    async def get_sample_data(self, entity_type: str, limit: int = 5) -> list[dict[str, Any]]:
        """The first `limit` records, as dicts; no page is asked for beyond these."""
        async with aclosing(self.batches(Query.ask(entity_type, limit=limit))) as batches:
            return [record async for batch in batches for record in batch.to_pylist()]

    async def discover_schema(self, entity_type: str, *, native: bool = False) -> EntitySchema:
        """The columns of an entity: the declared ones, or else as its first records show them.

        With `native` those of the service's own entity, where a canonical one has its name.
        """
        question = await self._resolved(Query(entity_type, native=native))
        it, columns = question.entity, await self._columns(question.entity)
        if question.translation:
            return question.translation.describe([column.name for column in columns], it.label)
        return EntitySchema(it.name, columns, it.label, it.key, it.cursor)

    async def _columns(self, entity: Entity) -> tuple[Column, ...]:
        """The columns of one of the service's own entities."""
        if (schema := await self._declared(entity)) is None:
            return (await super().discover_schema(entity.name)).columns
        return tuple(Column(field.name, field.type, nullable=field.nullable) for field in schema)

    async def prepare(self, query: Query) -> Query:
        """The query, checked against the entity's columns where these are declared."""
        question = await self._resolved(query)
        may_add = question.translation is not None
        await super().prepare(replace(query, concurrency=None, native=not may_add and query.native))
        if query.since is not None and question.entity.cursor is None:
            raise ValidationError(
                f"{self.name} does not say when a {query.entity} changed: leave out since",
                "since",
                query.since,
                connector=self.name,
            )
        schema = await self.schema_of(replace(query, columns=None))
        if query.columns and isinstance(query.native, tuple):
            query = replace(query, columns=tuple(dict.fromkeys([*query.columns, *query.native])))
        if schema is None:
            return query
        for name in query.columns or ():
            if name not in schema.names:
                raise unknown_column(query.entity, name, schema.names)
        return replace(query, where=query.where.bind(schema)) if query.where else query

    async def explain(self, query: Query, *, count: bool = True) -> Plan:
        """What a fetch would do; nothing is asked of the service, which has no way to count."""
        query = await self.prepare(query)
        entity = (await self._resolved(query)).entity
        request = self.request(entity, query)
        return Plan(
            self.name,
            query,
            f"{request.method} {redacted(request.address)}",
            self.config.page_size,
            local=str(query.where) if query.where else None,
            quota_left=self.stats.quota.remaining if self.stats.quota else None,
            watched=watched(entity, self._habits[entity.name]),
        )

    async def schema_of(self, query: Query) -> pa.Schema | None:
        """The declared columns of the entity, those which the query asks for."""
        schema = (await self._resolved(query)).visible
        if schema is None or query.columns is None:
            return schema
        return pa.schema([schema.field(name) for name in query.columns])

    async def _resolved(self, query: Query) -> Question:
        """The query, and which of the service's own entities it is asked of."""
        if query.native is not True:
            entity = await self.entity(query.entity)
            if translation := self.translations.get(query.entity):
                own = await self._native(translation.native)
                return Question(query, own, await self._declared(own), translation)
        else:
            entity = await self._native(query.entity)
        return Question(query, entity, await self._declared(entity))

    async def _native(self, name: str) -> Entity:
        """The service's own entity of that name."""
        own = {entity.name: entity for entity in await self.native()}
        if name in own:
            return own[name]
        if name in self.translations:
            said = f"{self.name} has no entity of its own that is called {name!r}; it has"
            raise unknown_entity(said, name, list(own), self.name)
        return await self.entity(name)

    async def _declared(self, entity: Entity) -> pa.Schema | None:
        """The declared columns of an entity, with those that it has of its parent; None where one is not."""
        schema = entity.schema
        if schema is None or entity.parent is None:
            return schema
        above = await self._declared(await self.entity(entity.parent.entity))
        given = {name: above and kind_at(above, path) for name, path in entity.parent.include.items()}
        if None in given.values():
            return None
        own = [field for field in schema if field.name not in given]
        return pa.schema([*own, *map(pa.field, given, given.values())], schema.metadata)

    async def _read(self, query: Query) -> AsyncGenerator[pa.RecordBatch, None]:
        async with aclosing(self._found(query)) as pages:
            async for page in pages:
                self._emit(PageArrived(self.name, query.entity, page.rows, page.total))
                yield page.batch

    async def _parents(self, query: Query) -> AsyncGenerator[pa.RecordBatch, None]:
        """The records whose children are asked for; nobody is told of these, who did not ask for them."""
        selection = Selection(await self.prepare(query))
        async with aclosing(self._found(query)) as pages:
            async for page in pages:
                yield selection.of(page.batch)

    async def _found(self, query: Query) -> AsyncGenerator[Page, None]:
        """The pages of an entity, in the columns that the caller can name."""
        question = await self._resolved(query)
        entity = question.entity
        own = [entity.only.filter] if entity.only else []
        since = [partial(self._changed, entity, query.since)] if query.since else []
        shape = [partial(question.shaped, self.context)] if question.translation else []
        enough = query.limit if query.where is None and not [*own, *since] else None
        is_eager = query.limit is None or enough is not None
        schema, closed = question.needed if shape else wanted(entity, query)
        reading = Reading(query.entity, entity, schema, closed, at_once=query.concurrency)
        if entity.parent is None:
            reading.finish = by_worker(*own, *since, *shape)
            found = self.pages(reading, self.request(entity, query), enough=enough, is_eager=is_eager)
        else:
            reading.finish = by_worker(*own, *since)
            ask = partial(self._of_one, reading, question)
            wish = Query(
                entity.parent.entity,
                needed(entity.parent),
                native=True,
                concurrency=query.concurrency if query.limit is None else 1,
            )
            at_once = partial(self._concurrency, wish.concurrency)
            found = Children(ask, at_once, enough).of(self._parents(wish))
        async with aclosing(found) as pages:
            async for page in pages:
                yield page

    async def _of_one(
        self,
        reading: Reading,
        question: Question,
        row: pa.RecordBatch,
        enough: int | None,
        among: Callable[[], int],
    ) -> AsyncGenerator[Page, None]:
        """The pages of the children of one parent, read at the same time as the lists of others."""
        parent, query = question.entity.parent, question.query
        assert parent is not None
        shape = by_worker(*([partial(question.shaped, self.context)] if question.translation else []))
        request = self.request(filled(reading.entity, row), query)
        is_eager = query.limit is None or enough is not None
        found = self.pages(reading, request, enough=enough, is_eager=is_eager, among=among)
        async with aclosing(found) as pages:
            async for page in pages:
                yield await shape(replace(page, batch=included(page.batch, parent, row), total=None))

    async def pages(
        self,
        reading: Reading,
        request: Request,
        *,
        enough: int | None = None,
        is_eager: bool = True,
        among: Callable[[], int] = lambda: 1,
    ) -> AsyncGenerator[Page, None]:
        """The pages from `request` on, in order, each asked for while those before it are worked on.

        No page is asked for that is not needed for `enough` records, and none ahead unless `is_eager`; what
        may be under way is shared `among` so many lists. Raises `IntegrityError` when the service sends us
        round in a circle, or fewer or more records than it had announced.
        """

        def under_way() -> int:
            return ceil(self._concurrency(reading.at_once) / max(1, among()))

        bounds = Bounds(under_way, self.config.page_size, enough, is_eager, goes_on=reading.goes_on)
        entity, habits = reading.entity, self._habits[reading.entity.name]
        pages = Pages(partial(self._page, reading), self._way(reading), bounds, partial(self.lost, entity))
        size = habits.size or size_of(entity.paging, request) or 0
        async with aclosing(pages.read(resized(entity.paging, request, size))) as found:
            async for page in found:
                yield page if entity.only is None else replace(page, rows=page.batch.num_rows, total=None)

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
        )

    async def _page(self, reading: Reading, request: Request, foresee: Foresee) -> Page:
        """Ask for one page; what its first bytes, and then its body, tell of the next goes to `foresee`."""

        def heard(start: bytes, encoding: str | None) -> None:
            foresee(ahead(start, encoding, reading.entity.records))

        asked = replace(request, heard=heard)
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
            body = open_body(response.body, response.headers.get("content-encoding"), path)
            self.check(response, body.payload)
            return body
        self.check(response, payload_of(response))
        raise DecodeError(f"{self.name} answered {response.status}, which is no page", connector=self.name)

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

    def _changed(self, entity: Entity, since: datetime, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The rows that changed at or after `since`, also where the service itself has no such filter."""
        if not batch.num_rows:
            return batch
        found = column_at(batch, entity.cursor or "")
        moments = column([""] if found is None else found.to_pylist(), MOMENT)
        if not pa.types.is_timestamp(moments.type):
            raise DataFetchError(
                f"since cannot be told: {entity.cursor!r} of {entity.name} holds no moments with a zone",
                entity.name,
                connector=self.name,
            )
        return batch.filter(pc.greater_equal(moments, pa.scalar(since, moments.type)))

    def lost(self, entity: Entity, what: str) -> IntegrityError:
        """The error for records of an entity that are missing, or came twice."""
        return IntegrityError(
            f"{self.name} did not give every {entity.name} exactly once: {what}",
            entity.name,
            connector=self.name,
        )


def _equal(filters: Mapping[str, Any]) -> Where | None:
    """The filter for records whose columns equal these values; a list stands for any of its values."""
    leaves = tuple(_leaf(name, value) for name, value in filters.items())
    return Where(str(dict(filters)), And(leaves)) if leaves else None


def _leaf(name: str, value: Any) -> Leaf:
    if value is None:
        return IsNull(name)
    return Membership(name, tuple(value)) if isinstance(value, list | tuple) else Comparison(name, "=", value)
