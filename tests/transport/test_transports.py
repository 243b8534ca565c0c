"""Requests over real sockets, to a service that says what each test wants, by either transport."""

import asyncio
import builtins
import gzip
import ipaddress
import socket
import ssl
import traceback
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.client import HTTPException

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

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
from spyro_sdk.transport import plain
from spyro_sdk.transport.aiohttp import AiohttpTransport, translated
from spyro_sdk.transport.plain import PlainTransport

from .wire import halting, ok, running, serving

pytestmark = pytest.mark.anyio
SECRETS = {"params": {"access_token": "hush-param"}, "headers": {"Authorization": "Bearer hush-header"}}
TRANSPORTS = {"aiohttp": AiohttpTransport, "plain": PlainTransport}
USED = {}


@pytest.fixture(autouse=True, params=TRANSPORTS)
def transport(request):
    """The transport that `sending` makes."""
    USED["kind"] = TRANSPORTS[request.param]


@asynccontextmanager
async def sending(**settings):
    send = USED["kind"](ConnectorConfig("acme", auth_type="none", **{"timeout": 10.0, **settings}))
    try:
        yield send
    finally:
        await send.close()


async def failure(request, kind=ConnectionError, **settings):
    """The error that a request ends with; no secret is in it, nor in anything a traceback shows."""
    async with sending(**settings) as send:
        with pytest.raises(ConnectorError) as caught:
            await send(request)
    error = caught.value
    assert type(error) is kind
    assert error.connector == "acme"
    assert error.__cause__ is None
    assert error.__context__ is None
    assert "hush" not in "".join(traceback.format_exception(error))
    assert "hush" not in repr(vars(error))
    return error


# there and back


async def test_a_request_arrives_as_it_was_meant():
    async with serving(ok(b"[]", b"X-Request-ID: r-1")) as service, sending() as send:
        request = Request(f"{service.url}/a%2Fb?c=%20", "POST", {"q": "é &"}, {"X-Tenant": "7"}, b'{"a": 1}')
        response = await send(request)
    ((head, body),) = service.received
    assert head.startswith("POST /a%2Fb?c=%20&q=%C3%A9+%26 HTTP/1.1\r\n")
    assert "X-Tenant: 7\r\n" in head
    assert body == b'{"a": 1}'
    assert (response.status, response.body, response.request_id) == (200, b"[]", "r-1")


async def test_headers_of_the_configuration_go_along_unless_the_request_says_otherwise():
    async with serving(ok()) as service, sending(headers={"X-Tenant": "7", "X-Plan": "a"}) as send:
        await send(Request(service.url, headers={"X-Plan": "b"}))
    head = service.received[0][0]
    assert "X-Tenant: 7\r\n" in head
    assert "X-Plan: b\r\n" in head
    assert "X-Plan: a\r\n" not in head
    assert "Accept-Encoding: gzip, deflate\r\n" in head


async def test_names_of_headers_come_in_lower_case():
    async with serving(ok(b"", b"Retry-After: 7", b"X-RateLimit-Remaining: 5")) as service, sending() as send:
        headers = (await send(Request(service.url))).headers
    assert (headers["retry-after"], headers["x-ratelimit-remaining"]) == ("7", "5")
    assert list(headers) == [name.lower() for name in headers]


async def test_a_header_that_comes_in_two_lines_is_one_list():
    links = (
        b"Link: </items?page=2>; rel=next\r\nX-Rate: 1\r\nx-rate: 2\r\nlink: </items?page=9>; rel=last\r\n"
    )
    async with (
        serving(b"HTTP/1.1 200 OK\r\n" + links + b"Content-Length: 0\r\n\r\n") as service,
        sending() as send,
    ):
        headers = (await send(Request(service.url))).headers
    assert headers["link"] == "</items?page=2>; rel=next, </items?page=9>; rel=last"
    assert headers["x-rate"] == "2"


@pytest.mark.parametrize("status", [b"204 No Content", b"404 Not Found", b"429 Too Many", b"500 Oh"])
async def test_any_status_is_an_answer(status):
    reply = b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n"
    async with serving(reply) as service, sending() as send:
        assert (await send(Request(service.url))).status == int(status[:3])


async def test_a_compressed_body_comes_as_it_was_sent():
    packed = gzip.compress(b'{"records": []}' * 1000)
    async with serving(ok(packed, b"Content-Encoding: gzip")) as service, sending() as send:
        response = await send(Request(service.url))
    assert response.body == packed
    assert response.headers["content-encoding"] == "gzip"


async def test_a_body_in_chunks_comes_whole():
    reply = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
    async with serving(reply) as service, sending() as send:
        assert (await send(Request(service.url))).body == b"hello world"


async def test_a_redirect_is_not_followed():
    async with serving(ok()) as elsewhere:
        reply = f"HTTP/1.1 302 Found\r\nLocation: {elsewhere.url}/login\r\nContent-Length: 0\r\n\r\n"
        async with serving(reply.encode()) as service, sending() as send:
            response = await send(Request(service.url, headers={"Authorization": "Bearer hush"}))
    assert response.status == 302
    assert response.headers["location"].endswith("/login")
    assert elsewhere.received == []


async def test_no_cookie_is_kept():
    reply = ok(b"", b"Set-Cookie: session=hush; Path=/")
    async with serving(reply, closes=False) as service, sending() as send:
        await send(Request(service.url))
        await send(Request(service.url))
    assert "Cookie" not in service.received[1][0]


async def test_a_connection_is_used_again():
    async with serving(ok(), closes=False) as service, sending() as send:
        for _ in range(3):
            await send(Request(service.url))
    assert (service.connections, len(service.received)) == (1, 3)


@pytest.mark.parametrize("before", [0, 1])
async def test_nothing_is_sent_twice(before):
    """Not even a GET on a kept connection which the service closes without a word."""
    received = []

    async def answer_some(reader, writer):
        for reply in [ok()] * before + [b""]:
            received.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(reply)
        writer.close()

    server = await asyncio.start_server(answer_some, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with sending() as send:
        for _ in range(before):
            await send(Request(url))
        with pytest.raises(ConnectionError, match="closed before an answer"):
            await send(Request(url))
    server.close()
    assert len(received) == before + 1


async def test_no_more_connections_are_opened_than_allowed():
    async with serving(ok(), closes=False) as service, sending(pool_size=2) as send:
        await asyncio.gather(*(send(Request(service.url)) for _ in range(20)))
    assert service.connections <= 2
    assert len(service.received) == 20


async def test_a_connection_that_the_service_has_closed_is_not_used_again():
    async with serving(ok()) as service, sending() as send:
        for _ in range(3):
            await send(Request(service.url))
            await asyncio.sleep(0.02)  # until the service's farewell is here
    assert (service.connections, len(service.received)) == (3, 3)


# who does not wait


class Halfway:
    """Says the half of an answer, and the rest when `go_on` is set."""

    def __init__(self, header):
        self.header = header
        self.came, self.go_on, self.gone = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.connections = 0

    async def __call__(self, reader, writer):
        self.connections += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n" + self.header + b"\r\n12345")
        self.came.set()
        rest = asyncio.create_task(self.rest(writer))
        with suppress(OSError):
            await reader.read()  # until who asked goes away
        self.gone.set()
        rest.cancel()

    async def rest(self, writer):
        await self.go_on.wait()
        writer.write(b"6789")


@asynccontextmanager
async def halfway(header=b"", context=None):
    service = Halfway(header)
    async with running(service, context=context) as service.url:
        yield service


@pytest.mark.parametrize("header", [b"", b"Connection: close\r\n"])
@pytest.mark.parametrize("is_secure", [False, True])
async def test_who_is_cancelled_leaves_nothing_behind(header, is_secure, context):
    async with (
        halfway(header, context if is_secure else None) as service,
        sending(timeout=60, verify_ssl=False) as send,
    ):
        asking = asyncio.create_task(send(Request(service.url)))
        await asyncio.wait_for(service.came.wait(), 10)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await asyncio.wait_for(service.gone.wait(), 10)


async def test_who_is_cancelled_before_its_turn_asks_nothing():
    async with halfway() as service, sending(pool_size=1) as send:
        first = asyncio.create_task(send(Request(service.url)))
        await asyncio.wait_for(service.came.wait(), 10)
        with pytest.raises(builtins.TimeoutError):
            await asyncio.wait_for(send(Request(service.url)), 0.02)
        service.go_on.set()
        assert (await first).body == b"123456789"
        assert service.connections == 1


async def test_who_waits_no_longer_leaves_nothing_behind():
    async with halfway() as service, sending(timeout=0.05) as send:
        with pytest.raises(TimeoutError):
            await send(Request(service.url))
        await asyncio.wait_for(service.gone.wait(), 10)


async def test_what_is_answered_after_the_end_leaves_nothing_behind_either():
    async with halfway() as service:
        send = PlainTransport(ConnectorConfig("acme", auth_type="none"))
        asking = asyncio.create_task(send(Request(service.url)))
        await asyncio.wait_for(service.came.wait(), 10)
        await send.close()  # a share in the pool would have ended what still waits
        service.go_on.set()
        assert (await asking).body == b"123456789"
        await asyncio.wait_for(service.gone.wait(), 10)


# no answer


async def test_a_service_that_is_silent_is_left_in_time():
    async with serving(None) as service:
        error = await failure(Request(f"{service.url}/slow", **SECRETS), TimeoutError, timeout=0.05)
    assert str(error) == f"acme did not answer in time at {service.url}/slow"


async def test_a_body_that_trickles_is_left_in_time():
    async with serving(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1", closes=False) as service:
        await failure(Request(service.url), TimeoutError, timeout=0.05)


async def test_a_refused_connection_is_said():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound, but not listening
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/x"
        error = await failure(Request(url, **SECRETS))
    assert str(error).startswith(f"no answer from acme at {url}: ")
    assert any(words in str(error) for words in ("Connect call failed", "Connection refused"))


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[1, 2",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[1, ",
    ],
)
async def test_a_body_cut_short_is_no_answer(reply):
    async with serving(reply) as service:
        error = await failure(Request(service.url, **SECRETS))
    assert str(error) == f"no answer from acme at {service.url}: the answer was cut short"


async def test_a_connection_closed_without_a_word_is_no_answer():
    async with serving(b"") as service:
        error = await failure(Request(service.url, "POST", **SECRETS))
    assert "the connection was closed before an answer" in str(error)


async def test_a_connection_that_is_reset_is_no_answer():
    def reset(reader, writer):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        writer.transport.abort()

    server = await asyncio.start_server(reset, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    error = await failure(Request(url, "POST", body=b"x", **SECRETS))
    server.close()
    assert str(error).startswith(f"no answer from acme at {url}: ")


async def test_what_is_not_http_is_no_answer():
    async with serving(b"SSH-2.0-OpenSSH_9.6\r\n\r\n") as service:
        error = await failure(Request(service.url, **SECRETS))
    assert str(error) == f"no answer from acme at {service.url}: it does not speak HTTP"


async def test_a_name_that_nobody_has_is_said():
    error = await failure(Request("https://acme.invalid/x", **SECRETS))
    assert str(error).startswith("no answer from acme at https://acme.invalid/x: ")


# what cannot be sent


@pytest.mark.parametrize(
    "url",
    ["https://[::1", "https://acme.example:99999/", f"https://{'a' * 70}.invalid", "https://a..b", "/x", ""],
)
async def test_an_address_that_is_none_is_refused(url):
    error = await failure(Request(url, **SECRETS), ConfigurationError)
    assert "cannot be sent" in str(error)


async def test_a_header_with_a_line_break_is_refused():
    async with serving(ok()) as service:
        request = Request(service.url, headers={"Authorization": "Bearer hush\r\nX-Admin: 1"})
        await failure(request, ConfigurationError)
    assert service.received == []


# trust


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1 that only itself vouches for, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "acme.example")])
    now = datetime.now(UTC)
    host = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    built = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(host, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "acme.pem"
    path.write_bytes(
        built.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return path


@pytest.fixture
def context(certificate):
    it = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    it.load_cert_chain(certificate)
    return it


async def test_a_certificate_that_nobody_trusts_is_refused(context):
    async with serving(ok(), context=context) as service:
        error = await failure(Request(f"{service.url}/x", **SECRETS), CertificateError)
    assert str(error) == f"acme showed a certificate that is not trusted at {service.url}/x"
    assert service.received == []


@pytest.mark.parametrize("kind", [str, lambda path: path, lambda path: False])
async def test_a_certificate_may_be_trusted_on_purpose(certificate, context, kind):
    async with (
        serving(ok(b"[]"), context=context) as service,
        sending(verify_ssl=kind(certificate)) as send,
    ):
        assert (await send(Request(service.url))).body == b"[]"


async def test_a_service_without_tls_is_no_answer():
    def greet(reader, writer):
        writer.write(b"220 acme.example ready\r\n")
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    error = await failure(Request(url, **SECRETS))
    server.close()
    assert str(error).startswith(f"no answer from acme at {url}: ")


@pytest.mark.parametrize("content", [None, b"", b"hush"])
async def test_a_file_without_certificates_is_refused(tmp_path, content):
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        USED["kind"](ConnectorConfig("acme", auth_type="none", verify_ssl=str(path)))
    assert caught.value.field == "verify_ssl"
    assert str(path) in str(caught.value)
    assert "hush" not in str(caught.value)


# in words


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(101, "Network is unreachable"), "Network is unreachable"),
        (OSError(), "the connection broke"),
        (aiohttp.ClientConnectionError("hush"), "ClientConnectionError"),
    ],
)
async def test_what_went_wrong_is_said_without_an_address(error, said):
    assert str(translated(error, "acme")) == f"no answer from acme: {said}"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(101, "Network is unreachable"), "Network is unreachable"),
        (OSError(), "the connection broke"),
        (HTTPException("hush"), "it does not speak HTTP"),
    ],
)
async def test_what_went_wrong_in_the_standard_library_is_said_without_an_address(error, said):
    words = str(plain.translated(error, "acme", Request("https://acme.example/x")))
    assert words == f"no answer from acme at https://acme.example/x: {said}"


# the first bytes


async def test_the_first_bytes_of_a_good_answer_are_told_while_the_rest_is_on_its_way():
    heard = []
    async with halting(200, b"first, ", b"and the rest") as (url, go_on), sending() as send:

        def hear(start, encoding):
            heard.append((start, encoding))
            go_on.set()  # nothing else would let the answer end

        response = await send(Request(url, heard=hear))
    assert response.body == b"first, and the rest"
    assert heard == [(b"first, ", "gzip")]


async def test_the_first_bytes_of_an_error_are_told_to_nobody():
    heard = []
    async with halting(503, b"no", b"t now") as (url, go_on), sending() as send:
        go_on.set()
        response = await send(Request(url, heard=lambda *start: heard.append(start)))
    assert (response.status, response.body, heard) == (503, b"not now", [])


async def test_a_good_answer_without_a_body_is_told_as_well():
    heard = []
    async with serving(ok()) as service, sending() as send:
        response = await send(Request(service.url, heard=lambda *start: heard.append(start)))
    assert (response.body, heard) == (b"", [(b"", None)])


# bodies that are too big


@pytest.mark.parametrize("size", [101, 1 << 20])
async def test_a_body_that_is_announced_too_big_is_not_read(size):
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size
    async with serving(head + b"x" * 50, closes=False) as service:
        error = await failure(Request(service.url, **SECRETS), LimitError, max_body=100)
    assert "answers GET" in str(error)
    assert "more than 100 bytes" in str(error)


@pytest.mark.parametrize("status", [200, 503])
async def test_a_body_that_grows_too_big_is_read_no_further(status):
    head = b"HTTP/1.1 %d So\r\nConnection: close\r\n\r\n" % status
    async with serving(head + b"x" * 5000, closes=False) as service:
        await failure(Request(service.url), LimitError, max_body=100)


async def test_a_body_may_be_as_big_as_allowed():
    async with serving(ok(b"x" * 100)) as service, sending(max_body=100) as send:
        assert len((await send(Request(service.url))).body) == 100
