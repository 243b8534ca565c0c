"""What buys a token of the demo's Salesforce.

https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_flows.htm
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Any

from spyro_sdk.demo import person
from spyro_sdk.demo.authority.assertion import JWT_BEARER, Assertions
from spyro_sdk.demo.authority.behaviour import SigningBehaviour
from spyro_sdk.demo.authority.client import Client
from spyro_sdk.demo.authority.codes import Codes
from spyro_sdk.demo.authority.devices import Devices, NotYet
from spyro_sdk.demo.authority.errors import OAuthError
from spyro_sdk.demo.authority.tokens import Family, Tokens

AUDIENCES = ("https://login.salesforce.com", "https://test.salesforce.com")
OF_PROGRAMS = ("api", "id")  # the scopes of a token that no person was asked for
DEVICE_REFUSALS = {
    "authorization_pending": ("authorization_pending", "user has not yet authorized this device"),
    "slow_down": ("slow_down", "the device is asking too often"),
    "access_denied": ("access_denied", "end-user denied authorization"),
    "expired_token": ("invalid_grant", "expired device code"),
    "unknown": ("invalid_grant", "invalid device code"),
}
Grant = Callable[[dict[str, str]], dict[str, Any]]


class Grants:
    """Checks what a client brings, and gives it tokens of the org's one user."""

    def __init__(self, base_url: str, client: Client, behaviour: SigningBehaviour) -> None:
        self.base_url, self.client, self.behaviour = base_url, client, behaviour
        self.tokens = Tokens(behaviour, f"{person.ORG_ID[:15]}!AQ", "5Aep861")
        self.codes = Codes(self.tokens, behaviour)
        self.devices = Devices(behaviour)
        self.assertions = Assertions(client.client_id, person.USERNAME, (*AUDIENCES, base_url))
        self.known: dict[str, Grant] = {
            "authorization_code": self._by_code,
            "refresh_token": self._by_refresh,
            "client_credentials": self._by_client,
            "device": self._by_device,
            JWT_BEARER: self._by_assertion,
        }
        """What there is, by grant type."""

    def granted(self, form: dict[str, str]) -> dict[str, Any]:
        """What the token endpoint answers to a form; raises OAuthError where it refuses."""
        grant = self.known.get(form.get("grant_type", ""))
        if grant is None:
            raise OAuthError("unsupported_grant_type", "grant type not supported")
        return grant(form)

    def device_code(self, form: dict[str, str]) -> dict[str, Any]:
        """A code for an app to show, and one for it to ask with."""
        self.client.check(form, is_public=True)
        code, device = self.devices.give(self.client.asked(form.get("scope", "")))
        return {
            "device_code": code,
            "user_code": device.user_code,
            "verification_uri": f"{self.base_url}/setup/connect",
            "interval": int(device.interval),
        }

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
