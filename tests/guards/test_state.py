"""A few numbers that processes, and the threads of each, read and write in turn."""

import struct
import threading
from dataclasses import replace

import pytest

from spyro_sdk.guards.account import BUCKETS
from spyro_sdk.guards.state import FileState, OwnState
from spyro_sdk.private import PrivateFolder


@pytest.fixture
def state(tmp_path):
    state = FileState(PrivateFolder(tmp_path / "buckets", purpose=BUCKETS), "a", count=3)
    yield state
    state.close()


def test_one_thread_at_a_time_has_them(state):
    with state.held() as numbers:
        assert numbers is not None
        with state.held() as another:
            assert another is None
    with state.held() as numbers:
        assert numbers is not None


def test_a_forked_child_closes_what_it_has_of_its_parent(state):
    numbers = []
    for parent in (-1, -2, -3):
        with state.held() as written:
            assert written is not None
        numbers.append(state._file.number)
        state._file = replace(state._file, process=parent)  # as a child finds it
    assert len(set(numbers)) == 1


def test_what_is_closed_is_opened_again_when_it_is_needed(state):
    with state.held() as numbers:
        numbers.write(1.0, 2.0, 3.0)
    state.close()
    state.close()
    with state.held() as numbers:
        assert numbers.read() == (1.0, 2.0, 3.0)
        numbers.write(4.0, 5.0, 6.0)
        assert numbers.read() == (4.0, 5.0, 6.0)


def test_numbers_of_this_process_are_those_that_were_written_last():
    state = OwnState()
    for numbers in (None, (1.0, 2.0)):
        if numbers:
            with state.held() as own:
                own.write(*numbers)
        with state.held() as own:
            assert own.read() == numbers


def test_another_thread_may_look_while_numbers_are_written(state):
    ended, failures = threading.Event(), []

    def look():
        while not ended.wait(1e-4):  # or who writes might never find it free
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
