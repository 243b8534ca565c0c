"""Every way to come in, and what is said to those who cannot."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

import spyro_sdk as spyro
from spyro_sdk.auth.oauth import JwtBearer, RefreshToken, Token
from spyro_sdk.auth.tokens import FileStore, MemoryStore, in_memory
from spyro_sdk.connectors.salesforce import Salesforce
from spyro_sdk.connectors.salesforce.signing_in import home
from spyro_sdk.demo.server import Service, serve
from spyro_sdk.errors import AuthenticationError, ConfigurationError, ConnectionError, DataFetchError
from spyro_sdk.events import Event, TokenNotKept
from spyro_sdk.http import Request, Response

from ...org import calls, data_calls

TOKEN = "/services/oauth2/token"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def sign_in(service: Service, *names: str, **settings: Any) -> spyro.Connection:
    given = {name: service.credentials[name] for name in names}
    return spyro.connect(
        "salesforce", **{"base_url": service.base_url, "retry_delay": 0.001, **given, **settings}
    )


def test_an_access_token_alone_will_do_until_it_expires(own: Service) -> None:
    with sign_in(own, "access_token") as sf:
        assert sf["Account"].count() == 1000
        assert calls(own)[TOKEN] == 0
        own.expire_tokens()
        with pytest.raises(
            AuthenticationError,
            match=r"wrong, expired or revoked \(INVALID_SESSION_ID\): get a new one, or connect",
        ) as caught:
            sf["Account"].count()
        assert caught.value.status == 401
        assert len([seen for seen in data_calls(own) if seen.status == 401]) == 1


@pytest.mark.parametrize(
    ("mode", "grants"), [("token", 0), ("auto", 0), ("refresh_token", 1), ("client_credentials", 1)]
)
def test_the_way_that_is_said_is_taken_of_all_that_are_there(own: Service, mode: str, grants: int) -> None:
    names = ("client_id", "client_secret", "access_token", "refresh_token")
    with sign_in(own, *names, auth_mode=mode) as sf:
        assert sf["Account"].count() == 1000
    assert calls(own)[TOKEN] == grants
    assert own.grants[mode] == grants * (mode in own.grants)


def test_a_token_that_is_refused_from_the_start(own: Service) -> None:
    with pytest.raises(AuthenticationError, match=r"wrong, expired or revoked \(INVALID_SESSION_ID\)"):
        sign_in(own, access_token="nonsense")


@pytest.mark.anyio
async def test_a_token_that_is_refused_when_connecting_again(own: Service) -> None:
    settings = {"base_url": own.base_url, "access_token": own.credentials["access_token"]}
    connector = Salesforce(Salesforce.configure(**settings))
    async with connector.connection_context():
        own.expire_tokens()
    with pytest.raises(AuthenticationError, match="INVALID_SESSION_ID"):
        await connector.connect()


def test_client_credentials(own: Service) -> None:
    with sign_in(own, "client_id", "client_secret") as sf:
        assert sf["Account"].count() == 1000
        own.expire_tokens()
        assert sf["Account"].count() == 1000
    assert calls(own)[TOKEN] == 2


def test_a_wrong_secret_is_told_at_once(own: Service) -> None:
    with pytest.raises(
        AuthenticationError,
        match=r"refused client_credentials: invalid_client \(invalid client credentials\)",
    ) as caught:
        sign_in(own, "client_id", client_secret="hunter2")
    assert calls(own)[TOKEN] == 1
    assert "hunter2" not in repr(caught.value) + str(caught.value)


def test_a_refresh_token(own: Service) -> None:
    with sign_in(own, "client_id", "refresh_token") as sf:
        own.expire_tokens()
        assert sf["Account"].count() == 1000
        assert calls(own)[TOKEN] == 2
        own.revoke_everything()
        with pytest.raises(AuthenticationError, match=r"refused refresh_token: invalid_grant \(expired"):
            sf["Account"].count()


def test_where_the_data_is_comes_with_the_token(own: Service) -> None:
    """No base_url at all, and an access token that alone would not say where to go."""
    known = {name: own.credentials[name] for name in ("client_id", "refresh_token", "access_token")}
    with spyro.connect("salesforce", token_url=own.base_url + TOKEN, **known) as sf:
        assert sf["Account"].count() == 1000
        assert sf["Customer"].head(1)["url"][0].startswith(own.base_url)


def test_the_instance_wins_over_the_address_that_was_given(own: Service) -> None:
    with front_desk(own.base_url, own.credentials["access_token"]) as desk:
        with spyro.connect("salesforce", base_url=desk.url, client_id="me", client_secret="x") as sf:
            assert sf["Account"].count() == 1000
        assert [form["grant_type"] for form in desk.forms] == [["client_credentials"]]


def test_an_instance_that_is_not_safe_is_refused() -> None:
    with front_desk("http://evil.example", "x") as desk, pytest.raises(ConfigurationError, match="base_url"):
        spyro.connect("salesforce", base_url=desk.url, client_id="me", client_secret="x")


def test_a_rotated_refresh_token_replaces_the_old_one(own: Service) -> None:
    with front_desk(own.base_url, own.new_access_token, refresh_token="second") as desk:
        with spyro.connect("salesforce", base_url=desk.url, client_id="me", refresh_token="first") as sf:
            own.expire_tokens()
            assert sf["Account"].count() == 1000
        assert [form["refresh_token"] for form in desk.forms] == [["first"], ["second"]]


def test_connections_with_one_refresh_token_share_what_comes_of_it(own: Service) -> None:
    with front_desk(own.base_url, own.new_access_token, refresh_token="second") as desk:
        for _ in range(2):
            with spyro.connect("salesforce", base_url=desk.url, client_id="me", refresh_token="first") as sf:
                assert sf["Account"].count() == 1000
        own.expire_tokens()
        with spyro.connect("salesforce", base_url=desk.url, client_id="me", refresh_token="first") as sf:
            assert sf["Account"].count() == 1000
        assert [form["refresh_token"] for form in desk.forms] == [["first"], ["second"]]


@pytest.mark.anyio
async def test_a_refresh_token_does_where_nothing_can_be_kept_and_that_is_told(
    own: Service, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    told: list[Event] = []
    store = FileStore(tmp_path / "file" / "tokens")
    given = {name: own.credentials[name] for name in ("client_id", "refresh_token")}
    connector = Salesforce(
        Salesforce.configure(base_url=own.base_url, **given), store=store, observers=[told.append]
    )
    async with connector.connection_context():
        assert await connector.get_sample_data("Account", 3)
    (unkept,) = [it for it in told if isinstance(it, TokenNotKept)]
    assert "file" in unkept.reason


@pytest.mark.parametrize(
    ("asked", "granted", "lacking"),
    [
        ("api refresh_token", "full refresh_token", ()),
        ("api refresh_token", "full", ("refresh_token",)),
        ("api web visualforce id", "full", ()),
        ("api chatter_api offline_access", "api refresh_token", ()),
        ("full", "api", ("full",)),
    ],
)
def test_full_includes_all_but_the_refresh_token(asked: str, granted: str, lacking: tuple[str, ...]) -> None:
    app = Salesforce(Salesforce.configure(client_id="c", scope=asked, auth_mode="browser")).app()
    assert app
    assert app.lacking(Token("t", scopes=tuple(granted.split()))) == lacking


@pytest.mark.parametrize(("mode", "nearest"), [("sfx", "sf"), ("brouser", "browser"), (7, None)])
def test_a_way_that_there_is_not_is_refused_with_all_that_there_are(mode: Any, nearest: str | None) -> None:
    with pytest.raises(ConfigurationError, match=f"auth_mode={mode!r} cannot be.* token, none, sf") as caught:
        spyro.connect("salesforce", auth_mode=mode)
    assert (caught.value.field, caught.value.connector) == ("auth_mode", "salesforce")
    assert caught.value.hint == (f"did you mean {nearest!r}?" if nearest else None)


async def nobody(request: Request) -> Response:
    raise AssertionError("nobody is asked")


def test_a_connector_with_a_transport_of_its_own_shares_nothing_unless_it_has_a_store_too() -> None:
    config = Salesforce.configure(client_id="c", refresh_token="r")
    one, other = (Salesforce(config, transport=nobody)._tokens for _ in range(2))
    assert one
    assert other
    assert isinstance(one.store, MemoryStore)
    assert one.store is not in_memory()
    assert one.store is not other.store
    store = MemoryStore()
    told = Salesforce(config, transport=nobody, store=store)._tokens
    assert told
    assert told.store is store


def test_a_refresh_token_of_the_settings_is_kept_where_tokens_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPYRO_TOKEN_STORE", str(tmp_path))
    for address in (None, "http://localhost:1"):  # which the refresh token of the settings is sent to anyway
        tokens = Salesforce(Salesforce.configure(client_id="c", refresh_token="r", base_url=address))._tokens
        assert tokens
        assert isinstance(tokens.store, FileStore)
        assert tokens.store.folder.path == tmp_path
    assert list(tmp_path.iterdir()) == [], "nothing is touched before it is needed"


def test_processes_with_one_refresh_token_in_their_environment_use_it_once(tmp_path: Path) -> None:
    script = "import spyro_sdk as spyro; print(spyro.connect('salesforce')['Account'].count())"
    with serve(records=10, wide_records=1, rotate=True) as service:
        given = {name: service.credentials[name] for name in ("client_id", "refresh_token")}
        settings = {"base_url": service.base_url, **given}
        environment = {
            **os.environ,
            **{f"SPYRO_SALESFORCE_{name.upper()}": text for name, text in settings.items()},
            "SPYRO_TOKEN_STORE": str(tmp_path / "tokens"),
        }

        def run(count: int) -> list[str]:
            begun = [
                subprocess.Popen(
                    [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, env=environment
                )
                for _ in range(count)
            ]
            return [it.communicate(timeout=60)[0] for it in begun]

        assert run(3) == ["10\n"] * 3
        assert (service.grants["refresh_token"], service.families_revoked) == (1, 0)
        service.expire_tokens()
        assert run(1) == ["10\n"], "the day after"
        assert (service.grants["refresh_token"], service.families_revoked) == (2, 0)
    for kept in (tmp_path / "tokens").glob("*.json"):
        assert given["refresh_token"] not in kept.read_text()


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def test_a_signed_assertion(key: rsa.RSAPrivateKey) -> None:
    claims: list[dict[str, Any]] = []

    def verify(assertion: str) -> bool:
        found = jwt.decode(assertion, key.public_key(), ["RS256"], options={"verify_aud": False})
        claims.append(found)
        return True

    with serve(records=10, verify=verify) as service:
        with sign_in(service, "client_id", "username", private_key=pem(key)) as sf:
            assert sf["Account"].count() == 10
            service.expire_tokens()
            assert sf["Account"].count() == 10
        assert len(claims) == 2
        assert claims[0]["sub"] == service.credentials["username"]
        assert time.time() < claims[0]["exp"] < time.time() + 300


def test_an_assertion_that_is_not_believed_and_a_key_that_is_none(
    own: Service, key: rsa.RSAPrivateKey
) -> None:
    with pytest.raises(AuthenticationError, match="user hasn't approved this consumer"):
        sign_in(own, "client_id", username="somebody@else.example", private_key=pem(key))
    with pytest.raises(AuthenticationError, match="private_key is no RSA key"):
        sign_in(own, "client_id", "username", private_key="-----BEGIN NONSENSE-----")


def test_incomplete_credentials_say_what_is_missing() -> None:
    config = Salesforce.configure(base_url="https://acme.my.salesforce.com", username="ana", password="hush")
    assert Salesforce(config).validate_config() == (
        False,
        "give base_url and access_token, or client_id and refresh_token,"
        " or base_url and client_id and client_secret, or client_id and username and private_key,"
        " or sf",
    )
    with pytest.raises(ConfigurationError, match="salesforce cannot connect: give base_url and access_token"):
        spyro.connect("salesforce", config=config)


def test_without_credentials_of_ours_the_address_of_the_org_is_needed() -> None:
    with pytest.raises(ConfigurationError, match="give base_url, the address of your org"):
        spyro.connect("salesforce", auth_type="none")


@pytest.mark.parametrize(
    "instance", ["https://10.0.0.8", "https://169.254.169.254", "http://127.0.0.1:8000", "http://[::1]:80"]
)
def test_no_login_page_sends_us_into_a_private_network(instance: str) -> None:
    token = Token("hush", extra={"instance_url": instance})
    config = Salesforce.configure(base_url="https://acme.my.salesforce.com", access_token="t")
    with pytest.raises(ConfigurationError, match="an address of a private network") as raised:
        home(token, config)
    assert "hush" not in str(raised.value)
    inside = replace(config, base_url="https://10.0.0.7")
    assert home(token, inside) == instance


@pytest.mark.parametrize("instance", ["http://globex.my.salesforce.com", "file:///etc/passwd", "ftp://a.b"])
def test_no_login_page_sends_us_where_nothing_is_encrypted(instance: str) -> None:
    config = Salesforce.configure(base_url="https://acme.my.salesforce.com", access_token="t")
    with pytest.raises(ConfigurationError, match="base_url"):
        home(Token("hush", extra={"instance_url": instance}), config)


def test_login_is_where_no_other_address_is_known() -> None:
    config = Salesforce.configure(client_id="me", refresh_token="x")
    grant = Salesforce(config).auth().grant
    assert isinstance(grant, RefreshToken)
    assert grant.token_url == "https://login.salesforce.com/services/oauth2/token"


@pytest.mark.parametrize(
    ("where", "audience"),
    [
        ({}, "https://login.salesforce.com"),
        ({"base_url": "https://acme.my.salesforce.com"}, "https://login.salesforce.com"),
        ({"base_url": "https://acme--dev.sandbox.my.salesforce.com"}, "https://test.salesforce.com"),
        ({"token_url": "https://test.salesforce.com/services/oauth2/token"}, "https://test.salesforce.com"),
        ({"base_url": "http://127.0.0.1:8080"}, "http://127.0.0.1:8080"),
    ],
)
def test_an_assertion_is_addressed_to_the_login_page(where: dict[str, str], audience: str) -> None:
    grant = (
        Salesforce(Salesforce.configure(client_id="me", username="u", private_key="k", **where)).auth().grant
    )
    assert isinstance(grant, JwtBearer)
    assert grant.audience == audience


OBJECTS = "/services/data/v{}/sobjects"


@pytest.mark.parametrize(
    ("versions", "retired", "spoken"),
    [(range(59, 66), (), "65.0"), (range(59, 70), (67,), "69.0")],
    ids=["too new for the org", "retired"],
)
def test_an_org_without_the_version_we_know_is_asked_by_its_newest(
    own: Service, monkeypatch: pytest.MonkeyPatch, versions: range, retired: tuple[int, ...], spoken: str
) -> None:
    monkeypatch.setattr("spyro_sdk.demo.salesforce.VERSIONS", versions)
    monkeypatch.setattr("spyro_sdk.demo.salesforce.RETIRED", retired)
    with sign_in(own, "access_token") as sf:
        assert sf.identity.api == spoken
        assert sf.fetch("Account").count() == own.count("Account")
    asked = [it.path for it in own.requests][:3]
    assert asked == [OBJECTS.format("67.0"), "/services/data/", OBJECTS.format(spoken)]


def test_a_version_that_was_asked_for_and_is_not_there_is_told(own: Service) -> None:
    with pytest.raises(DataFetchError, match=r"404 \(NOT_FOUND\)"):
        sign_in(own, "access_token", api_version="99.0")
    assert [it.path for it in own.requests] == [OBJECTS.format("99.0")]


def test_where_the_newest_is_the_one_that_was_refused_that_is_told(own: Service) -> None:
    own.fail(n=9, status=404, path=OBJECTS.format("67.0"))
    with pytest.raises(DataFetchError, match="404"):
        sign_in(own, "access_token")
    assert [it.path for it in own.requests] == [OBJECTS.format("67.0"), "/services/data/"]


def test_an_address_that_is_not_salesforce_is_told(own: Service) -> None:
    for answer in ({"hello": "world"}, [], [{"label": "Spring"}], [{"version": "new"}], [1]):
        own.behave()
        own.fail(n=9, status=200, body=answer, path="/services/data/")
        with pytest.raises(ConfigurationError, match="does not answer like Salesforce") as caught:
            sign_in(own, "access_token")
        assert caught.value.field == "base_url"


def test_nobody_at_home_and_trouble_at_the_door(own: Service) -> None:
    with pytest.raises(ConnectionError, match="no answer from salesforce"):
        spyro.connect("salesforce", base_url="http://127.0.0.1:9", access_token="x", retry_count=0)
    own.fail(n=9, status=503, path=TOKEN)
    with pytest.raises(DataFetchError, match="the token endpoint answered 503"):
        sign_in(own, "client_id", "client_secret", retry_count=1)
    own.behave()
    own.fail(n=1, status=503, path=TOKEN)
    with sign_in(own, "client_id", "client_secret", retry_count=1):
        pass


def test_plain_http_is_for_this_machine_alone() -> None:
    with pytest.raises(
        ConfigurationError, match=r"base_url='http://acme.example' cannot be: it must be https"
    ):
        spyro.connect("salesforce", base_url="http://acme.example", access_token="x")


def test_what_is_left_today_is_read_whatever_stands_beside_it() -> None:
    config = Salesforce.configure(base_url="https://acme.example", access_token="x")
    quota = Salesforce(config).quota
    for header, left in (
        ("api-usage=18/5000", 4982),
        ("api-usage=18/5000; per-app-api-usage=17/250(appName=x)", 4982),
        ("per-app-api-usage=17/250(appName=x), api-usage=18/5000", 4982),
        ("api-usage=10018/100000, api-bursts=1/750", 89982),
        ("api-usage=6000/5000", 0),
    ):
        found = quota(Response(200, {"sforce-limit-info": header}, b""))
        assert found
        assert found.remaining == left
    assert quota(Response(200, {}, b"")) is None


class Desk(HTTPServer):
    """A token endpoint that sends its guests elsewhere."""

    forms: list[dict[str, list[str]]]
    answer: Any

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Clerk(BaseHTTPRequestHandler):
    server: Desk

    def do_POST(self) -> None:
        form = self.rfile.read(int(self.headers["content-length"])).decode()
        self.server.forms.append(parse_qs(form))
        body = self.server.answer()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Keep quiet."""


@contextmanager
def front_desk(instance: str, token: Any, **more: str) -> Iterator[Desk]:
    desk = Desk(("127.0.0.1", 0), Clerk)
    desk.forms = []
    desk.answer = lambda: json.dumps(
        {"access_token": token() if callable(token) else token, "instance_url": instance, **more}
    ).encode()
    thread = Thread(target=desk.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield desk
    finally:
        desk.shutdown()
        thread.join()
        desk.server_close()


@pytest.mark.parametrize("asked", [61, "61", "61.0", "v61.0"])
def test_a_version_may_be_written_as_people_do(own: Service, asked: object) -> None:
    with sign_in(own, "access_token", api_version=asked) as sf:
        sf.fetch("Account").count()
    assert own.requests[-1].path == "/services/data/v61.0/query"


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"api_version": "newest"}, "api_version='newest' is none, such as '67.0'"),
        ({"decimals": "no"}, "decimals='no' is neither True nor False"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused(own: Service, option: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        sign_in(own, "access_token", **option)
