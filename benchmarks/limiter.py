"""What a rate limiter costs, and how exact it is: ours beside aiolimiter, limits and pyrate-limiter.

    python benchmarks/limiter.py [--seconds N] [--rate N] [--tasks N]

First nanoseconds for a token that is there, then what several tasks are granted that want more than there is:
tokens a second, and the most within any second. The second figure must not be above the rate.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.metadata
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spyro_sdk.config import RateLimitConfig
from spyro_sdk.guards.limiter import RateLimiter

FREE = 1_000_000  # tokens a second: more than anybody takes here
ROUNDS = 5

Acquire = Callable[[], Awaitable[Any]]


def ours(rate: int, burst: int) -> Acquire:
    """`RateLimiter`, as a connector has it."""
    return RateLimiter(RateLimitConfig(rate * 60, burst)).acquire


def aiolimiter(rate: int, burst: int) -> Acquire:
    """So many a second, as its documents show; it lets that many through at once."""
    from aiolimiter import AsyncLimiter

    return AsyncLimiter(rate, 1).acquire


def limits(rate: int, burst: int) -> Acquire:
    """Its moving window, asked again after a pause where it says no: it has no way to wait."""
    from limits import RateLimitItemPerSecond
    from limits.aio.storage import MemoryStorage
    from limits.aio.strategies import MovingWindowRateLimiter

    limiter, item = MovingWindowRateLimiter(MemoryStorage()), RateLimitItemPerSecond(rate)

    async def acquire() -> None:
        while not await limiter.hit(item, "benchmark"):  # noqa: ASYNC110
            await asyncio.sleep(1 / rate)

    return acquire


def pyrate(rate: int, burst: int) -> Acquire:
    """Its limiter over a bucket in memory, which waits by itself."""
    from pyrate_limiter import Duration, InMemoryBucket, Limiter, Rate

    limiter = Limiter(InMemoryBucket([Rate(rate, Duration.SECOND)]))

    async def acquire() -> None:
        await limiter.try_acquire_async("benchmark")

    return acquire


LIMITERS = {
    "spyro_sdk RateLimiter": (ours, "spyro-sdk"),
    "aiolimiter": (aiolimiter, "aiolimiter"),
    "limits, moving window": (limits, "limits"),
    "pyrate-limiter": (pyrate, "pyrate-limiter"),
}


@dataclass(frozen=True)
class Load:
    """How hard a limiter is pressed."""

    rate: int  # tokens a second
    tasks: int
    seconds: float


async def uncontended(acquire: Acquire, calls: int) -> float:
    """Seconds for a token that is there."""
    started = time.perf_counter()
    for _ in range(calls):
        await acquire()
    return (time.perf_counter() - started) / calls


async def grants(acquire: Acquire, load: Load) -> list[float]:
    """When tokens were granted to tasks that take one after the other."""
    granted: list[float] = []
    end = time.perf_counter() + load.seconds

    async def take() -> None:
        while time.perf_counter() < end:
            await acquire()
            granted.append(time.perf_counter())

    await asyncio.gather(*(take() for _ in range(load.tasks)))
    return sorted(moment for moment in granted if moment <= end)


def worst_second(moments: Sequence[float]) -> int:
    """The most grants within any second, its end not counted."""
    return max(_within_a_second(moments))


def _within_a_second(moments: Sequence[float]) -> Iterator[int]:
    first = 0
    for number, moment in enumerate(moments, 1):
        while moments[first] <= moment - 1:
            first += 1
        yield number - first


Limiters = Mapping[str, tuple[Callable[[int, int], Acquire], str]]


def report(limiters: Limiters, load: Load, calls: int) -> None:
    """Measure each, and print."""
    print(f"{load.tasks} tasks, {load.rate} tokens a second, {load.seconds:g} s")
    print(f"{'':40}{'ns a token':>12}{'granted/s':>12}{'worst second':>14}")
    for title, (make, package) in limiters.items():
        cost = min(asyncio.run(_cost(make, calls)) for _ in range(ROUNDS))
        moments = asyncio.run(_pressed(make, load))
        name = f"{title} {importlib.metadata.version(package)}"
        granted = len(moments) / load.seconds
        print(f"{name:40}{cost * 1e9:12,.0f}{granted:12.1f}{worst_second(moments):14}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure all of them."""
    it = _options(arguments)
    report(LIMITERS, Load(it.rate, it.tasks, it.seconds), it.calls)


async def _cost(make: Callable[[int, int], Acquire], calls: int) -> float:
    return await uncontended(make(FREE, FREE), calls)


async def _pressed(make: Callable[[int, int], Acquire], load: Load) -> list[float]:
    return await grants(make(load.rate, 1), load)


def _options(arguments: Sequence[str] | None) -> Any:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rate", type=int, default=100)
    parser.add_argument("--tasks", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--calls", type=int, default=20_000, help="tokens that are there, taken in a row")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
