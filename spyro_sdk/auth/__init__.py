"""Ways to prove who we are."""

from __future__ import annotations

from typing import Protocol

from ..http import Request, Send


class Auth(Protocol):
    """The seam: what signs each request, and what can be done when a signature is refused."""

    async def sign(self, request: Request, send: Send) -> Request:
        """The request with our credentials; `send` reaches the service that gives them out."""
        ...

    async def renew(self, refused: Request) -> bool:
        """Drop the credentials that `refused` carried; return whether trying again may help."""
        ...
