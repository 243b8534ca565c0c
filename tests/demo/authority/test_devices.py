"""A code that a person types in elsewhere."""

import pytest

from spyro_sdk.demo.authority.visitor import Visitor, type_code
from spyro_sdk.demo.server import Service
from tests.demo.authority.conftest import App, refused
from tests.demo.conftest import Answer


class Device:
    """An app without a browser."""

    def __init__(self, app: App, **asked: str) -> None:
        self.app, self.client_id = app, app.service.credentials["client_id"]
        self.given = app.client.token_for(response_type="device_code", client_id=self.client_id, **asked).json

    def ask(self, **other: str) -> Answer:
        form = {"grant_type": "device", "client_id": self.client_id, "code": self.given["device_code"]}
        return self.app.client.token_for(**{**form, **other})

    def type(self, code: str | None = None, **how: bool) -> str:
        return type_code(self.given["verification_uri"], code or self.given["user_code"], **how)


@pytest.fixture
def device(app: App) -> Device:
    return Device(app)


def test_a_person_types_the_code_in_and_the_app_has_tokens(device: Device, own: Service) -> None:
    assert set(device.given) == {"device_code", "user_code", "verification_uri", "interval"}
    assert refused(device.ask()) == "authorization_pending"
    assert "The app is connected" in device.type()
    tokens = device.ask().json
    assert device.app.may_read(tokens["access_token"])
    assert device.app.renew(tokens["refresh_token"]).status == 200
    assert own.grants["device"] == 1
    assert refused(device.ask()) == "invalid_grant"  # it works once


def test_the_code_may_be_asked_for_in_the_address_as_the_guide_does(app: App) -> None:
    asked = f"?response_type=device_code&client_id={app.service.credentials['client_id']}&scope=api"
    assert app.client.send(f"/services/oauth2/token{asked}", {}).json["user_code"]


@pytest.mark.parametrize("style", [str.lower, lambda code: f" {code[:4]}-{code[4:]} "])
def test_a_code_is_found_however_it_is_written(device: Device, style: object) -> None:
    assert callable(style)
    assert "The app is connected" in device.type(style(device.given["user_code"]))


def test_a_person_says_no(device: Device) -> None:
    assert "Access denied" in device.type(allow=False)
    assert refused(device.ask()) == "access_denied"
    assert "No app waits for this code" in device.type()


def test_a_wrong_code_leads_nowhere(device: Device) -> None:
    assert "No app waits for this code" in device.type("NONSENSE")
    assert refused(device.ask()) == "authorization_pending"


def test_codes_cannot_be_guessed_for_long(device: Device) -> None:
    visitor = Visitor({"user_code": "NONSENSE"})
    texts = [visitor.visit(device.given["verification_uri"]).text for _ in range(11)]
    assert "No app waits" in texts[9]
    assert "Too many wrong codes" in texts[10]


def test_who_asks_too_often_is_told_to_slow_down(app: App, own: Service) -> None:
    now = [1_000.0]
    own.signing.clock, own.signing.device_interval = lambda: now[0], 5.0
    device, said = Device(app), []
    assert device.given["interval"] == 5
    for pause in (0, 4, 9, 10, 15):
        now[0] += pause
        said.append(refused(device.ask()))
    assert said == ["authorization_pending", "slow_down", "slow_down", "slow_down", "slow_down"]
    now[0] += 25
    assert refused(device.ask()) == "authorization_pending"


def test_a_code_ages(app: App, own: Service) -> None:
    now = [1_000.0]
    own.signing.clock = lambda: now[0]
    device = Device(app)
    now[0] += 600
    assert device.ask().json == {"error": "invalid_grant", "error_description": "expired device code"}
    assert "No app waits for this code" in device.type()


def test_a_person_may_be_imagined(app: App, own: Service) -> None:
    own.signing.device_polls = 1
    device = Device(app, scope="api")
    assert refused(device.ask()) == "authorization_pending"
    assert device.ask().json["scope"] == "api"


@pytest.mark.parametrize(
    ("asked", "error"), [({"scope": "everything"}, "invalid_scope"), ({"client_id": "x"}, "invalid_client")]
)
def test_not_every_app_gets_a_code(app: App, asked: dict[str, str], error: str) -> None:
    form = {"response_type": "device_code", "client_id": app.service.credentials["client_id"], **asked}
    assert refused(app.client.token_for(**form)) == error


@pytest.mark.parametrize(
    ("wrong", "error"), [({"code": "nonsense"}, "invalid_grant"), ({"client_id": "x"}, "invalid_client")]
)
def test_a_device_code_is_good_only_for_its_app(device: Device, wrong: dict[str, str], error: str) -> None:
    assert refused(device.ask(**wrong)) == error


def test_a_no_can_be_had_whatever_is_said(device: Device, own: Service) -> None:
    own.signing.denies = True
    assert "Access denied" in device.type()
    assert refused(device.ask()) == "access_denied"
