"""One rate limiter for all that asks the same account."""

from __future__ import annotations

import asyncio
from weakref import WeakKeyDictionary, WeakValueDictionary

from ..config import ConnectorConfig
from .limiter import JITTER, RateLimiter

_limiters: WeakKeyDictionary[asyncio.AbstractEventLoop, WeakValueDictionary[bytes, RateLimiter]] = (
    WeakKeyDictionary()
)
"""The limiters in use on each event loop."""


def limiter_of(config: ConnectorConfig) -> RateLimiter:
    """The limiter which all on this event loop share that ask the account with the same allowance.

    Whoever gives another `rate_limit` or `burst_size` wants a part of the account's for himself.
    """
    limiters = _limiters.setdefault(asyncio.get_running_loop(), WeakValueDictionary())
    key = config.fingerprint("rate_limit", "burst_size")
    return limiters.setdefault(key, RateLimiter(config.rate, jitter=JITTER))
