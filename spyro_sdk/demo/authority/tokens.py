"""The tokens that were given out, and which of them end together."""

from __future__ import annotations

import secrets
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from spyro_sdk.demo.authority.behaviour import SigningBehaviour
from spyro_sdk.demo.authority.errors import OAuthError


@dataclass(eq=False)
class Family:
    """All tokens that came of one sign-in."""

    scopes: tuple[str, ...]
    has_ended: bool = False


class Access(NamedTuple):
    """An access token: whose it is, and until when it holds, in seconds since 1970."""

    family: Family
    issued: float
    expires: float


@dataclass
class Tokens:
    """Access and refresh tokens.

    Where they rotate, a refresh token works once. If it is used again, somebody else has a copy of it, so
    that its whole family ends (RFC 9700, section 4.14.2).
    """

    behaviour: SigningBehaviour
    access_prefix: str
    refresh_prefix: str
    families_revoked: int = 0  # because a code or a refresh token was used twice
    grants: Counter[str] = field(default_factory=Counter)  # tokens given out, by grant type
    _access: dict[str, Access] = field(default_factory=dict, repr=False)
    _refresh: dict[str, Family] = field(default_factory=dict, repr=False)
    _used: set[str] = field(default_factory=set, repr=False)
    _guard: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def access(self, family: Family, grant_type: str | None = None) -> str:
        """A new access token, counted as one of this grant type."""
        token = f"{self.access_prefix}{secrets.token_urlsafe(64)}"
        with self._guard:
            if family.has_ended:
                raise _expired()
            now = self.behaviour.clock()
            self._access[token] = Access(family, now, now + self.behaviour.token_lifetime)
            self.grants.update([grant_type] if grant_type else [])
        return token

    def refresh(self, family: Family) -> str:
        """A new refresh token."""
        token = f"{self.refresh_prefix}{secrets.token_urlsafe(48)}"
        with self._guard:
            self._refresh[token] = family
        return token

    def renewed(self, token: str) -> tuple[Family, str | None]:
        """The family of a refresh token, and the token that replaces it where they rotate."""
        with self._guard:
            family = self._refresh.get(token)
            if family is None or family.has_ended:
                raise _expired()
            if token in self._used:
                self.misused(family)
                raise _expired()
            if not self.behaviour.rotates:
                return family, None
            self._used.add(token)
            return family, self.refresh(family)

    def held(self, token: str) -> Access | None:
        """What an access token stands for; None for one that does not hold, or never did."""
        with self._guard:
            found = self._access.get(token)
        if found is None or found.family.has_ended or found.expires <= self.behaviour.clock():
            return None
        return found

    def refreshes(self, token: str) -> Family | None:
        """The family of a refresh token that is good; None for any other."""
        with self._guard:
            family = self._refresh.get(token)
            return None if family is None or family.has_ended or token in self._used else family

    def revoke(self, token: str) -> bool:
        """End a token, and with a refresh token its family; tell whether there was one to end."""
        with self._guard:
            if family := self.refreshes(token):
                family.has_ended = True
                return True
            return self.held(token) is not None and self._access.pop(token) is not None

    def misused(self, family: Family) -> None:
        """End a family, something of which was used twice."""
        with self._guard:
            self.families_revoked += not family.has_ended
            family.has_ended = True

    def expire(self) -> None:
        """End all access tokens; refresh tokens stay good."""
        with self._guard:
            self._access.clear()

    def revoke_all(self) -> None:
        """End all access and refresh tokens."""
        with self._guard:
            self._access.clear()
            self._refresh.clear()


def _expired() -> OAuthError:
    return OAuthError("invalid_grant", "expired access/refresh token")
