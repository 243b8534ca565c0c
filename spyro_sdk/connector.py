"""The contract of a connector: its lifecycle, and the guards around each call of its service."""

from __future__ import annotations

import inspect
import time
from abc import ABC, abstractmethod
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import aclosing, asynccontextmanager, contextmanager
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, ClassVar, ParamSpec, Self, TypeAlias, TypeVar

import anyio

from .arrow.decode import to_batch
from .arrow.select import Selection
from .config import ConnectorConfig
from .entity import Column, Entity, EntitySchema, Query
from .errors import ConfigurationError, ConnectionError, RateLimitError, SchemaDiscoveryError, ValidationError
from .events import (
    Attempted,
    CircuitChanged,
    Connected,
    Disconnected,
    Event,
    FetchFinished,
    FetchStarted,
    Observer,
    PageArrived,
    Retried,
    Waited,
    tell,
)
from .failure import translated
from .guards.breaker import CircuitBreaker
from .guards.limiter import RateLimiter
from .guards.retry import RetryPolicy, call_with_retry
from .observers.logging import Log
from .observers.stats import Stats
from .plan import Plan

if TYPE_CHECKING:
    import pyarrow as pa

P = ParamSpec("P")
T = TypeVar("T")
Turn: TypeAlias = Callable[[Any], Coroutine[Any, Any, None]]
Fetching: TypeAlias = Callable[..., AsyncIterator[dict[str, Any]]]

SAMPLE = 100  # records from which a schema is told
PATIENCE = 10.0  # seconds that closing may take, also when we are cancelled


class BaseConnector(ABC):
    """The asynchronous client of one service.

    A subclass gives `connect` and `fetch_data`, and sends what it has to ask through `_execute_with_retry`;
    all the rest follows from these, and may be overridden where the service can do better. What `connect`
    puts into `self._session` is closed by `disconnect`.
    """

    name: ClassVar[str] = ""
    """What people call it in `spyro_sdk.connect(name)`."""
    defaults: ClassVar[Mapping[str, Any]] = {}
    """The service's own settings, where they differ from those of `ConnectorConfig`."""
    options: ClassVar[Mapping[str, str]] = {}
    """Settings that only this connector knows, each with what it means; they arrive in `custom_params`."""
    credentials: ClassVar[Sequence[Sequence[str]]] = ()
    """The sets of settings of which one must be complete to sign in; () where anything will do."""
    _is_named: ClassVar[bool] = False

    def __init__(
        self,
        config: ConnectorConfig,
        *,
        limiter: RateLimiter | None = None,
        observers: Iterable[Observer] = (),
    ) -> None:
        self.config = config
        self.stats = Stats()
        self.limiter = limiter or RateLimiter(config.rate)
        self._observers: list[Observer] = [self.stats, Log(), *observers]
        self._breaker = CircuitBreaker(on_change=lambda state: self._emit(CircuitChanged(self.name, state)))
        self._policy = RetryPolicy(config.retry_count, config.retry_delay, config.max_delay, config.max_wait)
        self._session: Any = None
        self._is_connecting = self._is_connected = False
        self._door = anyio.Lock()  # one at a time connects
        self._contexts = 0  # open ones that share the connection which the first of them made

    @classmethod
    def configure(cls, **settings: Any) -> ConnectorConfig:
        """A configuration from `settings` over the service's own defaults, its options sorted out."""
        own = {name: settings.pop(name) for name in cls.options if name in settings}
        custom = {**own, **settings.pop("custom_params", {})}
        return ConnectorConfig.from_dict(
            {"name": cls.name, **cls.defaults, **settings, "custom_params": custom}
        )

    def __init_subclass__(cls, **options: Any) -> None:
        """See to it that every way of connecting validates and is remembered, and every fetch is checked."""
        super().__init_subclass__(**options)
        cls._is_named = cls._is_named or bool(vars(cls).get("name"))
        if not cls._is_named:
            cls.name = cls.__name__.lower()
        wraps: Mapping[str, Callable[[Any], Any]] = {
            "connect": _remembered,
            "disconnect": _forgotten,
            "fetch_data": _checked,
        }
        for method, wrapped in wraps.items():
            home = next(kind for kind in cls.__mro__ if method in vars(kind))
            if home is cls or not issubclass(home, BaseConnector):  # a mixin's is not wrapped yet
                setattr(cls, method, wrapped(getattr(cls, method)))

    def __repr__(self) -> str:
        state = "connected" if self.is_connected else "not connected"
        return f"<{type(self).__name__} {self.config.name!r} {state}>"

    # -- what a connector must give -------------------------------------------------------------------

    @abstractmethod
    async def connect(self) -> None:
        """Sign in and open what is needed; raise `AuthenticationError` or `ConnectionError`."""

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

    async def disconnect(self) -> None:
        """Close what `self._session` holds."""
        session, self._session = self._session, None
        was_connected, self._is_connected = self._is_connected, False
        close = getattr(session, "aclose", None) or getattr(session, "close", None)
        try:
            closing = close() if close else None
            if inspect.isawaitable(closing):
                await closing
        finally:
            if was_connected:
                self._emit(Disconnected(self.name))

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

    async def get_sample_data(self, entity_type: str, limit: int = 5) -> list[dict[str, Any]]:
        """The first `limit` records, as dicts."""
        query = Query.ask(entity_type, limit=limit)
        async with aclosing(_first(self.fetch_data(entity_type), query.limit)) as records:
            return [record async for record in records]

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
        for wish, value in (("include_deleted", query.include_deleted), ("native", beside)):
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

    def validate_config(self) -> tuple[bool, str | None]:
        """Whether the configuration will do, and if not, why."""
        return True, None

    # -- what it is given -----------------------------------------------------------------------------

    @property
    def api(self) -> str:
        """The version of the service's interface that is spoken; '' where there is only one."""
        return ""

    @property
    def is_connected(self) -> bool:
        """Whether the service can be asked."""
        return self._is_connected

    @asynccontextmanager
    async def connection_context(self) -> AsyncGenerator[Self, None]:
        """Connect, and disconnect at the end; inside another such context, do neither.

        Tasks with a context each share the connection; the last to leave disconnects.
        """
        is_ours = bool(self._contexts) or not self._is_connected
        self._contexts += is_ours
        try:
            await self.connect()
            yield self
        finally:
            self._contexts -= is_ours
            if is_ours and not self._contexts and self._is_connected:
                with anyio.move_on_after(PATIENCE, shield=True):
                    await self.disconnect()

    async def _execute_with_retry(
        self, func: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Call a coroutine function inside the guards: retry, circuit breaker, rate limiter, statistics.

        Each attempt passes all of them. What the call raises comes out as a `ConnectorError` where it is
        about the network or the service's answer. Never nest one such call in another.
        """
        self._check_connected()
        attempt = partial(self._guarded, partial(func, *args, **kwargs))
        return await call_with_retry(attempt, self._policy, on_retry=self._tell_retry)

    async def _guarded(self, call: Callable[[], Awaitable[T]]) -> T:
        self._check_connected()  # it may have been closed while we waited
        return await self._breaker.call(partial(self._attempt, call))

    async def _attempt(self, call: Callable[[], Awaitable[T]]) -> T:
        if (wait := self.limiter.get_wait_time()) > self.config.max_wait:
            raise RateLimitError(
                f"{self.name} grants no request for {wait:.0f} s more: its quota is used up",
                wait,
                connector=self.name,
                hint="try again then, or connect with a longer max_wait",
            )
        if waited := await self.limiter.acquire():
            self._emit(Waited(self.name, waited))
        started = time.perf_counter()
        try:
            with _typed(self.name):
                result = await call()
        except Exception as error:
            self._emit(Attempted(self.name, time.perf_counter() - started, str(error)))
            if isinstance(error, RateLimitError) and 0 < (error.retry_after or 0) <= self.config.max_wait:
                self.limiter.drain(error.retry_after or 0)  # all callers pause, not this one alone
            raise
        self._emit(Attempted(self.name, time.perf_counter() - started, None))
        return result

    async def batches(self, query: Query) -> AsyncGenerator[pa.RecordBatch, None]:
        """Yield the records that `query` asks for as record batches, one a page, in the service's order.

        Each batch has the columns asked for. Types may widen from one batch to the next, where the service
        does not declare them; `arrow.schema.unify` brings them together.
        """
        self._check_connected()
        self._emit(FetchStarted(self.name, query.entity))
        started, rows, error = time.perf_counter(), 0, None
        try:
            with _typed(self.name):
                async with aclosing(self._asked(query)) as batches:
                    async for batch in batches:
                        rows += batch.num_rows
                        yield batch
        except BaseException as raised:
            error = str(raised) or type(raised).__name__
            raise
        finally:
            seconds = time.perf_counter() - started
            self._emit(FetchFinished(self.name, query.entity, rows, seconds, error))

    async def _asked(self, query: Query) -> AsyncGenerator[pa.RecordBatch, None]:
        """The rows and columns asked for, out of what `_read` gives."""
        query = await self.prepare(query)
        selection = Selection(query)
        if selection.is_complete:
            return
        async with aclosing(self._read(query)) as batches:
            async for batch in batches:
                selected = selection.of(batch)
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

    def _emit(self, event: Event) -> None:
        tell(self._observers, event)

    def _tell_retry(self, attempt: int, seconds: float, error: Exception) -> None:
        self._check_connected()  # closed meanwhile: there is nothing to try again with
        self._emit(Retried(self.name, attempt, seconds, str(error)))

    def _check_connected(self) -> None:
        if not (self._is_connected or self._is_connecting):
            raise ConnectionError(
                f"{self.name} is not connected: use it inside `async with connector.connection_context()`",
                connector=self.name,
            )


def _remembered(connect: Turn) -> Turn:
    """`connect`, with the configuration validated before and the success known after."""

    @wraps(connect)
    async def connected(self: BaseConnector) -> None:
        if type(self).connect is not connected:  # an override calls super().connect()
            await connect(self)
            return
        async with self._door:
            if not self._is_connected:
                await _open(self, connect)

    return connected


async def _open(connector: BaseConnector, connect: Turn) -> None:
    ok, why = connector.validate_config()
    if not ok:
        raise ConfigurationError(f"{connector.name} cannot connect: {why}", connector=connector.name)
    connector._is_connecting = True
    try:
        with _typed(connector.name):
            await connect(connector)
    except BaseException as error:
        await _given_up(connector, error)
        raise
    finally:
        connector._is_connecting = False
    connector._is_connected = True
    connector._emit(Connected(connector.name))


async def _given_up(connector: BaseConnector, error: BaseException) -> None:
    """Close what a `connect` that failed has opened; what goes wrong now must not hide `error`."""
    try:
        with anyio.move_on_after(PATIENCE, shield=True):
            await connector.disconnect()
    except Exception as another:  # noqa: BLE001  # an author's own may fail in any way
        error.add_note(f"closing failed as well: {another!r}")


def _forgotten(disconnect: Turn) -> Turn:
    """`disconnect`, after which the connector knows that it is not connected."""

    @wraps(disconnect)
    async def disconnected(self: BaseConnector) -> None:
        try:
            await disconnect(self)
        finally:
            if self._is_connected:  # it did not call super().disconnect()
                self._is_connected = False
                self._emit(Disconnected(self.name))

    return disconnected


def _checked(fetch_data: Fetching) -> Fetching:
    """`fetch_data`, refused on a connector that is not connected."""

    @wraps(fetch_data)
    def fetched(self: BaseConnector, *args: Any, **kwargs: Any) -> AsyncIterator[dict[str, Any]]:
        self._check_connected()
        return fetch_data(self, *args, **kwargs)

    return fetched


@contextmanager
def _typed(name: str) -> Iterator[None]:
    """Raise our error in the place of somebody else's, and without it: its words may hold secrets."""
    try:
        yield
    except Exception as raised:
        error = translated(raised, name)
        if error is raised:
            raise
        raise error from None


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
