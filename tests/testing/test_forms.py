import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spyro_sdk.config import ConnectorConfig
from spyro_sdk.forms import forms
from spyro_sdk.testing.secrets import secrets_of

SECRETS = st.text(st.characters(codec="utf-8"), min_size=6, max_size=40)


@given(SECRETS)
def test_a_secret_is_known_in_each_encoding(secret: str) -> None:
    known = forms(secret)
    for form in (
        secret,
        quote(secret),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        json.dumps(json.dumps(secret)[1:-1])[1:-1],
        html.escape(secret),
        base64.b64encode(secret.encode()).decode(),
        base64.urlsafe_b64encode(secret.encode()).decode(),
        quote(base64.b64encode(secret.encode()).decode(), safe=""),
    ):
        assert form in known


@given(SECRETS, st.binary(max_size=7), st.binary(max_size=7))
def test_a_secret_is_known_in_the_base64_of_more(secret: str, before: bytes, after: bytes) -> None:
    text = base64.b64encode(before + secret.encode() + after).decode()
    assert any(form in text for form in forms(secret) if len(form) >= 6)


def test_a_key_of_many_lines_is_known_by_one_of_them_and_without_its_breaks() -> None:
    key = f"-----BEGIN KEY-----\n{'a' * 64}\n{'b' * 64}\nabc=\n-----END KEY-----\n"
    assert {"a" * 64, "b" * 64, "".join(key.split()), key.strip()} <= forms(key)
    assert "abc=" not in forms(key)


def test_the_secrets_of_a_configuration_are_found_however_deep() -> None:
    config = ConnectorConfig(
        "acme",
        api_key="k1",
        client_id="shown",
        headers={"X-Token": "k2", "Accept": "text/csv"},
        custom_params={"auth": {"ways": [{"value": "k3"}, "k4"], "count": 3}, "region": "eu", "password": ""},
    )
    assert secrets_of(config) == {
        "api_key": "k1",
        "headers.X-Token": "k2",
        "custom_params.auth.ways.0.value": "k3",
        "custom_params.auth.ways.1": "k4",
    }


@pytest.mark.parametrize("text", ["\ud800secret", "ünïcödé\u2028"])
def test_odd_texts_have_forms_too(text: str) -> None:
    assert text in forms(text)
