"""The app that people sign in to: what it may ask for, and where its answers may go."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from spyro_sdk.demo.authority.errors import OAuthError

LOOPBACK = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]))(/.*)")
REDIRECTS = ("http://127.0.0.1/callback", "http://[::1]/callback", "http://localhost:1717/OauthRedirect")
ALIASES = {"offline_access": "refresh_token"}


@dataclass
class Client:
    """One registered app.

    An address on loopback that is registered without a port stands for any port (RFC 8252, section 7.3);
    all others are compared as they are.
    """

    client_id: str
    secret: str = field(repr=False)
    name: str
    scopes: Mapping[str, str]
    """Each scope, and what a person is told about it."""
    redirects: tuple[str, ...] = REDIRECTS

    def may_go_to(self, address: str) -> bool:
        """Whether an answer may be sent to this address."""
        return any(_matches(registered, address) for registered in self.redirects)

    def asked(self, text: str) -> tuple[str, ...]:
        """The scopes named in a request: all that the app has, where it names none."""
        names = dict.fromkeys(ALIASES.get(name, name) for name in text.split())
        if not set(names) <= set(self.scopes):
            raise OAuthError("invalid_scope", "the requested scope is not allowed")
        return tuple(names or self.scopes)

    def check(self, form: Mapping[str, str], *, is_public: bool = False) -> None:
        """Raise unless the app is ours. A public one sends no secret, but one that is sent must be right."""
        if not _same(form.get("client_id", ""), self.client_id):
            raise OAuthError("invalid_client", "client identifier invalid", 401)
        secret = form.get("client_secret", self.secret if is_public else "")
        if not _same(secret, self.secret):
            raise OAuthError("invalid_client", "invalid client credentials", 401)


def _matches(registered: str, address: str) -> bool:
    loopback = LOOPBACK.fullmatch(registered)
    if loopback is None:
        return address == registered
    return (
        re.fullmatch(rf"{re.escape(loopback[1])}(?::[0-9]{{1,5}})?{re.escape(loopback[2])}", address)
        is not None
    )


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
