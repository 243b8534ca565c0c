"""No secret of a recorded exchange is in the file, in whatever form it came by."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from spyro_sdk.config import ConnectorConfig
from spyro_sdk.http import Request, Response
from spyro_sdk.testing import Recorder, Replay

BASE = "https://acme-test.example"


def pem() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    kinds = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(*kinds).decode()


PRIVATE_KEY = pem()
GIVEN = {
    "api_key": 'AK/1+ö"&canary-0001',
    "client_secret": "CS canary/0002=",
    "password": "pw:canary%0003é",
    "access_token": "AT.canary~0004~\\",
    "refresh_token": "RT-canary-0005+/",
    "private_key": PRIVATE_KEY,
}
"""What the configuration holds."""
HEADER, OPTION = "HD-canary-0007-xyz", "OP-canary-0008-xyz"
"""What its headers and its custom parameters hold."""
FOUND = {
    "granted token": "granted-canary-0009",
    "rotated token": "rotated-canary-0010",
    "cookie": "cookie-canary-0011",
    "signature of a link": "signed-canary-0012",
    "JSON web token": jwt.encode({"sub": "canary"}, PRIVATE_KEY, algorithm="RS256"),
    "session of a vendor": "session!canary.0013",
    "code of a sign-in": "code-canary-0014",
    "password of a user": "userpass-canary-0015",
    "token known by its looks": "ghp_" + "c4n4ry" * 6,
}
"""What is told by the exchanges alone."""
SECRETS = {**GIVEN, "header": HEADER, "option": OPTION, **FOUND}

CONFIG = ConnectorConfig(
    "acme",
    base_url=BASE,
    auth_type="oauth2",
    client_id="the-client",
    username="ana",
    headers={"X-Acme-Token": HEADER, "User-Agent": "canary"},
    custom_params={"signing": {"secret": [OPTION]}},
    **GIVEN,
)


def written_forms(secret: str) -> set[str]:
    """The forms that a reader of the file would look for, made by other code than ours."""
    texts = {secret, quote(secret), quote(secret, safe=""), quote_plus(secret)}
    texts |= {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    for skipped in range(3):  # what base64 makes of the secret's own whole triples of bytes
        inside = secret.encode()[skipped:]
        core = base64.b64encode(inside[: len(inside) // 3 * 3]).decode()
        texts |= {core, core.replace("+", "-").replace("/", "_")}
    return texts


def as_json(payload: Any, **headers: str) -> Response:
    return Response(200, {"content-type": "application/json", **headers}, json.dumps(payload).encode())


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def exchanges() -> list[tuple[Request, Response]]:
    """One exchange for each place in which services and clients put secrets."""
    everything = {f"echo {n}": text for n, text in enumerate(SECRETS.values())}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    return [
        (
            Request(
                BASE + "/token",
                "POST",
                headers=form,
                body=urlencode(
                    {
                        "grant_type": "authorization_code",
                        "code": FOUND["code of a sign-in"],
                        "client_secret": GIVEN["client_secret"],
                        "refresh_token": GIVEN["refresh_token"],
                        "assertion": FOUND["JSON web token"],
                    }
                ).encode(),
            ),
            as_json(
                {
                    "access_token": FOUND["granted token"],
                    "refresh_token": FOUND["rotated token"],
                    "token_type": "Bearer",
                    "sid_of_vendor": FOUND["session of a vendor"],
                }
            ),
        ),
        (
            Request(BASE + "/orders", params={"api_key": GIVEN["api_key"], "page": "1"}),
            as_json(
                everything,
                **{"set-cookie": f"sid={FOUND['cookie']}; Path=/", "x-csrf-token": "csrf-canary-0016"},
            ),
        ),
        (
            Request(
                BASE + "/session",
                "POST",
                headers={
                    "authorization": f"Session {FOUND['session of a vendor']}",
                    "Cookie": f"sid={FOUND['cookie']}",
                },
                body=json.dumps(
                    {"login": {"password": GIVEN["password"], "pin": OPTION}, "deep": list(GIVEN.values())}
                ).encode(),
            ),
            Response(
                200, {"content-type": "text/xml"}, f"<token>{FOUND['cookie']}</token> {everything}".encode()
            ),
        ),
        (
            Request(
                f"{BASE}/bot{GIVEN['access_token']}/me",
                headers={"Authorization": basic("ana", FOUND["password of a user"])},
            ),
            Response(
                200,
                {
                    "content-encoding": "gzip",
                    "link": f"<{BASE}/files?sig=x&X-Amz-Signature={FOUND['signature of a link']}>; rel=next",
                },
                gzip.compress(
                    json.dumps(
                        {"echo": json.dumps(everything), "basic": basic("ana", GIVEN["password"])}
                    ).encode()
                ),
            ),
        ),
        (
            Request(f"{BASE}/files?sig=x&X-Amz-Signature={FOUND['signature of a link']}"),
            Response(
                200, {"content-type": "text/csv"}, "\n".join(map(json.dumps, SECRETS.values())).encode()
            ),
        ),
        (
            Request(f"https://ana:{quote(GIVEN['password'], safe='')}@other.example/"),
            as_json(
                [
                    base64.b64encode(b"x" * n + text.encode() + b"tail").decode()
                    for n in range(3)
                    for text in SECRETS.values()
                ]
            ),
        ),
        (Request(BASE + "/quoted"), as_json({"url": [quote(text, safe="") for text in SECRETS.values()]})),
    ]


async def record(path: Path) -> None:
    answers = iter([response for _, response in exchanges()])

    async def send(request: Request) -> Response:
        return next(answers)

    recorder = Recorder(path, CONFIG, opens=lambda config: send)
    for request, _ in exchanges():
        await recorder(request)
    await recorder.close()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("canary") / "canary.json"
    asyncio.run(record(path))
    return path


@pytest.mark.parametrize("kind", SECRETS)
def test_no_secret_is_in_the_file(kind: str, file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count('"request"') == len(exchanges())
    for form in written_forms(SECRETS[kind]):
        assert form not in text


def test_nothing_that_says_canary_is_in_the_file(file: Path) -> None:
    assert "canary" not in file.read_text(encoding="utf-8")


@pytest.mark.anyio
async def test_the_requests_are_found_again(file: Path) -> None:
    replay = Replay(file, CONFIG)
    for request, response in exchanges():
        assert (await replay(request)).status == response.status
    assert replay.unused == []
