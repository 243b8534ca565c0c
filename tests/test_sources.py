"""An account comes from one source, and what is no account from any."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from spyro_sdk.connectors.github import GitHub
from spyro_sdk.connectors.salesforce import Salesforce
from spyro_sdk.errors import ConfigurationError
from spyro_sdk.profile import Reference
from spyro_sdk.profile.place import Place
from spyro_sdk.sources import Rule, Source, layered

NAMES = ("argument", "variable", "profile")
SALES, ANY = Rule.of(Salesforce.credentials), Rule.of(GitHub.credentials)
TOKEN = {"base_url": "https://token", "access_token": "token"}
CLIENT = {"base_url": "https://client", "client_id": "client", "client_secret": "client"}
REFRESH = {"client_id": "refresh", "refresh_token": "refresh"}
SIGNED = {"client_id": "signed", "username": "signed", "private_key": "signed"}
WHOLE = (TOKEN, CLIENT, REFRESH, SIGNED, {"sf": True}, {"auth_mode": "sf"})


def together(rule: Rule, *settings: dict[str, Any]) -> dict[str, Any]:
    sources = [Source(it, f"{name} {{}}".format) for it, name in zip(settings, NAMES, strict=False)]
    return layered(sources, rule)[0]


def orders(count: int) -> list[tuple[int, ...]]:
    return [(a, b) for a in range(count) for b in range(count) if a != b]


@pytest.mark.parametrize("place", range(3), ids=NAMES)
@pytest.mark.parametrize("account", WHOLE)
def test_a_whole_account_is_taken_from_wherever_it_is(place: int, account: dict[str, Any]) -> None:
    sources: list[dict[str, Any]] = [{"timeout": 5}, {}, {"page_size": 7}]
    sources[place] = sources[place] | account
    assert together(SALES, *sources) == {"timeout": 5, "page_size": 7, **account}


@pytest.mark.parametrize(("first", "second"), orders(len(WHOLE)))
def test_of_two_accounts_the_first_is_taken_and_nothing_of_the_other(first: int, second: int) -> None:
    for empty in range(3):
        sources = [dict(WHOLE[first]), dict(WHOLE[second])]
        sources.insert(empty, {})
        assert together(SALES, *sources) == WHOLE[first]


def test_what_is_no_account_comes_from_the_first_source_that_says_it() -> None:
    sources = (
        {"timeout": 1},
        {"timeout": 2, "page_size": 2},
        {"timeout": 3, "page_size": 3, "retry_count": 3},
    )
    assert together(SALES, *sources) == {"timeout": 1, "page_size": 2, "retry_count": 3}
    assert together(SALES, {"burst_size": None}, {"burst_size": 5}) == {"burst_size": None}


@pytest.mark.parametrize(
    "parts",
    [
        ({"base_url": "https://client"}, {"client_id": "client", "client_secret": "client"}, {}),
        ({"base_url": "https://client"}, {"client_id": "client"}, {"client_secret": "client"}),
        ({"client_secret": "client"}, {}, {"base_url": "https://client", "client_id": "client"}),
        ({}, {"client_secret": "client"}, {"base_url": "https://client", "client_id": "client"}),
        ({"client_id": "client"}, CLIENT, {}),
        ({"client_id": "client"}, {}, CLIENT),
        ({"access_token": None, "base_url": None}, CLIENT, {}),
    ],
)
def test_parts_of_one_account_complement_each_other(parts: tuple[dict[str, Any], ...]) -> None:
    assert together(SALES, *parts) == CLIENT


@pytest.mark.parametrize(
    ("rule", "parts", "message"),
    [
        (
            SALES,
            ({"base_url": "https://us"}, CLIENT),
            "argument base_url and variable base_url",
        ),
        (
            SALES,
            ({"base_url": "https://us"}, {}, CLIENT),
            "argument base_url and profile base_url",
        ),
        (
            SALES,
            ({}, {"base_url": "https://us"}, CLIENT),
            "variable base_url and profile base_url",
        ),
        (SALES, ({"client_id": "us"}, REFRESH), "argument client_id and variable client_id"),
        (
            SALES,
            ({"access_token": "us"}, CLIENT),
            "argument access_token and variable client_secret are",
        ),
        (SALES, ({"client_secret": "us"}, {}, TOKEN), "argument client_secret and profile access_token"),
        (
            SALES,
            ({"username": "us"}, {"auth_mode": "sf"}),
            "argument username and variable auth_mode are",
        ),
        (
            SALES,
            ({"client_secret": "us"}, {}, CLIENT),
            "argument client_secret and profile client_secret",
        ),
        (
            SALES,
            ({"client_id": "a"}, {"client_id": "b", "client_secret": "b"}),
            "argument client_id and",
        ),
        (SALES, ({"token_url": "https://us"}, {"token_url": "https://b", **REFRESH}), "token_url and"),
        (ANY, ({"base_url": "https://us"}, {"base_url": "https://b", "access_token": "b"}), "base_url and"),
        (ANY, ({"base_url": "https://us"}, {"base_url": "https://b", "headers": {"X-Key": "b"}}), "base_url"),
        (
            ANY,
            ({"username": "us"}, {"password": "b", "username": "b"}),
            "argument username and variable u",
        ),
    ],
)
def test_where_nobody_can_tell_who_is_meant_nothing_is_sent(
    rule: Rule, parts: tuple[dict[str, Any], ...], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        together(rule, *parts)
    assert caught.value.field is not None
    assert caught.value.field in message
    assert "https://" not in str(caught.value)


@pytest.mark.parametrize(
    ("parts", "account"),
    [
        (({"base_url": "https://a"}, {"access_token": "b"}), {"base_url": "https://a", "access_token": "b"}),
        (({"access_token": "a"}, {"base_url": "https://b"}), {"base_url": "https://b", "access_token": "a"}),
        (({"base_url": "https://a"}, {"base_url": "https://b"}), {"base_url": "https://a"}),
        (({"access_token": "a"}, {"base_url": "https://b", "access_token": "b"}), {"access_token": "a"}),
        (({"api_key": "a"}, {"access_token": "b"}), {"api_key": "a"}),
        (({"username": "a", "password": "a"}, {"password": "b"}), {"username": "a", "password": "a"}),
        (({"username": "a"}, {"password": "b"}), {"username": "a", "password": "b"}),
    ],
)
def test_an_address_goes_with_any_account_unless_it_came_with_another(
    parts: tuple[dict[str, Any], ...], account: dict[str, Any]
) -> None:
    assert together(ANY, *parts) == account


def test_how_to_sign_in_goes_with_the_account() -> None:
    theirs = {**CLIENT, "auth_mode": "client_credentials", "auth_type": "oauth2", "scope": "all"}
    assert together(SALES, TOKEN, theirs) == TOKEN
    assert together(SALES, TOKEN, {"auth_type": "none"}) == TOKEN
    assert together(SALES, {"scope": "less"}, theirs) == {**theirs, "scope": "less"}
    assert together(SALES, {"auth_mode": None}, theirs) == {**theirs, "auth_mode": None}
    asks = {"client_id": "us", "auth_mode": "browser"}
    assert together(SALES, asks, theirs) == asks
    parts = ({"auth_mode": "browser"}, TOKEN, {"client_id": "us"})
    assert together(SALES, *parts) == {"auth_mode": "browser", **TOKEN, "client_id": "us"}
    assert together(SALES, {"client_id": "us"}, {"auth_mode": "device"}, CLIENT | {"client_id": "us"}) == {
        "client_id": "us",
        "auth_mode": "device",
    }


def test_headers_go_with_the_account_where_a_secret_may_be_in_them() -> None:
    kept = Reference("env", "KEY", Place(Path("file")))
    plain = {"headers": {"X-Trace": "1"}, "custom_params": {"nested": {"a": 1}, "none": None}}
    assert together(SALES, TOKEN, plain) == {**TOKEN, **plain}
    for mapping in ({"X-Api-Key": "b"}, {"X-Trace": kept}):
        assert together(SALES, TOKEN, {"headers": mapping}) == TOKEN
        assert together(SALES, {"headers": mapping}, TOKEN) == {**TOKEN, "headers": mapping}
    assert together(SALES, TOKEN, {"headers": "none"}) == {**TOKEN, "headers": "none"}


def test_an_account_that_is_passed_over_is_told() -> None:
    sources = [Source(it, str) for it in (TOKEN, {"timeout": 5}, CLIENT)]
    assert layered(sources, SALES) == ({**TOKEN, "timeout": 5}, [sources[2]])


def test_no_secret_of_a_source_is_shown() -> None:
    assert "token" not in repr(Source({"access_token": "token"}, str))
