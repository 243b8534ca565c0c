"""Whose certificates are trusted, by each transport; a doubt ends the matter."""

import datetime
import os
import ssl

import pytest
import requests
import trustme

from spyro_sdk.config import ConnectorConfig
from spyro_sdk.connector import BaseConnector
from spyro_sdk.entity import Entity
from spyro_sdk.errors import CertificateError, ConfigurationError
from spyro_sdk.http import Request
from spyro_sdk.rest import RestConnector
from spyro_sdk.transport.aiohttp import AiohttpTransport
from spyro_sdk.transport.plain import PlainTransport
from spyro_sdk.transport.requests import RequestsTransport
from spyro_sdk.transport.trust import VARIABLES, trusted
from spyro_sdk.transport.ways import Ways

from .wire import ok, serving

LONG_AGO = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def file(authority, tmp_path):
    authority.cert_pem.write_to_path(path := tmp_path / "ca.pem")
    return str(path)


def serving_as(authority, *names, **more):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names, **more).configure_cert(context)
    return serving(ok(b"[]"), context=context)


def by_aiohttp(config, path):
    return AiohttpTransport(config, Ways(config, {"SSL_CERT_FILE": path} if path else {}))


def by_plain(config, path):
    return PlainTransport(config, Ways(config, {"SSL_CERT_FILE": path} if path else {}))


def by_requests(config, path):
    session = requests.Session()
    session.trust_env = False
    session.verify = path or True
    return RequestsTransport(config, session)


either = pytest.mark.parametrize("transport", [by_aiohttp, by_plain, by_requests])
ours = pytest.mark.parametrize("transport", [AiohttpTransport, PlainTransport])


def config(**settings):
    return ConnectorConfig("acme", **{"auth_type": "none", "timeout": 10.0, **settings})


async def asked(transport, url, path=None, **settings):
    send = transport(config(**settings), path)
    try:
        return await send(Request(url, headers={"Authorization": "Bearer hush"}))
    finally:
        await send.close()


@pytest.mark.anyio
@either
async def test_an_authority_of_ones_own_is_trusted_where_it_is_named(transport, authority, file):
    async with serving_as(authority, "127.0.0.1") as service:
        assert (await asked(transport, service.url, file)).body == b"[]"


DOUBTS = {
    "an authority that nobody knows": ({"names": ["127.0.0.1"]}, False),
    "another host": ({"names": ["acme.example"]}, True),
    "too old": ({"names": ["127.0.0.1"], "not_before": LONG_AGO, "not_after": LONG_AGO}, True),
}


@pytest.mark.anyio
@either
@pytest.mark.parametrize("doubt", DOUBTS)
async def test_a_doubtful_certificate_is_refused_before_a_secret_is_sent(transport, doubt, authority, file):
    issued, is_known = DOUBTS[doubt]
    names, more = issued["names"], {key: it for key, it in issued.items() if key != "names"}
    async with serving_as(authority, *names, **more) as service:
        with pytest.raises(CertificateError, match="not trusted") as raised:
            await asked(transport, service.url, file if is_known else None)
    assert service.received == []
    assert "hush" not in str(raised.value)


class Acme(RestConnector):
    name = "acme"
    offers = (Entity("Customer", "/customers"),)


@pytest.mark.anyio
@either
async def test_no_doubt_is_tried_again_nor_gone_around(transport, authority):
    """One connection, to the port that was given, and the end of it."""
    async with serving_as(authority, "127.0.0.1") as service:
        given = config(base_url=service.url, retry_count=5, retry_delay=0.001)
        connector: BaseConnector = Acme(given, transport=transport(given, None))
        attempts = []
        connector.observe(lambda event: attempts.append(type(event).__name__))
        async with connector.connection_context():
            with pytest.raises(CertificateError):
                await connector.get_sample_data("Customer")
    assert attempts.count("Attempted") == 1
    assert "Retried" not in attempts
    assert service.received == []


# where certificates are looked for


@pytest.mark.anyio
@ours
@pytest.mark.parametrize("variable", VARIABLES)
async def test_the_environment_may_name_a_file(transport, variable, authority, file):
    async with serving_as(authority, "127.0.0.1") as service:
        send = transport(config(), Ways(config(), {variable: file}))
        assert (await send(Request(service.url))).body == b"[]"
        await send.close()


def test_what_is_given_goes_before_the_environment(file):
    environment = {"SSL_CERT_FILE": "/no/such/file"}
    assert isinstance(trusted(config(verify_ssl=file), environment), ssl.SSLContext)
    assert trusted(config(verify_ssl=False), environment) is False
    assert trusted(config(), {"SSL_CERT_FILE": ""}) is True
    assert trusted(config(), {}) is True


def test_the_first_variable_that_is_set_counts(file):
    environment = {"SSL_CERT_FILE": file, "REQUESTS_CA_BUNDLE": "/no/such/file"}
    assert isinstance(trusted(config(), environment), ssl.SSLContext)


def test_a_file_is_read_once_until_it_changes(file):
    first = trusted(config(verify_ssl=file), {})
    assert trusted(config(), {"CURL_CA_BUNDLE": file}) is first
    os.utime(file, (1, 1))
    assert trusted(config(verify_ssl=file), {}) is not first


@pytest.mark.parametrize("content", [None, b"", b"hush"])
def test_a_variable_that_names_no_certificates_is_refused(content, tmp_path):
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError) as raised:
        trusted(config(), {"REQUESTS_CA_BUNDLE": str(path)})
    assert raised.value.field == "REQUESTS_CA_BUNDLE"
    assert str(raised.value).startswith(f"REQUESTS_CA_BUNDLE={str(path)!r} cannot be")


@pytest.mark.anyio
@ours
async def test_a_variable_of_no_use_hinders_nobody_without_tls(transport):
    """The demo, for one, which is on this machine."""
    async with serving(ok(b"[]")) as service:
        send = transport(config(), Ways(config(), {"SSL_CERT_FILE": "/no/such/file"}))
        assert (await send(Request(service.url))).body == b"[]"
        with pytest.raises(ConfigurationError, match="SSL_CERT_FILE"):
            await send(Request("https://acme.invalid"))
        await send.close()


# `.netrc`


@pytest.mark.anyio
async def test_netrc_is_not_read(tmp_path, monkeypatch):
    path = tmp_path / "netrc"
    path.write_text("machine 127.0.0.1 login ana password hush\ndefault login ana password hush\n")
    path.chmod(0o600)
    monkeypatch.setenv("NETRC", str(path))
    async with serving(ok(b"[]"), closes=False) as service:
        send = AiohttpTransport(config(), Ways(config(), proxies=lambda: {"http": service.url}))
        await send(Request(service.url))
        await send(Request("http://acme.example/"))  # through a proxy on a machine that is in the file
        await send.close()
    assert len(service.received) == 2
    assert "uthorization" not in repr(service.received)
