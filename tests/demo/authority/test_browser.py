"""A person signs in with a browser: the authorization endpoint and its codes."""

import threading
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

import pytest

from spyro_sdk.demo.authority.visitor import sign_in
from spyro_sdk.demo.server import Service, serve
from tests.demo.authority.conftest import REDIRECT, App, brought, refused
from tests.demo.conftest import VERSION, Answer, Client


class Stay(HTTPRedirectHandler):
    """Follows no redirect."""

    def redirect_request(self, *args: object) -> None:  # type: ignore[override]
        return None


def answered(url: str) -> tuple[int, str | None, bytes]:
    """What is answered to a browser that has never been here."""
    try:
        with build_opener(Stay).open(Request(url), timeout=10) as response:
            return response.status, None, response.read()
    except HTTPError as error:
        with error:
            return error.code, error.headers.get("Location"), error.read()


# -- all goes well ------------------------------------------------------------------------------------


def test_a_person_says_yes_and_the_app_has_tokens(app: App, own: Service) -> None:
    back = app.signed_in()
    assert set(back) == {"code", "state", "iss"}
    assert back["iss"] == own.base_url
    answer = app.exchange(back["code"])
    tokens = answer.json
    assert tokens["scope"] == "refresh_token api id web"
    assert tokens["instance_url"] == own.base_url
    assert "expires_in" not in tokens
    assert answer.headers["Cache-Control"] == "no-store"
    assert app.may_read(tokens["access_token"])
    assert app.may_read(app.renew(tokens["refresh_token"]).json["access_token"])
    assert own.grants == {"authorization_code": 1, "refresh_token": 1}


@pytest.mark.parametrize(
    "state", ["", "x y", "a+b&c=d#e?f/%41", '"><script>', "žluťoučký \U0001f40e", "s" * 4000]
)
def test_the_state_comes_back_untouched(own: Service, state: str) -> None:
    assert App(own, state=state).signed_in().get("state", "") == state


@pytest.mark.parametrize(
    "redirect",
    ["http://127.0.0.1:1/callback", "http://127.0.0.1/callback", "http://[::1]:65535/callback"],
)
def test_an_app_may_listen_on_any_port_of_loopback(own: Service, redirect: str) -> None:
    app = App(own, redirect)
    address = sign_in(app.url())
    assert address.startswith(f"{redirect}?code=")
    assert app.exchange(brought(address)["code"]).status == 200


def test_any_other_address_has_to_be_the_registered_one(own: Service) -> None:
    own.client.redirects = ("http://localhost:1717/OauthRedirect", "http://127.0.0.1:8400/callback")
    assert sign_in(App(own, "http://localhost:1717/OauthRedirect").url())
    assert sign_in(App(own, "http://127.0.0.1:8400/callback").url())
    for other in ("http://localhost:1718/OauthRedirect", "http://127.0.0.1:8401/callback"):
        with pytest.raises(LookupError, match="This app may not send you there"):
            sign_in(App(own, other).url())


def test_an_app_gets_the_scopes_that_it_asks_for(app: App) -> None:
    code = brought(sign_in(app.url(scope="api offline_access api")))["code"]
    assert app.exchange(code).json["scope"] == "api refresh_token"


def test_without_its_scope_there_is_no_refresh_token(app: App) -> None:
    code = brought(sign_in(app.url(scope="api")))["code"]
    assert "refresh_token" not in app.exchange(code).json


def test_a_token_without_the_scope_reads_no_records(app: App, own: Service) -> None:
    token = app.exchange(brought(sign_in(app.url(scope="id")))["code"]).json["access_token"]
    answer = Client(own).get(f"{VERSION}/limits", Authorization=f"Bearer {token}")
    assert (answer.status, answer.code) == (401, "INVALID_SESSION_ID")
    assert answer.message == "This session is not valid for use with the REST API"
    assert Client(own).get("/services/oauth2/userinfo", Authorization=f"Bearer {token}").status == 200


def test_an_app_with_a_secret_may_send_it_if_it_is_right(app: App) -> None:
    secret = app.service.credentials["client_secret"]
    assert app.exchange(app.signed_in()["code"], client_secret=secret).status == 200
    assert refused(app.exchange(app.signed_in()["code"], client_secret="wrong")) == "invalid_client"


# -- what an app does wrong ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "heading"),
    [
        ({"client_id": "someone"}, "This app is not known here"),
        ({"client_id": None}, "This app is not known here"),
        ({"redirect_uri": None}, "This app may not send you there"),
        ({"redirect_uri": "https://evil.example/callback"}, "This app may not send you there"),
        ({"redirect_uri": "http://127.0.0.1:80@evil.example/callback"}, "This app may not send you there"),
        ({"redirect_uri": "http://127.0.0.1.evil.example/callback"}, "This app may not send you there"),
        ({"redirect_uri": "http://127.0.0.1:80\\@evil.example/callback"}, "This app may not send you there"),
        ({"redirect_uri": "http://127.0.0.1:80/callback\r\nX: y"}, "This app may not send you there"),
        ({"redirect_uri": "http://127.0.0.1:80\n/callback"}, "This app may not send you there"),
        ({"redirect_uri": "http://127.0.0.1:80/callback#x"}, "This app may not send you there"),
        ({"redirect_uri": "http://127.0.0.1:80/callback?x=y"}, "This app may not send you there"),
        ({"redirect_uri": "http://127.0.0.1:80/other"}, "This app may not send you there"),
        ({"redirect_uri": "http://127.0.0.1:٨٠/callback"}, "This app may not send you there"),
        ({"redirect_uri": "https://127.0.0.1:80/callback"}, "This app may not send you there"),
        ({"redirect_uri": "http://localhost:80/callback"}, "This app may not send you there"),
        ({"redirect_uri": "javascript:alert(1)"}, "This app may not send you there"),
    ],
)
def test_nobody_is_sent_where_it_is_not_safe(app: App, wrong: dict[str, str | None], heading: str) -> None:
    status, location, body = answered(app.url(**wrong))
    assert (status, location) == (400, None)
    assert heading.encode() in body
    assert b"evil" not in body


@pytest.mark.parametrize(
    ("wrong", "error", "why"),
    [
        ({"response_type": "token"}, "unsupported_response_type", "response type must be code"),
        ({"response_type": None}, "unsupported_response_type", "response type must be code"),
        ({"code_challenge": None}, "invalid_request", "missing required code challenge"),
        ({"code_challenge_method": "plain"}, "invalid_request", "code challenge method must be S256"),
        ({"code_challenge_method": None}, "invalid_request", "code challenge method must be S256"),
        ({"code_challenge": "short"}, "invalid_request", "invalid code challenge"),
        ({"code_challenge": "x" * 42 + "="}, "invalid_request", "invalid code challenge"),
        ({"scope": "api full"}, "invalid_scope", "the requested scope is not allowed"),
    ],
)
def test_a_wrong_question_is_told_to_the_app(
    app: App, wrong: dict[str, str | None], error: str, why: str
) -> None:
    status, location, _ = answered(app.url(**wrong))
    assert status == 302
    assert location is not None
    assert location.startswith(f"{REDIRECT}?")
    assert brought(location) == {
        "error": error,
        "error_description": why,
        "state": "a state",
        "iss": app.service.base_url,
    }


def test_the_pages_answer_only_as_they_should(app: App) -> None:
    assert app.client.send(app.path(), {}).status == 405
    assert app.client.send("/login").status == 405


# -- what a person does -------------------------------------------------------------------------------


def test_a_person_says_no(app: App) -> None:
    back = app.signed_in(allow=False)
    assert back["error"] == "access_denied"
    assert back["state"] == "a state"
    assert back["iss"] == app.service.base_url
    assert "code" not in back


def test_a_person_mistypes_the_password(app: App) -> None:
    with pytest.raises(LookupError, match="do not belong together"):
        app.signed_in(password="demo1")


def test_a_person_may_untick_scopes_where_that_is_possible() -> None:
    with serve(records=10, choose_scopes=True) as service:
        app = App(service)
        narrowed = app.exchange(app.signed_in(untick=["api", "web"])["code"]).json
        assert narrowed["scope"] == "refresh_token id"
        assert not app.may_read(narrowed["access_token"])
        everything = ["refresh_token", "api", "id", "web"]
        assert app.signed_in(untick=everything)["error"] == "access_denied"
        assert app.exchange(app.signed_in()["code"]).json["scope"] == " ".join(everything)


def test_what_is_not_offered_cannot_be_unticked(app: App) -> None:
    assert app.exchange(app.signed_in(untick=["api"])["code"]).json["scope"] == "refresh_token api id web"


# -- codes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"code_verifier": "v" * 43}, "invalid_grant"),
        ({"code_verifier": ""}, "invalid_grant"),
        ({"code_verifier": "ž" * 43}, "invalid_grant"),
        ({"code": "nonsense"}, "invalid_grant"),
        ({"code": ""}, "invalid_grant"),
        ({"redirect_uri": "http://127.0.0.1:53683/callback"}, "redirect_uri_mismatch"),
        ({"client_id": "someone"}, "invalid_client"),
        ({"client_id": ""}, "invalid_client"),
        ({"grant_type": "authorization"}, "unsupported_grant_type"),
    ],
)
def test_a_code_is_good_only_with_all_that_belongs_to_it(app: App, wrong: dict[str, str], error: str) -> None:
    code = app.signed_in()["code"]
    answer = app.exchange(**{"code": code, **wrong})
    assert refused(answer) == error
    for secret in (code, app.verifier):
        assert secret not in answer.body.decode()


def test_a_wrong_guess_spends_a_code(app: App, own: Service) -> None:
    code = app.signed_in()["code"]
    assert refused(app.exchange(code, code_verifier="v" * 43)) == "invalid_grant"
    assert refused(app.exchange(code)) == "invalid_grant"
    assert own.grants == {}


def test_a_secret_in_the_address_is_not_looked_at(app: App) -> None:
    client = app.service.credentials
    asked = f"?client_id={client['client_id']}&client_secret={client['client_secret']}"
    answer = app.client.send(f"/services/oauth2/token{asked}", {"grant_type": "client_credentials"})
    assert refused(answer) == "invalid_client"


def test_a_code_that_comes_twice_ends_what_it_gave(app: App, own: Service) -> None:
    code = app.signed_in()["code"]
    tokens = app.exchange(code).json
    others = app.tokens()
    assert refused(app.exchange(code)) == "invalid_grant"
    assert not app.may_read(tokens["access_token"])
    assert refused(app.renew(tokens["refresh_token"])) == "invalid_grant"
    assert app.may_read(others["access_token"])
    assert own.families_revoked == 1
    app.exchange(code)
    assert own.families_revoked == 1


def test_of_many_who_bring_one_code_one_gets_in(app: App, own: Service) -> None:
    code, statuses = app.signed_in()["code"], []
    threads = [threading.Thread(target=lambda: statuses.append(app.exchange(code).status)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses.count(200) <= 1
    assert own.families_revoked == 1


def test_a_code_ages(app: App, own: Service) -> None:
    now = [1_000.0]
    own.signing.clock = lambda: now[0]
    young, old = app.signed_in()["code"], app.signed_in()["code"]
    now[0] += 59
    assert app.exchange(young).status == 200
    now[0] += 1
    assert app.exchange(old).json["error_description"] == "expired authorization code"


def test_codes_can_be_ended(app: App, own: Service) -> None:
    code = app.signed_in()["code"]
    own.expire_codes()
    assert refused(app.exchange(code)) == "invalid_grant"
    assert own.families_revoked == 0


def test_how_long_codes_last_can_be_set() -> None:
    with serve(records=10, code_lifetime=0.0) as service:
        app = App(service)
        assert refused(app.exchange(app.signed_in()["code"])) == "invalid_grant"


# -- what tests may turn ------------------------------------------------------------------------------


def test_the_answer_can_be_spoilt(app: App, own: Service) -> None:
    own.signing.state, own.signing.issuer = "another", "https://elsewhere.example"
    back = app.signed_in()
    assert (back["state"], back["iss"]) == ("another", "https://elsewhere.example")
    own.signing.state = own.signing.issuer = ""
    assert set(app.signed_in()) == {"code"}


def test_a_no_can_be_had_whatever_is_said(app: App, own: Service) -> None:
    own.signing.denies = True
    assert app.signed_in()["error"] == "access_denied"


def test_scopes_can_be_narrowed_whatever_is_ticked(app: App, own: Service) -> None:
    own.signing.scopes = ("id",)
    assert app.tokens()["scope"] == "id"


def test_the_token_endpoint_can_fail(app: App, own: Service) -> None:
    code, path = app.signed_in()["code"], "/oauth2/token"
    own.fail(status=503, path=path)
    own.html(path=path)
    own.fail(status=400, body={"error": "invalid_grant", "error_description": "x"}, path=path)
    answers: list[Answer] = [app.exchange(code) for _ in range(4)]
    assert [answer.status for answer in answers] == [503, 200, 400, 200]
    assert answers[1].headers["Content-Type"].startswith("text/html")
    assert answers[3].json["access_token"]


def test_the_metadata_tells_where_everything_is(app: App, own: Service) -> None:
    found = app.client.send("/.well-known/oauth-authorization-server").json
    assert found == app.client.send("/.well-known/openid-configuration").json
    assert found["issuer"] == own.base_url
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found["authorization_response_iss_parameter_supported"] is True
    for name in ("token", "revocation", "introspection"):
        path = urlsplit(found[f"{name}_endpoint"]).path
        assert app.client.send(path).status == 405  # GET: it is there
    assert found["authorization_endpoint"] == app.url().partition("?")[0]
    assert app.client.get(urlsplit(found["userinfo_endpoint"]).path).status == 200


def test_a_person_at_a_terminal_is_told_where_to_sign_in(own: Service) -> None:
    said = own.welcome()
    assert f"{own.base_url}/services/oauth2/authorize" in said
    assert f"{own.base_url}/setup/connect" in said
    assert "password demo" in said
