"""An access token with all that came with it, and what such tokens are got by."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self, TypeAlias

from ..errors import DecodeError
from ..http import Send
from ..secret import hidden, hide

FARTHEST = 1e15  # seconds since the epoch; later is no moment, nor are infinity and what is no number


@dataclass(frozen=True)
class Token:
    """What a token endpoint gave us (RFC 6749 §5.1)."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    expires_at: float | None = None
    """Seconds since the epoch; None where the service does not say."""
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """What else came with it, such as Salesforce's `instance_url`."""
    scopes: tuple[str, ...] = ()
    """What it allows, where the service says."""
    obtained_at: float | None = None
    """Seconds since the epoch at which it was given to us."""
    issuer: str | None = None
    """Who gave it, where that is known."""

    def __post_init__(self) -> None:
        hide(self, "access_token", "refresh_token")
        object.__setattr__(self, "extra", hidden(self.extra))

    def is_old(self, now: float, leeway: float) -> bool:
        """Whether less than `leeway` seconds of it are left, or of a short life less than a quarter."""
        if self.expires_at is None:
            return False
        life = math.inf if self.obtained_at is None else max(self.expires_at - self.obtained_at, 0.0)
        return now >= self.expires_at - min(leeway, life / 4)

    def succeeded_by(self, new: Token) -> Token:
        """The new token, with what it does not say again (RFC 6749 §6)."""
        return replace(
            new,
            refresh_token=new.refresh_token or self.refresh_token,
            extra={**self.extra, **new.extra},
            scopes=new.scopes or self.scopes,
            issuer=new.issuer or self.issuer,
        )

    def to_dict(self) -> dict[str, Any]:
        """All of it, secrets too, as JSON can hold it; `from_dict` takes it back."""
        kept = {it.name: getattr(self, it.name) for it in fields(self)}
        return {**kept, "scopes": list(self.scopes), "extra": dict(self.extra)}

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Self:
        """The token that `to_dict` gave; `DecodeError` for what is none."""
        kept = hidden(kept)
        for name, is_right in _RIGHT.items():
            if name not in kept or not is_right(kept[name]):
                raise DecodeError(f"this is no token: its {name} is not one")
        return cls(**{name: kept[name] for name in _RIGHT} | {"scopes": tuple(kept["scopes"])})


Grant: TypeAlias = Callable[[Send], Awaitable[Token]]
"""One way to get a token."""

Refresh: TypeAlias = Callable[[Send, str], Awaitable[Token]]
"""How a refresh token is exchanged for a new token (RFC 6749 §6)."""


def is_line(value: Any) -> bool:
    """Whether it can stand in a header: text without a line break."""
    return isinstance(value, str) and value.isprintable() and value != ""


def _is_line_or_none(value: Any) -> bool:
    return value is None or is_line(value)


def _is_moment_or_none(value: Any) -> bool:
    return value is None or (type(value) in (int, float) and abs(value) < FARTHEST)


def _are_lines(value: Any) -> bool:
    return isinstance(value, list) and all(map(is_line, value))


_RIGHT = {
    "access_token": is_line,
    "refresh_token": _is_line_or_none,
    "expires_at": _is_moment_or_none,
    "extra": lambda value: isinstance(value, dict),
    "scopes": _are_lines,
    "obtained_at": _is_moment_or_none,
    "issuer": _is_line_or_none,
}
"""What the fields of a kept token must be."""
