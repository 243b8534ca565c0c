"""An app, as it is registered with a service: people allow it to read for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self
from urllib.parse import urlsplit

from ..errors import SignInError
from ..secret import hide
from .token import Token

HOST = "127.0.0.1"
LASTING = frozenset({"offline_access", "refresh_token"})
"""Scopes that stand for a refresh token: who gives one has granted them, whether or not it says so."""


@dataclass(frozen=True)
class App:
    """Where an app sends people to sign in, and as what."""

    authorize_url: str
    """The page on which a person allows it; '' where the service has none for this app."""
    token_url: str
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    """Apps on people's own machines have none: it would be no secret."""
    scopes: tuple[str, ...] = ()
    """What it asks to be allowed."""
    issuer: str | None = None
    """What the authorization server calls itself (RFC 8414), where that is known."""
    device_url: str | None = None
    """Where codes to type in are given out (RFC 8628), where the service does that."""
    redirect_port: int | None = None
    """The port of the registered address; None where any will do (RFC 8252 §7.3)."""
    redirect_path: str = "/callback"
    revoke_url: str | None = None
    """Where tokens are ended (RFC 7009), where the service does that."""
    redirect_host: str = HOST
    """As it is registered; `localhost` where a service takes no other."""
    implied: Mapping[str, Sequence[str]] = field(default_factory=dict, hash=False)
    """For each scope those that it allows too: a service need not name them beside it."""

    def __post_init__(self) -> None:
        hide(self, "client_secret")

    def lacking(self, token: Token) -> tuple[str, ...]:
        """The scopes that were asked for and not granted.

        A service that does not say what it granted has granted all (RFC 6749 §5.1).
        """
        allowed = self._allowed(token)
        return tuple(it for it in self.scopes if token.scopes and it not in allowed)

    def check(self, token: Token) -> None:
        """Raise `SignInError` unless all scopes were granted that were asked for."""
        if not (lacking := self.lacking(token)):
            return
        asked, granted, missing = map(" ".join, (self.scopes, token.scopes, lacking))
        rest = " ".join(it for it in self.scopes if it not in lacking)
        less = f" ask for less with scope={rest!r}," if rest else ""
        raise SignInError(
            f"the sign-in was to allow {asked}, and allows {granted}: {missing} is missing",
            error_code="scope_narrowed",
            hint=f"sign in again and allow {missing},{less} or have the app's scopes changed at the service",
        )

    def _allowed(self, token: Token) -> set[str]:
        """The scopes that were granted, with all that come along."""
        allowed = set(token.scopes)
        if token.refresh_token or allowed & LASTING:
            allowed |= LASTING
        while more := {it for scope in allowed for it in self.implied.get(scope, ())} - allowed:
            allowed |= more
        return allowed

    def redirected_to(self, address: str | None) -> Self:
        """The same app with another registered address, such as `http://localhost:1717/OauthRedirect`."""
        if address is None:
            return self
        parts = urlsplit(address)
        path = parts.path or "/"
        return replace(
            self, redirect_host=parts.hostname or HOST, redirect_port=parts.port, redirect_path=path
        )

    def redirect_uri(self, port: int) -> str:
        """The address to which people come back."""
        host = f"[{self.redirect_host}]" if ":" in self.redirect_host else self.redirect_host
        return f"http://{host}:{port}{self.redirect_path}"
