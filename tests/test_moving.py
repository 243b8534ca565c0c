"""Records come once each, though others are added and removed meanwhile; or an error says why not."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spyro_sdk.errors import DataFetchError
from spyro_sdk.http import Request
from spyro_sdk.pages import Habits
from spyro_sdk.paging import Cursor, KeySet, LinkHeader, NextLink, Offset, PageNumber

from .moving import URL, Reader, Shelf, by_key, by_link, by_number, by_offset, read

STYLES: dict[str, tuple[Any, Any]] = {
    "offset": (Offset(), by_offset),
    "number": (PageNumber(), by_number),
    "header": (LinkHeader(), by_link),
    "link": (NextLink("next", "per_page"), by_link),
    "keyset": (KeySet("after"), by_key),
    "cursor": (Cursor("after", "after"), by_key),
}
COUNTED = ("offset", "number", "header", "link")
ADDED, REMOVED = True, False
FRONT, END = 0.0, 1.0


def reader(style: str, shelf: Shelf, size: int = 20, **more: Any) -> Reader:
    paging, serve = STYLES[style]
    return Reader(shelf, paging, serve, size, **more)


def numbers(asked: list[dict[str, str]], *names: str) -> list[tuple[int, ...]]:
    return [tuple(int(params[name]) for name in names) for params in asked]


# -- whatever happens -------------------------------------------------------------------------------------

CHANGES = st.lists(st.tuples(st.booleans(), st.floats(0, 1)), max_size=6)


@pytest.mark.parametrize("style", STYLES)
@settings(deadline=None)
@given(
    count=st.integers(0, 150),
    size=st.integers(2, 30),
    cap=st.none() | st.integers(2, 30),
    changes=st.lists(CHANGES, max_size=30),
    says_total=st.booleans(),
    steps=st.lists(st.integers(0, 6), min_size=1, max_size=7),
    under_way=st.integers(1, 6),
)
def test_each_record_that_stays_comes_once_or_an_error_says_why_not(
    style: str,
    count: int,
    size: int,
    cap: int | None,
    changes: Any,
    says_total: bool,
    steps: Any,
    under_way: int,
) -> None:
    if style in ("number", "header", "link"):  # pages of fewer than 20 cannot overlap
        size, cap = size + 20, cap and cap + 20
    shelf = Shelf(count, changes, cap, says_total, steps)
    seen, error = read(reader(style, shelf, size, under_way=under_way))
    came = Counter(seen)
    assert not [key for key, times in came.items() if times > 1]
    assert error is not None or shelf.stayed <= came.keys()


@pytest.mark.parametrize("style", STYLES)
@settings(deadline=None)
@given(
    count=st.integers(0, 150),
    size=st.integers(2, 30),
    cap=st.none() | st.integers(1, 30),
    says_total=st.booleans(),
    steps=st.lists(st.integers(0, 6), min_size=1, max_size=7),
    key=st.sampled_from(["id", None]),
    fetches=st.integers(1, 2),
)
def test_a_list_that_stays_as_it_is_comes_as_it_is(
    style: str, count: int, size: int, cap: int | None, says_total: bool, steps: Any, key: Any, fetches: int
) -> None:
    habits = Habits()
    for _ in range(fetches):
        it = reader(style, Shelf(count, (), cap, says_total, steps), size, key=key, habits=habits)
        assert read(it) == (list(range(count)), None)
        assert it.told == []


# -- what is added and removed ----------------------------------------------------------------------------


@pytest.mark.parametrize("style", COUNTED)
@pytest.mark.parametrize("says_total", [False, True])
@pytest.mark.parametrize("some", [1, 7, 30])
def test_what_is_added_in_front_doubles_nothing(style: str, says_total: bool, some: int) -> None:
    shelf = Shelf(100, [[], [], [(ADDED, FRONT)] * some], says_total=says_total)
    it = reader(style, shelf, under_way=1)
    assert read(it) == (list(range(100)), None)
    assert len(it.told) == 1


@pytest.mark.parametrize("style", COUNTED)
@pytest.mark.parametrize("says_total", [False, True])
@pytest.mark.parametrize("some", [1, 7, 19, 35])
def test_what_is_removed_in_front_loses_nothing(style: str, says_total: bool, some: int) -> None:
    shelf = Shelf(100, [[], [], [(REMOVED, FRONT)] * some], says_total=says_total)
    it = reader(style, shelf, under_way=1)
    assert read(it) == (list(range(100)), None)
    assert [what for what in it.told if "were removed" in what]


@pytest.mark.parametrize("style", COUNTED)
def test_as_many_removed_as_added_are_seen_too(style: str) -> None:
    shelf = Shelf(100, [[], [], [(REMOVED, FRONT), (ADDED, END)]], says_total=True)
    it = reader(style, shelf, under_way=1)
    assert read(it) == ([*range(100), 100], None)
    assert len(it.told) == 1


@pytest.mark.parametrize("style", COUNTED)
def test_what_is_added_behind_comes_too(style: str) -> None:
    shelf = Shelf(100, [[], [], [(ADDED, END)] * 3], says_total=True)
    it = reader(style, shelf, under_way=1)
    assert read(it) == (list(range(103)), None)
    assert it.told == []


def test_when_all_that_came_is_removed_the_rest_is_not_guessed() -> None:
    everything = Shelf(100, [[], [(REMOVED, FRONT)] * 100])
    assert read(reader("offset", everything, under_way=1))[1] is None
    much = Shelf(100, [[], [], [(REMOVED, FRONT)] * 60])
    seen, error = read(reader("offset", much, under_way=1))
    assert seen == list(range(39))
    assert "too many were added or removed" in str(error)


def test_a_burst_in_front_is_looked_behind() -> None:
    burst = Shelf(100, [[], [], [(ADDED, FRONT)] * 45], says_total=True)
    it = reader("offset", burst, under_way=1)
    assert read(it) == (list(range(100)), None)


def test_records_that_change_their_order_are_an_error() -> None:
    def shuffled(shelf: Shelf, asked: dict[str, str]) -> Any:
        if shelf.answered == 3:
            shelf.items[30:50] = reversed(shelf.items[30:50])
        return by_offset(shelf, asked)

    it = Reader(Shelf(100), Offset(), shuffled, 20, under_way=1)
    assert "their order changed" in str(read(it)[1])


# -- what overlaps ----------------------------------------------------------------------------------------


def test_offsets_overlap_by_one_record() -> None:
    shelf = Shelf(100, says_total=True)
    read(reader("offset", shelf))
    assert numbers(shelf.asked, "offset", "limit") == [(at, 20) for at in (0, 19, 38, 57, 76, 95)]


def test_pages_of_odd_sizes_overlap_by_a_few_records() -> None:
    shelf = Shelf(20_000, says_total=True)
    assert read(reader("number", shelf, 1000)) == (list(range(20_000)), None)
    windows = [(size * (page - 1), size * page) for page, size in numbers(shelf.asked, "page", "per_page")]
    assert all(start < stop for (_, stop), (start, _) in itertools.pairwise(windows))
    assert len(windows) == 21


@pytest.mark.parametrize("style", ["header", "link"])
def test_a_link_that_counts_is_followed_with_an_overlap_and_ahead(style: str) -> None:
    shelf = Shelf(200)
    read(reader(style, shelf, 20))
    sizes = {params["per_page"] for params in shelf.asked}
    assert len(sizes) > 1
    assert shelf.asked[0] == {"per_page": "20"}


@pytest.mark.parametrize("style", COUNTED)
def test_a_list_that_is_declared_stable_is_read_without_overlap(style: str) -> None:
    paging, serve = STYLES[style]
    args = ["next", "per_page"] if style == "link" else []
    shelf = Shelf(100, says_total=True)
    assert read(Reader(shelf, type(paging)(*args, is_stable=True), serve, 20)) == (list(range(100)), None)
    assert len(shelf.asked) == 5


def test_no_second_page_is_overlapped_ahead_before_the_service_is_known_to_do_so() -> None:
    shelf = Shelf(1000, says_total=True, steps=[3])
    it = reader("offset", shelf, under_way=6)
    asyncio.run(partly(it, 1))
    assert len(shelf.asked) == 2
    shelf.asked.clear()
    asyncio.run(partly(it, 1))
    assert len(shelf.asked) == 2, "still not known"
    read(reader("offset", shelf, habits=it.habits))
    shelf.asked.clear()
    asyncio.run(partly(it, 1))
    assert len(shelf.asked) == 7


async def partly(it: Reader, pages: int) -> None:
    found = it.pages().read(it.paging.first(Request(URL), it.size))
    for _ in range(pages):
        await anext(found)
    for _ in range(20):
        await asyncio.sleep(0)
    await found.aclose()


# -- services that do not send what is asked for ----------------------------------------------------------


def rounded(shelf: Shelf, asked: dict[str, str]) -> Any:
    """A service that has pages of twenty only, whatever it is asked for."""
    page = int(asked["page"]) if "page" in asked else int(asked["offset"]) // 20 + 1
    return shelf.window(20 * (page - 1), 20), {}, ""


def halved(shelf: Shelf, asked: dict[str, str]) -> Any:
    """A service that has pages of twenty and of ten."""
    size = 20 if int(asked["per_page"]) >= 20 else 10
    return shelf.window(size * (int(asked["page"]) - 1), size), {}, ""


def strict(shelf: Shelf, asked: dict[str, str]) -> Any:
    """A service that refuses everything but whole pages of twenty."""
    size = int(asked.get("per_page") or asked["limit"])
    start = int(asked["offset"]) if "offset" in asked else size * (int(asked["page"]) - 1)
    if size != 20 or start % 20:
        raise DataFetchError("whole pages only", status=400)
    return shelf.window(start, 20), {}, ""


@pytest.mark.parametrize(
    ("paging", "serve"),
    [
        (PageNumber(), rounded),
        (PageNumber(), halved),
        (PageNumber(), strict),
        (Offset(short_is_last=True), rounded),
        (Offset(short_is_last=True), strict),
    ],
)
@pytest.mark.parametrize("count", [0, 1, 19, 20, 21, 40, 105])
@pytest.mark.parametrize("says_total", [False, True])
def test_a_service_that_cannot_overlap_is_read_page_by_page(
    paging: Any, serve: Any, count: int, says_total: bool
) -> None:
    habits = Habits()
    for _ in range(2):
        shelf = Shelf(count, says_total=says_total)
        it = Reader(shelf, paging, serve, 20, habits=habits)
        assert read(it) == (list(range(count)), None)
    if count > 40:
        assert habits.is_exact is False
        assert len(shelf.asked) <= count // 20 + 3, "it is not tried again"


def test_offsets_that_must_be_whole_pages_end_with_an_error_that_says_what_to_declare() -> None:
    assert "declare short_is_last" in str(read(Reader(Shelf(105), Offset(), rounded, 20))[1])
    with pytest.raises(DataFetchError, match="whole pages only") as raised:
        read(Reader(Shelf(105), Offset(), strict, 20))
    assert "declare short_is_last" in str(raised.value.hint)


def test_a_service_that_was_exact_and_is_no_more_is_an_error() -> None:
    def fickle(shelf: Shelf, asked: dict[str, str]) -> Any:
        return by_offset(shelf, {**asked, "limit": "50"} if shelf.answered == 4 else asked)

    assert "more than were asked for" not in str(read(Reader(Shelf(200), Offset(), by_offset, 20))[1])
    assert "though not before" in str(read(Reader(Shelf(200), Offset(), fickle, 20, under_way=1))[1])

    def refuses(shelf: Shelf, asked: dict[str, str]) -> Any:
        if shelf.answered == 4:
            raise DataFetchError("no", status=400)
        return by_offset(shelf, asked)

    with pytest.raises(DataFetchError, match="no"):
        read(Reader(Shelf(200), Offset(), refuses, 20, under_way=1))


def test_tiny_pages_that_repeat_are_an_error() -> None:
    it = Reader(Shelf(20), Offset(), lambda shelf, asked: (shelf.window(0, 4), {}, ""), 4)
    assert "say that the list is stable" in str(read(it)[1])


def test_a_service_that_ignores_the_page_is_an_error() -> None:
    for paging in (PageNumber(), Offset()):
        it = Reader(Shelf(100), paging, lambda shelf, asked: (shelf.window(0, 20), {}, ""), 20)
        seen, error = read(it)
        assert seen == list(range(20))
        assert "has the same records as the one before it" in str(error)
    it = Reader(Shelf(100), PageNumber(), lambda shelf, asked: (shelf.window(0, 20), {}, ""), 20, key=None)
    assert "the same to the last value" in str(read(it)[1])


@pytest.mark.parametrize("paging", [Offset(), PageNumber()])
@pytest.mark.parametrize("key", ["id", None])
def test_a_service_that_sends_fewer_than_asked_for_is_followed_ahead_all_the_same(
    paging: Any, key: Any
) -> None:
    serve = by_offset if isinstance(paging, Offset) else by_number
    shelf = Shelf(1000, cap=30, says_total=True, steps=[2])
    it = Reader(shelf, paging, serve, 500, key=key)
    assert read(it) == (list(range(1000)), None)
    assert len(shelf.asked) <= 45


def test_pages_of_which_some_records_are_left_out_are_not_the_end() -> None:
    def filtered(shelf: Shelf, asked: dict[str, str]) -> Any:
        rows, payload, link = by_number(shelf, asked)
        return [row for row in rows if row % 7], payload, link

    it = Reader(Shelf(300), PageNumber(), filtered, 30)
    assert read(it)[0] == [row for row in range(300) if row % 7]


def test_an_offset_without_a_size_overlaps_too() -> None:
    def fixed(shelf: Shelf, asked: dict[str, str]) -> Any:
        return shelf.window(int(asked["offset"]), 20), {}, ""

    it = Reader(Shelf(100, [[], [], [(REMOVED, FRONT)]]), Offset(size_param=None), fixed, 20, under_way=1)
    assert read(it) == (list(range(100)), None)
    assert len(it.told) == 1


# -- where nothing overlaps -------------------------------------------------------------------------------


@pytest.mark.parametrize("change", [(ADDED, FRONT), (REMOVED, FRONT)])
def test_without_a_key_a_number_that_changes_is_an_error(change: Any) -> None:
    shelf = Shelf(100, [[], [], [change]], says_total=True)
    assert "without a key" in str(read(reader("number", shelf, key=None, under_way=1))[1])
    stable = Shelf(100, [[], [], [(ADDED, END)]], says_total=True)
    it = Reader(stable, PageNumber(is_stable=True), by_number, 20, key=None, under_way=1)
    assert read(it) == (list(range(101)), None)


def test_records_that_come_again_are_left_out_where_a_page_begins_with_them() -> None:
    added = Shelf(100, [[], [], [(ADDED, FRONT)] * 2], says_total=True)
    it = Reader(added, PageNumber(), strict, 20, under_way=1)
    assert read(it) == (list(range(100)), None)
    assert it.told == ["2 records that had come before came again, and were left out"]
    removed = Shelf(100, [[], [], [], [(REMOVED, FRONT)]], says_total=True)
    assert "fell to 99" in str(read(Reader(removed, PageNumber(), strict, 20, under_way=1))[1])


@pytest.mark.parametrize("change", [(ADDED, FRONT), (REMOVED, FRONT), (ADDED, END)])
def test_a_link_of_the_next_number_alone_moves_too(change: Any) -> None:
    def bare(shelf: Shelf, asked: dict[str, str]) -> Any:
        page = int(asked.get("page", 1))
        link = f"/items?page={page + 1}" if 20 * page < len(shelf.items) else None
        return shelf.window(20 * (page - 1), 20), {"next": link}, ""

    shelf = Shelf(100, [[], [], [change]], says_total=True)
    seen, error = read(Reader(shelf, NextLink("next"), bare, 20, under_way=1))
    assert (error is None) is change[0]
    assert error or shelf.stayed <= set(seen)
    keyless = Shelf(100, [[], [], [change]], says_total=True)
    assert "without a key" in str(read(Reader(keyless, NextLink("next"), bare, 20, key=None, under_way=1))[1])


def test_a_link_that_says_the_size_is_followed_with_an_overlap_though_that_is_not_declared() -> None:
    def sized(shelf: Shelf, asked: dict[str, str]) -> Any:
        return by_link(shelf, {"per_page": "20", **asked})

    shelf = Shelf(100, [[], [], [(REMOVED, FRONT)]])
    it = Reader(shelf, NextLink("next"), sized, 20, under_way=1)
    assert read(it) == (list(range(100)), None)
    assert len(it.told) == 1


def test_a_record_that_comes_again_in_the_midst_of_a_page_is_an_error() -> None:
    def moved(shelf: Shelf, asked: dict[str, str]) -> Any:
        if shelf.answered == 4:
            shelf.items.insert(45, shelf.items.pop(25))
        return strict(shelf, asked)

    assert "not in their order" in str(read(Reader(Shelf(100), PageNumber(), moved, 20, under_way=1))[1])


@pytest.mark.parametrize("paging", [PageNumber(), Offset()])
def test_no_such_page_is_the_end_where_pages_are_counted(paging: Any) -> None:
    def gone(shelf: Shelf, asked: dict[str, str]) -> Any:
        found = (by_offset if "offset" in asked else by_number)(shelf, asked)
        if not found[0]:
            raise DataFetchError("no such page", status=404)
        return found

    for count in (20, 40, 45):
        for key in ("id", None):
            assert read(Reader(Shelf(count), paging, gone, 20, key=key)) == (list(range(count)), None)
    with pytest.raises(DataFetchError, match="no such page"):
        read(Reader(Shelf(0), paging, gone, 20))
    removed = Shelf(45, [[], [], [(REMOVED, FRONT)] * 10])
    assert read(Reader(removed, paging, gone, 20, under_way=1)) == (list(range(45)), None)


# -- what the service says of more ------------------------------------------------------------------------


@pytest.mark.parametrize("paging", [Offset(more="more"), PageNumber(more="more")])
@pytest.mark.parametrize("key", ["id", None])
@pytest.mark.parametrize("count", [0, 20, 45])
def test_more_that_never_comes_is_an_error(paging: Any, key: Any, count: int) -> None:
    def promising(shelf: Shelf, asked: dict[str, str]) -> Any:
        rows, _, link = (by_offset if "offset" in asked else by_number)(shelf, asked)
        return rows, {"more": True}, link

    seen, error = read(Reader(Shelf(count), paging, promising, 20, key=key))
    assert seen == list(range(count))
    assert f"says that there is more after {count} records" in str(error)


def test_empty_pages_on_the_way_are_no_end_while_there_is_more() -> None:
    def sparse(shelf: Shelf, asked: dict[str, str]) -> Any:
        after = int(asked.get("after", 0))
        rows = [after] if after % 3 == 0 else []
        return rows, {"after": after + 1 if after < 30 else None}, ""

    assert read(Reader(Shelf(0), Cursor("after", "after"), sparse, 5))[0] == list(range(0, 31, 3))


def test_records_without_a_key_end_an_overlap_with_an_error() -> None:
    it = reader("offset", Shelf(100), 20)
    whole = it.ask

    async def ask(request: Any, foresee: Any) -> Any:
        page = await whole(request, foresee)
        return replace(page, keys=None) if len(it.shelf.asked) == 3 else page

    it.ask = ask  # type: ignore[method-assign]
    assert "have no key" in str(read(it)[1])
