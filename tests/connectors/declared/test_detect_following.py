"""Whether the records of one answer come behind those of another."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spyro_sdk.connectors.declared.detect.following import are_alike, follows, looks_cut

Rows = list[dict[str, Any]]


def of(*keys: int) -> Rows:
    return [{"id": key} for key in keys]


@pytest.mark.parametrize(
    ("before", "after", "known", "is_so"),
    [
        (of(1, 2), of(3, 4), of(3, 4, 5), True),
        (of(1, 2), of(3, 4, 5), of(3, 4), True),
        (of(1, 2), of(3, 4), of(), True),
        (of(1, 2), of(), of(3), False),
        (of(1, 2), of(1, 2), of(3), False),
        (of(1, 2), of(2, 3), of(3), False),
        (of(1, 2), of(4, 5), of(3, 4, 5), False),
        (of(1, 2), of(9), of(3), False),
    ],
)
def test_a_page_behind_another_has_what_is_known_to_come(
    before: Rows, after: Rows, known: Rows, is_so: bool
) -> None:
    assert follows(before, after, known, "id") is is_so


def test_without_a_key_records_that_only_half_changed_are_the_same() -> None:
    before = [{"title": "a", "views": 1}, {"title": "b", "views": 2}]
    assert not follows(before, [{"title": "a", "views": 3}, {"title": "b", "views": 4}], [], None)
    assert not follows(before, [{"title": "a", "views": 3}], [], None)
    assert follows(before, [{"title": "c", "views": 3}], [], None)
    assert follows([{"kind": "x", "n": 1}, {"kind": "x", "n": 2}], [{"kind": "x", "n": 3}], [], None)


def test_a_lone_record_without_a_key_cannot_be_told_from_another() -> None:
    assert not follows([{"title": "a"}], [{"title": "b"}], [], None)


@given(st.lists(st.integers(0, 3)), st.lists(st.integers(0, 3)))
def test_alike_are_the_same_records_in_one_order(one: list[int], other: list[int]) -> None:
    assert are_alike(of(*one), of(*other), "id") is are_alike(of(*one), of(*other), None) is (one == other)


def test_few_records_never_look_cut() -> None:
    assert [count for count in range(31) if looks_cut(count)] == [10, 12, 15, 16, 20, 24, 25, 30]
    assert all(map(looks_cut, (48, 50, 64, 96, 100, 128, 200, 250, 256, 500, 1000, 1024, 2000)))
    assert not any(map(looks_cut, (193, 199, 249, 251, 1001)))
