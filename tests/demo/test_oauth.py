"""Who may come in."""

import base64
import json
import time

import pytest

from spyro_sdk.demo.server import Service, serve
from tests.demo.conftest import VERSION, Client

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def assertion(client: Client, **claims: object) -> str:
    full = {
        "iss": client.credentials["client_id"],
        "sub": client.credentials["username"],
        "aud": "https://login.salesforce.com",
        "exp": time.time() + 60,
        **claims,
    }
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in ({"alg": "RS256"}, full)
    ]
    return ".".join([*parts, "c2ln"])


def client_grant(client: Client) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_id": client.credentials["client_id"],
        "client_secret": client.credentials["client_secret"],
    }


def test_client_credentials_buy_a_token(client: Client) -> None:
    granted = client.token_for(**client_grant(client)).json
    assert granted["instance_url"] == client.base_url
    assert granted["token_type"] == "Bearer"
    assert "expires_in" not in granted
    assert "refresh_token" not in granted
    assert client.get(f"{VERSION}/limits", Authorization=f"Bearer {granted['access_token']}").status == 200


def test_a_client_may_use_basic_authentication(client: Client) -> None:
    pair = f"{client.credentials['client_id']}:{client.credentials['client_secret']}"
    code = base64.b64encode(pair.encode()).decode()
    form = {"grant_type": "client_credentials"}
    assert client.send("/services/oauth2/token", form, Authorization=f"Basic {code}").status == 200


def test_a_wrong_secret_is_an_invalid_client(client: Client) -> None:
    answer = client.token_for(**{**client_grant(client), "client_secret": "wrong"})
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")
    assert client.token_for(**{**client_grant(client), "client_id": "wrong"}).status == 401
    assert client.token_for(grant_type="password").json["error"] == "unsupported_grant_type"


def test_a_refresh_token_outlives_expiry_but_not_revocation(own: Service) -> None:
    client = Client(own)
    form = {
        "grant_type": "refresh_token",
        "client_id": client.credentials["client_id"],
        "refresh_token": client.credentials["refresh_token"],
    }
    own.expire_tokens()
    expired = client.get(f"{VERSION}/limits")
    assert (expired.status, expired.json) == (
        401,
        [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}],
    )
    client.token = client.token_for(**form).json["access_token"]
    assert client.get(f"{VERSION}/limits").status == 200
    own.revoke_everything()
    assert client.get(f"{VERSION}/limits").status == 401
    refused = client.token_for(**form)
    assert (refused.status, refused.json["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("claims", "error"),
    [
        ({}, None),
        ({"iss": "someone"}, "invalid_client"),
        ({"sub": "someone@else.example"}, "invalid_grant"),
        ({"aud": "https://elsewhere.example"}, "invalid_grant"),
        ({"exp": 1}, "invalid_grant"),
        ({"exp": "soon"}, "invalid_grant"),
    ],
)
def test_the_claims_of_an_assertion_are_checked(
    client: Client, claims: dict[str, object], error: str | None
) -> None:
    answer = client.token_for(grant_type=JWT_BEARER, assertion=assertion(client, **claims))
    assert answer.json.get("error") == error


def test_a_garbled_assertion_is_refused(client: Client) -> None:
    for text in ("", "a.b", "a.!!!.c", "a.W10.c"):
        assert client.token_for(grant_type=JWT_BEARER, assertion=text).status in (400, 401)


def test_signatures_are_checked_by_whoever_can() -> None:
    with serve(records=10, verify=lambda assertion: assertion.endswith(".good")) as service:
        client = Client(service)
        bad = assertion(client)
        good = bad.rsplit(".", 1)[0] + ".good"
        assert client.token_for(grant_type=JWT_BEARER, assertion=bad).json["error"] == "invalid_grant"
        assert client.token_for(grant_type=JWT_BEARER, assertion=good).status == 200


def test_a_revoked_token_is_no_good(own: Service) -> None:
    client = Client(own)
    assert client.send("/services/oauth2/revoke", {"token": client.token}).status == 200
    assert client.get(f"{VERSION}/limits").status == 401
    assert client.send("/services/oauth2/revoke", {"token": client.token}).status == 400


def test_tokens_age() -> None:
    with serve(records=10, token_lifetime=0.0, says_expiry=True) as service:
        client = Client(service)
        assert client.get(f"{VERSION}/limits").status == 401
        assert client.token_for(**client_grant(client)).json["expires_in"] == 0


def test_userinfo_names_the_user(client: Client) -> None:
    assert (
        client.get("/services/oauth2/userinfo").json["preferred_username"] == client.credentials["username"]
    )
    assert client.send("/services/oauth2/userinfo").status == 403
    assert client.send(f"{VERSION}/limits").status == 401
