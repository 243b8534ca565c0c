"""What there is to say of each connector, without asking its service."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import spyro_sdk as spyro
from spyro_sdk import accounts, registry
from spyro_sdk.auth.token import Token
from spyro_sdk.auth.tokens import Account, in_memory
from spyro_sdk.gallery import KEPT, Exhibit, Gallery, exhibited

from .test_registry import install  # noqa: F401  # a fixture
from .test_settings import account, file, toml, variables, with_command

TOKEN = "a-token-that-nobody-may-see"


def shown(name: str, folder: Path, environment: dict[str, str] | None = None) -> Exhibit:
    """A connector as it is shown where nothing but `environment` says anything."""
    return exhibited(name, {"SPYRO_CONFIG_FOLDER": str(folder), **(environment or {})})


def test_it_is_a_list_of_names_for_which_nothing_is_imported() -> None:
    heavy = "{'pyarrow', 'pandas', 'aiohttp', 'spyro_sdk.connector', 'spyro_sdk.connectors.salesforce'}"
    program = f"import sys, spyro_sdk as s; print(*s.connectors(), {heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stdout == "github rest salesforce set()\n"
    assert isinstance(spyro.connectors(), Gallery)
    assert spyro.connectors()[:1] == ["github"]


def test_it_reads_as_what_each_is_and_takes(tmp_path: Path) -> None:
    text = repr(Gallery(["salesforce"]))
    assert text.startswith(
        "1 connector: spyro.connect(name)\n"
        "  salesforce\n"
        "    Salesforce's objects under their own names, and Customer, Contact, Opportunity and User.\n"
        "    sign in         a person in a browser, or access token, or refresh token,"
        " or client credentials,\n"
        "                    or JWT signed with a private key, or sf=…\n"
        "    pace            1,200 requests a minute, 20 at once\n"
    )
    assert text.endswith("demo            spyro.connect('salesforce', demo=True) needs no account")
    assert max(map(len, text.splitlines())) <= 100


def test_it_says_what_is_missing(tmp_path: Path) -> None:
    salesforce = shown("salesforce", tmp_path)
    assert (salesforce.state, salesforce.why) == (
        "needs sign-in",
        "spyro.login('salesforce', client_id=…)"
        " or SPYRO_SALESFORCE_BASE_URL and SPYRO_SALESFORCE_ACCESS_TOKEN",
    )
    github = shown("github", tmp_path)
    assert github.state == "needs settings"
    assert "give one, such as owner='acme'" in github.why
    rest = shown("rest", tmp_path)
    assert rest.state == "needs settings"
    assert "does not know what to offer" in rest.why
    assert not rest.has_demo


def test_an_app_alone_still_needs_a_person(tmp_path: Path) -> None:
    environment = variables("salesforce", client_id="app")
    for more in ({}, variables("salesforce", auth_mode="browser")):
        it = shown("salesforce", tmp_path, environment | more)
        assert it.state == "needs sign-in"
        assert it.why.startswith("spyro.login('salesforce') or ")


def test_credentials_are_found_in_variables(tmp_path: Path) -> None:
    it = shown("salesforce", tmp_path, variables("salesforce", **account("acme")))
    assert (it.state, it.why) == ("ready", "credentials in the environment")


def test_credentials_are_found_in_a_profile_whose_secrets_stay_where_they_are(tmp_path: Path) -> None:
    text = '[salesforce]\nbase_url = "https://acme.example"\naccess_token = { env = "A_VARIABLE" }'
    it = shown("salesforce", tmp_path, file(tmp_path, text))
    assert (it.state, it.why) == ("ready", "credentials in the profile 'salesforce'")
    named = toml("acme", connector="salesforce", **account("acme"))
    it = shown("salesforce", tmp_path, file(tmp_path, named) | {"SPYRO_PROFILE": "acme"})
    assert (it.state, it.why) == ("ready", "credentials in the profile 'acme'")


def test_credentials_are_found_where_others_keep_them(tmp_path: Path) -> None:
    environment = {"GITHUB_TOKEN": TOKEN, **variables("github", owner="acme")}
    it = shown("github", tmp_path, environment)
    assert (it.state, it.why) == ("ready", "credentials in GITHUB_TOKEN")
    del environment["GITHUB_TOKEN"]
    it = shown("github", tmp_path, environment)
    assert (it.state, it.why) == ("ready", "without signing in, for what anybody may read")


def test_whoever_signed_in_before_is_ready(tmp_path: Path) -> None:
    store, people = in_memory(), [Account("salesforce", f"https://{it}.example", "app") for it in "ab"]
    try:
        store.write(people[0], Token(TOKEN))
        it = shown("salesforce", tmp_path)
        assert (it.state, it.why) == ("ready", "signed in before")
        store.write(people[1], Token(TOKEN))
        it = shown("salesforce", tmp_path)
        assert (it.state, it.why) == ("ready", "2 people have signed in: say client_id")
    finally:
        for each in people:
            store.delete(each)
    assert list(accounts.remembered()) == []


def test_the_login_of_another_program_is_not_used_for_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        it = shown("salesforce", tmp_path, with_command(tmp_path))
    assert (it.state, it.why) == ("ready", "if the login of another program is good: sf=True")
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"SPYRO_SALESFORCE_TIMEOUT": "soon"}, "SPYRO_SALESFORCE_TIMEOUT='soon' cannot be"),
        ({"SPYRO_SALESFORCE_TOKN": TOKEN}, "SPYRO_SALESFORCE_TOKN names no setting"),
        ({"SPYRO_PROFILE": "nobody"}, "there is no profile 'nobody'"),
        (variables("salesforce", base_url="https://a.example", access_token=TOKEN, timeout="-1"), "timeout="),
    ],
)
def test_a_setting_that_makes_no_sense_is_said(
    tmp_path: Path, environment: dict[str, str], said: str
) -> None:
    it = shown("salesforce", tmp_path, environment)
    assert it.state == "needs settings"
    assert said in it.why
    assert TOKEN not in repr(it)
    assert it.ways


AUTHORS = '''
from spyro_sdk.connector import BaseConnector

class Acme(BaseConnector):
    """What Acme sells.

    And more that is not for a gallery.
    """
    credentials = (("base_url", "api_key"), ("my_key",))
    options = {"my_key": "a key of ours"}
    defaults = {"rate_limit": 6000}
    async def connect(self): ...
    def fetch_data(self, entity_type, since=None, filters=None): ...

class Untold(Acme):
    credentials = ()

class Complaining(Untold):
    def validate_config(self):
        return False, None

class Failing(Untold):
    def validate_config(self):
        raise RuntimeError("a-token-that-nobody-may-see")
'''


def test_the_connector_of_somebody_else_is_told_in_his_own_words(tmp_path: Path, install: Any) -> None:  # noqa: F811
    install(AUTHORS, acme="acme_of_test:Acme")
    acme = shown("acme", tmp_path)
    assert acme == Exhibit(
        "acme",
        "What Acme sells.",
        ("API key", "my_key=…"),
        "6,000 requests a minute, 600 at once",
        "needs credentials",
        "SPYRO_ACME_BASE_URL and SPYRO_ACME_API_KEY",
    )
    assert "acme" in repr(spyro.connectors())


@pytest.mark.parametrize(
    ("kind", "state", "why"),
    [
        ("Untold", "ready", "without signing in, for what anybody may read"),
        ("Complaining", "needs settings", ""),
        ("Failing", "needs settings", "it fails with a RuntimeError"),
    ],
)
def test_what_somebody_elses_connector_says_of_its_settings_is_told(
    tmp_path: Path,
    install: Any,  # noqa: F811
    kind: str,
    state: str,
    why: str,
) -> None:
    install(AUTHORS, acme=f"acme_of_test:{kind}")
    environment = variables(kind.lower(), auth_type="none")
    it = shown("acme", tmp_path, environment)
    assert (it.state, it.why, it.what) == (state, why, "")
    assert it.ways == ("whatever the service wants",)


def test_one_that_cannot_be_loaded_is_shown_as_such_beside_the_others(install: Any) -> None:  # noqa: F811
    install("1 / 0", acme="acme_of_test:Acme")
    text = repr(spyro.connectors())
    assert "  acme\n    broken          the connector 'acme' (acme_of_test:Acme) cannot be loaded" in text
    assert "  salesforce\n" in text


def test_nothing_of_a_secret_is_told(tmp_path: Path) -> None:
    it = shown("salesforce", tmp_path, variables("salesforce", **account(TOKEN)))
    assert TOKEN not in repr(it).replace(f"https://{TOKEN}", "")
    assert KEPT not in repr(it)
    assert registry.find("salesforce")
