"""A person signs in to the demo over real sockets, and every way to fail has a name."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import chain, repeat
from typing import Any
from urllib.parse import parse_qsl

import anyio
import pytest

from spyro_sdk.auth.app import App
from spyro_sdk.auth.person import Person
from spyro_sdk.auth.signin import Desk, _first, chosen, in_thread, sign_in
from spyro_sdk.config import ConnectorConfig
from spyro_sdk.demo.authority import visitor
from spyro_sdk.demo.server import Service, serve
from spyro_sdk.errors import AuthenticationError, ConfigurationError, ConnectionError, SignInError
from spyro_sdk.http import Request, Response, Send
from spyro_sdk.transport.aiohttp import AiohttpTransport

from ..people import Visitor, browse

pytestmark = pytest.mark.anyio

OAUTH = "/services/oauth2"
DEVICE = {"user_code": "WDJB-MJHT", "device_code": "d", "verification_uri": "https://x.example/device"}


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with serve(records=50, wide_records=1) as it:
        yield it


@pytest.fixture
def signing(service: Service) -> Iterator[Any]:
    """The knobs of the server, put back afterwards."""
    before = replace(service.signing)
    yield service.signing
    for name in vars(before):
        setattr(service.signing, name, getattr(before, name))


@pytest.fixture
async def send(service: Service) -> AsyncIterator[Send]:
    transport = AiohttpTransport(ConnectorConfig("demo", base_url=service.base_url, auth_type="none"))
    yield transport
    await transport.close()


@pytest.fixture
def app(service: Service) -> App:
    home = service.base_url + OAUTH
    client_id = service.credentials["client_id"]
    scopes = ("api", "refresh_token")
    return App(f"{home}/authorize", f"{home}/token", client_id, scopes=scopes, issuer=service.base_url)


def free_port() -> int:
    with socket.socket() as it:
        it.bind(("127.0.0.1", 0))
        return int(it.getsockname()[1])


def code_in(address: str) -> str:
    return address.partition("code=")[2].partition("&")[0]


async def refusal(
    app: App, person: Person, send: Send, kind: type[Exception] = SignInError, **more: Any
) -> Any:
    with pytest.raises(kind) as caught:
        await sign_in(app, person, send=send, **more)
    return caught.value


# -- by a browser -------------------------------------------------------------------------------------


async def test_a_browser_comes_back_and_brings_a_token(app: App, send: Send) -> None:
    person = Visitor()
    token = await sign_in(app, person, send=send)
    assert token.access_token
    assert token.refresh_token
    assert token.issuer == app.issuer
    assert set(token.scopes) == {"api", "refresh_token"}
    (card,) = person.cards
    assert (card.scopes, card.opens, card.pastes, card.user_code) == (app.scopes, True, False, None)
    assert card.address.startswith(app.authorize_url)
    assert [page.status for page in person.pages] == [200]
    assert person.outcomes == [None]
    assert person.prompts == []


async def test_the_verifier_is_one_that_the_server_checks(app: App, send: Send, service: Service) -> None:
    grants = service.grants["authorization_code"]
    await sign_in(app, Visitor(), send=send)
    assert service.grants["authorization_code"] == grants + 1


async def test_a_person_who_says_no_is_an_error(app: App, send: Send) -> None:
    person = Visitor(partial(visitor.sign_in, allow=False))
    error = await refusal(app, person, send)
    assert error.error_code == "access_denied"
    assert person.pages[0].status == 400
    assert person.outcomes == [error]


async def test_another_state_is_an_error(app: App, send: Send, signing: Any) -> None:
    signing.state = "other"
    assert (await refusal(app, Visitor(), send)).error_code == "wrong_state"


@pytest.mark.parametrize("issuer", ["https://evil.example", ""])
async def test_another_issuer_or_none_is_an_error_before_the_code_is_sent(
    app: App, send: Send, signing: Any, service: Service, issuer: str
) -> None:
    signing.issuer, before = issuer, len(service.requests)
    assert (await refusal(app, Visitor(), send)).error_code == "wrong_issuer"
    assert f"{OAUTH}/token" not in [seen.path for seen in service.requests[before:]]


async def test_an_issuer_that_is_not_known_is_not_checked(app: App, send: Send, signing: Any) -> None:
    signing.issuer = "https://whoever.example"
    assert (await sign_in(replace(app, issuer=None), Visitor(), send=send)).issuer is None


async def test_a_code_that_was_used_already_is_an_error(app: App, send: Send, service: Service) -> None:
    def used(address: str) -> str:
        there = visitor.sign_in(address)
        service.expire_codes()
        return there

    error = await refusal(app, Visitor(used), send)
    assert error.error_code == "invalid_grant"
    assert "used already, or is too old" in str(error)


async def test_a_narrowed_scope_is_an_error_that_the_person_sees(app: App, send: Send, signing: Any) -> None:
    signing.scopes, person = ("api",), Visitor()
    error = await refusal(app, person, send)
    assert error.error_code == "scope_narrowed"
    assert str(error).endswith("and allows api: refresh_token is missing")
    assert person.outcomes == [error]


async def test_an_app_that_the_service_does_not_know_says_so(app: App, send: Send) -> None:
    """The page tells the person, since nobody may be sent back: here the time ends it."""
    told: list[str] = []

    def stuck(address: str) -> None:
        try:
            visitor.sign_in(address)
        except LookupError as error:
            told.append(str(error))

    error = await refusal(replace(app, client_id="nobody"), Visitor(stuck), send, timeout=0.5)
    assert error.error_code == "timed_out"
    assert "not known" in told[0]


@pytest.mark.parametrize("opens", [True, False])
async def test_nobody_is_waited_for_longer_than_was_said(app: App, send: Send, opens: bool) -> None:
    person = Visitor(lambda address: None, opens=opens)
    started = time.monotonic()
    error = await refusal(app, person, send, timeout=0.3)
    assert error.error_code == "timed_out"
    assert "within 0 seconds" in str(error)
    begins = "sign in again, with auth_mode='paste' if" if opens else "sign in again, or set the environment"
    assert str(error.hint).startswith(begins), "who may paste already needs no such hint"
    assert time.monotonic() - started < 5
    assert person.outcomes == [error]
    assert not (opens and person.prompts), "a browser has opened, and nothing has to be pasted"


async def test_the_person_sees_how_much_time_is_left(app: App, send: Send) -> None:
    person = Visitor(lambda address: None)
    await refusal(app, person, send, timeout=0.3, desk=Desk(tick=0.05))
    assert person.left
    assert person.left == sorted(person.left, reverse=True)
    assert all(0 <= it < 0.3 for it in person.left)


@pytest.mark.parametrize(("now", "left"), [(150.0, 250.0), (1000.0, 0.0)])
async def test_a_count_down_that_ticks_before_there_is_an_invitation_goes_on_after_it(
    app: App, send: Send, now: float, left: float
) -> None:
    times = chain([100.0], repeat(now))

    async def unhurried(request: Request) -> Response:
        await asyncio.sleep(0.05)
        return await send(request)

    def go(address: str) -> str:
        given_up = time.monotonic() + 10
        while not person.left and time.monotonic() < given_up:
            time.sleep(0.001)
        return visitor.sign_in(address)

    person = Visitor(go)
    desk = Desk(tick=0.001, clock=lambda: next(times))
    assert await sign_in(app, person, send=unhurried, desk=desk)
    assert set(person.left) == {left}


async def test_unless_it_is_said_otherwise_there_are_five_minutes_and_each_second_counts(
    app: App, send: Send
) -> None:
    begun: list[float] = []
    ended: list[float] = []

    async def sleep(seconds: float) -> None:
        begun.append(seconds)
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(seconds)

    person = Visitor()
    await sign_in(app, person, send=send, desk=Desk(sleep=sleep, clock=lambda: 100.0))
    await asyncio.sleep(0)
    assert person.cards[0].until == 400.0
    assert begun == ended == [1.0], "nothing is counted any more"


async def test_a_port_that_is_taken_is_an_error_before_anybody_is_asked(app: App, send: Send) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        person = Visitor()
        error = await refusal(replace(app, redirect_port=taken.getsockname()[1]), person, send)
    assert error.error_code == "port_taken"
    assert person.cards == []


async def test_where_nobody_answers_nobody_is_asked(app: App, send: Send) -> None:
    gone = f"http://127.0.0.1:{free_port()}"
    person = Visitor()
    await refusal(replace(app, issuer=gone), person, send, ConnectionError)
    assert person.cards == []


async def test_who_cancels_leaves_no_socket(app: App, send: Send) -> None:
    port, person = free_port(), Visitor(lambda address: None)
    with anyio.move_on_after(0.3) as scope:
        await sign_in(replace(app, redirect_port=port), person, send=send)
    assert scope.cancelled_caught
    with pytest.raises(ConnectionRefusedError):
        browse(f"http://127.0.0.1:{port}/callback")
    assert isinstance(person.outcomes[0], asyncio.CancelledError)


async def test_who_cancels_does_not_wait_for_what_blocks() -> None:
    may_end, ended = threading.Event(), list[bool]()
    with anyio.move_on_after(0.05) as scope:
        await in_thread(lambda: ended.append(may_end.wait(10)))
    assert scope.cancelled_caught
    assert ended == []
    may_end.set()


async def test_a_time_out_of_the_service_is_not_that_of_the_person(app: App) -> None:
    async def slow(request: Any) -> Any:
        raise TimeoutError("the service")

    with pytest.raises(TimeoutError, match="the service"):
        await sign_in(app, Visitor(), send=slow)


# -- by a paste ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "paste",
    [
        lambda address: address,
        lambda address: f"  {address}\n",
        lambda address: address.partition("?")[2],
        lambda address: address.replace("127.0.0.1", "localhost", 1),
    ],
)
async def test_the_address_on_which_a_browser_ended_may_be_pasted(
    app: App, send: Send, paste: Callable[[str], str]
) -> None:
    person = Visitor(pastes=[paste], is_remote=True)
    token = await sign_in(app, person, send=send)
    assert token.access_token
    assert (person.cards[0].pastes, person.cards[0].opens) == (True, False)
    assert person.pages == []


async def test_what_is_pasted_wrongly_is_explained_and_asked_again(app: App, send: Send) -> None:
    person = Visitor(pastes=["rubbish", "?code=x&state=old", lambda address: address])
    assert await sign_in(app, person, mode="paste", send=send)
    assert person.prompts[1].startswith("A code alone cannot be checked")
    assert person.prompts[2].startswith("That is the answer to an earlier sign-in")


async def test_a_bare_code_is_not_taken(app: App, send: Send) -> None:
    error = await refusal(app, Visitor(pastes=[code_in] * 3), send, mode="paste")
    assert error.error_code == "no_code"
    assert "3 times" in str(error)


@pytest.mark.parametrize("nothing", ["", "  \n", None])
async def test_who_pastes_nothing_gives_up(app: App, send: Send, nothing: Any) -> None:
    error = await refusal(app, Visitor(pastes=[nothing]), send, mode="paste")
    assert error.error_code == "cancelled"


async def test_a_no_that_is_pasted_is_a_no(app: App, send: Send) -> None:
    person = Visitor(partial(visitor.sign_in, allow=False), pastes=[lambda address: address])
    assert (await refusal(app, person, send, mode="paste")).error_code == "access_denied"


async def test_where_no_browser_opens_the_address_may_be_pasted(app: App, send: Send) -> None:
    person = Visitor(pastes=[lambda address: address], opens=False)
    assert await sign_in(app, person, mode="browser", send=send)
    assert [card.pastes for card in person.cards] == [False, True]


class _Forwarded(Visitor):
    """Whose browser does come back while a paste is asked for, as by the ports that VS Code forwards."""

    over: threading.Event

    def ask_secret(self, prompt: str, over: threading.Event) -> str | None:
        self.over = over
        threading.Thread(target=lambda: browse(self.go(self.cards[-1].address) or "")).start()
        return super().ask_secret(prompt, over)


async def test_a_browser_that_does_come_back_ends_the_wait_for_a_paste(app: App, send: Send) -> None:
    person = _Forwarded(is_remote=True)
    was_over: list[bool] = []

    async def watched(request: Request) -> Response:
        if request.url == app.token_url:
            was_over.append(person.over.is_set())
        return await send(request)

    started = time.monotonic()
    assert await sign_in(app, person, send=watched, desk=Desk(tick=0.001))
    assert time.monotonic() - started < 5
    assert person.outcomes == [None]
    assert person.prompts
    assert was_over == [True], "nobody is asked for a code that has come"


async def test_the_way_that_was_not_taken_is_at_its_end_when_the_code_is_there() -> None:
    ended: list[str] = []

    async def never() -> str:
        try:
            return await asyncio.Future()
        finally:
            ended.append("never")

    async def at_once() -> str:
        return "code"

    assert await _first([at_once(), never()]) == "code"
    assert ended == ["never"]


async def test_a_browser_that_comes_back_with_a_no_ends_the_wait_for_a_paste_too(
    app: App, send: Send
) -> None:
    person = _Forwarded(partial(visitor.sign_in, allow=False), is_remote=True)
    assert (await refusal(app, person, send)).error_code == "access_denied"
    assert person.over.is_set()


async def test_it_is_counted_down_also_while_somebody_types(app: App, send: Send) -> None:
    person = Visitor(is_remote=True)
    await refusal(app, person, send, timeout=0.3, desk=Desk(tick=0.2))
    assert person.prompts
    assert person.left


async def test_a_paste_needs_no_port(app: App, send: Send) -> None:
    """The port is that of the person's machine, not of ours."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        person = Visitor(pastes=[lambda address: address])
        port = taken.getsockname()[1]
        assert await sign_in(replace(app, redirect_port=port), person, mode="paste", send=send)
    assert f"127.0.0.1%3A{port}" in person.cards[0].address


# -- by a code that is typed in -----------------------------------------------------------------------


async def test_a_code_is_shown_and_asked_about_until_it_was_typed_in(app: App) -> None:
    answers: list[Any] = [DEVICE, {"error": "authorization_pending"}, {"access_token": "t"}]
    slept: list[float] = []
    asked: list[dict[str, str]] = []
    answering = _answering(answers)

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await asyncio.sleep(0)

    async def answered(request: Request) -> Response:
        asked.append(dict(parse_qsl(request.body.decode())))
        return await answering(request)

    class Typist(Visitor):
        def show(self, card: Any) -> None:
            self.cards.append(card)

    person = Typist()
    device = replace(app, authorize_url="", device_url="https://x.example/code")
    desk = Desk(sleep=sleep, clock=lambda: 100.0, tick=77.0)
    token = await sign_in(device, person, send=answered, desk=desk, timeout=60)
    assert (token.access_token, token.issuer) == ("t", app.issuer)
    (card,) = person.cards
    assert (card.address, card.user_code, card.until) == ("https://x.example/device", "WDJB-MJHT", 160.0)
    assert [it for it in slept if it != 77.0] == [5.0, 5.0]
    assert asked[0] == {"client_id": app.client_id, "scope": "api refresh_token"}


async def test_a_code_that_nobody_types_in_ends_with_the_time(app: App) -> None:
    error = await refusal(
        replace(app, device_url="https://x.example/code"),
        _Silent(),
        _answering([DEVICE]),
        mode="device",
        timeout=0.2,
    )
    assert error.error_code == "timed_out"


async def test_a_service_that_gives_out_no_code_shows_nothing(app: App) -> None:
    person = _Silent()
    device = replace(app, device_url="https://x.example/code")
    send = _answering([{"error": "unauthorized_client"}])
    await refusal(device, person, send, AuthenticationError, mode="device")
    assert person.cards == person.outcomes == []


class _Silent(Visitor):
    def show(self, card: Any) -> None:
        self.cards.append(card)


def _answering(answers: list[Any]) -> Send:
    async def send(request: Request) -> Response:
        return Response(200, {}, json.dumps(answers.pop(0)).encode())

    return send


# -- which way ----------------------------------------------------------------------------------------

BROWSER = App("https://x.example/authorize", "https://x.example/token", "c")
BOTH = replace(BROWSER, device_url="https://x.example/code")
CODES = replace(BOTH, authorize_url="")


@pytest.mark.parametrize(
    ("app", "mode", "is_remote", "way"),
    [
        (BROWSER, "auto", False, "browser"),
        (BROWSER, "auto", True, "paste"),
        (BOTH, "auto", False, "browser"),
        (BOTH, "auto", True, "paste"),
        (CODES, "auto", False, "device"),
        (CODES, "auto", True, "device"),
        (BOTH, "device", False, "device"),
        (BOTH, "paste", False, "paste"),
        (BOTH, "browser", True, "browser"),
    ],
)
def test_the_way_is_the_one_that_suits_the_place_unless_it_is_said(
    app: App, mode: str, is_remote: bool, way: str
) -> None:
    assert chosen(app, Visitor(is_remote=is_remote), mode) == way


@pytest.mark.parametrize(
    ("app", "mode", "message"),
    [
        (BROWSER, "brwoser", r"'brwoser' is no way .*\(did you mean 'browser'\?\)"),
        (BROWSER, "x", "there are auto, browser, paste, device$"),
        (BROWSER, "device", "nothing that this service offers"),
        (CODES, "browser", "nothing that this service offers"),
        (CODES, "paste", "nothing that this service offers"),
    ],
)
def test_a_way_that_there_is_not_is_refused(app: App, mode: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        chosen(app, Visitor(), mode)
    assert caught.value.field == "auth_mode"
