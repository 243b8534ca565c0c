"""Each paging walks through a service of N records, which reads what is really sent."""

import traceback
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spyro_sdk.errors import DecodeError
from spyro_sdk.http import Request
from spyro_sdk.paging import ONE_PAGE, Answer, Cursor, NextLink, Offset, OnePage, PageNumber, dig

URL = "https://acme.example/api/customers"
RECORDS = st.integers(0, 60)
SIZE = st.integers(1, 25)
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


@pytest.mark.parametrize("paging", [Offset(), PageNumber()])
def test_a_short_page_costs_no_further_request(paging):
    asked = paging.first(Request(URL), 10)
    assert paging.next(asked, Answer(None, 9, {})) is None
    assert paging.next(asked, Answer(None, 10, {})) is not None


@pytest.mark.parametrize(
    "paging", [ONE_PAGE, NextLink("next"), Cursor("next", "after"), Offset(), PageNumber()]
)
def test_a_paging_keeps_nothing_and_changes_nothing(paging):
    request = Request(URL, params={"q": "x"})
    first = paging.first(request, 2)
    answer = Answer({"next": "/more"}, 2, {})
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
