"""Records that came twice are counted, however far apart they came."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spyro_sdk.pages.once import Once


def seen(*pages: list[Any] | pa.Array | None, **how: int) -> Once:
    once = Once(**how)
    for page in pages:
        once.see(pa.array(page) if isinstance(page, list) else page)
    return once


@pytest.mark.parametrize(
    "pages", [[[1, 2], [3], [], [4, 9]], [[9, 4], [3], [1]], [["a"], ["b", "c"]], [[7]], [], [[], []]]
)
def test_what_comes_in_order_is_new(pages: list[list[Any]]) -> None:
    once = seen(*pages)
    assert once.repeated == 0
    assert once.is_ordered


@pytest.mark.parametrize(
    ("pages", "count"),
    [
        ([[1, 2], [3, 4], [1, 2]], 2),
        ([[5, 1], [3, 4], [2, 5]], 1),
        ([[1, 2], [2, 3]], 1),
        ([[9, 8], [7], [8]], 1),
        ([["b", "a"], ["c", "b"]], 1),
        ([[1, 2], [3, 0]], 0),
        ([[2, 1], [1.5, 0.5]], 0),
        ([[1, 2], ["a", "2"]], 1),
    ],
)
def test_what_came_before_is_counted(pages: list[list[Any]], count: int) -> None:
    assert seen(*pages).repeated == count


def test_without_keys_nothing_can_be_told() -> None:
    assert seen([1], None, [1]).repeated == 0
    assert seen(None).repeated == 0


def test_keys_that_take_too_much_memory_are_forgotten() -> None:
    assert seen([1, 2], [1, 2], memory=64).repeated == 2
    assert seen([1, 2], [1, 2], [1, 2], memory=40).repeated == 0


@given(st.lists(st.lists(st.integers(0, 50), max_size=6, unique=True), max_size=8))
def test_as_many_are_counted_as_there_are(pages: list[list[int]]) -> None:
    keys = [key for page in pages for key in page]
    typed = [pa.array(page, pa.int64()) for page in pages]
    assert seen(*typed).repeated == len(keys) - len(set(keys))
