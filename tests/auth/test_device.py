"""A person is told a code, and the service is asked for the token no faster than it allows."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

import pytest

from spyro_sdk.auth.device import Device, UserCode
from spyro_sdk.errors import AuthenticationError, ConnectionError, DataFetchError, SignInError
from spyro_sdk.http import Request, Response

pytestmark = pytest.mark.anyio

CODE = {
    "device_code": "s3cret-device",
    "user_code": "WDJB-MJHT",
    "verification_uri": "https://acme.example/device",
    "expires_in": 900,
    "interval": 5,
}
PENDING = {"error": "authorization_pending"}
TOKEN = {"access_token": "t1", "token_type": "bearer"}


class Service:
    """Gives out the code, then one answer after the other; time passes only while the client sleeps."""

    def __init__(self, *answers: Any, code: Any = CODE, status: int = 200) -> None:
        self.answers, self.code, self.status = list(answers), code, status
        self.now, self.slept = 100.0, []
        self.told: list[UserCode] = []
        self.forms: list[dict[str, str]] = []

    async def __call__(self, request: Request) -> Response:
        self.forms.append(dict(parse_qsl(request.body.decode(), keep_blank_values=True)))
        if request.url.endswith("/code"):
            return Response(self.status, {}, json.dumps(self.code).encode())
        answer = self.answers.pop(0) if self.answers else PENDING
        if isinstance(answer, Exception):
            raise answer
        status = answer.pop("status", 400 if "error" in answer else 200) if isinstance(answer, dict) else 500
        return Response(status, {}, json.dumps(answer).encode())

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def device(self, **settings: Any) -> Device:
        parts = {"tell": self.told.append, "clock": lambda: self.now, "sleep": self.sleep}
        return Device(
            "https://acme.example/code", "https://acme.example/token", "client", **{**parts, **settings}
        )


async def test_the_token_comes_when_the_code_has_been_entered() -> None:
    service = Service(dict(PENDING), dict(PENDING), {**TOKEN, "expires_in": 28800})
    token = await service.device(scope="read:org")(service)
    assert token.access_token == "t1"
    assert token.expires_at
    assert service.told == [UserCode("https://acme.example/device", "WDJB-MJHT", 900.0)]
    assert service.slept == [5, 5, 5]
    assert service.forms[0] == {"client_id": "client", "scope": "read:org"}
    assert service.forms[1] == {
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
        "client_id": "client",
        "device_code": "s3cret-device",
    }


async def test_who_asks_for_no_scope_names_none_and_the_page_may_be_plain_http() -> None:
    service = Service(TOKEN, code={**CODE, "verification_uri": "http://127.0.0.1/device"})
    await service.device()(service)
    assert service.forms[0] == {"client_id": "client"}
    assert service.told[0].address == "http://127.0.0.1/device"


async def test_refusals_that_come_with_a_good_status_are_refusals_too() -> None:
    """GitHub's do."""
    service = Service({**PENDING, "status": 200}, TOKEN)
    assert (await service.device()(service)).access_token == "t1"


@pytest.mark.parametrize(
    ("interval", "told", "slept"),
    [
        *((5, None, [5, 10, 15]), (5, 30, [5, 30, 35]), (None, None, [5, 10, 15]), ("2", "x", [2, 7, 12])),
        *(
            (0, None, [0, 5, 10]),
            (-3, None, [0, 5, 10]),
            ("nan", None, [5, 10, 15]),
            (10**400, None, [5, 10, 15]),
        ),
    ],
)
async def test_a_service_that_is_asked_too_fast_is_asked_more_slowly(
    interval: Any, told: Any, slept: list[float]
) -> None:
    slow = {"error": "slow_down", **({"interval": told} if told else {})}
    service = Service(slow, {"error": "slow_down"}, TOKEN, code={**CODE, "interval": interval})
    await service.device()(service)
    assert service.slept == slept


async def test_a_service_that_does_not_answer_is_asked_less_often() -> None:
    service = Service(ConnectionError("gone"), {"status": 500}, {"status": 503}, {"status": 429}, TOKEN)
    assert (await service.device()(service)).access_token == "t1"
    assert service.slept == [5, 10, 20, 40, 60]


@pytest.mark.parametrize("answer", [{"error": "expired_token"}, None])
async def test_a_code_that_nobody_enters_is_an_error_that_says_so(answer: Any) -> None:
    service = Service(*([answer] if answer else []))
    with pytest.raises(SignInError, match="nobody entered the code in time") as told:
        await service.device()(service)
    assert told.value.error_code == "timed_out"
    assert told.value.hint
    assert service.now < 100 + 900  # not a moment longer than the code holds
    assert len(service.slept) == (1 if answer else 179), "who hears that it is over asks no more"


async def test_a_sign_in_that_is_refused_is_an_error_that_says_so() -> None:
    service = Service(PENDING, {"error": "access_denied"})
    with pytest.raises(SignInError, match="refused by whoever was asked") as told:
        await service.device()(service)
    assert told.value.error_code == "access_denied"
    assert len(service.slept) == 2


async def test_any_other_refusal_is_told_in_its_words_without_the_secret() -> None:
    service = Service({"error": "device_flow_disabled", "error_description": "not for s3cret-device"})
    with pytest.raises(AuthenticationError, match=r"device_flow_disabled \(not for \*\*\*\)"):
        await service.device()(service)


@pytest.mark.parametrize(
    "code",
    [
        {"error": "Not Found"},
        [],
        {**CODE, "user_code": None},
        {**CODE, "user_code": ""},
        {**CODE, "user_code": "\x1b[2J"},
        {**CODE, "verification_uri": "javascript:alert(1)"},
        {**CODE, "verification_uri": 5},
        {**CODE, "device_code": None},
    ],
)
async def test_an_answer_without_a_code_is_refused(code: Any) -> None:
    service = Service(code=code, status=404)
    error = code.get("error", "no code in the answer") if isinstance(code, dict) else "no code in the answer"
    with pytest.raises(AuthenticationError, match=f"refused a device code: {error}") as told:
        await service.device()(service)
    assert told.value.status == 404
    assert service.told == []


async def test_a_service_that_fails_to_give_out_codes_may_be_asked_again() -> None:
    service = Service(status=502)
    with pytest.raises(DataFetchError) as told:
        await service.device()(service)
    assert told.value.status == 503


@pytest.mark.parametrize(
    ("lifetime", "seconds"), [(600, 600), ("1800", 1800), (None, 900), (1e12, 3600), ("soon", 900)]
)
async def test_a_person_is_told_where_to_go_and_for_how_long(lifetime: Any, seconds: float) -> None:
    code = {**CODE, "expires_in": lifetime, "verification_uri_complete": "https://a/?c"}
    service = Service(TOKEN, code=code)
    await service.device()(service)
    assert service.told == [UserCode("https://acme.example/device", "WDJB-MJHT", seconds, "https://a/?c")]


async def test_whoever_tells_may_take_a_while() -> None:
    service = Service(TOKEN)

    async def tell(code: UserCode) -> None:
        await service.sleep(1)
        service.told.append(code)

    await service.device(tell=tell)(service)
    assert service.told
    assert service.slept == [1, 5]


def test_nothing_secret_is_shown() -> None:
    assert "s3cret" not in repr(Service().device(scope="s"))
