"""Credentials that do not change."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field

from ..http import Request, Send


@dataclass(frozen=True)
class Header:
    """A header sent with each request; without a name nothing is sent."""

    name: str = ""
    value: str = field(default="", repr=False)

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
    """An access token that was given to us (RFC 6750 §2.1)."""
    return Header("Authorization", f"Bearer {token}")


def basic(username: str, password: str) -> Header:
    """A user and password (RFC 7617)."""
    return Header("Authorization", "Basic " + b64encode(f"{username}:{password}".encode()).decode())
