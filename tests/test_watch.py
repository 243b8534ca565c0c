"""A plan says beforehand how it will be noticed that a list changes while it is read."""

from __future__ import annotations

from typing import Any

import pytest

from spyro_sdk.entity import Entity
from spyro_sdk.pages import Habits, watched
from spyro_sdk.paging import ONE_PAGE, Cursor, KeySet, LinkHeader, NextLink, Offset, PageNumber


@pytest.mark.parametrize(
    ("paging", "key", "total", "words"),
    [
        (ONE_PAGE, None, None, ""),
        (KeySet("after"), "id", None, "comes after a key"),
        (Offset(), "id", None, "pages that overlap by a record"),
        (PageNumber(), "id", "total", "pages that overlap by a record"),
        (PageNumber(size_param=None), "id", "total", "only by the number"),
        (PageNumber(size_param=None), "id", None, "not at all: declare the key"),
        (Offset(), None, "total", "only by the number"),
        (Offset(), None, None, "not at all: declare the key"),
        (Offset(is_stable=True), "id", None, "declared to be stable"),
        (LinkHeader(), "id", None, "if the links count"),
        (NextLink("next"), None, None, "not at all"),
        (Cursor("next", "after"), "id", None, "by the cursor of the service"),
    ],
)
def test_how_changes_are_noticed_is_told(paging: Any, key: Any, total: Any, words: str) -> None:
    told = watched(Entity("items", paging=paging, key=key, total=total), Habits())
    assert words in told
    assert bool(words) == bool(told)


def test_a_service_that_does_not_let_pages_overlap_is_known_after_the_first_fetch() -> None:
    entity = Entity("items", paging=Offset(), key="id", total="total")
    assert "only by the number" in watched(entity, Habits(is_exact=False))
