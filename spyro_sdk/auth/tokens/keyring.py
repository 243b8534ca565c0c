"""Tokens in the keyring of the system; needs the extra `keyring`."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from ...errors import ConfigurationError, DecodeError, TokenStoreError
from ...private import System
from ...secret import Secret
from ..token import Token
from .account import Account, decoded, encoded
from .file import Records, own_folder
from .lock import Patience

T = TypeVar("T")
logger = logging.getLogger(__name__)

SERVICE = "spyro"
"""What the entries are called in the keyring, whose user is the account's key."""
NO_KEEPERS = ("keyring.backends.fail", "keyring.backends.null")
"""Where keyring finds nothing on the system it offers these, which keep nothing."""


class KeyringStore:
    """Keeps each account's token in the keyring of the system.

    A keyring cannot be asked whose tokens it has, and locks nothing: a file without a secret says for each
    account that it is, and has its lock beside it.
    """

    def __init__(
        self, folder: Path | None = None, *, patience: Patience | None = None, system: System | None = None
    ) -> None:
        self._keyring = _keyring()
        self._records = Records(folder or own_folder() / "keyring", patience=patience, system=system)
        self.folder = self._records.folder
        self.accounts = self._records.accounts
        self.locked = self._records.locked

    def read(self, account: Account) -> Token | None:
        kept = _asked(lambda: self._keyring.get_password(SERVICE, account.key), "read")
        if kept is None:
            return None
        try:
            whose, token = decoded(kept.encode(errors="replace"))
        except DecodeError as error:
            logger.warning("%s is damaged and not used, you have to sign in again: %s", account.key, error)
            return None
        return token if whose == account else None

    def write(self, account: Account, token: Token) -> None:
        self._records.keep(account, None)  # before: a token that no list shows would never be removed
        text = Secret(encoded(account, token).decode())
        _asked(lambda: self._keyring.set_password(SERVICE, account.key, text), "written")

    def delete(self, account: Account) -> None:
        if _asked(lambda: self._keyring.get_password(SERVICE, account.key), "read") is not None:
            _asked(lambda: self._keyring.delete_password(SERVICE, account.key), "removed")
        self._records.forget(account)


def _keyring() -> Any:
    """The keyring that works here; `ConfigurationError` where none does."""
    try:
        import keyring
    except ImportError:
        raise ConfigurationError(
            "a token store in the keyring needs the package keyring: pip install 'spyro-sdk[keyring]'",
            field="SPYRO_TOKEN_STORE",
        ) from None
    found = keyring.get_keyring()
    name = type(found).__module__
    if name in NO_KEEPERS or (name == "keyring.backends.chainer" and not found.backends):  # type: ignore[attr-defined]
        raise ConfigurationError(
            "this system has no keyring that works: set SPYRO_TOKEN_STORE to 'file'",
            field="SPYRO_TOKEN_STORE",
        )
    return found


def _asked(ask: Callable[[], T], verb: str) -> T:
    """What the keyring answers; each has exceptions of its own, whose texts may show a secret."""
    try:
        return ask()
    except Exception as error:  # noqa: BLE001
        raise TokenStoreError(
            f"the token cannot be {verb} in the keyring of the system ({type(error).__name__})",
            hint="unlock the keyring, or set SPYRO_TOKEN_STORE to 'file'",
        ) from None
