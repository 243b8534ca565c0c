"""How a token is got from the demo's GitHub: by a device code (RFC 8628), or through the browser alone.

https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
"""

from __future__ import annotations

import secrets
import threading
from typing import Any
from urllib.parse import urlencode

from spyro_sdk.demo.authority.authorize import Authorize
from spyro_sdk.demo.authority.behaviour import SigningBehaviour
from spyro_sdk.demo.authority.client import Client
from spyro_sdk.demo.authority.codes import Codes
from spyro_sdk.demo.authority.connect import Connect
from spyro_sdk.demo.authority.desk import Desk
from spyro_sdk.demo.authority.devices import Devices, NotYet
from spyro_sdk.demo.authority.errors import OAuthError
from spyro_sdk.demo.authority.front import front
from spyro_sdk.demo.authority.pages import Look
from spyro_sdk.demo.authority.sessions import Sessions
from spyro_sdk.demo.authority.tokens import Tokens
from spyro_sdk.demo.github import words
from spyro_sdk.demo.http import Request, Response, json_response

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
CLIENT_ID = "Iv1.8a61f9b3a7aba766"
APP = "Analyst's notebook"
PASSWORD = "demo"  # noqa: S105 - the login page tells it to everybody
USUAL = "read:org read:project"
SCOPES = {
    "read:org": "See your organizations, their teams and their members",
    "read:project": "See your projects",
    "read:user": "See all that your profile says",
    "repo": "Read and change all your repositories, private ones too",
}
LOOK = Look("GitHub", words.PERSON, PASSWORD, "/login/session", "/login/consent", "/login/device")
EXPLAINED = {
    "authorization_pending": "The authorization request is still pending.",
    "slow_down": "Too many requests have been made in the same timeframe.",
    "expired_token": "The device_code has expired.",
    "access_denied": "The authorization request was denied.",
    "incorrect_client_credentials": "The client_id and/or client_secret passed are incorrect.",
    "incorrect_device_code": "The device_code provided is not valid.",
    "unsupported_grant_type": "The grant_type is not supported.",
    "bad_verification_code": "The code passed is incorrect or expired.",
    "redirect_uri_mismatch": "The redirect_uri MUST match the registered callback URL for this application.",
}
CALLED = {
    "invalid_client": "incorrect_client_credentials",
    "invalid_grant": "bad_verification_code",
    "unknown": "incorrect_device_code",
}
"""GitHub's own words for refusals."""


class SignIn:
    """Gives out device codes, authorization codes, and the tokens for either."""

    def __init__(self, base_url: str, behaviour: SigningBehaviour) -> None:
        self.base_url, self.behaviour = base_url, behaviour
        self.tokens: set[str] = set()
        self.client = Client(CLIENT_ID, secrets.token_hex(20), APP, SCOPES)
        self._codes = Codes(Tokens(behaviour, "gho_", "ghr_"), behaviour)
        self._devices = Devices(behaviour, hyphen="-")
        self._guard = threading.Lock()
        desk = Desk(LOOK, self.client, behaviour, Sessions(base_url))
        authorize = Authorize(desk, self._codes, issuer="", needs_challenge=False)
        self.routes = {
            **front(desk, authorize, Connect(desk, self._devices), "/login/oauth/authorize"),
            "/login/device/code": {"POST": self.code},
            "/login/oauth/access_token": {"POST": self.token},
        }
        """The handlers of each address and method."""

    def new_token(self) -> str:
        token = f"gho_{secrets.token_urlsafe(27)}"
        with self._guard:
            self.tokens.add(token)
        return token

    def revoke(self) -> None:
        """End all tokens."""
        with self._guard:
            self.tokens.clear()

    def code(self, request: Request) -> Response:
        """Answer `POST /login/device/code`; scopes that there are not are passed over."""
        form = request.form()
        if form.get("client_id") != CLIENT_ID:
            return _answered(request, {"error": "Not Found"}, 404)
        asked = form.get("scope", USUAL).replace(",", " ").split()
        code, device = self._devices.give(tuple(name for name in asked if name in SCOPES))
        return _answered(
            request,
            {
                "device_code": code,
                "user_code": device.user_code,
                "verification_uri": f"{self.base_url}{LOOK.device_path}",
                "expires_in": int(self.behaviour.device_lifetime),
                "interval": int(device.interval),
            },
        )

    def token(self, request: Request) -> Response:
        """Answer `POST /login/oauth/access_token`; a refusal comes with status 200 as well."""
        form = request.form()
        try:
            scopes = self._by_code(form) if "code" in form else self._by_device(form)
        except NotYet as not_yet:
            more = {} if not_yet.interval is None else {"interval": int(not_yet.interval)}
            return _refused(
                request, {"unknown": "incorrect_device_code"}.get(not_yet.error, not_yet.error), **more
            )
        except OAuthError as error:
            return _refused(request, CALLED.get(error.error, error.error))
        given = {"access_token": self.new_token(), "token_type": "bearer", "scope": ",".join(scopes)}
        return _answered(request, given)

    def _by_code(self, form: dict[str, str]) -> tuple[str, ...]:
        """The browser's way, for which GitHub wants the app's secret."""
        self.client.check(form)
        return self._codes.redeem(form).scopes

    def _by_device(self, form: dict[str, str]) -> tuple[str, ...]:
        self.client.check(form, is_public=True)
        if form.get("grant_type") != DEVICE_GRANT:
            raise OAuthError("unsupported_grant_type", "")
        return self._devices.poll(form.get("device_code", ""))


def _refused(request: Request, error: str, **more: Any) -> Response:
    about = "https://docs.github.com/developers/apps/authorizing-oauth-apps#error-codes-for-the-device-flow"
    return _answered(
        request, {"error": error, "error_description": EXPLAINED[error], "error_uri": about, **more}
    )


def _answered(request: Request, values: dict[str, Any], status: int = 200) -> Response:
    """JSON where the client asks for it; else a form."""
    if "json" in request.headers.get("accept", ""):
        return json_response(values, status)
    kind = "application/x-www-form-urlencoded; charset=utf-8"
    return Response(status, urlencode(values).encode(), content_type=kind)
