from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spyro_sdk.http import PLAIN_PARAMETERS, Request, Response, is_at, origin, redacted

SECRET = st.text(min_size=1).map(lambda text: f"hush{text}hush")
SHOWN = st.sampled_from(sorted(PLAIN_PARAMETERS))
NAME = st.text("abcdefghijklmnopqrstuvwxyz_-", min_size=1).filter(lambda name: name not in PLAIN_PARAMETERS)
HOST = st.sampled_from(["acme.example", "127.0.0.1:8080", "[::1]:443"])


# a request


def test_parameters_are_added_as_text():
    first = Request("https://acme.example/x", params={"page": "1", "q": "a"})
    second = first.with_params(page=2, since=None)
    assert second.params == {"page": "2", "q": "a", "since": "None"}
    assert first.params == {"page": "1", "q": "a"}


def test_headers_are_added_and_replaced():
    first = Request("https://acme.example", "POST", headers={"A": "1", "B": "2"}, body=b"x")
    second = first.with_headers({"B": "3"})
    assert second.headers == {"A": "1", "B": "3"}
    assert (second.method, second.body, first.headers["B"]) == ("POST", b"x", "2")


@pytest.mark.parametrize(
    ("url", "params", "address"),
    [
        ("https://acme.example/x", {}, "https://acme.example/x"),
        ("https://acme.example/x?a=%20", {}, "https://acme.example/x?a=%20"),
        ("https://acme.example/x", {"q": "a b&c"}, "https://acme.example/x?q=a+b%26c"),
        ("https://acme.example/x?a=1", {"q": "é"}, "https://acme.example/x?a=1&q=%C3%A9"),
        ("/services", {"page": "2"}, "/services?page=2"),
    ],
)
def test_an_address_is_the_url_with_its_query(url, params, address):
    assert Request(url, params=params).address == address


@given(st.dictionaries(st.text(min_size=1), st.text(min_size=1), min_size=1))
def test_every_parameter_arrives_as_it_was(params):
    query = urlsplit(Request("https://acme.example/x", params=params).address).query
    assert parse_qs(query) == {name: [value] for name, value in params.items()}


def test_half_a_character_goes_as_it_is():
    assert Request("https://acme.example/x", params={"after": "\ud800"}).address.endswith("?after=%ED%A0%80")


def test_a_repr_shows_where_a_request_goes_and_no_secret():
    request = Request(
        "https://ana:hush@acme.example/x?access_token=hush",
        "POST",
        params={"api_key": "hush", "page": "2"},
        headers={"Authorization": "hush"},
        body=b"hush",
    )
    assert "POST" in repr(request)
    assert "https://acme.example/x" in repr(request)
    assert "page=2" in repr(request)
    assert "hush" not in repr(request)


# a response


def test_a_repr_of_a_response_shows_neither_headers_nor_body():
    assert repr(Response(200, {"set-cookie": "hush"}, b"hush")) == "Response(status=200)"


@pytest.mark.parametrize(
    ("headers", "known"),
    [
        ({}, None),
        ({"x-request-id": "r-1"}, "r-1"),
        ({"x-amzn-requestid": "a-1"}, "a-1"),
        ({"x-request-id": "r-1", "x-amzn-requestid": "a-1"}, "r-1"),
    ],
)
def test_a_response_knows_what_the_service_calls_it(headers, known):
    assert Response(200, headers, b"").request_id == known


# an origin


@pytest.mark.parametrize(
    ("url", "came_from"),
    [
        ("https://acme.example/x?q=1#f", "https://acme.example"),
        ("HTTPS://ACME.example:8443/", "https://acme.example:8443"),
        ("https://ana:p%40w@acme.example/x", "https://acme.example"),
        ("https://acme.example:443/x", "https://acme.example"),
        ("http://acme.example:80", "http://acme.example"),
        ("http://acme.example:443", "http://acme.example:443"),
        ("https://acme.example:80", "https://acme.example:80"),
        ("http://[::1]:80/x", "http://[::1]"),
        ("http://[::1]:8080/x", "http://[::1]:8080"),
    ],
)
def test_an_origin_is_scheme_host_and_port(url, came_from):
    assert origin(url) == came_from


def test_an_origin_is_not_that_of_a_host_which_looks_alike():
    home = origin("https://acme.example")
    for other in (
        "https://acme.example.evil.example",
        "https://acme.example@evil.example",
        "http://acme.example",
    ):
        assert origin(other) != home


@pytest.mark.parametrize("url", ["https://[::1", "", "/services", "https://acme.example:port"])
def test_what_is_no_address_has_the_origin_of_nobody(url):
    assert origin(url) != origin("https://acme.example")


@pytest.mark.parametrize(
    "url",
    [
        "https://acme.example",
        "https://acme.example/page?next=https://globex.example/@x",
        "HTTPS://ACME.example:443#top",
        "https://acme.example?q=a b",
    ],
)
def test_an_address_at_home_is_at_home(url):
    assert is_at(url, "https://acme.example/api")


@pytest.mark.parametrize(
    "url",
    [
        "https://globex.example/page",
        "http://acme.example/page",
        "https://acme.example:8443/page",
        "https://acme.example.globex.example/",
        "https://globex.example\\@acme.example/",
        "https://ana:pw@acme.example/",
        "https://globex.example#@acme.example/",
        "https://acme.example\t.globex.example/",
        "https://acme.exa\nmple/",
        " https://acme.example/",
        "//acme.example/",
        "/page",
        "file:///etc/passwd",
        "",
    ],
)
def test_an_address_that_may_lead_elsewhere_is_not_at_home(url):
    assert not is_at(url, "https://acme.example")


# what may be shown


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://acme.example/query?q=SELECT+Id", "https://acme.example/query?q=SELECT+Id"),
        ("https://ana:hush@acme.example/x", "https://acme.example/x"),
        ("https://acme.example/x?Page=2&KEY=hush", "https://acme.example/x?Page=2&KEY=***"),
        ("https://acme.example/x?key=", "https://acme.example/x?key=***"),
        ("https://acme.example/x?hush", "https://acme.example/x?***"),
        ("https://acme.example/x?q=1;access_token=hush", "https://acme.example/x?q=1&access_token=***"),
        ("https://acme.example/x#access_token=hush", "https://acme.example/x"),
        ("/services/data?page=2", "/services/data?page=2"),
        ("ana:hush@acme.example/x", "acme.example/x"),
        ("https:/ana:hush@acme.example/x", "acme.example/x"),
        ("https://ana:hush/@acme.example", "***"),
        ("https://ana:hush]@acme.example", "***"),
        ("https://acme.example/users/ana@acme.example", "https://acme.example/users/ana@acme.example"),
    ],
)
def test_only_what_cannot_be_a_secret_is_shown(url, shown):
    assert redacted(url) == shown


@given(HOST, SECRET, SECRET, st.lists(st.tuples(NAME, SECRET)), SECRET)
def test_no_user_password_parameter_or_fragment_is_shown(host, user, password, params, fragment):
    userinfo = f"{quote(user, safe='')}:{quote(password, safe='')}"
    shown = redacted(f"https://{userinfo}@{host}/path?{urlencode(params)}#{quote(fragment)}")
    assert "hush" not in shown
    assert shown.startswith(f"https://{host}/path")
    assert all(name in shown for name, _ in params)


@given(HOST, st.lists(st.tuples(SHOWN, st.text(min_size=1)), min_size=1))
def test_the_question_itself_is_shown_whole(host, params):
    url = f"https://{host}/path?{urlencode(params)}"
    assert parse_qs(urlsplit(redacted(url)).query) == parse_qs(urlsplit(url).query)


@given(st.text())
def test_anything_can_be_redacted(url):
    redacted(url)


@given(st.text(), SECRET)
def test_an_opaque_query_is_hidden(start, opaque):
    assert "hush" not in redacted(f"https://acme.example/x?{quote(opaque, safe='')}")


@given(HOST, st.lists(st.tuples(SHOWN | NAME, SECRET)))
def test_what_is_redacted_stays_so(host, params):
    once = redacted(f"https://{host}/path?{urlencode(params)}")
    assert redacted(once) == once
