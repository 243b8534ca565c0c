"""Who we are to a declared service: which settings hold the secrets, and how they are sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from ...auth import Auth, static
from ...auth.oauth import ClientCredentials, OAuth
from ...config import ConnectorConfig
from ...http import Request, Send
from ...secret import hidden, hide


@dataclass(frozen=True)
class Parameter:
    """A query parameter sent with each request."""

    name: str
    value: str = field(repr=False)

    def __post_init__(self) -> None:
        hide(self, "value")

    async def sign(self, request: Request, send: Send) -> Request:
        sent = {name for name, _ in parse_qsl(urlsplit(request.url).query, keep_blank_values=True)}
        return request if self.name in sent else request.with_params(**{self.name: self.value})

    async def renew(self, refused: Request) -> bool:
        return False


@dataclass(frozen=True)
class Signing:
    """How requests are signed. The secrets are not here: they are in the configuration."""

    auth_type: str | None = None
    """None: told by which credentials the configuration has; none where it has none."""
    name: str = ""
    """The header or query parameter of a key."""
    in_query: bool = False
    form: Mapping[str, str] = field(default_factory=dict, repr=False)
    """More fields of the form by which a token is asked for."""
    needs: Sequence[str] = ()
    """The settings that must be given to sign in."""

    def __post_init__(self) -> None:
        hide(self, "form")

    def auth(self, config: ConnectorConfig, usual: Auth) -> Auth:
        """What signs the requests; `usual` where nothing is declared that differs from it."""
        if config.auth_type == "api_key" and self.name:
            key = config.api_key or ""
            return Parameter(self.name, key) if self.in_query else static.api_key(key, self.name)
        if self.form and isinstance(usual, OAuth) and isinstance(usual.grant, ClientCredentials):
            usual.grant = replace(usual.grant, extra=self.form)
        return usual


def signing(declared: Any) -> tuple[Signing, dict[str, str]]:
    """How a declaration's `auth` signs, and the settings that it gives for that."""
    if declared is None:
        return Signing(), {}
    if isinstance(declared, str):
        return BY_NAME[declared], {}
    kind = declared.type
    if kind == "bearer":
        return _given("bearer", access_token=declared.token)
    if kind == "http_basic":
        return _given("basic", username=declared.username, password=declared.password)
    if kind == "header":
        how, given = _given("api_key", api_key=declared.value)
        return replace(how, name=declared.name), given
    if kind == "api_key":
        how, given = _given("api_key", api_key=declared.api_key)
        return replace(how, name=declared.name, in_query=declared.location != "header"), given
    how, given = _given("oauth2", client_id=declared.client_id, client_secret=declared.client_secret)
    form = {name: str(value) for name, value in declared.access_token_request_data.items()}
    return replace(how, form=form), {**given, "token_url": declared.access_token_url}


def _given(auth_type: str, **settings: str | None) -> tuple[Signing, dict[str, str]]:
    given = hidden({name: value for name, value in settings.items() if value is not None})
    return Signing(auth_type, needs=tuple(name for name in settings if name not in given)), given


BY_NAME: Mapping[str, Signing] = {
    "none": Signing("none"),
    "bearer": Signing("bearer", needs=("access_token",)),
    "api_key": Signing("api_key", "Authorization", needs=("api_key",)),
    "http_basic": Signing("basic", needs=("username", "password")),
}
"""Authentication that is named, and given by settings or the environment."""
