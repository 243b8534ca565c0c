"""An app sends people back to where it is registered."""

from __future__ import annotations

import pytest

from spyro_sdk.auth.app import App

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


def test_the_secret_is_not_shown() -> None:
    assert "s3cret" not in repr(APP)
