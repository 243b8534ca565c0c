"""What is asked and sent is what RFC 6749 and RFC 7636 say, to the letter."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from spyro_sdk.auth.app import App
from spyro_sdk.auth.pkce import Attempt
from spyro_sdk.auth.quiet import library
from spyro_sdk.errors import AuthenticationError, DataFetchError, SignInError
from spyro_sdk.http import Request, Response
from spyro_sdk.secret import Secret

APP = App(
    "https://login.example/authorize?tenant=7",
    "https://login.example/token",
    "client",
    scopes=("api", "refresh_token"),
    issuer="https://login.example",
)
BACK = "http://127.0.0.1:4321/callback"


class Endpoint:
    """A token endpoint that gives one answer, and remembers what it was sent."""

    def __init__(self, answer: Any, status: int = 200) -> None:
        self.answer, self.status, self.requests = answer, status, list[Request]()

    async def __call__(self, request: Request) -> Response:
        self.requests.append(request)
        return Response(self.status, {}, json.dumps(self.answer).encode())


def test_the_address_asks_for_a_code_with_a_hashed_challenge() -> None:
    attempt = Attempt.begin(APP, BACK)
    asked = parse_qs(urlsplit(attempt.address).query)
    assert attempt.address.startswith("https://login.example/authorize?tenant=7&")
    challenge = hashlib.sha256(attempt.client.code_verifier.encode()).digest()
    assert asked == {
        "tenant": ["7"],
        "response_type": ["code"],
        "client_id": ["client"],
        "redirect_uri": [BACK],
        "scope": ["api refresh_token"],
        "state": [attempt.state],
        "code_challenge": [base64.urlsafe_b64encode(challenge).rstrip(b"=").decode()],
        "code_challenge_method": ["S256"],
    }
    assert len(attempt.client.code_verifier) >= 43
    assert len(attempt.state) >= 43


def test_no_two_attempts_share_anything() -> None:
    one, other = (Attempt.begin(replace(APP, scopes=()), BACK) for _ in range(2))
    assert one.state != other.state
    assert one.client.code_verifier != other.client.code_verifier
    assert "scope=" not in one.address


def test_plain_http_stays_what_it_is() -> None:
    attempt = Attempt.begin(replace(APP, authorize_url="http://127.0.0.1:8080/authorize"), BACK)
    assert attempt.address.startswith("http://127.0.0.1:8080/authorize?")


@pytest.mark.anyio
async def test_the_code_is_sent_with_the_verifier_and_no_secret_that_there_is_not() -> None:
    attempt, endpoint = Attempt.begin(APP, BACK), Endpoint({"access_token": "t", "refresh_token": "r"})
    token = await attempt.exchange("c0de+/=", endpoint)
    assert (token.access_token, token.refresh_token, token.issuer) == ("t", "r", "https://login.example")
    (request,) = endpoint.requests
    assert (request.method, request.url) == ("POST", "https://login.example/token")
    assert dict(parse_qsl(request.body.decode(), strict_parsing=True)) == {
        "grant_type": "authorization_code",
        "code": "c0de+/=",
        "redirect_uri": BACK,
        "client_id": "client",
        "code_verifier": attempt.client.code_verifier,
    }


@pytest.mark.anyio
async def test_an_app_with_a_secret_sends_it() -> None:
    endpoint = Endpoint({"access_token": "t"})
    await Attempt.begin(replace(APP, client_secret="s3cret&"), BACK).exchange("c", endpoint)
    assert dict(parse_qsl(endpoint.requests[0].body.decode()))["client_secret"] == "s3cret&"


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("answer", "status", "error", "message"),
    [
        ({"error": "invalid_grant"}, 400, SignInError, "used already, or is too old"),
        (
            {"error": "invalid_client", "error_description": "not c0de"},
            401,
            AuthenticationError,
            r"not \*\*\*",
        ),
        ({}, 200, AuthenticationError, "refused the code: no access_token in the answer"),
        ({"access_token": "t"}, 400, AuthenticationError, "refused the code"),
        ({}, 503, DataFetchError, "answered 503"),
    ],
)
async def test_a_refusal_is_told_without_the_code(
    answer: Any, status: int, error: type[Exception], message: str
) -> None:
    attempt = Attempt.begin(APP, BACK)
    with pytest.raises(error, match=message) as caught:
        await attempt.exchange("c0de", Endpoint(answer, status))
    assert "c0de" not in str(caught.value)
    assert attempt.client.code_verifier not in str(caught.value)


def test_nothing_secret_is_shown() -> None:
    attempt = Attempt.begin(APP, BACK)
    assert isinstance(attempt.state, Secret)
    shown = repr(attempt).replace(attempt.address, "")
    assert attempt.state not in shown
    assert attempt.client.code_verifier not in shown


@pytest.mark.anyio
async def test_the_libraries_tell_the_logs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    session_of, client_of = library()
    with caplog.at_level(logging.DEBUG), session_of(client=client_of("c")) as session:
        session.new_state()
        for name in ("oauthlib", "requests_oauthlib"):
            caplog.set_level(logging.DEBUG, name)
            logging.getLogger(name).debug("s3cret")
        for name in list(logging.root.manager.loggerDict):
            if name.startswith(("oauthlib", "requests_oauthlib")):
                caplog.set_level(logging.DEBUG, name)
                logging.getLogger(name).debug("s3cret")
        logging.getLogger("requests_oauthlib.oauth2_session").warning("of use")
        await Attempt.begin(APP, BACK).exchange("c", Endpoint({"access_token": "t"}))
    ours = [it.message for it in caplog.records if "oauth" in it.name]
    assert ours == ["of use"]


@pytest.mark.anyio
async def test_a_code_that_is_used_up_is_told_by_its_code() -> None:
    with pytest.raises(SignInError) as caught:
        await Attempt.begin(APP, BACK).exchange("c", Endpoint({"error": "invalid_grant"}, 400))
    assert (caught.value.error_code, caught.value.status) == ("invalid_grant", 400)
