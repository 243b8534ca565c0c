"""An authorization code: how it is asked for, and exchanged for a token (RFC 6749 §4.1, RFC 7636)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from typing import Any, Self
from urllib.parse import parse_qsl

from ..errors import SignInError
from ..http import Send
from ..secret import all_hidden, hide
from .app import App
from .oauth import fail, posted, token_of
from .quiet import library
from .token import Token


@dataclass(frozen=True)
class Attempt:
    """One try to get a code, with what only its own answer can know."""

    app: App
    redirect_uri: str
    address: str
    """The page on which a person allows the app."""
    state: str = field(repr=False)
    client: Any = field(repr=False)
    """oauthlib's client, which knows the verifier."""

    def __post_init__(self) -> None:
        hide(self, "state")

    @classmethod
    def begin(cls, app: App, redirect_uri: str) -> Self:
        """A new one, with a state and a verifier of its own; imports a library, which takes a moment."""
        session_of, client_of = library()
        client, state = client_of(app.client_id), secrets.token_urlsafe(32)
        scheme, colon, rest = app.authorize_url.partition(":")
        scope = list(app.scopes) or None
        with session_of(client=client, redirect_uri=redirect_uri, scope=scope, pkce="S256") as session:
            # oauthlib knows https alone; that http will do on this machine is settled by the configuration
            https, _ = session.authorization_url(f"https{colon}{rest}", state=state)
        return cls(app, redirect_uri, scheme + https.removeprefix("https"), state, client)

    async def exchange(self, code: str, send: Send) -> Token:
        """The token for a code; `SignInError` where the code is not good any more."""
        form = self._form(code)
        response, answer = await posted(send, self.app.token_url, form)
        token = token_of(answer) if response.status < 400 else None
        if token is not None:
            return replace(token, issuer=self.app.issuer)
        if answer.get("error") == "invalid_grant":
            raise SignInError(
                "the code with which the browser came back was refused: it was used already, or is too old",
                error_code="invalid_grant",
                status=response.status,
                hint="sign in again, and follow the newest invitation",
            )
        return fail(response, answer, "the code", form)

    def _form(self, code: str) -> dict[str, str]:
        secret = {"client_secret": self.app.client_secret} if self.app.client_secret else {}
        body = self.client.prepare_request_body(
            code, redirect_uri=self.redirect_uri, code_verifier=self.client.code_verifier, **secret
        )
        return all_hidden(dict(parse_qsl(body)))
