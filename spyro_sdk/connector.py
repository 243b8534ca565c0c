"""The contract of a connector, and the guards around each call of its service."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from functools import partial
from inspect import signature
from typing import Any, ClassVar, ParamSpec, TypeVar

import pyarrow as pa

from .arrow.exact import column, to_batch
from .arrow.select import Selection
from .canonical import MOMENT
from .config import ConnectorConfig
from .entity import Column, Entity, EntitySchema, Query
from .errors import (
    ConfigurationError,
    ConnectorError,
    RateLimitError,
    SchemaDiscoveryError,
    ValidationError,
)
from .events import (
    Attempted,
    CircuitChanged,
    FetchFinished,
    FetchStarted,
    Observer,
    PageArrived,
    Retried,
    RetryRefused,
    Waited,
    new_number,
    of_call,
    of_fetch,
)
from .failure import told_without, typed
from .guards.account import windows_of
from .guards.breaker import CircuitBreaker
from .guards.budget import RetryBudget
from .guards.deadline import Deadline
from .guards.limiter import JITTER, RateLimiter, TooLong
from .guards.retry import RetryPolicy, call_with_retry
from .http import Send, redacted
from .identity import Identity
from .lifecycle import Lifecycle
from .observers.logging import Log
from .observers.stats import Stats
from .plan import Plan
from .schema_cache import SchemaCache, cache_of
from .secret import hidden, secrets_in
from .workers import in_worker

P = ParamSpec("P")
T = TypeVar("T")

SAMPLE = 100  # records from which a schema is told


class BaseConnector(Lifecycle):
    """The asynchronous client of one service.

    A subclass gives `connect` and `fetch_data`, and sends what it has to ask through `_execute_with_retry`;
    all the rest follows from these, and may be overridden where the service can do better. What `connect`
    puts into `self._session` is closed by `disconnect`.
    """

    defaults: ClassVar[Mapping[str, Any]] = {}
    """The service's own settings, where they differ from those of `ConnectorConfig`."""
    options: ClassVar[Mapping[str, str]] = {}
    """Settings that only this connector knows, each with what it means; they arrive in `custom_params`."""
    credentials: ClassVar[Sequence[Sequence[str]]] = ()
    """The sets of settings of which one must be complete to sign in; () where anything will do."""
    variables: ClassVar[Mapping[str, Sequence[str]]] = {}
    """Environment variables in which others keep a setting, the first that is set counts; `SPYRO_…` wins.

    They are heeded only where the service is asked at its usual address: a secret in them is for that alone.
    """

    def __init__(
        self,
        config: ConnectorConfig,
        *,
        limiter: RateLimiter | None = None,
        observers: Iterable[Observer] = (),
    ) -> None:
        self.stats = Stats(connector=self.name, limit=config.rate.rate)
        super().__init__(config, [self.stats, Log(), *observers])
        own = RateLimiter(config.rate, jitter=JITTER)
        self.limiter, self._own_limiter = limiter or own, own
        self._windows = windows_of(config)
        self._breaker = CircuitBreaker(
            name=self.name, on_change=lambda state: self._emit(CircuitChanged(self.name, state))
        )
        self._policy = RetryPolicy(
            config.retry_count,
            config.retry_delay,
            config.max_delay,
            config.max_wait,
            budget=RetryBudget(
                config.retry_budget, lambda error: self._emit(RetryRefused(self.name, str(error)))
            ),
        )

    @classmethod
    def narrowed(cls, settings: Mapping[str, Any]) -> tuple[type[BaseConnector], dict[str, Any]]:
        """The class that is meant by these settings of `connect`, and those of them that are left to it."""
        return cls, dict(settings)

    @classmethod
    def elsewhere(cls, environment: Mapping[str, str]) -> Mapping[str, Any]:
        """Settings that use a login of another program on this machine, where nothing says who we are."""
        return {}

    @classmethod
    def configure(cls, **settings: Any) -> ConnectorConfig:
        """A configuration from `settings` over the service's own defaults, its options sorted out."""
        settings = hidden(settings)
        own = {name: settings.pop(name) for name in cls.options if name in settings}
        custom = {**own, **settings.pop("custom_params", {})}
        return ConnectorConfig.from_dict(
            {"name": cls.name, **cls.defaults, **settings, "custom_params": custom}
        )

    def share(self, limiter: RateLimiter) -> None:
        """Ask at the pace of others of the same account; a limiter that was given to us stays."""
        if self.limiter is self._own_limiter:
            self.limiter = limiter

    @property
    def secrets(self) -> list[str]:
        """What must not be shown, though the service may say it."""
        return list(secrets_in(vars(self.config)))

    @contextmanager
    def discreet(self) -> Iterator[None]:
        """Take secrets out of what an error of ours says."""
        try:
            yield
        except ConnectorError as error:
            told_without(error, self.secrets)
            raise

    def send_through(self, send: Send) -> None:
        """Send by somebody else's means; `ConfigurationError` where the connector has a client of its own."""
        raise ConfigurationError(
            f"{self.name} brings a client of its own, and can use no other: leave out session",
            field="session",
            connector=self.name,
        )

    # -- what a connector must give -------------------------------------------------------------------

    @abstractmethod
    def fetch_data(
        self,
        entity_type: str,
        since: Any = None,
        filters: Mapping[str, Any] | None = None,
    ) -> AsyncIterator[dict[str, Any]]:
        """Yield the records of an entity, each once.

        `since`: only those created or changed at or after this moment; `filters`: only those whose columns
        equal these values.
        """

    # -- what it may give -----------------------------------------------------------------------------

    async def entities(self) -> Sequence[Entity]:
        """What the service offers; nothing where the connector cannot tell."""
        return ()

    async def discover_schema(self, entity_type: str) -> EntitySchema:
        """The columns of an entity; here as the first 100 records show them."""
        sample = await self.get_sample_data(entity_type, SAMPLE)
        if not sample:
            raise SchemaDiscoveryError(
                f"{self.name} has no records of {entity_type!r} to tell its columns from", connector=self.name
            )
        columns = (Column(field.name, field.type) for field in to_batch(sample, None).schema)
        return EntitySchema(entity_type, tuple(columns))

    async def described(self, entity_type: str, *, native: bool = False) -> EntitySchema:
        """What `discover_schema` tells; not asked again while it is young, in this or another process.

        `native`: of the service's own entity, where a canonical one has its name.
        """
        discover: Callable[..., Awaitable[EntitySchema]] = self.discover_schema
        if native and "native" in signature(discover).parameters:  # other connectors know only their own
            discover = partial(discover, native=True)
        if (cache := self._schemas) is None:
            return await discover(entity_type)
        name = f"{entity_type} of {self.api or self.name}{', native' if native else ''}"
        if (schema := await in_worker(cache.read, name)) is None:
            schema = await discover(entity_type)
            await in_worker(cache.write, name, schema)
        return schema

    def refresh(self) -> None:
        """Forget what is known of entities and their columns, here and on disk: it is asked for again."""
        if cache := self._schemas:
            cache.forget()

    @property
    def identity(self) -> str:
        """Who asks, where the configuration alone does not say."""
        return ""

    @property
    def _schemas(self) -> SchemaCache | None:
        return cache_of(self.config, self.identity)

    async def get_sample_data(self, entity_type: str, limit: int = 5) -> list[dict[str, Any]]:
        """The first `limit` records, as dicts."""
        query = Query.ask(entity_type, limit=limit)
        async with aclosing(_first(self.fetch_data(entity_type), query.limit)) as records:
            return [record async for record in records]

    async def whoami(self) -> str | None:
        """The name by which the service knows whoever is signed in, in one or two requests."""
        return None

    def identified(self) -> Identity:
        """Who we are, as far as that is known without asking the service."""
        return Identity(self.name, redacted(self.config.base_url or ""), self.api)

    def known(self) -> Sequence[Entity]:
        """What the service offers, as far as that is known without asking it."""
        return ()

    def known_columns(self, entity: str, *, own: bool = False) -> Sequence[str]:
        """The columns of an entity that are known without asking the service, those of related records too.

        `own`: those of the service's own entity where a canonical one has the name.
        """
        return ()

    async def counts(self, entities: Sequence[str]) -> Mapping[str, int]:
        """About how many records each of these has, of those for which one request, or a few, can tell."""
        return {}

    async def count(self, query: Query) -> int:
        """How many records `query` asks for; here by reading them."""
        rows = 0
        async with aclosing(self.batches(query)) as batches:
            async for batch in batches:
                rows += batch.num_rows
        return rows

    async def explain(self, query: Query, *, count: bool = True) -> Plan:
        """What a fetch would do. With `count` the service may be asked once for the number of records."""
        return Plan(
            self.name, query, f"{type(self).__name__}.fetch_data({query.entity!r})", self.config.page_size
        )

    async def prepare(self, query: Query) -> Query:
        """The query, checked against what the service has before anything is fetched.

        Raises `UnknownEntityError`, or `ValidationError` for a wish that makes no sense, or that this
        connector cannot fulfil.
        """
        beside = query.native if isinstance(query.native, tuple) else None
        for wish, value in (
            ("include_deleted", query.include_deleted),
            ("native", beside),
            ("api", query.api),
            ("concurrency", query.concurrency),
        ):
            if value:
                raise ValidationError(
                    f"{self.name} cannot fulfil {wish}={value!r}: leave it out",
                    wish,
                    value,
                    connector=self.name,
                )
        return query

    async def schema_of(self, query: Query) -> pa.Schema | None:
        """The columns that `batches` gives for a prepared query; None where only the records can tell."""
        return None

    async def key_of(self, query: Query) -> str | None:
        """The column by which the records of a prepared query are told apart; None where nobody says."""
        return next((it.key for it in await self.entities() if it.name == query.entity), None)

    async def cursor_of(self, query: Query) -> str | None:
        """The column that grows with each change of a record; None where nobody says."""
        return next((it.cursor for it in await self.entities() if it.name == query.entity), None)

    def moments_of(self, entity: str, cursor: pa.Array) -> pa.Array:
        """The values of an entity's cursor as moments with a zone, or as they are where they are none."""
        return column(cursor.to_pylist(), MOMENT)

    # -- what it is given -----------------------------------------------------------------------------

    @property
    def api(self) -> str:
        """The version of the service's interface that is spoken; '' where there is only one."""
        return ""

    async def _execute_with_retry(
        self, func: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Call a coroutine function inside the guards: retry, circuit breaker, rate limiter, statistics.

        Each attempt passes all of them, and all attempts together keep to the deadline. What the call raises
        comes out as a `ConnectorError` where it is about the network or the service's answer. Never nest one
        such call in another.
        """
        self._check_connected()
        attempt = partial(self._guarded, partial(func, *args, **kwargs))
        deadline = Deadline(self.config.deadline, f"a call of {self.name}", self.name)
        with of_call():
            return await deadline.kept(call_with_retry(attempt, self._policy, on_retry=self._tell_retry))

    async def _guarded(self, call: Callable[[], Awaitable[T]]) -> T:
        self._check_connected()  # it may have been closed while we waited
        return await self._breaker.call(partial(self._attempt, call))

    async def _attempt(self, call: Callable[[], Awaitable[T]]) -> T:
        await self._have_turn()
        started = time.perf_counter()
        try:
            with self.discreet(), typed(self.name):
                result = await call()
        except Exception as error:
            seconds = time.perf_counter() - started
            self._emit(Attempted(self.name, seconds, str(error), type(error).__name__))
            if isinstance(error, RateLimitError) and 0 < (error.retry_after or 0) <= self.config.max_wait:
                self.limiter.drain(error.retry_after or 0)  # all callers pause, not this one alone
            raise
        self._emit(Attempted(self.name, time.perf_counter() - started, None))
        return result

    async def _have_turn(self) -> None:
        """Wait until the rate limit lets us send a request; `RateLimitError` where that takes too long."""
        most = self.config.max_wait
        try:
            waited = await self._windows.acquire(most) + await self.limiter.acquire(patience=most)
        except TooLong as it:
            raise RateLimitError(
                f"{self.name} grants no request for {it.seconds:.0f} s more: its quota is used up",
                it.seconds,
                connector=self.name,
                hint="try again then, or connect with a longer max_wait",
            ) from None
        if waited:
            self._emit(Waited(self.name, waited))

    async def batches(self, query: Query) -> AsyncGenerator[pa.RecordBatch, None]:
        """Yield the records that `query` asks for as record batches, one a page, in the service's order.

        Each batch has the columns asked for. Types may widen from one batch to the next, where the service
        does not declare them; `arrow.schema.unify` brings them together.
        """
        self._check_connected()
        number, deadline = new_number(), self.deadline(query)
        with of_fetch(number):
            self._emit(FetchStarted(self.name, query.entity))
        started, rows, error, kind = time.perf_counter(), 0, None, None
        try:
            with typed(self.name):
                async with aclosing(_Steps(self._asked(query), deadline, number)) as steps:
                    while (batch := await steps.next()) is not None:
                        rows += batch.num_rows
                        yield batch
        except BaseException as raised:
            error, kind = str(raised) or type(raised).__name__, type(raised).__name__
            raise
        finally:
            seconds = time.perf_counter() - started
            with of_fetch(number):
                self._emit(FetchFinished(self.name, query.entity, rows, seconds, error, kind))

    def deadline(self, query: Query) -> Deadline:
        """How long the records of `query` may be waited for."""
        seconds = query.deadline or self.config.deadline
        return Deadline(seconds, f"{query.entity} of {self.name}", self.name)

    async def _asked(self, query: Query) -> AsyncGenerator[pa.RecordBatch, None]:
        """The rows and columns asked for; those first that an earlier run has left."""
        query = await self.prepare(query)
        resume = query.resume
        found = self._selected(query) if resume is None else resume.batches(self._selected, query)
        async with aclosing(found) as batches:
            async for batch in batches:
                yield batch

    async def _selected(self, query: Query) -> AsyncGenerator[pa.RecordBatch, None]:
        """The rows and columns asked for, out of what `_read` gives."""
        resume = query.resume
        selection = Selection(query, resume and resume.last.seen)
        if selection.is_complete:
            return
        async with aclosing(self._read(query)) as batches:
            async for batch in batches:
                selected = selection.of(batch)
                if resume is not None:
                    await resume.keep(selected, selection.known)
                if selected.num_rows:
                    yield selected
                if selection.is_complete:
                    return

    async def _read(self, query: Query) -> AsyncGenerator[pa.RecordBatch, None]:
        """Whole pages, before `where`, `columns` and `limit`: here the records of `fetch_data`, bundled."""
        enough = query.limit if query.where is None else None
        async with aclosing(_first(self.fetch_data(query.entity, query.since), enough)) as records:
            async for page in _bundled(records, self.config.page_size):
                self._emit(PageArrived(self.name, query.entity, len(page), None))
                yield to_batch(page, None)

    def get_statistics(self) -> dict[str, Any]:
        """The totals since the connector was made; rates in percent, times in seconds."""
        return {
            **self.stats.to_dict(),
            "current_rate": self.limiter.get_current_rate(),
            "available_tokens": self.limiter.get_available_tokens(),
        }

    def _tell_retry(self, attempt: int, seconds: float, error: Exception) -> None:
        self._check_connected()  # closed meanwhile: there is nothing to try again with
        self._emit(Retried(self.name, attempt, seconds, str(error)))


@dataclass(frozen=True, slots=True)
class _Steps:
    """The batches of a fetch: each step keeps to its deadline, and what happens in it carries its number."""

    batches: AsyncGenerator[pa.RecordBatch, None]
    deadline: Deadline
    number: int

    async def next(self) -> pa.RecordBatch | None:
        with of_fetch(self.number):
            return await self.deadline.kept(anext(self.batches, None))

    async def aclose(self) -> None:
        with of_fetch(self.number):
            await self.batches.aclose()


async def _first(records: AsyncIterator[T], limit: int | None) -> AsyncGenerator[T, None]:
    """The first `limit` records, None for all; closes the iterator at the end where that is a generator."""
    count = 0
    try:
        if limit != 0:
            async for record in records:
                yield record
                count += 1
                if count == limit:
                    return
    finally:
        if isinstance(records, AsyncGenerator):
            await records.aclose()


async def _bundled(records: AsyncIterator[T], size: int) -> AsyncGenerator[list[T], None]:
    """Lists of `size` records; the last may be shorter."""
    page: list[T] = []
    async for record in records:
        page.append(record)
        if len(page) == size:
            yield page
            page = []
    if page:
        yield page
