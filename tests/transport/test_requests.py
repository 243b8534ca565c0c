"""A session of the user's own, over real sockets, to a service that says what each test wants."""

import asyncio
import gzip
import socket
import ssl
import threading
import time
import traceback
from contextvars import ContextVar

import pytest
import requests
import responses
import trustme
import urllib3
from requests.adapters import BaseAdapter, HTTPAdapter

from spyro_sdk.config import ConnectorConfig
from spyro_sdk.errors import (
    CertificateError,
    ConfigurationError,
    ConnectionError,
    ConnectorError,
    LimitError,
    TimeoutError,
)
from spyro_sdk.http import Request
from spyro_sdk.transport.requests import RequestsTransport

from .wire import halting, ok, running, serving

pytestmark = pytest.mark.anyio
TRACE = ContextVar("trace", default="")
SECRETS = {"params": {"access_token": "hush-param"}, "headers": {"Authorization": "Bearer hush-header"}}


@pytest.fixture
def session():
    with requests.Session() as it:
        it.trust_env = False
        yield it


def sender(session, **settings):
    return RequestsTransport(
        ConnectorConfig("acme", **{"auth_type": "none", "timeout": 10.0, **settings}), session
    )


async def failure(session, request, kind=ConnectionError, **settings):
    """The error that a request ends with; no secret is in it, nor in anything a traceback shows."""
    with pytest.raises(ConnectorError) as caught:
        await sender(session, **settings)(request)
    error = caught.value
    assert type(error) is kind
    assert error.connector == "acme"
    assert error.__cause__ is None
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    ours = [frame for frame in shown.stack if "spyro_sdk" in frame.filename]
    assert "hush" not in "".join(traceback.format_exception(error))
    assert "hush" not in repr([frame.locals for frame in ours])
    assert "hush" not in repr([vars(error), error.__context__])
    return error


# there and back


async def test_a_request_arrives_as_it_was_meant(session):
    async with serving(ok(b"[]", b"X-Request-ID: r-1")) as service:
        request = Request(f"{service.url}/a%2Fb?c=%20", "POST", {"q": "é &"}, {"X-Tenant": "7"}, b'{"a": 1}')
        response = await sender(session)(request)
    ((head, body),) = service.received
    assert head.startswith("POST /a%2Fb?c=%20&q=%C3%A9+%26 HTTP/1.1\r\n")
    assert "X-Tenant: 7\r\n" in head
    assert "Content-Type" not in head
    assert body == b'{"a": 1}'
    assert (response.status, response.body, response.request_id) == (200, b"[]", "r-1")


async def test_headers_are_the_requests_over_the_configurations_over_the_sessions(session):
    session.headers.update({"X-Tenant": "1", "x-plan": "1", "X-Team": "1", "Accept-Encoding": "br"})
    async with serving(ok()) as service:
        send = sender(session, headers={"x-tenant": "2", "X-PLAN": "2"})
        await send(Request(service.url, headers={"x-Plan": "3"}))
    lines = service.received[0][0].lower().split("\r\n")
    for line in ("x-team: 1", "x-tenant: 2", "x-plan: 3", "accept-encoding: gzip, deflate"):
        assert line in lines
    assert sum(line.startswith("x-") for line in lines) == 3


async def test_names_of_headers_come_in_lower_case(session):
    async with serving(ok(b"", b"Retry-After: 7", b"X-RateLimit-Remaining: 5")) as service:
        headers = (await sender(session)(Request(service.url))).headers
    assert (headers["retry-after"], headers["x-ratelimit-remaining"]) == ("7", "5")
    assert list(headers) == [name.lower() for name in headers]


@pytest.mark.parametrize("status", [b"204 No Content", b"404 Not Found", b"429 Too Many", b"500 Oh"])
async def test_any_status_is_an_answer(session, status):
    reply = b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n"
    async with serving(reply) as service:
        assert (await sender(session)(Request(service.url))).status == int(status[:3])


async def test_a_compressed_body_comes_as_it_was_sent(session):
    packed = gzip.compress(b'{"records": []}' * 1000)
    async with serving(ok(packed, b"Content-Encoding: gzip")) as service:
        response = await sender(session)(Request(service.url))
    assert response.body == packed
    assert response.headers["content-encoding"] == "gzip"


async def test_a_long_body_and_one_in_chunks_come_whole(session):
    long = bytes(range(256)) * 20_000
    async with serving(ok(long)) as service:
        assert (await sender(session)(Request(service.url))).body == long
    reply = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
    async with serving(reply) as service:
        assert (await sender(session)(Request(service.url))).body == b"hello world"


@pytest.mark.parametrize("follows", [False, True])
async def test_a_redirect_is_not_followed_whatever_the_session_makes_of_it(follows):
    class Eager(requests.Session):
        def request(self, *args, allow_redirects, **kwargs):
            return super().request(*args, allow_redirects=allow_redirects or follows, **kwargs)

    packed = gzip.compress(b"moved")
    async with serving(ok()) as elsewhere:
        head = f"HTTP/1.1 302 Found\r\nLocation: {elsewhere.url}/login\r\nContent-Encoding: gzip\r\n"
        reply = head.encode() + b"Content-Length: %d\r\n\r\n" % len(packed) + packed
        with Eager() as session:
            async with serving(reply) as service:
                response = await sender(session)(
                    Request(service.url, headers={"Authorization": "Bearer hush"})
                )
        assert elsewhere.connections == 0
    assert (response.status, response.body) == (302, packed)
    assert response.headers["location"].endswith("/login")


async def test_a_connection_is_used_again(session):
    send = sender(session)
    packed = ok(gzip.compress(b"[]" * 100_000), b"Content-Encoding: gzip")
    async with serving(packed, closes=False) as service:
        for _ in range(3):
            await send(Request(service.url))
    assert (service.connections, len(service.received)) == (1, 3)


@pytest.mark.parametrize("before", [0, 1])
async def test_nothing_is_sent_twice(session, before):
    received = []

    async def answer_some(reader, writer):
        for reply in [ok()] * before + [b""]:
            received.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(reply)

    send = sender(session)
    async with running(answer_some) as url:
        for _ in range(before):
            await send(Request(url))
        with pytest.raises(ConnectionError, match="closed before an answer"):
            await send(Request(url))
    assert len(received) == before + 1


async def test_no_more_requests_are_under_way_than_allowed(session):
    async with serving(ok(), closes=False) as service:
        send = sender(session, pool_size=2)
        await asyncio.gather(*(send(Request(service.url)) for _ in range(20)))
    assert service.connections <= 2
    assert len(service.received) == 20


async def test_the_first_bytes_of_a_good_answer_are_told_while_the_rest_is_on_its_way(session):
    heard = []
    async with halting(200, b"first, ", b"and the rest") as (url, go_on):

        def hear(start, encoding):
            heard.append((start, encoding, threading.current_thread() is threading.main_thread()))
            go_on.set()  # nothing else would let the answer end

        response = await sender(session)(Request(url, heard=hear))
    assert response.body == b"first, and the rest"
    assert heard == [(b"first, ", "gzip", True)]


async def test_the_first_bytes_of_an_error_are_told_to_nobody_and_no_body_as_one(session):
    heard = []
    async with halting(503, b"no", b"t now") as (url, go_on):
        go_on.set()
        response = await sender(session)(Request(url, heard=lambda *start: heard.append(start)))
    assert (response.status, response.body, heard) == (503, b"not now", [])
    async with serving(ok()) as service:
        await sender(session)(Request(service.url, heard=lambda *start: heard.append(start)))
        await asyncio.sleep(0)
    assert heard == [(b"", None)]


async def test_the_session_stays_open(session):
    closed = []
    session.mount("http://", adapter := Answering(b"[]"))
    adapter.close = lambda: closed.append(True)
    send = sender(session)
    await send(Request("http://acme.example"))
    await send.close()
    assert closed == []
    assert (await send(Request("http://acme.example"))).body == b"[]"


# what the session brings is used as it is


class Answering(BaseAdapter):
    """Answers from memory, as requests-file and its like do: with what is no answer of urllib3's."""

    def __init__(self, content, raw=None):
        super().__init__()
        self.content, self.raw, self.asked = content, raw, []

    def send(self, request, **kwargs):
        self.asked.append((request, kwargs))
        answer = requests.Response()
        answer.status_code, answer.request, answer.url = 200, request, request.url
        answer.headers["Content-Encoding"] = "gzip"
        answer.raw = self.raw
        answer._content = self.content
        return answer

    def close(self):
        pass


@pytest.mark.parametrize("content", [b"[1]", None, b""])
async def test_an_adapter_may_answer_by_other_means_than_urllib3(session, content):
    session.mount("http://acme.example", Answering(content))
    heard = []
    response = await sender(session)(Request("http://acme.example", heard=lambda *it: heard.append(it)))
    assert response.body == (content or b"")
    assert "content-encoding" not in response.headers  # what it has decoded
    await asyncio.sleep(0)
    assert heard == [(content or b"", None)]


async def test_its_certificates_proxies_and_trust_go_along(session):
    session.cert, session.verify, session.proxies = "me.pem", "ca.pem", {"https": "http://proxy.example:3128"}
    session.mount("https://", adapter := Answering(b"[]"))
    await sender(session, timeout=7.0)(Request("https://acme.example"))
    (_, given) = adapter.asked[0]
    assert (given["cert"], given["verify"], given["stream"]) == ("me.pem", "ca.pem", True)
    assert given["proxies"]["https"] == "http://proxy.example:3128"
    assert given["timeout"] == 7.0


async def test_its_cookies_are_kept_and_sent(session):
    async with serving(ok(b"", b"Set-Cookie: visit=7; Path=/"), closes=False) as service:
        send = sender(session)
        for _ in range(2):
            await send(Request(service.url))
    assert "Cookie" not in service.received[0][0]
    assert "Cookie: visit=7\r\n" in service.received[1][0]


@pytest.mark.parametrize("many", [True, False])
async def test_its_hooks_are_called_and_may_read_the_body(session, many):
    told = []

    def read(answer, **_):
        told.append(answer.json())

    session.hooks["response"] = [read] if many else read
    packed = gzip.compress(b'{"records": []}')
    async with serving(ok(packed, b"Content-Encoding: gzip")) as service:
        response = await sender(session)(Request(service.url))
    assert told == [{"records": []}]
    assert response.body == b'{"records": []}'
    assert "content-encoding" not in response.headers


@pytest.mark.parametrize(
    "eat", [lambda answer: list(answer.iter_content()), lambda answer: next(answer.iter_content(1))]
)
async def test_a_hook_that_keeps_no_body_is_found_out(session, eat):
    session.hooks["response"] = [lambda answer, **_: eat(answer) and None]
    async with serving(ok(b"[1, 2]")) as service:
        error = await failure(session, Request(service.url), ConfigurationError)
    assert "a hook of the session reads the body and does not keep it" in str(error)


async def test_a_hook_that_raises_for_a_status_leaves_the_answer_to_us(session):
    session.hooks["response"] = [lambda answer, **_: answer.raise_for_status()]
    reply = b"HTTP/1.1 429 So\r\nRetry-After: 3\r\nContent-Length: 4\r\n\r\nslow"
    async with serving(reply) as service:
        response = await sender(session)(Request(service.url, **SECRETS))
    assert (response.status, response.body, response.headers["retry-after"]) == (429, b"slow", "3")


async def test_an_error_without_an_answer_is_typed_as_well(session):
    def refuse(answer, **_):
        raise requests.HTTPError("hush")

    session.hooks["response"] = refuse
    async with serving(ok()) as service:
        error = await failure(session, Request(service.url, **SECRETS))
    assert str(error).endswith(": HTTPError")


async def test_what_its_own_code_raises_comes_as_it_is(session):
    def slip(answer, **_):
        raise KeyError("oops")

    def full(answer, **_):
        raise OSError(28, "No space left on device")

    async with serving(ok(), closes=False) as service:
        for hook, kind in ((slip, KeyError), (full, OSError)):
            session.hooks["response"] = hook
            with pytest.raises(kind) as raised:
                await sender(session)(Request(service.url))
            assert type(raised.value) is kind


async def test_a_session_that_heeds_no_hooks_will_do():
    class Odd(requests.Session):
        def request(self, *args, hooks, **kwargs):
            return super().request(*args, **kwargs)

    async with serving(ok(b"[1]")) as service:
        with Odd() as session:
            assert (await sender(session)(Request(service.url))).body == b"[1]"


async def test_its_own_retries_work_and_their_end_is_typed(session):
    retry = urllib3.Retry(2, status_forcelist=[503], backoff_factor=0)
    session.mount("http://", HTTPAdapter(max_retries=retry))
    async with serving(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", closes=False) as service:
        error = await failure(session, Request(service.url, **SECRETS))
    assert len(service.received) == 3
    assert "the retries of the session's own are used up" in str(error)


async def test_the_logs_of_urllib3_hold_no_secret_of_ours_and_all_of_others(session, caplog):
    caplog.set_level("DEBUG")
    retry = urllib3.Retry(1, status_forcelist=[503], backoff_factor=0)
    session.mount("http://", HTTPAdapter(max_retries=retry))
    async with serving(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", closes=False) as service:
        with pytest.raises(ConnectionError):
            await sender(session)(Request(service.url, params={"q": "x", "access_token": "hush"}))
    assert "access_token=***" in caplog.text
    assert "hush" not in caplog.text
    async with serving(ok()) as service:
        await asyncio.to_thread(session.get, f"{service.url}/?page_token=theirs")
    assert "page_token=theirs" in caplog.text


async def test_a_session_may_sign_in_two_steps():
    """Digest: the first answer is a question, which requests answers by itself (RFC 7616)."""
    question = (
        b'HTTP/1.1 401 Who\r\nWWW-Authenticate: Digest realm="acme", nonce="7", qop="auth"\r\n'
        b"Content-Length: 4\r\n\r\nwho?"
    )
    heads = []

    async def answer(reader, writer):
        for reply in (question, ok(b"[1]")):
            heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
            writer.write(reply)
        await reader.read()

    with requests.Session() as session:
        session.auth = requests.auth.HTTPDigestAuth("ana", "pw")
        async with running(answer) as url:
            response = await sender(session)(Request(f"{url}/x"))
    assert (response.status, response.body) == (200, b"[1]")
    assert "Authorization" not in heads[0]
    assert 'Authorization: Digest username="ana"' in heads[1]


# who signs


async def signed(session, **settings):
    """The `Authorization` of a request that we sign with these credentials."""
    headers = settings.pop("signed", {})
    async with serving(ok()) as service:
        await sender(session, **settings)(Request(service.url, headers=headers))
    lines = service.received[0][0].split("\r\n")
    return next((line.partition(" ")[2] for line in lines if line.lower().startswith("authorization")), None)


BASIC = "Basic YW5hOnB3"


@pytest.fixture
def netrc(tmp_path, monkeypatch):
    """A `.netrc` that knows this machine."""
    path = tmp_path / "netrc"
    path.write_text("machine 127.0.0.1 login ana password pw\n")
    path.chmod(0o600)
    monkeypatch.setenv("NETRC", str(path))


async def test_our_credentials_are_sent(session):
    token = {"authorization": "Bearer t"}
    assert await signed(session, auth_type=None, access_token="t", signed=token) == "Bearer t"


async def test_where_we_have_none_the_session_signs(session):
    session.auth = ("ana", "pw")
    assert await signed(session) == BASIC


async def test_a_key_of_ours_and_what_the_session_signs_go_together(session):
    session.auth = ("ana", "pw")
    assert await signed(session, auth_type=None, api_key="k", signed={"X-API-Key": "k"}) == BASIC


async def test_two_signatures_in_one_place_are_refused(session):
    session.auth = ("ana", "hush-password")
    async with serving(ok()) as service:
        error = await failure(session, Request(service.url, **SECRETS), ConfigurationError)
        assert service.connections == 0
    assert "session.auth and the credentials for acme would both write Authorization" in str(error)
    assert error.field == "session"


@pytest.mark.usefixtures("netrc")
async def test_netrc_never_signs_beside_our_credentials(session):
    session.trust_env = True
    assert (
        await signed(session, auth_type=None, access_token="t", signed={"Authorization": "Bearer t"})
        == "Bearer t"
    )
    assert await signed(session, auth_type=None, access_token="t") is None  # as for a token
    assert await signed(session, auth_type=None, api_key="k", signed={"X-API-Key": "k"}) is None


@pytest.mark.usefixtures("netrc")
async def test_without_credentials_of_ours_netrc_is_the_sessions_choice(session):
    assert await signed(session) is None
    session.trust_env = True
    assert await signed(session) == BASIC


# no answer


async def test_a_service_that_is_silent_is_left_in_time(session):
    async with serving(None) as service:
        error = await failure(session, Request(f"{service.url}/slow", **SECRETS), TimeoutError, timeout=0.05)
    assert str(error) == f"acme did not answer in time at {service.url}/slow"


async def test_a_body_that_trickles_is_left_in_time_and_its_thread_ends(session):
    """Each byte is in time for requests; the whole is not for us."""

    async def trickle(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(1000):
            writer.write(b"1")
            await asyncio.sleep(0.02)

    async with running(trickle) as url:
        before = threading.active_count()
        await failure(session, Request(url), TimeoutError, timeout=0.15)
        await until(lambda: threading.active_count() <= before)


async def until(holds):
    for _ in range(200):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came to be")


async def test_the_limit_of_requests_itself_is_a_timeout_too(session):
    class Hasty(requests.Session):
        def request(self, *args, timeout, **kwargs):
            return super().request(*args, timeout=0.05, **kwargs)

    async with serving(None) as service:
        with Hasty() as session:
            await failure(session, Request(service.url, **SECRETS), TimeoutError)


async def test_a_refused_connection_is_said(session):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound, but not listening
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/x"
        error = await failure(session, Request(url, **SECRETS))
    assert str(error) == f"no answer from acme at {url}: Connection refused"


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[1, 2",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[1, ",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[1, 2\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + b"1" * 2_000_000,
    ],
)
async def test_a_body_cut_short_is_no_answer(session, reply):
    async with serving(reply) as service:
        error = await failure(session, Request(service.url, **SECRETS))
    assert str(error) == f"no answer from acme at {service.url}: the answer was cut short"


async def test_a_connection_closed_without_a_word_is_no_answer(session):
    async with serving(b"") as service:
        error = await failure(session, Request(service.url, "POST", **SECRETS))
    assert "the connection was closed before an answer" in str(error)


async def test_what_is_not_http_is_no_answer(session):
    async with serving(b"SSH-2.0-OpenSSH_9.6\r\n\r\n") as service:
        error = await failure(session, Request(service.url, **SECRETS))
    assert str(error) == f"no answer from acme at {service.url}: it does not speak HTTP"


async def test_a_name_that_nobody_has_is_said(session):
    error = await failure(session, Request("https://acme.invalid/x", **SECRETS))
    assert str(error).startswith("no answer from acme at https://acme.invalid/x: ")


@pytest.mark.parametrize(
    ("proxy", "kind", "said"),
    [
        ("http://ana:hush@127.0.0.1:1", ConnectionError, "the proxy refused, or is not there"),
        ("http://[hush", ConfigurationError, "the session's proxy makes no sense"),
        ("http:///", ConfigurationError, "the session's proxy makes no sense"),
    ],
)
async def test_a_proxy_that_is_of_no_use_is_said(session, proxy, kind, said):
    session.proxies = {"https": proxy}
    error = await failure(session, Request("https://acme.example/x", **SECRETS), kind)
    assert said in str(error)


# what cannot be sent


@pytest.mark.parametrize("url", ["https://[::1", "https://acme.example:99999/", "/x", "", "ftp://a.b/"])
async def test_an_address_that_is_none_is_refused(session, url):
    error = await failure(session, Request(url, **SECRETS), ConfigurationError)
    assert "cannot be sent" in str(error)


@pytest.mark.parametrize("value", ["Bearer hush\r\nX-Admin: 1", "hush ☂"])
async def test_a_header_that_makes_no_sense_is_refused(session, value):
    async with serving(ok()) as service:
        request = Request(service.url, headers={"Authorization": value})
        await failure(session, request, ConfigurationError)
    assert service.received == []


# trust


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def context(authority):
    it = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(it)
    return it


async def test_a_certificate_that_nobody_trusts_is_refused(session, context):
    async with serving(ok(), context=context) as service:
        error = await failure(session, Request(f"{service.url}/x", **SECRETS), CertificateError)
    assert str(error) == f"acme showed a certificate that is not trusted at {service.url}/x"
    assert "session.verify" in error.hint
    assert service.received == []


async def test_a_session_may_trust_an_authority_and_show_a_certificate_of_its_own(
    session, authority, context, tmp_path
):
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    authority.issue_cert("ana@acme.example").private_key_and_cert_chain_pem.write_to_path(tmp_path / "me.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    session.verify = str(tmp_path / "ca.pem")
    async with serving(ok(b"[]"), context=context) as service:
        error = await failure(session, Request(service.url, **SECRETS))
        assert type(error) is ConnectionError
        session.cert = str(tmp_path / "me.pem")
        assert (await sender(session)(Request(service.url))).body == b"[]"
    assert len(service.received) == 1


@pytest.mark.parametrize("setting", ["verify", "cert"])
async def test_a_file_that_is_not_there_is_said(session, context, setting, tmp_path):
    setattr(session, setting, str(tmp_path / "none.pem"))
    async with serving(ok(), context=context) as service:
        error = await failure(session, Request(service.url, **SECRETS), ConfigurationError)
    assert "names a file that is not there" in str(error)


# who stops waiting


async def test_who_is_cancelled_waits_for_no_thread(session):
    async with serving(None) as service:
        task = asyncio.create_task(sender(session)(Request(service.url)))
        await until(lambda: service.received)
        started = time.perf_counter()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.perf_counter() - started < 1.0


async def test_a_body_that_nobody_waits_for_is_read_no_further(session):
    before = threading.active_count()
    heard = asyncio.Event()
    async with halting(200, b"first, ", b"and the rest") as (url, _):
        send = sender(session)(Request(url, heard=lambda *start: heard.set()))
        task = asyncio.create_task(send)
        await heard.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: threading.active_count() <= before)


class Patient(requests.Session):
    """Waits for as long as it takes."""

    def request(self, *args, timeout, **kwargs):
        with self:
            return super().request(*args, timeout=60, **kwargs)


async def test_an_answer_that_comes_too_late_is_not_read():
    """The thread is still waiting for the head when we leave."""
    before = threading.active_count()
    go_on = asyncio.Event()

    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        await go_on.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + b"1" * 1_000_000)
        await reader.read()  # until they close the connection

    async with running(answer) as url:
        with pytest.raises(TimeoutError):
            await sender(Patient(), timeout=0.1)(Request(url))
        go_on.set()
        await until(lambda: threading.active_count() <= before)


async def test_closing_ends_what_is_waited_for_and_what_waits_for_room(session):
    async with serving(None) as service:
        send = sender(session, pool_size=1)
        tasks = [asyncio.create_task(send(Request(service.url))) for _ in range(3)]
        await until(lambda: service.received)
        await send.close()
        errors = await asyncio.gather(*tasks, return_exceptions=True)
        await send.close()
    assert {str(error) for error in errors} == {"the connection to acme was closed"}
    assert {type(error) for error in errors} == {ConnectionError}
    assert len(service.received) == 1


def test_a_loop_that_ends_leaves_its_threads(session):
    """`asyncio.run` waits for no thread of ours, and what comes too late is told to nobody."""
    told = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"

        async def give_up():
            with pytest.raises(TimeoutError):
                await sender(session, timeout=0.1)(Request(url, heard=lambda *start: told.append(start)))

        before = threading.active_count()
        started = time.perf_counter()
        asyncio.run(give_up())
        assert time.perf_counter() - started < 2.0
        peer, _ = server.accept()
        peer.recv(1000)
        peer.sendall(ok(b"[]"))
        deadline = time.monotonic() + 5
        while threading.active_count() > before and time.monotonic() < deadline:
            time.sleep(0.01)
        peer.close()
    assert told == []
    assert threading.active_count() <= before


async def test_the_thread_sees_the_context_of_who_asks(session):
    told = []
    session.hooks["response"] = lambda answer, **_: told.append(TRACE.get())
    TRACE.set("7")
    async with serving(ok()) as service:
        await sender(session)(Request(service.url))
    assert told == ["7"]


# what is no session


@pytest.mark.parametrize(
    ("session", "said"),
    [
        (requests.Session, "session is the class: give a requests.Session()"),
        (requests, "session is a module: give"),
        (7, "session is a int: give"),
    ],
)
def test_what_is_no_session_is_refused(session, said):
    with pytest.raises(ConfigurationError) as raised:
        sender(session)
    assert said in str(raised.value)
    assert (raised.value.field, raised.value.connector) == ("session", "acme")


@pytest.mark.parametrize("verify_ssl", [False, "ca.pem"])
def test_a_setting_that_the_session_would_not_heed_is_refused(session, verify_ssl):
    with pytest.raises(ConfigurationError, match=r"set session\.verify instead") as raised:
        sender(session, verify_ssl=verify_ssl)
    assert raised.value.field == "verify_ssl"


# responses


@responses.activate
async def test_what_responses_plays_is_an_answer(session):
    responses.get("https://acme.example/a", json={"records": []}, headers={"X-Request-ID": "r-1"})
    responses.get(
        "https://acme.example/b", body=gzip.compress(b"[]"), headers={"Content-Encoding": "gzip"}, status=201
    )
    responses.get("https://acme.example/c", body=requests.ConnectionError("hush"))
    send = sender(session)
    first = await send(Request("https://acme.example/a", params={"q": "x"}))
    assert (first.status, first.body, first.request_id) == (200, b'{"records": []}', "r-1")
    second = await send(Request("https://acme.example/b"))
    assert (second.status, gzip.decompress(second.body)) == (201, b"[]")
    await failure(session, Request("https://acme.example/c"))
    await failure(session, Request("https://acme.example/d", **SECRETS))
    assert [call.request.url for call in responses.calls][:2] == [
        "https://acme.example/a?q=x",
        "https://acme.example/b",
    ]


# bodies that are too big


async def test_a_body_that_is_announced_too_big_is_not_read(session):
    async with serving(
        b"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n" + b"x" * 50, closes=False
    ) as service:
        error = await failure(session, Request(service.url, **SECRETS), LimitError, max_body=100)
    assert "more than 100 bytes" in str(error)


async def test_a_body_that_grows_too_big_is_read_no_further(session):
    head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
    async with serving(head + b"x" * 5000, closes=False) as service:
        await failure(session, Request(service.url), LimitError, max_body=100)


async def test_a_body_that_an_adapter_gives_may_be_too_big_too(session):
    session.mount("http://acme.example", Answering(b"x" * 101))
    await failure(session, Request("http://acme.example"), LimitError, max_body=100)
