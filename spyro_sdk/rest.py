"""A service described by its entities, over HTTP."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import islice
from math import ceil
from typing import Any, ClassVar, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from .arrow.decode import Body, ahead, open_body
from .arrow.exact import column, parse
from .arrow.inflate import inflate
from .auth import Auth, oauth, static
from .config import ConnectorConfig
from .connector import BaseConnector
from .entity import Column, Entity, EntitySchema, Query, unknown_column, unknown_entity
from .errors import (
    AuthenticationError,
    DataFetchError,
    DecodeError,
    IntegrityError,
    ValidationError,
)
from .events import PageArrived, QuotaSeen, Received, SchemaChanged, TokenRenewed
from .failure import refused, shape_of, words_of
from .guards.quota import Quota, read_quota
from .http import Request, Response, Send, origin, redacted
from .pages import Bounds, Foresee, Page, Pages
from .paging import Answer, dig
from .plan import Plan
from .reading import Place, Reading, by_worker, is_list_of_objects, last_key, wanted
from .transport.pool import SharedTransport
from .where import And, Comparison, IsNull, Leaf, Membership, Where
from .workers import in_worker

T = TypeVar("T")

RECENT = 8  # answers, of which the slowest says how long one takes
INLINE = 1 << 14  # bytes; smaller bodies are not worth a worker thread
MOMENT = pa.timestamp("us", "UTC")


class RestConnector(BaseConnector):
    """A connector whose entities are lists of JSON objects.

    A normal service is a class with `offers`; an odd one overrides the step in which it is odd.
    """

    offers: ClassVar[tuple[Entity, ...]] = ()
    """The entities of the service."""

    def __init__(self, config: ConnectorConfig, *, transport: Send | None = None, **guards: Any) -> None:
        super().__init__(config, **guards)
        self._transport = transport
        self.base_url = (config.base_url or "").rstrip("/")
        self._auth = self.auth()

    async def connect(self) -> None:
        """Open the pool of connections."""
        self._session = self._transport or SharedTransport(self.config)

    # -- what a connector may override, in the order a page meets it ---------------------------------

    def auth(self) -> Auth:
        """What signs the requests, by the configuration's `auth_type`."""
        it = self.config
        match it.auth_type:
            case "api_key":
                return static.api_key(it.api_key or "")
            case "basic":
                return static.basic(it.username or "", it.password or "")
            case "bearer":
                return static.bearer(it.access_token or "")
            case "oauth2":
                return oauth.OAuth(
                    oauth.grant(it, it.token_url or f"{it.base_url}/oauth/token"), on_renewed=self._renewed
                )
            case _:
                return static.nobody()

    async def entities(self) -> Sequence[Entity]:
        """What the service offers."""
        return self.offers

    async def entity(self, name: str) -> Entity:
        """The entity called `name`; `UnknownEntityError` with the nearest name where there is none."""
        offered = {entity.name: entity for entity in await self.entities()}
        if name in offered:
            return offered[name]
        raise unknown_entity(f"{self.name} has no entity {name!r}; it has", name, list(offered), self.name)

    def request(self, entity: Entity, query: Query) -> Request:
        """The request for the first page."""
        return entity.paging.first(Request(self.base_url + entity.path), self.config.page_size)

    def check(self, response: Response, payload: Any) -> None:
        """Raise the fitting error unless the service answered well; `payload` is None for what is no JSON."""
        if not 200 <= response.status < 300:
            raise refused(self.name, response.status, response.headers, words=words_of(payload))

    def quota(self, response: Response) -> Quota | None:
        """What the answer says of the service's quota."""
        return read_quota(response.headers, now=time.time())

    def place(self, entity: Entity, request: Request, answer: Answer) -> Place:
        """Where the next page is, and the number of all records, by what stands around those of a page."""
        total = dig(answer.payload, entity.total) if entity.total else None
        return Place(entity.paging.next(request, answer), total if type(total) is int else None)

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

    async def discover_schema(self, entity_type: str) -> EntitySchema:
        """The columns of an entity: the declared ones, or else as its first records show them."""
        it = await self.entity(entity_type)
        if it.schema is None:
            columns = (await super().discover_schema(entity_type)).columns
        else:
            columns = tuple(Column(field.name, field.type, nullable=field.nullable) for field in it.schema)
        return EntitySchema(it.name, columns, it.label, it.key, it.cursor)

    async def prepare(self, query: Query) -> Query:
        """The query, checked against the entity's columns where these are declared."""
        await super().prepare(replace(query, concurrency=None))
        entity = await self.entity(query.entity)
        if query.since is not None and entity.cursor is None:
            raise ValidationError(
                f"{self.name} does not say when a {entity.name} changed: leave out since",
                "since",
                query.since,
                connector=self.name,
            )
        schema = await self.schema_of(replace(query, columns=None))
        if schema is None:
            return query
        for name in query.columns or ():
            if name not in schema.names:
                raise unknown_column(query.entity, name, schema.names)
        return replace(query, where=query.where.bind(schema)) if query.where else query

    async def explain(self, query: Query, *, count: bool = True) -> Plan:
        """What a fetch would do; nothing is asked of the service, which has no way to count."""
        query = await self.prepare(query)
        request = self.request(await self.entity(query.entity), query)
        return Plan(
            self.name,
            query,
            f"{request.method} {redacted(request.address)}",
            self.config.page_size,
            local=str(query.where) if query.where else None,
            quota_left=self.stats.quota.remaining if self.stats.quota else None,
        )

    async def schema_of(self, query: Query) -> pa.Schema | None:
        """The declared columns of the entity, those which the query asks for."""
        schema = (await self.entity(query.entity)).schema
        if schema is None or query.columns is None:
            return schema
        return pa.schema([schema.field(name) for name in query.columns])

    async def _read(self, query: Query) -> AsyncGenerator[pa.RecordBatch, None]:
        entity = await self.entity(query.entity)
        since = by_worker(partial(self._changed, entity, query.since)) if query.since else None
        enough = query.limit if query.where is None and since is None else None
        is_eager = query.limit is None or enough is not None
        schema, closed = wanted(entity, query)
        reading = Reading(query.entity, entity, schema, closed, finish=since, at_once=query.concurrency)
        request = self.request(entity, query)
        async with aclosing(self.pages(reading, request, enough=enough, is_eager=is_eager)) as pages:
            async for page in pages:
                self._emit(PageArrived(self.name, query.entity, page.rows, page.total))
                yield page.batch

    async def pages(
        self, reading: Reading, request: Request, *, enough: int | None = None, is_eager: bool = True
    ) -> AsyncGenerator[Page, None]:
        """The pages from `request` on, in order, each asked for while those before it are worked on.

        No page is asked for that is not needed for `enough` records, and none ahead unless `is_eager`. Raises
        `IntegrityError` when the service sends us round in a circle, or fewer or more records than it had
        announced.
        """
        under_way = partial(self._concurrency, reading.at_once)
        bounds = Bounds(under_way, self.config.page_size, enough, is_eager, goes_on=reading.goes_on)
        lost = partial(self.lost, reading.entity)
        pages = Pages(partial(self._page, reading), reading.ahead, bounds, lost)
        async with aclosing(pages.read(request)) as found:
            async for page in found:
                yield page

    async def _page(self, reading: Reading, request: Request, foresee: Foresee) -> Page:
        """Ask for one page; what its first bytes, and then its body, tell of the next goes to `foresee`."""

        def heard(start: bytes, encoding: str | None) -> None:
            foresee(ahead(start, encoding, reading.entity.records))

        asked = replace(request, heard=heard)
        page, found = await self._call(asked, partial(self._decoded, reading, request, foresee))
        for change in reading.learn(found):
            self._emit(SchemaChanged(self.name, reading.name, *change))
        return page if reading.finish is None else await reading.finish(page)

    async def _decoded(
        self, reading: Reading, request: Request, foresee: Foresee, response: Response
    ) -> tuple[Page, pa.Schema]:
        """The page in an answer, and the columns as they stood there; an error where it holds none."""
        if len(response.body) <= INLINE:
            return self._made(reading, request, foresee, response)
        loop = asyncio.get_running_loop()

        def soon(payload: Any) -> None:
            loop.call_soon_threadsafe(foresee, payload)

        return await in_worker(self._made, reading, request, soon, response)

    def _made(
        self, reading: Reading, request: Request, foresee: Foresee, response: Response
    ) -> tuple[Page, pa.Schema]:
        entity = reading.entity
        body = self._opened(response, entity.records)
        foresee(body.payload)
        batch = self._records(reading, body)
        place = self.place(entity, request, Answer(body.payload, batch.num_rows, response.headers))
        last, size = last_key(batch, entity.key), len(body.text)
        page = Page(reading.shaped(batch), batch.num_rows, place.next, place.total, last, size)
        return page, batch.schema

    def _opened(self, response: Response, path: str) -> Body:
        """The body of an answer that is good, what stands around the records read."""
        if 200 <= response.status < 300:
            body = open_body(response.body, response.headers.get("content-encoding"), path)
            self.check(response, body.payload)
            return body
        self.check(response, _payload(response))
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

    async def _ask(self, request: Request, read: Callable[[Request, Answer], T]) -> T:
        """Send a request inside the guards and `read` its JSON answer; see `_call`."""

        async def understand(response: Response) -> T:
            if len(response.body) > INLINE:
                return await in_worker(self._understood, response, partial(read, request))
            return self._understood(response, partial(read, request))

        return await self._call(request, understand)

    async def _call(self, request: Request, understand: Callable[[Response], Awaitable[T]]) -> T:
        """Send a request inside the guards and `understand` its answer; a refused token is renewed once.

        Signing, sending, decoding, checking and reading are one attempt, so that an answer cut short, or a
        login page, is asked for again and never becomes a short result: `understand` raises for these.
        """
        signed = request

        async def attempt() -> T:
            nonlocal signed
            signed = await self._auth.sign(self._at_home(request), self._send)
            return await understand(await self._exchange(signed))

        try:
            return await self._execute_with_retry(attempt)
        except AuthenticationError as error:
            if error.status != 401 or not await self._auth.renew(signed):
                raise
        return await self._execute_with_retry(attempt)

    async def _exchange(self, signed: Request) -> Response:
        """Send one signed request, and learn what the answer says beside its body."""
        started = time.perf_counter()
        response = await self._send(signed)
        self._emit(Received(self.name, response.status, len(response.body), time.perf_counter() - started))
        if quota := self.quota(response):
            self.limiter.learn(quota)
            self._emit(QuotaSeen(self.name, quota.limit, quota.remaining, quota.resets_in))
        return response

    def _understood(self, response: Response, read: Callable[[Answer], T]) -> T:
        payload = _payload(response)
        self.check(response, payload)
        return read(Answer(payload, 0, response.headers))

    @property
    def _send(self) -> Send:
        """What sends a request; `ConnectionError` once that is closed."""
        self._check_connected()
        send: Send = self._session
        return send

    def _changed(self, entity: Entity, since: datetime, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The rows that changed at or after `since`, also where the service itself has no such filter."""
        if not batch.num_rows:
            return batch
        told = batch[entity.cursor].to_pylist() if entity.cursor in batch.schema.names else [""]
        moments = column(told, MOMENT)
        if not pa.types.is_timestamp(moments.type):
            raise DataFetchError(
                f"since cannot be told: {entity.cursor!r} of {entity.name} holds no moments with a zone",
                entity.name,
                connector=self.name,
            )
        return batch.filter(pc.greater_equal(moments, pa.scalar(since, moments.type)))

    def _at_home(self, request: Request) -> Request:
        """The request, unless it would carry our credentials to somebody else."""
        if origin(request.url) != origin(self.base_url):
            raise IntegrityError(
                f"{self.name} sends us from {origin(self.base_url)} to {redacted(request.url)}; not followed,"
                " since our credentials would go along",
                connector=self.name,
            )
        return request

    def lost(self, entity: Entity, what: str) -> IntegrityError:
        """The error for records of an entity that are missing, or came twice."""
        return IntegrityError(
            f"{self.name} did not give every {entity.name} exactly once: {what}",
            entity.name,
            connector=self.name,
        )

    def _renewed(self, token: oauth.Token) -> None:
        self._emit(TokenRenewed(self.name))


def _equal(filters: Mapping[str, Any]) -> Where | None:
    """The filter for records whose columns equal these values; a list stands for any of its values."""
    leaves = tuple(_leaf(name, value) for name, value in filters.items())
    return Where(str(dict(filters)), And(leaves)) if leaves else None


def _leaf(name: str, value: Any) -> Leaf:
    if value is None:
        return IsNull(name)
    return Membership(name, tuple(value)) if isinstance(value, list | tuple) else Comparison(name, "=", value)


def _payload(response: Response) -> Any:
    """The decoded body; None for a bad answer that is no JSON."""
    try:
        return parse(inflate(response.body, response.headers.get("content-encoding")))
    except DecodeError:
        if 200 <= response.status < 300:
            raise
        return None
