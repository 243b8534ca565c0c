"""OAuth 2 access tokens: asked for when there is none, renewed when they age or are refused."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlencode

import anyio

from ..config import ConnectorConfig
from ..errors import AuthenticationError, ConfigurationError, DataFetchError, TokenStoreError
from ..forms import without
from ..http import Request, Response, Send, origin
from ..secret import Secret, hide
from .static import bearing
from .token import FARTHEST, Grant, Refresh, Token, is_line
from .tokens import Account, TokenStore

if TYPE_CHECKING:
    from .shared import SharedToken

__all__ = [
    "ClientCredentials",
    "Grant",
    "JwtBearer",
    "OAuth",
    "Refresh",
    "RefreshToken",
    "Renewal",
    "Token",
    "grant",
]

PLAIN = frozenset(
    {
        *("error", "expires_in", "instance_url", "interval", "issued_at", "scope", "token_type"),
        "verification_uri",
    }
)
"""What is no secret in the answers of an authorization server."""
LEEWAY = 60.0  # seconds before its end at which a token counts as old, and up to half as much more


@dataclass
class OAuth:
    """Signs with a bearer token, and gets one by `grant` whenever it has none that is fresh.

    However many requests need a token at once, it is asked for once; with a `store`, once for all threads
    and processes that ask as the same `account`.
    """

    grant: Grant | None
    """None: the token that we were given, and what the store has, is all there is."""
    token: Token | None = field(default=None, repr=False)
    on_renewed: Callable[[Token], None] = field(default=lambda token: None, repr=False)
    clock: Callable[[], float] = field(default=time.time, repr=False)  # seconds since the epoch
    store: TokenStore | None = field(default=None, repr=False)
    account: Account | None = None
    refresh: Refresh | None = field(default=None, repr=False)
    """How the store's refresh tokens are exchanged; a grant that is a `RefreshToken` says it itself."""
    on_unkept: Callable[[TokenStoreError], None] = field(default=lambda error: None, repr=False)
    """Told where a new token cannot be written to the store, and serves this process alone."""
    uniform: Callable[[float, float], float] = field(default=random.uniform, repr=False)
    _renewing: anyio.Lock = field(default_factory=anyio.Lock, repr=False)
    _refused: str | None = field(default=None, repr=False)
    _shared: SharedToken | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._leeway = LEEWAY + self.uniform(0, LEEWAY / 2)  # not all processes come at once
        self._shared = self._sharing()

    async def sign(self, request: Request, send: Send) -> Request:
        """The request with a fresh access token (RFC 6750 §2.1)."""
        token = await self.fresh(send)
        return request.with_headers({"Authorization": bearing(token.access_token)})

    async def fresh(self, send: Send) -> Token:
        """A token that is not about to expire."""
        async with self._renewing:
            if self.token is None or (self._is_renewable and not self._is_good(self.token)):
                self.token = await self._obtained(send)
            return self.token

    async def renew(self, refused: Request) -> bool:
        """Drop the refused token, unless another request has replaced it already."""
        carried = refused.headers.get("Authorization")
        if carried is None:  # it was the token endpoint that refused us
            return False
        if self.token and carried == bearing(self.token.access_token):
            if not self._is_renewable:
                return False
            self._refused, self.token = self.token.access_token, None
        return True

    @property
    def renews(self) -> bool:
        """Whether another token is got where this one has ended, without anybody's doing."""
        if self.grant is not None or self._shared is None:
            return self.grant is not None
        return self.refresh is not None and self.token is not None and self.token.refresh_token is not None

    @property
    def _is_renewable(self) -> bool:
        return self.grant is not None or self._shared is not None

    def _is_good(self, token: Token) -> bool:
        return token.access_token != self._refused and not token.is_old(self.clock(), self._leeway)

    async def _obtained(self, send: Send) -> Token:
        if self._shared:
            return await self._shared.get(send, self._is_good)
        if self.grant is None:
            raise AuthenticationError("there is no access token, and no way to get one")
        token = await self.grant(send)
        self.on_renewed(token)
        return token

    def _sharing(self) -> SharedToken | None:
        if self.store is None or self.account is None:
            if self.store or self.account:
                raise ConfigurationError("store and account belong together: give both", field="store")
            return None
        from .shared import SharedToken

        shared = SharedToken(
            self.store, self.account, self.refresh, self.grant, self.on_renewed, self.on_unkept, self.token
        )
        if isinstance(self.grant, RefreshToken):
            shared.refresh, shared.seed, shared.grant = self.grant.renewal, self.grant.refresh_token, None
        return shared


@dataclass(frozen=True)
class ClientCredentials:
    """RFC 6749 §4.4: a program acts for itself."""

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    extra: Mapping[str, str] = field(default_factory=dict, repr=False)
    """More fields of the form, such as `scope`."""

    def __post_init__(self) -> None:
        hide(self, "client_secret", "extra")

    async def __call__(self, send: Send) -> Token:
        form = {**_client(self.client_id, self.client_secret), **self.extra}
        return await _ask(send, self.token_url, "client_credentials", form)


@dataclass(frozen=True)
class Renewal:
    """RFC 6749 §6: exchanges the refresh tokens of one app; a `Refresh`."""

    token_url: str
    client_id: str
    client_secret: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        hide(self, "client_secret")

    async def __call__(self, send: Send, refresh_token: str) -> Token:
        form = {"refresh_token": refresh_token, **_client(self.client_id, self.client_secret)}
        return await _ask(send, self.token_url, "refresh_token", form)


@dataclass
class RefreshToken:
    """RFC 6749 §6: a token given earlier is exchanged for a new one; a rotated one replaces it."""

    token_url: str
    client_id: str
    refresh_token: str = field(repr=False)
    client_secret: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        hide(self, "client_secret", "refresh_token")

    async def __call__(self, send: Send) -> Token:
        token = await self.renewal(send, self.refresh_token)
        self.refresh_token = token.refresh_token or self.refresh_token
        return token

    @property
    def renewal(self) -> Renewal:
        """How any refresh token of the same app is exchanged."""
        return Renewal(self.token_url, self.client_id, self.client_secret)


@dataclass(frozen=True)
class JwtBearer:
    """RFC 7523 §2.1: a signed statement that we act for `subject`; needs the extra `jwt`."""

    token_url: str
    client_id: str
    subject: str
    audience: str
    private_key: str = field(repr=False)
    lifetime: float = 180.0  # seconds the statement holds
    clock: Callable[[], float] = field(default=time.time, repr=False)

    def __post_init__(self) -> None:
        hide(self, "private_key")

    async def __call__(self, send: Send) -> Token:
        return await _ask(
            send,
            self.token_url,
            "urn:ietf:params:oauth:grant-type:jwt-bearer",
            {"assertion": self.assertion()},
        )

    def assertion(self) -> str:
        """The signed statement (RS256)."""
        jwt = _pyjwt()
        claims = {
            "iss": self.client_id,
            "sub": self.subject,
            "aud": self.audience,
            "exp": int(self.clock() + self.lifetime),
        }
        try:
            return Secret(jwt.encode(claims, self.private_key, algorithm="RS256"))
        except (ValueError, TypeError, AttributeError, jwt.PyJWTError):  # AttributeError: a public key
            raise AuthenticationError(
                "private_key is no RSA key in PEM form: give the text between and with"
                " '-----BEGIN PRIVATE KEY-----' and '-----END PRIVATE KEY-----'"
            ) from None


def grant(config: ConnectorConfig, token_url: str, audience: str | None = None) -> Grant | None:
    """The way to get tokens for which the configuration has what it takes; None where there is none.

    `audience`: whom a JWT is addressed to, where that is not the token endpoint's origin.
    """
    client, mode = config.client_id, config.auth_mode
    if client and config.refresh_token and mode in (None, "auto", "refresh_token"):
        return RefreshToken(token_url, client, config.refresh_token, config.client_secret)
    if client and config.username and config.private_key and mode in (None, "auto", "jwt"):
        whom = audience or origin(token_url)
        return JwtBearer(token_url, client, config.username, whom, config.private_key)
    if client and config.client_secret and mode in (None, "auto", "client_credentials"):
        return ClientCredentials(token_url, client, config.client_secret)
    return None


def _pyjwt() -> Any:
    try:
        import cryptography  # noqa: F401  # PyJWT signs with it, but can be installed without
        import jwt
    except ImportError:
        raise AuthenticationError(
            "signing in with private_key needs PyJWT and cryptography: pip install 'spyro-sdk[jwt]'"
        ) from None
    return jwt


def _client(client_id: str, client_secret: str | None) -> dict[str, str]:
    return {"client_id": client_id, **({"client_secret": client_secret} if client_secret else {})}


async def _ask(send: Send, url: str, grant_type: str, form: Mapping[str, str]) -> Token:
    """Ask the token endpoint for a token; a refusal is an `AuthenticationError` (RFC 6749 §5.2)."""
    response, answer = await posted(send, url, {"grant_type": grant_type, **form})
    token = token_of(answer) if response.status < 400 else None
    return token or fail(response, answer, grant_type, form)


async def posted(send: Send, url: str, form: Mapping[str, str]) -> tuple[Response, dict[str, Any]]:
    """What an endpoint answers to a form; `DataFetchError` where it fails or is asked too often."""
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "application/json",
        "Accept-Encoding": "identity",
    }
    response = await send(Request(url, "POST", headers=headers, body=urlencode(form).encode()))
    if response.status >= 500 or response.status == 429:
        raise DataFetchError(f"the token endpoint answered {response.status}", status=503)
    return response, _payload(response)


def token_of(answer: Mapping[str, Any]) -> Token | None:
    """The token in an answer (RFC 6749 §5.1); None where there is none."""
    token, again = answer.get("access_token"), answer.get("refresh_token")
    if "error" in answer or not isinstance(token, str) or not is_line(token):
        return None
    lifetime, now, scope = _seconds(answer.get("expires_in")), time.time(), answer.get("scope")
    return Token(
        access_token=token,
        refresh_token=again if is_line(again) else None,
        expires_at=now + lifetime if lifetime else None,
        extra={name: value for name, value in answer.items() if not name.endswith("_token")},
        scopes=_scopes(scope) if isinstance(scope, str) else (),
        obtained_at=now,
    )


def _payload(response: Response) -> dict[str, Any]:
    try:
        answer = json.loads(response.body)
    except (ValueError, RecursionError):
        return {}
    return secretive(answer) if isinstance(answer, dict) else {}


def secretive(answer: Mapping[str, Any]) -> dict[str, Any]:
    """What an authorization server says, as secrets but for what is known to be none."""
    return {
        name: Secret(it) if isinstance(it, str) and name not in PLAIN else it for name, it in answer.items()
    }


def fail(response: Response, answer: Mapping[str, Any], grant_type: str, form: Mapping[str, str]) -> NoReturn:
    """Raise the error of a token endpoint in its words (RFC 6749 §5.2), without a secret that it may echo."""
    sent = [value for name, value in form.items() if name not in ("client_id", "grant_type") and value]
    said = _said(answer)
    for value in sent:  # also one that is too short for `without`
        said = Secret(said.replace(value, "***"))
    said = Secret(without(said, sent))  # more may be said again, such as a header of the user's
    raise AuthenticationError(
        f"the token endpoint refused {grant_type}: {said[:300]}",
        hint="check the client id, the secret or key, and that the app allows this way of signing in",
        status=response.status,
        error_code=without(code, sent) if isinstance(code := answer.get("error"), str) else None,
    )


def _said(answer: Mapping[str, Any]) -> Secret:
    words = str(answer.get("error_description", "")).strip()
    return Secret(answer.get("error", "no access_token in the answer")) + (f" ({words})" if words else "")


def _seconds(lifetime: Any) -> float | None:
    """`expires_in` as a number, which some services send as text; None for what is none."""
    try:
        seconds = float(lifetime)
    except (ValueError, TypeError, OverflowError):
        return None
    return seconds if abs(seconds) < FARTHEST / 2 else None


def _scopes(scope: str) -> tuple[str, ...]:
    return tuple(filter(is_line, scope.replace(",", " ").split()))  # GitHub has commas
