import json

import pytest

from spyro_sdk.auth.token import Token
from spyro_sdk.errors import DecodeError
from spyro_sdk.secret import Secret

WHOLE = Token("a", "r", 1000.5, {"instance_url": "https://eu1.acme.example"}, ("api", "id"), 400, "https://i")
BARE = Token("a")


@pytest.mark.parametrize("token", [WHOLE, BARE])
def test_a_token_comes_back_from_json_as_it_was(token):
    assert Token.from_dict(json.loads(json.dumps(token.to_dict()))) == token


def test_no_repr_shows_a_secret():
    assert repr(Token("hush", "hush", 5.0, {"id": "hush"}, ("api",), 1.0, "https://i")) == (
        "Token(expires_at=5.0, scopes=('api',), obtained_at=1.0, issuer='https://i')"
    )


def test_what_is_secret_in_it_is_so_wherever_it_is_shown():
    token = Token("hush", "hush", extra={"id_token": "hush", "instance_url": "https://eu1.acme.example"})
    assert all(isinstance(it, Secret) for it in (token.access_token, token.refresh_token))
    assert "hush" not in repr([token.access_token, token.refresh_token, token.extra])
    assert token.extra["instance_url"] == "https://eu1.acme.example"


def test_a_moment_beyond_all_times_is_none():
    for moment in (1e15, -1e15, 10**400):
        with pytest.raises(DecodeError, match="expires_at"):
            Token.from_dict({**WHOLE.to_dict(), "expires_at": moment})
    assert Token.from_dict({**WHOLE.to_dict(), "expires_at": 1e15 - 1}).expires_at == 1e15 - 1


def test_what_is_kept_of_it_is_a_copy():
    kept = WHOLE.to_dict()
    kept["extra"]["id"] = 5
    assert "id" not in WHOLE.extra
    assert json.dumps(kept)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("access_token", [None, "", 5, True, ["hush"], "hush\nX-Admin: 1", "hush\x00"]),
        ("refresh_token", ["", 5, "hush\r"]),
        ("expires_at", ["1000", True, float("nan"), float("inf"), [1]]),
        ("extra", [None, [], "hush"]),
        ("scopes", [None, "api", [5], [""]]),
        ("obtained_at", ["1000", False, float("-inf")]),
        ("issuer", ["", 5]),
    ],
)
def test_what_is_no_token_is_refused_without_showing_it(field, values):
    for value in values:
        with pytest.raises(DecodeError, match=field) as caught:
            Token.from_dict({**WHOLE.to_dict(), field: value})
        assert "hush" not in str(caught.value)
    with pytest.raises(DecodeError, match=field):
        Token.from_dict({name: value for name, value in WHOLE.to_dict().items() if name != field})


def test_what_a_new_token_does_not_say_again_stays():
    new = Token("b", expires_at=2000.0, extra={"id": "5"}, obtained_at=1400.0)
    assert WHOLE.succeeded_by(new) == Token(
        "b",
        "r",
        2000.0,
        {"instance_url": "https://eu1.acme.example", "id": "5"},
        ("api", "id"),
        1400.0,
        "https://i",
    )


def test_what_a_new_token_says_counts():
    new = Token("b", "r2", None, {"instance_url": "https://eu2.acme.example"}, ("api",), 1400.0, "https://j")
    assert WHOLE.succeeded_by(new) == new


@pytest.mark.parametrize(
    ("obtained_at", "expires_at", "old_at"),
    [
        (None, 1000.0, 940.0),
        (0.0, 1000.0, 940.0),
        (900.0, 1000.0, 975.0),  # a quarter of its life, where that is shorter than the leeway
        (2000.0, 1000.0, 1000.0),  # a clock that was set back
    ],
)
def test_a_token_is_old_before_its_end(obtained_at, expires_at, old_at):
    token = Token("a", expires_at=expires_at, obtained_at=obtained_at)
    assert not token.is_old(old_at - 0.1, 60.0)
    assert token.is_old(old_at, 60.0)


def test_a_token_without_an_end_does_not_age():
    assert not Token("a").is_old(1e12, 60.0)
