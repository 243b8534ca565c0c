"""How a token is got from the demo's GitHub without a browser: its device flow (RFC 8628).

https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps#device-flow
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from spyro_sdk.demo.http import Request, Response, json_response

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
CLIENT_ID = "Iv1.8a61f9b3a7aba766"
EXPLAINED = {
    "authorization_pending": "The authorization request is still pending.",
    "slow_down": "Too many requests have been made in the same timeframe.",
    "expired_token": "The device_code has expired.",
    "access_denied": "The authorization request was denied.",
    "incorrect_client_credentials": "The client_id is not valid.",
    "incorrect_device_code": "The device_code provided is not valid.",
    "unsupported_grant_type": "The grant_type is not supported.",
}


@dataclass
class Device:
    """A code that was given out, and what has become of it."""

    user_code: str
    expires: float
    interval: float  # seconds
    polls: int  # answers before a person has typed it in
    last: float | None = None
    denied: bool = False


@dataclass
class SignIn:
    """Gives out device codes; a person types each in, in his mind, after `polls` answers."""

    base_url: str = ""
    polls: int = 1
    interval: int = 5  # seconds
    lifetime: int = 900  # seconds that a code lasts
    denies: bool = False
    clock: Callable[[], float] = time.monotonic
    tokens: set[str] = field(default_factory=set, repr=False)
    _devices: dict[str, Device] = field(default_factory=dict, repr=False)
    _guard: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def new_token(self) -> str:
        token = f"gho_{secrets.token_urlsafe(27)}"
        with self._guard:
            self.tokens.add(token)
        return token

    def revoke(self) -> None:
        """End all tokens."""
        with self._guard:
            self.tokens.clear()

    def code(self, request: Request) -> Response:
        """Answer `POST /login/device/code`."""
        if request.form().get("client_id") != CLIENT_ID:
            return _answered(request, {"error": "Not Found"}, 404)
        letters = "".join(secrets.choice("BCDFGHJKLMNPQRSTVWXZ") for _ in range(8))
        code = secrets.token_hex(20)
        device = Device(
            f"{letters[:4]}-{letters[4:]}", self.clock() + self.lifetime, self.interval, self.polls
        )
        with self._guard:
            self._devices[code] = device
        return _answered(
            request,
            {
                "device_code": code,
                "user_code": device.user_code,
                "verification_uri": f"{self.base_url}/login/device",
                "expires_in": self.lifetime,
                "interval": self.interval,
            },
        )

    def token(self, request: Request) -> Response:
        """Answer `POST /login/oauth/access_token`; a refusal comes with status 200 as well."""
        form = request.form()
        if form.get("client_id") != CLIENT_ID:
            return _refused(request, "incorrect_client_credentials")
        if form.get("grant_type") != DEVICE_GRANT:
            return _refused(request, "unsupported_grant_type")
        with self._guard:
            device = self._devices.get(form.get("device_code", ""))
            refusal = self._polled(device) if device else {"error": "incorrect_device_code"}
        if refusal is not None:
            return _refused(request, refusal.pop("error"), **refusal)
        scope = "read:org,read:project"
        return _answered(request, {"access_token": self.new_token(), "token_type": "bearer", "scope": scope})

    def _polled(self, device: Device) -> dict[str, Any] | None:
        """Why there is no token yet; None when there is."""
        now, last = self.clock(), device.last
        device.last = now
        if now >= device.expires:
            return {"error": "expired_token"}
        if last is not None and now - last < device.interval:
            device.interval += 5
            return {"error": "slow_down", "interval": device.interval}
        if device.polls > 0:
            device.polls -= 1
            return {"error": "authorization_pending"}
        return {"error": "access_denied"} if self.denies else None


def _refused(request: Request, error: str, **more: Any) -> Response:
    about = "https://docs.github.com/developers/apps/authorizing-oauth-apps#error-codes-for-the-device-flow"
    return _answered(
        request, {"error": error, "error_description": EXPLAINED[error], "error_uri": about, **more}
    )


def _answered(request: Request, values: dict[str, Any], status: int = 200) -> Response:
    """JSON where the client asks for it; else a form."""
    if "json" in request.headers.get("accept", ""):
        return json_response(values, status)
    kind = "application/x-www-form-urlencoded; charset=utf-8"
    return Response(status, urlencode(values).encode(), content_type=kind)
