"""One bucket for all processes that ask the same account."""

import asyncio
import errno
import math
import os
import struct
import time

import pytest

from spyro_sdk.errors import StoreError
from spyro_sdk.guards.account import BUCKETS
from spyro_sdk.guards.bucket import BLINK, LOOKS, FileBucket, Level, Turn
from spyro_sdk.private import PrivateFolder, System, try_lock, unlock

LAYOUT, MARK = "<8sddd", b"spyro.1\0"


def reserve(bucket, tokens=1, rate=2.0):
    """When they are there; None where another holds the lock."""
    turn = asyncio.run(bucket.reserve(tokens, rate))
    return turn and turn.ready


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def folder(tmp_path):
    return PrivateFolder(tmp_path / "buckets", purpose=BUCKETS)


@pytest.fixture
def bucket(folder, clock):
    """Holds 3, gains 2 a second where it is asked so."""
    bucket = FileBucket(folder, "a", 3, clock=clock)
    yield bucket
    bucket.state.close()


@pytest.fixture
def other(folder, clock):
    """The same, as another process sees it."""
    other = FileBucket(folder, "a", 3, clock=clock)
    yield other
    other.state.close()


def waits(bucket, clock, number, tokens=1):
    return [max(0.0, reserve(bucket, tokens) - clock.now) for _ in range(number)]


def test_it_starts_full_and_then_gains(bucket, clock):
    assert waits(bucket, clock, 5) == [0.0, 0.0, 0.0, 0.5, 1.0]
    clock.now += 1.5
    assert waits(bucket, clock, 2) == [0.0, 0.5]


def test_it_holds_no_more_than_it_can(bucket, clock):
    waits(bucket, clock, 3)
    clock.now += 3600
    assert waits(bucket, clock, 4) == [0.0, 0.0, 0.0, 0.5]


def test_two_take_from_the_same(bucket, other, clock):
    assert waits(bucket, clock, 2) + waits(other, clock, 2) + waits(bucket, clock, 1) == [0, 0, 0, 0.5, 1.0]


def test_many_tokens_take_their_time(bucket, clock):
    assert waits(bucket, clock, 2, tokens=3) == [0.0, 1.5]


def test_all_pause_when_it_is_drained(bucket, other, clock):
    bucket.drain(10)
    assert other.look() == Level(1010.0, 1010.0)
    assert waits(other, clock, 2) == [10.5, 11.0]
    other.drain(5)  # shorter: nothing changes
    assert bucket.look().drained == 1010.0


def test_what_is_not_needed_is_there_for_others(bucket, other, clock):
    waits(bucket, clock, 3)
    turn = asyncio.run(bucket.reserve(1, 2.0))
    bucket.give_back(turn, 1, 2.0)
    assert waits(other, clock, 1) == [0.5]


def test_what_others_come_after_is_not_given_back(bucket, other, clock):
    waits(bucket, clock, 3)
    turn = asyncio.run(bucket.reserve(1, 2.0))
    assert waits(other, clock, 1) == [1.0]
    bucket.give_back(turn, 1, 2.0)
    assert waits(other, clock, 1) == [1.5]


def test_a_pause_outlasts_what_is_given_back(bucket, other, clock):
    waits(bucket, clock, 3)
    turn = asyncio.run(bucket.reserve(2, 2.0))  # in a second
    other.drain(0.8)
    bucket.give_back(turn, 2, 2.0)
    assert other.look() == Level(1000.8, 1000.8)
    assert waits(other, clock, 1) == [pytest.approx(1.3)]


def test_who_finds_it_locked_is_told(bucket, other, folder, clock):
    reserve(bucket)
    seen = other.look()
    assert LOOKS * BLINK < 0.01  # seconds that a pause may hold up the loop
    file = folder.descriptor("a")
    assert try_lock(file)
    try:
        assert reserve(other) is None
        begun = time.perf_counter()
        other.drain(1000.0)
        assert time.perf_counter() - begun >= LOOKS * BLINK  # so long it was looked at
        other.give_back(Turn(0.0, 0.0), 1, 2.0)
        assert other.look() is seen
    finally:
        unlock(file)
        os.close(file)
    assert other.look() == seen


def test_who_took_tokens_knows_how_full_it_was_when_another_has_it(bucket, folder):
    ready = reserve(bucket)
    file = folder.descriptor("a")
    assert try_lock(file)
    try:
        assert bucket.look() == Level(ready)
    finally:
        unlock(file)
        os.close(file)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"short",
        bytes(32),
        struct.pack(LAYOUT, b"another.", 9e9, 9e9, 0.0),
        struct.pack(LAYOUT, MARK, 9e9, 9e9, math.nan),
        struct.pack(LAYOUT, MARK, 9e9, 9e9, 1000.1),  # before the system started anew, and its clock with it
    ],
)
def test_what_makes_no_sense_is_a_full_bucket(bucket, folder, clock, text):
    folder.replace("a", text)
    assert bucket.look() == Level()
    assert waits(bucket, clock, 4) == [0.0, 0.0, 0.0, 0.5]


def test_a_forked_child_opens_the_file_anew(bucket, folder, clock, monkeypatch):
    reserve(bucket)
    shared = os.dup(bucket.state._file.number)
    assert try_lock(shared)  # as its parent might have, at the moment of the fork
    try:
        monkeypatch.setattr(os, "getpid", lambda: -1)
        assert reserve(bucket) is None
    finally:
        unlock(shared)
        os.close(shared)
    assert reserve(bucket) == 1000.0 - 1.5 + 1.0


def test_a_folder_of_no_use_is_told(folder, clock):
    def full(*given):
        raise OSError(errno.EROFS, "Read-only file system")

    bucket = FileBucket(PrivateFolder(folder.path, System(open=full), BUCKETS), "a", 3, clock=clock)
    with pytest.raises(StoreError, match="Read-only file system") as caught:
        reserve(bucket)
    assert "SPYRO_RATE_LIMITS" in caught.value.hint


def test_a_level_takes_32_bytes(bucket, folder):
    reserve(bucket)
    assert len(folder.read("a", 100)) == struct.calcsize(LAYOUT) == 32
