"""Pages come in order, none twice and none missing, however far and however wrongly they are foreseen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spyro_sdk.errors import DataFetchError, DecodeError, IntegrityError
from spyro_sdk.http import Request
from spyro_sdk.pages import Bounds, Foresee, Page, Pages, Way

SIZE = 3


def numbered(page: int) -> Request:
    return Request("https://acme.example/items", params={"page": str(page)})


def number(request: Request) -> int:
    return int(request.params["page"])


def lost(what: str) -> IntegrityError:
    return IntegrityError(f"lost: {what}")


def counted(request: Request, payload: Any) -> Request | None:
    """Pages by number."""
    return numbered(number(request) + 1)


def linked(request: Request, payload: Any) -> Request | None:
    """Pages by a link, which stands in what is foreseen."""
    if isinstance(payload, Exception):
        raise payload
    return payload


@dataclass
class Book:
    """A service of `rows` records; it notes what it was asked, and how much of that was under way at once."""

    rows: int
    total: int | None = None
    before: Callable[[int], AsyncIterator[Any]] | None = None
    """What happens before page n is answered; what it yields is foreseen."""
    links: dict[int, int | None] = field(default_factory=dict)
    """Where pages lead, instead of to the next."""
    asked: list[int] = field(default_factory=list)
    under_way: int = 0
    most: int = 0

    async def ask(self, request: Request, foresee: Foresee) -> Page:
        page = number(request)
        self.asked.append(page)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await asyncio.sleep(0)
            if self.before is not None:
                async for payload in self.before(page):
                    foresee(payload)
            return self.page(page)
        finally:
            self.under_way -= 1

    def page(self, page: int) -> Page:
        first, last = SIZE * (page - 1), min(SIZE * page, self.rows)
        rows = list(range(first, max(first, last)))
        link = self.links.get(page, page + 1 if last < self.rows else None)
        batch = pa.record_batch({"id": pa.array(rows, pa.int64())})
        return Page(batch, len(rows), numbered(link) if link else None, self.total, size=100)


def reading(book: Book, ahead: Any = counted, **bounds: Any) -> Any:
    at_once = bounds.pop("under_way", 8)
    given = {"under_way": lambda: at_once, "page_size": SIZE, **bounds}
    return Pages(book.ask, Way(ahead), Bounds(**given), lost).read(numbered(1))


async def ids(pages: Any, seen: list[int] | None = None) -> list[int]:
    """The ids of all records; those that came before an error are in `seen`."""
    seen = [] if seen is None else seen
    async with aclosing(pages) as found:
        async for page in found:
            seen += page.batch["id"].to_pylist()
    return seen


async def settled() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("ahead", [None, counted, linked])
@pytest.mark.parametrize("rows", [0, 1, 3, 4, 30])
@pytest.mark.parametrize("total", [None, "right"])
async def test_every_record_comes_once_and_in_order(ahead: Any, rows: int, total: Any) -> None:
    book = Book(rows, total=rows if total else None)
    assert await ids(reading(book, ahead)) == list(range(rows))


async def test_computed_pages_are_asked_for_twice_as_far_ahead_each_time() -> None:
    book = Book(300)
    async with aclosing(reading(book)) as pages:
        for came, asked in ((1, 3), (2, 6), (3, 9), (4, 12), (5, 13)):
            await anext(pages)
            await settled()
            assert len(book.asked) == asked, came
    assert book.asked == list(range(1, 14))


async def test_nothing_is_computed_before_the_first_page_has_come() -> None:
    gate = asyncio.Event()

    async def before(page: int) -> AsyncIterator[Any]:
        await gate.wait()
        yield None

    book = Book(300, before=before)
    task = asyncio.ensure_future(anext(pages := reading(book)))
    await settled()
    assert book.asked == [1]
    gate.set()
    await task
    await pages.aclose()


async def test_a_known_total_asks_for_all_that_is_left_at_once_and_for_no_more() -> None:
    book = Book(14, total=14)
    async with aclosing(reading(book)) as pages:
        await anext(pages)
        await settled()
        assert book.asked == [1, 2, 3, 4, 5]
        assert [page.rows async for page in pages] == [3, 3, 3, 2]
    assert book.asked == [1, 2, 3, 4, 5]
    assert book.most == 4


async def test_a_total_of_any_size_is_one() -> None:
    book = Book(7, total=10**400)
    with pytest.raises(IntegrityError, match="and sent 7"):
        await ids(reading(book))


async def test_no_more_are_under_way_than_are_allowed() -> None:
    book = Book(300, total=300)
    assert len(await ids(reading(book, under_way=5))) == 300
    assert book.most == 5


async def test_big_pages_are_not_piled_up() -> None:
    book = Book(300, total=300)
    async with aclosing(reading(book, memory=200)) as pages:
        await anext(pages)
        await settled()
        assert book.asked == [1, 2, 3]


async def test_a_page_that_comes_too_early_waits_for_those_before_it() -> None:
    gates = {page: asyncio.Event() for page in range(1, 6)}
    gates[1].set()

    async def before(page: int) -> AsyncIterator[Any]:
        await gates[page].wait()
        yield None

    book = Book(15, total=15, before=before)
    task = asyncio.ensure_future(ids(reading(book)))
    for page in (5, 3, 4, 2):
        await settled()
        assert not task.done()
        gates[page].set()
    assert await task == list(range(15))


async def test_a_link_in_the_first_bytes_is_followed_while_the_page_is_on_its_way() -> None:
    gate = asyncio.Event()

    async def before(page: int) -> AsyncIterator[Any]:
        yield numbered(page + 1)
        await gate.wait()

    book = Book(30, before=before)
    task = asyncio.ensure_future(ids(reading(book, linked)))
    await settled()
    assert book.asked == [1, 2]  # and no farther, before a page has come
    gate.set()
    assert await task == list(range(30))
    assert book.asked == list(range(1, 12))  # the eleventh, which nobody had announced, was foreseen only


@pytest.mark.parametrize("odd", [None, DecodeError("odd"), ValueError("odd"), KeyError("odd"), numbered(7)])
async def test_a_wrong_foresight_costs_a_request_and_no_record(odd: Any) -> None:
    async def before(page: int) -> AsyncIterator[Any]:
        yield odd

    book = Book(12, before=before)
    assert await ids(reading(book, linked)) == list(range(12))


async def test_who_foresaw_wrongly_once_is_not_believed_again() -> None:
    book = Book(30, links={page: page + 2 for page in range(1, 9)})
    await ids(reading(book))
    assert book.asked == [1, 3, 5, 7, 9, 10]


async def test_what_goes_wrong_beyond_the_end_is_nobodys_business() -> None:
    async def before(page: int) -> AsyncIterator[Any]:
        if page > 2:
            raise DataFetchError("there is no such page")
        yield None

    book = Book(5, before=before)
    assert await ids(reading(book)) == list(range(5))
    assert max(book.asked) > 2


async def test_what_goes_wrong_is_told_after_the_pages_before_it() -> None:
    async def before(page: int) -> AsyncIterator[Any]:
        if page == 4:
            raise DataFetchError("the fourth")
        yield None

    seen: list[int] = []
    with pytest.raises(DataFetchError, match="the fourth"):
        await ids(reading(Book(300, before=before)), seen)
    assert seen == list(range(9))


@pytest.mark.parametrize("ahead", [None, counted, linked])
@pytest.mark.parametrize("back", [1, 2, 4])
async def test_a_circle_is_seen_before_a_record_comes_twice(ahead: Any, back: int) -> None:
    seen: list[int] = []
    with pytest.raises(IntegrityError, match="page 4 links back"):
        await ids(reading(Book(300, links={4: back}), ahead), seen)
    assert seen == list(range(9))


async def test_a_link_that_leads_back_is_not_followed_when_it_is_foreseen() -> None:
    async def before(page: int) -> AsyncIterator[Any]:
        yield numbered(1)

    book = Book(300, links={1: 1}, before=before)
    with pytest.raises(IntegrityError, match="page 1 links back"):
        await ids(reading(book, linked))
    assert book.asked == [1]


async def test_a_page_that_has_come_is_not_foreseen_again() -> None:
    async def before(page: int) -> AsyncIterator[Any]:
        yield numbered(1 if page == 3 else page + 1)

    book = Book(15, before=before)
    assert await ids(reading(book, linked)) == list(range(15))
    assert book.asked.count(1) == 1


@pytest.mark.parametrize("claimed", [0, 9, 11])
@pytest.mark.parametrize("ahead", [None, counted])
async def test_a_total_that_does_not_agree_is_an_error(claimed: int, ahead: Any) -> None:
    with pytest.raises(IntegrityError, match=f"announced {claimed} records and sent 10"):
        await ids(reading(Book(10, total=claimed), ahead))


@pytest.mark.parametrize("ahead", [None, counted, linked])
@pytest.mark.parametrize("total", [None, 300])
@pytest.mark.parametrize("enough", [1, 3, 4, 6, 29, 30])
async def test_no_page_is_asked_for_that_is_not_needed(ahead: Any, total: int | None, enough: int) -> None:
    book = Book(300, total=total)
    found = await ids(reading(book, ahead, enough=enough))
    pages = -(-enough // SIZE)
    assert found == list(range(SIZE * pages))
    assert book.asked == list(range(1, pages + 1))


async def test_a_reader_who_is_not_eager_gets_one_page_at_a_time() -> None:
    book = Book(30, total=30)
    async with aclosing(reading(book, is_eager=False)) as pages:
        for page in (1, 2, 3):
            await anext(pages)
            await settled()
            assert book.asked == list(range(1, page + 1))


@pytest.mark.parametrize("taken", [0, 1, 5])
async def test_leaving_early_leaves_no_task(taken: int) -> None:
    before = asyncio.all_tasks()
    book = Book(300, total=300)
    async with aclosing(reading(book)) as pages:
        for _ in range(taken):
            await anext(pages)
    assert asyncio.all_tasks() == before
    assert book.under_way == 0


async def test_being_cancelled_leaves_no_task() -> None:
    for steps in range(12):
        before = asyncio.all_tasks()
        task = asyncio.ensure_future(ids(reading(Book(300, total=300))))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert asyncio.all_tasks() == before


@given(
    rows=st.integers(0, 40),
    says_total=st.booleans(),
    under_way=st.integers(1, 6),
    steps=st.lists(st.integers(0, 6), min_size=16, max_size=16),
    foreseen=st.lists(st.integers(-1, 16), min_size=16, max_size=16),
    ahead=st.sampled_from([None, counted, linked]),
)
def test_whatever_is_foreseen_and_whenever_it_comes_the_records_are_the_same(
    rows: int, says_total: bool, under_way: int, steps: list[int], foreseen: list[int], ahead: Any
) -> None:
    async def before(page: int) -> AsyncIterator[Any]:
        guess = foreseen[page % 16]
        yield None if guess < 0 else numbered(guess or page + 1)
        for _ in range(steps[page % 16]):
            await asyncio.sleep(0)

    async def main() -> None:
        book = Book(rows, total=rows if says_total else None, before=before)
        assert await ids(reading(book, ahead, under_way=under_way)) == list(range(rows))
        assert book.most <= under_way + 1  # a page that was dropped ends a moment later

    asyncio.run(main())


async def test_a_first_page_that_announces_too_many_is_the_only_one() -> None:
    book = Book(30, total=30)
    assert await ids(reading(book, None, goes_on=lambda announced: announced < 30)) == [0, 1, 2]
    assert book.asked == [1]


async def test_the_first_page_decides_whether_to_go_on_and_no_later_one() -> None:
    book = Book(30, total=29)

    async def grown(page: int) -> AsyncIterator[Any]:
        book.total = 29 if page == 1 else 30
        yield None

    book.before = grown
    assert await ids(reading(book, None, goes_on=lambda announced: announced < 30)) == list(range(30))


@pytest.mark.parametrize("comes_twice", [False, True])
async def test_a_failure_tells_first_whether_what_has_come_is_to_be_relied_on(*, comes_twice: bool) -> None:
    class Failing(Book):
        def page(self, page: int) -> Page:
            if page == 4:
                raise DataFetchError("it broke")
            it = super().page(1 if comes_twice and page == 3 else page)
            batch = it.batch
            return replace(it, next=numbered(page + 1), keys=batch["id"])

    with pytest.raises(
        IntegrityError if comes_twice else DataFetchError,
        match="3 records have the key of another" if comes_twice else "it broke",
    ):
        await ids(reading(Failing(300), linked))
