"""What is new in a page is told by the keys that came before it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from spyro_sdk.pages.seams import UNSEEN, Seam, keys_of, remembered, repeated, seam


def keys(*values: Any) -> pa.Array:
    return pa.array(values)


@pytest.mark.parametrize(
    ("known", "page", "found"),
    [
        ((1, 2, 3), (3, 4), Seam(1, 0, True, True)),
        ((1, 2, 3), (2, 3, 4), Seam(2, 1, True, True)),
        ((1, 2, 3), (9, 3, 4), Seam(1, 1, True, True)),
        ((1, 2, 3), (2, 4), Seam(1, 0, False, True)),
        ((1, 2, 3), (3, 2, 4), Seam(2, 1, False, False)),
        ((1, 2, 3), (4, 5), UNSEEN),
        ((1, 2, 3), ("3", "4"), Seam(1, 0, True, True)),
        ((1, 2, 3), (3.5, 4.5), UNSEEN),
    ],
)
def test_the_last_records_are_found_again(known: Any, page: Any, found: Seam) -> None:
    assert seam(keys(*known), keys(*page)) == found
    assert found.new == found.place + 1


@pytest.mark.parametrize("none", [None, pa.array([], pa.string())])
def test_without_keys_nothing_is_found(none: Any) -> None:
    assert seam(none, keys(1)) == seam(keys(1), none) == UNSEEN


@pytest.mark.parametrize(
    ("found", "is_shift"),
    [
        (Seam(2, 1, True, True), True),
        (Seam(1, 1, True, True), False),
        (Seam(2, 1, False, True), False),
        (Seam(2, 1, True, False), False),
    ],
)
def test_a_shift_is_what_begins_with_the_last_records_and_no_other(found: Seam, is_shift: bool) -> None:
    assert found.is_shift is is_shift


def test_only_the_last_keys_are_remembered() -> None:
    assert remembered(keys(1, 2, 3), keys(4, 5), 3).to_pylist() == [3, 4, 5]
    assert remembered(keys(1), keys(2), 9).to_pylist() == [1, 2]
    assert remembered(keys(1), keys("b"), 9).to_pylist() == ["1", "b"]


@pytest.mark.parametrize("values", [[1, 2], ["a", "b"], [Decimal("1.5"), Decimal(2)], [b"x"], [True]])
def test_the_keys_of_records_are_their_column(values: list[Any]) -> None:
    assert keys_of(pa.record_batch({"id": values}), "id").to_pylist() == values


@pytest.mark.parametrize("values", [[1, None], [[1], [2]], [{"a": 1}], [None]])
def test_what_cannot_be_compared_is_no_key(values: list[Any]) -> None:
    batch = pa.record_batch({"id": values})
    assert keys_of(batch, "id") is keys_of(batch, "other") is keys_of(batch, None) is None
    assert len(keys_of(batch.slice(0, 0), "id")) == 0


def test_keys_that_are_not_unique_are_counted() -> None:
    assert repeated(keys(1, 2, 2, 1)) == 2
    assert repeated(keys("a", "b")) == repeated(None) == 0
