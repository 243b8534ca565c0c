"""Credentials that do not change."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field

from ..http import Request, Send
from ..secret import Secret, hide


@dataclass(frozen=True)
class Header:
    """A header sent with each request; without a name nothing is sent."""

    name: str = ""
    value: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        hide(self, "value")

    async def sign(self, request: Request, send: Send) -> Request:
        return request.with_headers({self.name: self.value}) if self.name else request

    async def renew(self, refused: Request) -> bool:
        return False


def nobody() -> Header:
    """No credentials at all."""
    return Header()


def api_key(key: str, header: str = "X-API-Key") -> Header:
    """A key in a header of its own."""
    return Header(header, key)


def bearer(token: str) -> Header:
    """An access token that was given to us."""
    return Header("Authorization", bearing(token))


def bearing(token: str) -> Secret:
    """What the header says of an access token (RFC 6750 §2.1)."""
    return Secret(f"Bearer {token}")


def basic(username: str, password: str) -> Header:
    """A user and password (RFC 7617)."""
    pair = Secret(f"{username}:{password}").encode()
    return Header("Authorization", "Basic " + Secret(b64encode(pair).decode()))
