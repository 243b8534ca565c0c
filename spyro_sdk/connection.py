"""`connect`, and what it returns: the synchronous face of one connector."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, Self, get_type_hints

from . import blocking, registry
from . import demo as demo_services
from .config import ConnectorConfig
from .connector import BaseConnector
from .entity import Catalogue, EntitySchema, Query
from .errors import AuthenticationError, ConfigurationError, ConnectionError, did_you_mean
from .events import Observer, QuotaSeen
from .fetch import Fetch
from .observers.progress import ProgressLine
from .observers.stats import Stats

ABANDONED: list[BaseConnector] = []
"""A forked child's copies of its parent's connectors: closing them would close the parent's sockets."""

ACCOUNT = frozenset({"base_url", "token_url", "username", "client_id"}) | {
    f.name for f in fields(ConnectorConfig) if f.metadata.get("secret")
}
"""The settings that say who we are, and to whom."""
MAPPINGS = (Mapping[str, str], Mapping[str, Any])
"""Types of settings that no environment variable can hold."""


def connect(
    name: str | type[BaseConnector],
    *,
    demo: bool | Mapping[str, Any] = False,
    config: ConnectorConfig | None = None,
    observers: Iterable[Observer] = (),
    progress: bool | None = None,
    **settings: Any,
) -> Connection:
    """Sign in to a service and return its `Connection`.

    `name` is one of `spyro_sdk.connectors()`, or a connector class of your own. `settings` are the fields of
    `ConnectorConfig` and the connector's own options; what is not given is looked for in the environment, as
    `SPYRO_<NAME>_<SETTING>` (`SPYRO_SALESFORCE_ACCESS_TOKEN`). `demo=True` speaks to a service on this
    machine that needs no account; a mapping gives that service's own settings, such as `{"records": 1000}`.
    `progress` draws a progress line; None draws it where standard error is a terminal.

    Raises `UnknownConnectorError`, `ConfigurationError` for a setting that makes no sense,
    `AuthenticationError` where credentials are missing or refused, `ConnectionError` where nobody answers.
    """
    kind = name if isinstance(name, type) else registry.find(name)
    is_demo = demo is not False
    if config is not None and (settings or is_demo):
        raise ConfigurationError(
            "config is given, and settings beside it: give one of the two", field="config"
        )
    if is_demo:
        settings = {**_demo(kind, demo if isinstance(demo, Mapping) else {}), **settings}
    config = config or _configured(kind, settings, {} if is_demo else os.environ)
    shown = sys.stderr.isatty() if progress is None else progress
    listeners: list[Observer] = [*observers, *([ProgressLine()] if shown else [])]
    return Connection(kind, config, listeners)


class Connection:
    """The synchronous face of one connector. Use it as it is, or in `with`; it closes itself at the end."""

    def __init__(
        self, kind: type[BaseConnector], config: ConnectorConfig, observers: Sequence[Observer] = ()
    ) -> None:
        self._kind, self._config, self._observers = kind, config, observers
        self._open()

    def __repr__(self) -> str:
        state = "connected" if self._connector.is_connected else "closed"
        return f"<Connection {self._config.name!r} {state}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()

    def __getitem__(self, entity: str) -> Fetch:
        """All records of an entity: `sf["Customer"]`."""
        return self.fetch(entity)

    def entities(self) -> Catalogue:
        """What the service offers."""
        return Catalogue(blocking.run(self._live().entities))

    def describe(self, entity: str) -> EntitySchema:
        """The columns of an entity: names, types, labels, what can be filtered by."""
        return blocking.run(self._live().discover_schema, entity)

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
    ) -> Fetch:
        """Describe a table; nothing is asked of the service before one of its `to_…` methods is called.

        `columns`: names, dotted for related records (`Owner.Name`); all without it. `where`: a SQL condition,
        such as `"annual_revenue > 1e6 and industry in ('Energy', 'Banking')"`. `since`: records created or
        changed at or after this moment (UTC without a zone). `limit`: at most so many records. `native`: True
        for the service's own entity where a canonical one has its name; or names of its columns, to have them
        beside the canonical ones.

        Raises `ValidationError` for what can be seen to be wrong without asking.
        """
        query = Query.ask(
            entity,
            columns=columns,
            where=where,
            since=since,
            limit=limit,
            include_deleted=include_deleted,
            native=native,
        )
        return Fetch(self._live, query)

    @property
    def stats(self) -> Stats:
        """What has been asked, how often it went well, how long it took."""
        return self._connector.stats

    @property
    def rate_limit(self) -> RateLimit:
        """How fast the service may be asked, and how much of that is left."""
        limiter, config = self._connector.limiter, self._config.rate
        return RateLimit(
            config.requests_per_minute,
            config.burst,
            limiter.get_available_tokens(),
            limiter.get_current_rate(),
            self.stats.quota,
        )

    def close(self) -> None:
        """Give back the connections; a second time does nothing."""
        self._finalizer()

    def _open(self) -> None:
        self._process = os.getpid()
        self._connector = self._kind(self._config, observers=self._observers)
        blocking.run(self._connector.connect)
        self._finalizer = blocking.when_gone(self, self._connector.disconnect)

    def _live(self) -> BaseConnector:
        """The connector, opened anew in a forked child; `ConnectionError` after `close`."""
        if not self._finalizer.alive:
            raise ConnectionError(f"this connection to {self._config.name} is closed: connect again")
        if self._process != os.getpid():
            ABANDONED.append(self._connector)
            self._finalizer.detach()
            self._open()
        return self._connector


@dataclass(frozen=True)
class RateLimit:
    """How fast a service may be asked, and how much of that is left."""

    requests_per_minute: float
    burst: int  # requests at once
    available: float  # requests that could be sent now
    current_rate: int  # requests in the last minute
    quota: QuotaSeen | None
    """What the service itself last said is left."""

    def __str__(self) -> str:
        own = f"{self.available:.0f} of {self.burst} at once, "
        own += f"{self.current_rate} of {self.requests_per_minute:g} a minute"
        return own + (
            f", {self.quota.remaining:,} of {self.quota.limit:,} left of the service's quota"
            if self.quota and self.quota.limit
            else ""
        )


def _demo(kind: type[BaseConnector], options: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that reach the demo service of a connector."""
    try:
        service = demo_services.start(kind.name, **options)
    except (LookupError, RuntimeError) as error:
        why = str(error).strip().rpartition("\n")[2]
        raise ConfigurationError(f"there is no such demo of {kind.name}: {why}", field="demo") from None
    return {"base_url": service.base_url, **service.credentials}


def _configured(
    kind: type[BaseConnector], settings: Mapping[str, Any], environment: Mapping[str, str]
) -> ConnectorConfig:
    """The configuration from arguments and environment; raises where neither says how to sign in."""
    known = {f.name for f in fields(ConnectorConfig)} | set(kind.options)
    for name in settings:
        if name not in known:
            hint = did_you_mean(name, known)
            raise ConfigurationError(
                f"{kind.name} has no setting {name!r}" + (f" ({hint})" if hint else ""), field=name, hint=hint
            )
    found = _from_environment(kind, known, environment)
    if _is_complete(kind, settings):  # an account given whole is not mixed with another's credentials
        found = {name: value for name, value in found.items() if name not in ACCOUNT}
    found |= settings
    if kind.credentials and not _is_complete(kind, found):
        raise _nobody_to_ask(kind)
    return kind.configure(**found)


def _is_complete(kind: type[BaseConnector], settings: Mapping[str, Any]) -> bool:
    """Whether the settings are enough to sign in."""
    return any(all(settings.get(name) for name in way) for way in kind.credentials)


def _variable(kind: type[BaseConnector], setting: str) -> str:
    return f"SPYRO_{kind.name}_{setting}".upper()


def _from_environment(
    kind: type[BaseConnector], known: Iterable[str], environment: Mapping[str, str]
) -> dict[str, Any]:
    """The settings that environment variables give, in their types."""
    types = get_type_hints(ConnectorConfig)
    given = {
        name: text
        for name in known
        if types.get(name) not in MAPPINGS and (text := environment.get(_variable(kind, name)))
    }
    return {name: _typed(_variable(kind, name), text, types.get(name)) for name, text in given.items()}


def _typed(variable: str, text: str, kind: Any) -> Any:
    """The text of an environment variable as a setting's type; None for a connector's own option."""
    if text.lower() in ("true", "false") and kind in (bool, bool | str, None):
        return text.lower() == "true"
    if kind is bool:
        raise ConfigurationError(f"{variable}={text!r} cannot be: it must be true or false", field=variable)
    try:
        return {int: int, int | None: int, float: float}.get(kind, str)(text)
    except ValueError:
        raise ConfigurationError(
            f"{variable}={text!r} cannot be: it must be a number", field=variable
        ) from None


def _nobody_to_ask(kind: type[BaseConnector]) -> AuthenticationError:
    ways = " or ".join(" and ".join(_variable(kind, name) for name in way) for way in kind.credentials)
    return AuthenticationError(
        f"{kind.name} needs credentials, and there is nobody to ask here: set {ways}, or give them to connect"
        f" as {', '.join(kind.credentials[0])}",
        connector=kind.name,
        hint=f"spyro.connect({kind.name!r}, demo=True) needs none",
    )
