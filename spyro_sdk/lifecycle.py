"""How a connector opens and closes, whatever its author overrides."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager
from functools import wraps
from typing import Any, ClassVar, Self, TypeAlias

import anyio

from .config import ConnectorConfig
from .errors import ConfigurationError, ConnectionError
from .events import Connected, Disconnected, Event, Observer, tell
from .failure import typed
from .forms import without
from .secret import secrets_in

Turn: TypeAlias = Callable[[Any], Coroutine[Any, Any, None]]
Fetching: TypeAlias = Callable[..., AsyncIterator[dict[str, Any]]]

PATIENCE = 10.0  # seconds that closing may take, also when we are cancelled


class Lifecycle(ABC):
    """The opening and closing of a connector.

    An override need not call `super()`: what `connect`, `disconnect` and `fetch_data` of a subclass must also
    do, such as validating the configuration first, is put around them when the class is made.
    """

    name: ClassVar[str] = ""
    """What people call it in `spyro_sdk.connect(name)`."""
    _is_named: ClassVar[bool] = False

    def __init__(self, config: ConnectorConfig, observers: Iterable[Observer]) -> None:
        self.config = config
        self._observers = list(observers)
        self._session: Any = None
        self._is_connecting = self._is_connected = self._is_closed = False
        self._door = anyio.Lock()  # one at a time connects
        self._contexts = 0  # open ones that share the connection which the first of them made

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
        _check_kinds(cls)
        for method, wrapped in wraps.items():
            home = next(kind for kind in cls.__mro__ if method in vars(kind))
            if home is cls or not issubclass(home, Lifecycle):  # a mixin's is not wrapped yet
                setattr(cls, method, wrapped(getattr(cls, method)))

    def __repr__(self) -> str:
        state = "connected" if self.is_connected else "not connected"
        return f"<{type(self).__name__} {self.config.name!r} {state}>"

    @abstractmethod
    async def connect(self) -> None:
        """Sign in and open what is needed; raise `AuthenticationError` or `ConnectionError`."""

    async def disconnect(self) -> None:
        """Close what `self._session` holds."""
        session, self._session = self._session, None
        was_connected, self._is_connected = self._is_connected, False
        self._is_closed |= was_connected
        close = getattr(session, "aclose", None) or getattr(session, "close", None)
        try:
            closing = close() if close else None
            if inspect.isawaitable(closing):
                await closing
        finally:
            if was_connected:
                self._emit(Disconnected(self.name))

    def validate_config(self) -> tuple[bool, str | None]:
        """Whether the configuration will do, and if not, why."""
        return True, None

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

    def observe(self, *observers: Observer) -> None:
        """Tell these the events from now on, too."""
        self._observers += observers

    def _emit(self, event: Event) -> None:
        tell(self._observers, event)

    def _check_connected(self) -> None:
        if not (self._is_connected or self._is_connecting):
            what = "was closed: connect again" if self._is_closed else "is not connected: use it inside"
            how = "" if self._is_closed else " `async with connector.connection_context()`"
            raise ConnectionError(f"{self.name} {what}{how}", connector=self.name)


def _check_kinds(connector: type[Lifecycle]) -> None:
    """Raise `TypeError` for a method that nobody could await or iterate over."""
    for name in ("connect", "disconnect"):
        if not inspect.iscoroutinefunction(getattr(connector, name)):
            raise TypeError(f"{connector.__name__}.{name} must be a coroutine function: `async def {name}`")
    fetch_data = getattr(connector, "fetch_data", None)
    if inspect.isgeneratorfunction(fetch_data) or inspect.iscoroutinefunction(fetch_data):
        raise TypeError(
            f"{connector.__name__}.fetch_data must be an async generator:"
            " `async def fetch_data`, with a `yield` for each record"
        )


def _remembered(connect: Turn) -> Turn:
    """`connect`, with the configuration validated before and the success known after."""

    @wraps(connect)
    async def connected(self: Lifecycle) -> None:
        if type(self).connect is not connected:  # an override calls super().connect()
            await connect(self)
            return
        async with self._door:
            if not self._is_connected:
                await _open(self, connect)

    return connected


async def _open(connector: Lifecycle, connect: Turn) -> None:
    ok, why = connector.validate_config()
    if not ok:
        raise ConfigurationError(f"{connector.name} cannot connect: {why}", connector=connector.name)
    connector._is_connecting = True
    try:
        with typed(connector.name):
            await connect(connector)
    except BaseException as error:
        await _given_up(connector, error)
        raise
    finally:
        connector._is_connecting = False
    connector._is_connected, connector._is_closed = True, False
    connector._emit(Connected(connector.name))


async def _given_up(connector: Lifecycle, error: BaseException) -> None:
    """Close what a `connect` that failed has opened; what goes wrong now must not hide `error`."""
    try:
        with anyio.move_on_after(PATIENCE, shield=True):
            await connector.disconnect()
    except Exception as another:  # noqa: BLE001  # an author's own may fail in any way
        said = without(repr(another), secrets_in(vars(connector.config)))
        error.add_note(f"closing failed as well: {said}")


def _forgotten(disconnect: Turn) -> Turn:
    """`disconnect`, after which the connector knows that it is not connected."""

    @wraps(disconnect)
    async def disconnected(self: Lifecycle) -> None:
        try:
            await disconnect(self)
        finally:
            if self._is_connected:  # it did not call super().disconnect()
                self._is_connected, self._is_closed = False, True
                self._emit(Disconnected(self.name))

    return disconnected


def _checked(fetch_data: Fetching) -> Fetching:
    """`fetch_data`, refused on a connector that is not connected."""

    @wraps(fetch_data)
    def fetched(self: Lifecycle, *args: Any, **kwargs: Any) -> AsyncIterator[dict[str, Any]]:
        self._check_connected()
        return fetch_data(self, *args, **kwargs)

    return fetched
