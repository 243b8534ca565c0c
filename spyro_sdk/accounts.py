"""Sign a person in to a service, and out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from . import blocking, registry, shown
from .auth.app import App
from .auth.oauth import Token, posted
from .auth.person import Person
from .auth.signin import Desk, Elsewhere, chosen
from .auth.terminal import TerminalPerson
from .auth.tokens import Account, MemoryStore, TokenStore, remembered, stores
from .config import BY_PERSON, ConnectorConfig
from .connector import BaseConnector
from .errors import ConfigurationError, ConnectorError
from .events import Observer
from .exchange import HttpConnector
from .http import origin
from .secret import Unseen, hidden
from .settings import LEFT_ASIDE, configured, demo_options, demo_settings, has_app, known_to, nobody_to_ask
from .shown import Shown

PATIENCE = 300.0  # seconds that a person has to sign in
BY_ITSELF = "it ends by itself, or in the settings of the service"


@dataclass(frozen=True)
class SignedIn(Shown):
    """Who signed in, to what, and where that is remembered."""

    connector: str
    who: str | None
    """As the service calls them, where it says."""
    issuer: str
    """Who gave us the token."""
    scopes: tuple[str, ...]
    """What was allowed, where the service says."""
    until: float | None
    """Seconds since the epoch at which the token ends, where the service says."""
    renews: bool
    """Whether the token renews itself from then on."""
    is_kept: bool
    """Whether it is remembered after this process."""

    def __str__(self) -> str:
        who = f" as {self.who}" if self.who else ""
        kept = "remembered" if self.is_kept else "until this process ends"
        return f"signed in to {self.connector}{who} at {self.issuer}, {kept}"

    def __repr__(self) -> str:
        return f"<{self}; spyro.logout({self.connector!r}) ends it>"


@dataclass(frozen=True)
class SignedOut(Shown):
    """What was removed."""

    connector: str
    removed: tuple[Account, ...]
    """Whose tokens are not kept any more."""
    revoked: tuple[Account, ...]
    """Those of them that the service was told to end."""
    still_valid: Mapping[Account, str] = field(default_factory=dict)
    """Those that it was not, and why: they end by themselves, or in the service's own settings."""

    def __str__(self) -> str:
        if not self.removed:
            return f"nobody was signed in to {self.connector}"
        lines = [f"signed out of {self.connector}"]
        lines += [f"{_called(it)}: removed here, ended there" for it in self.revoked]
        lines += [f"{_called(it)}: removed here; {why}" for it, why in self.still_valid.items()]
        return "; ".join(lines)

    def __repr__(self) -> str:
        return f"<{self}>"


def _called(account: Account) -> str:
    return f"{account.issuer}, by a refresh token of your settings" if account.given else account.issuer


def login(
    name: str | type[BaseConnector],
    *,
    demo: bool | Mapping[str, Any] | None = False,
    person: Person | None = None,
    patience: float = PATIENCE,
    observers: Iterable[Observer] = (),
    **settings: Any,
) -> SignedIn:
    """Sign a person in to a service, anew, and remember it for `connect`.

    `settings` are those of `connect`; `client_id`, that of an app registered with the service, is needed.
    `auth_mode` says how: "browser", "paste" or "device"; without it what suits the place. `person` is who is
    asked, by default whoever is at the terminal or the notebook, for `patience` seconds.

    Raises `SignInError` where it comes to nothing, `SignInNeeded` where nobody is there,
    `ConfigurationError` for what makes no sense.
    """
    settings, environment = hidden(settings), Unseen(os.environ)
    kind = _kind(name)
    settings = hidden(settings, known_to(kind))
    asked = somebody(person)
    mode: Any = settings.pop("auth_mode", None) or "auto"
    if mode not in ("auto", *BY_PERSON):
        raise ConfigurationError(
            f"auth_mode={mode!r} asks nobody: connect with it, or log in with one of {', '.join(BY_PERSON)}",
            field="auth_mode",
        )
    settings["auth_mode"] = "browser" if mode == "auto" else mode  # either takes the same settings
    options = demo_options(demo)
    own = {} if options is None else demo_settings(kind, options)
    config = configured(kind, {**own, **settings}, environment if options is None else {}, remembered)
    connector = by_person(kind, replace(config, auth_mode=mode), asked)
    connector.observe(*observers)
    return blocking.converse(_logged_in, connector, asked, patience)


def somebody(person: Person | None = None) -> Person:
    """Who is asked: that person, or whoever sits at the notebook, or else at the terminal."""
    wing = shown.wing()
    at_notebook: Person | None = wing.person() if wing else None
    return person or at_notebook or TerminalPerson()


def by_person(kind: type[HttpConnector], config: ConnectorConfig, person: Person) -> HttpConnector:
    """A connector to which `person` signs in, in the way that suits; `SignInNeeded` where nobody is there."""
    if not person.can_answer:
        raise nobody_to_ask(kind)
    rest: dict[str, Any] = dict.fromkeys(LEFT_ASIDE)
    app = kind(replace(config, auth_type="oauth2", auth_mode="browser", **rest)).keeping().app
    mode: Any = chosen(app, person, config.auth_mode or "auto")
    return kind(replace(config, auth_type="oauth2", auth_mode=mode, **rest))


def sign_in(connector: HttpConnector, person: Person, patience: float = PATIENCE) -> None:
    """Have a person sign in, here and now."""
    blocking.converse(_sign_in, connector, person, patience)


def logout(
    name: str | type[BaseConnector], *, demo: bool | Mapping[str, Any] | None = False, **settings: Any
) -> SignedOut:
    """Forget the tokens that are kept for a service, and have it end them where it can.

    Without `client_id` and `base_url` all that people got by signing in, and all that came of a refresh token
    which was given to `connect`, or stands in the environment or a profile: where the service had rotated
    that, it is of no use any more. Other credentials are left alone.
    """
    settings = hidden(settings)
    kind = registry.kind_of(name)
    if not issubclass(kind, HttpConnector):
        raise _signs_nobody_in(kind)
    options = demo_options(demo)
    own = {} if options is None else demo_settings(kind, options)
    settings = {**{it: own[it] for it in ("client_id", "base_url") if it in own}, **settings}
    return blocking.run(_logged_out, kind, settings)


def _kind(name: Any) -> type[HttpConnector]:
    kind = registry.kind_of(name)
    if not has_app(kind):
        raise _signs_nobody_in(kind)
    return kind


def _signs_nobody_in(kind: type[BaseConnector]) -> ConfigurationError:
    return ConfigurationError(
        f"{kind.name} signs no person in: connect with credentials", field="name", connector=kind.name
    )


async def _sign_in(connector: HttpConnector, person: Person, patience: float, here: Elsewhere) -> Token:
    return await connector.sign_in(person, patience, Desk(here))


async def _logged_in(connector: HttpConnector, person: Person, patience: float, here: Elsewhere) -> SignedIn:
    """Sign in, and ask the service who that was: it says so only where the token is of use."""
    token = await connector.sign_in(person, patience, Desk(here))
    async with connector.connection_context():
        who = await connector.whoami()
    kept = connector.keeping()
    return SignedIn(
        connector.name,
        who,
        kept.account.issuer,
        token.scopes,
        token.expires_at,
        token.refresh_token is not None,
        not isinstance(kept.store, MemoryStore),
    )


async def _logged_out(kind: type[HttpConnector], settings: Mapping[str, Any]) -> SignedOut:
    removed, revoked, valid = [], [], {}
    for store in stores():
        for account in [it for it in store.accounts() if _is_meant(it, kind, settings)]:
            why = await _removed(kind, settings, account, store)
            removed.append(account)
            if why:
                valid[account] = why
            else:
                revoked.append(account)
    return SignedOut(kind.name, tuple(removed), tuple(revoked), valid)


def _is_meant(account: Account, kind: type[HttpConnector], settings: Mapping[str, Any]) -> bool:
    known = kind.remembered(account)
    return account.connector == kind.name and all(
        settings.get(name) in (None, value) for name, value in known.items()
    )


async def _removed(
    kind: type[HttpConnector], settings: Mapping[str, Any], account: Account, store: TokenStore
) -> str | None:
    """Forget a token, and why it could not be revoked; None where it was."""
    async with store.locked(account):
        token = store.read(account)
        store.delete(account)
    if token is None:
        return "there was no token in it"
    if not has_app(kind):
        return BY_ITSELF
    try:
        config = kind.configure(**{**settings, **kind.remembered(account), "auth_mode": "browser"})
        return await _revoked(kind(config), account, token)
    except ConnectorError as error:
        return f"it could not be ended there ({error})"


async def _revoked(connector: HttpConnector, account: Account, token: Token) -> str | None:
    """Have the service end a token (RFC 7009), the refresh token first, with which all others go."""
    app = connector.app()
    if app is None or app.revoke_url is None or not _is_of(app, account):
        return BY_ITSELF
    form = {"token": token.refresh_token or token.access_token, "client_id": account.client_id}
    async with connector.line() as send:
        response, _ = await posted(send, app.revoke_url, form)
    return None if response.status < 400 else f"the service did not end it ({response.status})"


def _is_of(app: App, account: Account) -> bool:
    """Whether the app is the one that the account's token was given to, by the same server."""
    servers = (app.issuer, origin(app.token_url))
    return account.client_id == app.client_id and account.issuer in servers
