import asyncio
import builtins
import errno
import json
import socket
import ssl
import traceback
import urllib.error
from email.message import Message

import aiohttp
import pytest
import requests
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from spyro_sdk.errors import (
    AuthenticationError,
    CertificateError,
    ConnectionError,
    DataFetchError,
    DecodeError,
    RateLimitError,
    TimeoutError,
)
from spyro_sdk.failure import refused, translated, trouble, words_of
from spyro_sdk.guards.retry import is_transient

SECRET_URL = URL("https://ana:hush@acme.example/x?access_token=hush")


def aiohttps(status, headers=None, kind=aiohttp.ClientResponseError):
    info = aiohttp.RequestInfo(SECRET_URL, "GET", CIMultiDictProxy(CIMultiDict()), SECRET_URL)
    return kind(info, (), status=status, message="hush", headers=headers and CIMultiDict(headers))


def requestss(status, headers=None):
    response = requests.Response()
    response.status_code, response.url, response.reason = status, str(SECRET_URL), "hush"
    response.headers.update(headers or {})
    with pytest.raises(requests.HTTPError) as caught:
        response.raise_for_status()
    return caught.value


def urllibs(status, headers=None):
    message = Message()
    for name, text in (headers or {}).items():
        message[name] = text
    return urllib.error.HTTPError(str(SECRET_URL), status, "hush", message, None)


RAISED = [aiohttps, requestss, urllibs]


# an answer that is none


@pytest.mark.parametrize(
    ("status", "headers", "kind"),
    [
        (400, {}, DataFetchError),
        (401, {}, AuthenticationError),
        (403, {}, AuthenticationError),
        (404, {}, DataFetchError),
        (429, {}, RateLimitError),
        (500, {}, DataFetchError),
        (503, {}, DataFetchError),
        (503, {"retry-after": "soon"}, DataFetchError),
        (503, {"retry-after": "7"}, RateLimitError),
        (302, {}, DataFetchError),
    ],
)
def test_a_status_tells_the_kind_of_error(status, headers, kind):
    error = refused("acme", status, {**headers, "x-request-id": "r-1"}, words="it says so")
    assert type(error) is kind
    assert (error.connector, error.status, error.request_id) == ("acme", status, "r-1")
    assert str(error).startswith("acme ")
    assert str(status) in str(error)
    assert ": it says so" in str(error)


def test_an_answer_without_words_is_told_without():
    assert str(refused("acme", 404, {})) == "acme answered 404"
    assert str(refused("acme", 404, {}, asked="GET /orders")) == "acme answered 404 to GET /orders"
    assert str(refused("acme", 401, {})) == "acme refused our credentials (401)"
    assert str(refused("acme", 429, {})) == "acme says that we ask too often (429)"


@pytest.mark.parametrize(
    ("location", "said"),
    [
        (
            "https://sso.example/login?token=hush",
            ": it redirects to https://sso.example, which is not followed",
        ),
        ("/login?token=hush", ""),
        ("http://[::1", ""),
    ],
)
def test_a_redirect_tells_the_host_it_leads_to_and_no_more(location, said):
    assert str(refused("acme", 302, {"location": location})) == f"acme answered 302{said}"
    assert str(refused("acme", 302, {"location": location}, words="moved")) == "acme answered 302: moved"
    assert str(refused("acme", 400, {"location": location})) == "acme answered 400"


def test_a_refused_fetch_names_what_was_asked_for():
    error = refused("acme", 400, {}, words="no", entity_type="Customer", error_code="BAD")
    assert str(error) == "acme answered 400 for Customer: no"
    assert (error.entity_type, error.error_code) == ("Customer", "BAD")


def test_a_service_that_asks_us_to_wait_is_heard():
    error = refused("acme", 429, {"retry-after": "7"}, words="slow down")
    assert error.retry_after == 7.0
    assert str(error) == "acme says that we ask too often (429): slow down; it asks us to wait 7 s"
    assert "rate_limit" in error.hint


def test_a_date_to_wait_for_is_measured_by_the_clock_of_the_service():
    date, later = "Fri, 02 Jan 2026 10:00:00 GMT", "Fri, 02 Jan 2026 10:00:30 GMT"
    assert refused("acme", 429, {"retry-after": later, "date": date}).retry_after == 30.0


def test_a_refusal_says_what_to_check():
    assert "expired" in refused("acme", 401, {}).hint


def test_an_amazon_gateway_names_its_requests_too():
    assert refused("acme", 500, {"x-amzn-requestid": "a-1"}).request_id == "a-1"


# somebody else's exceptions


@pytest.mark.parametrize("raised", RAISED)
@pytest.mark.parametrize(
    ("status", "kind"), [(404, DataFetchError), (401, AuthenticationError), (429, RateLimitError)]
)
def test_an_answer_inside_an_exception_is_read(raised, status, kind):
    error = translated(raised(status, {"Retry-After": "7", "X-Request-Id": "r-1"}), "acme")
    assert type(error) is kind
    assert (error.status, error.request_id) == (status, "r-1")
    assert getattr(error, "retry_after", 7.0) == 7.0
    assert "hush" not in str(error)


@pytest.mark.parametrize("raised", RAISED)
def test_an_answer_without_headers_is_read(raised):
    assert translated(raised(500), "acme").status == 500


def httpxs(name, *bases):
    """An exception like one of httpx, which derive from Exception alone."""
    return type(name, bases or (Exception,), {"__module__": "httpx"})("hush")


@pytest.mark.parametrize(
    "error",
    [
        TimeoutError("ours"),
        builtins.TimeoutError("timed out"),
        OSError(errno.ETIMEDOUT, "timed out"),
        aiohttp.ServerTimeoutError("hush"),
        aiohttp.ConnectionTimeoutError("hush"),
        requests.ConnectTimeout("hush"),
        requests.ReadTimeout("hush"),
        requests.Timeout("hush"),
        httpxs("ReadTimeout"),
    ],
)
def test_no_answer_in_time_is_a_timeout(error):
    ours = translated(error, "acme")
    assert isinstance(ours, TimeoutError)
    assert ours is error or str(ours) == "acme did not answer in time"


@pytest.mark.parametrize(
    "error",
    [
        ConnectionResetError(104, "hush"),
        ConnectionRefusedError(111, "hush"),
        BrokenPipeError(),
        OSError("hush"),
        OSError(errno.ENETUNREACH, "hush"),
        OSError(errno.EHOSTUNREACH, "hush"),
        asyncio.IncompleteReadError(b"hush", 10),
        socket.gaierror(-2, "hush"),
        ssl.SSLError(1, "hush"),
        urllib.error.URLError("hush"),
        aiohttp.ServerDisconnectedError("hush"),
        aiohttp.ClientPayloadError("hush"),
        aiohttp.ClientOSError(104, "hush"),
        requests.ConnectionError("hush"),
        requests.exceptions.ChunkedEncodingError("hush"),
        requests.exceptions.SSLError("hush"),
        httpxs("ConnectError"),
    ],
)
def test_no_answer_at_all_is_a_connection_error(error):
    ours = translated(error, "acme")
    assert type(ours) is ConnectionError
    assert ours.connector == "acme"
    assert str(ours) == f"no answer from acme: {type(error).__name__}"


def test_a_certificate_that_nobody_trusts_is_said_to_be_one():
    ours = translated(ssl.SSLCertVerificationError(1, "hush"), "acme")
    assert type(ours) is CertificateError
    assert str(ours) == "acme showed a certificate that is not trusted"


@pytest.mark.parametrize(
    "error",
    [
        aiohttps(200, kind=aiohttp.ContentTypeError),
        requests.exceptions.JSONDecodeError("hush", "<html>hush</html>", 0),
        json.JSONDecodeError("hush", "<html>hush</html>", 0),
    ],
)
def test_an_answer_that_is_no_json_is_an_answer(error):
    ours = translated(error, "acme")
    assert type(ours) is DecodeError
    assert ours.connector == "acme"
    assert is_transient(ours)
    assert "hush" not in str(ours)


@pytest.mark.parametrize(
    "error",
    [
        KeyError("name"),
        ZeroDivisionError(),
        ValueError("bad"),
        OSError(errno.ENOSPC, "No space left on device"),
        FileNotFoundError(2, "No such file or directory", "customers.csv"),
        PermissionError(13, "Permission denied", "customers.csv"),
        RuntimeError("mine"),
        AuthenticationError("ours"),
        DataFetchError("ours", status=404),
    ],
)
def test_what_is_not_about_the_network_is_left_as_it_is(error):
    assert translated(error, "acme") is error


@pytest.mark.parametrize("status", [200, 0, None, True, "500", 500.0])
def test_only_a_status_of_http_is_one(status):
    error = RuntimeError("mine")
    error.status = status
    assert translated(error, "acme") is error


def test_a_real_refusal_is_translated_without_its_secrets():
    address = "http://ana:hush@127.0.0.1:1/x?access_token=hush"
    with pytest.raises(requests.RequestException) as raised:
        requests.get(address, timeout=5)
    error = translated(raised.value, "acme")
    assert type(error) is ConnectionError
    assert error.__cause__ is error.__context__ is None
    assert "hush" not in "".join(traceback.format_exception(error))


def test_an_error_of_ours_learns_whose_it_is():
    assert translated(DataFetchError("mine"), "acme").connector == "acme"
    assert translated(DataFetchError("mine", connector="other"), "acme").connector == "other"


@pytest.mark.parametrize("raised", RAISED)
@pytest.mark.parametrize(
    ("status", "may_pass"), [(400, False), (404, False), (408, True), (500, True), (501, False)]
)
def test_what_may_pass_is_asked_for_again(raised, status, may_pass):
    assert is_transient(translated(raised(status), "acme")) is may_pass


def test_what_a_service_says_is_one_line():
    assert words_of({"message": "no\n\nSignInError: open\r\n https://evil.example"}) == (
        "no SignInError: open https://evil.example"
    )


# too many, in other words


@pytest.mark.parametrize(
    ("status", "headers", "words", "seconds"),
    [
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "40"}, "", 40),
        (403, {"x-ratelimit-remaining": "0"}, "", None),
        (403, {"ratelimit": '"a";r=0;t=7'}, "", 7),
        (403, {"retry-after": "9", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "40"}, "", 9),
        (420, {"retry-after": "9"}, "", 9),
        (403, {}, "Rate Limit Exceeded", None),
        (403, {}, "userRateLimitExceeded", None),
        (400, {}, "Rate exceeded", None),
        (400, {}, "ThrottlingException: slow down", None),
        (403, {}, "REQUEST_LIMIT_EXCEEDED", None),
        (403, {}, "Too many requests", None),
    ],
)
def test_too_many_requests_are_understood_however_they_are_said(status, headers, words, seconds):
    error = refused("acme", status, headers, words=words)
    assert isinstance(error, RateLimitError)
    assert (error.status, error.retry_after) == (status, seconds)


@pytest.mark.parametrize(
    ("status", "headers", "words"),
    [
        (403, {"x-ratelimit-remaining": "7"}, ""),
        (403, {}, "you may not see this"),
        (400, {}, "limit must be at most 100"),
        (404, {"x-ratelimit-remaining": "0"}, "too many requests"),
        (503, {}, "rate limit"),
    ],
)
def test_another_refusal_stays_what_it_is(status, headers, words):
    assert not isinstance(refused("acme", status, headers, words=words), RateLimitError)


# trouble beside the records


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ({"data": [], "errors": [{"message": "no"}]}, "no"),
        ({"data": [], "errors": ["no", "nor this"]}, "no"),
        ({"data": [], "errors": {"message": "no"}}, "no"),
        ({"data": [], "errors": [{"code": 7}]}, "a list"),
        ({"data": [], "error": "no"}, "no"),
        ({"data": [], "error": {"error": {"detail": "no"}}}, "no"),
        ({"data": [], "error": {"code": 7}}, "an object with code"),
    ],
)
def test_an_error_beside_the_records_is_told_in_its_words(payload, said):
    assert trouble(payload, "data") == said


@pytest.mark.parametrize(
    ("payload", "path"),
    [
        ([], ""),
        ({"data": []}, "data"),
        ({"data": [], "errors": [], "error": None}, "data"),
        ({"data": [], "errors": {}, "error": ""}, "data"),
        ({"data": [], "errors": False, "error": 0}, "data"),
        ({"errors": [{"message": "a record"}]}, "errors"),
        ({"error": {"items": [{"id": 1}]}}, "error.items"),
    ],
)
def test_where_nothing_is_said_there_is_no_trouble(payload, path):
    assert trouble(payload, path) == ""
