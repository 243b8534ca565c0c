"""Over a keyring in memory, since the systems that run these tests have none."""

import logging
import sys

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.chainer import ChainerBackend
from keyring.backends.fail import Keyring as NoKeyring
from keyring.backends.null import Keyring as NullKeyring
from keyring.errors import KeyringLocked, PasswordDeleteError

from spyro_sdk.auth.token import Token
from spyro_sdk.auth.tokens import Account, KeyringStore
from spyro_sdk.auth.tokens.lock import Patience
from spyro_sdk.errors import ConfigurationError, TokenStoreError

pytestmark = pytest.mark.anyio
ANA, BEN = Account("acme", "https://i", "app", "ana"), Account("acme", "https://i", "app", "ben")
TOKEN = Token("hush-a", "hush-r", 1000.5, {"instance_url": "https://eu1"}, ("api",), 1.0, "https://i")


class InMemory(KeyringBackend):
    priority = -1  # nobody finds it by himself

    def __init__(self):
        self.kept, self.locked = {}, False

    def get_password(self, service, username):
        self._check()
        return self.kept.get((service, username))

    def set_password(self, service, username, password):
        self._check()
        self.kept[service, username] = password

    def delete_password(self, service, username):
        self._check()
        if (service, username) not in self.kept:
            raise PasswordDeleteError("there is none")
        del self.kept[service, username]

    def _check(self):
        if self.locked:
            raise KeyringLocked("hush")


@pytest.fixture
def use():
    """Let keyring use a backend, until the test ends."""
    before = keyring.get_keyring()
    yield keyring.set_keyring
    keyring.set_keyring(before)


@pytest.fixture
def backend(use):
    it = InMemory()
    use(it)
    return it


@pytest.fixture
def store(backend, tmp_path):
    return KeyringStore(tmp_path / "tokens")


def test_it_keeps_a_token_for_each_account_until_that_is_deleted(store, backend, tmp_path):
    assert store.read(ANA) is None
    assert store.accounts() == []
    store.write(ANA, Token("old"))
    store.write(BEN, Token("b"))
    store.write(ANA, TOKEN)
    again = KeyringStore(tmp_path / "tokens")
    assert (again.read(ANA), again.read(BEN)) == (TOKEN, Token("b"))
    assert sorted(it.profile for it in again.accounts()) == ["ana", "ben"]
    assert sorted(backend.kept) == sorted([("spyro", ANA.key), ("spyro", BEN.key)])
    again.delete(ANA)
    again.delete(ANA)
    assert (store.read(ANA), store.accounts()) == (None, [BEN])
    assert list(backend.kept) == [("spyro", BEN.key)]


def test_its_files_hold_no_secret(store, tmp_path):
    store.write(ANA, TOKEN)
    files = list((tmp_path / "tokens").iterdir())
    assert [it.name for it in files] == [f"{ANA.key}.json"]
    assert "hush" not in files[0].read_text()


def test_an_entry_whose_file_is_gone_is_still_removed(store, backend, tmp_path):
    store.write(ANA, TOKEN)
    (tmp_path / "tokens" / f"{ANA.key}.json").unlink()
    assert store.read(ANA) == TOKEN
    store.delete(ANA)
    assert backend.kept == {}


@pytest.mark.parametrize("damage", ["", "hush", "{}", "\ud800", '{"version": 1}'])
def test_a_damaged_entry_is_no_token_and_the_next_write_mends_it(store, backend, damage, caplog):
    store.write(ANA, TOKEN)
    backend.kept["spyro", ANA.key] = damage
    with caplog.at_level(logging.DEBUG):
        assert store.read(ANA) is None
    assert f"{ANA.key} is damaged" in caplog.text
    assert "hush" not in caplog.text
    store.write(ANA, TOKEN)
    assert store.read(ANA) == TOKEN


def test_an_entry_under_another_name_is_nobodys(store, backend):
    store.write(ANA, TOKEN)
    backend.kept["spyro", BEN.key] = backend.kept["spyro", ANA.key]
    assert store.read(BEN) is None


def test_a_locked_keyring_is_told_without_its_words(store, backend):
    store.write(ANA, TOKEN)
    backend.locked = True
    acts = [("read", store.read), ("written", lambda it: store.write(it, TOKEN)), ("read", store.delete)]
    for verb, act in acts:
        with pytest.raises(TokenStoreError, match=f"cannot be {verb} .*KeyringLocked") as caught:
            act(ANA)
        assert "hush" not in str(caught.value)
        assert caught.value.__suppress_context__
        assert "unlock" in caught.value.hint
    assert store.accounts() == [ANA]


def test_what_the_keyring_does_not_remove_is_still_listed(use, tmp_path):
    class Stubborn(InMemory):
        def delete_password(self, service, username):
            raise PasswordDeleteError("hush")

    use(Stubborn())
    store = KeyringStore(tmp_path / "tokens")
    store.write(ANA, TOKEN)
    with pytest.raises(TokenStoreError, match=r"cannot be removed .*PasswordDeleteError") as caught:
        store.delete(ANA)
    assert "hush" not in str(caught.value)
    assert store.accounts() == [ANA]


async def test_an_account_is_held_by_one_and_the_others_are_free(store, tmp_path):
    other = KeyringStore(tmp_path / "tokens", patience=Patience(0.0))
    async with store.locked(ANA), other.locked(BEN):
        with pytest.raises(TokenStoreError, match="in use"):
            async with other.locked(ANA):
                pytest.fail("it is held")
    async with other.locked(ANA):
        pass


def test_its_own_folder_is_beside_the_files(backend):
    assert KeyringStore().folder.path.parts[-3:] == ("spyro", "tokens", "keyring")


@pytest.mark.parametrize("none", [NoKeyring, NullKeyring, ChainerBackend])
def test_a_keyring_that_keeps_nothing_is_refused(use, none):
    if none is ChainerBackend:
        use(type("Empty", (ChainerBackend,), {"backends": [], "__module__": ChainerBackend.__module__})())
    else:
        use(none())
    with pytest.raises(ConfigurationError, match=r"no keyring that works: .*'file'") as caught:
        KeyringStore()
    assert caught.value.field == "SPYRO_TOKEN_STORE"


def test_a_chain_of_keyrings_is_one(use, tmp_path):
    one = InMemory()
    use(type("Chain", (ChainerBackend,), {"backends": [one], "__module__": ChainerBackend.__module__})())
    KeyringStore(tmp_path).write(ANA, TOKEN)
    assert list(one.kept) == [("spyro", ANA.key)]


@pytest.fixture
def missing():
    """Make keyring impossible to import, as Python itself offers it."""
    kept = sys.modules["keyring"]
    sys.modules["keyring"] = None
    yield
    sys.modules["keyring"] = kept


def test_without_its_extra_the_way_to_get_it_is_said(missing):
    with pytest.raises(ConfigurationError, match=r"pip install 'spyro-sdk\[keyring\]'") as caught:
        KeyringStore()
    assert caught.value.field == "SPYRO_TOKEN_STORE"
