"""Which profile is taken, and what is said of one that makes no sense."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from spyro_sdk.connectors.salesforce import Salesforce
from spyro_sdk.errors import ConfigurationError
from spyro_sdk.private import System
from spyro_sdk.profile import Profiled, Reference, found, path
from spyro_sdk.profile.file import FIELDS
from spyro_sdk.profile.place import Place

from .conftest import Write

KNOWN = {*FIELDS, "name", "profile", *Salesforce.options}
ACME = """
[acme]
connector = "salesforce"
base_url = "https://acme.my.salesforce.com"
client_id = "3MVG9"
client_secret = { env = "ACME_SECRET" }
timeout = 60
decimals = true

[salesforce]
access_token = { keyring = "usual" }

[hub]
connector = "github"
"""


def taken(environment: dict[str, str], wish: Any = None, connector: str = "salesforce", **more: Any) -> Any:
    return found(connector, KNOWN, wish, environment, **more)


def refused(environment: dict[str, str], wish: Any = None, **more: Any) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        taken(environment, wish, **more)
    assert "\n" not in str(caught.value)
    assert "hush" not in str(caught.value)
    return caught.value


# -- which one ----------------------------------------------------------------------------------------


def test_a_profile_is_taken_by_its_name(write: Write) -> None:
    environment = write(ACME)
    profile = taken(environment, "acme")
    assert profile == Profiled("acme", profile.at, profile.settings)
    assert profile.settings == {
        "base_url": "https://acme.my.salesforce.com",
        "client_id": "3MVG9",
        "client_secret": Reference("env", "ACME_SECRET", profile.at),
        "timeout": 60,
        "decimals": True,
    }
    assert "3MVG9" not in repr(profile)


@pytest.mark.parametrize(
    ("wish", "variable", "connector", "name"),
    [
        ("acme", None, "salesforce", "acme"),
        ("acme", "hub", "salesforce", "acme"),
        (None, "acme", "salesforce", "acme"),
        (None, None, "salesforce", "salesforce"),
        (None, None, "hubspot", None),
        ("", "acme", "salesforce", None),
        (None, "", "salesforce", None),
    ],
)
def test_the_argument_comes_before_the_variable_and_that_before_the_usual_one(
    write: Write, wish: str | None, variable: str | None, connector: str, name: str | None
) -> None:
    environment = write(ACME) | ({} if variable is None else {"SPYRO_PROFILE": variable})
    profile = taken(environment, wish, connector)
    assert (profile and profile.name) == name
    assert profile is None or profile.is_named == (name == "acme")


def test_without_a_file_there_is_no_profile_unless_one_is_asked_for(tmp_path: Path) -> None:
    environment = {"SPYRO_CONFIG_FOLDER": str(tmp_path)}
    assert taken(environment) is None
    error = refused(environment, "acme")
    assert str(error) == f"{tmp_path / 'connections.toml'}: there is no profile 'acme'; there is none"


def test_the_file_is_in_the_users_folder_unless_another_is_named(tmp_path: Path) -> None:
    assert path({}).parts[-2:] == ("spyro", "connections.toml")
    assert path({"SPYRO_CONFIG_FOLDER": f" {tmp_path} "}) == tmp_path / "connections.toml"
    assert path({"SPYRO_CONFIG_FOLDER": "~/mine"}) == Path.home() / "mine" / "connections.toml"
    with pytest.raises(ConfigurationError, match=r"SPYRO_CONFIG_FOLDER='mine' cannot be: .* whole path"):
        path({"SPYRO_CONFIG_FOLDER": "mine"})


def test_a_profile_that_is_not_there_is_told_with_the_nearest(write: Write) -> None:
    error = refused(write(ACME), "acne")
    assert "no profile 'acne'; there are acme, salesforce, hub (did you mean 'acme'?)" in str(error)
    assert (error.hint, error.field) == ("did you mean 'acme'?", "profile")


def test_a_profile_of_another_connector_is_refused(write: Write) -> None:
    error = refused(write(ACME), "hub")
    assert "profile 'hub', connector: the profile is for github, and not for salesforce" in str(error)
    assert "SPYRO_SALESFORCE_PROFILE" in str(error)
    assert "is for other" in str(refused(write('[salesforce]\nconnector = "other"')))
    assert "is for acme, and" in str(refused(write("[acme]"), "acme"))


def test_a_profile_is_asked_for_by_a_name() -> None:
    assert str(refused({}, 5)) == "profile is a int: give the name of a profile"


# -- what is in it ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("client_idd = 'hush'", "client_idd: there is no such setting (did you mean 'client_id'?)"),
        ("conector = 'salesforce'", "conector: there is no such setting (did you mean 'connector'?)"),
        ("zzz = 'hush'", "zzz: there is no such setting"),
        ("name = 'hush'", "name: there is no such setting"),
        ("profile = 'hush'", "profile: there is no such setting"),
        ("connector = 5", "connector: it must be text, and is a number"),
        ("base_url = 5", "base_url: it must be text, and is a number"),
        ("access_token = true", "access_token: it must be text, and is true or false"),
        ("timeout = 'hush'", "timeout: it must be a number, and is text"),
        ("timeout = true", "timeout: it must be a number, and is true or false"),
        ("page_size = 1.5", "page_size: it must be a whole number, and is a number"),
        ("burst_size = [1]", "burst_size: it must be a whole number, and is a list"),
        ("allow_http = 1", "allow_http: it must be true or false, and is a number"),
        ("verify_ssl = 2026-01-01", "verify_ssl: it must be true, false or text, and is a date or time"),
        ("headers = 'hush'", "headers: it must be a table, and is text"),
        ("custom_params = 5", "custom_params: it must be a table, and is a number"),
        ("headers = { X-Key = 5 }", "headers.X-Key: it must be text, and is a number"),
        ("headers = { X-Key = { vault = 'a' } }", "headers.X-Key: a table here must name one place"),
        ("client_secret = { vault = 'hush' }", 'client_secret: a table here must name one place: { env = "A'),
        ("client_secret = { env = 'A', keyring = 'b' }", "client_secret: a table here must name one place"),
        ("client_secret = {}", "client_secret: a table here must name one place"),
        ("client_secret = { env = 5 }", "client_secret: what env names must be a text that is not empty"),
        ("client_secret = { file = '' }", "client_secret: what file names must be a text that is not empty"),
    ],
)
def test_what_makes_no_sense_is_named_by_its_key(write: Write, text: str, message: str) -> None:
    environment = write(f"[salesforce]\n{text}\n")
    error = refused(environment)
    where = f"{environment['SPYRO_CONFIG_FOLDER']}/connections.toml, profile 'salesforce', "
    assert str(error).startswith(where + message)
    assert error.field == message.partition(":")[0]


def test_each_setting_may_be_there_in_its_type(write: Write) -> None:
    text = """
    [salesforce]
    timeout = 5
    retry_delay = 0.5
    page_size = 200
    burst_size = 7
    allow_http = false
    verify_ssl = "certificates.pem"
    api_version = "67.0"
    sf = true
    headers = { X-Trace = "1", X-Key = { env = "KEY" } }
    custom_params = { nested = { env = "no reference" } }
    """
    profile = taken(write(text))
    assert profile.settings["headers"]["X-Key"] == Reference("env", "KEY", profile.at)
    assert profile.settings["custom_params"] == {"nested": {"env": "no reference"}}
    assert len(profile.settings) == 10


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[salesforce]\nclient_id = hush", "it is no TOML: Invalid value (at line 2, column 13)"),
        ("[salesforce]\ntimeout = 5\ntimeout = 6", "it is no TOML: Cannot overwrite a value (at "),
        (b"[salesforce]\nclient_id = '\xff'", "it is no UTF-8 text"),
        ("[salesforce]\nheaders = " + "[" * 20_000, "it is no TOML"),
        ("salesforce = 5", "it stands outside of every profile: begin with [salesforce]"),
    ],
)
def test_what_is_no_file_of_profiles_says_where(write: Write, text: str | bytes, message: str) -> None:
    environment = write(text)
    error = refused(environment)
    assert str(error).startswith(f"{environment['SPYRO_CONFIG_FOLDER']}/connections.toml")
    assert message in str(error)
    assert error.__cause__ is None


def test_a_mark_at_the_beginning_of_the_file_does_no_harm(write: Write) -> None:
    assert taken(write(b"\xef\xbb\xbf[salesforce]\r\ntimeout = 5\r\n")).settings == {"timeout": 5}


# -- who may read it ----------------------------------------------------------------------------------

PLAIN = (
    "access_token = 'hush'",
    "password = 'hush'",
    "private_key = 'hush'",
    "session_key = 'hush'",
    "headers = { X-Api-Key = 'hush' }",
    "custom_params = { nested = { token = 'hush' } }",
)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
@pytest.mark.parametrize("text", PLAIN)
def test_a_secret_in_a_file_that_others_can_read_is_refused(write: Write, text: str, mode: int) -> None:
    environment = write(f"[salesforce]\n{text}", mode)
    with pytest.raises(
        ConfigurationError, match="the secret itself stands here, and others can read"
    ) as told:
        found("salesforce", {*KNOWN, "session_key"}, None, environment)
    assert told.value.hint == f"chmod 600 {environment['SPYRO_CONFIG_FOLDER']}/connections.toml"
    assert told.value.hint in str(told.value)
    assert f"its mode is {mode:04o}" in str(told.value)
    assert told.value.field == text.partition(" ")[0]
    assert "hush" not in str(told.value)


@pytest.mark.parametrize("text", PLAIN)
def test_a_secret_in_a_file_of_ones_own_is_taken(write: Write, text: str) -> None:
    assert found("salesforce", {*KNOWN, "session_key"}, None, write(f"[salesforce]\n{text}")) is not None


@pytest.mark.parametrize(
    "text",
    [
        "access_token = { env = 'X' }",
        "headers = { Authorization = { keyring = 'x' } }",
        "token_url = 'https://acme.example'",
        "auth_type = 'none'",
        "headers = { X-Trace = '1' }",
        "api_version = '67.0'",
    ],
)
def test_a_file_without_secrets_may_be_read_by_others(write: Write, text: str) -> None:
    assert taken(write(f"[salesforce]\n{text}", 0o644)) is not None


def test_a_secret_of_another_profile_is_that_ones_matter(write: Write) -> None:
    assert taken(write("[a]\naccess_token = 'hush'\n[salesforce]", 0o644)).settings == {}


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_can_write_is_not_believed(write: Write, mode: int) -> None:
    error = refused(write("[salesforce]", mode))
    assert f"can be written by others (its mode is {mode:04o}) (chmod 600 " in str(error)


def test_a_file_of_somebody_else_is_not_believed(write: Write) -> None:
    environment = write("[salesforce]\nclient_id = 'x'")
    assert "belongs to somebody else" in str(refused(environment, system=_owned_by(4711, we=4712)))
    assert taken(environment, system=_owned_by(0, we=4712)) is not None
    assert taken(environment, system=_owned_by(4712, we=4712)) is not None


def _owned_by(owner: int, we: int) -> System:
    def fstat(file: int) -> os.stat_result:
        it = os.fstat(file)
        return os.stat_result((*it[:4], owner, *it[5:]))

    return replace(System(), uid=lambda: we, fstat=fstat)


def test_where_files_have_no_modes_none_is_looked_at(write: Write) -> None:
    environment = write("[salesforce]\naccess_token = 'hush'", 0o666)
    assert taken(environment, system=replace(System(), uid=None)).settings == {"access_token": "hush"}


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    environment = {"SPYRO_CONFIG_FOLDER": str(tmp_path)}
    file = tmp_path / "connections.toml"
    file.mkdir()
    assert "is no file" in str(refused(environment))
    file.rmdir()
    file.symlink_to(tmp_path / "gone")
    assert "cannot be read: No such file or directory" in str(refused(environment))


def test_a_link_is_followed(write: Write, tmp_path: Path) -> None:
    environment = write("[salesforce]")
    (tmp_path / "connections.toml").rename(tmp_path / "elsewhere")
    (tmp_path / "connections.toml").symlink_to(tmp_path / "elsewhere")
    assert taken(environment) is not None


def test_a_place_is_told_as_far_as_it_is_known() -> None:
    assert str(Place(Path("file"))) == "file"
    assert str(Place(Path("file"), key="key")) == "file, key"
    assert str(Place(Path("file"), "acme", "key")) == "file, profile 'acme', key"
