import json
import logging
import os

import anyio
import pytest

from spyro_sdk.auth.token import Token
from spyro_sdk.auth.tokens import Account, FileStore
from spyro_sdk.auth.tokens.account import MOST, encoded
from spyro_sdk.auth.tokens.lock import Patience
from spyro_sdk.errors import TokenStoreError

pytestmark = pytest.mark.anyio
ANA, BEN = Account("acme", "https://i", "app", "ana"), Account("acme", "https://i", "app", "ben")
TOKEN = Token("hush-a", "hush-r", 1000.5, {"instance_url": "https://eu1"}, ("api",), 1.0, "https://i")


@pytest.fixture
def store(tmp_path):
    return FileStore(tmp_path / "tokens")


def place(store, account=ANA):
    return store.folder.path / f"{account.key}.json"


def put(store, text, account=ANA):
    store.write(account, TOKEN)
    place(store, account).write_bytes(text)


def test_it_keeps_a_token_for_each_account_until_that_is_deleted(store):
    assert store.read(ANA) is None
    assert store.accounts() == []
    store.write(ANA, Token("old"))
    store.write(BEN, Token("b"))
    store.write(ANA, TOKEN)
    again = FileStore(store.folder.path)
    assert (again.read(ANA), again.read(BEN)) == (TOKEN, Token("b"))
    assert sorted(it.profile for it in again.accounts()) == ["ana", "ben"]
    again.delete(ANA)
    again.delete(ANA)
    assert (store.read(ANA), store.accounts()) == (None, [BEN])


def test_no_name_and_no_repr_shows_a_secret(store):
    store.write(ANA, TOKEN)
    assert "hush" not in repr(store) + "".join(os.listdir(store.folder.path))


WHOLE = encoded(ANA, TOKEN)
RECORD = json.loads(WHOLE)


def changed(**fields):
    return json.dumps({**RECORD, **fields}).encode()


def with_token(**fields):
    return changed(token={**RECORD["token"], **fields})


DAMAGE = {
    "empty": b"",
    "blank": b" \n\n",
    "cut short": WHOLE[:-1],
    "cut in the middle": WHOLE[: len(WHOLE) // 2],
    "its first byte": WHOLE[:1],
    "its end alone": WHOLE[20:],
    "zeros, as after a power cut": bytes(len(WHOLE)),
    "zeros at its end": WHOLE[:100] + bytes(len(WHOLE) - 100),
    "twice": WHOLE + WHOLE,
    "garbage": bytes(range(256)),
    "no UTF-8": WHOLE.replace(b"hush", b"\xff\xfe"),
    "another kind of file": b"<html>hush</html>",
    "a number": b"5",
    "a text": b'"hush"',
    "a list": b"[]",
    "null": b"null",
    "too deep": b"[" * 200_000,
    "too long a number": b"1" * 10_000,
    "too long": WHOLE + b" " * MOST,
    "no version": json.dumps({"account": RECORD["account"], "token": RECORD["token"]}).encode(),
    "a version to come": changed(version=2),
    "no account": changed(account=None),
    "half an account": changed(account={"connector": "acme"}),
    "an account of numbers": changed(account={**RECORD["account"], "profile": 5}),
    "another's account": changed(account={**RECORD["account"], "profile": "ben"}),
    "one field too many": changed(more=1),
    "no token": changed(token=None),
    "a token that is a text": changed(token="hush"),
    "half a token": changed(token={"access_token": "hush"}),
    "an empty access token": with_token(access_token=""),
    "a header in the access token": with_token(access_token="hush\r\nX-Admin: 1"),
    "a refresh token that is a number": with_token(refresh_token=5),
    "an end that is a text": with_token(expires_at="soon"),
    "an end that is no number": with_token(expires_at=float("nan")),
    "scopes that are a text": with_token(scopes="api"),
}


@pytest.mark.parametrize("damage", DAMAGE)
async def test_a_damaged_file_is_no_token_and_the_next_write_mends_it(store, damage, caplog):
    put(store, DAMAGE[damage])
    store.write(BEN, Token("b"))
    with caplog.at_level(logging.DEBUG):
        assert store.read(ANA) is None
        assert (ANA in store.accounts()) == (damage == "no token")
        assert BEN in store.accounts()
        async with store.locked(ANA):
            pass
    assert "hush" not in caplog.text
    store.write(ANA, TOKEN)
    assert store.read(ANA) == TOKEN
    assert len(store.accounts()) == 2
    put(store, DAMAGE[damage])
    store.delete(ANA)
    assert not place(store).exists()


def test_a_damaged_file_is_told_once_for_each_look(store, caplog):
    put(store, b"hush")
    assert store.read(ANA) is None
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("spyro_sdk.auth.tokens.file", "WARNING")
    assert record.getMessage() == (
        f"{ANA.key}.json is damaged and not used, you have to sign in again: it is no JSON"
    )


def test_a_file_under_another_name_is_nobodys(store):
    store.write(ANA, TOKEN)
    place(store).rename(place(store, BEN))
    assert store.read(BEN) is None
    assert store.accounts() == []


def test_an_unsafe_file_is_refused_but_its_neighbors_are_listed(store, caplog):
    store.write(ANA, TOKEN)
    store.write(BEN, TOKEN)
    place(store).chmod(0o644)
    with pytest.raises(TokenStoreError, match="can be read by others"):
        store.read(ANA)
    assert store.accounts() == [BEN]
    assert "chmod 600" in caplog.text
    store.write(ANA, Token("new"))
    assert store.read(ANA) == Token("new"), "who signs in again mends it"


async def test_an_account_is_held_by_one_and_the_others_are_free(store):
    other = FileStore(store.folder.path, patience=Patience(0.0))
    async with store.locked(ANA), other.locked(BEN):
        with pytest.raises(TokenStoreError, match="in use"):
            async with other.locked(ANA):
                pytest.fail("it is held")
    async with other.locked(ANA):
        pass


async def test_what_fails_under_a_lock_frees_it(store):
    with pytest.raises(ZeroDivisionError):
        async with store.locked(ANA):
            raise ZeroDivisionError
    async with FileStore(store.folder.path, patience=Patience(0.0)).locked(ANA):
        pass


async def test_who_stops_waiting_leaves_the_lock_to_others_and_the_loop_goes_on(store):
    async with store.locked(ANA):
        with anyio.move_on_after(0.03) as scope:
            async with store.locked(ANA):
                pytest.fail("it is held")
        assert scope.cancelled_caught
    async with FileStore(store.folder.path, patience=Patience(0.0)).locked(ANA):
        pass


async def test_a_lock_outlives_the_record(store):
    store.write(ANA, TOKEN)
    async with store.locked(ANA):
        store.delete(ANA)
        assert os.listdir(store.folder.path) == [f"{ANA.key}.lock"], "where other versions hold it too"
        with pytest.raises(TokenStoreError):
            async with FileStore(store.folder.path, patience=Patience(0.0)).locked(ANA):
                pytest.fail("it is held")
