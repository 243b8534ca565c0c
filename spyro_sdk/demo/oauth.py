"""Who may come in: the OAuth endpoints of the demo's Salesforce.

https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_flows.htm
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from spyro_sdk.demo import person
from spyro_sdk.demo.authority.assertion import Verify
from spyro_sdk.demo.authority.authorize import Authorize
from spyro_sdk.demo.authority.behaviour import SigningBehaviour
from spyro_sdk.demo.authority.client import Client
from spyro_sdk.demo.authority.connect import Connect
from spyro_sdk.demo.authority.desk import Desk
from spyro_sdk.demo.authority.errors import NOT_KEPT, OAuthError
from spyro_sdk.demo.authority.front import Handler, front
from spyro_sdk.demo.authority.pages import Look
from spyro_sdk.demo.authority.sessions import Sessions
from spyro_sdk.demo.authority.tokens import Access, Family
from spyro_sdk.demo.grants import Grant, Grants
from spyro_sdk.demo.http import Request, Response, json_response

__all__ = ["Authority", "Verify"]

OAUTH = "/services/oauth2"
APP = "Analyst's notebook"
SCOPES = {
    "refresh_token": "Stay connected: act for you at any time, until you revoke it",
    "api": "Read and change your organization's records",
    "id": "Know who you are: your name, your email address and your organization",
    "web": "Open the service's own pages as you",
}

ENDPOINTS = {
    "authorization": "authorize",
    "token": "token",
    "revocation": "revoke",
    "introspection": "introspect",
    "userinfo": "userinfo",
}


class Authority:
    """Grants tokens to the org's one client and one user.

    The signature of a JWT assertion can't be checked with the standard library: by default only its claims
    are. Pass `verify` to check the signature of the whole assertion, too.
    """

    def __init__(self, base_url: str, behaviour: SigningBehaviour, verify: Verify | None = None) -> None:
        self.base_url, self.behaviour = base_url, behaviour
        client_id = "3MVG9" + secrets.token_urlsafe(40)
        self.client = Client(client_id, secrets.token_hex(32).upper(), APP, SCOPES)
        self.grants = Grants(base_url, self.client, behaviour)
        if verify:
            self.grants.assertions = replace(self.grants.assertions, verify=verify)
        self.tokens, self.codes, self.devices = self.grants.tokens, self.grants.codes, self.grants.devices
        self.routes = {**self._pages(), **self._endpoints()}
        """The handlers of each address and method."""

    def credentials(self) -> dict[str, str]:
        """Give everything that a client can come in with; the tokens are new."""
        return {
            "client_id": self.client.client_id,
            "client_secret": self.client.secret,
            "access_token": self.new_access_token(),
            "refresh_token": self.tokens.refresh(Family(tuple(SCOPES))),
            "username": person.USERNAME,
        }

    def new_access_token(self) -> str:
        """An access token that may do everything."""
        return self.tokens.access(Family(tuple(SCOPES)))

    def access(self, request: Request) -> Access | None:
        """What the access token of a request stands for; None where there is none that holds."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return self.tokens.held(token) if scheme.lower() in ("bearer", "oauth") else None

    # -- the endpoints --------------------------------------------------------------------------------

    def token(self, request: Request) -> Response:
        """Answer `POST /services/oauth2/token`, which gives out device codes, too."""
        form = _form(request)
        wanted = {**request.query, **form}  # which Salesforce's guide sends in the address
        if wanted.get("response_type") == "device_code":
            return _answered(self.grants.device_code, wanted)
        return _answered(self.grants.granted, form)

    def revoke(self, request: Request) -> Response:
        """Answer `POST /services/oauth2/revoke`; a refresh token takes its access tokens with it."""
        if not self.tokens.revoke({**request.query, **_form(request)}.get("token", "")):
            return OAuthError("unsupported_token_type", "this token type is not supported").response
        return Response()

    def introspect(self, request: Request) -> Response:
        """Answer `POST /services/oauth2/introspect` (RFC 7662)."""
        return _answered(self._introspected, _form(request))

    def userinfo(self, request: Request) -> Response:
        """Answer `GET /services/oauth2/userinfo`."""
        if self.access(request) is None:
            return Response(403, b"Bad_OAuth_Token", content_type="text/plain;charset=UTF-8")
        return json_response(person.described(self.base_url))

    def metadata(self, request: Request) -> Response:
        """Answer with what there is (RFC 8414); there are no id tokens."""
        return json_response(
            {
                "issuer": self.base_url,
                **{f"{name}_endpoint": f"{self.base_url}{OAUTH}/{path}" for name, path in ENDPOINTS.items()},
                "scopes_supported": list(SCOPES),
                "response_types_supported": ["code"],
                "grant_types_supported": list(self.grants.known),
                "token_endpoint_auth_methods_supported": [
                    *("none", "client_secret_post", "client_secret_basic")
                ],
                "code_challenge_methods_supported": ["S256"],
                "authorization_response_iss_parameter_supported": True,
            }
        )

    def _pages(self) -> dict[str, Mapping[str, Handler]]:
        look = Look(
            "Salesforce", person.USERNAME, person.PASSWORD, "/login", "/consent", device_path="/setup/connect"
        )
        desk = Desk(look, self.client, self.behaviour, Sessions(self.base_url))
        authorize = Authorize(desk, self.codes, self.base_url)
        return front(desk, authorize, Connect(desk, self.devices), f"{OAUTH}/authorize")

    def _endpoints(self) -> dict[str, Mapping[str, Handler]]:
        return {
            f"{OAUTH}/token": {"POST": self.token},
            f"{OAUTH}/revoke": {"POST": self.revoke},
            f"{OAUTH}/introspect": {"POST": self.introspect},
            f"{OAUTH}/userinfo": {"GET": self.userinfo},
            "/.well-known/openid-configuration": {"GET": self.metadata},
            "/.well-known/oauth-authorization-server": {"GET": self.metadata},
        }

    def _introspected(self, form: dict[str, str]) -> dict[str, Any]:
        self.client.check(form)
        token = form.get("token", "")
        access, family = self.tokens.held(token), self.tokens.refreshes(token)
        if access:
            times = {"iat": int(access.issued), "exp": int(access.expires)}
            return {**self._active(access.family, "access_token"), **times}
        return self._active(family, "refresh_token") if family else {"active": False}

    def _active(self, family: Family, kind: str) -> dict[str, Any]:
        return {
            "active": True,
            "scope": " ".join(family.scopes),
            "client_id": self.client.client_id,
            "username": person.USERNAME,
            "sub": person.identity(self.base_url),
            "token_type": kind,
        }


def _answered(answer: Grant, form: dict[str, str]) -> Response:
    try:
        return replace(json_response(answer(form)), headers=NOT_KEPT)
    except OAuthError as error:
        return error.response


def _form(request: Request) -> dict[str, str]:
    """What was sent: in the body, and as Basic authentication."""
    return {**request.form(), **_basic(request)}


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
