import subprocess
import sys
from dataclasses import replace

import keyring
import pytest
from keyring.backends.fail import Keyring as NoKeyring

from spyro_sdk.auth.token import Token
from spyro_sdk.auth.tokens import (
    Account,
    FileStore,
    KeyringStore,
    MemoryStore,
    default_store,
    in_memory,
    place_of,
    remembered,
    stores,
)
from spyro_sdk.auth.tokens.file import own_folder
from spyro_sdk.errors import ConfigurationError

from .test_keyring import InMemory

ANA = Account("acme", "https://i", "app", "ana")


@pytest.mark.parametrize("said", [{}, {"SPYRO_TOKEN_STORE": ""}, {"SPYRO_TOKEN_STORE": " file "}])
def test_tokens_are_kept_in_files_of_the_user(said):
    store = default_store(said)
    assert isinstance(store, FileStore)
    assert store.folder.path == own_folder()
    assert own_folder().parts[-2:] == ("spyro", "tokens")
    assert own_folder().is_absolute()


def test_a_folder_may_be_named(tmp_path):
    assert default_store({"SPYRO_TOKEN_STORE": str(tmp_path)}).folder.path == tmp_path
    assert default_store({"SPYRO_TOKEN_STORE": "~/mine"}).folder.path.name == "mine"
    assert default_store({"SPYRO_TOKEN_STORE": "~/mine"}).folder.path.is_absolute()


def test_none_keeps_them_in_memory_for_all_of_the_process():
    default_store({"SPYRO_TOKEN_STORE": "none"}).write(ANA, Token("a"))
    assert default_store({"SPYRO_TOKEN_STORE": "none"}).read(ANA) == Token("a")
    default_store({"SPYRO_TOKEN_STORE": "none"}).delete(ANA)


@pytest.mark.usefixtures("nobody_is_remembered")
def test_who_signed_in_is_looked_for_on_the_machine_and_in_the_process(tmp_path, monkeypatch):
    monkeypatch.setenv("SPYRO_TOKEN_STORE", str(tmp_path))
    kept, own = stores()
    assert (kept.folder.path, own) == (tmp_path, in_memory())
    bob, by_settings = replace(ANA, profile="bob"), replace(ANA, given="a mark")
    kept.write(ANA, Token("a"))
    own.write(bob, Token("b"))
    own.write(by_settings, Token("c"))
    assert list(remembered()) == [ANA, bob]


@pytest.mark.usefixtures("nobody_is_remembered")
def test_where_nothing_is_kept_the_process_is_looked_at_once():
    in_memory().write(ANA, Token("a"))
    assert stores() == [in_memory()]
    assert list(remembered()) == [ANA]


def test_a_keyring_that_does_not_work_is_refused():
    before = keyring.get_keyring()
    keyring.set_keyring(NoKeyring())
    try:
        with pytest.raises(ConfigurationError, match="no keyring that works"):
            default_store({"SPYRO_TOKEN_STORE": "keyring"})
    finally:
        keyring.set_keyring(before)


@pytest.mark.parametrize("said", ["files", "./tokens", "tokens"])
def test_another_word_is_a_mistake(said):
    with pytest.raises(ConfigurationError, match="must be file, keyring, none or a folder") as caught:
        default_store({"SPYRO_TOKEN_STORE": said})
    assert caught.value.field == "SPYRO_TOKEN_STORE"


def test_it_is_said_where_tokens_are_kept(tmp_path):
    before = keyring.get_keyring()
    keyring.set_keyring(InMemory())
    try:
        stores = [MemoryStore(), FileStore(tmp_path), KeyringStore(tmp_path), object()]
    finally:
        keyring.set_keyring(before)
    assert [place_of(it) for it in stores] == [
        "in this process alone",
        "in files of yours",
        "in the keyring of the system",
        "in a store of yours",
    ]


def test_who_keeps_no_token_imports_nothing_for_it():
    script = (
        "import sys, spyro_sdk.connection, spyro_sdk.connectors.salesforce, spyro_sdk.auth.tokens;"
        "print(sorted({'filelock', 'platformdirs', 'keyring'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"
