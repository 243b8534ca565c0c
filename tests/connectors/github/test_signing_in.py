"""By a token, by a code that a person types in, or not at all; and whose repositories are meant."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

import spyro_sdk as spyro
from spyro_sdk.auth.oauth import OAuth, RefreshToken, token_of
from spyro_sdk.auth.tokens import Account
from spyro_sdk.connectors.github import GitHub
from spyro_sdk.connectors.github.asked import web
from spyro_sdk.demo.github.server import Service
from spyro_sdk.demo.github.signin import CLIENT_ID
from spyro_sdk.errors import AuthenticationError, ConfigurationError, DecodeError, SignInError, SignInNeeded
from spyro_sdk.events import Event
from spyro_sdk.settings import configured

from ...people import Visitor
from .hub import FAST, asked, connected

pytestmark = pytest.mark.usefixtures("nobody_is_remembered")
by_device = partial(connected, access_token=None, client_id=CLIENT_ID)


def test_a_wrong_token_is_refused_when_connecting(own: Service) -> None:
    with pytest.raises(AuthenticationError, match=r"refused our credentials \(401\): Bad credentials"):
        connected(own, access_token="ghp_wrong").__enter__()
    assert len(own.requests) == 1


def test_a_token_that_ends_while_connecting_is_refused(own: Service) -> None:
    own.fail(status=401, body={"message": "Bad credentials"}, path="/user", after=1)
    with pytest.raises(AuthenticationError, match="Bad credentials"):
        connected(own, owner="ada").__enter__()


# -- a code that is typed in --------------------------------------------------------------------------


def test_a_person_types_in_a_code_and_is_remembered(own: Service) -> None:
    person, told = Visitor(), list[Event]()
    with by_device(own, person=person, observers=[told.append]) as gh:
        assert gh.fetch("teams").to_arrow().num_rows == 5
    (card,) = person.cards
    assert card.address == f"{own.base_url}/login/device"
    assert card.user_code
    assert set(card.scopes) == {"read:org", "read:project"}
    assert person.prompts == person.pages == []
    assert not any("gho_" in repr(event) for event in told)
    with connected(own, access_token=None) as gh:
        assert gh.fetch("teams").to_arrow().num_rows == 5
    assert len(asked(own, "/login/oauth/access_token")) == 1


def test_login_says_who_it_was(own: Service) -> None:
    given = {"base_url": own.base_url, "owner": "acme", "client_id": CLIENT_ID, **FAST}
    signed = spyro.login("github", person=Visitor(), **given)
    assert signed.who
    assert signed.scopes == ("read:org", "read:project")
    assert signed.issuer == f"{own.base_url}/login/oauth"
    out = spyro.logout("github")
    assert "it ends by itself, or in the settings of the service" in str(out)


def test_an_app_with_its_secret_may_use_a_browser(own: Service) -> None:
    person, secret = Visitor(), own.sign_in.client.secret
    with by_device(own, person=person, client_secret=secret, auth_mode="browser") as gh:
        assert gh.fetch("teams").to_arrow().num_rows == 5
    assert [page.status for page in person.pages] == [200]


@pytest.mark.parametrize(
    ("settings", "scopes"),
    [
        ({}, ("read:org", "read:project")),
        ({"scope": "repo"}, ("repo",)),
        ({"scope": "repo,read:org"}, ("repo", "read:org")),
    ],
)
def test_the_least_is_asked_for_unless_told_otherwise(
    settings: dict[str, str], scopes: tuple[str, ...]
) -> None:
    app = _connector(auth_mode="device", client_id="c", **settings).app()
    assert app
    assert app.scopes == scopes
    assert app.device_url == "https://github.com/login/device/code"
    assert app.token_url == "https://github.com/login/oauth/access_token"
    assert app.issuer == "https://github.com/login/oauth"
    assert app.authorize_url == ""
    assert _connector(access_token="t").app() is None


def test_a_sign_in_that_is_refused_does_not_connect(own: Service) -> None:
    own.sign_in.behaviour.denies = True
    with pytest.raises(SignInError, match="refused by whoever was asked"):
        by_device(own, person=Visitor()).__enter__()


def test_an_app_that_github_does_not_know_is_refused(own: Service) -> None:
    with pytest.raises(AuthenticationError, match="refused a device code: Not Found"):
        by_device(own, client_id="nobody", person=Visitor()).__enter__()


def test_where_nobody_is_nobody_is_asked(own: Service) -> None:
    with pytest.raises(SignInNeeded, match="SPYRO_GITHUB_ACCESS_TOKEN"):
        by_device(own, person=Visitor(can_answer=False)).__enter__()


def test_a_refresh_token_of_an_app_is_another_way() -> None:
    grant = _connector(client_id="c", client_secret="s", refresh_token="r")._tokens
    assert isinstance(grant, OAuth)
    assert isinstance(grant.grant, RefreshToken)
    assert grant.grant.token_url == "https://github.com/login/oauth/access_token"


@pytest.mark.parametrize(
    ("api", "pages"),
    [
        ("https://api.github.com", "https://github.com"),
        ("https://github.acme.example/api/v3", "https://github.acme.example"),
        ("https://api.acme.ghe.com", "https://acme.ghe.com"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ],
)
def test_people_are_sent_to_the_pages_of_the_same_github(api: str, pages: str) -> None:
    assert web(api) == pages


@pytest.mark.parametrize(
    ("issuer", "settings"),
    [
        ("https://github.com/login/oauth", {}),
        ("https://github.acme.example/login/oauth", {"base_url": "https://github.acme.example/api/v3"}),
        ("https://acme.ghe.com/login/oauth", {"base_url": "https://api.acme.ghe.com"}),
        ("http://127.0.0.1:8080/login/oauth", {"base_url": "http://127.0.0.1:8080"}),
    ],
)
def test_an_account_leads_to_the_api_of_the_same_github(issuer: str, settings: dict[str, str]) -> None:
    remembered = GitHub.remembered(Account("github", issuer, "c"))
    assert remembered == {"client_id": "c", "profile": None, **settings}
    app = _connector(auth_mode="device", **remembered).app()
    assert app
    assert app.issuer == issuer


@pytest.mark.parametrize(
    ("asked", "granted", "lacking"),
    [
        ("repo public_repo repo:status", "repo", ()),
        ("read:org admin:org", "admin:org", ()),
        ("user,user:email,gist", "user,gist", ()),
        ("read:project project", "project", ()),
        ("repo read:org", "public_repo,read:org", ("repo",)),
        ("repo", "", ()),
    ],
)
def test_scopes_that_others_include_need_not_be_named(
    asked: str, granted: str, lacking: tuple[str, ...]
) -> None:
    app = _connector(client_id="c", scope=asked, auth_mode="device").app()
    token = token_of({"access_token": "t", "scope": granted})
    assert app
    assert token
    assert app.lacking(token) == lacking


# -- what is configured -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"owner": None}, "owner=None is no organization or user"),
        ({"owner": ""}, "owner='' is no"),
        ({"owner": "acme/web"}, "owner='acme/web' is no"),
        ({"owner": ".."}, "owner='..' is no"),
        ({"owner": 5}, "owner=5 is no"),
        ({"repositories": ["acme/web"]}, r"repositories=\['acme/web'\] cannot be"),
        ({"repositories": [1]}, r"repositories=\[1\] cannot be"),
        ({"repositories": 5}, "repositories=5 cannot be"),
        ({"repositories": "web;api"}, "repositories='web;api' cannot be"),
        ({"auth_mode": "brouser"}, "auth_mode='brouser' cannot be.*did you mean 'browser'"),
        ({"auth_mode": "device"}, "needs client_id"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_sent(
    own: Service, settings: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        connected(own, **settings).__enter__()
    assert not own.requests


def test_an_owner_that_is_not_there_is_named(own: Service) -> None:
    with pytest.raises(ConfigurationError, match="github has no organization or user 'acne'") as told:
        connected(own, owner="acne").__enter__()
    assert told.value.field == "owner"


def test_an_owner_that_is_no_object_is_not_believed(own: Service) -> None:
    own.fail(4, status=200, body=["acme"], path="/users/acme")
    with pytest.raises(DecodeError, match="github answered /users/acme with something else"):
        connected(own).__enter__()


def test_a_service_that_is_down_is_not_taken_for_a_missing_owner(own: Service) -> None:
    own.fail(4, status=502, body={}, path="/users/acme")
    with pytest.raises(spyro.ConnectorError, match="github answered 502"):
        connected(own).__enter__()


@pytest.mark.parametrize(
    ("given", "environment", "token"),
    [
        ({}, {"GITHUB_TOKEN": "b"}, "b"),
        ({}, {"GH_TOKEN": "a", "GITHUB_TOKEN": "b"}, "a"),
        ({}, {"GH_TOKEN": "", "GITHUB_TOKEN": "b"}, "b"),
        ({}, {"SPYRO_GITHUB_ACCESS_TOKEN": "c", "GH_TOKEN": "a"}, "c"),
        ({"access_token": "d"}, {"SPYRO_GITHUB_ACCESS_TOKEN": "c", "GH_TOKEN": "a"}, "d"),
        ({}, {}, None),
        ({"base_url": "https://github.acme.example/api/v3"}, {"GITHUB_TOKEN": "b"}, None),
        ({}, {"SPYRO_GITHUB_BASE_URL": "https://github.acme.example/api/v3", "GITHUB_TOKEN": "b"}, None),
        ({"client_id": "x", "auth_mode": "device"}, {"GITHUB_TOKEN": "b"}, None),
    ],
)
def test_a_token_of_the_environment_is_used_for_github_alone(
    given: dict[str, Any], environment: dict[str, str], token: str | None
) -> None:
    config = configured(GitHub, {"owner": "acme", **given}, environment)
    assert config.access_token == token
    assert config.auth_type == ("bearer" if token else "oauth2" if "client_id" in given else "none")


def test_settings_come_from_the_environment_as_well() -> None:
    environment = {"SPYRO_GITHUB_OWNER": "acme", "SPYRO_GITHUB_REPOSITORIES": "web api,docs"}
    config = configured(GitHub, {}, environment)
    assert GitHub(config).validate_config() == (True, None)
    assert config.custom_params == {"owner": "acme", "repositories": "web api,docs"}


def test_the_version_that_is_spoken_is_told() -> None:
    assert _connector().api == "2022-11-28"
    assert _connector(api_version="2026-03-10").api == "2026-03-10"


def _connector(**settings: Any) -> GitHub:
    return GitHub(GitHub.configure(owner="acme", **FAST, **settings))
