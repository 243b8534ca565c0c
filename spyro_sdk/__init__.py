"""Records of business services as typed tables.

>>> import spyro_sdk as spyro
>>> sf = spyro.connect("salesforce", demo=True)  # doctest: +SKIP
>>> sf.fetch("Customer").to_pandas()  # doctest: +SKIP

Where to look, from the face down
    connection, fetch      what a notebook calls
    gallery                which connectors there are, and what each of them takes
    accounts               how a person signs in, and out
    all_stats, rate_limit  what all connections have asked, and how fast one may ask
    settings               where a connection's settings come from: arguments, environment, profile, demo
    profile, sources       accounts that a user describes in a file, and which source says who we are
    known, catalogue       what has been seen of a service, and how it is searched
    registry, connectors   the services, one module each
    runs, progress         one run of a fetch, and how it is shown while it goes on
    exporting              a run poured into a file
    taking                 what a fetch takes of what comes, under its terms
    rest, lists, exchange  what is asked, how a page travels, how an answer is got
    connector              the contract of a connector, and the guards around each call
    family                 the children of each parent, read as one table
    pages, reading         which page is asked for when, and what is known of its columns
    question               which of a service's entities answers a query, and in which columns
    identity               who we are to a service
    lifecycle, failure     how it opens and closes, and what its failures are called
    webhooks               what a service sends to a web server of yours, and whether it really did
    resume                 where an export goes on after a crash, and how far it has come
    schema_cache           what a service said of its columns, kept on disk for the next run
    increment, watermarks  what has come or changed since the last run, and how far that had come
    canonical              what a Customer is, whichever service it comes from
    arrow                  JSON pages become batches, tables and files
    guards                 retry, circuit breaker, rate limiter: around any call
    entity, where, paging  what is offered, what is asked, how the next page is asked for
    auth, transport        how a request is signed and sent
    warm                   what is heavy is imported while nobody waits, and quickly where somebody does
    events, observers      how all this tells what it does
    config, errors         what you may set, and what may go wrong
    private                files that their owner alone can read, replaced as a whole
    secret, forms          texts that are never shown, and the forms in which they may be written
    shown, words           what a notebook shows as a card, and numbers in words
    demo                   services that never were, to try it all without an account
    testing                what the author of a connector tests it with; nothing here imports it
    notebook               cards, panels and all else that a notebook shows; it plugs itself in where one runs
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import webhooks
    from .accounts import login, logout
    from .all_stats import stats
    from .config import ConnectorConfig, RateLimitConfig
    from .connection import Connection, connect
    from .connector import BaseConnector
    from .entity import Entity, EntitySchema, Parent, Query
    from .errors import ConnectorError
    from .fetch import Fetch
    from .gallery import Gallery
    from .guards.limiter import RateLimiter
    from .profile.listing import Profile, profiles
    from .rest import RestConnector

    def connectors() -> Gallery:
        """The names that `connect` takes; at run time a package that can be called."""
        ...


__version__ = "0.1.0"

__all__ = [
    "BaseConnector",
    "Connection",
    "ConnectorConfig",
    "ConnectorError",
    "Entity",
    "EntitySchema",
    "Fetch",
    "Parent",
    "Profile",
    "Query",
    "RateLimitConfig",
    "RateLimiter",
    "RestConnector",
    "connect",
    "connectors",
    "login",
    "logout",
    "profiles",
    "stats",
    "webhooks",
]

_HOMES = {
    "BaseConnector": "connector",
    "Connection": "connection",
    "ConnectorConfig": "config",
    "ConnectorError": "errors",
    "Entity": "entity",
    "EntitySchema": "entity",
    "Fetch": "fetch",
    "Parent": "entity",
    "Profile": "profile.listing",
    "Query": "entity",
    "RateLimitConfig": "config",
    "RateLimiter": "guards.limiter",
    "RestConnector": "rest",
    "connect": "connection",
    "login": "accounts",
    "logout": "accounts",
    "profiles": "profile.listing",
    "stats": "all_stats",
}
"""The module in which each name of the face lives; `connectors` and `webhooks` are packages."""


def __getattr__(name: str) -> Any:
    """Import a name's home when it is first used: `import spyro_sdk` alone loads nothing heavy."""
    if name in ("connectors", "webhooks"):
        return import_module(f".{name}", __name__)
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with import_module(".warm", __name__).undisturbed():
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext spyro_sdk`: plug the notebook in, where this package was imported before IPython began."""
    import_module(".notebook", __name__).plug()


if "IPython" in sys.modules or "marimo" in sys.modules:
    load_ipython_extension(None)
