"""An app sends people back to where it is registered."""

from __future__ import annotations

from dataclasses import replace

import pytest

from spyro_sdk.auth.app import App
from spyro_sdk.auth.token import Token
from spyro_sdk.errors import SignInError
from spyro_sdk.secret import Secret

APP = App("https://a.example/authorize", "https://a.example/token", "client", "s3cret")


def test_any_port_of_this_machine_will_do_unless_another_address_is_registered() -> None:
    assert APP.redirect_uri(4321) == "http://127.0.0.1:4321/callback"
    assert APP.redirect_port is None
    assert APP.redirected_to(None) is APP


@pytest.mark.parametrize(
    ("registered", "port", "address"),
    [
        ("http://localhost:1717/OauthRedirect", 1717, "http://localhost:4321/OauthRedirect"),
        ("http://127.0.0.1/", None, "http://127.0.0.1:4321/"),
        ("http://127.0.0.1", None, "http://127.0.0.1:4321/"),
        ("http://[::1]:99/x", 99, "http://[::1]:4321/x"),
    ],
)
def test_the_registered_address_is_kept_but_for_its_port(
    registered: str, port: int | None, address: str
) -> None:
    app = APP.redirected_to(registered)
    assert (app.redirect_port, app.redirect_uri(4321)) == (port, address)


ASKED = ("read", "write", "offline_access")
IMPLIED = {"admin": ("write",), "write": ("read",)}


@pytest.mark.parametrize(
    ("granted", "refresh_token", "lacking"),
    [
        ((), None, ()),
        (ASKED, "r", ()),
        (("read", "write"), "r", ()),
        (("read", "write", "refresh_token"), None, ()),
        (("read", "write"), None, ("offline_access",)),
        (("write", "more"), "r", ()),
        (("admin",), "r", ()),
        (("read",), "r", ("write",)),
        (("more",), None, ASKED),
    ],
)
def test_what_was_asked_and_not_granted_is_lacking_unless_it_comes_with_another(
    granted: tuple[str, ...], refresh_token: str | None, lacking: tuple[str, ...]
) -> None:
    app = replace(APP, scopes=ASKED, implied=IMPLIED)
    assert app.lacking(Token("t", refresh_token, scopes=granted)) == lacking


def test_of_what_allows_nothing_that_was_asked_less_cannot_be_asked() -> None:
    app = replace(APP, scopes=("read",))
    with pytest.raises(SignInError, match="was to allow read, and allows x: read is missing") as caught:
        app.check(Token("t", scopes=("x",)))
    assert (
        caught.value.hint == "sign in again and allow read, or have the app's scopes changed at the service"
    )
    assert caught.value.error_code == "scope_narrowed"
    app.check(Token("t", scopes=("read", "x")))


def test_of_what_allows_some_of_it_less_can_be_asked() -> None:
    app = replace(APP, scopes=("read", "write"))
    with pytest.raises(SignInError, match="allows read: write is missing") as caught:
        app.check(Token("t", scopes=("read",)))
    assert "allow write, ask for less with scope='read', or have" in str(caught.value.hint)
    app = replace(APP, scopes=("read", "write", "see", "do"))
    with pytest.raises(
        SignInError, match="allow read write see do, and allows read see: write do is"
    ) as caught:
        app.check(Token("t", scopes=("read", "see")))
    assert "allow write do, ask for less with scope='read see', or have" in str(caught.value.hint)


def test_an_app_can_be_told_from_others() -> None:
    assert len({APP, replace(APP), replace(APP, client_id="other")}) == 2


def test_the_secret_is_not_shown() -> None:
    assert isinstance(APP.client_secret, Secret)
    assert "s3cret" not in repr(APP)
