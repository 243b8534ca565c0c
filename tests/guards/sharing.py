"""A process of its own that takes tokens of a bucket which it shares, and writes down when it had them."""

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

from spyro_sdk.config import RateLimitConfig
from spyro_sdk.guards.account import BUCKETS
from spyro_sdk.guards.bucket import FileBucket
from spyro_sdk.guards.redis import redis_bucket
from spyro_sdk.guards.together import TogetherLimiter
from spyro_sdk.private import PrivateFolder, try_lock


async def main(folder: str, rate: float, burst: int, seconds: float) -> list[float]:
    if folder.startswith("unix://"):
        bucket = redis_bucket(folder, "shared by these", burst)
    else:
        bucket = FileBucket(PrivateFolder(Path(folder), purpose=BUCKETS), "a.bucket", burst)
    await bucket.fresh()  # what is imported for it is not waited for later
    print("ready", flush=True)  # noqa: T201
    begin = float(sys.stdin.readline())
    limiter = TogetherLimiter(RateLimitConfig(rate * 60, burst), bucket)
    await asyncio.sleep(begin - time.monotonic())
    taken = []
    while True:
        await limiter.acquire()
        if (now := time.monotonic()) >= begin + seconds:
            return taken
        taken.append(now)


def die_holding(folder: str) -> None:
    file = PrivateFolder(Path(folder), purpose=BUCKETS).descriptor("a.bucket")
    assert try_lock(file)
    print("held", flush=True)  # noqa: T201
    signal.pause()


if __name__ == "__main__":
    if len(sys.argv) == 2:
        die_holding(sys.argv[1])
    place, *numbers = sys.argv[1:]
    rate, burst, seconds = map(float, numbers)
    print(*map(repr, asyncio.run(main(place, rate, int(burst), seconds))))  # noqa: T201
    sys.stdout.flush()
    os._exit(0)
