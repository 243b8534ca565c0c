"""How fast a service may be asked, as it is now."""

from __future__ import annotations

import anyio
import pytest

from spyro_sdk.config import RateLimitConfig
from spyro_sdk.events import QuotaSeen
from spyro_sdk.guards.limiter import RateLimiter
from spyro_sdk.observers.stats import Stats
from spyro_sdk.rate_limit import RateLimit

CONFIG = RateLimitConfig(600, 20)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limiter(clock: Clock) -> RateLimiter:
    return RateLimiter(CONFIG, clock=clock)


def test_it_is_a_view_of_what_is_so_now(limiter: RateLimiter, clock: Clock) -> None:
    stats = Stats(clock=clock)
    limit = RateLimit(limiter, CONFIG, stats)
    assert (limit.requests_per_minute, limit.burst) == (600, 20)
    assert (limit.available, limit.current_rate, limit.quota, limit.quota_seen) == (20, 0, None, None)
    anyio.run(limiter.acquire, 5)
    stats(QuotaSeen("acme", 100, 42, 60.0))
    assert (limit.available, limit.current_rate) == (15, 1)
    assert limit.history == [0] * 59 + [1]
    assert limit.quota == QuotaSeen("acme", 100, 42, 60.0)
    assert limit.quota_seen is not None
    assert limit.quota_seen.timestamp() == 1000.0
    clock.now += 61
    assert (limit.available, limit.current_rate) == (20, 0)


def test_it_reads_in_one_short_line(limiter: RateLimiter) -> None:
    stats = Stats()
    limit = RateLimit(limiter, CONFIG, stats)
    assert str(limit) == "20 of 20 at once, 0 of 600 a minute"
    stats(QuotaSeen("acme", None, 7, None))
    assert str(limit) == "20 of 20 at once, 0 of 600 a minute"
    stats(QuotaSeen("acme", 15_000, 1_234, None))
    assert str(limit).endswith(", 1,234 of 15,000 left of the service's quota")
    assert repr(limit) == f"<RateLimit {limit}>"
