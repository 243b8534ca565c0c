"""How fast a service may be asked, as it is now."""

from __future__ import annotations

from datetime import datetime

from .config import RateLimitConfig
from .events import Observer, QuotaSeen
from .guards.limiter import RateLimiter
from .observers.stats import Stats
from .shown import Shown


class RateLimit(Shown):
    """How fast a service may be asked, and how much of that is left: each look says what is so now.

    Connections of one account share the bucket: what is left and what was granted is theirs together.
    """

    def __init__(self, limiter: RateLimiter, config: RateLimitConfig, stats: Stats) -> None:
        self._limiter, self._config = limiter, config
        self.stats = stats
        """What the connection's own calls add up to."""

    @property
    def connector(self) -> str:
        """The connection's name."""
        return self.stats.connector

    @property
    def requests_per_minute(self) -> float:
        """As configured; where the service allows less, the limiter keeps to that."""
        return self._config.requests_per_minute

    @property
    def burst(self) -> int:
        """Requests that may be sent at once."""
        return self._config.burst

    @property
    def available(self) -> float:
        """Requests that could be sent now."""
        return self._limiter.get_available_tokens()

    @property
    def current_rate(self) -> int:
        """Requests granted in the last minute."""
        return self._limiter.get_current_rate()

    @property
    def history(self) -> list[int]:
        """Requests granted in each of the last 60 seconds, oldest first; the last second still runs."""
        return self._limiter.get_history()

    @property
    def quota(self) -> QuotaSeen | None:
        """What the service itself last said is left."""
        return self.stats.quota

    @property
    def quota_seen(self) -> datetime | None:
        """When the service said so."""
        return self.stats.quota_seen

    @property
    def is_connected(self) -> bool:
        """Whether the connection is open."""
        return self.stats.is_connected

    def observe(self, observer: Observer) -> None:
        """Tell it each event of the connection from now on."""
        self.stats.observe(observer)

    def leave(self, observer: Observer) -> None:
        """Tell it no more."""
        self.stats.leave(observer)

    def __str__(self) -> str:
        own = f"{self.available:.0f} of {self.burst} at once, "
        own += f"{self.current_rate} of {self.requests_per_minute:g} a minute"
        return own + (
            f", {self.quota.remaining:,} of {self.quota.limit:,} left of the service's quota"
            if self.quota and self.quota.limit
            else ""
        )

    def __repr__(self) -> str:
        return f"<RateLimit {self}>"
