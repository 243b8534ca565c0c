"""OAuth 2 access tokens: asked for when there is none, renewed when they age or are refused."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeAlias
from urllib.parse import urlencode

import anyio

from ..config import ConnectorConfig
from ..errors import AuthenticationError, DataFetchError
from ..http import Request, Response, Send, origin

LEEWAY = 60.0  # seconds before its end at which a token counts as old


@dataclass(frozen=True)
class Token:
    """What a token endpoint gave us (RFC 6749 §5.1)."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    expires_at: float | None = None
    """Seconds since the epoch; None where the service does not say."""
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """What else came with it, such as Salesforce's `instance_url`."""


Grant: TypeAlias = Callable[[Send], Awaitable[Token]]
"""One way to get a token."""


@dataclass
class OAuth:
    """Signs with a bearer token, and gets one by `grant` whenever it has none that is fresh.

    However many requests need a token at once, it is asked for once.
    """

    grant: Grant | None
    """None: the token that we were given is all there is."""
    token: Token | None = field(default=None, repr=False)
    on_renewed: Callable[[Token], None] = field(default=lambda token: None, repr=False)
    clock: Callable[[], float] = field(default=time.time, repr=False)  # seconds since the epoch
    _renewing: anyio.Lock = field(default_factory=anyio.Lock, repr=False)

    async def sign(self, request: Request, send: Send) -> Request:
        """The request with a fresh access token (RFC 6750 §2.1)."""
        token = await self.fresh(send)
        return request.with_headers({"Authorization": f"Bearer {token.access_token}"})

    async def fresh(self, send: Send) -> Token:
        """A token that is not about to expire."""
        async with self._renewing:
            if self.token is None or (self.grant and self._is_old(self.token)):
                self.token = await self._granted(send)
                self.on_renewed(self.token)
            return self.token

    async def renew(self, refused: Request) -> bool:
        """Drop the refused token, unless another request has replaced it already."""
        carried = refused.headers.get("Authorization")
        if carried is None:  # it was the token endpoint that refused us
            return False
        if self.token and carried == f"Bearer {self.token.access_token}":
            if self.grant is None:
                return False
            self.token = None
        return True

    def _is_old(self, token: Token) -> bool:
        return token.expires_at is not None and self.clock() >= token.expires_at - LEEWAY

    async def _granted(self, send: Send) -> Token:
        if self.grant is None:
            raise AuthenticationError("there is no access token, and no way to get one")
        return await self.grant(send)


@dataclass(frozen=True)
class ClientCredentials:
    """RFC 6749 §4.4: a program acts for itself."""

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    extra: Mapping[str, str] = field(default_factory=dict, repr=False)
    """More fields of the form, such as `scope`."""

    async def __call__(self, send: Send) -> Token:
        form = {**_client(self.client_id, self.client_secret), **self.extra}
        return await _ask(send, self.token_url, "client_credentials", form)


@dataclass
class RefreshToken:
    """RFC 6749 §6: a token given earlier is exchanged for a new one; a rotated one replaces it."""

    token_url: str
    client_id: str
    refresh_token: str = field(repr=False)
    client_secret: str | None = field(default=None, repr=False)

    async def __call__(self, send: Send) -> Token:
        form = {"refresh_token": self.refresh_token, **_client(self.client_id, self.client_secret)}
        token = await _ask(send, self.token_url, "refresh_token", form)
        self.refresh_token = token.refresh_token or self.refresh_token
        return token


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
            return str(jwt.encode(claims, self.private_key, algorithm="RS256"))
        except (ValueError, TypeError, AttributeError, jwt.PyJWTError):  # AttributeError: a public key
            raise AuthenticationError(
                "private_key is no RSA key in PEM form: give the text between and with"
                " '-----BEGIN PRIVATE KEY-----' and '-----END PRIVATE KEY-----'"
            ) from None


def grant(config: ConnectorConfig, token_url: str, audience: str | None = None) -> Grant | None:
    """The way to get tokens for which the configuration has what it takes; None where there is none.

    `audience`: whom a JWT is addressed to, where that is not the token endpoint's origin.
    """
    client = config.client_id
    if client and config.refresh_token:
        return RefreshToken(token_url, client, config.refresh_token, config.client_secret)
    if client and config.username and config.private_key:
        whom = audience or origin(token_url)
        return JwtBearer(token_url, client, config.username, whom, config.private_key)
    if client and config.client_secret:
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
    token = answer.get("access_token")
    if "error" in answer or not isinstance(token, str) or not token:
        return None
    lifetime = _seconds(answer.get("expires_in"))
    return Token(
        access_token=token,
        refresh_token=answer.get("refresh_token"),
        expires_at=time.time() + lifetime if lifetime else None,
        extra={name: value for name, value in answer.items() if not name.endswith("_token")},
    )


def _payload(response: Response) -> dict[str, Any]:
    try:
        answer = json.loads(response.body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def fail(response: Response, answer: Mapping[str, Any], grant_type: str, form: Mapping[str, str]) -> NoReturn:
    """Raise the error of a token endpoint in its words (RFC 6749 §5.2), without a secret that it may echo."""
    said = str(answer.get("error", "no access_token in the answer"))
    words = str(answer.get("error_description", "")).strip()
    said += f" ({words})" if words else ""
    for name, value in form.items():
        said = said if name == "client_id" or not value else said.replace(value, "***")
    raise AuthenticationError(
        f"the token endpoint refused {grant_type}: {said[:300]}",
        hint="check the client id, the secret or key, and that the app allows this way of signing in",
        status=response.status,
    )


def _seconds(lifetime: Any) -> float | None:
    """`expires_in` as a number, which some services send as text; None for what is none."""
    try:
        return float(lifetime)
    except (ValueError, TypeError):
        return None
