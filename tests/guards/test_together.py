"""A rate limiter that several processes share."""

import asyncio
import logging
import os
import subprocess
import sys
import time
from bisect import bisect_left
from pathlib import Path

import pytest

from spyro_sdk.config import ConnectorConfig, RateLimitConfig
from spyro_sdk.errors import ConfigurationError
from spyro_sdk.guards.account import BUCKETS, VARIABLE, limiter_of
from spyro_sdk.guards.bucket import FileBucket, Level, Turn
from spyro_sdk.guards.limiter import RateLimiter, TooLong
from spyro_sdk.guards.together import ALONE, PATIENCE, TogetherLimiter
from spyro_sdk.private import PrivateFolder, try_lock

PROGRAM = Path(__file__).with_name("sharing.py")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path):
    return PrivateFolder(tmp_path / "buckets", purpose=BUCKETS)


def limiter(folder, rate=2.0, burst=3):
    """One process's limiter, on the clock of the loop it is made on."""
    clock = asyncio.get_running_loop().time
    bucket = FileBucket(folder, "a.bucket", burst, clock=clock)
    return TogetherLimiter(RateLimitConfig(rate * 60, burst), bucket, clock=clock, sleep=asyncio.sleep)


async def granted(limiters, each):
    """When each of the tokens was there that these take one after the other, all at once."""
    clock, times = asyncio.get_running_loop().time, []
    begun = clock()

    async def take(it):
        for _ in range(each):
            await it.acquire()
            times.append(round(clock() - begun, 3))

    await asyncio.gather(*map(take, limiters))
    return sorted(times)


def test_all_together_have_no_more_than_one_alone(folder, virtually):
    async def main():
        return await granted([limiter(folder) for _ in range(3)], 3)

    assert virtually(main) == [0, 0, 0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0]


def test_one_alone_has_all(folder, virtually):
    async def main():
        return await granted([limiter(folder)], 5)

    assert virtually(main) == [0, 0, 0, 0.5, 1.0]


def test_what_it_tells_is_what_is_there_for_all(folder, virtually):
    async def main():
        one, other = limiter(folder), limiter(folder)
        for _ in range(2):
            await other.acquire()
        before = one.get_available_tokens(), one.get_wait_time()
        await other.acquire()
        return before, one.get_available_tokens(), one.get_wait_time(), one.get_wait_time(2)

    before, available, wait, wait_for_two = virtually(main)
    assert before == (pytest.approx(1.0), 0.0)
    assert (available, wait, wait_for_two) == (0.0, pytest.approx(0.5), pytest.approx(1.0))


def test_who_waits_already_pauses_too_when_another_drains(folder, virtually):
    async def main():
        one, other = limiter(folder), limiter(folder)
        for _ in range(3):
            await other.acquire()
        waiting = asyncio.create_task(one.acquire())
        await asyncio.sleep(0.1)
        other.drain(10)
        return await waiting

    assert virtually(main) == pytest.approx(10.6)


def test_who_stops_waiting_takes_nothing(folder, virtually):
    async def main():
        one, other = limiter(folder), limiter(folder)
        for _ in range(3):
            await one.acquire()
        waiting = asyncio.create_task(other.acquire())
        await asyncio.sleep(0.1)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        return await one.acquire()

    assert virtually(main) == pytest.approx(0.4)


def test_who_has_no_patience_takes_nothing(folder, virtually):
    async def main():
        one, other = limiter(folder), limiter(folder)
        for _ in range(3):
            await one.acquire()
        with pytest.raises(TooLong) as caught:
            await other.acquire(patience=0.4)
        return caught.value.seconds, await one.acquire()

    assert virtually(main) == (pytest.approx(0.5), pytest.approx(0.5))


def test_a_slower_pace_that_the_service_asks_for_is_kept(folder, virtually):
    from spyro_sdk.guards.quota import Quota

    async def main():
        one = limiter(folder)
        one.learn(Quota(60, 60, None, 60.0))
        return await granted([one], 5)

    assert virtually(main) == [0, 0, 0, 1.0, 2.0]


def test_a_lock_that_nobody_frees_is_done_without(folder, virtually, caplog):
    async def main():
        one = limiter(folder)
        await one.acquire()
        file = folder.descriptor("a.bucket")
        assert try_lock(file)
        clock = asyncio.get_running_loop().time
        waited = [await one.acquire(), await one.acquire(), await one.acquire()]
        one.drain(0.0)
        told = one.get_wait_time()
        os.close(file)
        await asyncio.sleep(ALONE)
        begun = clock()
        await one.acquire()
        return waited, told, clock() - begun, one._bucket.look().empty_at > 0

    with caplog.at_level(logging.WARNING):
        waited, told, after, is_together = virtually(main)
    assert waited == [pytest.approx(PATIENCE, abs=0.01), 0.0, pytest.approx(0.25, abs=0.02)]
    assert told == pytest.approx(0.5)
    assert (after, is_together) == (0.0, True)
    assert [it.getMessage() for it in caplog.records] == [
        "requests are not counted together with other processes: another process holds its lock"
    ]


def test_a_folder_of_no_use_is_done_without(tmp_path, virtually, caplog):
    (tmp_path / "file").write_text("")

    async def main():
        one = limiter(PrivateFolder(tmp_path / "file", purpose=BUCKETS))
        full = one.get_available_tokens()
        await asyncio.sleep(ALONE)  # and tries again
        one.drain(1.0)
        return full, await one.acquire(), one.get_available_tokens()

    with caplog.at_level(logging.WARNING):
        full, waited, left = virtually(main)
    assert full == 3
    assert waited == pytest.approx(1.5)
    assert left == pytest.approx(0.0)
    assert len(caplog.records) == 1
    assert "is no folder" in caplog.text


class Kept:
    """A bucket of which we know what it says, and that writes down what it is told."""

    def __init__(self, turns=(), level=None):
        self.turns, self.level = list(turns), level or Level()
        self.asked, self.drained = [], []

    async def reserve(self, tokens, rate):
        self.asked.append((tokens, rate))
        return self.turns.pop(0)

    def drain(self, seconds):
        self.drained.append(seconds)

    async def fresh(self):
        return self.level

    def look(self):
        return self.level


class Clock:
    """Moves when somebody sleeps by it."""

    def __init__(self):
        self.now, self.naps = 100.0, []

    def __call__(self):
        return self.now

    async def sleep(self, seconds):
        self.naps.append(seconds)
        self.now += seconds


def by(bucket, clock, **how):
    """A limiter of two requests a second."""
    return TogetherLimiter(RateLimitConfig(120, 3), bucket, clock=clock, sleep=clock.sleep, **how)


def test_a_locked_bucket_is_looked_at_less_and_less_often():
    bucket, clock = Kept([None] * 200), Clock()
    asyncio.run(by(bucket, clock).acquire())
    assert clock.naps[:6] == [0.0005, 0.001, 0.002, 0.004, 0.004, 0.004]
    assert sum(clock.naps) == pytest.approx(PATIENCE, abs=0.008)


def test_a_bucket_that_was_of_no_use_is_tried_again_after_five_seconds(caplog):
    bucket, clock = Kept([None] * 200), Clock()
    one = by(bucket, clock)
    asyncio.run(one.acquire())
    bucket.turns, bucket.asked, given_up = [Turn(0.0, 0.0)], [], one._alone_until - ALONE
    for seconds, asked in [(4.9, 0), (5.0, 1)]:
        clock.now = given_up + seconds
        assert asyncio.run(one.acquire()) == 0.0
        assert len(bucket.asked) == asked
    assert len(caplog.records) == 1


def test_who_counts_alone_tells_nobody_to_pause_and_heeds_nobody():
    bucket, clock = Kept([None] * 200, Level(1000.0)), Clock()
    one = by(bucket, clock)
    asyncio.run(one.acquire())
    one.drain(1.0)
    assert bucket.drained == []
    assert one.get_wait_time() == pytest.approx(1.5)


def test_a_pause_that_ends_when_our_turn_comes_holds_nobody_up():
    for drained, asked in [(101.0, 1), (101.5, 2)]:
        clock = Clock()
        bucket = Kept([Turn(101.0, 0.0), Turn(101.0, 0.0)], Level(101.0, drained))
        assert asyncio.run(by(bucket, clock).acquire()) == 1.0
        assert len(bucket.asked) == asked


def test_no_pause_is_shorter_than_none():
    bucket = Kept()
    one = by(bucket, Clock())
    for seconds in (-3.0, 0.0, 0.5):
        one.drain(seconds)
    assert bucket.drained == [0.0, 0.0, 0.5]


def test_windows_that_are_longer_for_jitter_do_not_slow_down_all_together():
    from spyro_sdk.guards.quota import Quota

    bucket, clock = Kept([Turn(0.0, 0.0)] * 3), Clock()
    one = by(bucket, clock, jitter=0.5)
    asyncio.run(one.acquire())
    asyncio.run(one.acquire(2))
    one.learn(Quota(60, 60, None, 59.5))
    clock.now += 60.0
    asyncio.run(one.acquire())
    assert bucket.asked == [(1, 2.0), (2, 2.0), (1, 1.0)]


def test_as_long_a_wait_as_there_is_patience_for_is_waited(folder, virtually):
    async def main():
        one, other = limiter(folder), limiter(folder)
        for _ in range(3):
            await one.acquire()
        return await other.acquire(patience=0.5)

    assert virtually(main) == 0.5


def test_what_is_told_is_never_negative_and_never_more_than_is_there_for_all():
    clock = Clock()
    for empty_at, available, wait in [(110.0, 0.0, 10.5), (99.5, 1.0, 0.0), (0.0, 3.0, 0.0)]:
        one = by(Kept(level=Level(empty_at)), clock)
        assert (one.get_available_tokens(), one.get_wait_time()) == (available, wait)


# which accounts


def config(**settings):
    return ConnectorConfig(**{"name": "acme", "base_url": "https://acme.example", "api_key": "k", **settings})


def made(configuration, environ):
    async def main():
        return limiter_of(configuration, environ)

    return asyncio.run(main())


def test_processes_of_one_account_find_the_same_bucket(tmp_path):
    environ = {VARIABLE: str(tmp_path / "mine")}
    one, again = made(config(), environ), made(config(), environ)
    assert isinstance(one, TogetherLimiter)
    names = {(it._bucket.state.folder.path, it._bucket.state.name) for it in (one, again)}
    assert len(names) == 1
    other = made(config(rate_limit=7), environ)
    assert (other._bucket.state.folder.path, other._bucket.state.name) not in names


def test_the_usual_folder_is_that_of_running_programs(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert made(config(), {})._bucket.state.folder.path.name == "rate-limits"


@pytest.mark.parametrize(
    ("settings", "wish"), [({}, "none"), ({"base_url": "http://127.0.0.1:8000"}, ""), ({}, "file")]
)
def test_else_each_process_counts_for_itself(tmp_path, settings, wish):
    (tmp_path / "file").write_text("")
    wish = str(tmp_path / "file") if wish == "file" else wish
    assert type(made(config(**settings), {VARIABLE: wish})) is RateLimiter


def test_a_folder_must_be_told_whole():
    with pytest.raises(ConfigurationError, match="SPYRO_RATE_LIMITS='here' cannot be") as caught:
        made(config(), {VARIABLE: "here"})
    assert caught.value.field == VARIABLE


# in processes


def most_within(times, seconds):
    return max(bisect_left(times, at + seconds) - i for i, at in enumerate(times))


def started(*arguments):
    command = [sys.executable, str(PROGRAM), *map(str, arguments)]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ)


def test_sixteen_processes_are_never_over_and_leave_hardly_anything(folder):
    folder._make()
    rate, burst, seconds = 200.0, 20, 8.0
    programs = [started(folder.path, rate, burst, seconds) for _ in range(16)]
    assert [it.stdout.readline() for it in programs] == ["ready\n"] * 16
    begin = f"{time.monotonic() + 1.0}\n"
    for it in programs:
        it.stdin.write(begin)
        it.stdin.flush()
    told = [it.communicate(timeout=60)[0].split() for it in programs]
    assert [it.returncode for it in programs] == [0] * 16
    times = sorted(float(it) for one in told for it in one)
    allowed = rate * seconds + burst
    assert allowed * 0.99 <= len(times) <= allowed
    # timers wake late, so that a few may go later than they could, and nearer to those behind them
    assert most_within(times, 1.0) <= rate + burst + rate * 0.05
    shares = [len(one) for one in told]
    assert min(shares) * 3 >= max(shares)


def test_a_killed_holder_delays_nobody(folder):
    with started(folder.path) as program:
        assert program.stdout.readline() == "held\n"
        bucket = FileBucket(folder, "a.bucket", 3)
        assert asyncio.run(bucket.reserve(1, 2.0)) is None
        program.kill()
        program.wait()

        async def taken():
            begun = time.perf_counter()
            assert await bucket.reserve(1, 2.0) is not None
            return time.perf_counter() - begun

        assert asyncio.run(taken()) < 0.010
        bucket.state.close()
