"""Tokens that end with the process."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from ..token import Token
from .account import Account
from .lock import Patience


class MemoryStore:
    """Keeps tokens for this process alone."""

    def __init__(self, patience: Patience | None = None) -> None:
        self._patience = patience or Patience()
        self._tokens: dict[Account, Token] = {}
        self._locks: defaultdict[Account, threading.Lock] = defaultdict(threading.Lock)

    def read(self, account: Account) -> Token | None:
        return self._tokens.get(account)

    def write(self, account: Account, token: Token) -> None:
        self._tokens[account] = token

    def delete(self, account: Account) -> None:
        self._tokens.pop(account, None)

    def accounts(self) -> list[Account]:
        return list(self._tokens)

    @asynccontextmanager
    async def locked(self, account: Account) -> AsyncIterator[None]:
        """Hold the account alone among all threads and event loops."""
        lock = self._locks[account]
        await self._patience.acquire(partial(lock.acquire, blocking=False), account.connector)
        try:
            yield
        finally:
            lock.release()
