"""Each paging walks through a service of N records, which reads what is really sent."""

import json
import sys
import traceback
from decimal import Decimal
from functools import reduce
from urllib.parse import parse_qsl, urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spyro_sdk.errors import ConfigurationError, DecodeError
from spyro_sdk.http import Request
from spyro_sdk.paging import (
    ONE_PAGE,
    Answer,
    Cursor,
    KeySet,
    LinkHeader,
    NextLink,
    Offset,
    OnePage,
    PageNumber,
    bound_of,
    counted_by,
    dig,
    is_numbered,
    resized,
    size_of,
    smaller,
    spelt,
)
from spyro_sdk.paging.links import links

URL = "https://acme.example/api/customers"
RECORDS = st.integers(0, 60)
SIZE = st.integers(1, 25)
NESTED = reduce(lambda inner, _: [inner], range(sys.getrecursionlimit() + 100), [])
CAP = st.none() | st.integers(1, 25)


def sent(request):
    return dict(parse_qsl(urlsplit(request.address).query))


def walked(paging, serve, size, request=None):
    """The records in the order they came, and the sizes of the pages."""
    asked = paging.first(request or Request(URL), size)
    came, pages = [], []
    while asked is not None:
        rows, payload = serve(asked)
        came += rows
        pages.append(len(rows))
        assert len(pages) < 1000, "it never ends"
        asked = paging.next(asked, Answer(payload, len(rows), {}))
    return came, pages


def page(count, start, size, cap=None):
    return list(range(count))[start : start + min(size, cap or size)]


# one page


@given(RECORDS, SIZE)
def test_one_page_is_asked_for_as_it_is(count, size):
    request = Request(URL, params={"q": "x"})
    assert ONE_PAGE.first(request, size) is request
    assert walked(OnePage(), lambda asked: (list(range(count)), None), size) == (list(range(count)), [count])


# a link


@given(RECORDS, SIZE, st.sampled_from([URL, "/api/customers", "customers", ""]), st.booleans())
def test_a_link_leads_through_all_records(count, size, base, is_told):
    def serve(request):
        assert request.url.startswith(URL)
        params = sent(request)
        assert params.get("q") == (None if "start" in params else "x"), "the link says it all"
        start = int(params.get("start", 0))
        asked = int(params.get("per_page", size)) if is_told else size
        rows = page(count, start, asked)
        end = start + len(rows)
        link = f"{base}?start={end}&per_page={asked}" if end < count else None
        return rows, {"paging": {"next": link}}

    paging = NextLink("paging.next", size_param="per_page" if is_told else None)
    came, pages = walked(paging, serve, size, Request(URL, params={"q": "x"}))
    assert came == list(range(count))
    assert len(pages) == max(1, -(-count // size))


def test_a_link_is_asked_for_with_a_size_where_that_has_a_name():
    assert NextLink("next", "per_page").first(Request(URL), 7).params == {"per_page": "7"}
    assert NextLink("next").first(Request(URL), 7) == Request(URL)


def test_a_list_of_links_is_stable_only_where_that_is_said():
    assert not NextLink("next").is_stable
    assert not LinkHeader().is_stable


def test_a_link_keeps_method_headers_and_body():
    request = Request(URL, "POST", {"q": "x"}, {"X-Tenant": "7"}, b"{}")
    following = NextLink("next").next(request, Answer({"next": "/more?after=7"}, 1, {}))
    assert following == Request("https://acme.example/more?after=7", "POST", {}, {"X-Tenant": "7"}, b"{}")


@pytest.mark.parametrize("payload", [{}, {"next": None}, {"next": ""}, {"next": False}, [], None, "text"])
def test_no_link_is_the_end(payload):
    assert NextLink("next").next(Request(URL), Answer(payload, 1, {})) is None


@pytest.mark.parametrize("link", [5, True, {"href": "hush"}, ["hush"], "https://[hush"])
def test_a_link_that_is_no_address_is_refused_and_not_repeated(link):
    with pytest.raises(DecodeError, match=r"'paging\.next'") as caught:
        NextLink("paging.next").next(Request(URL), Answer({"paging": {"next": link}}, 1, {}))
    assert "hush" not in str(caught.value)
    assert "hush" not in "".join(traceback.format_exception(caught.value))


# a cursor


@given(RECORDS, SIZE, CAP, st.sampled_from([None, ""]))
def test_a_cursor_leads_through_all_records(count, size, cap, end):
    def serve(request):
        params = sent(request)
        assert params["q"] == "x"
        start = int(params.get("after", "c0")[1:])
        rows = page(count, start, int(params["limit"]), cap)
        following = start + len(rows)
        return rows, {"meta": {"after": f"c{following}" if following < count else end}}

    came, _ = walked(Cursor("meta.after", "after"), serve, size, Request(URL, params={"q": "x"}))
    assert came == list(range(count))


def test_a_cursor_of_zero_is_a_cursor():
    following = Cursor("after", "after").next(Request(URL), Answer({"after": 0}, 1, {}))
    assert following.params == {"after": "0"}


@pytest.mark.parametrize("payload", [{}, {"after": None}, {"after": ""}, None, []])
def test_no_cursor_is_the_end(payload):
    assert Cursor("after", "after").next(Request(URL), Answer(payload, 1, {})) is None


# an offset


@given(RECORDS, SIZE, CAP, st.integers(0, 3))
def test_an_offset_leads_through_all_records(count, size, cap, start):
    def serve(request):
        params = sent(request)
        return page(count, int(params["skip"]) - start, int(params["top"]), cap), None

    came, pages = walked(Offset("skip", "top", start, most=cap), serve, size)
    assert came == list(range(count))
    assert all(pages[:-1]), "only the last page may be empty"


# a number


@given(RECORDS, SIZE, CAP, st.integers(0, 3))
def test_page_numbers_lead_through_all_records(count, size, cap, start):
    def serve(request):
        params = sent(request)
        each = min(int(params["per_page"]), cap or size)
        return page(count, (int(params["page"]) - start) * each, each), None

    came, pages = walked(PageNumber(start=start, most=cap), serve, size)
    assert came == list(range(count))
    assert all(pages[:-1]), "only the last page may be empty"


@pytest.mark.parametrize("kind", [Offset, PageNumber])
def test_a_short_page_is_the_last_only_where_that_is_known_of_the_service(kind):
    asked = kind().first(Request(URL), 10)
    assert kind().next(asked, Answer(None, 9, {})) is not None, "it may send fewer than it is asked for"
    assert kind().next(asked, Answer(None, 0, {})) is None
    assert kind(short_is_last=True).next(asked, Answer(None, 9, {})) is None
    assert kind(short_is_last=True).next(asked, Answer(None, 10, {})) is not None
    bare = kind(size_param=None, short_is_last=True)
    assert bare.next(bare.first(Request(URL), 10), Answer(None, 9, {})) is not None, "short of what?"


@pytest.mark.parametrize("kind", [Offset, PageNumber])
def test_a_page_with_which_the_announced_number_is_reached_is_the_last(kind):
    asked = kind().first(Request(URL), 10)
    assert kind().next(asked, Answer(None, 10, {}, total=10)) is None
    assert kind().next(asked, Answer(None, 10, {}, total=11)) is not None
    following = kind().next(asked, Answer(None, 10, {}, total=20))
    assert kind().next(following, Answer(None, 10, {}, total=20)) is None


def test_pages_that_are_not_full_do_not_count_up_to_the_announced_number():
    asked = PageNumber().first(Request(URL), 1000)
    assert PageNumber().next(asked, Answer(None, 100, {}, total=300)) is not None
    bare = PageNumber(size_param=None)
    assert bare.next(bare.first(Request(URL), 10), Answer(None, 10, {}, total=10)) is not None


@pytest.mark.parametrize("kind", [Offset, PageNumber])
def test_what_the_service_says_of_more_counts(kind):
    paging = kind(more="meta.more")
    asked = paging.first(Request(URL), 10)
    assert paging.next(asked, Answer({"meta": {"more": False}}, 10, {})) is None
    assert paging.next(asked, Answer({"meta": {"more": True}}, 0, {})) is not None
    assert paging.next(asked, Answer({"meta": {}}, 0, {})) is None
    assert paging.next(asked, Answer({"meta": {}}, 1, {})) is not None


@pytest.mark.parametrize("pages", ["3", 3])
def test_the_number_of_pages_is_the_end(pages):
    for start in (0, 1):
        paging = PageNumber(start=start, pages="meta.pages")
        asked = paging.first(Request(URL), 10)
        for _ in range(2):
            asked = paging.next(asked, Answer({"meta": {"pages": pages}}, 0, {}))
        assert asked.params["page"] == str(start + 2)
        assert paging.next(asked, Answer({"meta": {"pages": pages}}, 10, {})) is None


@pytest.mark.parametrize("kind", [Offset, PageNumber])
def test_a_link_header_without_a_next_page_is_the_end(kind):
    asked = kind().first(Request(URL), 10)
    assert kind().next(asked, Answer([], 10, {"link": '<x>; rel="prev", <y>; rel="first"'})) is None
    for rel in ("first", "prev", "previous", "last"):
        assert kind().next(asked, Answer([], 10, {"link": f"<x>; rel={rel}"})) is None
    assert kind().next(asked, Answer([], 10, {"link": '<x>; rel="next", <y>; rel="last"'})) is not None
    assert kind().next(asked, Answer([], 0, {"link": "<x>; rel=next"})) is not None
    assert kind().next(asked, Answer([], 10, {"link": "<x>; rel=preload"})) is not None


@pytest.mark.parametrize("paging", [Offset(), PageNumber()])
@given(place=st.integers(0, 20_000), size=st.integers(20, 300))
def test_a_window_around_a_place_begins_there_or_before_and_reaches_farther(paging, place, size):
    request = paging.around(paging.first(Request(URL), 10), place, size)
    start, stop = paging.window(request)
    assert start <= place < stop - 1
    assert stop - start <= size
    assert paging.around(request, 0, size).params == paging.first(Request(URL), size).params


def test_a_window_is_known_only_where_the_size_is_asked_for():
    assert PageNumber(size_param=None).window(Request(URL, params={"page": "3"})) is None
    offset = Offset(size_param=None)
    request = offset.around(offset.first(Request(URL), 10), 7, 10)
    assert (request.params, offset.window(request)) == ({"offset": "7"}, (7, None))
    assert offset.ahead(request, None) is None
    assert PageNumber(start=0).window(Request(URL, params={"per_page": "5"})) == (0, 5)
    assert PageNumber().window(Request(URL, params={"per_page": "5", "page": "x"})) == (0, 5)


@pytest.mark.parametrize(
    "paging", [Offset(), PageNumber(), NextLink("next", "limit"), Cursor("next", "after")], ids=repr
)
def test_what_is_foreseen_of_a_full_page_is_what_comes_after_it(paging):
    first = paging.first(Request(URL), 10)
    payload = {"next": "x7"}
    assert paging.ahead(first, payload) == paging.next(first, Answer(payload, 10, {}))


# the key of the last record


@given(RECORDS, SIZE, CAP, st.sampled_from([None, "more"]))
def test_the_key_of_the_last_record_leads_through_all_records(count, size, cap, more):
    def serve(request):
        params = sent(request)
        start = int(params.get("starting_after", -1)) + 1
        rows = page(count, start, int(params["limit"]), cap)
        return rows, {"more": start + len(rows) < count}

    paging = KeySet("starting_after", more=more)
    asked, came = paging.first(Request(URL), size), []
    while asked is not None:
        rows, payload = serve(asked)
        came += rows
        asked = paging.next(asked, Answer(payload, len(rows), {}, last=rows[-1] if rows else None))
    assert came == list(range(count))


@pytest.mark.parametrize("last", [None, {"id": 1}, True])
def test_a_page_without_keys_cannot_be_followed(last):
    with pytest.raises(DecodeError, match="its 3 records have no key"):
        KeySet("after").next(Request(URL), Answer([], 3, {}, last=last))


def test_a_keyset_ends_with_a_short_page_only_where_that_is_known():
    paging = KeySet("after", more="more", short_is_last=True)
    asked = paging.first(Request(URL), 10)
    assert paging.next(asked, Answer({}, 9, {}, last=1)) is None
    assert paging.next(asked, Answer({"more": True}, 9, {}, last=1)) is not None
    assert KeySet("after", size_param=None).first(Request(URL), 10) == Request(URL)


# whether there is more


def test_a_cursor_is_not_followed_when_there_is_no_more():
    paging = Cursor("after", "after", more="more", size_param=None)
    assert paging.first(Request(URL), 10) == Request(URL)
    assert paging.next(Request(URL), Answer({"after": "x", "more": False}, 1, {})) is None
    assert paging.next(Request(URL), Answer({"after": "x"}, 1, {})).params == {"after": "x"}
    assert paging.next(Request(URL), Answer({"after": None}, 1, {})) is None
    with pytest.raises(DecodeError, match="says that there is more, and has no cursor at 'after'"):
        paging.next(Request(URL), Answer({"after": None, "more": True}, 1, {}))


@pytest.mark.parametrize("token", [["a", 1], {"id": 1}, True])
def test_a_cursor_that_is_no_text_and_no_number_goes_only_into_a_body(token):
    with pytest.raises(DecodeError, match="what stands at 'sort'"):
        Cursor("sort", "search_after").next(Request(URL), Answer({"sort": token}, 1, {}))
    following = Cursor("sort", "search_after", into="body").next(Request(URL), Answer({"sort": token}, 1, {}))
    assert json.loads(following.body) == {"search_after": token}


@pytest.mark.parametrize(
    ("said", "flag"),
    [
        (True, True),
        (1, True),
        ("true", True),
        (False, False),
        ("no", False),
        (0, False),
        ("yes", True),
        ("0", False),
        (None, None),
        (30, None),
    ],
)
def test_a_yes_and_a_no_are_told_from_what_is_neither(said, flag):
    assert Answer({"more": said}, 1, {}).flag("more") is flag
    assert Answer({"more": said}, 1, {}).flag(None) is None


@pytest.mark.parametrize(
    ("said", "number"),
    [
        *((7, 7), ("7", 7), ("7.5", None), (7.0, None), (True, None), (None, None), ("", None)),
        *(("9" * 18, 10**18 - 1), ("9" * 19, None), ("9" * 5000, None), (10**30, 10**30)),
    ],
)
def test_a_number_is_told_from_what_is_none(said, number):
    assert Answer({"total": said}, 1, {}).number("total") == number


def test_a_header_may_say_it_too():
    answer = Answer([], 1, {"x-total-count": "42", "x-more": "false"})
    assert answer.number("header:X-Total-Count") == 42
    assert answer.flag("header:x-more") is False
    assert answer.at("header:x-none") is None


# the header Link


@given(RECORDS, SIZE, st.sampled_from([URL, "/api/customers", "customers", ""]))
def test_link_headers_lead_through_all_records(count, size, base):
    asked = LinkHeader().first(Request(URL, params={"q": "x"}), size)
    came = []
    while asked is not None:
        params = sent(asked)
        start = int(params.get("start", 0))
        came += page(count, start, int(params["per_page"]))
        links = [f'<{base}?start=0>; rel="first"; title="a, \\"b\\"; rel=next"']
        if start + size < count:
            links.append(f'<{base}?start={start + size}&per_page={size}>; foo ; rel="last next"')
        asked = LinkHeader().next(asked, Answer(None, size, {"link": ", ".join(links)}))
    assert came == list(range(count))


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("", {}),
        ("nothing", {}),
        ("<a>", {}),
        ("<a>; rel=next", {"next": "a"}),
        ('< a >;REL="Next"', {"next": "a"}),
        ("<a>; rel=next; rel=prev", {"next": "a"}),
        ("<a>; rel=next, <b>; rel=next", {"next": "a"}),
        ('<a,b;c>; title="<x>; rel=prev"; rel="next foo"', {"next": "a,b;c", "foo": "a,b;c"}),
        ('<a>; anchor="#x"; rel=next', {}),
        ('; rel=next, <a>; rel="pr\\ev"', {"prev": "a"}),
        ("<a>; rel, <b>; rel=, <c>; rel=next", {"next": "c"}),
    ],
)
def test_links_are_read_as_their_standard_has_them(header, found):
    assert links(header) == found


def test_a_link_of_another_relation_may_be_the_next():
    answer = Answer([], 1, {"link": "</x>; rel=following"})
    assert LinkHeader().next(Request(URL), answer) is None
    assert LinkHeader("Following", None).next(Request(URL), answer).url == "https://acme.example/x"
    assert LinkHeader(size_param=None).first(Request(URL), 7) == Request(URL)
    with pytest.raises(DecodeError, match="at the header Link"):
        LinkHeader().next(Request(URL), Answer([], 1, {"link": "<https://[hush>; rel=next"}))


# in the body


@pytest.mark.parametrize(
    "paging",
    [
        Offset("page.from", "page.size", into="body"),
        PageNumber("page.number", "page.size", into="body"),
        Cursor("after", "page.after", "page.size", into="body"),
        KeySet("page.after", "page.size", into="body"),
    ],
)
def test_parameters_may_travel_in_nested_objects_of_the_body(paging):
    request = Request(URL, "POST", body=b'{"q": "x", "page": {"sort": "id"}}')
    first = paging.first(request, 10)
    following = paging.next(first, Answer({"after": 7}, 10, {}, last=7))
    for asked in (first, following):
        payload = json.loads(asked.body)
        assert (payload["q"], payload["page"]["sort"], payload["page"]["size"]) == ("x", "id", 10)
        assert asked.headers == {"Content-Type": "application/json"}
        assert asked.params == {}
    assert json.loads(first.body) != payload
    assert request.body == b'{"q": "x", "page": {"sort": "id"}}'


def test_a_content_type_that_is_given_is_kept():
    request = Request(URL, "POST", headers={"content-type": "application/vnd.acme+json"})
    first = Offset(into="body").first(request, 5)
    assert first.headers == request.headers
    assert json.loads(first.body) == {"offset": 0, "limit": 5}


def test_a_value_in_the_way_of_a_nested_parameter_is_replaced():
    request = Request(URL, "POST", body=b'{"page": 3}')
    assert json.loads(Offset("page.from", None, into="body").first(request, 5).body) == {"page": {"from": 0}}


@pytest.mark.parametrize("body", [b"[1]", b"q=x", b"\xff", b"3"])
def test_a_body_that_is_no_object_takes_no_parameters(body):
    with pytest.raises(ConfigurationError, match="no JSON object") as caught:
        Offset(into="body").first(Request(URL, "POST", body=body), 5)
    assert caught.value.field == "body"


@pytest.mark.parametrize("cursor", [float("nan"), float("inf"), {1, 2}])
def test_a_cursor_that_no_json_can_hold_is_not_sent_back(cursor):
    paging = Cursor("after", "after", into="body")
    with pytest.raises(DecodeError, match="cannot be sent back in JSON"):
        paging.next(Request(URL, "POST"), Answer({"after": cursor}, 10, {}))


@pytest.mark.parametrize("token", [Decimal("7.591e400"), float("inf"), NESTED])
def test_a_cursor_that_json_cannot_say_is_an_error_of_the_service(token):
    with pytest.raises(DecodeError, match="cannot be sent back in JSON"):
        Cursor("next", "after", into="body").next(Request(URL, "POST"), Answer({"next": token}, 1, {}))


# how links count


@pytest.mark.parametrize(
    ("first", "second", "counted"),
    [
        ("?per_page=10", "?per_page=10&page=2", PageNumber("page", "per_page", 1)),
        ("?page=1&per_page=10", "?per_page=10&page=2", PageNumber("page", "per_page", 1)),
        ("?page=0&per_page=10", "?per_page=10&page=1", PageNumber("page", "per_page", 0)),
        ("?q=x&per_page=10", "?q=x&per_page=10&from=10", Offset("from", "per_page")),
        ("?from=0&per_page=10", "?per_page=10&from=10", Offset("from", "per_page")),
        ("?per_page=10", "?page=2", None),
        ("?per_page=10", "?per_page=5&page=2", None),
        ("?per_page=10", "?per_page=10&page=3", None),
        ("?per_page=10", "?per_page=10&after=c2VjcmV0", None),
        ("?per_page=10", "?per_page=10&page=2&seed=7", None),
        ("?per_page=10", "/by-number/7?per_page=10&page=2", PageNumber("page", "per_page", 1)),
        ("?per_page=2", "?per_page=2&page=2", None),
        ("?per_page=3", "?per_page=3&page=2", PageNumber("page", "per_page", 1)),
        ("?from=2&per_page=10", "?per_page=10&from=10", None),
        ("?from=1&per_page=10", "?per_page=10&from=10", None),
        ("?page=7&per_page=10", "?per_page=10&page=8", None),
        ("?per_page=10", "?per_page=10", None),
        ("?per_page=10&tag=a&tag=b", "?per_page=10&tag=a&tag=b&page=2", None),
    ],
)
def test_a_link_that_counts_is_told_from_one_that_does_not(first, second, counted):
    one, other = Request(urljoin(URL, first)), Request(urljoin(URL, second))
    assert counted_by(one, other, "per_page", 10) == counted


@pytest.mark.parametrize(
    ("first", "second", "counted"),
    [
        ("", "?size=10&page=2", PageNumber("page", "size", 1)),
        ("?size=10", "?size=10&page=2", PageNumber("page", "size", 1)),
        ("?size=10", "?size=10&from=10", Offset("from", "size")),
        ("", "?size=10&from=10", None),
        ("", "?page=2", None),
        ("?size=50", "?size=50&page=2", None),
        ("?size=50", "?size=10&page=2", None),
    ],
)
def test_where_the_size_is_not_declared_it_is_what_came(first, second, counted):
    one, other = Request(urljoin(URL, first)), Request(urljoin(URL, second))
    assert counted_by(one, other, "", 10) == counted


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        ("", "?page=2", True),
        ("?page=7", "?page=8", True),
        ("?page=7&q=x", "?page=8&q=x", True),
        ("?page=7", "?page=9", False),
        ("", "?after=10", False),
        ("?page=7&q=x", "?page=8&q=y", False),
        ("?q=x", "?q=x", False),
        ("?q=x", "?q=y", False),
    ],
)
def test_the_next_number_is_told_from_other_links(first, second, told):
    assert is_numbered(Request(urljoin(URL, first)), Request(urljoin(URL, second))) is told


def test_a_query_is_spelt_out_as_parameters():
    assert spelt(Request(URL + "?a=1", params={"b": "2 3"})) == Request(URL, params={"a": "1", "b": "2 3"})
    twice = Request(URL + "?a=1&a=2")
    assert spelt(twice) is twice


# how many at once


@pytest.mark.parametrize(
    ("said", "size"),
    [
        ({"message": "limit must be at most 100"}, 100),
        ({"message": "limit 1000 exceeds the maximum of 200"}, 200),
        ({"message": "limit must be between 1 and 1,000; you sent 1000"}, 500),
        ({"message": "limit must be less than 1000"}, 500),
        ({"errors": [{"param": "limit", "detail": "must be no more than 250"}]}, 250),
        ({"errors": [{"param": "limit", "maximum": 300}]}, 300),
        ({"errors": [{"param": "limit", "maximum": 300, "retry_in": 400}]}, 300),
        ({"detail": [{"loc": ["query", "limit"], "msg": "too large", "ctx": {"le": 100}}]}, 100),
        ({"error": "the page size is too big"}, 500),
        ({"limit": ["Ensure this value is less than or equal to 50."]}, 50),
        ("limit: pick less than 64 please", 64),
        ("limit: take 20 to 400", 400),
        ("limit may be 2 at most", 2),
        ({"param": "limit", "maximum": 0}, 500),
        ({"param": "limit", "maximum": 1}, 1),
        ({"param": "limit", "maximum": "9" * 5000}, 500),
        ("limit is below " + "9" * 5000, 500),
        ({"message": "unknown filter"}, None),
        ({"message": "delimiter expected"}, None),
        ({"message": "rate limit exceeded"}, None),
        ({"ok": True, "code": 12}, None),
        (None, None),
    ],
)
def test_the_size_to_ask_for_instead_is_named_or_half(said, size):
    request = Offset().first(Request(URL), 1000)
    for status in (400, 422):
        assert smaller(Offset(), request, status, said) == size
    assert smaller(Offset(), request, 413, said) == (size or 500)
    assert smaller(Offset(), request, 500, said) is None


@pytest.mark.parametrize(
    "name",
    ["maximum", "max", "maxValue", "max_value", "le", "lte", "limit_value", "MaxSize", "max-page-size"],
)
def test_the_largest_size_may_stand_alone_under_its_name(name):
    said = {"error": "limit is over 9", name: 300}
    assert smaller(Offset(), Offset().first(Request(URL), 1000), 400, said) == 300


@pytest.mark.parametrize("words", ["page size", "pageSize", "page_size", "per page", "per_page", "PerPage"])
def test_a_size_is_known_by_what_it_is_called_everywhere(words):
    assert smaller(Offset(), Offset().first(Request(URL), 1000), 400, f"{words} is out of bounds") == 500


def test_numbers_may_have_their_thousands_apart():
    asked = Offset().first(Request(URL), 10_000)
    for number in ("2,500", "2_500", "2'500", "2500"):
        assert smaller(Offset(), asked, 400, f"limit must not exceed {number}") == 2500


def test_a_size_that_is_nested_in_the_body_is_called_by_its_own_name():
    paging = Offset("page.from", "page.size", into="body")
    asked = paging.first(Request(URL, "POST"), 1000)
    assert smaller(paging, asked, 400, {"message": "size must be at most 100"}) == 100


def test_a_size_that_was_not_asked_for_cannot_be_refused():
    said = {"message": "limit is too large"}
    assert smaller(Offset(), Request(URL, params={"limit": "1"}), 400, said) is None
    assert smaller(Offset(), Request(URL, params={"limit": "2"}), 400, said) == 1
    assert smaller(Offset(), Request(URL), 400, said) is None
    assert smaller(ONE_PAGE, Request(URL, params={"limit": "9"}), 400, said) is None
    for paging in (Offset(), Cursor("after", "after"), KeySet("after")):
        assert smaller(paging, Request(URL, params={"limit": "9"}), 400, said) == 4


def test_a_page_that_is_not_the_first_has_its_place_by_its_size():
    said = {"message": "per_page is too large"}
    request = PageNumber().first(Request(URL), 100)
    assert smaller(PageNumber(), request, 400, said) == 50
    assert smaller(PageNumber(), request.with_params(page=2), 400, said) is None
    assert smaller(PageNumber(), Request(URL, params={"page": "2", "per_page": "2"}), 400, said) is None


@pytest.mark.parametrize(
    "paging", [Offset(), Offset(into="body"), KeySet("after"), Cursor("a", "b"), PageNumber()]
)
def test_a_request_may_ask_for_fewer_and_never_for_more(paging):
    request = paging.first(Request(URL), 100)
    assert size_of(paging, resized(paging, request, 40)) == 40
    assert resized(paging, request, 100) is request
    assert resized(paging, request, 200) is request
    assert resized(ONE_PAGE, request, 10) is request


@pytest.mark.parametrize(
    "paging",
    [ONE_PAGE, NextLink("next"), LinkHeader(), Cursor("next", "after"), KeySet("a"), Offset(), PageNumber()],
)
def test_a_paging_keeps_nothing_and_changes_nothing(paging):
    request = Request(URL, params={"q": "x"})
    first = paging.first(request, 2)
    answer = Answer({"next": "/more"}, 2, {"link": "</more>; rel=next"}, last=2)
    assert paging.next(first, answer) == paging.next(first, answer)
    assert request.params == {"q": "x"}
    assert hash(paging) == hash(paging)


# where something is


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("", {"a": {"b": [1]}}),
        ("a", {"b": [1]}),
        ("a.b", [1]),
        ("a.b.c", None),
        ("a.x", None),
        ("x.y.z", None),
    ],
)
def test_a_missing_step_leads_nowhere(path, found):
    assert dig({"a": {"b": [1]}}, path) == found


def test_a_key_may_have_dots_itself_where_it_is_the_last():
    payload = {"@odata.nextLink": "/more", "meta": {"a.b": None, "a": {"b": 1}}}
    assert dig(payload, "@odata.nextLink") == "/more"
    assert dig(payload, "meta.a.b") is None


def test_the_number_of_pages_bounds_the_number_of_records():
    def bound(paging, payload):
        return bound_of(paging, paging.first(Request(URL), 25), Answer(payload, 25, {}))

    assert bound(PageNumber(pages="meta.pages"), {"meta": {"pages": 4}}) == 100
    assert bound(PageNumber(pages="meta.pages"), {}) is None
    assert bound(PageNumber(size_param=None, pages="meta.pages"), {"meta": {"pages": 4}}) is None
    assert bound(PageNumber(), {"meta": {"pages": 4}}) is None
    assert bound(Offset(), {"pages": 4}) is None


def test_a_link_from_a_page_without_a_number_to_page_1_counts_from_0():
    first = Request(URL, params={"size": "10"})
    for number in (1, 2):
        link = first.with_params(page=number)
        assert counted_by(first, link, "size", 10) == PageNumber("page", "size", number - 1)


@pytest.mark.parametrize(("kind", "name"), [(Offset, "limit"), (PageNumber, "per_page")])
def test_no_more_are_asked_for_than_the_service_sends_at_once(kind, name):
    assert [kind(most=30).first(Request(URL), size).params[name] for size in (20, 40)] == ["20", "30"]
    assert kind().first(Request(URL), 40).params[name] == "40"
    assert (Offset.least, PageNumber.least) == (2, 20)


def test_a_parameter_without_a_value_is_one():
    assert spelt(Request(URL + "?a=&b=1")).params == {"a": "", "b": "1"}


def test_of_sizes_that_reach_as_far_the_largest_is_taken():
    asked = PageNumber().around(Request(URL), 9, 6)  # 6 to 12, where a page of four records ends as well
    assert asked.params == {"page": "2", "per_page": "6"}


def test_no_size_reaches_farther_than_the_one_that_is_taken():
    first = PageNumber().first(Request(URL), 10)
    for place in range(50):
        for size in range(1, 13):
            _, stop = PageNumber().window(PageNumber().around(first, place, size))
            assert stop == max((place // each + 1) * each for each in range(1, size + 1))


def test_a_window_in_the_body_is_known_only_where_the_size_is_asked_for():
    bare, told = Offset("from", None, into="body"), Offset("from", "size", into="body")
    request = Request(URL, "POST", body=b'{"from": 7, "size": 10}')
    assert (bare.window(request), told.window(request)) == ((7, None), (7, 17))
