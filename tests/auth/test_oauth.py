"""Tokens from a real endpoint on loopback, over the real transport."""

import json
import sys
import threading
import time
import traceback
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

import anyio
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from spyro_sdk.auth.oauth import (
    LEEWAY,
    ClientCredentials,
    JwtBearer,
    OAuth,
    RefreshToken,
    Renewal,
    Token,
    grant,
    secretive,
    token_of,
)
from spyro_sdk.auth.tokens import Account, MemoryStore
from spyro_sdk.config import ConnectorConfig
from spyro_sdk.errors import AuthenticationError, DataFetchError
from spyro_sdk.guards.retry import is_transient
from spyro_sdk.http import Request, origin
from spyro_sdk.secret import Secret
from spyro_sdk.transport.aiohttp import AiohttpTransport

pytestmark = pytest.mark.anyio
REQUEST = Request("https://acme.example/x", headers={"X-Tenant": "7"})
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class Endpoint:
    """Gives out tokens t1, t2 …; `answers` says what comes instead."""

    def __init__(self, url):
        self.url = url
        self.forms, self.headers = [], []
        self.answers = {}
        self.pause = 0.0

    def answer(self, form, headers):
        self.forms.append(form)
        self.headers.append(headers)
        count = len(self.forms)
        time.sleep(self.pause)
        return self.answers.get(count, (200, {"access_token": f"t{count}", "token_type": "Bearer"}))


@contextmanager
def served():
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, answer = endpoint.answer(dict(parse_qsl(body.decode())), dict(self.headers))
            sent = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        endpoint = Endpoint(f"http://127.0.0.1:{server.server_port}/oauth/token")
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield endpoint
        server.shutdown()


@pytest.fixture
def endpoint():
    with served() as it:
        yield it


@asynccontextmanager
async def sending():
    transport = AiohttpTransport(ConnectorConfig("acme", auth_type="none", timeout=10.0))
    try:
        yield transport
    finally:
        await transport.close()


async def nobody(request):
    raise AssertionError("nobody is asked")


def client(endpoint):
    return ClientCredentials(endpoint.url, "me", "hush-secret")


async def refused(by, kind=AuthenticationError):
    """The error that a grant ends with; no secret is in it, nor in what a traceback shows of it."""
    async with sending() as send:
        with pytest.raises(kind) as caught:
            await by(send)
    assert "hush" not in "".join(traceback.format_exception_only(caught.value))
    return caught.value


@pytest.fixture(scope="module")
def key():
    return rsa.generate_private_key(65537, 2048)


def pem(key, encryption=None):
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        encryption or serialization.NoEncryption(),
    ).decode()


# grants


async def test_a_program_signs_in_for_itself(endpoint):
    async with sending() as send:
        token = await client(endpoint)(send)
    assert token.access_token == "t1"
    assert token.expires_at is None
    assert endpoint.forms == [
        {"grant_type": "client_credentials", "client_id": "me", "client_secret": "hush-secret"}
    ]
    assert endpoint.headers[0]["Content-Type"] == "application/x-www-form-urlencoded"
    assert endpoint.headers[0]["Accept"] == "application/json"
    assert endpoint.headers[0]["Accept-Encoding"] == "identity"


async def test_a_refresh_token_is_exchanged(endpoint):
    async with sending() as send:
        await RefreshToken(endpoint.url, "me", "hush-refresh", "hush-secret")(send)
        await RefreshToken(endpoint.url, "me", "hush-refresh")(send)
    form = {"grant_type": "refresh_token", "client_id": "me", "refresh_token": "hush-refresh"}
    assert endpoint.forms == [{**form, "client_secret": "hush-secret"}, form]


async def test_a_rotated_refresh_token_replaces_the_one_before(endpoint):
    endpoint.answers[1] = (200, {"access_token": "t1", "refresh_token": "r2"})
    by = RefreshToken(endpoint.url, "me", "r1")
    async with sending() as send:
        tokens = [await by(send), await by(send), await by(send)]
    assert [form["refresh_token"] for form in endpoint.forms] == ["r1", "r2", "r2"]
    assert [token.refresh_token for token in tokens] == ["r2", None, None]


async def test_a_refused_refresh_token_stays(endpoint):
    endpoint.answers[1] = (400, {"error": "invalid_grant"})
    by = RefreshToken(endpoint.url, "me", "r1")
    await refused(by)
    assert by.refresh_token == "r1"


async def test_a_signed_statement_says_who_acts_for_whom_and_until_when(endpoint, key):
    now = int(time.time())
    audience = origin(endpoint.url)
    by = JwtBearer(endpoint.url, "me", "ana@acme.example", audience, pem(key), clock=lambda: now + 0.9)
    async with sending() as send:
        assert (await by(send)).access_token == "t1"
    (form,) = endpoint.forms
    assert form.keys() == {"grant_type", "assertion"}
    assert form["grant_type"] == JWT_BEARER
    assert jwt.get_unverified_header(form["assertion"])["alg"] == "RS256"
    claims = jwt.decode(form["assertion"], key.public_key(), algorithms=["RS256"], audience=audience)
    assert claims == {"iss": "me", "sub": "ana@acme.example", "aud": audience, "exp": now + 180}


async def test_a_statement_signed_with_another_key_is_known(key):
    other = rsa.generate_private_key(65537, 2048)
    signed = JwtBearer("https://acme.example", "me", "ana", "https://acme.example", pem(other)).assertion()
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(signed, key.public_key(), algorithms=["RS256"], audience="https://acme.example")


UNFIT = {
    "empty": lambda key: "",
    "garbage": lambda key: "hush",
    "no base64": lambda key: "-----BEGIN PRIVATE KEY-----\nhush\n-----END PRIVATE KEY-----",
    "encrypted": lambda key: pem(key, serialization.BestAvailableEncryption(b"hush")),
    "of another kind": lambda key: pem(ec.generate_private_key(ec.SECP256R1())),
    "public": lambda key: (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    ),
}


@pytest.mark.parametrize("unfit", UNFIT.values(), ids=UNFIT)
async def test_a_key_that_cannot_sign_is_refused_before_anything_is_sent(key, unfit):
    text = unfit(key)
    with pytest.raises(AuthenticationError, match="no RSA key in PEM form") as caught:
        await JwtBearer("https://acme.example", "me", "ana", "https://acme.example", text)(nobody)
    assert "BEGIN PRIVATE KEY" in str(caught.value)
    assert caught.value.__suppress_context__
    assert "hush" not in "".join(traceback.format_exception_only(caught.value))


@pytest.fixture
def missing():
    """Make a module impossible to import, as Python itself offers it."""
    kept = {}

    def without(name):
        kept[name] = sys.modules.get(name)
        sys.modules[name] = None

    yield without
    for name, module in kept.items():
        sys.modules[name] = module


@pytest.mark.parametrize("module", ["jwt", "cryptography"])
async def test_without_its_extra_the_way_to_get_it_is_said(key, missing, module):
    text = pem(key)
    missing(module)
    with pytest.raises(AuthenticationError, match=r"pip install 'spyro-sdk\[jwt\]'"):
        JwtBearer("https://acme.example", "me", "ana", "https://acme.example", text).assertion()


# which grant


def configured(**settings):
    return ConnectorConfig("acme", auth_type="none", **settings)


URL = "https://login.acme.example:8443/oauth/token"


@pytest.mark.parametrize(
    ("credentials", "way"),
    [
        ({}, None),
        ({"client_id": "me"}, None),
        ({"client_secret": "s", "refresh_token": "r", "username": "ana", "private_key": "k"}, None),
        ({"client_id": "me", "client_secret": "s"}, ClientCredentials(URL, "me", "s")),
        ({"client_id": "me", "refresh_token": "r"}, RefreshToken(URL, "me", "r")),
        (
            {
                "client_id": "me",
                "client_secret": "s",
                "refresh_token": "r",
                "username": "ana",
                "private_key": "k",
            },
            RefreshToken(URL, "me", "r", "s"),
        ),
        (
            {"client_id": "me", "username": "ana", "private_key": "k", "client_secret": "s"},
            JwtBearer(URL, "me", "ana", "https://login.acme.example:8443", "k"),
        ),
        ({"client_id": "me", "username": "ana", "client_secret": "s"}, ClientCredentials(URL, "me", "s")),
    ],
)
def test_the_credentials_tell_the_grant(credentials, way):
    assert grant(configured(**credentials), URL) == way


@pytest.mark.parametrize(
    ("mode", "way"),
    [
        ("refresh_token", RefreshToken(URL, "me", "r", "s")),
        ("jwt", JwtBearer(URL, "me", "ana", "https://login.acme.example:8443", "k")),
        ("client_credentials", ClientCredentials(URL, "me", "s")),
        ("auto", RefreshToken(URL, "me", "r", "s")),
        ("browser", None),
    ],
)
def test_a_way_that_is_said_is_taken_whatever_else_there_is(mode, way):
    keys = {"refresh_token": "r", "username": "ana", "private_key": "k", "client_secret": "s"}
    config = ConnectorConfig("acme", auth_mode=mode, client_id="me", **keys)
    assert grant(config, URL) == way


@pytest.mark.parametrize(
    ("keys", "way"),
    [
        ({"username": "ana", "private_key": "k"}, JwtBearer),
        ({"client_secret": "s"}, ClientCredentials),
    ],
)
def test_of_itself_the_way_is_taken_that_there_is(keys, way):
    config = ConnectorConfig("acme", auth_mode="auto", client_id="me", **keys)
    assert isinstance(grant(config, URL), way)


def test_no_repr_holds_a_secret():
    whole = Token("hush", "hush", 5.0, {"id": "hush"})
    for it in (
        ClientCredentials(URL, "me", "hush"),
        RefreshToken(URL, "me", "hush", "hush"),
        JwtBearer(URL, "me", "ana", URL, "hush"),
        whole,
        OAuth(ClientCredentials(URL, "me", "hush"), whole),
    ):
        assert "hush" not in repr(it)


def test_what_is_secret_in_a_grant_cannot_be_shown_by_mistake():
    program = ClientCredentials(URL, "me", "hush", {"assertion": "hush"})
    again = RefreshToken(URL, "me", "hush", "hush")
    for it in (
        *(program.client_secret, program.extra["assertion"]),
        *(again.client_secret, again.refresh_token, again.renewal.client_secret),
        Renewal(URL, "me", "hush").client_secret,
        JwtBearer(URL, "me", "ana", URL, "hush").private_key,
    ):
        assert isinstance(it, Secret)


# what a token endpoint says


async def test_what_comes_with_a_token_is_kept_but_no_other_token(endpoint):
    endpoint.answers[1] = (
        200,
        {
            "access_token": "t1",
            "id_token": "hush",
            "instance_url": "https://eu1.acme.example",
            "expires_in": 60,
        },
    )
    before = time.time()
    async with sending() as send:
        token = await client(endpoint)(send)
    assert token.extra == {"instance_url": "https://eu1.acme.example", "expires_in": 60}
    assert before + 60 <= token.expires_at <= time.time() + 60


@pytest.mark.parametrize(
    ("said", "seconds"), [(60, 60), (1.5, 1.5), ("3600", 3600), (0, None), ("", None), (None, None)]
)
async def test_a_lifetime_may_come_as_number_or_text(endpoint, said, seconds):
    endpoint.answers[1] = (200, {"access_token": "t1", "expires_in": said})
    before = time.time()
    async with sending() as send:
        token = await client(endpoint)(send)
    assert token.expires_at is None if seconds is None else token.expires_at >= before + seconds


@pytest.mark.parametrize("said", ["never", [60], {"seconds": 60}, "nan", "1e400", 10**400])
async def test_a_lifetime_that_is_none_is_taken_for_unknown(endpoint, said):
    endpoint.answers[1] = (200, {"access_token": "t1", "expires_in": said})
    async with sending() as send:
        assert (await client(endpoint)(send)).expires_at is None


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_a_refusal_is_told_in_the_words_of_the_service(endpoint, status):
    endpoint.answers[1] = (status, {"error": "invalid_client", "error_description": " no such app "})
    error = await refused(client(endpoint))
    assert str(error) == "the token endpoint refused client_credentials: invalid_client (no such app)"
    assert error.status == status
    assert "client id" in error.hint
    assert not is_transient(error)


async def test_a_refusal_in_a_200_is_a_refusal(endpoint):
    endpoint.answers[1] = (200, {"error": "invalid_grant"})
    error = await refused(client(endpoint))
    assert str(error) == "the token endpoint refused client_credentials: invalid_grant"
    assert token_of({"error": "invalid_grant", "access_token": "t"}) is None


async def test_a_token_that_comes_with_a_refusal_is_not_taken(endpoint):
    endpoint.answers[1] = (400, {"access_token": "t1"})
    assert (await refused(client(endpoint))).status == 400


async def test_a_refusal_has_its_code_and_an_end(endpoint):
    endpoint.answers[1] = (400, {"error": "invalid_client", "error_description": "x" * 1000})
    error = await refused(client(endpoint))
    assert error.error_code == "invalid_client"
    said = str(error).removeprefix("the token endpoint refused client_credentials: ")
    assert said == f"invalid_client ({'x' * 300}"[:300]
    endpoint.answers[2] = (400, {"error": ["odd"]})
    assert (await refused(client(endpoint))).error_code is None


async def test_a_secret_that_is_echoed_is_not_repeated(endpoint, key):
    endpoint.answers[1] = (400, {"error": "bad", "error_description": "me has no secret 'hush-secret'"})
    error = await refused(client(endpoint))
    assert "me has no secret '***'" in str(error)
    endpoint.answers[2] = (400, {"error": "hush-refresh", "error_description": "hush-secret? " * 100})
    error = await refused(RefreshToken(endpoint.url, "me", "hush-refresh", "hush-secret"))
    assert len(str(error)) < 400
    by = JwtBearer(endpoint.url, "me", "ana", endpoint.url, pem(key))
    assertion = by.assertion()
    endpoint.answers[3] = (400, {"error": "bad", "error_description": assertion})
    assert assertion not in str(await refused(by))


@pytest.mark.parametrize(
    "answer",
    [
        *(b"", b"<html>hush</html>", b"\xff\xfe", b"[]", b'"hush"', b"null", b"[" * 200_000),
        *({}, {"access_token": None}, {"access_token": 5}, {"access_token": ""}, {"token": "hush"}),
    ],
)
@pytest.mark.parametrize("status", [200, 302, 400])
async def test_an_answer_without_a_token_is_a_refusal(endpoint, status, answer):
    endpoint.answers[1] = (status, answer)
    error = await refused(client(endpoint))
    assert "no access_token in the answer" in str(error)
    assert error.status == status


@pytest.mark.parametrize("status", [429, 500, 502, 503])
@pytest.mark.parametrize("answer", [b"<html>hush</html>", {"error": "hush", "access_token": "hush"}])
async def test_an_endpoint_in_trouble_may_be_asked_again(endpoint, status, answer):
    endpoint.answers[1] = (status, answer)
    error = await refused(client(endpoint), DataFetchError)
    assert error.status == 503
    assert str(status) in str(error)
    assert is_transient(error)


# one token for all


async def test_a_request_is_signed_with_the_token(endpoint):
    async with sending() as send:
        signed = await OAuth(client(endpoint)).sign(REQUEST, send)
    assert signed.headers == {"X-Tenant": "7", "Authorization": "Bearer t1"}
    assert REQUEST.headers == {"X-Tenant": "7"}


async def test_fifty_requests_ask_for_one_token(endpoint):
    endpoint.pause = 0.005
    renewed = []
    auth = OAuth(client(endpoint), on_renewed=renewed.append)
    signed = []

    async def sign(send):
        signed.append(await auth.sign(REQUEST, send))

    async with sending() as send, anyio.create_task_group() as tasks:
        for _ in range(50):
            tasks.start_soon(sign, send)
    assert len(endpoint.forms) == 1
    assert [it.headers["Authorization"] for it in signed] == ["Bearer t1"] * 50
    assert [token.access_token for token in renewed] == ["t1"]


async def test_who_stops_waiting_for_a_token_leaves_it_to_the_others(endpoint):
    endpoint.pause = 0.02
    auth = OAuth(client(endpoint))
    async with sending() as send:
        with anyio.move_on_after(0.001):
            await auth.fresh(send)
        assert auth.token is None
        assert (await auth.fresh(send)).access_token in ("t1", "t2")


async def test_a_failed_request_for_a_token_blocks_nobody(endpoint):
    endpoint.answers[1] = (503, b"")
    auth = OAuth(client(endpoint))
    async with sending() as send:
        with pytest.raises(DataFetchError):
            await auth.fresh(send)
        assert (await auth.fresh(send)).access_token == "t2"


@pytest.mark.parametrize(("now", "is_old"), [(0.0, False), (939.9, False), (940.0, True), (2000.0, True)])
async def test_a_token_is_renewed_before_its_end(endpoint, now, is_old):
    assert LEEWAY == 60.0
    old = Token("old", expires_at=1000.0)
    auth = OAuth(client(endpoint), old, clock=lambda: now, uniform=lambda least, most: least)
    async with sending() as send:
        assert (await auth.fresh(send)).access_token == ("t1" if is_old else "old")


@pytest.mark.parametrize(("now", "is_old"), [(909.9, False), (910.0, True)])
async def test_not_all_processes_renew_it_at_once(endpoint, now, is_old):
    old = Token("old", expires_at=1000.0)
    auth = OAuth(client(endpoint), old, clock=lambda: now, uniform=lambda least, most: most)
    async with sending() as send:
        assert (await auth.fresh(send)).access_token == ("t1" if is_old else "old")


async def test_a_token_of_unknown_lifetime_is_used_until_it_is_refused(endpoint):
    auth = OAuth(client(endpoint), Token("old"), clock=lambda: 1e12)
    assert (await auth.fresh(nobody)).access_token == "old"


async def test_a_token_given_to_us_is_used_however_old(endpoint):
    auth = OAuth(None, Token("given", expires_at=0.0))
    assert (await auth.sign(REQUEST, nobody)).headers["Authorization"] == "Bearer given"


async def test_without_token_and_grant_nothing_can_be_signed():
    with pytest.raises(AuthenticationError, match="no access token"):
        await OAuth(None).sign(REQUEST, nobody)


# a token that is refused


async def test_a_refused_token_is_replaced(endpoint):
    auth = OAuth(client(endpoint), Token("old"))
    async with sending() as send:
        first = await auth.sign(REQUEST, send)
        assert await auth.renew(first) is True
        assert (await auth.sign(REQUEST, send)).headers["Authorization"] == "Bearer t1"
    assert len(endpoint.forms) == 1


async def test_a_token_refused_to_many_is_replaced_once(endpoint):
    auth = OAuth(client(endpoint), Token("old"))
    async with sending() as send:
        signed = [await auth.sign(REQUEST, send) for _ in range(5)]
        for each in signed:
            assert await auth.renew(each) is True, "it may be tried again with the new token"
            assert (await auth.sign(REQUEST, send)).headers["Authorization"] == "Bearer t1"
    assert len(endpoint.forms) == 1


async def test_a_token_that_cannot_be_replaced_is_refused_for_good():
    auth = OAuth(None, Token("given"))
    assert await auth.renew(await auth.sign(REQUEST, nobody)) is False
    assert auth.token == Token("given")


async def test_a_refusal_by_the_token_endpoint_is_no_refused_token(endpoint):
    auth = OAuth(client(endpoint))
    assert await auth.renew(REQUEST) is False


def test_of_an_answer_only_what_is_known_to_be_harmless_is_no_secret():
    plain = ["error", "expires_in", "instance_url", "interval", "issued_at", "scope", "token_type"]
    plain.append("verification_uri")
    said = secretive(dict.fromkeys([*plain, "access_token", "user_code", "new_one"], "x"))
    assert [name for name, text in said.items() if not isinstance(text, Secret)] == plain


GRANT, REFRESH = ClientCredentials(URL, "me", "s"), Renewal(URL, "me")


def kept(grant=None, token=None, refresh=None):
    """Whose token is in a store."""
    return OAuth(grant, token, store=MemoryStore(), account=Account("acme", URL, "me"), refresh=refresh)


@pytest.mark.parametrize(
    ("auth", "renews"),
    [
        (OAuth(GRANT), True),
        (OAuth(None, Token("a", "r")), False),
        (kept(None, Token("a", "r")), False),
        (kept(None, Token("a", "r"), REFRESH), True),
        (kept(None, Token("a"), REFRESH), False),
        (kept(None, None, REFRESH), False),
        (kept(GRANT), True),
    ],
)
def test_who_can_get_another_token_says_so(auth, renews):
    assert auth.renews is renews


@pytest.mark.parametrize(
    ("said", "life"),
    [
        (3600, 3600),
        ("60", 60),
        ("soon", None),
        (10**400, None),
        ("inf", None),
        (4e14, 4e14),
        (6e14, None),
        (0, None),
    ],
)
def test_a_life_that_makes_no_sense_is_not_told(said, life):
    token = token_of({"access_token": "a", "expires_in": said})
    assert (token.expires_at and round(token.expires_at - token.obtained_at)) == life


def test_what_cannot_stand_in_a_header_is_no_token():
    assert token_of({"access_token": "a\nb"}) is None
    token = token_of({"access_token": "a", "refresh_token": 7, "scope": "api,web \x00"})
    assert (token.refresh_token, token.scopes) == (None, ("api", "web"))
