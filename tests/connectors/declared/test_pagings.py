"""What is declared of paging."""

import pytest

from spyro_sdk.connectors.declared import Declared
from spyro_sdk.connectors.declared.pagings import most
from spyro_sdk.connectors.declared.styles import Until
from spyro_sdk.errors import ConfigurationError
from spyro_sdk.http import Request
from spyro_sdk.paging import (
    ONE_PAGE,
    Answer,
    Cursor,
    KeySet,
    LinkHeader,
    NextLink,
    Offset,
    PageNumber,
)

FIRST = Request("https://api.example/items")


def offer(paginator, **more):
    return Declared.of(
        {"resources": [{"name": "items", "endpoint": {"paginator": paginator}}], **more}
    ).offered["items"]


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("auto", None),
        ({"type": "auto"}, None),
        (None, None),
        ("single_page", ONE_PAGE),
        ("json_link", NextLink("next")),
        ("json_response", NextLink("next")),
        ({"type": "json_link", "next_url_path": "$.paging.next"}, NextLink("paging.next")),
        ({"type": "json_link", "size_param": "limit"}, NextLink("next", "limit")),
        ("header_link", LinkHeader("next", None)),
        (
            {"type": "header_link", "links_next_key": "more", "size_param": "per_page"},
            LinkHeader("more", "per_page"),
        ),
        ("header_cursor", Cursor("header:next", "cursor", None)),
        (
            {"type": "header_cursor", "cursor_key": "X-Next", "cursor_param": "p"},
            Cursor("header:X-Next", "p", None),
        ),
        ("cursor", Cursor("cursors.next", "cursor", None)),
        (
            {
                "type": "cursor",
                "cursor_path": "meta.next",
                "cursor_param": "after",
                "has_more_path": "meta.more",
            },
            Cursor("meta.next", "after", None, "meta.more"),
        ),
        (
            {
                "type": "cursor",
                "cursor_path": "next",
                "cursor_body_path": "page.token",
                "size_param": "page.size",
            },
            Cursor("next", "page.token", "page.size", into="body"),
        ),
        (
            {"type": "cursor", "stop_after_empty_page": True},
            Until(Cursor("cursors.next", "cursor", None), ends_empty=True),
        ),
        ({"type": "offset", "limit": 50}, Offset("offset", "limit", 0, 50)),
        (
            {"type": "offset", "limit": 50, "offset": 10, "offset_param": "skip", "limit_param": "take"},
            Offset("skip", "take", 10, 50),
        ),
        (
            {"type": "offset", "limit": 50, "offset_body_path": "page.skip", "limit_body_path": "page.take"},
            Offset("page.skip", "page.take", 0, 50, into="body"),
        ),
        (
            {"type": "offset", "limit": 50, "maximum_offset": 200},
            Until(Offset("offset", "limit", 0, 50), param="offset", end=200),
        ),
        ("page_number", PageNumber("page", None, 0)),
        (
            {
                "type": "page_number",
                "base_page": 1,
                "page_param": "p",
                "total_path": "pages",
                "size_param": "n",
            },
            PageNumber("p", "n", 1, pages="pages"),
        ),
        ({"type": "page_number", "base_page": 1, "page": 3, "size": 20}, PageNumber("page", None, 3, 20)),
        (
            {"type": "page_number", "page_body_path": "page.no", "has_more_path": "more"},
            PageNumber("page.no", None, 0, more="more", into="body"),
        ),
        ({"type": "keyset", "param": "after_id", "has_more_path": "more"}, KeySet("after_id", None, "more")),
        ({"type": "keyset", "param": "k", "short_is_last": True}, KeySet("k", None, short_is_last=True)),
        ({"type": "json_link", "is_stable": True}, NextLink("next", None, True)),
        ({"type": "header_link", "is_stable": True}, LinkHeader("next", None, True)),
        (
            {"type": "offset", "limit": 5, "has_more_path": "m", "short_is_last": True, "is_stable": True},
            Offset("offset", "limit", 0, 5, "m", short_is_last=True, is_stable=True),
        ),
        (
            {"type": "page_number", "short_is_last": True, "is_stable": True},
            PageNumber("page", None, 0, short_is_last=True, is_stable=True),
        ),
    ],
)
def test_a_paginator_is_a_paging(declared, expected):
    assert offer(declared).told.paging == expected


def test_the_total_beside_an_offset_is_that_of_all_records():
    assert offer({"type": "offset", "limit": 5, "total_path": "meta.total"}).told.total == "meta.total"
    assert offer({"type": "offset", "limit": 5, "total_path": None}).told.total == ""
    assert offer({"type": "offset", "limit": 5}).told.total is None
    assert offer({"type": "page_number", "total_path": "pages"}).told.total is None
    entities = {"a": {"paging": {"type": "offset", "limit": 5, "total_path": "n"}}, "b": {"total": "m"}}
    found = Declared.of(
        {"entities": entities, "paging": {"type": "offset", "limit": 5, "total_path": "k"}}
    ).offered
    assert (found["a"].told.total, found["b"].told.total) == ("n", "m")


@pytest.mark.parametrize(
    ("declared", "key", "words"),
    [
        ({"type": "cursor", "cursor_param": "a", "cursor_body_path": "b"}, "cursor_body_path", "not both"),
        ({"type": "offset", "limit": 5, "limit_body_path": "b"}, "limit_body_path", "both into the body"),
        (
            {"type": "offset", "limit": 5, "stop_after_empty_page": False},
            "stop_after_empty_page",
            "maximum_offset",
        ),
        (
            {"type": "page_number", "stop_after_empty_page": False},
            "stop_after_empty_page",
            "has_more_path or max",
        ),
        ({"type": "page_number", "page": 2, "total_path": "pages"}, "page", "it is base_page"),
        ({"type": "page_number", "page_body_path": "p", "maximum_page": 2}, "type", "in the query only"),
    ],
)
def test_keys_that_do_not_go_together_are_refused(declared, key, words):
    with pytest.raises(ConfigurationError, match=words) as caught:
        offer(declared)
    assert caught.value.field == f"resources[0].endpoint.paginator.{key}"


def test_a_paging_for_all_is_refused_where_it_stands():
    bad = {"type": "offset", "limit": 5, "limit_body_path": "b"}
    for declaration, field in (
        ({"resources": ["a"], "client": {"paginator": bad}}, "client.paginator.limit_body_path"),
        ({"entities": {"a": "/a"}, "paging": bad}, "paging.limit_body_path"),
        (
            {"resources": ["a"], "resource_defaults": {"endpoint": {"paginator": bad}}},
            "resource_defaults.endpoint.paginator.limit_body_path",
        ),
        ({"entities": {"a": {"paging": bad}}, "paging": "auto"}, "entities.a.paging.limit_body_path"),
    ):
        with pytest.raises(ConfigurationError) as caught:
            Declared.of(declaration)
        assert caught.value.field == field


def test_without_the_empty_page_another_end_will_do():
    declared = {"type": "page_number", "stop_after_empty_page": False, "total_path": "pages"}
    assert offer(declared).told.paging == PageNumber("page", None, 0, pages="pages")


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ({"type": "offset", "limit": 50}, 50),
        ({"type": "offset", "limit": 50, "maximum_offset": 100}, 50),
        ({"type": "page_number", "size": 20}, 20),
        ("page_number", None),
        ("single_page", None),
    ],
)
def test_the_size_of_a_page_is_known_where_it_is_said(declared, expected):
    assert most(offer(declared).told.paging) == expected


# pages that end before the service says so


def test_pages_end_when_they_are_empty():
    paging = Until(Cursor("next", "cursor", None), ends_empty=True)
    assert paging.next(FIRST, Answer({"next": "a"}, 0, {})) is None
    assert paging.next(FIRST, Answer({"next": "a"}, 1, {}))
    assert paging.ahead(FIRST, {"next": "a"})


def test_pages_end_at_a_number():
    paging = Until(PageNumber("page", None, 1), param="page", end=3)
    second = paging.next(paging.first(FIRST, 10), Answer([], 1, {}))
    assert second is not None
    assert paging.next(second, Answer([], 1, {})) is None
    assert paging.ahead(FIRST.with_params(page=1), None) == second
    assert paging.ahead(second, None) is None


def test_what_ends_earlier_is_asked_for_alike():
    inner = Offset("skip", "take", 0, 5, "more", "body")
    for paging in (inner, Until(inner, param="skip", end=3)):
        assert (paging.size_param, paging.more, paging.into) == ("take", "more", "body")
    bare = Until(ONE_PAGE)
    assert (bare.size_param, bare.more, bare.into) == (None, None, "query")


def test_what_cannot_be_foreseen_is_not():
    assert Until(KeySet("after"), ends_empty=True).ahead(FIRST, {}) is None
