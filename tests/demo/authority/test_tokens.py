"""How tokens are renewed, and how they end."""

import threading
from collections.abc import Iterator

import pytest

from spyro_sdk.demo.authority.behaviour import SigningBehaviour
from spyro_sdk.demo.authority.errors import OAuthError
from spyro_sdk.demo.authority.tokens import Family, Tokens
from spyro_sdk.demo.server import Service, serve
from tests.demo.authority.conftest import REVOKE, App, refused
from tests.demo.conftest import Client


@pytest.fixture
def rotating() -> Iterator[App]:
    with serve(records=10, rotate=True) as service:
        yield App(service)


def test_a_refresh_token_is_good_again_and_again(app: App) -> None:
    token = app.tokens()["refresh_token"]
    answers = [app.renew(token) for _ in range(3)]
    assert [answer.status for answer in answers] == [200] * 3
    assert not any("refresh_token" in answer.json for answer in answers)


def test_a_rotating_refresh_token_brings_the_next(rotating: App) -> None:
    token, seen = rotating.tokens()["refresh_token"], set()
    for _ in range(3):
        seen.add(token)
        granted = rotating.renew(token).json
        assert rotating.may_read(granted["access_token"])
        assert granted["scope"] == "refresh_token api id web"
        token = granted["refresh_token"]
        assert token not in seen
    assert rotating.service.families_revoked == 0


def test_a_rotated_token_that_is_used_again_ends_the_family(rotating: App) -> None:
    first = rotating.tokens()
    second = rotating.renew(first["refresh_token"]).json
    others = rotating.tokens()
    assert refused(rotating.renew(first["refresh_token"])) == "invalid_grant"
    assert refused(rotating.renew(second["refresh_token"])) == "invalid_grant"
    assert not rotating.may_read(first["access_token"])
    assert not rotating.may_read(second["access_token"])
    assert rotating.may_read(others["access_token"])
    assert rotating.renew(others["refresh_token"]).status == 200
    assert rotating.service.families_revoked == 1


def test_of_many_who_renew_one_token_all_but_one_are_refused(rotating: App) -> None:
    token, statuses = rotating.tokens()["refresh_token"], []
    threads = [
        threading.Thread(target=lambda: statuses.append(rotating.renew(token).status)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses.count(200) <= 1
    assert set(statuses) <= {200, 400}
    assert rotating.service.families_revoked == 1


def test_the_tokens_given_at_the_start_rotate_as_well(rotating: App) -> None:
    token = rotating.service.credentials["refresh_token"]
    assert "refresh_token" in rotating.renew(token).json
    assert refused(rotating.renew(token)) == "invalid_grant"


def test_a_refresh_token_is_good_only_for_its_app(app: App) -> None:
    token = app.tokens()["refresh_token"]
    assert refused(app.renew(token, client_id="someone")) == "invalid_client"
    assert refused(app.renew(token, client_secret="wrong")) == "invalid_client"
    assert refused(app.renew("nonsense")) == "invalid_grant"
    assert app.renew(token).status == 200


def test_access_tokens_age(app: App, own: Service) -> None:
    now = [1_000.0]
    own.signing.clock = lambda: now[0]
    own.signing.token_lifetime, own.signing.says_expiry = 30.0, True
    tokens = app.tokens()
    assert tokens["expires_in"] == 30
    now[0] += 29
    assert app.may_read(tokens["access_token"])
    now[0] += 1
    assert not app.may_read(tokens["access_token"])
    assert app.may_read(app.renew(tokens["refresh_token"]).json["access_token"])


def test_revoking_a_refresh_token_ends_its_family(app: App, own: Service) -> None:
    tokens, others = app.tokens(), app.tokens()
    assert app.client.send(REVOKE, {"token": tokens["refresh_token"]}).status == 200
    assert not app.may_read(tokens["access_token"])
    assert refused(app.renew(tokens["refresh_token"])) == "invalid_grant"
    assert app.may_read(others["access_token"])
    assert own.families_revoked == 0  # nobody misused anything


def test_revoking_an_access_token_ends_it_alone(app: App) -> None:
    tokens = app.tokens()
    assert app.client.send(REVOKE, {"token": tokens["access_token"]}).status == 200
    assert not app.may_read(tokens["access_token"])
    assert app.renew(tokens["refresh_token"]).status == 200


@pytest.mark.parametrize("token", ["nonsense", ""])
def test_there_is_nothing_to_revoke(app: App, token: str) -> None:
    assert app.client.send(REVOKE, {"token": token}).json["error"] == "unsupported_token_type"


def test_what_a_token_is_can_be_asked_by_the_app(app: App, own: Service) -> None:
    own.signing.clock = lambda: 1_000.0
    tokens, known = app.tokens(), own.credentials
    client = {"client_id": known["client_id"], "client_secret": known["client_secret"]}

    def asked(token: str, **other: str) -> dict[str, object]:
        return dict(Client(own).send("/services/oauth2/introspect", {**client, "token": token, **other}).json)

    access, refresh = asked(tokens["access_token"]), asked(tokens["refresh_token"])
    assert (access["active"], access["token_type"], access["exp"]) == (True, "access_token", 8_200)
    assert (refresh["active"], refresh["token_type"]) == (True, "refresh_token")
    assert access["username"] == refresh["username"] == known["username"]
    own.revoke_everything()
    assert asked(tokens["access_token"]) == asked(tokens["refresh_token"]) == {"active": False}
    assert asked("", client_secret="")["error"] == "invalid_client"


def test_an_unknown_way_of_basic_authentication_is_no_way(app: App) -> None:
    for header in ("Basic !!!", "Basic /w==", "Digest x"):
        answer = app.client.send(
            "/services/oauth2/token", {"grant_type": "client_credentials"}, Authorization=header
        )
        assert refused(answer) == "invalid_client"


def test_an_ended_family_has_no_more_children() -> None:
    tokens, family = Tokens(SigningBehaviour(), "a", "r"), Family(("api",))
    tokens.misused(family)
    with pytest.raises(OAuthError, match="expired"):
        tokens.access(family)


def test_ending_access_tokens_leaves_the_others(app: App, own: Service) -> None:
    tokens = app.tokens()
    own.expire_tokens()
    assert not app.may_read(tokens["access_token"])
    assert app.may_read(app.renew(tokens["refresh_token"]).json["access_token"])
