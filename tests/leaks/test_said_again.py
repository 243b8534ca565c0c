"""What a service says again of what it was sent is not shown, whatever the body looks like."""

from __future__ import annotations

import asyncio
import gzip
import json

import pytest

from spyro_sdk.config import ConnectorConfig
from spyro_sdk.entity import Entity
from spyro_sdk.errors import AuthenticationError
from spyro_sdk.http import Request, Response
from spyro_sdk.rest import RestConnector
from tests.leaks.canaries import canary

TOKEN = canary("access token")
WORDS = json.dumps({"message": f"the token {TOKEN} is not good"}).encode()


class Acme(RestConnector):
    name = "acme"
    offers = (Entity("good", "/good"),)


def refused(body: bytes, **headers: str) -> str:
    """The words of the error for a refusal with this body."""

    async def send(request: Request) -> Response:
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
        return Response(401, headers, body)

    async def asks() -> None:
        config = ConnectorConfig("acme", base_url="https://acme.example", access_token=TOKEN, retry_count=0)
        async with Acme(config, transport=send).connection_context() as acme:
            await acme.get_sample_data("good")

    with pytest.raises(AuthenticationError) as caught:
        asyncio.run(asks())
    return str(caught.value)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (WORDS, {}),
        (gzip.compress(WORDS, mtime=0), {"content-encoding": "gzip"}),
        (json.dumps({"message": f"the token {TOKEN} is not good", "more": "x" * 100_000}).encode(), {}),
    ],
)
def test_it_is_taken_out_of_the_words(body: bytes, headers: dict[str, str]) -> None:
    said = refused(body, **headers)
    assert said.endswith("the token *** is not good")


@pytest.mark.parametrize(
    ("body", "headers"),
    [(b"\xff\xfe" + TOKEN.encode(), {}), (WORDS, {"content-encoding": "gzip"}), (TOKEN.encode(), {})],
)
def test_what_cannot_be_read_is_told_by_its_status(body: bytes, headers: dict[str, str]) -> None:
    said = refused(body, **headers)
    assert "(401)" in said
    assert TOKEN[:12] not in said
