"""What a declaration says is never changed; where the service contradicts it, that is said."""

from __future__ import annotations

from typing import Any

import pytest

from spyro_sdk.connectors.declared.detect import Found, Told
from spyro_sdk.errors import ConfigurationError
from spyro_sdk.paging import ONE_PAGE, Cursor, LinkHeader, NextLink, Offset, PageNumber

from . import services as s

pytestmark = pytest.mark.anyio


async def test_what_is_told_is_taken_and_nothing_is_asked() -> None:
    told = Told("results", Offset("offset", "limit"), "id", "count")
    service = s.pokeapi(s.made(90))
    assert await service.detected(told) == Found("results", Offset("offset", "limit"), "id", "count", ())
    assert service.asks == []


async def test_an_empty_text_says_that_there_is_none() -> None:
    found = await s.pokeapi(s.made(90)).detected(Told(key="", total=""))
    assert (found.paging, found.key, found.total) == (NextLink("next", "limit"), None, None)


async def test_told_records_need_not_be_where_they_would_be_looked_for() -> None:
    payload = {"data": s.made(3), "extra": {"data": s.made(2)}}
    found = await s.always(payload).detected(Told(records="extra.data"))
    assert found.records == "extra.data"


@pytest.mark.parametrize(
    ("records", "said"),
    [
        (
            "items",
            "records='items', but there the service sent nothing; it answered an object with data, meta",
        ),
        ("meta", "records='meta', but there the service sent an object with total"),
        ("meta.total", "sent a int"),
        ("data.items", "sent nothing"),
        ("", "sent an object with data, meta"),
    ],
)
async def test_told_records_that_are_not_there_are_an_error(records: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        await s.always({"data": s.made(3), "meta": {"total": 3}}).detected(Told(records=records))
    assert said in str(caught.value)
    assert "lists of objects are at 'data' (3 of them)" in str(caught.value)
    assert (caught.value.field, caught.value.hint) == ("records", "write records: data")


async def test_where_there_is_no_list_at_all_none_is_suggested() -> None:
    with pytest.raises(ConfigurationError, match="sent nothing; it answered an empty object") as caught:
        await s.always({}).detected(Told(records="data"))
    assert caught.value.hint is None


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("ids", "have no such column; they have id, state, name (did you mean 'id'?)"),
        ("uuid", "have no such column; they have id, state, name"),
        ("state", "does not tell its records apart: two of the first 4 have the same value"),
        ("name", "is null in 1 of the first 4 records"),
    ],
)
async def test_a_told_key_that_is_none_is_an_error(key: str, said: str) -> None:
    rows = s.made(4, name=lambda number: f"n{number}" if number else None)
    with pytest.raises(ConfigurationError) as caught:
        await s.everything(rows).detected(Told(paging=ONE_PAGE, key=key))
    assert said in str(caught.value)
    assert caught.value.field == "key"


async def test_a_told_key_is_not_held_against_records_that_there_are_not() -> None:
    found = await s.everything([]).detected(Told(paging=ONE_PAGE, key="id"))
    assert (found.key, found.is_tried) == ("id", True)


@pytest.mark.parametrize(
    ("total", "said"),
    [("size", "sent nothing, and 3 records"), ("pages", "sent 1, and 3 records"), ("next", "sent a str")],
)
async def test_a_told_total_that_cannot_be_is_an_error(total: str, said: str) -> None:
    payload = {"data": s.made(3), "pages": 1, "next": "x"}
    with pytest.raises(ConfigurationError, match=f"total={total!r}, but there the service {said}") as caught:
        await s.always(payload).detected(Told(paging=ONE_PAGE, total=total))
    assert caught.value.field == "total"


async def test_a_told_total_may_be_in_a_header() -> None:
    service = s.wordpress(s.made(90))
    found = await service.detected(Told(paging=LinkHeader(), total="header:X-WP-Total"))
    assert found.total == "header:X-WP-Total"
    with pytest.raises(ConfigurationError, match="sent nothing, and 10 records"):
        await service.detected(Told(paging=LinkHeader(), total="header:X-Total"))
    with pytest.raises(ConfigurationError, match="sent a str, and 1 records"):
        await s.always(s.made(1), **{"x-total": "many"}).detected(Told(total="header:x-total"))


# paging


@pytest.mark.parametrize("paging", [NextLink("links.next"), Cursor("cursor", "cursor"), LinkHeader()])
async def test_told_paging_that_would_end_at_once_although_there_is_more_is_an_error(paging: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        await s.pokeapi(s.made(90)).detected(Told(paging=paging))
    assert "has nothing there, so that the fetch would end; yet there is something at 'next'" in str(
        caught.value
    )
    assert caught.value.field == "paging"


async def test_told_paging_may_have_nothing_to_show_on_the_last_page() -> None:
    found = await s.hubspot(s.made(3)).detected(Told(paging=NextLink("paging.next.link")))
    assert found.paging == NextLink("paging.next.link")
    assert "the first answer has nothing at 'paging.next.link': one page is all" in found.notes
    found = await s.github(s.made(3)).detected(Told(paging=LinkHeader()))
    assert "the first answer has nothing at 'header:Link': one page is all" in found.notes


async def test_one_page_is_taken_for_granted_and_the_rest_is_told() -> None:
    found = await s.pokeapi(s.made(90)).detected(Told(paging=ONE_PAGE))
    assert found.paging == ONE_PAGE
    assert (
        "paging is single_page, as declared, although there is something at 'next': the rest is left out"
        in found.notes
    )


async def test_a_flag_that_is_not_there_is_told() -> None:
    paging = PageNumber(pages="meta.pages")
    found = await s.plain_pages(s.made(50)).detected(Told(paging=paging))
    assert "the first answer has nothing at 'meta.pages', which is declared" in found.notes


async def test_a_cursor_may_be_in_a_header() -> None:
    service = s.Service(lambda call: (s.made(3), {"x-next": "a", "x-total-count": "9"}))
    cursor = Cursor("header:X-Next", "cursor", None)
    assert not [note for note in (await service.detected(Told(paging=cursor))).notes if "nothing" in note]
    with pytest.raises(ConfigurationError, match="yet the header x-total-count is 9"):
        await service.detected(Told(paging=Cursor("header:X-Cursor", "cursor")))


async def test_a_paging_of_somebody_elses_is_left_alone() -> None:
    class Own:
        path = 7
        first = next = None

    own: Any = Own()
    assert (await s.pokeapi(s.made(90)).detected(Told(paging=own))).paging is own
