"""Where tokens are kept between one run and the next."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from functools import cache
from pathlib import Path
from typing import Protocol

from ...errors import ConfigurationError
from ...secret import Unseen
from ..token import Token
from .account import Account
from .file import FileStore
from .keyring import KeyringStore
from .memory import MemoryStore

__all__ = [
    "Account",
    "FileStore",
    "KeyringStore",
    "MemoryStore",
    "TokenStore",
    "default_store",
    "in_memory",
    "place_of",
    "remembered",
    "stores",
]

VARIABLE = "SPYRO_TOKEN_STORE"


class TokenStore(Protocol):
    """Keeps one token for each account, where other processes of the same user find it.

    Each of these may raise `TokenStoreError`. All but `locked` may take a moment, and can be called in any
    thread.
    """

    def read(self, account: Account) -> Token | None:
        """The account's token; None where there is none, or where what there is makes no sense."""
        ...

    def write(self, account: Account, token: Token) -> None:
        """Keep the token, in place of the one before; whoever reads sees the one or the other."""
        ...

    def delete(self, account: Account) -> None:
        """Forget the account's token, if there is one."""
        ...

    def accounts(self) -> list[Account]:
        """Whose tokens are kept."""
        ...

    def locked(self, account: Account) -> AbstractAsyncContextManager[None]:
        """Hold the account alone among all threads and processes; reading and writing need no lock."""
        ...


def default_store(environ: Mapping[str, str] = os.environ) -> TokenStore:
    """The store that `SPYRO_TOKEN_STORE` names: `file`, `keyring`, `none`, or a folder; else files.

    A keyring is never chosen by itself: it may ask for a password in a kernel that nobody watches, and
    tokens would seem lost on the day one is installed.
    """
    environ = Unseen(environ)
    match environ.get(VARIABLE, "").strip():
        case "" | "file":
            return FileStore()
        case "keyring":
            return KeyringStore()
        case "none":
            return in_memory()
        case folder if (path := Path(folder).expanduser()).is_absolute():
            return FileStore(path)
        case other:
            raise ConfigurationError(
                f"{VARIABLE}={other!r} cannot be: it must be file, keyring, none or a folder's whole path",
                field=VARIABLE,
            )


def place_of(store: TokenStore) -> str:
    """Where a store keeps its tokens, in words that anybody may read."""
    places = ((MemoryStore, "in this process alone"), (KeyringStore, "in the keyring of the system"))
    named = (place for kind, place in places if isinstance(store, kind))
    return next(named, "in files of yours" if isinstance(store, FileStore) else "in a store of yours")


@cache
def in_memory() -> MemoryStore:
    """One for the whole process, so that who connects finds what who signed in has left."""
    return MemoryStore()


def stores() -> list[TokenStore]:
    """That of this machine, and that of this process; only one where they are the same."""
    usual, own = default_store(), in_memory()
    return [usual] if usual is own else [usual, own]


def remembered() -> Iterable[Account]:
    """The accounts to which people signed in, in files or a keyring as well as in memory."""
    return (it for store in stores() for it in store.accounts() if not it.given)
