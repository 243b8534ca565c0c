"""What was delivered before is remembered, in bounded memory."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from spyro_sdk.webhooks import MemorySeen


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_it_is_new_once_and_again_when_its_time_is_over() -> None:
    clock = Clock()
    seen = MemorySeen(clock=clock)
    assert seen.add("a", 10.0)
    clock.now = 10.0
    assert not seen.add("a", 20.0)
    clock.now = 10.001
    assert seen.add("a", 20.0)
    assert not seen.add("a", 20.0)


def test_what_is_over_takes_no_room() -> None:
    clock = Clock()
    seen = MemorySeen(clock=clock)
    for number in range(1000):
        clock.now = float(number)
        assert seen.add(str(number), number + 10.0)
        assert len(seen) <= 11


def test_there_is_room_for_so_many_and_the_oldest_are_forgotten_first() -> None:
    seen = MemorySeen(3, clock=Clock())
    for key in "abcd":
        assert seen.add(key, math.inf)
    assert len(seen) == 3
    assert [key for key in "bcd" if seen.add(key, math.inf)] == []
    assert seen.add("a", math.inf)


def test_what_came_anew_is_not_the_oldest() -> None:
    clock = Clock()
    seen = MemorySeen(2, clock=clock)
    seen.add("a", math.inf)
    seen.add("b", 0.0)
    seen.add("c", math.inf)
    clock.now = 1.0
    assert seen.add("b", math.inf)
    seen.forget("a")
    seen.add("d", math.inf)
    assert not seen.add("d", math.inf)
    assert not seen.add("b", math.inf)
    assert seen.add("c", math.inf)


def test_what_is_forgotten_is_new() -> None:
    seen = MemorySeen()
    assert seen.add("a", math.inf)
    seen.forget("a")
    seen.forget("never there")
    assert seen.add("a", math.inf)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 10), st.floats(0, 3))))
def test_it_does_as_a_memory_without_bounds_would(steps: list[tuple[str, float, float]]) -> None:
    clock, until = Clock(), dict[str, float]()
    seen = MemorySeen(clock=clock)
    for key, lasts, passes in steps:
        clock.now += passes
        is_new = until.get(key, -1.0) < clock.now
        assert seen.add(key, clock.now + lasts) == is_new
        if is_new:
            until[key] = clock.now + lasts
