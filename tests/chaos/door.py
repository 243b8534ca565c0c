"""Who comes in, and how often: tokens that end and rotate, and a quota that is kept to exactly."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any
from urllib.parse import parse_qs

from spyro_sdk.demo.http import App, Request, Response

TOKEN = "/token"  # where tokens are given out


@dataclass(frozen=True)
class Quota:
    """So many requests in so many seconds, from the first of them on."""

    most: int
    seconds: float
    is_told: bool = False
    """Whether each answer says how many are left."""


@dataclass(frozen=True)
class Door:
    """What is asked of who comes; nothing by itself."""

    lasts: tuple[int, ...] = ()
    """Requests for which each token in turn is good; those after them have no end. None at all: nobody is
    asked for one."""
    busy: int = 0
    """Times that tokens cannot be had just now."""
    quota: Quota | None = None
    forgets: int | None = None
    """The request for records before which all cursors are over."""


@dataclass
class Porter:
    """Stands before an app, and lets in whom the door lets in."""

    app: App
    door: Door
    clock: Callable[[], float] = time.monotonic
    granted: int = 0
    """Tokens that were given."""
    misused: int = 0
    """Refresh tokens that came a second time, or never were any: a real service would end the sign-in."""
    refused: list[int] = field(default_factory=list)
    """Requests beyond the quota, in each of its windows that had any."""
    name: str = field(default_factory=lambda: token_hex(8))
    """Of the sign-in: nobody has it that was at another door."""
    _used: int = 0
    """Requests with the token that holds."""
    _busy: int = 0
    _count: int = 0
    _until: float = 0.0

    def settings(self, base_url: str) -> dict[str, Any]:
        """With which settings one comes in, where the service has this address."""
        if not self.door.lasts:
            return {}
        known = {
            "client_id": "app",
            "client_secret": "of the app",
            "refresh_token": self._tokens["refresh_token"],
        }
        return {"auth_type": "oauth2", "token_url": base_url + TOKEN, **known}

    @property
    def _tokens(self) -> dict[str, str]:
        """Those that hold."""
        return {f"{kind}_token": f"{kind}-{self.name}-{self.granted}" for kind in ("access", "refresh")}

    def __call__(self, request: Request) -> Response:
        if request.path == TOKEN:
            return self._given(request)
        if self.door.lasts and not self._is_known(request):
            return said(401, {"error": "this token is over"}, {"WWW-Authenticate": "Bearer"})
        if (quota := self.door.quota) is None:
            return self.app(request)
        return self._counted(request, quota)

    def _given(self, request: Request) -> Response:
        if self._busy < self.door.busy:
            self._busy += 1
            return said(503, {"error": "temporarily_unavailable"})
        if parse_qs(request.body.decode()).get("refresh_token") != [self._tokens["refresh_token"]]:
            self.misused += 1
            return said(400, {"error": "invalid_grant"})
        self.granted += 1
        self._used = 0
        return said(200, {**self._tokens, "token_type": "Bearer"})

    def _is_known(self, request: Request) -> bool:
        if (
            not self.granted
            or request.headers.get("authorization") != f"Bearer {self._tokens['access_token']}"
        ):
            return False
        self._used += 1
        lasts = dict(enumerate(self.door.lasts, 1)).get(self.granted)
        return lasts is None or self._used <= lasts

    def _counted(self, request: Request, quota: Quota) -> Response:
        now = self.clock()
        if now >= self._until:
            self._count, self._until = 0, now + quota.seconds
            self.refused.append(0)
        self._count += 1
        left = max(0, quota.most - self._count)
        told = self._told(quota, left, self._until - now) if quota.is_told else {}
        if self._count > quota.most:
            self.refused[-1] += 1
            wait = f"{self._until - now + 0.001:.3f}"
            return said(429, {"error": "slow down"}, {**told, "Retry-After": wait})
        answer = self.app(request)
        return Response(answer.status, answer.body, {**answer.headers, **told}, answer.content_type)

    @staticmethod
    def _told(quota: Quota, left: int, seconds: float) -> dict[str, str]:
        names = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
        return dict(zip(names, map(str, (quota.most, left, round(seconds))), strict=True))


def said(status: int, what: Any, headers: Mapping[str, str] | None = None) -> Response:
    return Response(status, json.dumps(what).encode(), dict(headers or {}), "application/json")
