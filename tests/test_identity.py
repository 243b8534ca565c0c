"""Who we are to a service, as it may be shown."""

import pytest

from spyro_sdk.auth import oauth
from spyro_sdk.auth.token import Token
from spyro_sdk.auth.tokens import Account, FileStore, KeyringStore, MemoryStore, place_of
from spyro_sdk.config import ConnectorConfig
from spyro_sdk.exchange import HttpConnector
from spyro_sdk.identity import Identity, way

END = 1_790_000_000.0  # 2026-09-21 14:13 UTC


@pytest.mark.parametrize(
    ("until", "renews", "said"),
    [
        (None, False, "not told"),
        (None, True, "renews itself"),
        (END, False, "2026-09-21 14:13 UTC"),
        (END, True, "2026-09-21 14:13 UTC, then renews itself"),
    ],
)
def test_it_says_how_long_it_lasts(until, renews, said):
    assert Identity("acme", until=until, renews=renews).lasts == said


def test_it_says_who_where():
    assert str(Identity("acme", "https://acme.example", who="ana")) == "ana at https://acme.example"
    assert str(Identity("acme")) == "somebody whom the service did not name at acme"


def test_ways_to_sign_in_have_names():
    assert way(("base_url", "access_token")) == "access token"
    assert way(("my_key",)) == "my_key=…"
    assert way(()) == "nothing"


def test_it_says_where_a_token_is_kept(tmp_path):
    assert place_of(MemoryStore()) == "in this process alone"
    assert place_of(FileStore(tmp_path)) == "in files of yours"
    assert place_of(object.__new__(KeyringStore)) == "in the keyring of the system"
    assert place_of(object()) == "in a store of yours"


class Acme(HttpConnector):
    """A service of somebody's own."""

    credentials = (("access_token",), ("client_id", "client_secret"))
    tokens: oauth.OAuth | None = None

    def auth(self):
        return self.tokens or super().auth()

    def fetch_data(self, entity_type, since=None, filters=None):
        raise NotImplementedError


def identity(tokens=None, **settings):
    kind = type("Acme", (Acme,), {"tokens": tokens})
    return kind(ConnectorConfig("acme", base_url="https://acme.example/", **settings)).identified()


def test_a_token_that_is_given_neither_ends_nor_renews_as_far_as_we_know():
    assert identity(access_token="x") == Identity("acme", "https://acme.example", by="access token")
    assert identity(auth_type="none").by == "nothing"


def test_a_token_that_is_asked_for_renews():
    found = identity(client_id="app", client_secret="x")
    assert (found.by, found.renews, found.until, found.kept) == ("client credentials", True, None, "")


async def renewed(send, refresh_token):
    raise NotImplementedError


@pytest.mark.parametrize(
    ("token", "refresh", "renews"),
    [
        (None, renewed, False),
        (Token("x", "y", END), renewed, True),
        (Token("x", "y", END), None, False),
        (Token("x", None, END), renewed, False),
    ],
)
def test_a_persons_token_renews_where_a_refresh_token_came_with_it(token, refresh, renews):
    person = Account("acme", "https://acme.example", "app")
    tokens = oauth.OAuth(None, token, store=MemoryStore(), account=person, refresh=refresh)
    found = identity(tokens, client_id="app", auth_mode="browser")
    assert (found.renews, found.until) == (renews, END if token else None)
    assert (found.by, found.kept) == ("a person who signed in", "in this process alone")
    assert "x" not in repr(found).replace("example", "")
