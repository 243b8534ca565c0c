"""Somebody signs in, is remembered, and is forgotten again."""

from __future__ import annotations

import _thread
import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

import spyro_sdk as spyro
from spyro_sdk import accounts
from spyro_sdk.auth.app import App
from spyro_sdk.auth.token import Token
from spyro_sdk.auth.tokens import Account, MemoryStore, in_memory
from spyro_sdk.connector import BaseConnector
from spyro_sdk.connectors.salesforce import Salesforce
from spyro_sdk.connectors.salesforce.signing_in import LOGIN, named, user_of
from spyro_sdk.demo.authority import visitor
from spyro_sdk.demo.server import Service, serve
from spyro_sdk.errors import (
    AuthenticationError,
    ConfigurationError,
    SignInError,
    SignInNeeded,
    TokenStoreError,
)
from spyro_sdk.events import Event, TokenNotKept
from spyro_sdk.exchange import HttpConnector
from spyro_sdk.http import Request
from spyro_sdk.settings import configured
from spyro_sdk.transport.aiohttp import AiohttpTransport

from .people import Visitor

pytestmark = pytest.mark.usefixtures("nobody_is_remembered")
ROOT = Path(__file__).parents[1]
FAST = {"retry_delay": 0.001, "rate_limit": 100_000, "burst_size": 1000}
TOKEN = "/services/oauth2/token"


@pytest.fixture
def own() -> Iterator[Service]:
    with serve(records=60, seed=3, wide_records=1) as service:
        yield service


def to(service: Service, **more: Any) -> dict[str, Any]:
    return {"base_url": service.base_url, "client_id": service.credentials["client_id"], **FAST, **more}


def connect(service: Service, person: Any, **more: Any) -> spyro.Connection:
    return spyro.connect("salesforce", person=person, progress=False, **to(service, **more))


def grants(service: Service) -> int:
    return sum(seen.path == TOKEN for seen in service.requests)


# -- connect ------------------------------------------------------------------------------------------


def test_connect_asks_whoever_is_there_and_only_once(own: Service) -> None:
    person = Visitor()
    with connect(own, person) as sf:
        assert sf["Account"].count() == 60
    with connect(own, None) as sf:
        assert sf["Account"].count() == 60
    assert len(person.cards) == 1
    assert grants(own) == 1


def test_a_person_is_asked_in_the_thread_that_waits(own: Service) -> None:
    person = Visitor(pastes=[lambda address: address], is_remote=True)
    connect(own, person).close()
    assert person.threads == {threading.get_ident()}


def test_a_token_that_ends_is_renewed_without_asking(own: Service) -> None:
    person = Visitor()
    with connect(own, person) as sf:
        own.expire_tokens()
        assert sf["Account"].count() == 60
    assert len(person.cards) == 1


def test_a_token_that_is_revoked_leads_to_a_new_sign_in(own: Service) -> None:
    person = Visitor()
    with connect(own, person) as sf:
        own.revoke_everything()
        with pytest.raises(SignInNeeded, match="refused refresh_token") as caught:
            sf["Account"].count()
        assert "spyro.login('salesforce')" in str(caught.value.hint)
    connect(own, person).close()
    assert len(person.cards) == 2


def test_where_nobody_can_answer_nobody_is_asked(own: Service) -> None:
    person = Visitor(can_answer=False)
    with pytest.raises(SignInNeeded, match="there is nobody to ask here") as caught:
        connect(own, person)
    for name in ("SPYRO_SALESFORCE_CLIENT_ID", "SPYRO_SALESFORCE_REFRESH_TOKEN", "the profile"):
        assert name in str(caught.value)
    assert person.cards == []
    assert not own.requests


def test_where_credentials_are_given_nobody_is_asked(own: Service) -> None:
    person = Visitor()
    connect(own, person, access_token=own.credentials["access_token"]).close()
    with pytest.raises(spyro.ConnectorError, match="expired"):
        connect(own, person, access_token="wrong", auth_mode="token")
    assert person.cards == []


def test_a_person_is_preferred_to_credentials_where_that_is_said(own: Service) -> None:
    person = Visitor()
    connect(own, person, access_token="wrong", refresh_token="wrong", auth_mode="browser").close()
    assert len(person.cards) == 1


def test_a_sign_in_that_comes_to_nothing_does_not_connect(own: Service) -> None:
    with pytest.raises(SignInError) as caught:
        connect(own, Visitor(partial(visitor.sign_in, allow=False)))
    assert caught.value.error_code == "access_denied"
    assert in_memory().accounts() == []


def test_ctrl_c_ends_the_wait_at_once(own: Service) -> None:
    person = Visitor(lambda address: None)
    threading.Timer(0.4, _thread.interrupt_main).start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        connect(own, person)
    assert time.monotonic() - started < 5


def test_a_demo_can_be_signed_in_to_without_an_account() -> None:
    person = Visitor()
    demo = {"records": 40, "wide_records": 1}
    with spyro.connect("salesforce", demo=demo, auth_mode="browser", person=person, progress=False) as sf:
        assert sf["Account"].count() == 40
    with spyro.connect("salesforce", demo=demo, auth_mode="browser", progress=False) as sf:
        assert sf["Account"].count() == 40
    assert len(person.cards) == 1
    assert "ended there" in str(spyro.logout("salesforce", demo=demo))


def test_a_mode_that_there_is_not_is_refused_with_the_nearest(own: Service) -> None:
    with pytest.raises(ConfigurationError, match="did you mean 'browser'") as caught:
        connect(own, Visitor(), auth_mode="browsr")
    assert caught.value.field == "auth_mode"


def test_a_session_of_the_users_own_carries_the_sign_in_too(own: Service) -> None:
    sent: list[str] = []
    with requests.Session() as session:
        session.hooks["response"].append(lambda answer, **how: sent.append(urlsplit(answer.url).path))
        with connect(own, Visitor(), session=session) as sf:
            assert sf["Account"].count() == 60
    assert sent[:2] == ["/.well-known/oauth-authorization-server", TOKEN]


# -- login --------------------------------------------------------------------------------------------


def test_login_says_who_it_was_and_connect_finds_them(own: Service) -> None:
    person = Visitor()
    signed = spyro.login("salesforce", person=person, **to(own))
    assert signed.who
    assert signed.who.endswith("@never-was.example)")
    assert (signed.issuer, signed.is_kept, signed.renews) == (own.base_url, False, True)
    assert set(signed.scopes) == {"api", "refresh_token"}
    assert (
        str(signed) == f"signed in to salesforce as {signed.who} at {own.base_url}, until this process ends"
    )
    assert repr(signed) == f"<{signed}; spyro.logout('salesforce') ends it>"
    with spyro.connect("salesforce", progress=False, **FAST) as sf:  # neither address nor client is given
        assert sf["Account"].count() == 60
    assert len(person.cards) == 1


def test_login_asks_even_where_somebody_is_remembered(own: Service) -> None:
    person = Visitor()
    for _ in range(2):
        spyro.login("salesforce", person=person, **to(own))
    assert len(person.cards) == 2


@pytest.mark.parametrize("mode", ["browser", "paste", "auto", None])
def test_login_takes_the_way_that_is_said_whatever_credentials_there_are(own: Service, mode: Any) -> None:
    person = Visitor(pastes=[lambda address: address])
    given = to(own, auth_mode=mode, client_secret=own.credentials["client_secret"], access_token="wrong")
    assert spyro.login("salesforce", person=person, **given).who
    assert bool(person.prompts) is (mode == "paste")


def test_a_sign_in_that_comes_to_nothing_says_with_whom(own: Service) -> None:
    with pytest.raises(SignInError, match="given up") as caught:
        spyro.login("salesforce", person=Visitor(pastes=[""]), auth_mode="paste", **to(own))
    assert (caught.value.error_code, caught.value.connector) == ("cancelled", "salesforce")


@pytest.mark.parametrize(
    ("granted", "missing", "rest"),
    [(("api",), "refresh_token", "api"), (("id", "refresh_token"), "api", "refresh_token")],
)
def test_a_sign_in_that_allows_less_than_was_asked_for_is_an_error_and_nothing_is_kept(
    own: Service, granted: tuple[str, ...], missing: str, rest: str
) -> None:
    own.signing.scopes, person = granted, Visitor()
    with pytest.raises(SignInError) as caught:
        spyro.login("salesforce", person=person, **to(own))
    assert str(caught.value) == (
        f"the sign-in was to allow api refresh_token, and allows {' '.join(granted)}: {missing} is missing"
    )
    assert (caught.value.error_code, caught.value.connector) == ("scope_narrowed", "salesforce")
    assert caught.value.hint == (
        f"sign in again and allow {missing}, ask for less with scope={rest!r},"
        " or have the app's scopes changed at the service"
    )
    assert not list(in_memory().accounts())
    assert person.outcomes == [caught.value], "the person is not told that it worked"


def test_what_the_hint_says_is_enough(own: Service) -> None:
    own.signing.scopes = ("api",)
    signed = spyro.login("salesforce", person=Visitor(), scope="api", **to(own))
    assert (signed.scopes, signed.renews) == (("api",), False)
    with spyro.connect("salesforce", progress=False, **FAST) as sf:
        assert sf["Account"].count() == 60


def test_a_renewal_that_allows_less_is_taken_and_what_it_does_not_allow_is_refused(own: Service) -> None:
    with pytest.raises(AuthenticationError):  # of whoami
        spyro.login("salesforce", person=Visitor(), scope="id refresh_token", **to(own))
    (account,) = in_memory().accounts()
    token = in_memory().read(account)
    assert token
    in_memory().write(account, replace(token, scopes=("api", "refresh_token")))  # as it was once
    with pytest.raises(AuthenticationError, match="INVALID_SESSION_ID"):
        connect(own, None)
    renewed = in_memory().read(account)
    assert renewed
    assert set(renewed.scopes) == {"id", "refresh_token"}


def test_the_scope_that_is_asked_for_may_be_said(own: Service) -> None:
    person = Visitor()
    signed = spyro.login("salesforce", person=person, scope="api id", **to(own))
    assert person.cards[0].scopes == ("api", "id")
    assert set(signed.scopes) == {"api", "id"}


def test_login_waits_no_longer_than_is_said(own: Service) -> None:
    with pytest.raises(SignInError) as caught:
        spyro.login("salesforce", person=Visitor(lambda address: None), patience=0.2, **to(own))
    assert caught.value.error_code == "timed_out"


def test_login_without_anybody_is_an_error_that_names_the_variables(own: Service) -> None:
    with pytest.raises(SignInNeeded, match="SPYRO_SALESFORCE_ACCESS_TOKEN"):
        spyro.login("salesforce", person=Visitor(can_answer=False), **to(own))


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("salesforce", {}, "needs client_id, that of an app which is registered.*SPYRO_SALESFORCE_CLIENT_ID"),
        ("salesforce", {"client_id": "c", "auth_mode": "token"}, "auth_mode='token' asks nobody"),
        ("salesforce", {"client_id": "c", "auth_mode": "device"}, "nothing that this service offers"),
        ("github", {"owner": "acme", "client_id": "c", "auth_mode": "browser"}, "nothing that this service"),
        ("salesforce", {"client_id": "c", "redirect_uri": "https://x.example"}, "redirect_uri=.* cannot be"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anybody_is_asked(
    name: str, settings: dict[str, Any], message: str
) -> None:
    person = Visitor()
    with pytest.raises(ConfigurationError, match=message):
        spyro.login(name, person=person, **settings)
    assert person.cards == []


class Keyed(HttpConnector):
    """A service that signs no person in."""

    name = "keyed"

    def fetch_data(self, entity_type: str, since: Any = None, filters: Any = None) -> Any: ...


def test_a_service_without_an_app_signs_nobody_in() -> None:
    with pytest.raises(ConfigurationError, match="keyed signs no person in: connect with credentials"):
        spyro.login(Keyed)
    with pytest.raises(ConfigurationError, match="keyed signs no person in: leave auth_mode='browser' out"):
        spyro.connect(Keyed, base_url="https://x.example", client_id="c", auth_mode="browser")


class Plain(HttpConnector):
    """A service that signs people in and has nothing else to say of it."""

    name = "plain"

    def app(self) -> App | None:
        home = self.base_url + "/services/oauth2"
        return App(f"{home}/authorize", f"{home}/token", self.config.client_id or "", issuer=self.base_url)

    async def fetch_data(self, entity_type: str, since: Any = None, filters: Any = None) -> Any:
        yield await self._ask(
            Request(f"{self.base_url}/services/oauth2/userinfo"), lambda _, answer: answer.payload
        )


def test_a_connector_needs_no_more_than_an_app(own: Service) -> None:
    person = Visitor()
    with spyro.connect(Plain, person=person, progress=False, **to(own)) as it:
        assert it.fetch("me").to_arrow().num_rows == 1
    assert spyro.login(Plain, person=person, **to(own)).who is None
    signed_out = spyro.logout(Plain)
    assert "removed here; it ends by itself" in str(signed_out)
    assert signed_out.still_valid


# -- logout -------------------------------------------------------------------------------------------


def test_logout_ends_the_token_there_and_forgets_it_here(own: Service) -> None:
    spyro.login("salesforce", person=Visitor(), **to(own))
    (account,) = in_memory().accounts()
    held = in_memory().read(account)
    gone = spyro.logout("salesforce", **to(own))
    assert (gone.removed, gone.revoked, gone.still_valid) == ((account,), (account,), {})
    assert str(gone) == f"signed out of salesforce; {own.base_url}: removed here, ended there"
    assert repr(gone) == f"<{gone}>"
    assert held
    with pytest.raises(spyro.ConnectorError, match="expired or revoked"):
        connect(own, None, access_token=held.access_token)
    with pytest.raises(SignInNeeded):
        connect(own, Visitor(can_answer=False))


def test_logout_finds_whoever_is_remembered(own: Service) -> None:
    spyro.login("salesforce", person=Visitor(), **to(own))
    assert spyro.logout("salesforce").revoked
    assert str(spyro.logout("salesforce")) == "nobody was signed in to salesforce"


def test_logout_leaves_others_alone(own: Service) -> None:
    spyro.login("salesforce", person=Visitor(), **to(own))
    in_memory().write(Account("acme", own.base_url, "c"), Token("t"))
    assert spyro.logout("salesforce", client_id="another").removed == ()
    assert spyro.logout("salesforce", base_url="https://another.example").removed == ()
    assert spyro.logout("salesforce", client_id=own.credentials["client_id"]).removed
    assert [it.connector for it in in_memory().accounts()] == ["acme"]


def test_a_token_that_cannot_be_ended_is_forgotten_all_the_same() -> None:
    gone = Account("salesforce", "http://127.0.0.1:9", "c")
    in_memory().write(gone, Token("t"))
    out = spyro.logout("salesforce", retry_count=0)
    assert out.removed == (gone,)
    assert "could not be ended there" in out.still_valid[gone]
    assert in_memory().accounts() == []


def test_a_service_that_does_not_end_a_token_is_quoted(own: Service) -> None:
    account = Account("salesforce", own.base_url, "c")
    in_memory().write(account, Token("unknown"))
    assert spyro.logout("salesforce").still_valid[account] == "the service did not end it (400)"


def test_an_account_whose_token_was_lost_is_forgotten(own: Service) -> None:
    class Lost(type(in_memory())):  # type: ignore[misc]
        def accounts(self) -> list[Account]:
            return [Account("salesforce", own.base_url, "c")]

    why = asyncio.run(accounts._removed(Salesforce, {}, Lost().accounts()[0], Lost()))
    assert why == "there was no token in it"


def test_who_signed_in_by_a_profile_is_forgotten_by_it(own: Service) -> None:
    account = Account("salesforce", own.base_url, "c", "work")
    in_memory().write(account, Token("t"))
    assert spyro.logout("salesforce", profile="home").removed == ()
    assert spyro.logout("salesforce").removed == (account,)


def test_what_came_of_a_refresh_token_is_nobody_who_is_remembered_and_goes_with_all_others(
    own: Service,
) -> None:
    given = {name: own.credentials[name] for name in ("client_id", "refresh_token")}
    spyro.connect("salesforce", base_url=own.base_url, **given, **FAST).close()
    (account,) = in_memory().accounts()
    assert account.given
    assert list(accounts.remembered()) == []
    with pytest.raises(SignInNeeded):
        configured(Salesforce, {}, {}, accounts.remembered)
    held = in_memory().read(account)
    gone = spyro.logout("salesforce")
    assert (gone.removed, gone.revoked) == ((account,), (account,))
    assert str(gone) == (
        f"signed out of salesforce; {own.base_url}, by a refresh token of your settings:"
        " removed here, ended there"
    )
    assert held
    assert in_memory().accounts() == []
    with pytest.raises(spyro.ConnectorError, match="expired or revoked"):
        connect(own, None, access_token=held.access_token)
    spyro.connect("salesforce", base_url=own.base_url, **given, **FAST).close()  # it was not rotated


def test_what_came_of_a_refresh_token_is_forgotten_also_where_nobody_signs_in() -> None:
    account = Account("keyed", "https://x.example", "c", given="f00")
    in_memory().write(account, Token("t"))
    gone = spyro.logout(Keyed)
    assert gone.still_valid == {account: "it ends by itself, or in the settings of the service"}
    assert str(spyro.logout(Keyed)) == "nobody was signed in to keyed"


def test_a_connector_of_a_client_of_its_own_has_nobody_to_sign_out() -> None:
    class Client(BaseConnector):
        name = "client"

    with pytest.raises(ConfigurationError, match="client signs no person in"):
        spyro.logout(Client)


def test_a_token_of_another_server_is_sent_nowhere(own: Service) -> None:
    class Revoking(Plain):
        def app(self) -> App | None:
            app = super().app()
            return app and replace(app, revoke_url=f"{own.base_url}/services/oauth2/revoke")

    theirs = Account("plain", "https://another.example", "c")
    in_memory().write(theirs, Token("t"))
    gone = spyro.logout(Revoking, base_url=own.base_url)
    assert gone.still_valid == {theirs: "it ends by itself, or in the settings of the service"}
    assert not own.requests


# -- who is remembered --------------------------------------------------------------------------------

OURS = Account("salesforce", "https://acme.my.salesforce.com", "c1")
ALLS = Account("salesforce", LOGIN, "c2")
THEIRS = Account("github", "https://github.com/login/oauth", "c3")


def test_the_one_account_that_fits_is_taken() -> None:
    config = configured(Salesforce, {}, {}, lambda: [THEIRS, OURS])
    assert (config.base_url, config.client_id, config.auth_mode) == (OURS.issuer, "c1", "auto")
    assert config.asks_person
    config = configured(Salesforce, {}, {}, lambda: [ALLS])
    assert (config.base_url, config.client_id) == (None, "c2")
    config = configured(Salesforce, {"base_url": OURS.issuer}, {}, lambda: [OURS])
    assert config.client_id == "c1"


def test_of_several_that_fit_one_must_be_named() -> None:
    with pytest.raises(ConfigurationError, match="2 accounts of salesforce are remembered: say which"):
        configured(Salesforce, {}, {}, lambda: [OURS, ALLS])


def test_an_account_that_does_not_fit_is_not_taken() -> None:
    with pytest.raises(SignInNeeded):
        configured(Salesforce, {}, {}, lambda: [THEIRS])
    with pytest.raises(SignInNeeded):
        configured(Salesforce, {"base_url": "https://other.my.salesforce.com"}, {}, lambda: [OURS])


def test_who_signed_in_by_a_profile_is_found_by_it_alone(own: Service) -> None:
    given = to(own, auth_mode="browser")
    one, other = (Salesforce(Salesforce.configure(**given, profile=it)).keeping() for it in (None, "work"))
    assert (one.account.profile, other.account.profile) == ("", "work")
    with pytest.raises(SignInNeeded):
        configured(Salesforce, {}, {}, lambda: [other.account])


def test_credentials_go_before_whoever_is_remembered() -> None:
    given = {"base_url": "https://x.example", "access_token": "t"}
    config = configured(Salesforce, given, {}, lambda: pytest.fail("it was asked"))
    assert not config.asks_person


# -- Salesforce ---------------------------------------------------------------------------------------


def test_salesforce_is_asked_where_its_app_is_registered() -> None:
    app = Salesforce(Salesforce.configure(client_id="c", auth_mode="browser")).app()
    assert app
    assert app.authorize_url == "https://login.salesforce.com/services/oauth2/authorize"
    assert app.token_url == "https://login.salesforce.com/services/oauth2/token"
    assert app.revoke_url == "https://login.salesforce.com/services/oauth2/revoke"
    assert app.issuer == "https://login.salesforce.com"
    assert app.redirect_uri(app.redirect_port or 0) == "http://localhost:1717/OauthRedirect"
    assert app.scopes == ("api", "refresh_token")
    assert app.device_url is None


def test_an_org_has_an_address_of_its_own_and_an_app_another_callback() -> None:
    home = "https://acme.my.salesforce.com"
    given = {"base_url": f"{home}/", "redirect_uri": "http://localhost:9000/back", "auth_mode": "paste"}
    app = Salesforce(Salesforce.configure(client_id="c", **given)).app()
    assert app
    assert app.authorize_url == f"{home}/services/oauth2/authorize"
    assert app.redirect_uri(app.redirect_port or 0) == "http://localhost:9000/back"
    assert Salesforce(Salesforce.configure(base_url=home, access_token="t")).app() is None


@pytest.mark.parametrize(
    ("extra", "user"),
    [
        (
            {"id": "https://login.salesforce.com/id/00DgL00000000001AB/005gL0000000000QAA"},
            "005gL0000000000QAA",
        ),
        ({"id": "https://login.salesforce.com/id/x/005' OR Name != '"}, None),
        ({"id": None}, None),
        ({}, None),
    ],
)
def test_the_user_is_in_the_address_that_comes_with_the_token(extra: Any, user: str | None) -> None:
    assert user_of(Token("t", extra=extra)) == user


def test_a_user_is_called_by_what_is_known() -> None:
    assert named({"records": [{"Name": "Ana", "Username": "a@x"}]}) == "Ana (a@x)"
    assert named({"records": [{"Username": "a@x"}]}) == "a@x"
    assert named({"records": []}) is None


def test_who_it_is_need_not_be_known(own: Service) -> None:
    spyro.login("salesforce", person=Visitor(), **to(own))
    (account,) = in_memory().accounts()
    token = in_memory().read(account)
    assert token
    in_memory().write(account, replace(token, extra={"instance_url": own.base_url}))

    async def who() -> str | None:
        connector = Salesforce(configured(Salesforce, to(own), {}))
        async with connector.connection_context():
            return await connector.whoami()

    assert asyncio.run(who()) is None


# -- without the face ---------------------------------------------------------------------------------


def test_a_connector_alone_signs_in_through_what_it_sends_by_and_keeps_where_it_is_told(own: Service) -> None:
    store = MemoryStore()

    async def signed_in() -> int:
        config = Salesforce.configure(auth_mode="browser", **to(own))
        transport = AiohttpTransport(config)
        connector = Salesforce(config, transport=transport, store=store)
        token = await connector.sign_in(Visitor(), patience=20)
        assert [store.read(it) for it in store.accounts()] == [token]
        async with connector.connection_context():
            return len([it async for it in connector.fetch_data("Account")])

    assert asyncio.run(signed_in()) == 60
    assert in_memory().accounts() == []


def test_a_connector_alone_never_asks(own: Service) -> None:
    async def connected() -> None:
        async with Salesforce(Salesforce.configure(auth_mode="browser", **to(own))).connection_context():
            pass

    with pytest.raises(SignInNeeded, match="there is no token of salesforce"):
        asyncio.run(connected())


def test_a_token_that_cannot_be_kept_when_it_is_renewed_is_told(own: Service) -> None:
    class Full(MemoryStore):
        is_full = False

        def write(self, account: Account, token: Token) -> None:
            if self.is_full:
                raise TokenStoreError("the disk is full")
            super().write(account, token)

    store, told = Full(), list[Event]()

    async def renewed() -> None:
        config = Salesforce.configure(auth_mode="browser", **to(own))
        connector = Salesforce(config, store=store, observers=[told.append])
        await connector.sign_in(Visitor())
        async with connector.connection_context():
            own.expire_tokens()
            store.is_full = True
            assert len(await connector.get_sample_data("Account", 3)) == 3

    asyncio.run(renewed())
    assert [it.reason for it in told if isinstance(it, TokenNotKept)] == ["the disk is full"]


# -- a script that nobody watches ---------------------------------------------------------------------


def test_a_script_that_nobody_watches_is_told_what_to_set(own: Service) -> None:
    script = (
        "import os, spyro_sdk as spyro\nspyro.connect('salesforce', base_url=os.environ['AT'], client_id='c')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        stdin=subprocess.DEVNULL,
        env={**os.environ, "AT": own.base_url, "PYTHONPATH": str(ROOT)},
        timeout=60,
    )
    assert "SignInNeeded: salesforce needs credentials, and there is nobody to ask here" in done.stderr
    assert done.returncode == 1
