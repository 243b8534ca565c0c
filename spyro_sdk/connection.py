"""`connect`, and what it returns: the synchronous face of one connector."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NoReturn, Self

import anyio

from . import blocking, registry, warm
from .all_stats import everything
from .auth.tokens import remembered
from .catalogue import Catalogue, matching
from .config import ConnectorConfig
from .connector import BaseConnector
from .entity import EntitySchema, Query, counted, decided, named
from .errors import ConfigurationError, ConnectionError, SignInNeeded, ValidationError
from .events import Observer
from .fetch import Fetch
from .guards.account import limiter_of
from .http import Send
from .identity import Identity
from .known import Known, completions
from .observers.stats import Stats
from .progress import wished
from .rate_limit import RateLimit
from .secret import Unseen, hidden
from .settings import configured, demo_options, demo_settings, has_app, known_to
from .shown import Shown
from .shown import wing as wing_of
from .taking import Terms

if TYPE_CHECKING:
    import requests

    from .auth.person import Person
    from .watermarks import Watermark, Watermarks

SAMPLE = 1_000  # records
SLOW = 0.02  # seconds to connect; a service that needs more leaves time to import something
IDLE = 0.1  # seconds after which whoever connects has not fetched at once
PATIENCE = 5.0  # seconds that a card waits for our name


def connect(
    name: str | os.PathLike[str] | type[BaseConnector],
    *,
    demo: bool | Mapping[str, Any] | None = False,
    config: ConnectorConfig | None = None,
    observers: Iterable[Observer] = (),
    progress: bool | None = None,
    session: requests.Session | None = None,
    person: Person | None = None,
    **settings: Any,
) -> Connection:
    """Sign in to a service and return its `Connection`.

    `name` is one of `spyro_sdk.connectors()`, the path of a file that declares a REST API (YAML, TOML or
    JSON), or a connector class of your own. `settings` are the fields of
    `ConnectorConfig` and the connector's own options; what is not given is looked for in the environment, as
    `SPYRO_<NAME>_<SETTING>` (`SPYRO_SALESFORCE_ACCESS_TOKEN`). `config` is taken as it is, without the
    environment; the service's own defaults are in it where the class's `configure` made it. `demo=True`
    speaks to a service on this machine that needs no account; a mapping gives that service's own settings,
    such as `{"records": 1000}`. `progress=False` shows nothing of a running fetch; True shows it whatever
    `SPYRO_PROGRESS` says: as a panel in a notebook, a line in a terminal, a line at the end elsewhere.
    `session` is a `requests.Session` of yours to send through, which stays open; where it signs in by itself,
    say `auth_type="none"`. Where somebody has to sign in first, `person` is asked, by default
    whoever is at the terminal or the notebook; where nobody is, nobody is asked.

    Raises `UnknownConnectorError`, `ConfigurationError` for a setting that makes no sense,
    `AuthenticationError` where credentials are missing or refused, `ConnectionError` where nobody answers.
    """
    settings, environment = hidden(settings), Unseen(os.environ if demo_options(demo) is None else {})
    progress = _progress(progress)
    kind, options, listeners = registry.kind_of(name), demo_options(demo), _listeners(observers)
    kind, settings = kind.narrowed(settings)
    settings = hidden(settings, known_to(kind))
    if config is not None and (settings or options is not None):
        raise ConfigurationError(
            "config is given, and settings beside it: give one of the two", field="config"
        )
    if not isinstance(config, ConnectorConfig | None):
        raise ConfigurationError(
            f"config is a {type(config).__name__}: give a ConnectorConfig, or its fields by their names",
            field="config",
        )
    if options is not None:
        settings = {**demo_settings(kind, options), **settings}
    config = config or configured(kind, settings, environment, remembered)
    try:
        return Connection(kind, config, listeners, session, progress)
    except SignInNeeded:
        if not (config.asks_person and has_app(kind)):
            raise
    from . import accounts  # with all that signs a person in, which few who connect need

    asked = accounts.somebody(person)
    connector = accounts.by_person(kind, config, asked)
    connector.observe(*listeners)
    if session is not None:
        connector.send_through(_sender(config, session))
    accounts.sign_in(connector, asked)
    return Connection(kind, config, listeners, session, progress)


class Connection(Shown):
    """The synchronous face of one connector. Use it as it is, or in `with`; it closes itself at the end."""

    def __init__(
        self,
        kind: type[BaseConnector],
        config: ConnectorConfig,
        observers: Sequence[Observer] = (),
        session: requests.Session | None = None,
        progress: bool | None = None,
    ) -> None:
        self._kind, self._config, self._observers, self._session = kind, config, observers, session
        self._known = Known(lambda: self._connector)
        self._name: str | None = None
        self._is_named, self._naming = False, threading.Lock()
        self._progress = progress
        self._open()

    def __repr__(self) -> str:
        return f"<Connection {self._config.name!r} {'connected' if self.is_open else 'closed'}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()

    def __getitem__(self, entity: str) -> Fetch:
        """All records of an entity: `sf["Customer"]`."""
        return self.fetch(entity)

    def __iter__(self) -> Iterator[str]:
        """The names of what the service offers."""
        return iter(self.entities().names)

    def __contains__(self, entity: object) -> bool:
        """Whether the service offers an entity of that name."""
        return entity in self.entities()

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a connection holds credentials and sockets and cannot be copied or sent to another process:"
            " connect again there"
        )

    def entities(self, word: str | None = None, *, counts: bool = False) -> Catalogue:
        """What the service offers; with `word` what has it in its name or label, or else comes close.

        `counts`: ask the service about how many records each has, where it tells that by one request or a
        few; what it does not tell is not there. `fetch(…).count()` gives the exact number of one.
        """
        offered = Catalogue(blocking.run(self._live().entities))
        self._known.learn(offered)
        found = offered if word is None else matching(offered, word)
        if not (decided("counts", counts) and found):
            return found
        return Catalogue(found, found.search, blocking.run(self._live().counts, found.names))

    def describe(
        self, entity: str, *, native: bool = False, sample: int | bool | None = None
    ) -> EntitySchema:
        """The columns of an entity: names, types, labels, what can be filtered by.

        `native`: those of the service's own entity where a canonical one has its name. `sample`: how many
        records to fetch, the first that come, to tell what the values are like: how many are missing, how
        many differ, from where to where they go; True for 1,000. It is in the `sample` of what is returned.
        """
        connector, name, is_native = self._live(), named(entity), decided("native", native)
        size = _sample_size(sample)

        async def described() -> EntitySchema:
            return await connector.described(name, native=is_native)

        schema = blocking.run(described)
        self._known.learn_columns(name, schema, own=is_native)
        if size is None:
            return schema
        return replace(schema, sample=self.fetch(entity, native=native, limit=size).profile())

    def refresh(self) -> None:
        """Forget what is known of entities and their columns, here and on disk: it is asked for again."""
        self._live().refresh()
        self._known = Known(lambda: self._connector)

    def fetch(
        self,
        entity: str,
        *,
        columns: Sequence[str] | None = None,
        where: str | None = None,
        since: str | date | datetime | None = None,
        limit: int | None = None,
        include_deleted: bool = False,
        native: bool | Sequence[str] = False,
        api: str | None = None,
        concurrency: int | None = None,
        deadline: float | None = None,
        on_error: str = "raise",
    ) -> Fetch:
        """Describe a table; nothing is asked of the service before one of its `to_…` methods is called.

        `columns`: names, dotted for related records (`Owner.Name`); all without it. `where`: a SQL condition,
        such as `"annual_revenue > 1e6 and industry in ('Energy', 'Banking')"`. `since`: records created or
        changed at or after this moment (UTC without a zone), or "last" for those that did since the same was
        last asked of this account; the first time all. `limit`: at most so many records. `native`: True for
        the service's own entity where a canonical one has its name; or names of its columns, to have them
        beside the canonical ones. `api`: which of the service's interfaces to use, where it has several:
        "rest", "bulk", or "auto" for whichever suits; without it what the connection says. `concurrency`:
        requests of this fetch at once; without it as many as the rate limit feeds, where the pages' addresses
        can be computed, and one by one where each page tells the next. `deadline`: seconds that may be waited
        for all of it, however many retries it takes; without it what the connection says. `on_error`:
        "partial" takes what had come where the service fails midway, marks it as incomplete and warns; where
        nothing had come, or what came is not to be relied on, the error is raised as without it.

        Raises `ValidationError` for what can be seen to be wrong without asking.
        """
        is_increment = isinstance(since, str) and since == "last"
        if is_increment and limit is not None:
            raise ValidationError(
                f"limit={limit!r} cannot be with since='last': what it cuts off is lost; leave it out",
                "limit",
                limit,
            )
        query = Query.ask(
            entity,
            columns=columns,
            where=where,
            since=None if is_increment else since,
            limit=limit,
            include_deleted=include_deleted,
            native=native,
            api=api,
            concurrency=concurrency,
            deadline=deadline,
        )
        return Fetch(self._live, query, self._progress, Terms.ask(on_error, is_increment=is_increment))

    def watermarks(self) -> list[Watermark]:
        """How far each increment of this account has come: what `since="last"` goes by."""
        return self._marks().all()

    def forget(self, entity: str | None = None) -> int:
        """Forget how far the increments of an entity have come, or all; return how many those were.

        The next fetch with `since="last"` gives everything.
        """
        return self._marks().forget(None if entity is None else named(entity))

    def _marks(self) -> Watermarks:
        from .watermarks import watermarks_of

        connector = self._live()
        return watermarks_of(connector.config, connector.identity)

    @property
    def is_open(self) -> bool:
        """Whether the service can be asked."""
        return self._connector.is_connected

    @property
    def identity(self) -> Identity:
        """Who we are to the service, where it is, and until when.

        By what name it knows us, it is asked once, when this is first looked at.
        """
        return replace(self._connector.identified(), who=self._called())

    @property
    def known(self) -> Known:
        """What has been seen of the service, for completion; it is not asked for it."""
        return self._known

    def _ipython_key_completions_(self) -> list[str]:
        return completions(self._known, "entity")

    @property
    def stats(self) -> Stats:
        """What has been asked, how often it went well, how long it took."""
        return self._connector.stats

    @property
    def rate_limit(self) -> RateLimit:
        """How fast the service may be asked, and how much of that is left."""
        return RateLimit(self._connector.limiter, self._config.rate, self.stats)

    def close(self) -> None:
        """Give back the connections; a second time does nothing."""
        self._finalizer()

    def _open(self) -> None:
        self._process = os.getpid()
        self._connector = self._kind(self._config)
        self._connector.observe(*self._observers)
        if self._session is not None:
            self._connector.send_through(_sender(self._config, self._session))
        blocking.run(_opened, self._connector)
        self._finalizer = blocking.when_gone(self, self._connector.disconnect)
        everything.add(self._connector)

    def _called(self) -> str | None:
        """The name by which the service knows us; None where it did not tell."""
        with self._naming:
            if not self._is_named and self.is_open:
                self._is_named, self._name = True, blocking.run(_named, self._live())
            return self._name

    def _live(self) -> BaseConnector:
        """The connector, opened anew in a forked child; `ConnectionError` after `close`."""
        if not self._finalizer.alive:
            raise ConnectionError(f"this connection to {self._config.name} is closed: connect again")
        if self._process != os.getpid():
            if self._session is not None:
                raise ConnectionError(
                    f"this connection to {self._config.name} sends through a session, whose sockets belong to"
                    " the process that made it: make a session in this one, and connect with it"
                )
            self._finalizer.detach()
            self._open()
        return self._connector


def _sender(config: ConnectorConfig, session: requests.Session) -> Send:
    """What sends through a session."""
    from .transport.requests import RequestsTransport  # not without one: requests takes a while to import

    return RequestsTransport(config, session)


async def _opened(connector: BaseConnector) -> None:
    """Connect, at the pace of all that this process asks the same account.

    Meanwhile pandas is imported, if the service takes its time.
    """
    loop = asyncio.get_running_loop()
    waiting = loop.call_later(SLOW, _import, "pandas")
    try:
        connector.share(limiter_of(connector.config))
        await connector.connect()
    finally:
        waiting.cancel()
        loop.call_later(IDLE, _prepare, connector.stats, connector.stats.requests)


def _prepare(stats: Stats, requests: int) -> None:
    """Import what a fetch will need, unless one has begun since so many requests."""
    if stats.requests == requests:
        _import("pandas", "aiohttp")


def _import(*modules: str) -> None:
    """Import modules while nobody waits for them."""
    warm.begin(*modules, by=_imported)


def _imported(module: str) -> None:
    """Import a module, and let a notebook tell it where it is."""
    library = warm.load(module)
    if (wing := wing_of()) is not None:
        wing.imported(library)


async def _named(connector: BaseConnector, patience: float = PATIENCE) -> str | None:
    """The name by which the service knows us; what looks at it must neither fail nor wait for long."""
    with anyio.move_on_after(patience):
        try:
            return await connector.whoami()
        except Exception:  # noqa: BLE001  # an author's own may fail in any way
            return None
    return None


def _progress(wish: Any) -> bool | None:
    """What `progress=` says; nonsense in it, or in `SPYRO_PROGRESS`, is told at once."""
    wished(os.environ)
    if not isinstance(wish, bool | None):
        raise ConfigurationError(f"progress={wish!r} cannot be: it must be True or False", field="progress")
    return wish


def _listeners(observers: Any) -> list[Observer]:
    """The observers, each of which can be called."""
    listed: list[Any] = list(observers) if isinstance(observers, Iterable) else [None]
    if not all(map(callable, listed)):
        raise ConfigurationError(
            f"observers={observers!r} cannot be: it must be a list of functions that take an event",
            field="observers",
        )
    return listed


def _sample_size(sample: Any) -> int | None:
    """How many records to look at; None for none."""
    if sample is None or sample is False:
        return None
    return SAMPLE if sample is True else counted("sample", sample, least=1)


def _leave_to_parent() -> None:
    """Never free the connectors that a forked child inherits, nor their sockets, not even at its end.

    They are the parent's, and shared: closing them would disturb it, and to be freed while they are open they
    complain. No variable outlives the interpreter, so that it takes a reference which nobody gives back.
    """
    for connector in everything.connectors():
        import ctypes  # which a process that never forks need not have

        ctypes.pythonapi.Py_IncRef(ctypes.py_object(connector))
    everything.forget()


if hasattr(os, "register_at_fork"):  # pragma: no branch  # Windows has no fork
    os.register_at_fork(after_in_child=_leave_to_parent)
