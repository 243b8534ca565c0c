"""Services whose answers say nothing of a next page, or too little."""

from __future__ import annotations

from typing import Any

import pytest

from spyro_sdk.connectors.declared.detect import MOST_ASKS
from spyro_sdk.errors import ConfigurationError, DataFetchError, RateLimitError
from spyro_sdk.http import Request
from spyro_sdk.paging import ONE_PAGE, Cursor, KeySet, LinkHeader, NextLink, Offset, PageNumber

from . import services as s

pytestmark = pytest.mark.anyio


# pages by number, in a bare list


@pytest.mark.parametrize("count", [1, 7, 19, 20, 21, 60, 90])
@pytest.mark.parametrize("size", [None, "per_page", "limit", "page_size"])
@pytest.mark.parametrize("is_strict", [False, True])
@pytest.mark.parametrize("start", [0, 1])
async def test_pages_are_counted_from_the_right_number(
    start: int, is_strict: bool, size: str | None, count: int
) -> None:
    service = s.plain_pages(s.made(count), start=start, size=size, is_strict=is_strict)
    found = await service.detected()
    assert len(service.asks) <= MOST_ASKS
    assert await service.walked(found) == s.made(count)
    if count > 20:
        assert found.paging == PageNumber("page", size, start)
        assert found.is_tried


async def test_a_lone_record_may_be_all_of_a_page() -> None:
    service = s.plain_pages(s.made(1), size=None)
    assert (await service.detected()).paging == PageNumber("page", None)
    alone = await s.everything(s.made(1)).detected()
    assert (alone.paging, alone.is_tried) == (ONE_PAGE, False)


async def test_records_without_a_key_are_compared_whole() -> None:
    rows = [{"name": f"n{number}", "kind": {"a": number}} for number in range(50)]
    for row in rows:
        row["name"] = "same" if row["kind"] == {"a": 3} else row["name"]
    rows[4]["name"] = "same"
    service = s.plain_pages(rows, size=None)
    found = await service.detected()
    assert (found.paging, found.key) == (PageNumber("page", None), None)
    assert await service.walked(found) == rows


async def test_records_that_change_from_answer_to_answer_are_not_taken_for_others() -> None:
    views = iter(range(10**6))
    rows = [{"title": f"t{number % 9}", "n": number % 5} for number in range(20)]
    service = s.Service(lambda call: [row | {"views": next(views)} for row in rows])
    with pytest.raises(ConfigurationError, match="20 records look like a full page"):
        await service.detected()


# everything at once


@pytest.mark.parametrize("count", [2, 7, 9, 13, 249])
@pytest.mark.parametrize("under", [None, "results"])
async def test_a_list_that_no_parameter_changes_is_all_there_is(count: int, under: str | None) -> None:
    found = await s.everything(s.made(count), under).detected()
    assert (found.paging, found.is_tried) == (ONE_PAGE, False)
    assert f"all records are taken to come at once: {count} came" in " ".join(found.notes)


@pytest.mark.parametrize("count", [10, 15, 20, 24, 25, 32, 48, 50, 64, 100, 250, 500, 1000])
@pytest.mark.parametrize("under", [None, "results"])
async def test_a_list_that_looks_like_a_full_page_is_not_believed(count: int, under: str | None) -> None:
    with pytest.raises(ConfigurationError) as caught:
        await s.everything(s.made(count), under).detected()
    said = str(caught.value)
    assert f"{count} records look like a full page" in said
    assert "Tried in vain: the number of the page as 'page'; the number of the record" in said
    assert "or paging: {type: single_page} if these are all records" in said
    assert caught.value.field == "paging"
    assert caught.value.hint == "write paging: {type: page_number, base_page: 1, page_param: page}"


async def test_an_announced_number_that_is_reached_is_the_end() -> None:
    service = s.always({"items": s.made(7), "total": 7})
    found = await service.detected()
    assert (found.paging, found.total, found.is_tried) == (ONE_PAGE, "total", False)
    assert "these are all records, since 'total' is 7" in found.notes
    with pytest.raises(ConfigurationError, match="look like a full page"):
        await s.always({"items": s.made(20), "total": 20}).detected()  # of the page, or of all?


async def test_a_service_that_only_takes_a_size_is_asked_for_more() -> None:
    def answer(call: s.Call) -> Any:
        return rows[: call.number("limit", 7)]

    rows = s.made(7)
    assert (await s.Service(answer).detected()).paging == ONE_PAGE
    rows = s.made(9)
    with pytest.raises(ConfigurationError, match="asked for more than 7 records, it sent more"):
        await s.Service(answer).detected()


@pytest.mark.parametrize("around", [None, "next_cursor"])
async def test_a_service_that_takes_every_parameter_for_a_filter_is_not_believed(around: str | None) -> None:
    def answer(call: s.Call) -> Any:
        rows = [] if call.params else s.made(20)
        return rows if around is None else {"data": rows, around: "abc"}

    with pytest.raises(ConfigurationError, match="cannot be told"):
        await s.Service(answer).detected()


async def test_a_link_may_lead_behind_the_last_page() -> None:
    def answer(call: s.Call) -> Any:
        page = call.number("page", 1)
        return {"data": s.made(20) if page == 1 else [], "next_url": f"{s.URL}?page={page + 1}"}

    found = await s.Service(answer).detected()
    assert found.paging == NextLink("next_url")
    assert "tried, and no more records came" in found.notes[2]


# what speaks against the end


@pytest.mark.parametrize(
    ("around", "said"),
    [
        ({"next_cursor": "abc"}, "there is something at 'next_cursor'"),
        ({"has_more": True}, "'has_more' is true"),
        ({"isLast": False}, "'isLast' is false"),
        ({"total_pages": 4}, "'total_pages' is 4"),
        ({"meta": {"total": 30}}, "'meta.total' is 30"),
        ({"next": "https://acme.example/v1/others"}, "there is something at 'next'"),
        ({"next": "http://["}, "there is something at 'next'"),
        (
            {"_links": [{"rel": "next", "href": "/x"}], "count": 9},
            "links in the list at '_links' cannot be followed",
        ),
    ],
)
async def test_more_records_that_nobody_knows_how_to_get_are_an_error(around: Any, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        await s.always({"results": s.made(7), **around}).detected()
    assert said in str(caught.value)
    assert str(caught.value.hint).startswith("write paging: {type: ")
    assert "abc" not in str(caught.value), "a cursor may be a secret"


async def test_headers_may_announce_more_too() -> None:
    with pytest.raises(ConfigurationError, match="the header x-total-count is 30"):
        await s.always(s.made(7), **{"x-total-count": "30"}).detected()
    with pytest.raises(ConfigurationError, match="its Link header has a next page"):
        await s.always(s.made(7), link=f'<{s.URL}?page=2>; rel="next"').detected()


async def test_the_error_names_the_cursor_in_the_line_to_paste() -> None:
    with pytest.raises(ConfigurationError) as caught:
        await s.always({"results": s.made(7), "meta": {"next_cursor": "abc"}}).detected()
    assert (
        caught.value.hint
        == "write paging: {type: cursor, cursor_path: meta.next_cursor, cursor_param: cursor}"
    )
    assert "Tried in vain: what stands at 'meta.next_cursor', sent back as 'cursor';" in str(caught.value)


# the last page shows less than others


@pytest.mark.parametrize(
    ("around", "paging"),
    [
        ({"next": None}, NextLink("next")),
        ({"links": {"next": None}}, NextLink("links.next")),
        ({"next_cursor": ""}, Cursor("next_cursor", "cursor", None)),
        ({"has_more": False}, KeySet("starting_after", None, "has_more")),
        ({"has_more": False, "end_cursor": "x"}, Cursor("end_cursor", "after", None, "has_more")),
        ({"isLast": True}, ONE_PAGE),
        ({"isLast": True, "next_url": f"{s.URL}?after=7"}, ONE_PAGE),
        ({"total_pages": 1}, ONE_PAGE),
    ],
)
async def test_a_page_that_says_itself_to_be_the_last_is_believed(around: Any, paging: Any) -> None:
    found = await s.always({"results": s.made(7), **around}).detected()
    assert (found.paging, found.is_tried) == (paging, False)
    assert "these are all records, since " in " ".join(found.notes)


async def test_a_graph_query_without_a_variable_for_the_cursor_can_be_read_once() -> None:
    query = b'{"query": "{ issues { nodes { id } pageInfo { hasNextPage endCursor } } }"}'

    def of(is_more: bool) -> s.Service:
        info = {"hasNextPage": is_more, "endCursor": "x"}
        payload = {"data": {"issues": {"nodes": s.made(7), "pageInfo": info}}}
        return s.Service(lambda call: payload, "issues", Request(s.URL, "POST", body=query))

    assert (await of(False).detected()).paging == ONE_PAGE
    with pytest.raises(ConfigurationError, match=r"'data\.issues\.pageInfo\.endCursor'"):
        await of(True).detected()


async def test_a_flag_that_says_the_same_of_half_of_the_records_is_not_believed() -> None:
    def answer(call: s.Call) -> Any:
        size, start = call.number("limit", 20), call.number("offset", 0)
        return {"data": s.made(45)[start : start + size], "done": True}

    service = s.Service(answer)
    found = await service.detected()
    assert found.paging == Offset("offset", "limit")
    assert await service.walked(found) == s.made(45)


async def test_a_number_of_pages_that_stays_when_half_is_asked_for_is_no_end() -> None:
    def answer(call: s.Call) -> Any:
        return {"data": s.made(20)[: call.number("limit", 20)], "total_pages": 1}

    with pytest.raises(ConfigurationError, match="look like a full page"):
        await s.Service(answer).detected()


async def test_a_size_with_which_the_service_names_no_next_page_is_not_used() -> None:
    def answer(call: s.Call) -> Any:
        if "limit" in call.params:  # of the whole answer
            return {"data": s.made(90)[: call.number("limit", 20)], "next_cursor": None}
        start = s.number_in(call.params.get("cursor", s.token(0)))
        more = s.token(start + 20) if start + 20 < 90 else None
        return {"data": s.made(90)[start : start + 20], "next_cursor": more}

    service = s.Service(answer)
    found = await service.detected()
    assert found.paging == Cursor("next_cursor", "cursor", None)
    assert "'limit' is not used: with it the service names no next page" in found.notes
    assert await service.walked(found) == s.made(90)


# nothing came


@pytest.mark.parametrize(
    ("payload", "paging"),
    [
        ([], ONE_PAGE),
        ({"data": []}, ONE_PAGE),
        ({"results": [], "next": None}, NextLink("next")),
        ({"results": [], "next": "/v1/things?page=2"}, NextLink("next")),
        ({"data": [], "has_more": False}, ONE_PAGE),
        (
            {"data": [], "has_more": True, "next_cursor": "x", "next_url": "/?c=x"},
            Cursor("next_cursor", "c", None, "has_more"),
        ),
    ],
)
async def test_without_records_nothing_is_asked(payload: Any, paging: Any) -> None:
    service = s.always(payload)
    found = await service.detected()
    assert (found.paging, found.is_tried, found.key, service.asks) == (paging, False, None, [])


# asking


async def test_a_refusal_counts_and_any_other_error_is_raised() -> None:
    async def detected(error: Exception) -> Any:
        answers: list[Any] = [s.made(7)]

        def answer(call: s.Call) -> Any:
            if answers:
                return answers.pop()
            raise error

        return await s.Service(answer).detected()

    for status in (400, 404, 422):
        assert (await detected(s.refused(status))).paging == ONE_PAGE
    with pytest.raises(DataFetchError):
        await detected(s.refused(500))
    with pytest.raises(RateLimitError):
        await detected(RateLimitError("slow down", status=429))


async def test_an_answer_of_another_shape_is_not_the_next_page() -> None:
    def answer(call: s.Call) -> Any:
        return {"error": "unknown parameter"} if call.params else s.made(7)

    assert (await s.Service(answer).detected()).paging == ONE_PAGE


async def test_the_same_request_is_not_sent_twice_and_a_handful_is_the_end() -> None:
    service = s.always({"results": s.made(20), "has_more": True})
    with pytest.raises(ConfigurationError):
        await service.detected()
    assert len(service.asks) == len(set(service.asks)) == MOST_ASKS


# what the request has already


async def test_a_size_in_the_request_stays() -> None:
    service = s.plain_pages(s.made(90), size="per_page")
    service.request = Request(s.URL, params={"per_page": "30"})
    found = await service.detected()
    assert found.paging == PageNumber("page", None)
    assert "'per_page' is in the request as declared, and stays as it is" in found.notes
    assert await service.walked(found) == s.made(90)


async def test_numbers_in_the_request_tell_how_pages_are_asked_for() -> None:
    def answer(call: s.Call) -> Any:
        return s.made(90)[call.number("pageNo", 1) * 20 - 20 :][:20]

    service = s.Service(answer, request=Request(s.URL, params={"pageNo": "1"}))
    assert (await service.detected()).paging == PageNumber("pageNo", None)

    def other(call: s.Call) -> Any:
        return s.made(90)[call.number("skip", 0) :][:20]

    service = s.Service(other, request=Request(s.URL, params={"skip": "0"}))
    assert (await service.detected()).paging == Offset("skip", None)


async def test_a_post_whose_body_is_no_object_takes_its_parameters_in_the_query() -> None:
    for body in (b"", b"[]", b"no json"):
        service = s.plain_pages(s.made(90))
        request = Request(s.URL, "POST")
        service.request = request
        found = await service.detected()
        assert found.paging == PageNumber("page", "per_page"), body


async def test_a_link_in_the_header_may_forget_the_size() -> None:
    def answer(call: s.Call) -> Any:
        size, page = call.number("per_page", 20), call.number("page", 1)
        more = {"link": f'<{s.URL}?page={page + 1}>; rel="next"'} if page * size < 90 else {}
        return s.made(90)[(page - 1) * size : page * size], more

    service = s.Service(answer)
    found = await service.detected()
    assert found.paging == LinkHeader(size_param=None)
    assert await service.walked(found) == s.made(90)
