"""A service described by its entities, over HTTP."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, ClassVar, TypeAlias, TypeVar

import anyio
import anyio.to_thread
import pyarrow as pa
import pyarrow.compute as pc

from .arrow.exact import column, parse, to_batch
from .arrow.inflate import inflate
from .arrow.schema import changes
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
    some,
)
from .events import PageArrived, QuotaSeen, Received, SchemaChanged, TokenRenewed
from .failure import refused
from .guards.quota import Quota, read_quota
from .http import Request, Response, Send, origin, redacted
from .paging import Answer, dig
from .plan import Plan
from .transport.aiohttp import AiohttpTransport
from .where import And, Comparison, IsNull, Leaf, Membership, Where

T = TypeVar("T")
Change: TypeAlias = tuple[str, str, str]
"""A column that is wider than announced: its name, the type that was, the type that is."""

INLINE = 1 << 14  # bytes; smaller bodies are not worth a worker thread
MOMENT = pa.timestamp("us", "UTC")


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of the service: its records, and where the next are."""

    records: list[dict[str, Any]]
    next: Request | None
    total: int | None
    """Records of the whole fetch, if the service says."""


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
        self._session = self._transport or AiohttpTransport(self.config)

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
            raise refused(self.name, response.status, response.headers, words=_words(payload))

    def quota(self, response: Response) -> Quota | None:
        """What the answer says of the service's quota."""
        return read_quota(response.headers, now=time.time())

    def page(self, entity: Entity, request: Request, answer: Answer) -> Page:
        """The records of an answer, and where the next are; `DataFetchError` when it holds none."""
        records = dig(answer.payload, entity.records)
        if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
            raise DecodeError(
                f"{self.name} answered without a list of records"
                + (f" at {entity.records!r}" if entity.records else "")
                + f" for {entity.name}; it sent {_shape(answer.payload)}",
                entity.name,
                connector=self.name,
            )
        answer = Answer(answer.payload, len(records), answer.headers)
        total = dig(answer.payload, entity.total) if entity.total else None
        return Page(records, entity.paging.next(request, answer), total if type(total) is int else None)

    def batch(self, records: Sequence[Mapping[str, Any]], schema: pa.Schema | None) -> pa.RecordBatch:
        """The records of a page as columns; called in a worker thread."""
        return to_batch(records, schema)

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
        query = await super().prepare(query)
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
        enough = query.limit if query.where is None and query.since is None else None
        told: set[Change] = set()
        is_eager = query.limit is None or enough is not None
        async with aclosing(self._pages(entity, self.request(entity, query), enough, is_eager)) as pages:
            async for page in pages:
                batch = await self._decoded(query.entity, page, entity.schema, told)
                if query.since is not None:
                    batch = await _in_worker(self._changed, entity, batch, query.since)
                yield batch

    async def _pages(
        self, entity: Entity, request: Request, enough: int | None = None, is_eager: bool = True
    ) -> AsyncGenerator[Page, None]:
        """The pages from `request` on, in order, each asked for while the one before is worked on.

        No page is asked for once `enough` records have come, and none ahead unless `is_eager`. Raises
        `IntegrityError` when the service sends us round in a circle, or fewer or more records than it had
        announced.
        """
        rows, told, seen = 0, None, set[object]()
        turn: Request | None = request
        ahead: asyncio.Task[Page] | None = None
        try:
            while turn is not None:
                seen.add(_identity(turn))
                page, ahead = await (ahead or self._ask(turn, partial(self.page, entity))), None
                rows += len(page.records)
                told = page.total if page.total is not None else told
                is_enough = enough is not None and rows >= enough
                turn = None if is_enough else page.next
                if turn is not None and _identity(turn) in seen:
                    raise self._lost(entity, f"page {len(seen)} links back to one that came before")
                if turn is not None and is_eager:
                    ahead = asyncio.create_task(self._ask(turn, partial(self.page, entity)))
                yield page
                if is_enough:
                    return
        finally:
            await _abandoned(ahead)
        if told is not None and told != rows:
            raise self._lost(entity, f"it announced {told:,} records and sent {rows:,}")

    async def _ask(self, request: Request, read: Callable[[Request, Answer], T]) -> T:
        """Send a request inside the guards and `read` its JSON answer; see `_call`."""

        async def understand(response: Response) -> T:
            if len(response.body) > INLINE:
                return await _in_worker(self._understood, response, partial(read, request))
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

    async def _decoded(
        self, entity: str, page: Page, schema: pa.Schema | None, told: set[Change]
    ) -> pa.RecordBatch:
        """A page as a record batch; a column wider than `schema` says is told to the observers, once."""
        self._emit(PageArrived(self.name, entity, len(page.records), page.total))
        batch = await _in_worker(self.batch, page.records, schema)
        if schema is not None and batch.schema != schema:
            for change in [it for it in changes(schema, batch.schema) if it not in told]:
                self._emit(SchemaChanged(self.name, entity, *change))
                told.add(change)
        return batch

    def _changed(self, entity: Entity, batch: pa.RecordBatch, since: datetime) -> pa.RecordBatch:
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

    def _lost(self, entity: Entity, what: str) -> IntegrityError:
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


async def _in_worker(function: Callable[..., T], *args: Any) -> T:
    """Call in a worker thread; when we are cancelled it is left to end by itself."""
    return await anyio.to_thread.run_sync(function, *args, abandon_on_cancel=True)


async def _abandoned(task: asyncio.Task[Any] | None) -> None:
    """Cancel a task that nobody waits for any more, and see it end."""
    if task is not None:
        task.cancel()
        with anyio.CancelScope(shield=True):
            await asyncio.gather(task, return_exceptions=True)


def _identity(request: Request) -> tuple[str, str, bytes]:
    """What tells one page's request from another's; a cursor may stand in the body."""
    return request.method, request.address, request.body


def _payload(response: Response) -> Any:
    """The decoded body; None for a bad answer that is no JSON."""
    try:
        return parse(inflate(response.body, response.headers.get("content-encoding")))
    except DecodeError:
        if 200 <= response.status < 300:
            raise
        return None


def _words(payload: Any) -> str:
    """What an error body says, from the places where such words usually stand."""
    for name in ("message", "error_description", "detail", "title", "error"):
        words = payload.get(name) if isinstance(payload, dict) else None
        if isinstance(words, dict):
            return _words(words)
        if isinstance(words, str) and words:
            return words[:300]
    return ""


def _shape(payload: Any) -> str:
    """What an answer looks like, in few words and without its values."""
    if isinstance(payload, dict):
        return f"an object with {some(payload)}" if payload else "an empty object"
    return "a list" if isinstance(payload, list) else f"a {type(payload).__name__}"
