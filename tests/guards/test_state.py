"""A few numbers that processes, and the threads of each, read and write in turn."""

import struct
import threading

import pytest

from spyro_sdk.guards.account import BUCKETS
from spyro_sdk.guards.state import FileState
from spyro_sdk.private import PrivateFolder


@pytest.fixture
def state(tmp_path):
    state = FileState(PrivateFolder(tmp_path / "buckets", purpose=BUCKETS), "a", count=3)
    yield state
    state.close()


def test_another_thread_may_look_while_numbers_are_written(state):
    ended, failures = threading.Event(), []

    def look():
        while not ended.is_set():
            try:
                with state.held() as numbers:
                    if numbers is not None and (found := numbers.read()) and len(set(found)) != 1:
                        failures.append(found)
            except (
                OSError,
                struct.error,
            ) as error:  # it took the place in the file, or the lock, of the other
                failures.append(error)

    looking = threading.Thread(target=look)
    looking.start()
    count = 0
    while count < 500:
        with state.held() as numbers:
            if numbers is not None:
                was = numbers.read() or (0.0, 0.0, 0.0)
                if was != (count, count, count):
                    failures.append(was)
                count += 1
                numbers.write(count, count, count)
    ended.set()
    looking.join()
    assert failures == []
    assert (state.folder.path / "a").stat().st_size == 32


def test_one_thread_at_a_time_has_them(state):
    with state.held() as numbers:
        assert numbers is not None
        with state.held() as another:
            assert another is None
    with state.held() as numbers:
        assert numbers is not None
