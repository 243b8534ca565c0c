"""How Salesforce is signed in to, and where that leads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ...auth import oauth
from ...config import BY_PERSON, CREDENTIALS, ConnectorConfig, check_mode, is_loopback, is_private
from ...errors import ConfigurationError, DecodeError
from ...http import Request, origin
from . import describe
from .line import Line
from .refusal import not_salesforce

if TYPE_CHECKING:
    from ...auth.app import App

LOGIN = "https://login.salesforce.com"
OAUTH = "/services/oauth2"
SANDBOX_LOGIN = "https://test.salesforce.com"
WAYS = (
    ("base_url", "access_token"),
    ("client_id", "refresh_token"),
    ("base_url", "client_id", "client_secret"),
    ("client_id", "username", "private_key"),
    ("sf",),
)
"""The sets of settings of which one must be complete."""


CALLBACK = "http://localhost:1717/OauthRedirect"
"""What Salesforce's guide registers for a program on a person's machine: of plain http it takes `localhost`
alone, and compares the port too."""
SCOPES = ("api", "refresh_token")
FULL = (
    *(
        "address",
        "api",
        "cdp_api",
        "cdp_calculated_insight_api",
        "cdp_identityresolution_api",
        "cdp_ingest_api",
    ),
    *("cdp_profile_api", "cdp_query_api", "cdp_segment_api", "chatbot_api", "chatter_api", "content"),
    *("custom_permissions", "eclair_api", "einstein_gpt_api", "email", "forgot_password", "id"),
    *("interaction_api", "lightning", "mcp_api", "openid", "pardot_api", "phone", "profile"),
    *("pwdless_login_api", "scrt_api", "sfap_api", "user_registration_api", "visualforce", "wave_api", "web"),
)
"""All that `full` allows: what https://login.salesforce.com/.well-known/openid-configuration lists, but for a
refresh token."""
IMPLIED = {"full": FULL, "api": ("chatter_api",), "web": ("visualforce",)}
"""What comes with a scope.

https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_tokens_scopes.htm
"""


def app(config: ConnectorConfig, base_url: str) -> App | None:
    """The External Client App of the configuration; None without its `client_id`."""
    from ...auth.app import App  # for whoever asks a person

    if not config.client_id:
        return None
    home = base_url or LOGIN
    is_real = not is_loopback(urlsplit(home).hostname or "")
    return App(
        f"{home}{OAUTH}/authorize",
        config.token_url or f"{home}{OAUTH}/token",
        config.client_id,
        config.client_secret,
        tuple(config.scope.split()) if config.scope else SCOPES,
        issuer=home,
        revoke_url=f"{home}{OAUTH}/revoke",
        implied=IMPLIED,
    ).redirected_to(config.redirect_uri or (CALLBACK if is_real else None))


def settled(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings, with `auth_mode="sf"` as what it stands for: the login of that command."""
    mode, settled = settings.get("auth_mode"), dict(settings)
    if mode is not None:
        check_mode("salesforce", mode, ["sf"])
    if mode == "sf":
        del settled["auth_mode"]
        settled["sf"] = settled.get("sf") or True
    if mode in BY_PERSON:
        settled.pop("sf", None)
    if settled.get("sf"):
        settled["auth_type"] = "none"
    return settled


def fault(config: ConnectorConfig) -> str | None:
    """What is missing to sign in, in words."""
    if config.asks_person:
        return None
    given = [name for name in CREDENTIALS if getattr(config, name)]
    if sf := config.custom_params.get("sf"):
        return f"sf={sf!r} and {given[0]} are of two accounts: give one of them" if given else None
    if any(all(name in given or (name == "base_url" and config.base_url) for name in way) for way in WAYS):
        return None
    if config.auth_type == "none":  # a session signs in
        return None if config.base_url else "give base_url, the address of your org"
    return "give " + ", or ".join(" and ".join(way) for way in WAYS)


def means(config: ConnectorConfig, base_url: str) -> tuple[oauth.Grant | None, oauth.Token | None]:
    """The way to get tokens, and the one that was given to us, as far as there are any."""
    token_url = config.token_url or f"{base_url or LOGIN}{OAUTH}/token"
    grant = oauth.grant(config, token_url, audience(token_url))
    # a token alone does not say where the data is: without an address another is asked for, which does
    is_wanted = base_url and config.auth_mode in (None, "auto", "token")
    return grant, oauth.Token(config.access_token) if config.access_token and is_wanted else None


def user_of(token: oauth.Token) -> str | None:
    """The id of the user whose token it is, which ends the address that comes with it."""
    user = str(token.extra.get("id", "")).rpartition("/")[2]
    return user if re.fullmatch("005[0-9A-Za-z]{12,15}", user) else None


def named(payload: Any) -> str | None:
    """How the only user of an answer is called."""
    records = payload.get("records") or [{}]
    name, username = (records[0].get(it) for it in ("Name", "Username"))
    return f"{name} ({username})" if name and username else name or username


def home(token: oauth.Token, config: ConnectorConfig) -> str | None:
    """Where the data is, if that came with the token; `ConfigurationError` where that is not safe."""
    instance = token.extra.get("instance_url")
    if not instance:
        return None
    found = str(replace(config, base_url=instance).base_url).rstrip("/")
    if config.custom_params.get("sf"):  # a command of the user's own says so, and no service
        return found
    if is_private(_host(found)) and not is_private(_host(config.token_url or config.base_url or LOGIN)):
        raise ConfigurationError(
            f"Salesforce sends us to {origin(found)}, an address of a private network: not followed, since"
            " our credentials would go along",
            field="base_url",
            connector=config.name,
        )
    return found


async def newest(line: Line) -> str:
    """The highest API version that Salesforce has, of which a line without a version leads to the list."""
    try:
        return await line.ask(Request(line.root), describe.newest)
    except DecodeError:
        raise not_salesforce(origin(line.root)) from None


def audience(token_url: str) -> str:
    """Whom a JWT is addressed to: Salesforce wants its login page, also where an org has its own domain.

    https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_jwt_flow.htm
    """
    host = _host(token_url)
    if is_loopback(host):
        return origin(token_url)
    return SANDBOX_LOGIN if host == "test.salesforce.com" or ".sandbox." in host else LOGIN


def _host(address: str) -> str:
    return urlsplit(address).hostname or ""
