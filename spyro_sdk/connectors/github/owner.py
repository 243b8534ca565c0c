"""Whose repositories they are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from ...errors import AuthenticationError, ConfigurationError, DataFetchError

Told: TypeAlias = Callable[[str], Awaitable[dict[str, Any]]]
"""The object that GitHub has at a path."""


@dataclass(frozen=True, slots=True)
class Owner:
    """An organization or a user."""

    login: str
    is_organization: bool
    is_ours: bool = False
    """Whether it is the user whose token we have, who may see private repositories."""

    @property
    def path(self) -> str:
        """Where GitHub has the owner."""
        return f"/orgs/{self.login}" if self.is_organization else f"/users/{self.login}"


async def find(name: str, told: Told, *, is_known: bool) -> Owner:
    """The owner of that name; `ConfigurationError` where GitHub has none. `is_known`: we have signed in."""
    try:
        found = await told(f"/users/{name}")
    except DataFetchError as error:
        if error.status != 404:
            raise
        raise ConfigurationError(
            f"github has no organization or user {name!r}", field="owner", connector="github"
        ) from None
    login, is_organization = str(found.get("login", name)), found.get("type") == "Organization"
    return Owner(login, is_organization, is_known and not is_organization and await _is_ours(login, told))


async def _is_ours(login: str, told: Told) -> bool:
    """Whether it is the user whose token we have; one that is no user's is not ours."""
    try:
        return (await told("/user")).get("login") == login
    except AuthenticationError as error:
        if error.status != 403:
            raise
        return False
