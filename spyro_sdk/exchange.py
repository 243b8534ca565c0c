"""A connector that asks its service over HTTP: signed, inside the guards, each answer read to its end."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from .arrow.exact import parse
from .arrow.inflate import PAGE_LIMIT, inflate
from .auth import Auth, oauth, static
from .auth.token import Grant, Token
from .auth.tokens import Account, MemoryStore, TokenStore, default_store, place_of
from .config import ConnectorConfig
from .connector import BaseConnector
from .errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectorError,
    DecodeError,
    IntegrityError,
    TokenStoreError,
)
from .events import QuotaSeen, Received, Sent, TokenNotKept, TokenRenewed
from .failure import refused, told_without, typed, words_of
from .forms import without
from .guards.quota import Quota, http_date, read_quota
from .http import Request, Response, Send, is_at, origin, redacted, server_of
from .identity import Identity, way
from .paging import Answer
from .secret import secrets_in
from .sources import Rule
from .transport.conditional import Conditional, Kept
from .transport.pool import SharedTransport
from .workers import in_worker

if TYPE_CHECKING:
    from .auth.app import App
    from .auth.keeping import Keeping
    from .auth.person import Person
    from .auth.signin import Desk

T = TypeVar("T")

LONGEST = 1 << 16  # bytes of a bad answer in which secrets are looked for; a longer one is no error's words
INLINE = 1 << 14  # bytes; smaller bodies are not worth a worker thread


class HttpConnector(BaseConnector):
    """A connector whose service is asked over HTTP, and answers in JSON."""

    keeps: ClassVar[int] = 0  # bytes
    """Memory for answers with an ETag, which are asked for again only if they have changed; 0 for none."""

    def __init__(
        self,
        config: ConnectorConfig,
        *,
        transport: Send | None = None,
        store: TokenStore | None = None,
        **guards: Any,
    ) -> None:
        super().__init__(config, **guards)
        self._transport, self._store = transport, store
        self.base_url = (config.base_url or "").rstrip("/")
        self._auth = self.auth()
        self._kept = Kept(self.keeps)

    async def connect(self) -> None:
        """Open the pool of connections; `SignInNeeded` where a person has to sign in first."""
        send = self._transport or SharedTransport(self.config)
        self._session = Conditional(send, self._kept) if self.keeps else send
        if self.config.asks_person and isinstance(self._auth, oauth.OAuth):
            await self._execute_with_retry(self._auth.fresh, self._session)

    def send_through(self, send: Send) -> None:
        """Send by this from the next `connect` on, unless a transport was given to us."""
        self._transport = self._transport or send

    # -- what a connector may override -------------------------------------------------------------

    def auth(self) -> Auth:
        """What signs the requests, by the configuration's `auth_type`."""
        it = self.config
        match it.auth_type:
            case "api_key":
                return static.api_key(it.api_key or "")
            case "basic":
                return static.basic(it.username or "", it.password or "")
            case "bearer":
                return static.bearer(it.access_token or "")
            case "oauth2" if it.asks_person:
                return self.personal()
            case "oauth2":
                return self.granted(oauth.grant(it, it.token_url or f"{it.base_url}/oauth/token"))
            case _:
                return static.nobody()

    def app(self) -> App | None:
        """The app to which a person signs in, by the configuration; None where there is none."""
        return None

    @classmethod
    def remembered(cls, account: Account) -> dict[str, Any]:
        """The settings that lead to an account to which a person signed in."""
        return {"client_id": account.client_id, "profile": account.profile or None}

    def check(self, response: Response, payload: Any) -> None:
        """Raise the fitting error unless the service answered well; `payload` is None for what is no JSON."""
        if not 200 <= response.status < 300:
            words = words_of(payload)
            raise refused(self.name, response.status, response.headers, words=words, asked=response.asked)

    def quota(self, response: Response) -> Quota | None:
        """What the answer says of the service's quota."""
        return read_quota(response.headers, now=time.time())

    def identified(self) -> Identity:
        """Who we are, by the token that we have."""
        it = replace(super().identified(), base_url=redacted(self.base_url), by=self._manner())
        if not isinstance(self._auth, oauth.OAuth):
            return it
        until = self._auth.token.expires_at if self._auth.token else None
        kept = place_of(self._auth.store) if self._auth.store else ""
        return replace(it, until=until, renews=self._auth.renews, kept=kept)

    def _manner(self) -> str:
        """How we sign in, in words."""
        if self.config.asks_person:
            return "a person who signed in"
        given = {**vars(self.config), **self.config.custom_params}
        return way(Rule.of(type(self).credentials).whole_by(given))

    # -- how an answer is got ----------------------------------------------------------------------

    async def _ask(self, request: Request, read: Callable[[Request, Answer], T]) -> T:
        """Send a request inside the guards and `read` its JSON answer; see `_call`."""

        async def understand(response: Response) -> T:
            if len(response.body) > INLINE:
                return await in_worker(self._understood, response, partial(read, request))
            return self._understood(response, partial(read, request))

        return await self._call(request, understand)

    async def _call(self, request: Request, understand: Callable[[Response], Awaitable[T]]) -> T:
        """Send a request inside the guards and `understand` its answer; a refused token is renewed once.

        Signing, sending, decoding, checking and reading are one attempt, so that an answer cut short, or a
        login page, is asked for again and never becomes a short result: `understand` raises for these.
        """
        signed = request

        async def attempt() -> T:
            nonlocal signed
            signed = await self._auth.sign(self._at_home(request), self._send)
            response = self._quieted(await self._exchange(signed), signed)
            try:
                return await understand(response)
            except ConnectorError as error:
                self._kept.forget(signed)  # a body of no use must not be all that is ever asked for
                told_without(error, self._known(signed))
                raise

        try:
            return await self._execute_with_retry(attempt)
        except AuthenticationError as error:
            if error.status != 401 or not await self._auth.renew(signed):
                raise
        return await self._execute_with_retry(attempt)

    async def _exchange(self, signed: Request) -> Response:
        """Send one signed request, and learn what the answer says beside its body."""
        self._emit(Sent(self.name, signed.method, *server_of(signed.url)))
        started = time.perf_counter()
        response = await self._send(signed)
        came = (304, 0) if response.is_kept else (response.status, len(response.body))
        date = http_date(response.headers.get("date"))
        self._emit(Received(self.name, *came, time.perf_counter() - started, signed.entity, date))
        if quota := self.quota(response):
            self.limiter.learn(quota)
            self._emit(QuotaSeen(self.name, quota.limit, quota.remaining, quota.resets_in))
        path = redacted(signed.url).removeprefix(self.base_url)
        return replace(response, asked=f"{signed.method} {path}")

    def _known(self, signed: Request) -> list[str]:
        """The secrets that a service may say again in an answer."""
        others: Iterable[str] = getattr(self._transport, "secrets", ())  # those of a session of the user's
        return [*self.secrets, *_sent_with(signed), *others]

    def _quieted(self, response: Response, signed: Request) -> Response:
        """The answer; what is not good, and says secrets again, without these."""
        if 200 <= response.status < 300 or len(response.body) > LONGEST:
            return response
        headers = dict(response.headers)
        with suppress(DecodeError, UnicodeDecodeError):
            text = inflate(response.body, headers.pop("content-encoding", None)).decode()
            return replace(response, body=without(text, self._known(signed)).encode(), headers=headers)
        return response

    def _understood(self, response: Response, read: Callable[[Answer], T]) -> T:
        payload = payload_of(response, self.config.max_body)
        self.check(response, payload)
        return read(Answer(payload, 0, response.headers))

    @property
    def _send(self) -> Send:
        """What sends a request; `ConnectionError` once that is closed."""
        self._check_connected()
        send: Send = self._session
        return send

    def _at_home(self, request: Request) -> Request:
        """The request, unless it would carry our credentials to somebody else."""
        if not self.base_url:
            raise ConfigurationError(
                f"{self.name} has no address: give base_url", field="base_url", connector=self.name
            )
        if not is_at(request.url, self.base_url):
            home, away = origin(self.base_url), redacted(request.url)
            raise IntegrityError(
                f"{self.name} sends us from {home} to {away}; not followed,"
                " since our credentials would go along",
                connector=self.name,
            )
        return request

    def personal(self) -> oauth.OAuth:
        """What signs with the token that a person got by signing in, which the store has, and renews it."""
        kept = self.keeping()
        return oauth.OAuth(
            None,
            on_renewed=self._renewed,
            store=kept.store,
            account=kept.account,
            refresh=oauth.Renewal(kept.app.token_url, kept.app.client_id, kept.app.client_secret),
            on_unkept=self._not_kept,
        )

    def granted(self, grant: Grant | None, token: Token | None = None) -> oauth.OAuth:
        """What signs with `token`, or with what `grant` gives: for a refresh token, to all processes alike.

        A connector to which a transport was given, such as a recording, shares nothing unless it was given a
        store too: what it is told must not depend on what is kept on this machine, nor be kept there.
        """
        if not isinstance(grant, oauth.RefreshToken):
            return oauth.OAuth(grant, token, on_renewed=self._renewed)
        from .auth.keeping import successors_of

        usual = MemoryStore if self._transport else default_store
        return oauth.OAuth(
            grant,
            token,
            on_renewed=self._renewed,
            store=self._store or usual(),
            account=successors_of(self.name, grant),
            on_unkept=self._not_kept,
        )

    @asynccontextmanager
    async def line(self) -> AsyncIterator[Send]:
        """What sends requests, for as long as it takes, whether or not we are connected."""
        if self._transport:
            yield self._transport
            return
        send = SharedTransport(self.config)
        try:
            yield send
        finally:
            await send.close()

    async def sign_in(self, person: Person, patience: float = 300.0, desk: Desk | None = None) -> Token:
        """The token that a person allows within `patience` seconds; it is kept, and taken from now on."""
        from .auth.signin import sign_in

        kept, mode = self.keeping(), self.config.auth_mode or "auto"
        async with self.line() as send:
            with self.discreet(), typed(self.name):
                token = await sign_in(kept.app, person, mode=mode, timeout=patience, send=send, desk=desk)
        await kept.write(token)
        return token

    def keeping(self) -> Keeping:
        """Where the token is kept that a person gets by signing in."""
        from .auth.keeping import Keeping

        if app := self.app():
            return Keeping.of(self.name, app, self._store, self.config.profile or "")
        raise ConfigurationError(
            f"{self.name} signs no person in: leave auth_mode={self.config.auth_mode!r} out, and give"
            " credentials",
            field="auth_mode",
            connector=self.name,
        )

    def _renewed(self, token: oauth.Token) -> None:
        self._emit(TokenRenewed(self.name))

    def _not_kept(self, error: TokenStoreError) -> None:
        self._emit(TokenNotKept(self.name, str(error)))


def _sent_with(request: Request) -> Iterator[str]:
    """The secrets in a request: whole headers, and what stands in them beside the word for its kind."""
    for text in secrets_in([request.headers, request.params]):
        yield text
        yield text.rpartition(" ")[2]


def payload_of(response: Response, limit: int = PAGE_LIMIT) -> Any:
    """The decoded body, of at most `limit` bytes; None for a bad answer that is no JSON."""
    try:
        return parse(inflate(response.body, response.headers.get("content-encoding"), limit=limit))
    except DecodeError:
        if 200 <= response.status < 300:
            raise
        return None
