"""A rate limiter that several processes share, on one machine or many."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, repeat
from typing import Any, Final

from ..config import RateLimitConfig
from ..errors import StoreError
from .bucket import Bucket, Turn
from .limiter import DUST, RateLimiter, TooLong

logger = logging.getLogger(__name__)

PAUSES: Final = (0.0005, 0.001, 0.002, 0.004)
"""Seconds between two looks at a bucket that another has locked; the last again and again."""
PATIENCE: Final = 0.25  # seconds that a lock is waited for: it is held for microseconds
ALONE: Final = 5.0  # seconds until a bucket that was of no use is tried again


class TogetherLimiter(RateLimiter):
    """A limiter whose tokens are those of all processes that ask the same account.

    Where the common bucket is of no use (its folder cannot be written, a stopped process holds its lock,
    Redis does not answer), it counts by itself for a while, as it does within its own process anyway, and
    says so once.
    """

    def __init__(self, config: RateLimitConfig, bucket: Bucket, **parts: Any) -> None:
        super().__init__(config, **parts)
        self._bucket, self._common_rate = bucket, config.rate
        self._alone_until = -math.inf
        self._has_said = False

    async def acquire(self, tokens: int = 1, *, patience: float = math.inf) -> float:
        """Take tokens as soon as neither this process nor all of them together had too many."""
        waited = await super().acquire(tokens, patience=patience)
        return waited + await self._with_all(tokens, patience)

    def drain(self, seconds: float) -> None:
        """Let all pause for so long, those too that wait already."""
        super().drain(seconds)
        if self._is_together:
            with self._tolerant():
                self._bucket.drain(max(0.0, seconds))

    def get_wait_time(self, tokens: int = 1) -> float:
        """Seconds until tokens could be taken, as things stand among all."""
        ready = self._empty_at_all() + tokens / self._pace_of_all
        return max(super().get_wait_time(tokens), ready - self._clock())

    def get_available_tokens(self) -> float:
        """Tokens that could be taken now, by whichever process comes first."""
        common = (self._clock() - self._empty_at_all()) * self._pace_of_all
        return max(0.0, min(super().get_available_tokens(), common))

    async def _with_all(self, tokens: int, patience: float) -> float:
        since = self._clock()
        while turn := await self._reserved(tokens):
            if turn.ready - self._clock() <= DUST:
                break
            await self._slept_until(turn, tokens, patience)
            if await self._may_go(turn):
                break
        return self._clock() - since

    async def _reserved(self, tokens: int) -> Turn | None:
        """When our tokens are there; None where we count alone."""
        given_up, pauses = self._clock() + PATIENCE, chain(PAUSES, repeat(PAUSES[-1]))
        while self._is_together:
            with self._tolerant():
                if (turn := await self._bucket.reserve(tokens, self._pace_of_all)) is not None:
                    return turn
                if self._clock() >= given_up:
                    self._go_alone("another process holds its lock")
            await self._sleep(next(pauses))
        return None

    async def _slept_until(self, turn: Turn, tokens: int, patience: float) -> None:
        try:
            while (wait := turn.ready - self._clock()) > DUST:
                if wait > patience:
                    raise TooLong(wait)
                await self._sleep(wait)
        except BaseException:
            with self._tolerant():
                self._bucket.give_back(turn, tokens, self._pace_of_all)
            raise

    async def _may_go(self, turn: Turn) -> bool:
        """Whether nobody was told to pause while we slept, whatever we were promised before."""
        with self._tolerant():
            return (await self._bucket.fresh()).drained <= turn.ready
        return True

    def _empty_at_all(self) -> float:
        if self._is_together:
            with self._tolerant():
                return self._bucket.look().empty_at
        return -math.inf

    @property
    def _pace_of_all(self) -> float:
        """Tokens a second of all together: as configured, or slower where the service said so."""
        return self._rate if self._rate < self._fastest else self._common_rate

    @property
    def _is_together(self) -> bool:
        return self._clock() >= self._alone_until

    @contextmanager
    def _tolerant(self) -> Iterator[None]:
        try:
            yield
        except StoreError as error:
            self._go_alone(str(error))

    def _go_alone(self, why: str) -> None:
        self._alone_until = self._clock() + ALONE
        if not self._has_said:
            self._has_said = True
            logger.warning("requests are not counted together with other processes: %s", why)
