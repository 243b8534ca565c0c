"""What the tests of signing in share: an app that does as it should, and one that does not."""

import base64
import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from spyro_sdk.demo.authority.visitor import sign_in
from spyro_sdk.demo.server import Service, serve
from tests.demo.conftest import VERSION, Answer, Client

REDIRECT = "http://127.0.0.1:53682/callback"
AUTHORIZE, REVOKE = "/services/oauth2/authorize", "/services/oauth2/revoke"


@dataclass
class App:
    """A public app that proves itself by PKCE."""

    service: Service
    redirect: str = REDIRECT
    state: str = "a state"
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    @property
    def client(self) -> Client:
        return Client(self.service)

    @property
    def challenge(self) -> str:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def path(self, **other: str | None) -> str:
        asked: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.service.credentials["client_id"],
            "redirect_uri": self.redirect,
            "state": self.state,
            "code_challenge": self.challenge,
            "code_challenge_method": "S256",
            **other,
        }
        return f"{AUTHORIZE}?{urlencode({name: it for name, it in asked.items() if it is not None})}"

    def url(self, **other: str | None) -> str:
        return self.service.base_url + self.path(**other)

    def signed_in(self, **how: Any) -> dict[str, str]:
        """What the browser brings back."""
        return brought(sign_in(self.url(), **how))

    def exchange(self, code: str, **other: str) -> Answer:
        form = {
            "grant_type": "authorization_code",
            "client_id": self.service.credentials["client_id"],
            "redirect_uri": self.redirect,
            "code": code,
            "code_verifier": self.verifier,
            **other,
        }
        return self.client.token_for(**form)

    def tokens(self) -> dict[str, Any]:
        return dict(self.exchange(self.signed_in()["code"]).json)

    def renew(self, refresh_token: str, **other: str) -> Answer:
        client_id = self.service.credentials["client_id"]
        form = {"grant_type": "refresh_token", "client_id": client_id, "refresh_token": refresh_token}
        return self.client.token_for(**{**form, **other})

    def may_read(self, access_token: str) -> bool:
        return self.client.get(f"{VERSION}/limits", Authorization=f"Bearer {access_token}").status == 200


def brought(address: str) -> dict[str, str]:
    """The parameters of an address to which a browser was sent."""
    return {
        name: values[0] for name, values in parse_qs(urlsplit(address).query, keep_blank_values=True).items()
    }


def refused(answer: Answer) -> str:
    """The error of a refusal, which nobody may keep."""
    assert answer.status in (400, 401)
    assert set(answer.json) == {"error", "error_description"}
    assert answer.headers["Cache-Control"] == "no-store"
    return str(answer.json["error"])


@pytest.fixture
def own() -> Iterator[Service]:
    """A service that a test may spoil."""
    with serve(records=10, device_interval=0.0) as service:
        yield service


@pytest.fixture
def app(own: Service) -> App:
    return App(own)
