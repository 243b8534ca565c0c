"""A signed statement of the app that it acts for a user (RFC 7523)."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from spyro_sdk.demo.authority.errors import OAuthError

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"

Verify = Callable[[str], bool]


@dataclass(frozen=True)
class Assertions:
    """Checks the claims, and the signature where `verify` can, which the standard library can't.

    https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_jwt_flow.htm
    """

    issuer: str
    subject: str
    audiences: Collection[str]
    verify: Verify = lambda assertion: True

    def check(self, assertion: str, now: float) -> None:
        """Raise unless it is good at this moment, in seconds since 1970."""
        claims = _claims(assertion)
        if claims.get("iss") != self.issuer:
            raise OAuthError("invalid_client", "client identifier invalid", 401)
        if claims.get("sub") != self.subject:
            raise OAuthError("invalid_grant", "user hasn't approved this consumer")
        if claims.get("aud") not in self.audiences:
            raise OAuthError("invalid_grant", "audience is invalid")
        expires = claims.get("exp")
        if not isinstance(expires, int | float) or expires <= now:
            raise OAuthError("invalid_grant", "expired authorization code")
        if not self.verify(assertion):
            raise OAuthError("invalid_grant", "invalid assertion")


def _claims(assertion: str) -> dict[str, Any]:
    try:
        _, payload, _ = assertion.split(".")
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except ValueError:
        raise OAuthError("invalid_grant", "invalid assertion") from None
    return claims if isinstance(claims, dict) else {}
