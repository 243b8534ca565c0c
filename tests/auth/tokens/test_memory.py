import anyio
import pytest

from spyro_sdk.auth.token import Token
from spyro_sdk.auth.tokens import Account, MemoryStore
from spyro_sdk.auth.tokens.lock import Patience
from spyro_sdk.errors import TokenStoreError

pytestmark = pytest.mark.anyio
ANA, BEN = Account("acme", "https://i", "app", "ana"), Account("acme", "https://i", "app", "ben")


def test_it_keeps_a_token_for_each_account_until_that_is_deleted():
    store = MemoryStore()
    assert store.read(ANA) is None
    store.write(ANA, Token("a"))
    store.write(BEN, Token("b"))
    store.write(ANA, Token("a2"))
    assert (store.read(ANA), store.read(BEN), store.accounts()) == (Token("a2"), Token("b"), [ANA, BEN])
    store.delete(ANA)
    store.delete(ANA)
    assert (store.read(ANA), store.accounts()) == (None, [BEN])


def test_no_repr_shows_what_it_keeps():
    store = MemoryStore()
    store.write(ANA, Token("hush"))
    assert "hush" not in repr(store)


async def test_an_account_is_held_by_one_and_the_others_are_free():
    store = MemoryStore(Patience(0.0))
    async with store.locked(ANA), store.locked(BEN):
        with pytest.raises(TokenStoreError):
            async with store.locked(ANA):
                pytest.fail("it is held")
    async with store.locked(ANA):
        pass


async def test_who_stops_waiting_leaves_the_lock_to_others():
    store = MemoryStore()
    async with store.locked(ANA):
        with anyio.move_on_after(0.02) as scope:
            async with store.locked(ANA):
                pytest.fail("it is held")
        assert scope.cancelled_caught
    async with store.locked(ANA):
        pass
