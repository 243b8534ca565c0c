"""How to reach an origin: through which proxy, and trusting whose certificates."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.request import getproxies

from ..config import ConnectorConfig
from ..secret import Unseen
from ..workers import in_worker
from .proxies import proxy_for
from .trust import chosen, trusted


@dataclass(frozen=True, slots=True)
class Way:
    """How to reach an origin."""

    proxy: str | None
    """Its address; None: straight on."""
    trust: ssl.SSLContext | bool
    """The certificates to trust; True for the system's, False for any."""


class Ways:
    """The ways to all origins, each found out once, by the environment or the system."""

    def __init__(
        self,
        config: ConnectorConfig,
        environment: Mapping[str, str] = os.environ,
        proxies: Callable[[], Mapping[str, str]] = getproxies,
    ) -> None:
        self._config, self._environment, self._proxies = config, Unseen(environment), proxies
        self._known: dict[str, Way] = {}
        if not isinstance(config.verify_ssl, bool):
            chosen(config)  # now, and not with the first request

    async def to(self, home: str) -> Way:
        """The way to an origin."""
        if home not in self._known:
            self._known[home] = await in_worker(self._found, home)
        return self._known[home]

    def _found(self, home: str) -> Way:
        trust = trusted(self._config, self._environment) if home.startswith("https:") else True
        return Way(proxy_for(home, self._proxies()), trust)
