"""What guards, events, statistics and progress cost of a page's time.

    python benchmarks/overhead.py [--records N] [--rounds N]

Fetches a table from the local service to Arrow, then times the same guards around a call that does nothing,
and the same events told to the same observers. The shares are of a page's time in that fetch. The last line
is the other way to ask: the same fetch with progress and without, turn by turn.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import statistics
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import redirect_stderr
from typing import Any

from contest import Terms, serve

import spyro_sdk as spyro
from spyro_sdk.config import RateLimitConfig
from spyro_sdk.connector import BaseConnector
from spyro_sdk.connectors.salesforce import Salesforce
from spyro_sdk.events import Attempted, Event, FetchStarted, PageArrived, QuotaSeen, Received, tell
from spyro_sdk.guards.limiter import RateLimiter
from spyro_sdk.observers.logging import Log
from spyro_sdk.observers.running import Asked, Running
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


async def guards(calls: int) -> float:
    """Seconds that the guards cost a call."""
    config = Idle.configure(auth_type="none", rate_limit=1e12, burst_size=10**9)
    async with Idle(config).connection_context() as idle:
        return min([await idle.guarded(calls) for _ in range(ROUNDS)])


def told(observers: list[Any], pages: int) -> float:
    """Seconds that telling the events of one page costs."""
    tell(observers, FetchStarted("salesforce", "Account"))
    started = time.perf_counter()
    for _ in range(pages):
        for event in PAGE:
            tell(observers, event)
    return (time.perf_counter() - started) / pages


def running() -> Running:
    """What the progress line is drawn from."""
    rate = RateLimitConfig(1e6)
    return Running(Asked("salesforce", "Account", rate, RateLimiter(rate)))


def fetching(address: str, *, progress: bool) -> Callable[[], float]:
    """A fetch to Arrow that tells the seconds it took for each page of 2,000 records."""
    settings = {"base_url": address, "access_token": "token", "rate_limit": 1e6, "burst_size": 1_000}
    fetch = spyro.connect(Salesforce, progress=progress, **settings).fetch("Account")

    def seconds() -> float:
        with redirect_stderr(io.StringIO()):
            started = time.perf_counter()
            table = fetch.to_arrow()
            return (time.perf_counter() - started) / (table.num_rows / 2000)

    return seconds


def pairs(records: int, rounds: int) -> list[tuple[float, float]]:
    """Seconds a page without progress and with it, turn by turn; the first turn is not counted."""
    with serve(Terms(records)) as service:
        silent = fetching(service.address, progress=False)
        drawn = fetching(service.address, progress=True)
        return [(silent(), drawn()) for _ in range(rounds + 1)][1:]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the figures, each as a share of a page's time."""
    it = _options(arguments)
    many = it.repeats
    times = pairs(it.records, it.rounds)
    whole = statistics.median(silent for silent, _ in times)
    costs = {
        "guards (retry, breaker, limiter)": asyncio.run(guards(many)),
        "events to Stats": min(told([Stats()], many) for _ in range(ROUNDS)),
        "events to logging": min(told([Log()], many) for _ in range(ROUNDS)),
        "events to the progress line": min(told([running()], many) for _ in range(ROUNDS)),
    }
    print(f"{'a page of 2,000 records to Arrow':34} {whole * 1e3:9.2f} ms")
    for name, seconds in costs.items():
        print(f"{name:34} {seconds * 1e6:9.2f} µs  {100 * seconds / whole:7.3f} %")
    all_of_them = sum(costs.values())
    print(f"{'all of them':34} {all_of_them * 1e6:9.2f} µs  {100 * all_of_them / whole:7.3f} %")
    more = [100 * (drawn / silent - 1) for silent, drawn in times]
    spread = f"{statistics.median(more):+.1f} % ({min(more):+.1f} to {max(more):+.1f})"
    print(f"with progress=True, {len(more)} turns: {spread}")


def _options(arguments: Sequence[str] | None) -> Any:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--repeats", type=int, default=20_000, help="calls that do nothing, in a row")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
