"""The list of profiles shows where secrets are, and none of them."""

from __future__ import annotations

from pathlib import Path

import pytest

import spyro_sdk as spyro
from spyro_sdk.auth.token import Token
from spyro_sdk.auth.tokens import Account, MemoryStore
from spyro_sdk.errors import ConfigurationError, TokenStoreError
from spyro_sdk.profile.listing import Profile, Profiles, profiles

from .conftest import Write

TEXT = """
stray = 5

[acme]
connector = "salesforce"
base_url = "https://ana:hush@acme.my.salesforce.com"
client_id = "3MVG9"
client_secret = { env = "ACME_SECRET" }
private_key = { file = "~/keys/acme.pem" }

[github]
access_token = "hush"
headers = { X-Key = { keyring = "hub" }, X-Trace = "1", Cookie = "hush" }
custom_params = { nested = { env = 5 } }

[odd]
connector = 5
base_url = 5
zzz = { env = "A", file = "b" }
"""


def signed_in() -> MemoryStore:
    store = MemoryStore()
    store.write(Account("salesforce", "https://login", "3MVG9", "acme"), Token("hush"))
    store.write(Account("salesforce", "https://login", "3MVG9"), Token("hush"))
    return store


def test_profiles_are_listed_without_their_secrets(write: Write) -> None:
    found = profiles(write(TEXT, 0o644), signed_in())
    acme = {"client_secret": "env ACME_SECRET", "private_key": "file ~/keys/acme.pem"}
    hub = {"access_token": "in the file", "headers.X-Key": "keyring hub", "headers.Cookie": "in the file"}
    assert list(found) == [
        Profile("acme", "salesforce", "https://acme.my.salesforce.com", acme, True),
        Profile("github", "github", None, hub),
        Profile("odd", "odd"),
    ]
    assert "hush" not in repr(found) + repr(list(found))


def test_they_are_shown_as_a_table(write: Write) -> None:
    found = profiles(write(TEXT), signed_in())
    assert repr(found).splitlines() == [
        f"profiles in {found.path}:",
        "  acme    salesforce  https://acme.my.salesforce.com  client_secret: env ACME_SECRET,"
        " private_key: file ~/keys/acme.pem, signed in",
        "  github  github      -                               access_token: in the file,"
        " headers.X-Key: keyring hub, headers.Cookie: in the file",
        "  odd     odd         -",
    ]
    assert str(found[2]) == "odd  odd  -"


def test_they_are_found_by_place_and_by_name(write: Write) -> None:
    found = profiles(write(TEXT), signed_in())
    assert found["acme"] is found[0]
    assert found[1:] == (found["github"], found["odd"])
    assert found.names == ["acme", "github", "odd"]
    assert "acme" in found
    assert found[0] in found
    assert "acne" not in found
    with pytest.raises(ConfigurationError, match="no profile 'acne'; there are acme, github, odd") as caught:
        found["acne"]
    assert caught.value.hint == "did you mean 'acme'?"


def test_where_there_is_no_file_there_are_none(tmp_path: Path) -> None:
    found = profiles({"SPYRO_CONFIG_FOLDER": str(tmp_path)})
    assert (len(found), isinstance(found, Profiles)) == (0, True)
    assert repr(found) == f"no profiles: {tmp_path / 'connections.toml'} has none"


def test_a_file_that_cannot_be_read_is_told(write: Write) -> None:
    with pytest.raises(ConfigurationError, match="it is no TOML"):
        profiles(write("[acme"))


class Broken(MemoryStore):
    def accounts(self) -> list[Account]:
        raise TokenStoreError("it cannot be read")


def test_a_store_that_cannot_be_asked_hides_no_profile(write: Write) -> None:
    assert profiles(write("[acme]"), Broken()).names == ["acme"]
    assert profiles(write("[acme]") | {"SPYRO_TOKEN_STORE": "nonsense"})[0].is_signed_in is False


def test_they_are_in_the_face() -> None:
    assert spyro.profiles is profiles
    assert spyro.Profile is Profile
