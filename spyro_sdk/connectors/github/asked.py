"""What a configuration asks of GitHub: whose repositories, and by which way to sign in."""

from __future__ import annotations

import re
from typing import Any

from ...auth import device, oauth
from ...config import ConnectorConfig

NAME = re.compile(r"[\w.-]+", re.ASCII)
DEVICE = "device"
SECRETS = ("access_token", "refresh_token", "client_secret", "api_key", "password", "private_key")
SCOPE = "read:org read:project"
VERSION = "2022-11-28"

OPTIONS = {
    "owner": "the organization or user whose repositories they are",
    "repositories": "names of the only repositories to read; without it all",
    "auth_mode": "'device': sign in with a code that is typed in at GitHub; needs client_id",
    "scope": f"what a device sign-in asks to be allowed; without it {SCOPE!r}",
    "api_version": f"a version of the REST API; without it {VERSION!r}",
}


def repositories(config: ConnectorConfig) -> tuple[Any, ...]:
    """The repositories that are named; a text may name several."""
    named = config.custom_params.get("repositories") or ()
    return tuple(re.split(r"[,\s]+", named.strip()) if isinstance(named, str) else named)


def complaint(config: ConnectorConfig) -> str | None:
    """What is wrong with the configuration; None where it will do."""
    asked = config.custom_params
    if not _is_name(owner := asked.get("owner")):
        return f"owner={owner!r} is no organization or user: give one, such as owner='acme'"
    named = asked.get("repositories")
    if not isinstance(named or (), str | list | tuple) or not all(map(_is_name, repositories(config))):
        return f"repositories={named!r} cannot be: give a list of names, such as ['api', 'web']"
    if (mode := asked.get("auth_mode")) not in (None, DEVICE):
        return f"auth_mode={mode!r} cannot be: {DEVICE!r} is all there is beside a token"
    if mode == DEVICE and not config.client_id:
        return "a device sign-in needs client_id, that of an app"
    return None


def grant(config: ConnectorConfig, base_url: str, tell: device.Tell) -> oauth.Grant | None:
    """The way to get tokens; None where one was given, or none is wanted."""
    login = f"{web(base_url)}/login"
    token_url = config.token_url or f"{login}/oauth/access_token"
    if config.custom_params.get("auth_mode") == DEVICE:
        scope = str(config.custom_params.get("scope") or SCOPE)
        return device.Device(f"{login}/device/code", token_url, config.client_id or "", scope, tell)
    return oauth.grant(config, token_url) if config.auth_type == "oauth2" else None


def web(base_url: str) -> str:
    """Where people see what the API is about: of an Enterprise Server the same host, else another.

    >>> web("https://api.github.com"), web("https://github.acme.example/api/v3")
    ('https://github.com', 'https://github.acme.example')
    """
    return base_url.removesuffix("/api/v3").replace("://api.", "://", 1)


def _is_name(name: Any) -> bool:
    return isinstance(name, str) and NAME.fullmatch(name) is not None and name.strip(".") != ""
