"""A person's token is kept where its service says, and no longer than is safe."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from spyro_sdk.auth.app import App
from spyro_sdk.auth.keeping import Keeping, successors_of
from spyro_sdk.auth.oauth import RefreshToken
from spyro_sdk.auth.token import Token
from spyro_sdk.auth.tokens import Account, FileStore, MemoryStore, in_memory

pytestmark = pytest.mark.anyio

APP = App("https://a.example/authorize", "https://a.example:8443/token", "client")


async def test_a_token_is_kept_read_and_forgotten(tmp_path: Path) -> None:
    kept = Keeping.of("acme", APP, FileStore(tmp_path / "tokens"))
    assert kept.account == Account("acme", "https://a.example:8443", "client")
    assert await kept.read() is None
    await kept.write(Token("t"))
    assert await Keeping.of("acme", APP, FileStore(tmp_path / "tokens")).read() == Token("t")
    await kept.delete()
    assert await kept.read() is None


async def test_the_account_is_the_issuers() -> None:
    app = App("", "https://a.example/token", "client", issuer="https://login.example")
    assert Keeping.of("acme", app, MemoryStore()).account.issuer == "https://login.example"


@pytest.mark.parametrize("home", ["http://127.0.0.1:4321", "http://localhost:4321", "http://[::1]:4321"])
async def test_a_token_of_a_service_on_this_machine_ends_with_the_process(
    home: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPYRO_TOKEN_STORE", str(tmp_path))
    assert Keeping.of("acme", App("", f"{home}/token", "client")).store is in_memory()


async def test_any_other_goes_where_tokens_go_unless_a_place_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPYRO_TOKEN_STORE", str(tmp_path))
    store = Keeping.of("acme", APP).store
    assert isinstance(store, FileStore)
    assert store.folder.path == tmp_path
    assert Keeping.of("acme", APP, given := MemoryStore()).store is given


GIVEN = RefreshToken("https://login.acme.example:8443/oauth/token", "client", "hush-refresh", "hush-secret")


async def test_a_refresh_token_of_the_settings_has_an_account_that_all_who_have_it_find() -> None:
    account = successors_of("acme", GIVEN)
    assert account == successors_of("acme", replace(GIVEN, client_secret=None))
    assert (account.connector, account.issuer) == ("acme", "https://login.acme.example:8443")
    assert (account.client_id, account.profile) == ("client", "")
    assert account.given == "674cb0346aa239fbfaa5ea4640527b7f", "a later version finds it too"


@pytest.mark.parametrize(
    "other",
    [{"refresh_token": "another"}, {"client_id": "another"}, {"token_url": "https://b.example/token"}],
)
async def test_another_refresh_token_app_or_server_has_another_account(other: dict[str, str]) -> None:
    assert successors_of("acme", GIVEN) != successors_of("acme", replace(GIVEN, **other))
