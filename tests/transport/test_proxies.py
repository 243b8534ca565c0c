"""The proxies of the environment, and who is asked without one."""

import asyncio
import socket
import ssl
import traceback
from contextlib import asynccontextmanager

import pytest
import trustme

from spyro_sdk.config import ConnectorConfig
from spyro_sdk.errors import CertificateError, ConfigurationError, ConnectionError, ConnectorError
from spyro_sdk.http import Request
from spyro_sdk.transport.aiohttp import AiohttpTransport
from spyro_sdk.transport.proxies import proxy_for
from spyro_sdk.transport.ways import Ways

from .wire import ok, running, serving

SIGNED = {"Authorization": "Bearer hush"}
KNOWN = {"https": "http://proxy.example:3128", "http": "proxy.example:3129"}


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("https://acme.example/x", "http://proxy.example:3128"),
        ("http://acme.example/x", "http://proxy.example:3129"),
        ("https://127.0.0.1:8000/x", None),
        ("https://localhost/x", None),
        ("https://[::1]:8000/x", None),
    ],
)
def test_the_proxy_of_a_scheme_is_taken_but_for_this_machine(url, proxy):
    assert proxy_for(url, KNOWN) == proxy
    assert proxy_for(url, {}) is None


def test_the_proxy_for_all_is_taken_where_there_is_none_of_its_own():
    known = {"all": "http://other.example", "http": "http://proxy.example"}
    assert proxy_for("https://acme.example", known) == "http://other.example"
    assert proxy_for("http://acme.example", known) == "http://proxy.example"


@pytest.mark.parametrize(
    ("names", "url"),
    [
        ("*", "https://acme.example"),
        ("acme.example", "https://acme.example/x"),
        ("globex.example, .ACME.example", "https://api.acme.example"),
        ("*.acme.example", "https://api.acme.example"),
        ("acme.example", "https://api.Acme.example"),
        ("acme.example:8443", "https://acme.example:8443"),
        ("10.0.0.7", "https://10.0.0.7"),
        ("10.0.0.0/8,192.168.0.0/16", "https://10.1.2.3"),
        ("fd00::/8", "https://[fd00::7]"),
    ],
)
def test_what_no_proxy_names_is_asked_without_one(names, url):
    assert proxy_for(url, {**KNOWN, "no": names}) is None


@pytest.mark.parametrize(
    ("names", "url"),
    [
        ("", "https://acme.example"),
        (",", "https://acme.example"),
        ("acme.example", "https://not-acme.example"),
        ("acme.example", "https://acme.example.globex.example"),
        ("acme.example:8443", "https://acme.example"),
        ("10.0.0.0/8", "https://11.0.0.1"),
        ("10.0.0.0/8", "https://acme.example"),
        ("10.0.0.0/99", "https://10.0.0.1"),
    ],
)
def test_others_are_asked_through_the_proxy(names, url):
    assert proxy_for(url, {**KNOWN, "no": names}) == "http://proxy.example:3128"


@pytest.mark.parametrize(
    "proxy", ["socks5://ana:hush@proxy.example", "http://", "http://[hush", "http://proxy.example:port"]
)
def test_a_proxy_that_cannot_be_used_is_not_gone_around(proxy):
    with pytest.raises(ConfigurationError, match="mend HTTPS_PROXY") as raised:
        proxy_for("https://acme.example", {"https": proxy})
    assert raised.value.field == "HTTPS_PROXY"
    assert "hush" not in str(raised.value)


# over the wire


class Proxy:
    """Connects whoever says `CONNECT` with `target`; answers all else by itself."""

    def __init__(self, target="", refusal=b""):
        self.target, self.refusal = target, refusal
        self.heads = []

    async def __call__(self, reader, writer):
        self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        if self.refusal:
            writer.write(self.refusal)
        elif self.heads[-1].startswith("CONNECT"):
            host, _, port = self.target.rpartition("://")[2].partition(":")
            near, far = (reader, writer), await asyncio.open_connection(host, int(port))
            writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
            await asyncio.gather(_pour(near[0], far[1]), _pour(far[0], near[1]))
        else:
            writer.write(ok(b"[1]"))
        await writer.drain()


async def _pour(source, sink):
    try:
        while piece := await source.read(65536):
            sink.write(piece)
    finally:
        sink.close()


@asynccontextmanager
async def sending(proxies, **settings):
    config = ConnectorConfig("acme", **{"auth_type": "none", "timeout": 10.0, **settings})
    send = AiohttpTransport(config, Ways(config, {}, lambda: proxies))
    try:
        yield send
    finally:
        await send.close()


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def trust(authority, tmp_path):
    authority.cert_pem.write_to_path(path := tmp_path / "ca.pem")
    return str(path)


def context(authority, *names, **more):
    it = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names, **more).configure_cert(it)
    return it


@pytest.mark.anyio
async def test_a_secret_goes_through_the_proxy_in_a_tunnel(authority, trust):
    """The proxy hears the name of the host and its own password, and nothing of ours."""
    async with serving(ok(b"[1]"), context=context(authority, "acme.example")) as service:
        proxy = Proxy(service.url)
        async with running(proxy) as url:
            signed = url.replace("http://", "http://ana:p%40w@")
            async with sending({"https": signed}, verify_ssl=trust) as send:
                request = Request("https://acme.example/x", headers={"Authorization": "Bearer hush"})
                assert (await send(request)).body == b"[1]"
    (head,) = proxy.heads
    assert head.startswith("CONNECT acme.example:443 HTTP/1.1\r\n")
    assert "Proxy-Authorization: Basic YW5hOnBAdw==\r\n" in head
    assert "hush" not in head
    assert "Proxy-Authorization" not in service.received[0][0]


@pytest.mark.anyio
async def test_without_tls_the_proxy_is_asked_for_the_whole_address():
    async with running(proxy := Proxy()) as url, sending({"http": url}) as send:
        assert (await send(Request("http://acme.example/x?q=%20"))).body == b"[1]"
    assert proxy.heads[0].startswith("GET http://acme.example/x?q=%20 HTTP/1.1\r\n")


@pytest.mark.anyio
async def test_this_machine_is_asked_without_the_proxy():
    async with serving(ok(b"[]")) as service, sending({"http": "http://127.0.0.1:1"}) as send:
        assert (await send(Request(service.url))).body == b"[]"


async def failure(send, url):
    with pytest.raises(ConnectorError) as raised:
        await send(Request(url, headers=SIGNED))
    assert "hush" not in "".join(traceback.format_exception(raised.value))
    return raised.value


@pytest.mark.anyio
async def test_a_proxy_that_wants_a_password_or_is_not_there_is_said():
    proxy = Proxy(refusal=b"HTTP/1.1 407 Sign In\r\nContent-Length: 0\r\n\r\n")
    async with running(proxy) as url, sending({"https": url}) as send:
        error = await failure(send, "https://acme.example")
    assert type(error) is ConnectionError
    assert str(error).endswith("the proxy answered 407")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nobody = f"http://hush:hush@127.0.0.1:{unused.getsockname()[1]}"
        async with sending({"https": nobody}) as send:
            error = await failure(send, "https://acme.example")
    assert type(error) is ConnectionError
    assert "the proxy cannot be reached" in str(error)


@pytest.mark.anyio
async def test_a_proxy_that_signs_certificates_itself_is_not_trusted_without_asking(authority):
    async with (
        serving(ok(), context=context(authority, "acme.example")) as service,
        running(Proxy(service.url)) as url,
        sending({"https": url}) as send,
    ):
        error = await failure(send, "https://acme.example")
    assert type(error) is CertificateError
    assert "SSL_CERT_FILE" in error.hint
    assert service.received == []


@pytest.mark.anyio
async def test_a_proxy_of_no_use_is_an_error_of_ours():
    async with sending({"https": "socks5://127.0.0.1:1"}) as send:
        assert type(await failure(send, "https://acme.example")) is ConfigurationError
