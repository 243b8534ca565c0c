"""All open connections of this process, and what each has asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from weakref import WeakValueDictionary

from .connector import BaseConnector
from .events import Connected, Observer, pass_on
from .http import origin
from .observers.stats import Stats
from .rate_limit import RateLimit
from .shown import Shown
from .words import counted


@dataclass(frozen=True)
class OpenConnection:
    """One connection, as far as it is no secret."""

    name: str
    where: str
    """The host that is asked; '' where the connector does not say."""
    profile: str
    """The profile that it was opened with; '' for none."""
    stats: Stats
    rate_limit: RateLimit

    def __str__(self) -> str:
        return "  ".join(filter(None, (self.name, self.profile, self.where, str(self.stats))))


class AllStats(Shown):
    """The open connections, in the order in which they were opened: each look says what is so now."""

    def __init__(self) -> None:
        self._connectors: WeakValueDictionary[int, BaseConnector] = WeakValueDictionary()
        self._numbers = count()
        self._observers: tuple[Observer, ...] = ()

    def __iter__(self) -> Iterator[OpenConnection]:
        return iter([_seen(it) for it in self.connectors() if it.is_connected])

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __repr__(self) -> str:
        listed = list(self)
        return "\n  ".join([counted(len(listed), "open connection"), *map(str, listed)])

    @property
    def is_connected(self) -> bool:
        """True: another may be opened at any time."""
        return True

    def connectors(self) -> list[BaseConnector]:
        """Those that somebody still holds, closed ones too."""
        living = (reference() for reference in self._connectors.valuerefs())  # a copy: others may connect
        return [it for it in living if it is not None]

    def add(self, connector: BaseConnector) -> None:
        """Take in one that was opened, without keeping it alive."""
        self._connectors[next(self._numbers)] = connector
        for observer in self._observers:
            connector.stats.observe(observer)
        pass_on(self._observers, Connected(connector.name))  # they could not hear it when it was so

    def forget(self) -> None:
        """Begin anew, in a child that was forked: what it inherited is its parent's."""
        self._connectors = WeakValueDictionary()

    def observe(self, observer: Observer) -> None:
        """Tell it each event of each connection from now on, also of those that are opened later."""
        self._observers += (observer,)
        for connector in self.connectors():
            connector.stats.observe(observer)

    def leave(self, observer: Observer) -> None:
        """Tell it no more."""
        self._observers = tuple(it for it in self._observers if it != observer)
        for connector in self.connectors():
            connector.stats.leave(observer)


everything = AllStats()
"""Those of this process."""


def stats() -> AllStats:
    """All open connections of this process: name, where, and the statistics of each."""
    return everything


def _seen(connector: BaseConnector) -> OpenConnection:
    config = connector.config
    address = vars(connector).get("base_url") or config.base_url  # where signing in led to, if that is known
    return OpenConnection(
        config.name,
        origin(address).partition("://")[2] if isinstance(address, str) else "",
        config.profile or "",
        connector.stats,
        RateLimit(connector.limiter, config.rate, connector.stats),
    )
