"""Who may come in: Salesforce's OAuth endpoints.

https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_flows.htm
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from spyro_sdk.demo import person
from spyro_sdk.demo.authority.assertion import JWT_BEARER, Assertions, Verify
from spyro_sdk.demo.authority.authorize import Authorize
from spyro_sdk.demo.authority.behaviour import SigningBehaviour
from spyro_sdk.demo.authority.client import Client
from spyro_sdk.demo.authority.codes import Codes
from spyro_sdk.demo.authority.connect import Connect
from spyro_sdk.demo.authority.desk import Desk
from spyro_sdk.demo.authority.devices import Devices, NotYet
from spyro_sdk.demo.authority.errors import NOT_KEPT, OAuthError
from spyro_sdk.demo.authority.front import Handler, front
from spyro_sdk.demo.authority.pages import Look
from spyro_sdk.demo.authority.sessions import Sessions
from spyro_sdk.demo.authority.tokens import Access, Family, Tokens
from spyro_sdk.demo.http import Request, Response, json_response

__all__ = ["Authority", "Verify"]

OAUTH = "/services/oauth2"
AUDIENCES = ("https://login.salesforce.com", "https://test.salesforce.com")
APP = "Analyst's notebook"
SCOPES = {
    "refresh_token": "Stay connected: act for you at any time, until you revoke it",
    "api": "Read and change your organization's records",
    "id": "Know who you are: your name, your email address and your organization",
    "web": "Open the service's own pages as you",
}
OF_PROGRAMS = ("api", "id")  # the scopes of a token that no person was asked for
DEVICE_REFUSALS = {
    "authorization_pending": ("authorization_pending", "user has not yet authorized this device"),
    "slow_down": ("slow_down", "the device is asking too often"),
    "access_denied": ("access_denied", "end-user denied authorization"),
    "expired_token": ("invalid_grant", "expired device code"),
    "unknown": ("invalid_grant", "invalid device code"),
}
Grant = Callable[[dict[str, str]], dict[str, Any]]


class Authority:
    """Grants tokens to the org's one client and one user.

    The signature of a JWT assertion can't be checked with the standard library: by default only its claims
    are. Pass `verify` to check the signature of the whole assertion, too.
    """

    def __init__(self, base_url: str, behaviour: SigningBehaviour, verify: Verify | None = None) -> None:
        self.base_url, self.behaviour = base_url, behaviour
        client_id = "3MVG9" + secrets.token_urlsafe(40)
        self.client = Client(client_id, secrets.token_hex(32).upper(), APP, SCOPES)
        self.tokens = Tokens(behaviour, f"{person.ORG_ID[:15]}!AQ", "5Aep861")
        self.codes = Codes(self.tokens, behaviour)
        self.devices = Devices(behaviour)
        self.assertions = Assertions(client_id, person.USERNAME, (*AUDIENCES, base_url))
        if verify:
            self.assertions = replace(self.assertions, verify=verify)
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
        grants: dict[str, Grant] = {
            "authorization_code": self._by_code,
            "refresh_token": self._by_refresh,
            "client_credentials": self._by_client,
            "device": self._by_device,
            JWT_BEARER: self._by_assertion,
        }
        wanted = {**request.query, **form}  # which Salesforce's guide sends in the address
        if wanted.get("response_type") == "device_code":
            return self._answered(self._device_code, wanted)
        return self._answered(grants.get(form.get("grant_type", ""), _unsupported), form)

    def revoke(self, request: Request) -> Response:
        """Answer `POST /services/oauth2/revoke`; a refresh token takes its access tokens with it."""
        if not self.tokens.revoke({**request.query, **_form(request)}.get("token", "")):
            return OAuthError("unsupported_token_type", "this token type is not supported").response
        return Response()

    def introspect(self, request: Request) -> Response:
        """Answer `POST /services/oauth2/introspect` (RFC 7662)."""
        return self._answered(self._introspected, _form(request))

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
                "grant_types_supported": [
                    *("authorization_code", "refresh_token", "client_credentials", "device", JWT_BEARER)
                ],
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

    # -- the grants -----------------------------------------------------------------------------------

    def _by_code(self, form: dict[str, str]) -> dict[str, Any]:
        self.client.check(form, is_public=True)
        family = self.codes.redeem(form)
        return self._given(family, form["grant_type"], self._refresh(family))

    def _by_refresh(self, form: dict[str, str]) -> dict[str, Any]:
        self.client.check(form, is_public=True)
        family, refresh = self.tokens.renewed(form.get("refresh_token", ""))
        return self._given(family, form["grant_type"], refresh)

    def _by_client(self, form: dict[str, str]) -> dict[str, Any]:
        self.client.check(form)
        return self._given(Family(OF_PROGRAMS), form["grant_type"])

    def _by_assertion(self, form: dict[str, str]) -> dict[str, Any]:
        self.assertions.check(form.get("assertion", ""), self.behaviour.clock())
        return self._given(Family(OF_PROGRAMS), form["grant_type"])

    def _by_device(self, form: dict[str, str]) -> dict[str, Any]:
        self.client.check(form, is_public=True)
        try:
            family = Family(self.devices.poll(form.get("code", "")))
        except NotYet as not_yet:
            raise OAuthError(*DEVICE_REFUSALS[not_yet.error]) from None
        return self._given(family, form["grant_type"], self._refresh(family))

    def _device_code(self, form: dict[str, str]) -> dict[str, Any]:
        self.client.check(form, is_public=True)
        code, device = self.devices.give(self.client.asked(form.get("scope", "")))
        return {
            "device_code": code,
            "user_code": device.user_code,
            "verification_uri": f"{self.base_url}/setup/connect",
            "interval": int(device.interval),
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

    def _refresh(self, family: Family) -> str | None:
        """A refresh token, where a person allowed one."""
        return self.tokens.refresh(family) if "refresh_token" in family.scopes else None

    def _given(self, family: Family, grant_type: str, refresh: str | None = None) -> dict[str, Any]:
        identity = person.identity(self.base_url)
        issued_at = str(int(self.behaviour.clock() * 1000))
        signed = hmac.new(self.client.secret.encode(), (identity + issued_at).encode(), hashlib.sha256)
        lifetime = int(self.behaviour.token_lifetime)
        return {
            "access_token": self.tokens.access(family, grant_type),
            **({"refresh_token": refresh} if refresh else {}),
            "signature": base64.b64encode(signed.digest()).decode(),
            "scope": " ".join(family.scopes),
            "instance_url": self.base_url,
            "id": identity,
            "token_type": "Bearer",
            "issued_at": issued_at,
            **({"expires_in": lifetime} if self.behaviour.says_expiry else {}),
        }

    def _answered(self, answer: Grant, form: dict[str, str]) -> Response:
        try:
            return replace(json_response(answer(form)), headers=NOT_KEPT)
        except OAuthError as error:
            return error.response


ENDPOINTS = {
    "authorization": "authorize",
    "token": "token",
    "revocation": "revoke",
    "introspection": "introspect",
    "userinfo": "userinfo",
}


def _unsupported(form: dict[str, str]) -> dict[str, Any]:
    raise OAuthError("unsupported_grant_type", "grant type not supported")


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
