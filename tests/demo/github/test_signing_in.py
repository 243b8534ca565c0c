"""A person signs in to the demo's GitHub: on its device page, or where an app sends the browser."""

import base64
import hashlib
import secrets
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from spyro_sdk.demo.authority.visitor import sign_in, type_code
from spyro_sdk.demo.github.server import Service, serve
from spyro_sdk.demo.github.signin import CLIENT_ID, DEVICE_GRANT
from tests.demo.authority.conftest import REDIRECT, brought
from tests.demo.conftest import Client

CODE, TOKEN = "/login/device/code", "/login/oauth/access_token"


@pytest.fixture
def service() -> Iterator[Service]:
    with serve(records=10, device_waits=True, device_interval=0) as running:
        yield running


class App:
    def __init__(self, service: Service) -> None:
        self.service, self.client = service, Client(service)
        self.secret = service.sign_in.client.secret

    def ask(self, path: str, **form: str) -> dict[str, Any]:
        sent = {"client_id": CLIENT_ID, **form}
        return dict(self.client.send(path, sent, Accept="application/json").json)

    def poll(self, device_code: str) -> dict[str, Any]:
        return self.ask(TOKEN, grant_type=DEVICE_GRANT, device_code=device_code)

    def code(self, **asked: str) -> str:
        query = urlencode(
            {"response_type": "code", "client_id": CLIENT_ID, "redirect_uri": REDIRECT, **asked}
        )
        return brought(sign_in(f"{self.service.base_url}/login/oauth/authorize?{query}"))["code"]

    def exchange(self, code: str, **other: str) -> dict[str, Any]:
        form = {"client_secret": self.secret, "code": code, "redirect_uri": REDIRECT, **other}
        return self.ask(TOKEN, **form)

    def may_read(self, token: str) -> bool:
        return self.client.send("/user", Authorization=f"Bearer {token}").status == 200


@pytest.fixture
def app(service: Service) -> App:
    return App(service)


def test_a_device_code_waits_for_a_person_to_type_it_in(app: App) -> None:
    given = app.ask(CODE, scope="repo,read:org gist")
    assert [app.poll(given["device_code"])["error"] for _ in range(3)] == ["authorization_pending"] * 3
    text = type_code(given["verification_uri"], given["user_code"].lower())
    assert "The app is connected" in text
    granted = app.poll(given["device_code"])
    assert granted["scope"] == "repo,read:org"
    assert app.may_read(granted["access_token"])
    assert app.poll(given["device_code"])["error"] == "incorrect_device_code"


def test_a_person_says_no_to_a_device(app: App) -> None:
    given = app.ask(CODE)
    assert "Access denied" in type_code(given["verification_uri"], given["user_code"], allow=False)
    assert app.poll(given["device_code"])["error"] == "access_denied"


def test_an_app_with_a_secret_is_given_a_token_through_the_browser(app: App) -> None:
    granted = app.exchange(app.code(scope="repo"))
    assert granted["scope"] == "repo"
    assert app.may_read(granted["access_token"])


def test_a_hashed_verifier_that_was_sent_is_checked(app: App) -> None:
    verifier = secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    asked = {"code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode()}
    asked["code_challenge_method"] = "S256"
    assert app.exchange(app.code(**asked), code_verifier=verifier)["access_token"]
    assert app.exchange(app.code(**asked))["error"] == "bad_verification_code"


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"client_secret": "wrong"}, "incorrect_client_credentials"),
        ({"client_id": "wrong"}, "incorrect_client_credentials"),
        ({"code": "wrong"}, "bad_verification_code"),
        ({"redirect_uri": "http://127.0.0.1:1/callback"}, "redirect_uri_mismatch"),
    ],
)
def test_a_code_is_good_only_with_all_that_belongs_to_it(app: App, wrong: dict[str, str], error: str) -> None:
    assert app.exchange(**{"code": app.code(), **wrong})["error"] == error


def test_a_code_works_once(app: App) -> None:
    code = app.code()
    assert app.exchange(code)["access_token"]
    assert app.exchange(code)["error"] == "bad_verification_code"


def test_pages_are_answered_to_a_browser_alone(app: App) -> None:
    assert app.client.send("/login/device", method="HEAD").status == 200
    assert app.client.send("/login/session").status == 404  # GET
    assert app.client.send(TOKEN).status == 404
