"""Never ask faster than the service allows."""

from __future__ import annotations

import math
import sys
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Awaitable, Callable, Iterable

import anyio

from ..config import RateLimitConfig
from ..errors import ValidationError
from .quota import Quota

MINUTE = 60.0  # seconds
FORMER = 1.1  # windows; an answer tells what was, up to a tenth of a window ago
LONGEST_PACE = 3600.0  # seconds; the quota of a longer window is a stock to spend, not a pace to keep
FASTEST = 10_000.0  # requests a second; of one who may send more, shorter windows than a second are counted
DUST = 1e-6  # seconds; a rounding error is not worth a sleep
LATE = 0.02  # seconds; timers wake us late: by at most so much those who come next are served earlier
JITTER = 0.022  # seconds by which requests may arrive closer together than they left


class TooLong(Exception):
    """What would have to be waited is more than the caller has patience for."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class RateLimiter:
    """A token bucket: starts full, holds `burst` tokens, gains `rate` a second; a request takes one.

    In any t seconds at most rate * t + burst tokens are granted, in the order in which they were asked
    for. Timers wake a waiter late, which an empty bucket makes up for, but not one that holds a single token:
    there those who wait next come as much earlier, by 20 ms at most. A whole second (or the time of a token,
    where that is longer) has none the more requests for it. Several connectors of one account may share a
    limiter, on one event loop at a time.

    A service that counts exactly refuses what arrives too close together, however evenly it left. `jitter`
    takes its windows to be so many seconds longer: those it announces, else windows of a second, the
    shortest that are usual.
    """

    def __init__(
        self,
        config: RateLimitConfig,
        *,
        jitter: float = 0.0,  # seconds
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self.request_times: deque[float] = deque()
        """When the requests of the last minute were granted, oldest first, as told by `clock`."""
        self._burst, self._jitter = config.burst, jitter
        self._fastest = self._rate = config.rate / (1 + jitter)
        a_second = math.ceil(min(config.rate, FASTEST))
        self._own = _Window(self._burst - 1 + a_second, a_second / self._rate)
        self._told: _Window | None = None  # what the service said
        self._clock, self._sleep = clock, sleep
        self._empty_at = -math.inf  # the bucket has gained since then; in the future while it is drained
        self._turnstile = anyio.Lock(fast_acquire=True)  # its head alone waits for tokens
        self._waiting = 0

    async def acquire(self, tokens: int = 1, *, patience: float = math.inf) -> float:
        """Take tokens as soon as they are there and all who came before have theirs.

        Returns the seconds waited. Whoever is cancelled while waiting has taken nothing. Raises
        `ValidationError` for less than one token, or more than the bucket holds, and `TooLong` instead of a
        wait of more than `patience` seconds, also where that turns out while one waits already.
        """
        if not 1 <= tokens <= self._burst:
            raise ValidationError(
                f"cannot acquire {tokens} tokens: a request takes from 1 to {self._burst} (burst_size)",
                field="tokens",
                value=tokens,
            )
        now = self._clock()
        if not self._waiting and self._ready_at(tokens) - now <= DUST:
            self._take(tokens, now, now)
            return 0.0
        if (wait := self._ready_at(tokens) - now) > patience:
            raise TooLong(wait)
        waited = await self._stand_in_line(tokens, now, patience)
        now = self._clock()
        self._take(tokens, now, now - LATE)
        return waited

    async def wait_if_needed(self) -> float:
        """Let a bucket that is nearly empty become half full; return the seconds waited.

        Nearly empty is less than a fifth. It takes no token, but stands in line like a request: those who
        come later wait behind it, else they could keep the bucket empty for ever.
        """
        if self.get_available_tokens() >= self._burst / 5:
            return 0.0
        return await self._stand_in_line(self._burst / 2, self._clock())

    def drain(self, seconds: float) -> None:
        """Empty the bucket and keep it empty for so long: all callers pause, also those who wait already.

        A shorter drain never shortens a longer one.
        """
        self._empty_at = max(self._empty_at, self._clock() + max(0.0, seconds))

    def learn(self, quota: Quota) -> None:
        """Heed what the service says is left to us; what makes no sense is ignored.

        A quota that is slower than our own rate becomes the rate; no quota makes us faster than configured.
        Where its window is a minute or less, no such window holds more of our requests than it allows,
        whatever the burst. What others have used of it, we cannot know when they will give back: then the
        bucket holds no more than is left; when nothing is, it is drained until the reset.
        """
        now = self._clock()
        if quota.limit and quota.limit > 0 and quota.window and 0 < quota.window <= LONGEST_PACE:
            self._heed(quota.limit, quota.window + self._jitter, now)
        if quota.remaining < 0 or self._used_alone(quota, now):
            return
        self._empty_at = max(self._empty_at, now - quota.remaining / self._rate)
        if quota.remaining == 0 and quota.resets_in is not None and quota.resets_in < math.inf:
            self.drain(quota.resets_in)

    def get_available_tokens(self) -> float:
        """Tokens that could be taken now, never negative."""
        now = self._clock()
        room = self._own.room(now) if self._told is None else min(self._own.room(now), self._told.room(now))
        return max(0.0, min(self._held(now), room))

    def get_wait_time(self, tokens: int = 1) -> float:
        """Seconds until tokens could be taken, as things stand and if nobody else wanted any."""
        return max(0.0, self._ready_at(tokens) - self._clock())

    def get_current_rate(self) -> int:
        """Requests granted in the last 60 seconds, however many tokens each took."""
        since = self._clock() - MINUTE
        self._forget(since - self._jitter)
        times = tuple(self.request_times)  # a copy: the loop's thread may grant one meanwhile
        return len(times) - bisect_right(times, since)

    async def _stand_in_line(self, tokens: float, since: float, patience: float = math.inf) -> float:
        """Wait until the bucket holds so much; nobody can take it before the caller's next await."""
        self._waiting += 1
        try:
            async with self._turnstile:
                # the bucket may have been drained, or slowed, while the head slept
                while (wait := self._ready_at(tokens) - self._clock()) > DUST:
                    if wait > patience:
                        raise TooLong(wait)
                    await self._sleep(wait)
        finally:
            self._waiting -= 1
        return self._clock() - since

    def _ready_at(self, tokens: float) -> float:
        """When, as things stand, so many tokens can be taken."""
        ready = max(self._empty_at + tokens / self._rate, self._own.free_at())
        return ready if self._told is None else max(ready, self._told.free_at())

    def _take(self, tokens: int, now: float, due: float) -> None:
        self._empty_at = max(self._empty_at, due - self._burst / self._rate) + tokens / self._rate
        self.request_times.append(now)
        self._own.times.append(now)
        if self._told is not None:
            self._told.times.append(now)
        self._forget(now - MINUTE - self._jitter)

    def _held(self, now: float) -> float:
        return min(float(self._burst), (now - self._empty_at) * self._rate)

    def _heed(self, limit: int, window: float, now: float) -> None:
        """Send no more than `limit` in any `window`, evenly once the bucket is empty."""
        self._pace(min(self._fastest, limit / window), now)
        is_news = self._told is None or (limit, window) != (self._told.most, self._told.seconds)
        if is_news and window <= MINUTE + self._jitter:  # else we do not remember
            self._told = _Window(limit, window, self.request_times)

    def _used_alone(self, quota: Quota, now: float) -> bool:
        """Whether all that is used of a window was used by us, who know when it comes back."""
        told = self._told
        if told is None or quota.limit != told.most:
            return False
        if quota.window is not None and quota.window + self._jitter != told.seconds:
            return False
        used, times = told.most - quota.remaining, told.times
        return used <= 0 or (used <= len(times) and times[-used] + FORMER * told.seconds > now)

    def _pace(self, rate: float, now: float) -> None:
        """Gain `rate` tokens a second from now on, and keep what the bucket holds."""
        if rate != self._rate and self._empty_at < now:
            self._empty_at = now - self._held(now) / rate
        self._rate = rate

    def _forget(self, before: float) -> None:
        times = self.request_times
        while times and times[0] <= before:
            times.popleft()


class _Window:
    """The last requests, of which no more than `most` may be within any `seconds`."""

    def __init__(self, most: int, seconds: float, times: Iterable[float] = ()) -> None:
        self.most, self.seconds = most, seconds
        self.times = deque(times, maxlen=min(most, sys.maxsize))

    def free_at(self) -> float:
        """When one more request is allowed; long ago where it always was."""
        return self.times[0] + self.seconds if len(self.times) == self.most else -math.inf

    def room(self, now: float) -> int:
        """How many more requests are allowed now."""
        times = tuple(self.times)  # a copy: the loop's thread may grant one meanwhile
        return self.most - sum(at + self.seconds > now for at in times)
