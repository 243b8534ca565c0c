from base64 import b64decode

import pytest

from spyro_sdk.auth import static
from spyro_sdk.http import Request
from spyro_sdk.secret import Secret

pytestmark = pytest.mark.anyio
REQUEST = Request("https://acme.example/x", headers={"X-Tenant": "7"})


async def nothing(request):
    raise AssertionError("nobody is asked")


@pytest.mark.parametrize(
    ("auth", "headers"),
    [
        (static.nobody(), {}),
        (static.api_key("hush"), {"X-API-Key": "hush"}),
        (static.api_key("hush", "X-Acme"), {"X-Acme": "hush"}),
        (static.bearer("hush"), {"Authorization": "Bearer hush"}),
        (static.basic("ana", "hush"), {"Authorization": "Basic YW5hOmh1c2g="}),
    ],
)
async def test_each_way_to_sign_adds_its_header(auth, headers):
    signed = await auth.sign(REQUEST, nothing)
    assert signed.headers == {"X-Tenant": "7", **headers}
    assert REQUEST.headers == {"X-Tenant": "7"}
    assert "hush" not in repr(auth)
    assert isinstance(auth.value, Secret)
    assert await auth.renew(signed) is False


async def test_a_password_may_hold_any_character():
    signed = await static.basic("añá", "pä:ss wörd").sign(REQUEST, nothing)
    kind, _, encoded = signed.headers["Authorization"].partition(" ")
    assert kind == "Basic"
    assert b64decode(encoded).decode() == "añá:pä:ss wörd"
