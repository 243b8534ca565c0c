"""A guest signs in to the demo by themselves, as `connect` and `login` expect of a person."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import spyro_sdk as spyro
from spyro_sdk.demo.guest import Guest
from spyro_sdk.demo.server import Service, serve
from spyro_sdk.errors import SignInError, SignInNeeded


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with serve(records=50, wide_records=1) as it:
        yield it


@pytest.fixture
def app(service: Service) -> Iterator[dict[str, str]]:
    it = {"base_url": service.base_url, "client_id": service.credentials["client_id"]}
    yield it
    spyro.logout("salesforce", **it)


def test_a_guest_signs_in(app: dict[str, str]) -> None:
    signed_in = spyro.login("salesforce", person=Guest(), **app)
    assert "never-was.example" in str(signed_in.who)


def test_a_guest_may_say_no(app: dict[str, str]) -> None:
    with pytest.raises(SignInError) as caught:
        spyro.login("salesforce", person=Guest(allows=False), **app)
    assert caught.value.error_code == "access_denied"


def test_nobody_is_asked_where_no_guest_is(app: dict[str, str]) -> None:
    with pytest.raises(SignInNeeded, match="nobody to ask"):
        spyro.connect("salesforce", person=Guest(is_there=False), **app)


def test_a_guest_types_a_code() -> None:
    with spyro.connect(
        "github", demo={"records": 20, "device_interval": 0}, auth_mode="device", person=Guest()
    ) as github:
        assert github.fetch("User").count() > 0
