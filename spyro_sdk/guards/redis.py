"""One bucket for all machines that ask the same account: a few numbers in Redis.

Each step is one script, which Redis runs alone and by its own clock. Its client is an extra, `redis`; it is
used in worker threads, so that its connections are given back with it, whichever loop they served.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

from anyio.to_thread import run_sync

from ..errors import ConfigurationError, StoreError
from .bucket import Level, Turn

logger = logging.getLogger(__name__)

TIMEOUT: Final = 1.0  # seconds for one step
KEPT: Final = 3600  # seconds that a bucket is kept after its last use, and after the last turn in it

STEP: Final = """
local told = redis.call('TIME')
local now = tonumber(told[1]) + tonumber(told[2]) / 1e6
local kept = redis.call('HMGET', KEYS[1], 'empty_at', 'drained')
local empty_at, drained = tonumber(kept[1] or 0), tonumber(kept[2] or 0)
local act, number, mark = ARGV[1], tonumber(ARGV[2]), ARGV[5]
local rate, burst = tonumber(ARGV[3]), tonumber(ARGV[4])
if act == 'reserve' then
    empty_at = math.max(empty_at, now - burst / rate) + number / rate
elseif act == 'drain' then
    empty_at, drained = math.max(empty_at, now + number), math.max(drained, now + number)
elseif act == 'give back' and kept[1] == mark then
    empty_at = math.max(empty_at - number / rate, drained)
end
local written = string.format('%.6f', empty_at)
if act ~= 'look' then
    redis.call('HSET', KEYS[1], 'empty_at', written, 'drained', string.format('%.6f', drained))
    redis.call('EXPIRE', KEYS[1], math.ceil(math.max(empty_at - now, 0)) + tonumber(ARGV[6]))
end
return {string.format('%.6f', empty_at - now), string.format('%.6f', drained - now), written}
"""


class RedisBucket:
    """A token bucket in Redis. What it says of later is told in seconds from now: clocks differ."""

    def __init__(
        self, client: Any, key: str, burst: int, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._step = client.register_script(STEP)
        self._key, self._burst, self._clock, self._seen = key, burst, clock, Level()

    async def reserve(self, tokens: int, rate: float) -> Turn | None:
        ready, mark = await run_sync(self._asked, "reserve", tokens, rate)
        return Turn(ready, mark)

    def give_back(self, turn: Turn, tokens: int, rate: float) -> None:
        self._beside("give back", tokens, rate, turn.mark)

    def drain(self, seconds: float) -> None:
        until, seen = self._clock() + seconds, self._seen
        self._seen = Level(max(seen.empty_at, until), max(seen.drained, until))
        self._beside("drain", seconds)

    async def fresh(self) -> Level:
        await run_sync(self._asked, "look")
        return self._seen

    def look(self) -> Level:
        return self._seen

    def _asked(
        self, act: str, number: float = 0.0, rate: float = 1.0, mark: float = 0.0
    ) -> tuple[float, float]:
        """Take a step; return when its turn comes, and its mark."""
        from redis import RedisError

        begun = self._clock()
        try:
            told = self._step(keys=[self._key], args=[act, number, rate, self._burst, f"{mark:.6f}", KEPT])
        except RedisError as error:
            raise StoreError(
                f"the Redis that counts requests is of no use: {type(error).__name__}",
                hint="SPYRO_RATE_LIMITS says where it is",
            ) from None
        empty_in, drained_in, written = map(float, told)
        self._seen = Level(begun + empty_in, begun + drained_in)
        return begun + empty_in, written

    def _beside(self, *step: Any) -> None:
        """Take a step that nobody waits for."""

        def act() -> None:
            try:
                self._asked(*step)
            except StoreError as error:
                logger.warning("%s", error)

        threading.Thread(target=act, name="spyro-redis", daemon=True).start()


def redis_bucket(address: str, key: str, burst: int) -> RedisBucket:
    """A bucket in the Redis at an address such as `redis://user:password@host:6379/0`."""
    try:
        import redis
    except ImportError:
        raise ConfigurationError(
            "redis is not installed: pip install 'spyro-sdk[redis]'", field="SPYRO_RATE_LIMITS"
        ) from None
    try:
        client = redis.Redis.from_url(address, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT)
    except ValueError:
        raise ConfigurationError(
            f"SPYRO_RATE_LIMITS has no address of a Redis, but one of {urlsplit(address).scheme}",
            field="SPYRO_RATE_LIMITS",
        ) from None
    return RedisBucket(client, f"spyro:{key}", burst)
