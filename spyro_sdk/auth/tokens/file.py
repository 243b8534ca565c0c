"""Tokens in files of the user's own, one for each account."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ...errors import DecodeError, TokenStoreError
from ...private import PrivateFolder, System
from ..token import Token
from .account import MOST, Account, decoded, encoded
from .lock import Patience

logger = logging.getLogger(__name__)
RECORD, LOCK = ".json", ".lock"


def own_folder() -> Path:
    """The folder `tokens` among the data that the system keeps for the user, on this machine alone."""
    from platformdirs import user_data_path

    return user_data_path("spyro", appauthor=False) / "tokens"


class Records:
    """The records of accounts in a folder, and the locks beside them."""

    def __init__(
        self, folder: Path | None = None, *, patience: Patience | None = None, system: System | None = None
    ) -> None:
        self.folder = PrivateFolder(folder or own_folder(), system or System())
        self._patience = patience or Patience()

    def accounts(self) -> list[Account]:
        """Whose records there are; what makes no sense, or is not safe to read, is told and passed over."""
        found = (self._record(name) for name in self._names())
        return [record[0] for record in found if record]

    @asynccontextmanager
    async def locked(self, account: Account) -> AsyncIterator[None]:
        """Hold the account alone among all threads and processes."""
        with self.folder.lockable(account.key + LOCK) as attempt:
            await self._patience.acquire(attempt, account.connector)
            yield

    def kept(self, account: Account) -> Token | None:
        """The token in the account's record."""
        record = self._read(account.key + RECORD)
        return record[1] if record and record[0] == account else None

    def keep(self, account: Account, token: Token | None) -> None:
        """Write the account's record."""
        self.folder.replace(account.key + RECORD, encoded(account, token))

    def forget(self, account: Account) -> None:
        """Remove the account's record; its lock stays, since somebody may wait for it."""
        self.folder.remove(account.key + RECORD)

    def _names(self) -> list[str]:
        return self.folder.names(RECORD)

    def _record(self, name: str) -> tuple[Account, Token | None] | None:
        try:
            record = self._read(name)
        except TokenStoreError as error:
            logger.warning("%s; %s", error, error.hint)
            return None
        return record if record and record[0].key + RECORD == name else None

    def _read(self, name: str) -> tuple[Account, Token | None] | None:
        """A record; None where there is none, or a damaged one, which the next one written replaces."""
        text = self.folder.read(name, MOST + 1)
        if text is None:
            return None
        try:
            return decoded(text)
        except DecodeError as error:
            logger.warning("%s is damaged and not used, you have to sign in again: %s", name, error)
            return None


class FileStore(Records):
    """Keeps each account's token in a JSON file that its owner alone can read."""

    def read(self, account: Account) -> Token | None:
        return self.kept(account)

    def write(self, account: Account, token: Token) -> None:
        self.keep(account, token)

    def delete(self, account: Account) -> None:
        self.forget(account)
