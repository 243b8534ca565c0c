"""The key, the total, the limits, and what is written to paste."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spyro_sdk.connectors.declared.detect import MOST_ASKS
from spyro_sdk.connectors.declared.detect.keys import find_key, is_unique
from spyro_sdk.connectors.declared.detect.signs import limits_told, params_of, read
from spyro_sdk.connectors.declared.detect.totals import find_total
from spyro_sdk.connectors.declared.detect.written import line
from spyro_sdk.errors import ConnectorError
from spyro_sdk.paging import ONE_PAGE, Cursor, KeySet, LinkHeader, NextLink, Offset, PageNumber

from . import services as s


def rows(**columns: Any) -> list[dict[str, Any]]:
    """Three records with these columns."""
    return [{name: values[place] for name, values in columns.items()} for place in range(3)]


# the key


@pytest.mark.parametrize(
    ("records", "key"),
    [
        (rows(id=[1, 2, 3], uuid="abc"), "id"),
        (rows(id=[1, 1, 2], uuid="abc"), "uuid"),
        (rows(id=[1, None, 2]), None),
        (rows(id=[1, "", 2]), None),
        (rows(id=[1.5, 2.5, 3.5]), None),
        (rows(id=[True, False, 3]), None),
        (rows(id=[[1], [2], [3]]), None),
        (rows(Id="abc"), "Id"),
        (rows(_id="abc"), "_id"),
        (rows(order_id=[1, 2, 3]), "order_id"),
        (rows(orderId=[1, 2, 3]), "orderId"),
        (rows(orders_id=[1, 2, 3]), "orders_id"),
        (rows(customer_id=[1, 2, 3]), None),
        (rows(sha="abc"), "sha"),
        (rows(name="abc"), None),
        (rows(name="abc", slug="abc"), None),
        (rows(amount=[1, 2, 3]), None),
        ([], None),
    ],
)
def test_a_column_that_exists_to_tell_records_apart_is_the_key(records: Any, key: str | None) -> None:
    found, note = find_key("orders", records, None)
    assert found == key
    assert ("so whether records are lost or come twice between pages is not checked" in note) == (key is None)


def test_a_column_that_may_be_the_key_needs_a_second_page() -> None:
    assert find_key("orders", rows(name="abc"), rows(name="def"))[0] == "name"
    assert find_key("orders", rows(name="abc"), rows(name="cde"))[0] is None
    assert find_key("orders", rows(name="abc"), rows(name="ddd"))[0] is None
    assert find_key("orders", rows(name="abc", code="abc"), rows(name="def", code="def"))[0] is None


def test_a_key_that_comes_again_on_the_second_page_is_none() -> None:
    assert find_key("orders", rows(id=[1, 2, 3]), rows(id=[4, 5, 6]))[0] == "id"
    assert find_key("orders", rows(id=[1, 2, 3]), rows(id=[1, 2, 3]))[0] is None
    key, note = find_key("orders", rows(id=[1, 2, 3], uuid="abc"), rows(id=[1, 2, 3], uuid="def"))
    assert key == "uuid"
    assert note == (
        "the key is 'uuid': 3 records of the first page have 3 values in it, and those of a second page"
        " others"
    )


@pytest.mark.anyio
@pytest.mark.parametrize("size", [None, "per_page"])
async def test_a_weak_key_is_looked_for_on_the_second_page(size: str | None) -> None:
    service = s.plain_pages([{"name": f"n{number}", "a": 1} for number in range(50)], size=size)
    assert (await service.detected()).key == "name"
    service = s.plain_pages([{"name": f"n{number % 30}", "a": number} for number in range(90)], size=size)
    assert (await service.detected()).key is None


@pytest.mark.anyio
async def test_a_weak_key_of_one_page_is_none() -> None:
    assert (await s.everything([{"name": "a"}, {"name": "b"}]).detected()).key is None


@given(st.lists(st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.integers()), min_size=1))
def test_a_key_is_of_texts_and_whole_numbers_each_once(values: list[Any]) -> None:
    good = all(type(value) in (int, str) and value != "" for value in values)
    assert is_unique([{"k": value} for value in values], "k") == (good and len(set(values)) == len(values))


# the total


@pytest.mark.parametrize(
    ("payload", "smaller", "path"),
    [
        ({"total": 50}, None, "total"),
        ({"total": 3}, None, "total"),
        ({"total": 3}, {"total": 1}, None),
        ({"total": 3}, {"total": 3}, "total"),
        ({"total": 2}, None, None),
        ({"total": "50"}, None, None),
        ({"total": True}, None, None),
        ({"count": 3}, None, None),
        ({"count": 3}, {"count": 3}, "count"),
        ({"count": 50}, None, "count"),
        ({"count": 50}, {"count": 1}, None),
        ({"total_count": 50, "count": 3}, None, "total_count"),
        ({"total": 50, "total_count": 50}, None, "total"),
        ({"total": 50, "totalItems": 60}, None, None),
        ({"meta": {"pagination": {"total": 50}}}, None, "meta.pagination.total"),
        ({"price": {"total": 50}}, None, None),
        ({"hits": {"total": {"value": 50, "relation": "gte"}}}, None, None),
        ({"total": {"value": 50}}, None, "total.value"),
        ({"@odata.count": 50}, None, "@odata.count"),
        ({}, None, None),
    ],
)
def test_a_total_counts_all_records_and_not_those_of_the_page(
    payload: Any, smaller: Any, path: str | None
) -> None:
    fewer = None if smaller is None else (smaller, read(smaller, 1, {}, "data"))
    assert find_total(read({**payload, "data": []}, 3, {}, "data"), fewer)[0] == path


def test_several_totals_are_told() -> None:
    path, notes = find_total(read({"total": 50, "totalItems": 60}, 3, {}, "data"), None)
    assert path is None
    assert notes == (
        "no total: several numbers may be it: 'total' (50), 'totalItems' (60); write total: with its place",
    )


@pytest.mark.parametrize("name", ["x-total-count", "x-total", "x-wp-total", "total-count"])
def test_a_total_may_be_in_a_header(name: str) -> None:
    signs, smaller = read([], 3, {name: "1234", "link": "x"}, ""), read([], 1, {name: "1"}, "")
    path, notes = find_total(signs, None)
    assert path == f"header:{name}"
    assert notes == (f"the number of all records is in the header {name}: 1234 now",)
    assert find_total(signs, ([], signs))[0] == path
    assert find_total(signs, ([], smaller)) == (None, ())
    for wrong in ("many", "2"):
        assert find_total(read([], 3, {name: wrong}, ""), None) == (None, ())


# the limits


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"content-type": "application/json"}, None),
        (
            {"x-ratelimit-limit": "60", "x-ratelimit-remaining": "58"},
            "the service speaks of its limits in x-ratelimit-limit, x-ratelimit-remaining: 58 of 60 requests"
            " are left, and the pace follows",
        ),
        (
            {"ratelimit-remaining": "5"},
            "the service speaks of its limits in ratelimit-remaining: 5 requests are left",
        ),
        (
            {"x-shopify-shop-api-call-limit": "1/40"},
            "which do not say how many requests are left in a way that is known",
        ),
    ],
)
def test_headers_that_speak_of_limits_are_told(headers: dict[str, str], said: str | None) -> None:
    told = limits_told(headers)
    assert told is None if said is None else said in str(told)


@pytest.mark.anyio
async def test_they_are_among_the_notes() -> None:
    found = await s.github(s.made(90)).detected()
    assert any("x-ratelimit-remaining" in note for note in found.notes)


# what is written


@pytest.mark.parametrize(
    ("paging", "text"),
    [
        (ONE_PAGE, "{type: single_page}"),
        (LinkHeader(size_param=None), "{type: header_link}"),
        (LinkHeader(), "{type: header_link, size_param: per_page}"),
        (NextLink("@odata.nextLink"), '{type: json_link, next_url_path: "@odata.nextLink"}'),
        (
            Cursor("meta.next", "page[after]", "size", "meta.more"),
            '{type: cursor, cursor_path: meta.next, cursor_param: "page[after]", has_more_path: meta.more,'
            " size_param: size}",
        ),
        (Cursor("n", "c", None, into="body"), "{type: cursor, cursor_path: n, cursor_body_path: c}"),
        (Offset(), "{type: offset, limit: 20, offset: 0, offset_param: offset, limit_param: limit}"),
        (
            Offset("from", "size", 1, into="body"),
            "{type: offset, limit: 20, offset: 1, offset_body_path: from, limit_body_path: size}",
        ),
        (
            PageNumber(pages="pages"),
            "{type: page_number, base_page: 1, page_param: page, total_path: pages, size_param: per_page}",
        ),
        (PageNumber("p", None, 0, into="body"), "{type: page_number, base_page: 0, page_body_path: p}"),
        (KeySet("after", None, "more"), "{type: keyset, param: after, has_more_path: more}"),
    ],
)
def test_a_paging_is_written_as_a_declaration_has_it(paging: Any, text: str) -> None:
    assert line(paging, 20) == text


def test_what_is_no_address_has_no_parameters() -> None:
    assert params_of("http://[") == {}


# anything


NAMES = st.sampled_from(
    [
        *(
            "id",
            "data",
            "items",
            "things",
            "next",
            "links",
            "href",
            "meta",
            "cursor",
            "next_cursor",
            "has_more",
        ),
        *("last", "total", "count", "page", "pages", "offset", "limit", ".", "a.b"),
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 60) | st.floats() | st.text() | st.just(s.URL + "?page=2"),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(max_size=3), inner, max_size=5)
    ),
    max_leaves=25,
)
RECORDS = st.lists(st.dictionaries(st.sampled_from(["id", "name", "a"]), VALUES, max_size=3), max_size=6)
ANSWERS = (
    VALUES
    | RECORDS
    | st.builds(
        lambda rows, more: {**more, "data": rows},
        RECORDS,
        st.dictionaries(
            st.sampled_from(
                ["next", "meta", "links", "total", "has_more", "cursor", "page", "offset", "pages"]
            ),
            VALUES,
        ),
    )
)


@pytest.mark.anyio
@settings(deadline=None, max_examples=300)
@given(
    st.lists(ANSWERS, min_size=1, max_size=MOST_ASKS + 1),
    st.dictionaries(st.sampled_from(["link"]), st.text()),
)
async def test_whatever_comes_it_is_found_out_or_refused(answers: list[Any], headers: dict[str, str]) -> None:
    left = iter(answers)
    service = s.Service(lambda call: (next(left, answers[-1]), headers))
    try:
        found = await service.detected()
    except ConnectorError:
        return
    assert len(service.asks) <= MOST_ASKS
    assert isinstance(found.records, str)
