"""What a configuration asks of GitHub: whose repositories, and by which way to sign in."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from ...auth.app import App
from ...config import ConnectorConfig, is_loopback

NAME = re.compile(r"[\w.-]+", re.ASCII)
SECRETS = ("access_token", "refresh_token", "client_secret", "api_key", "password", "private_key")
KNOWN = ("client_id", *SECRETS)
"""Settings of which one must be given to be anybody."""
SCOPE = "read:org read:project"
VERSION = "2022-11-28"
IMPLIED = {
    "repo": ("public_repo", "repo:invite", "repo:status", "repo_deployment", "security_events"),
    "admin:enterprise": ("manage_billing:enterprise", "manage_runners:enterprise", "read:enterprise"),
    "admin:gpg_key": ("write:gpg_key",),
    "admin:org": ("write:org",),
    "admin:public_key": ("write:public_key",),
    "admin:repo_hook": ("write:repo_hook",),
    "project": ("read:project",),
    "user": ("read:user", "user:email", "user:follow"),
    "write:gpg_key": ("read:gpg_key",),
    "write:org": ("read:org",),
    "write:packages": ("read:packages",),
    "write:public_key": ("read:public_key",),
    "write:repo_hook": ("read:repo_hook",),
}
"""What comes with a scope: GitHub names none that another one includes.

https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps#normalized-scopes
"""

OPTIONS = {
    "owner": "the organization or user whose repositories they are",
    "repositories": "names of the only repositories to read; without it all",
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
    return None


def app(config: ConnectorConfig, base_url: str) -> App | None:
    """The OAuth app or GitHub App of the configuration; None without its `client_id`.

    GitHub takes a code that comes back by a browser only together with the app's secret.
    """
    if not config.client_id:
        return None
    login = f"{web(base_url)}/login"
    return App(
        f"{login}/oauth/authorize" if config.client_secret else "",
        token_url(config, base_url),
        config.client_id,
        config.client_secret,
        tuple((config.scope or SCOPE).replace(",", " ").split()),
        issuer=f"{login}/oauth",
        device_url=f"{login}/device/code",
        implied=IMPLIED,
    ).redirected_to(config.redirect_uri)


def token_url(config: ConnectorConfig, base_url: str) -> str:
    """Where tokens are given out."""
    return config.token_url or f"{web(base_url)}/login/oauth/access_token"


def web(base_url: str) -> str:
    """Where people see what the API is about: of an Enterprise Server the same host, else another.

    >>> web("https://api.github.com"), web("https://github.acme.example/api/v3")
    ('https://github.com', 'https://github.acme.example')
    """
    return base_url.removesuffix("/api/v3").replace("://api.", "://", 1)


def api(issuer: str) -> dict[str, str]:
    """The setting of the API's address, for the one who gives out tokens; none where it is the usual one.

    >>> api("https://github.acme.example/login/oauth")
    {'base_url': 'https://github.acme.example/api/v3'}
    """
    pages = urlsplit(issuer.removesuffix("/login/oauth"))
    host = pages.hostname or ""
    if host == "github.com":
        return {}
    if host.endswith(".ghe.com"):
        return {"base_url": f"https://api.{pages.netloc}"}
    return {"base_url": pages.geturl() + ("" if is_loopback(host) else "/api/v3")}


def _is_name(name: Any) -> bool:
    return isinstance(name, str) and NAME.fullmatch(name) is not None and name.strip(".") != ""
