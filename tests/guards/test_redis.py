"""One bucket for all machines that ask the same account, in a real Redis."""

import asyncio
import logging
import os
import subprocess
import sys
import threading
import time
from bisect import bisect_left
from pathlib import Path

import pytest

from spyro_sdk.config import ConnectorConfig, RateLimitConfig
from spyro_sdk.errors import ConfigurationError, StoreError
from spyro_sdk.guards.account import VARIABLE, limiter_of, windows_of
from spyro_sdk.guards.bucket import Level, Turn
from spyro_sdk.guards.redis import KEPT, RedisBucket, redis_bucket
from spyro_sdk.guards.together import TogetherLimiter

from ..programs import REDIS

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).with_name("sharing.py")
SERVE = "{} --port 0 --unixsocket {} --save '' --daemonize no >/dev/null & read end; kill $!"
"""It ends when its input does, and so with the tests, however these end."""


@pytest.fixture(scope="module")
def redis(tmp_path_factory):
    """The address of a Redis server that is there for these tests alone."""
    import redis

    program = REDIS.found()
    assert program, REDIS.how
    socket = tmp_path_factory.mktemp("redis") / "socket"
    with subprocess.Popen(["sh", "-c", SERVE.format(program, socket)], stdin=subprocess.PIPE) as program:
        address = f"unix://{socket}"
        until = time.monotonic() + 30
        while True:
            try:
                redis.Redis.from_url(address).ping()
                break
            except redis.ConnectionError:
                assert time.monotonic() < until, "Redis does not answer"
                time.sleep(0.05)
        yield address
        program.stdin.close()


@pytest.fixture
def key(request):
    return request.node.name


@pytest.fixture
def bucket(redis, key):
    """Holds 3, gains 2 a second where it is asked so."""
    return redis_bucket(redis, key, 3)


@pytest.fixture
def other(redis, key):
    """The same, as another machine sees it."""
    return redis_bucket(redis, key, 3)


def waits(bucket, number, tokens=1):
    """For how many tokens each has to wait, of which there is one in ten seconds."""

    async def main():
        now = time.monotonic()
        turns = [await bucket.reserve(tokens, 0.1) for _ in range(number)]
        return [round(max(turn.ready - now, 0) / 10) for turn in turns]

    return asyncio.run(main())


def test_it_starts_full_and_is_the_same_for_all(bucket, other):
    assert waits(bucket, 2) + waits(other, 2) + waits(bucket, 1) == [0, 0, 0, 1, 2]


def test_many_tokens_take_their_time(bucket):
    assert waits(bucket, 2, tokens=3) == [0, 3]


def test_what_is_not_needed_is_there_for_others(bucket, other):
    waits(bucket, 3)
    turn = asyncio.run(bucket.reserve(1, 0.1))
    bucket.give_back(turn, 1, 0.1)
    settled(lambda: asyncio.run(other.fresh()).empty_at - time.monotonic() < 0.1)
    assert waits(other, 1) == [1]


def test_what_others_come_after_is_not_given_back(bucket, other):
    waits(bucket, 3)
    turn = asyncio.run(bucket.reserve(1, 0.1))
    assert waits(other, 1) == [2]
    bucket._asked("give back", 1, 0.1, turn.mark)
    assert waits(other, 1) == [3]


def test_a_pause_outlasts_what_is_given_back(bucket, other):
    waits(bucket, 3)
    turn = asyncio.run(bucket.reserve(3, 0.1))  # in half a minute
    other._asked("drain", 20.0)
    bucket._asked("give back", 3, 0.1, turn.mark)
    assert waits(other, 1) == [3]


def test_all_pause_when_it_is_drained(bucket, other):
    bucket.drain(40.0)
    assert bucket.look().drained == pytest.approx(time.monotonic() + 40, abs=0.5)
    settled(lambda: asyncio.run(other.fresh()).drained > time.monotonic() + 5)
    assert waits(other, 1) == [5]
    assert other.look().drained == pytest.approx(time.monotonic() + 40, abs=5)


def settled(claim):
    """Wait for what another thread does in a moment."""
    until = time.monotonic() + 10
    while not claim():
        assert time.monotonic() < until
        time.sleep(0.01)


class Told:
    """A Redis that says the same to all, and writes down what it was asked, and by whom."""

    def __init__(self, *told):
        self.told, self.asked, self.threads = told, [], []

    def register_script(self, script):
        return self

    def __call__(self, keys, args):
        self.threads.append(threading.current_thread())
        self.asked.append((*keys, *args))
        return self.told


def test_what_it_says_of_later_is_told_by_our_own_clock():
    redis = Told(b"2.5", b"-1.0", b"1700000002.500000")
    bucket = RedisBucket(redis, "k", 3, clock=lambda: 100.0)
    assert bucket.look() == Level()
    assert asyncio.run(bucket.reserve(2, 0.5)) == Turn(102.5, 1_700_000_002.5)
    assert bucket.look() == asyncio.run(bucket.fresh()) == Level(102.5, 99.0)
    assert redis.asked[0] == ("k", "reserve", 2, 0.5, 3, "0.000000", 3600)
    assert redis.asked[1][:2] == ("k", "look")


def test_who_gives_back_or_lets_all_pause_waits_for_no_redis():
    redis = Told(b"0", b"0", b"0")
    bucket = RedisBucket(redis, "k", 3, clock=lambda: 100.0)
    bucket.give_back(Turn(102.5, 1_700_000_002.5), 2, 0.5)
    settled(lambda: redis.asked)
    bucket.drain(7.0)
    settled(lambda: len(redis.asked) == 2)
    assert redis.asked[0] == ("k", "give back", 2, 0.5, 3, "1700000002.500000", 3600)
    assert redis.asked[1][:3] == ("k", "drain", 7.0)
    assert {(it.name, it.daemon) for it in redis.threads} == {("spyro-redis", True)}


def test_a_pause_is_known_here_at_once_and_never_shortens_a_longer_one():
    bucket = RedisBucket(Told(b"5", b"9", b"0"), "k", 3, clock=lambda: 100.0)
    asyncio.run(bucket.fresh())
    bucket._beside = lambda *step: None  # as long as Redis has not answered
    for seconds, level in [
        (4.0, Level(105.0, 109.0)),
        (7.0, Level(107.0, 109.0)),
        (10.0, Level(110.0, 110.0)),
    ]:
        bucket.drain(seconds)
        assert bucket.look() == level


def test_a_bucket_that_nobody_uses_is_removed(redis, bucket, key):
    from redis import Redis

    waits(bucket, 8)
    assert KEPT < Redis.from_url(redis).ttl(f"spyro:{key}") <= KEPT + 51


def test_a_redis_that_does_not_answer_is_told_without_its_address(tmp_path, caplog):
    bucket = redis_bucket(f"unix://:hush@{tmp_path}/nowhere", "a", 3)
    with pytest.raises(
        StoreError, match="the Redis that counts requests is of no use: ConnectionError"
    ) as caught:
        asyncio.run(bucket.reserve(1, 0.1))
    assert "hush" not in repr(caught.value) + caught.value.hint
    assert caught.value.hint == "SPYRO_RATE_LIMITS says where it is"
    with caplog.at_level(logging.WARNING):
        bucket.drain(1.0)
        settled(lambda: caplog.records)
    assert [it.getMessage() for it in caplog.records] == [str(caught.value)]


def test_a_limiter_goes_on_alone_where_redis_does_not_answer(tmp_path, caplog):
    async def main():
        bucket = redis_bucket(f"unix://{tmp_path}/nowhere", "a", 3)
        limiter = TogetherLimiter(RateLimitConfig(60_000, 3), bucket)
        return [await limiter.acquire() for _ in range(3)]

    with caplog.at_level(logging.WARNING):
        assert max(asyncio.run(main())) < 5.0
    assert "requests are not counted together" in caplog.text


def test_one_that_stops_answering_while_somebody_sleeps_lets_him_go(redis, key, caplog):
    class Gone(RedisBucket):
        async def fresh(self):
            raise StoreError("gone")

    async def main():
        bucket = Gone(redis_bucket(redis, key, 1)._step.registered_client, key, 1)
        limiter = TogetherLimiter(RateLimitConfig(600, 1), bucket)
        await asyncio.gather(*(limiter.acquire() for _ in range(2)))
        other = TogetherLimiter(RateLimitConfig(600, 1), bucket)
        return await other.acquire()

    with caplog.at_level(logging.WARNING):
        assert 0 < asyncio.run(main()) < 5.0
    assert "requests are not counted together with other processes: gone" in caplog.text


def config(**settings):
    return ConnectorConfig(**{"name": "acme", "base_url": "https://acme.example", "api_key": "k", **settings})


def limiter_by(redis, **settings):
    async def main():
        return limiter_of(config(**settings), {VARIABLE: redis})

    return asyncio.run(main())


def test_machines_of_one_account_find_the_same_bucket(redis):
    one, again, other = limiter_by(redis), limiter_by(redis), limiter_by(redis, api_key="l")
    assert isinstance(one, TogetherLimiter)
    assert one._bucket._key == again._bucket._key != other._bucket._key


def test_the_windows_of_a_day_stay_on_each_machine(redis):
    (day,) = windows_of(config(daily_limit=3, api_key="redis"), {VARIABLE: redis}).windows
    day.take()
    assert day.left() == 2


def test_an_address_that_is_none_is_told_without_it():
    with pytest.raises(ConfigurationError, match="SPYRO_RATE_LIMITS has no address of a Redis") as caught:
        limiter_by("redis://:hush@host:port/x")
    assert "hush" not in str(caught.value)
    assert caught.value.field == VARIABLE


def test_without_the_package_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'spyro-sdk\[redis\]'") as caught:
        limiter_by("redis://localhost")
    assert caught.value.field == VARIABLE


def test_eight_processes_are_never_over_and_leave_hardly_anything(redis, key):
    rate, burst, seconds = 100.0, 10, 6.0
    command = [sys.executable, str(PROGRAM), redis, str(rate), str(burst), str(seconds)]
    programs = [
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        for _ in range(8)
    ]
    assert [it.stdout.readline() for it in programs] == ["ready\n"] * 8
    begin = f"{time.monotonic() + 1.0}\n"
    for it in programs:
        it.stdin.write(begin)
        it.stdin.flush()
    told = [it.communicate(timeout=60)[0].split() for it in programs]
    times = sorted(float(it) for one in told for it in one)
    allowed = rate * seconds + burst
    assert allowed * 0.97 <= len(times) <= allowed
    most = max(bisect_left(times, at + 1.0) - i for i, at in enumerate(times))
    assert most <= rate + burst + rate * 0.1
