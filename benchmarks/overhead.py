"""What guards, events and statistics cost of a page's time.

    python benchmarks/overhead.py [--records N]

Fetches a table from the demo service in a process of its own, then times the same guards around a call
that does nothing, and the same events told to the same observers. The shares are ratios within one run.
Then the rate limiter alone: what it costs whoever need not wait, and how much of its rate many waiters get,
with a burst of one, where every wake that comes late could be lost.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import spyro_sdk as spyro
from spyro_sdk.config import RateLimitConfig
from spyro_sdk.connector import BaseConnector
from spyro_sdk.events import Attempted, Event, PageArrived, QuotaSeen, Received, tell
from spyro_sdk.guards.limiter import RateLimiter
from spyro_sdk.observers.logging import Log
from spyro_sdk.observers.stats import Stats

ROUNDS = 7
PAGE: list[Event] = [
    Received("salesforce", 200, 250_000, 0.05),
    QuotaSeen("salesforce", 100_000, 99_000, None),
    Attempted("salesforce", 0.05, None),
    PageArrived("salesforce", "Account", 2000, 100_000),
]
"""The events of one page."""


class Idle(BaseConnector):
    """A connector whose calls cost nothing: what is left are the guards."""

    async def connect(self) -> None:
        """Nothing to open."""

    async def fetch_data(
        self, entity_type: str, since: Any = None, filters: Any = None
    ) -> AsyncIterator[dict[str, Any]]:
        """Nothing to fetch."""
        for record in ():
            yield record

    async def guarded(self, calls: int) -> float:
        """Seconds for one call inside all guards, its two events and the statistics included."""
        started = time.perf_counter()
        for _ in range(calls):
            await self._execute_with_retry(asyncio.sleep, 0)
        return (time.perf_counter() - started) / calls


async def guards(calls: int = 20_000) -> float:
    """Seconds that the guards cost a call."""
    config = Idle.configure(auth_type="none", rate_limit=1e12, burst_size=10**9)
    async with Idle(config).connection_context() as idle:
        return min([await idle.guarded(calls) for _ in range(ROUNDS)])


def told(observers: list[Any], pages: int = 20_000) -> float:
    """Seconds that telling the events of one page costs."""
    started = time.perf_counter()
    for _ in range(pages):
        for event in PAGE:
            tell(observers, event)
    return (time.perf_counter() - started) / pages


async def nothing() -> float:
    """What an acquire that costs nothing would be."""
    return 0.0


async def uncontended(calls: int = 100_000) -> float:
    """Seconds that the limiter costs a caller who need not wait."""
    acquire = RateLimiter(RateLimitConfig(1e12, 10**9)).acquire
    return min([await timed(acquire, calls) - await timed(nothing, calls) for _ in range(ROUNDS)])


async def timed(call: Callable[[], Awaitable[float]], calls: int) -> float:
    """Seconds for one call, one after the other."""
    started = time.perf_counter()
    for _ in range(calls):
        await call()
    return (time.perf_counter() - started) / calls


async def used(rate: float, *, waiters: int = 16, seconds: float = 3.0) -> float:
    """The share of `rate`, in requests a second, that many waiters get together."""
    limiter, granted = RateLimiter(RateLimitConfig(rate * 60, 1)), list[float]()
    end = time.perf_counter() + seconds

    async def wait() -> None:
        while time.perf_counter() < end:
            await limiter.acquire()
            granted.append(time.perf_counter())

    await asyncio.gather(*(wait() for _ in range(waiters)))
    return (len(granted) - 1) / (granted[-1] - granted[0]) / rate


def page(records: int) -> float:
    """Seconds that a page of 2,000 records takes from the service to Arrow."""
    with spyro.connect("salesforce", demo={"records": records}, progress=False) as sf:
        fetch = sf.fetch("Account")
        fetch.head()
        seconds = []
        for _ in range(3):
            started = time.perf_counter()
            table = fetch.to_arrow()
            seconds.append((time.perf_counter() - started) / (table.num_rows / 2000))
    return statistics.median(seconds)


def main() -> None:
    """Print the figures, each as a share of a page's time."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=20_000)
    whole = page(parser.parse_args().records)
    costs = {
        "guards (retry, breaker, limiter)": asyncio.run(guards()),
        "events to Stats": min(told([Stats()]) for _ in range(ROUNDS)),
        "events to logging": min(told([Log()]) for _ in range(ROUNDS)),
    }
    print(f"{'a page of 2,000 records':34} {whole * 1e3:9.2f} ms")
    for name, seconds in costs.items():
        print(f"{name:34} {seconds * 1e6:9.2f} µs  {100 * seconds / whole:7.3f} %")
    print(f"{'limiter, an uncontended acquire':34} {asyncio.run(uncontended()) * 1e6:9.2f} µs")
    for rate in (40, 100, 1000):
        share = asyncio.run(used(rate))
        print(f"{f'limiter, {rate} a second, 16 waiters':34} {100 * share:9.2f} % of the rate used")


if __name__ == "__main__":
    main()
