"""Pages through any history: records are added and removed between any two pages."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from spyro_sdk.arrow.mark import Mark
from spyro_sdk.errors import IntegrityError
from spyro_sdk.http import Request
from spyro_sdk.pages import Habits
from spyro_sdk.paging import Cursor, KeySet, LinkHeader, NextLink, Offset, PageNumber

from .moving import URL, Reader, Shelf, by_key, by_link, by_number, by_offset

STYLES: dict[str, tuple[Any, Any, int]] = {
    "offset": (Offset(), by_offset, 2),
    "number": (PageNumber(), by_number, 20),  # pages of fewer than 20 cannot overlap
    "header": (LinkHeader(), by_link, 20),
    "link": (NextLink("next", "per_page"), by_link, 20),
    "keyset": (KeySet("after"), by_key, 1),
    "cursor": (Cursor("after", "after"), by_key, 1),
}


class Reading(RuleBasedStateMachine):
    """One who reads a list, and others who change it."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.seen: list[int] = []
        self.error: IntegrityError | None = None
        self.is_over = self.has_changed = False

    @initialize(
        style=st.sampled_from([*STYLES]),
        count=st.integers(0, 120),
        more=st.integers(0, 20),
        says_total=st.booleans(),
        under_way=st.integers(1, 4),
        steps=st.lists(st.integers(0, 4), max_size=5),
    )
    def begun(
        self, style: str, count: int, more: int, says_total: bool, under_way: int, steps: list[int]
    ) -> None:
        paging, serve, least = STYLES[style]
        self.shelf = Shelf(count, says_total=says_total, steps=steps)
        self.reader = Reader(self.shelf, paging, serve, least + more, under_way=under_way)
        self.first = paging.first(Request(URL), self.reader.size)
        self.all = self.reader.pages()
        self.marks: list[Mark] = []
        self.pages = self.all.read(self.first)

    @precondition(lambda self: not self.is_over)
    @rule()
    def next_page(self) -> None:
        try:
            page = self.loop.run_until_complete(anext(self.pages))
        except StopAsyncIteration:
            self.is_over = True
        except IntegrityError as error:
            self.is_over, self.error = True, error
        else:
            self.marks.append(self.all.mark(self.first))
            self.seen += page.batch["id"].to_pylist()
            assert len(self.seen) == len(set(self.seen)), "a record came twice"

    @precondition(lambda self: self.is_over)
    @rule()
    def no_page_comes_after_the_last(self) -> None:
        assert self.loop.run_until_complete(anext(self.pages, None)) is None

    @precondition(lambda self: not self.is_over)
    @rule(where=st.floats(0, 1), some=st.integers(1, 30))
    def some_are_added(self, where: float, some: int) -> None:
        self._changed(True, where, some)

    @precondition(lambda self: not self.is_over)
    @rule(where=st.floats(0, 1), some=st.integers(1, 30))
    def some_are_removed(self, where: float, some: int) -> None:
        self._changed(False, where, some)

    @precondition(lambda self: not self.is_over)
    @rule(where=st.floats(0, 1), other=st.floats(0, 1))
    def one_goes_and_another_comes(self, where: float, other: float) -> None:
        self._changed(False, where, 1)
        self._changed(True, other, 1)

    @precondition(lambda self: not self.is_over)
    @rule()
    def the_reader_dies_and_another_goes_on(self) -> None:
        self.loop.run_until_complete(self.pages.aclose())
        while self.marks and self.marks[-1].place is None:  # where nobody is sure yet it is read again
            self.marks.pop()
        self.seen = self.seen[: sum(mark.rows for mark in self.marks)]
        self.reader.habits = Habits()
        self.all = self.reader.pages()
        upcoming: Request | None = self.first
        if self.marks:
            place = json.loads(json.dumps(self.marks[-1].place))
            upcoming = self.all.go_on(place, self.marks, self.first)
        self.pages = self.all.read(upcoming)

    def _changed(self, is_added: bool, where: float, some: int) -> None:
        self.has_changed = True
        for _ in range(some):
            self.shelf.alter(is_added, where)

    def teardown(self) -> None:
        while not self.is_over and hasattr(self, "pages"):
            self.next_page()
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()
        if self.error is None:
            assert self.shelf.stayed <= set(self.seen), "a record is missing, and nobody says so"
        if not self.has_changed:
            assert (self.seen, self.error) == (self.shelf.items, None)
            assert self.reader.told == []


TestReading = Reading.TestCase
TestReading.settings = settings(deadline=None)
