"""A folder of tokens through any history: writes that fail half way, damage, several who use it."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from spyro_sdk.auth.token import Token
from spyro_sdk.auth.tokens import Account, FileStore
from spyro_sdk.errors import TokenStoreError
from spyro_sdk.private import FORSAKEN, System

ACCOUNTS = [Account("acme", "https://i", "app", profile) for profile in ("", "ana", "ben")]
TOKENS = st.builds(
    Token,
    st.text("abc", min_size=1),
    st.none() | st.just("r"),
    st.none() | st.floats(0, 1e12),
    st.dictionaries(st.text(max_size=3), st.none() | st.integers() | st.text(max_size=3), max_size=2),
    st.just(("api",)),
)
WHOM, WHICH = st.sampled_from(ACCOUNTS), st.integers(0, 1)


class Folder(RuleBasedStateMachine):
    """Two programs with the same folder, on a disk that fails where it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.place = Path(tempfile.mkdtemp())
        self.now, self.failing = 1e9, ""
        system = System(fsync=self._fsync, replace=self._replace, clock=lambda: self.now, pauses=())
        self.stores = [FileStore(self.place / "tokens", system=system) for _ in range(2)]
        self.kept: dict[Account, Token] = {}

    def _fsync(self, file: int) -> None:
        self._may_fail("fsync")

    def _replace(self, fresh: Path, name: Path) -> None:
        self._may_fail("replace")
        os.replace(fresh, name)

    def _may_fail(self, what: str) -> None:
        if self.failing == what:
            raise OSError(errno.ENOSPC, "No space left on device")

    @rule(which=WHICH, account=WHOM, token=TOKENS)
    def write(self, which: int, account: Account, token: Token) -> None:
        self.stores[which].write(account, token)
        self.kept[account] = token

    @rule(which=WHICH, account=WHOM, token=TOKENS, what=st.sampled_from(["fsync", "replace"]))
    def write_in_vain(self, which: int, account: Account, token: Token, what: str) -> None:
        self.failing = what
        with pytest.raises(TokenStoreError, match="No space left"):
            self.stores[which].write(account, token)
        self.failing = ""

    @rule(which=WHICH, account=WHOM)
    def delete(self, which: int, account: Account) -> None:
        self.stores[which].delete(account)
        self.kept.pop(account, None)

    @rule(account=WHOM, damage=st.sampled_from([b"", b"{", b"null", bytes(300)]), cut=st.integers(0, 300))
    def damage(self, account: Account, damage: bytes, cut: int) -> None:
        place = self.place / "tokens" / f"{account.key}.json"
        if account in self.kept:
            place.write_bytes(damage or place.read_bytes()[:-1][:cut])
            del self.kept[account]

    @rule(account=WHOM, other=WHOM)
    def a_record_stands_under_anothers_name(self, account: Account, other: Account) -> None:
        if account in self.kept and account != other:
            folder = self.place / "tokens"
            shutil.copy(folder / f"{account.key}.json", folder / f"{other.key}.json")
            self.kept.pop(other, None)

    @rule(account=WHOM)
    def a_program_dies_while_it_writes(self, account: Account) -> None:
        """What it leaves is swept when it is old enough that nobody can be writing it."""
        self.stores[0].write(account, Token("before"))
        self.kept[account] = Token("before")
        left = self.place / "tokens" / ".x.0.tmp"
        left.write_bytes(b"{")
        os.utime(left, (self.now - FORSAKEN - 1,) * 2)
        self.stores[1].write(account, Token("after"))
        self.kept[account] = Token("after")
        assert not left.exists()

    @invariant()
    def each_reads_what_was_written_last(self) -> None:
        for store in self.stores:
            assert {it: token for it in ACCOUNTS if (token := store.read(it))} == self.kept
            assert sorted(it.key for it in store.accounts()) == sorted(it.key for it in self.kept)

    @invariant()
    def nothing_half_written_is_left_and_nobody_else_can_read(self) -> None:
        folder = self.place / "tokens"
        for file in folder.iterdir() if folder.exists() else ():
            assert not file.name.endswith(".tmp")
            assert stat.S_IMODE(file.stat().st_mode) == 0o600

    def teardown(self) -> None:
        shutil.rmtree(self.place)


TestFolder = Folder.TestCase
TestFolder.settings = settings(deadline=None, max_examples=settings.default.max_examples // 4)
