"""Where the settings of a connection come from, in which order."""

from __future__ import annotations

import logging
from itertools import product
from pathlib import Path
from typing import Any

import pytest

import spyro_sdk as spyro
from spyro_sdk.config import ConnectorConfig
from spyro_sdk.connectors.declared import Declared
from spyro_sdk.connectors.github import GitHub
from spyro_sdk.connectors.salesforce import Salesforce
from spyro_sdk.errors import AuthenticationError, ConfigurationError
from spyro_sdk.settings import configured

SOURCES = ("arguments", "variables", "profile", "others", "sf")


def account(name: str) -> dict[str, str]:
    return {"base_url": f"https://{name}.example", "access_token": name}


def file(folder: Path, text: str) -> dict[str, str]:
    (folder / "connections.toml").write_text(text)
    (folder / "connections.toml").chmod(0o600)
    return {"SPYRO_CONFIG_FOLDER": str(folder)}


def toml(name: str, **settings: str) -> str:
    return "\n".join([f"[{name}]", *(f'{key} = "{value}"' for key, value in settings.items()), ""])


def variables(connector: str, **settings: str) -> dict[str, str]:
    return {f"SPYRO_{connector}_{name}".upper(): value for name, value in settings.items()}


def with_command(folder: Path) -> dict[str, str]:
    (folder / "sf").write_text("#!/bin/sh\n")
    (folder / "sf").chmod(0o700)
    return {"PATH": str(folder)}


@pytest.mark.parametrize("there", list(product([False, True], repeat=3)))
def test_salesforce_takes_the_first_account_that_there_is(tmp_path: Path, there: tuple[bool, ...]) -> None:
    given, environment = {}, {"SPYRO_CONFIG_FOLDER": str(tmp_path)}
    if there[0]:
        given = account("arguments")
    if there[1]:
        environment |= variables("salesforce", **account("variables"))
    if there[2]:
        environment |= file(tmp_path, toml("salesforce", **account("profile")))
    config = configured(Salesforce, given, environment | with_command(tmp_path))
    first = next((name for name, is_there in zip(SOURCES, there, strict=False) if is_there), None)
    assert config.access_token == first
    assert config.base_url == (first and f"https://{first}.example")
    assert config.custom_params == ({} if first else {"sf": True})
    assert config.profile == ("salesforce" if there[2] else None)


@pytest.mark.parametrize("there", list(product([False, True], repeat=4)))
def test_a_connector_that_needs_no_credentials_does_so_too(tmp_path: Path, there: tuple[bool, ...]) -> None:
    given, environment = {"owner": "acme"}, {"SPYRO_CONFIG_FOLDER": str(tmp_path)}
    if there[0]:
        given |= {"access_token": "arguments"}
    if there[1]:
        environment |= variables("github", access_token="variables")
    if there[2]:
        environment |= file(tmp_path, toml("github", access_token="profile"))
    if there[3]:
        environment |= {"GITHUB_TOKEN": "others"}
    config = configured(GitHub, given, environment)
    first = next((name for name, is_there in zip(SOURCES, there, strict=False) if is_there), None)
    assert config.access_token == first
    assert config.auth_type == ("bearer" if first else "none")


@pytest.mark.parametrize("there", list(product([False, True], repeat=3)))
def test_a_declared_connector_does_so_too(tmp_path: Path, there: tuple[bool, ...]) -> None:
    where = {"base_url": "https://shop.example", "auth": "bearer"}
    kind = Declared.of({"name": "shop", "client": where, "resources": ["orders"]})
    given, environment = {}, {"SPYRO_CONFIG_FOLDER": str(tmp_path)}
    if there[0]:
        given = {"access_token": "arguments"}
    if there[1]:
        environment |= variables("shop", access_token="variables")
    if there[2]:
        environment |= file(tmp_path, toml("mine", connector="shop", access_token="profile"))
        environment["SPYRO_PROFILE"] = "mine"
    if not any(there):
        with pytest.raises(AuthenticationError, match=r"set SPYRO_SHOP_ACCESS_TOKEN, .* profile \[shop\] of"):
            configured(kind, given, environment)
        return
    config = configured(kind, given, environment)
    first = next(name for name, is_there in zip(SOURCES, there, strict=False) if is_there)
    assert (config.access_token, config.base_url) == (first, "https://shop.example")


def test_settings_that_are_no_account_come_from_anywhere(tmp_path: Path) -> None:
    text = '[salesforce]\ntimeout = 3\nretry_count = 3\npage_size = 300\nheaders = { X-Trace = "1" }\n'
    environment = file(tmp_path, text) | variables("salesforce", timeout="2", retry_count="2")
    config = configured(Salesforce, {**account("us"), "timeout": 1}, environment)
    assert (config.timeout, config.retry_count, config.page_size) == (1, 2, 300)
    assert (config.headers, config.access_token) == ({"X-Trace": "1"}, "us")


def test_a_profile_without_an_account_is_no_account_of_its_own(tmp_path: Path) -> None:
    environment = file(tmp_path, "[salesforce]\ntimeout = 3\n")
    assert configured(Salesforce, account("us"), environment).profile is None
    assert (
        configured(Salesforce, {**account("us"), "profile": "salesforce"}, environment).profile
        == "salesforce"
    )


def test_a_profile_gives_what_it_names(tmp_path: Path) -> None:
    text = """
    [acme]
    connector = "salesforce"
    base_url = "https://acme.example"
    client_id = "3MVG9"
    client_secret = { env = "ACME_SECRET" }
    headers = { X-Key = { env = "ACME_KEY" } }
    api_version = "66.0"
    """
    environment = file(tmp_path, text) | {"ACME_SECRET": "hush", "ACME_KEY": "whisper"}
    config = configured(Salesforce, {"profile": "acme"}, environment)
    assert (config.client_secret, config.headers) == ("hush", {"X-Key": "whisper"})
    assert (config.profile, config.custom_params) == ("acme", {"api_version": "66.0"})
    assert "hush" not in repr(config)
    for variable in ("SPYRO_PROFILE", "SPYRO_SALESFORCE_PROFILE"):
        assert configured(Salesforce, {}, environment | {variable: "acme"}) == config
    both = {"SPYRO_PROFILE": "other", "SPYRO_SALESFORCE_PROFILE": "acme"}
    assert configured(Salesforce, {}, environment | both) == config
    with pytest.raises(AuthenticationError):
        configured(Salesforce, {"profile": ""}, environment | both)


def test_what_is_not_used_is_not_read_from_where_it_is_kept(tmp_path: Path) -> None:
    text = '[salesforce]\nbase_url = "https://a"\naccess_token = { env = "NOT_SET" }'
    environment = file(tmp_path, text)
    assert configured(Salesforce, account("us"), environment).access_token == "us"
    with pytest.raises(ConfigurationError, match="the environment variable NOT_SET is not set"):
        configured(Salesforce, {}, environment)


def test_a_profile_whose_account_is_not_used_is_told_where_it_was_asked_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    environment = file(tmp_path, toml("salesforce", **account("theirs")))
    with caplog.at_level(logging.WARNING):
        configured(Salesforce, account("us"), environment)
        assert caplog.messages == []
        configured(Salesforce, {**account("us"), "profile": "salesforce"}, environment)
    assert caplog.messages == [
        "salesforce: the account of profile 'salesforce' is not used: arguments and variables give another,"
        " and come first"
    ]


def test_no_secret_is_sent_to_the_address_of_another_account(tmp_path: Path) -> None:
    environment = file(tmp_path, toml("salesforce", **account("theirs")))
    with pytest.raises(
        ConfigurationError,
        match="base_url given to connect and base_url of profile 'salesforce' are of two accounts",
    ):
        configured(Salesforce, {"base_url": "https://us"}, environment)
    with pytest.raises(ConfigurationError, match="SPYRO_SALESFORCE_BASE_URL and base_url of profile"):
        configured(Salesforce, {}, environment | variables("salesforce", base_url="https://us"))


def test_the_tokens_of_other_programs_are_for_nobody_whose_address_is_given(tmp_path: Path) -> None:
    environment = file(tmp_path, toml("github", base_url="https://ghe.example/api/v3"))
    config = configured(GitHub, {"owner": "acme"}, environment | {"GH_TOKEN": "theirs"})
    assert (config.access_token, config.base_url) == (None, "https://ghe.example/api/v3")


def test_the_command_is_no_source_where_anything_says_who_we_are(tmp_path: Path) -> None:
    environment = with_command(tmp_path) | {"SPYRO_CONFIG_FOLDER": str(tmp_path)}
    for given in ({"sf": False}, {"base_url": "https://us"}):
        with pytest.raises(AuthenticationError, match=r"needs credentials.* or SPYRO_SALESFORCE_SF,"):
            configured(Salesforce, given, environment)
    assert configured(Salesforce, {"sf": "dev"}, {}).custom_params == {"sf": "dev"}
    for given in ({"auth_mode": "sf"}, {"auth_mode": "sf", "sf": "dev"}):
        config = configured(Salesforce, given, {})
        assert (config.custom_params, config.auth_mode) == ({"sf": given.get("sf", True)}, None)


def test_that_the_command_is_used_is_told_where_nobody_has_asked_for_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    environment = with_command(tmp_path) | {"SPYRO_CONFIG_FOLDER": str(tmp_path)}
    with caplog.at_level(logging.WARNING):
        configured(Salesforce, {"sf": True}, environment)
        assert caplog.messages == []
        assert configured(Salesforce, {}, environment).custom_params == {"sf": True}
    assert caplog.messages == [
        "salesforce: nothing says how to sign in, so the login of another program is used: sf=True"
    ]


def test_the_demo_takes_no_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = toml("salesforce", timeout="nonsense", zzz="nonsense")
    for name, value in (file(tmp_path, text) | {"SPYRO_PROFILE": "nonsense"}).items():
        monkeypatch.setenv(name, value)
    with spyro.connect("salesforce", demo={"records": 5, "wide_records": 1}) as sf:
        assert sf["Account"].count() == 5
    with pytest.raises(ConfigurationError, match="no profile 'nonsense'"):
        spyro.connect("salesforce", **account("us"))


def test_a_profile_is_part_of_the_account() -> None:
    one, other = (ConnectorConfig("acme", api_key="x", profile=name) for name in ("a", "b"))
    assert one.fingerprint() != other.fingerprint()
    for profile in ("", 5):
        with pytest.raises(ConfigurationError, match=r"profile=.* cannot be: it must be a text"):
            ConnectorConfig("acme", api_key="x", profile=profile)  # type: ignore[arg-type]


def test_arguments_are_given_in_words_that_make_sense(tmp_path: Path) -> None:
    given: dict[str, Any] = {"profile": 5}
    with pytest.raises(ConfigurationError, match="profile is a int: give the name of a profile"):
        configured(Salesforce, given, {"SPYRO_CONFIG_FOLDER": str(tmp_path)})
