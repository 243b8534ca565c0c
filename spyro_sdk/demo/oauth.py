"""Who may come in: the token endpoint and the tokens it has given out."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from spyro_sdk.demo.http import Request, Response, json_response

ORG_ID = "00DgL00000000001AB"
USER_ID = "005gL0000000000QAA"
USERNAME = "analyst@never-was.example"
SCOPE = "refresh_token api id"
AUDIENCES = ("https://login.salesforce.com", "https://test.salesforce.com")
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"

Verify = Callable[[str], bool]


class OAuthError(Exception):
    """A refusal as RFC 6749, section 5.2 words it: `{"error", "error_description"}`."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.response = json_response({"error": error, "error_description": description}, status)


@dataclass
class Authority:
    """Grants tokens to the org's one client and one user.

    The signature of a JWT assertion can't be checked with the standard library: by default only its claims
    are. Pass `verify` to check the signature of the whole assertion, too.
    """

    token_lifetime: float = 7200.0  # seconds
    says_expiry: bool = False  # Salesforce never tells expires_in
    verify: Verify = lambda assertion: True
    base_url: str = ""
    client_id: str = field(default_factory=lambda: "3MVG9" + secrets.token_urlsafe(40))
    client_secret: str = field(default_factory=lambda: secrets.token_hex(32).upper())
    _access: dict[str, float] = field(default_factory=dict, repr=False)
    _refresh: set[str] = field(default_factory=set, repr=False)
    _guard: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def credentials(self) -> dict[str, str]:
        """Give everything that a client can come in with; the tokens are new."""
        return {
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "access_token": self.new_access_token(),
            "refresh_token": self.new_refresh_token(),
            "username": USERNAME,
        }

    def new_access_token(self) -> str:
        token = f"{ORG_ID[:15]}!AQ{secrets.token_urlsafe(64)}"
        with self._guard:
            self._access[token] = time.monotonic() + self.token_lifetime
        return token

    def new_refresh_token(self) -> str:
        token = f"5Aep861{secrets.token_urlsafe(48)}"
        with self._guard:
            self._refresh.add(token)
        return token

    def admits(self, request: Request) -> bool:
        """Tell whether the request carries an access token that still holds."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        with self._guard:
            return scheme.lower() in ("bearer", "oauth") and self._access.get(token, 0.0) > time.monotonic()

    def expire_tokens(self) -> None:
        """End all access tokens; refresh tokens stay good."""
        with self._guard:
            self._access.clear()

    def revoke_everything(self) -> None:
        """End all access and refresh tokens."""
        with self._guard:
            self._access.clear()
            self._refresh.clear()

    def token(self, request: Request) -> Response:
        """Answer `POST /services/oauth2/token`."""
        form = {**request.form(), **_basic(request)}
        grants: dict[str, Callable[[dict[str, str]], None]] = {
            "client_credentials": self._check_client,
            "refresh_token": self._check_refresh,
            JWT_BEARER: self._check_assertion,
        }
        try:
            check = grants.get(form.get("grant_type", ""))
            if check is None:
                raise OAuthError("unsupported_grant_type", "grant type not supported")
            check(form)
        except OAuthError as error:
            return error.response
        return json_response(self._grant(form["grant_type"]))

    def revoke(self, request: Request) -> Response:
        """Answer `POST /services/oauth2/revoke`; a refresh token takes the access tokens with it."""
        token = {**request.query, **request.form()}.get("token", "")
        with self._guard:
            if token in self._refresh:
                self._refresh.discard(token)
                self._access.clear()
            elif self._access.pop(token, None) is None:
                return OAuthError("unsupported_token_type", "this token type is not supported").response
        return Response()

    def userinfo(self, request: Request) -> Response:
        """Answer `GET /services/oauth2/userinfo`."""
        if not self.admits(request):
            return Response(403, b"Bad_OAuth_Token", content_type="text/plain;charset=UTF-8")
        return json_response(
            {
                "sub": f"{self.base_url}/id/{ORG_ID}/{USER_ID}",
                "user_id": USER_ID,
                "organization_id": ORG_ID,
                "preferred_username": USERNAME,
                "nickname": "analyst",
                "name": "Ana Lyst",
                "email": USERNAME,
                "email_verified": True,
                "given_name": "Ana",
                "family_name": "Lyst",
                "zoneinfo": "Europe/Berlin",
                "user_type": "STANDARD",
                "active": True,
                "urls": {
                    "rest": f"{self.base_url}/services/data/v{{version}}/",
                    "query": f"{self.base_url}/services/data/v{{version}}/query/",
                },
                "locale": "en_US",
            }
        )

    def _grant(self, grant_type: str) -> dict[str, Any]:
        identity = f"{self.base_url}/id/{ORG_ID}/{USER_ID}"
        issued_at = str(int(time.time() * 1000))
        signature = hmac.new(
            self.client_secret.encode(), (identity + issued_at).encode(), hashlib.sha256
        ).digest()
        return {
            "access_token": self.new_access_token(),
            "signature": base64.b64encode(signature).decode(),
            "scope": SCOPE if grant_type == "refresh_token" else "api id",
            "instance_url": self.base_url,
            "id": identity,
            "token_type": "Bearer",
            "issued_at": issued_at,
            **({"expires_in": int(self.token_lifetime)} if self.says_expiry else {}),
        }

    def _check_client(self, form: dict[str, str]) -> None:
        if form.get("client_id") != self.client_id:
            raise OAuthError("invalid_client", "client identifier invalid", 401)
        if not hmac.compare_digest(form.get("client_secret", "").encode(), self.client_secret.encode()):
            raise OAuthError("invalid_client", "invalid client credentials", 401)

    def _check_refresh(self, form: dict[str, str]) -> None:
        """A public client sends no secret; a secret that is sent must be right."""
        self._check_client({"client_secret": self.client_secret, **form})
        with self._guard:
            if form.get("refresh_token") not in self._refresh:
                raise OAuthError("invalid_grant", "expired access/refresh token")

    def _check_assertion(self, form: dict[str, str]) -> None:
        """https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_jwt_flow.htm"""
        claims = _claims(form.get("assertion", ""))
        if claims.get("iss") != self.client_id:
            raise OAuthError("invalid_client", "client identifier invalid", 401)
        if claims.get("sub") != USERNAME:
            raise OAuthError("invalid_grant", "user hasn't approved this consumer")
        if claims.get("aud") not in (*AUDIENCES, self.base_url):
            raise OAuthError("invalid_grant", "audience is invalid")
        expires = claims.get("exp")
        if not isinstance(expires, int | float) or expires <= time.time():
            raise OAuthError("invalid_grant", "expired authorization code")
        if not self.verify(form["assertion"]):
            raise OAuthError("invalid_grant", "invalid assertion")


def _basic(request: Request) -> dict[str, str]:
    """Read the client's id and secret from the Authorization header, if they are there."""
    scheme, _, code = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return {}
    try:
        client_id, _, secret = base64.b64decode(code).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return {}
    return {"client_id": client_id, "client_secret": secret}


def _claims(assertion: str) -> dict[str, Any]:
    try:
        _, payload, _ = assertion.split(".")
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except ValueError:
        raise OAuthError("invalid_grant", "invalid assertion") from None
    return claims if isinstance(claims, dict) else {}
