"""One bucket for all processes that ask the same account."""

import errno
import math
import os
import struct
import threading
from itertools import pairwise

import pytest

from spyro_sdk.errors import StoreError
from spyro_sdk.guards.account import BUCKETS
from spyro_sdk.guards.bucket import MARK, STATE, Bucket, Level
from spyro_sdk.private import PrivateFolder, System, try_lock, unlock


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
    bucket = Bucket(folder, "a", 3, clock=clock)
    yield bucket
    bucket.close()


@pytest.fixture
def other(folder, clock):
    """The same, as another process sees it."""
    other = Bucket(folder, "a", 3, clock=clock)
    yield other
    other.close()


def waits(bucket, clock, number, tokens=1):
    return [max(0.0, bucket.reserve(tokens, 2.0) - clock.now) for _ in range(number)]


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
    assert bucket.drain(clock.now + 10)
    assert other.look() == Level(1010.0, 1010.0)
    assert waits(other, clock, 2) == [10.5, 11.0]
    other.drain(clock.now + 5)  # shorter: nothing changes
    assert bucket.look().drained == 1010.0


def test_what_is_not_needed_is_there_for_others(bucket, other, clock):
    waits(bucket, clock, 3)
    ready = bucket.reserve(1, 2.0)
    bucket.give_back(ready, 1, 2.0)
    assert waits(other, clock, 1) == [0.5]


def test_what_others_come_after_is_not_given_back(bucket, other, clock):
    waits(bucket, clock, 3)
    ready = bucket.reserve(1, 2.0)
    assert waits(other, clock, 1) == [1.0]
    bucket.give_back(ready, 1, 2.0)
    assert waits(other, clock, 1) == [1.5]


def test_who_finds_it_locked_is_told(bucket, other, folder, clock):
    bucket.reserve(1, 2.0)
    seen = other.look()
    file = folder.descriptor("a")
    assert try_lock(file)
    try:
        assert other.reserve(1, 2.0) is None
        assert other.drain(2000.0) is False
        other.give_back(0.0, 1, 2.0)
        assert other.look() is seen
    finally:
        unlock(file)
        os.close(file)
    assert other.look() == seen


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"short",
        bytes(32),
        STATE.pack(b"another.", 9e9, 9e9, 0.0),
        STATE.pack(MARK, 9e9, 9e9, math.nan),
        STATE.pack(MARK, 9e9, 9e9, 1000.1),  # before the system started anew, and its clock with it
    ],
)
def test_what_makes_no_sense_is_a_full_bucket(bucket, folder, clock, text):
    folder.replace("a", text)
    assert bucket.look() == Level()
    assert waits(bucket, clock, 4) == [0.0, 0.0, 0.0, 0.5]


def test_a_forked_child_opens_the_file_anew(bucket, folder, clock, monkeypatch):
    bucket.reserve(1, 2.0)
    shared = os.dup(bucket._file.number)
    assert try_lock(shared)  # as its parent might have, at the moment of the fork
    try:
        monkeypatch.setattr(os, "getpid", lambda: -1)
        assert bucket.reserve(1, 2.0) is None
    finally:
        unlock(shared)
        os.close(shared)
    assert bucket.reserve(1, 2.0) == 1000.0 - 1.5 + 1.0


def test_a_folder_of_no_use_is_told(folder, clock):
    def full(*given):
        raise OSError(errno.EROFS, "Read-only file system")

    bucket = Bucket(PrivateFolder(folder.path, System(open=full), BUCKETS), "a", 3, clock=clock)
    with pytest.raises(StoreError, match="Read-only file system") as caught:
        bucket.reserve(1, 2.0)
    assert "SPYRO_RATE_LIMITS" in caught.value.hint


def test_a_level_takes_32_bytes(bucket, folder):
    bucket.reserve(1, 2.0)
    assert len(folder.read("a", 100)) == struct.calcsize("<8sddd") == 32


def test_another_thread_may_look_while_tokens_are_taken(folder):
    bucket, ended, failures = Bucket(folder, "a", 3), threading.Event(), []

    def look():
        while not ended.is_set():
            try:
                bucket.look()
            except (
                OSError,
                struct.error,
            ) as error:  # it took the place in the file, or the lock, of the other
                failures.append(error)

    looking = threading.Thread(target=look)
    looking.start()
    times = []
    while len(times) < 2000:
        if (ready := bucket.reserve(1, 1.0)) is not None:
            times.append(ready)
    ended.set()
    looking.join()
    assert failures == []
    assert all(later == pytest.approx(earlier + 1) for earlier, later in pairwise(times[3:]))
    assert (folder.path / "a").stat().st_size == STATE.size
    bucket.close()


def test_who_finds_another_thread_at_it_comes_again(bucket, clock):
    bucket.reserve(1, 2.0)
    with bucket._held():
        assert bucket.look() == bucket.level  # as it was seen last
        assert bucket.reserve(1, 2.0) is None
        assert not bucket.drain(clock.now + 10)
    assert bucket.reserve(1, 2.0) is not None
