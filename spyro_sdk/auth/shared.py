"""One token for all threads and processes that ask as the same account."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias, TypeVar

import anyio
from anyio.to_thread import run_sync

from ..errors import AuthenticationError, SignInNeeded, TokenStoreError
from ..http import Send
from .token import Grant, Refresh, Token
from .tokens import Account, TokenStore

T = TypeVar("T")
IsGood: TypeAlias = Callable[[Token], bool]

REVOKED = "invalid_grant"
"""What a token endpoint calls a refresh token that is used up, expired or revoked (RFC 6749 §5.2)."""


@dataclass
class SharedToken:
    """Takes the token that the store has, or renews it there for everybody, under the account's lock.

    Services that rotate refresh tokens take the second use of one for theft, and revoke all that came of it.
    So none is used without the lock, and its successor is written before anybody sees the access token.

    A refresh token from the settings is never written: only what the service gave in its place. It needs no
    store: where the system lets us have none, it serves this process as well as it can.
    """

    store: TokenStore
    account: Account
    refresh: Refresh | None
    grant: Grant | None
    """What is left where no refresh token is, or none is good any more."""
    on_renewed: Callable[[Token], None] = field(repr=False)
    on_unkept: Callable[[TokenStoreError], None] = field(repr=False)
    unkept: Token | None = field(default=None, repr=False)
    """The last token that the store does not have."""
    seed: str | None = field(default=None, repr=False)
    """A refresh token from the settings, for where there is no newer one."""
    _spent: set[str] = field(default_factory=set, repr=False)

    async def get(self, send: Send, is_good: IsGood) -> Token:
        """A good token: the store's, or a new one.

        `AuthenticationError` where somebody has to sign in again, `TokenStoreError` where the store cannot
        be trusted. What may heal by itself is raised as it is, and costs nobody a token.
        """
        if (stored := await self._stored()) and is_good(stored):
            return stored  # a record is replaced as a whole: reading needs no lock
        async with self._held():
            if (stored := await self._stored()) and is_good(stored):
                return stored  # somebody renewed it while we waited
            return await self._new(stored, send, is_good)

    async def _new(self, stored: Token | None, send: Send, is_good: IsGood) -> Token:
        """A token for a refresh token, of which each refused one is dropped, or else by the grant."""
        refusal: AuthenticationError | None = None
        while self.refresh and (old := self._newest(stored)):
            try:
                return await _to_its_end(self._refreshed(self.refresh, old, send))
            except AuthenticationError as error:
                if error.error_code != REVOKED:
                    raise
                refusal = error
            stored = await self._dropped(old)
            if stored and is_good(stored):
                return stored  # somebody signed in again meanwhile
        if self.grant is None:
            raise self._used_up(refusal) if self.seed else self._sign_in_again(refusal)
        return await self._kept(await self.grant(send))

    def _newest(self, stored: Token | None) -> Token | None:
        """The token whose refresh token comes next; None where all are spent."""
        seed = Token("", self.seed) if self.seed else None
        tokens = sorted(filter(None, (seed, stored, self.unkept)), key=lambda it: it.obtained_at or 0.0)
        usable = (it for it in reversed(tokens) if it.refresh_token and it.refresh_token not in self._spent)
        return next(usable, None)

    async def _refreshed(self, refresh: Refresh, old: Token, send: Send) -> Token:
        assert old.refresh_token is not None
        token = old.succeeded_by(await refresh(send, old.refresh_token))
        if token.refresh_token != old.refresh_token:
            self._spent.add(old.refresh_token)
        return await self._kept(token)

    async def _kept(self, token: Token) -> Token:
        """The new token, written; or unwritten, and then what it replaces is removed where possible."""
        written = replace(token, refresh_token=None) if token.refresh_token == self.seed else token
        try:
            await run_sync(self.store.write, self.account, written)
            self.unkept = None
        except TokenStoreError as error:
            self.unkept = token
            with suppress(TokenStoreError):  # the others shall not use what is spent
                await self._withdrawn()
            self.on_unkept(error)
        self.on_renewed(token)
        return token

    async def _dropped(self, refused: Token) -> Token | None:
        """What the store has once a refused refresh token is gone from it."""
        assert refused.refresh_token is not None
        self._spent.add(refused.refresh_token)
        return await self._withdrawn()

    async def _withdrawn(self) -> Token | None:
        """What the store has, unless that is spent: then it is removed."""
        stored = await self._stored()
        if stored and stored.refresh_token in self._spent:
            await run_sync(self.store.delete, self.account)
            return None
        return stored

    async def _stored(self) -> Token | None:
        """The store's token; beside one without a refresh token that of the settings is meant."""
        try:
            stored = await run_sync(self.store.read, self.account)
        except TokenStoreError as error:
            if self._is_needed(error):
                raise
            return None
        return replace(stored, refresh_token=stored.refresh_token or self.seed) if stored else None

    @asynccontextmanager
    async def _held(self) -> AsyncIterator[None]:
        """Hold the account alone."""
        async with AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(self.store.locked(self.account))
            except TokenStoreError as error:
                if self._is_needed(error):
                    raise
            yield  # unlocked, if nothing can be written there either, which is told then

    def _is_needed(self, error: TokenStoreError) -> bool:
        """Whether we cannot go on without the store: it has all that there is, or works, and is not safe."""
        return self.seed is None or error.errno is None

    def _used_up(self, refusal: AuthenticationError | None) -> AuthenticationError:
        name = self.account.connector
        return AuthenticationError(
            str(refusal or f"the refresh token in the settings of {name} was refused and is not tried again"),
            hint="give another refresh_token: this one is used up, expired or revoked",
            connector=name,
            status=refusal.status if refusal else None,
            error_code=REVOKED,
        )

    def _sign_in_again(self, refusal: AuthenticationError | None) -> SignInNeeded:
        name = self.account.connector
        return SignInNeeded(
            str(refusal or f"there is no token of {name} that could be renewed"),
            hint=f"sign in{' again' if refusal else ''}: spyro.login({name!r})",
            connector=name,
            status=refusal.status if refusal else None,
            error_code=refusal.error_code if refusal else None,
        )


async def _to_its_end(work: Coroutine[Any, Any, T]) -> T:
    """Await what must not be cut off: an answer that is lost takes the only good refresh token with it.

    Who cancels us waits until the work is done, which the transport's time-out bounds.
    """
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    with anyio.CancelScope(shield=True):
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError as error:
                cancelled = error
    if cancelled is None or task.cancelled():
        return task.result()
    task.exception()  # seen: nobody else will ask for it
    raise cancelled
