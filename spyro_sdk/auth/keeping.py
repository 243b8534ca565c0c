"""Where the tokens are kept that are renewed for us."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Self
from urllib.parse import urlsplit

from anyio.to_thread import run_sync

from ..config import is_loopback
from ..http import origin
from .app import App
from .oauth import RefreshToken
from .token import Token
from .tokens import Account, TokenStore, default_store, in_memory


@dataclass(frozen=True)
class Keeping:
    """A person's token of one app, in its store."""

    app: App
    account: Account
    store: TokenStore

    @classmethod
    def of(cls, connector: str, app: App, store: TokenStore | None = None, profile: str = "") -> Self:
        """The usual place; that of a service on this machine ends with the process.

        Its port may be somebody else's tomorrow, who would be sent the token.
        """
        issuer = app.issuer or origin(app.token_url)
        if store is None:
            store = in_memory() if is_loopback(urlsplit(issuer).hostname or "") else default_store()
        return cls(app, Account(connector, issuer, app.client_id, profile), store)

    async def read(self) -> Token | None:
        """The token; None where there is none."""
        return await run_sync(self.store.read, self.account)

    async def write(self, token: Token) -> None:
        """Keep the token, in place of the one before."""
        async with self.store.locked(self.account):
            await run_sync(self.store.write, self.account, token)

    async def delete(self) -> None:
        """Forget the token."""
        async with self.store.locked(self.account):
            await run_sync(self.store.delete, self.account)


def successors_of(connector: str, given: RefreshToken) -> Account:
    """The account of what a refresh token of the settings is exchanged for.

    Whoever is given the same token finds it there, in this run or a later one, though the service may have
    rotated it since. It goes nowhere where the one in the settings would not go by itself.
    """
    mark = blake2b(given.refresh_token.encode(), digest_size=16, person=b"spyro.given").hexdigest()
    return Account(connector, origin(given.token_url), given.client_id, given=mark)
