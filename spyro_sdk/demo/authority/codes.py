"""Authorization codes, which a browser carries from the person to the app: good once, and not for long."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from spyro_sdk.demo.authority.behaviour import SigningBehaviour
from spyro_sdk.demo.authority.errors import OAuthError
from spyro_sdk.demo.authority.tokens import Family, Tokens

VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")  # RFC 7636, section 4.1


@dataclass
class Approval:
    """What a person allowed, and how the app has to prove that it was the one that asked."""

    family: Family
    redirect: str
    challenge: str | None
    """The hash of the verifier, by S256; None where the app gave none."""
    expires: float = 0.0
    is_spent: bool = False


@dataclass
class Codes:
    """The codes that were given out."""

    tokens: Tokens
    behaviour: SigningBehaviour
    _given: dict[str, Approval] = field(default_factory=dict, repr=False)
    _guard: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def give(self, approval: Approval) -> str:
        """A code for this approval; it ends in `==`, as Salesforce's do."""
        code = f"aPrx{secrets.token_urlsafe(48)}=="
        approval.expires = self.behaviour.clock() + self.behaviour.code_lifetime
        with self._guard:
            self._given[code] = approval
        return code

    def expire(self) -> None:
        """End all codes that nobody has exchanged yet."""
        with self._guard:
            for approval in self._given.values():
                approval.expires = 0.0

    def redeem(self, form: Mapping[str, str]) -> Family:
        """Take a code; raises unless it comes from whoever asked for it.

        A wrong guess spends it as well. A code that comes twice was stolen: what it gave ends
        (RFC 6749, section 4.1.2).
        """
        approval = self._taken(form.get("code", ""))
        if approval.expires <= self.behaviour.clock():
            raise OAuthError("invalid_grant", "expired authorization code")
        if form.get("redirect_uri") != approval.redirect:
            raise OAuthError("redirect_uri_mismatch", "redirect_uri must match configuration")
        if approval.challenge is not None and not _proves(form.get("code_verifier", ""), approval.challenge):
            raise OAuthError("invalid_grant", "invalid code verifier")
        return approval.family

    def _taken(self, code: str) -> Approval:
        with self._guard:
            approval = self._given.get(code)
            if approval is None:
                raise OAuthError("invalid_grant", "invalid authorization code")
            if approval.is_spent:
                self.tokens.misused(approval.family)
                raise OAuthError("invalid_grant", "expired authorization code")
            approval.is_spent = True
            return approval


def _proves(verifier: str, challenge: str) -> bool:
    """Whether this is what was hashed (RFC 7636, section 4.6)."""
    if VERIFIER.fullmatch(verifier) is None:
        return False
    digest = hashlib.sha256(verifier.encode()).digest()
    return hmac.compare_digest(base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), challenge)
