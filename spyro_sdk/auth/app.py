"""An app, as it is registered with a service: people allow it to read for them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Self
from urllib.parse import urlsplit

from ..secret import hide

HOST = "127.0.0.1"


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
    needed: tuple[str, ...] = ()
    """Groups of scopes, divided by `|`: without one of each nothing can be read."""
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

    def __post_init__(self) -> None:
        hide(self, "client_secret")

    def lacking(self, granted: Collection[str]) -> tuple[str, ...]:
        """What is needed, and was not allowed; nothing where the service does not say what it granted."""
        return tuple(it for it in self.needed if granted and not set(it.split("|")) & set(granted))

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
