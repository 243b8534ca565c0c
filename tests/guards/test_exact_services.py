"""Services that count every request of every second, and refuse one too many."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spyro_sdk.config import ConnectorConfig, RateLimitConfig
from spyro_sdk.connector import BaseConnector
from spyro_sdk.errors import RateLimitError
from spyro_sdk.guards.limiter import JITTER, RateLimiter
from spyro_sdk.guards.quota import Quota, read_quota
from spyro_sdk.http import Request
from spyro_sdk.transport.aiohttp import AiohttpTransport

MOST, WINDOW = 40, 1.0  # requests, seconds
AWAY = 0.02  # seconds that a request may be on its way, each time another
BUSY = 0.1  # seconds for which this machine may do something else


@dataclass
class Counter:
    """A sliding window that is kept to exactly; `seen` are the times of all requests that it let through."""

    clock: Callable[[], float]
    most: int = MOST
    window: float = WINDOW
    seen: deque[float] = field(default_factory=deque)
    refused: int = 0
    _recent: deque[float] = field(default_factory=deque)

    def ask(self) -> tuple[bool, int]:
        """Whether this request is within the allowance, and how many more would be."""
        now = self.clock()
        while self._recent and self._recent[0] <= now - self.window:
            self._recent.popleft()
        is_granted = len(self._recent) < self.most
        self.refused += not is_granted
        for times in (self.seen, self._recent) if is_granted else ():
            times.append(now)
        return is_granted, self.most - len(self._recent)

    def share(self, seconds: float) -> float:
        """How much of the allowance was used, from a second after the first request on."""
        start = self.seen[0] + 1
        return sum(start <= at < start + seconds for at in self.seen) / (self.most / self.window * seconds)


# in virtual time


def fetching(
    limiter: RateLimiter,
    counter: Counter,
    dice: random.Random,
    learned: Callable[[int], Quota | None],
    *,
    callers: int = 16,
    seconds: float = 12.0,
) -> Callable[[], Awaitable[None]]:
    """Many callers whose requests and answers are on their way for different times."""

    async def caller(end: float) -> None:
        while counter.clock() < end:
            await limiter.acquire()
            await asyncio.sleep(dice.uniform(0, AWAY))
            _, remaining = counter.ask()
            await asyncio.sleep(dice.uniform(0, AWAY))
            if quota := learned(remaining):
                limiter.learn(quota)

    async def main() -> None:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(callers):
                tasks.create_task(caller(counter.clock() + seconds))

    return main


def run_against(
    virtually: Any, config: RateLimitConfig, seed: int, learned: Callable[[int], Quota | None]
) -> Counter:
    """The counter of a service that was asked for 12 seconds, by timers that wake late, some of them very."""
    dice = random.Random(seed)

    async def main() -> Counter:
        clock = asyncio.get_running_loop().time
        counter = Counter(clock)

        async def sleep(seconds: float) -> None:
            stall = dice.uniform(0.005, 0.03) if dice.random() < 0.02 else 0.0
            await asyncio.sleep(seconds + dice.uniform(0, 0.0015) + stall)

        limiter = RateLimiter(config, jitter=JITTER, clock=clock, sleep=sleep)
        await fetching(limiter, counter, dice, learned)()
        return counter

    counter: Counter = virtually(main)
    return counter


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6))
def test_the_services_own_rate_evenly_spread_is_never_refused_and_nearly_all_used(
    virtually: Any, seed: int
) -> None:
    counter = run_against(virtually, RateLimitConfig(MOST * 60, 1), seed, lambda remaining: None)
    assert counter.refused == 0
    assert counter.share(10) >= 0.97


def policy(remaining: int) -> Quota:
    return Quota(MOST, remaining, WINDOW, WINDOW)


def trio(remaining: int) -> Quota | None:
    told = {"limit": MOST, "remaining": remaining, "reset": 1}
    return read_quota({f"x-ratelimit-{name}": str(value) for name, value in told.items()}, now=0.0)


@pytest.mark.parametrize("learned", [policy, trio])
@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10**6), per_second=st.integers(50, 400), burst=st.integers(1, 20))
def test_a_faster_client_that_is_told_the_allowance_is_never_refused_either(
    virtually: Any, learned: Callable[[int], Quota], seed: int, per_second: int, burst: int
) -> None:
    counter = run_against(virtually, RateLimitConfig(per_second * 60, burst), seed, learned)
    assert counter.refused == 0
    assert counter.share(10) >= 0.965  # of the unluckiest timers; others leave less


def test_what_others_use_of_the_allowance_is_left_to_them(virtually: Any) -> None:
    async def main() -> tuple[Counter, float]:
        clock, dice = asyncio.get_running_loop().time, random.Random(7)
        counter = Counter(clock)

        async def others() -> None:
            while True:
                counter.ask()
                await asyncio.sleep(0.1)

        limiter = RateLimiter(RateLimitConfig(MOST * 60, 1), jitter=JITTER, clock=clock)
        another = asyncio.create_task(others())
        await fetching(limiter, counter, dice, policy, callers=1, seconds=10)()
        another.cancel()
        return counter, counter.refused / len(counter.seen)

    counter, share = virtually(main)
    assert share < 0.01
    assert counter.share(5) > 0.5


# over real sockets


class Told(BaseConnector):
    """A connector that heeds what the answers say of its allowance."""

    async def connect(self) -> None:
        self._session = AiohttpTransport(self.config)

    async def fetch_data(
        self, entity_type: str, since: Any = None, filters: Mapping[str, Any] | None = None
    ) -> AsyncIterator[dict[str, Any]]:
        for _ in range(int(entity_type)):
            yield await self._execute_with_retry(self._ask)

    async def _ask(self) -> dict[str, Any]:
        answer = await self._session(Request(f"{self.config.base_url}/"))
        if quota := read_quota(answer.headers, now=0.0):
            self.limiter.learn(quota)
        if answer.status == 429:
            raise RateLimitError("acme answered 429", float(answer.headers["retry-after"]), status=429)
        return {"status": answer.status}


@asynccontextmanager
async def serving(counter: Counter, headers: str) -> AsyncIterator[str]:
    """A service on a real socket, whose requests arrive and whose answers leave a little late."""
    dice = random.Random(3)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                await asyncio.sleep(dice.uniform(0, AWAY / 2))
                is_granted, remaining = counter.ask()
                head = "200 OK" if is_granted else "429 Too Many Requests\r\nretry-after: 1"
                said = headers.format(remaining=remaining)
                await asyncio.sleep(dice.uniform(0, AWAY / 2))
                writer.write(f"HTTP/1.1 {head}\r\n{said}content-length: 0\r\n\r\n".encode())
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def asked(config: ConnectorConfig, requests: int, callers: int = 8) -> None:
    """Ask so often, several at a time."""
    limiter = RateLimiter(config.rate, jitter=BUSY)
    async with Told(config, limiter=limiter).connection_context() as connector, asyncio.TaskGroup() as tasks:
        for _ in range(callers):
            tasks.create_task(counted(connector, requests // callers))


async def counted(connector: BaseConnector, requests: int) -> None:
    assert [record["status"] async for record in connector.fetch_data(str(requests))] == [200] * requests


POLICY = 'ratelimit: "second";r={remaining};t=1\r\nratelimit-policy: "second";q=40;w=1\r\n'
TRIO = "x-ratelimit-limit: 40\r\nx-ratelimit-remaining: {remaining}\r\nx-ratelimit-reset: 1\r\n"


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("said", "per_minute", "burst"), [("", MOST * 60, 1), (POLICY, 6000, 10), (TRIO, 6000, 10)]
)
async def test_over_real_sockets_no_request_is_refused(said: str, per_minute: float, burst: int) -> None:
    counter = Counter(asyncio.get_running_loop().time)
    configured = partial(ConnectorConfig, "acme", auth_type="none", rate_limit=per_minute, burst_size=burst)
    async with serving(counter, said) as address:
        await asked(configured(base_url=address), requests=64)
    assert (counter.refused, len(counter.seen)) == (0, 64)


@pytest.mark.anyio
async def test_one_refusal_makes_all_callers_wait_and_then_come_evenly() -> None:
    counter = Counter(asyncio.get_running_loop().time, most=20, window=0.5)
    config = partial(
        ConnectorConfig, "acme", auth_type="none", rate_limit=MOST * 60
    )  # 240 at once, by default
    async with serving(counter, "") as address:
        await asked(config(base_url=address), requests=48)
    assert 1 <= counter.refused <= 8  # those that were on their way
    assert len(counter.seen) == 48


@pytest.mark.anyio
async def test_a_connector_reckons_with_jitter_of_its_own_accord() -> None:
    connector = Told(ConnectorConfig("acme", auth_type="none", rate_limit=1))
    await connector.limiter.acquire()
    assert connector.limiter.get_wait_time() == pytest.approx(60 * (1 + JITTER), abs=0.5)
