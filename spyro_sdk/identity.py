"""Who we are to a service, where that is, and how long it lasts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

BY: Final = {
    "access_token": "access token",
    "refresh_token": "refresh token",
    "client_secret": "client credentials",
    "private_key": "JWT signed with a private key",
    "password": "user name and password",
    "api_key": "API key",
}
"""What ways to sign in are called, by the last of the settings that each takes."""


@dataclass(frozen=True)
class Identity:
    """Who we are to a service, as it may be shown."""

    connector: str
    base_url: str = ""
    """Where the service is; of an org that is found by signing in, the org's own address."""
    api: str = ""
    """The version of its interface that is spoken."""
    by: str = ""
    """By what we sign in, in words."""
    who: str | None = None
    """As the service calls us; None where it did not tell."""
    until: float | None = None
    """Seconds since the epoch at which the access token ends, where the service says."""
    renews: bool = False
    """Whether another is got then, without anybody's doing."""
    kept: str = ""
    """Where the token is kept, in words; "" where it is ours to give each time."""

    @property
    def lasts(self) -> str:
        """Until when, in words."""
        if self.until is None:
            return "renews itself" if self.renews else "not told"
        end = datetime.fromtimestamp(self.until, UTC).strftime("%Y-%m-%d %H:%M UTC")
        return f"{end}, then renews itself" if self.renews else end

    def __str__(self) -> str:
        who = self.who or "somebody whom the service did not name"
        return f"{who} at {self.base_url or self.connector}"


def way(settings: Sequence[str]) -> str:
    """What a way to sign in is called that takes these settings.

    >>> way(("client_id", "client_secret")), way(("sf",))
    ('client credentials', 'sf=…')
    """
    return BY.get(settings[-1], f"{settings[-1]}=…") if settings else "nothing"
