"""What a browser comes back with is believed only where it answers our own question."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spyro_sdk.auth.redirect import Expected, says_issuer
from spyro_sdk.errors import ConnectionError, DataFetchError, SignInError
from spyro_sdk.http import Request, Response
from spyro_sdk.secret import Secret

ISSUER = "https://login.example"


def refusal(query: str, **expected: Any) -> SignInError:
    with pytest.raises(SignInError) as caught:
        Expected("s3cret-state", **expected).code(query)
    assert "s3cret" not in str(caught.value)
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("code=c0de&state=s3cret-state", {}),
        ("state=s3cret-state&code=c0de&iss=https%3A%2F%2Fanybody.example", {}),
        ("code=c0de&state=s3cret-state", {"issuer": ISSUER}),
        ("code=c0de&state=s3cret-state&iss=https%3A%2F%2Flogin.example", {"issuer": ISSUER}),
        (
            "code=c0de&state=s3cret-state&iss=https%3A%2F%2Flogin.example",
            {"issuer": ISSUER, "says_issuer": True},
        ),
        ("code=c0de&state=s3cret-state&session_state=", {}),
    ],
)
def test_a_good_answer_gives_its_code(query: str, expected: dict[str, Any]) -> None:
    assert Expected("s3cret-state", **expected).code(query) == "c0de"


@pytest.mark.parametrize(
    "query", ["code=c", "code=c&state=", "code=c&state=other", "state=%C3%A4&code=c", ""]
)
def test_an_answer_to_another_question_is_refused(query: str) -> None:
    error = refusal(query)
    assert error.error_code == "wrong_state"
    assert "another sign-in" in str(error)


@pytest.mark.parametrize(
    ("issuer", "says"),
    [
        ("https://evil.example", False),
        ("https://login.example/", False),
        ("HTTPS://login.example", False),
        (None, True),
        ("", True),
    ],
)
def test_an_answer_of_another_issuer_is_refused(issuer: str | None, says: bool) -> None:
    more = "" if issuer is None else f"&iss={issuer}"
    error = refusal(f"code=c0de&state=s3cret-state{more}", issuer=ISSUER, says_issuer=says)
    assert error.error_code == "wrong_issuer"
    assert (f"that of {issuer!r}" in str(error)) is bool(issuer)
    assert ("of nobody" in str(error)) is (not issuer)
    assert "c0de" not in str(error)


def test_an_error_of_another_issuer_is_not_believed_either() -> None:
    query = "error=access_denied&state=s3cret-state&iss=https://evil.example"
    assert refusal(query, issuer=ISSUER).error_code == "wrong_issuer"


def test_a_person_who_says_no_is_understood() -> None:
    error = refusal("error=access_denied&error_description=end-user+denied&state=s3cret-state")
    assert error.error_code == "access_denied"
    assert str(error).endswith("access_denied (end-user denied)")
    assert "refused by whoever was asked to allow it" in str(error)


def test_any_other_refusal_is_told_in_its_words_and_in_one_line() -> None:
    error = refusal("error=invalid_scope&error_description=no%0Asuch%1B%5B2Jscope&state=s3cret-state")
    assert error.error_code == "invalid_scope"
    assert str(error).endswith("does not let this app sign in: invalid_scope (nosuch[2Jscope)")
    said = str(refusal(f"error=x&error_description={'y' * 9000}&state=s3cret-state")).partition(": ")[2]
    assert said == f"x ({'y' * 297}"
    assert str(refusal("error=x&state=s3cret-state")).endswith(": x")


def test_half_a_character_is_another_state() -> None:
    assert refusal("code=c&state=s3cret-state\udcf9").error_code == "wrong_state"
    assert Expected("s3cret-\udcf9").code("code=c&state=s3cret-\udcf9") == "c"


def test_the_state_is_a_secret() -> None:
    assert isinstance(Expected("s3cret-state").state, Secret)


@pytest.mark.parametrize("query", ["state=s3cret-state", "state=s3cret-state&code="])
def test_an_answer_without_a_code_is_refused(query: str) -> None:
    assert refusal(query).error_code == "no_code"


@pytest.mark.parametrize(
    "query",
    [
        *("state=s3cret-state&code=a&code=b", "state=x&state=s3cret-state&code=a"),
        *("state=s3cret-state&code=a&code=", "&".join(["a=1"] * 200)),
        "state=s3cret-state&code=c&" + "&".join(f"a{it}=1" for it in range(99)),
    ],
)
def test_an_answer_that_can_be_read_in_two_ways_is_refused(query: str) -> None:
    assert refusal(query).error_code == "no_code"


@given(st.text())
def test_nothing_else_is_ever_raised(query: str) -> None:
    assert refusal(query, issuer=ISSUER, says_issuer=True).error_code in ("wrong_state", "no_code")


# -- whether the issuer must be named -----------------------------------------------------------------


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("answer", "promised"),
    [
        ({"issuer": ISSUER, "authorization_response_iss_parameter_supported": True}, True),
        ({"issuer": ISSUER, "authorization_response_iss_parameter_supported": "true"}, False),
        ({"issuer": ISSUER}, False),
        ({"issuer": "https://other.example", "authorization_response_iss_parameter_supported": True}, False),
        ([1], False),
        (None, False),
    ],
)
async def test_the_issuer_must_be_named_where_its_metadata_says_so(answer: Any, promised: bool) -> None:
    async def send(request: Request) -> Response:
        assert request.url == "https://login.example/.well-known/oauth-authorization-server"
        assert request.headers == {"Accept": "application/json"}
        return Response(200, {}, b"<html>" if answer is None else json.dumps(answer).encode())

    assert await says_issuer(send, ISSUER) is promised


@pytest.mark.anyio
async def test_what_an_error_page_promises_is_no_promise() -> None:
    said = {"issuer": ISSUER, "authorization_response_iss_parameter_supported": True}

    async def send(request: Request) -> Response:
        return Response(404, {}, json.dumps(said).encode())

    assert await says_issuer(send, ISSUER) is False


@pytest.mark.anyio
async def test_the_metadata_of_an_issuer_with_a_path_stand_before_it() -> None:
    """RFC 8414 §3.1."""
    asked = []

    async def send(request: Request) -> Response:
        asked.append(request.url)
        return Response(404, {}, b"{}")

    assert await says_issuer(send, "https://github.example/login/oauth/") is False
    assert asked == ["https://github.example/.well-known/oauth-authorization-server/login/oauth"]
    assert await says_issuer(send, None) is False
    assert len(asked) == 1


@pytest.mark.anyio
async def test_nobody_is_asked_to_sign_in_where_nobody_answers() -> None:
    async def gone(request: Request) -> Response:
        raise ConnectionError("no network")

    async def odd(request: Request) -> Response:
        raise DataFetchError("a redirect")

    with pytest.raises(ConnectionError, match="no network"):
        await says_issuer(gone, ISSUER)
    assert await says_issuer(odd, ISSUER) is False
