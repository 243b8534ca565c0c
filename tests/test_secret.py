"""Texts that are used, and never shown."""

from __future__ import annotations

import copy
import json
import pickle

import pytest

from spyro_sdk.forms import without
from spyro_sdk.secret import Secret, Unseen, all_hidden, hidden, hide, revealed, secrets_in


def test_a_secret_is_a_text_but_for_its_repr():
    secret = Secret("s3cret")
    assert secret == "s3cret"
    assert hash(secret) == hash("s3cret")
    assert f"{secret}" == str(secret) == "s3cret"
    assert json.dumps([secret]) == '["s3cret"]'
    assert repr(secret) == "'***'"
    assert repr(secret.encode()) == "b'***'"
    assert secret.encode() == b"s3cret"


def test_what_is_added_to_a_secret_is_one():
    for text in ("Bearer " + Secret("s3cret"), Secret("s3cret") + "!"):
        assert type(text) is Secret
    assert "Bearer " + Secret("s3cret") == "Bearer s3cret"
    assert Secret("s3cret") + "!" == "s3cret!"


@pytest.mark.parametrize("held", [Secret("s3cret"), Secret("s3cret").encode(), Unseen({"a": "s3cret"})])
def test_a_secret_is_not_pickled(held):
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="a secret is not pickled"):
            pickle.dumps({"in": [held]}, protocol)


@pytest.mark.parametrize("held", [Secret("s3cret"), Secret("s3cret").encode()])
def test_a_secret_in_a_copy_is_the_same(held):
    assert copy.copy(held) is held
    assert copy.deepcopy([held])[0] is held


def test_the_environment_is_counted_and_not_shown():
    environment = Unseen({"A": "1", "B": "2"})
    assert repr(environment) == "<2 values>"
    assert dict(environment) == {"A": "1", "B": "2"}


def shown(value):
    return str(value).count("s3cret")


@pytest.mark.parametrize(
    ("settings", "seen"),
    [
        ({"access_token": "s3cret", "api-key": "s3cret", "Cookie": "s3cret"}, 0),
        (
            {
                "name": "s3cret",
                "auth": "s3cret",
                "auth_type": "s3cret",
                "token_url": "https://s3cret.example",
            },
            4,
        ),
        ({"headers": {"Accept": "s3cret"}, "custom_params": {"signing": [{"secret": "s3cret"}]}}, 0),
        ({"custom_params": {"owner": ("s3cret",)}, "password": 7, "other": {"a": "s3cret"}}, 2),
        ({"auth": {"type": "s3cret", "name": "s3cret", "value": "s3cret", "token": "s3cret"}}, 2),
        ({"entities": {"tokens": "s3cret", "a": {"params": {"key": "s3cret", "page": "s3cret"}}}}, 2),
        ({"base_url": "https://ana:s3cret@acme.example"}, 0),
        ({"base_url": "https://acme.example/?a=s3cret", "token_url": "https://a.example/?token=s3cret"}, 0),
        ({"token_url": "https://acme.example/?a=s3cret"}, 1),
    ],
)
def test_what_is_called_like_a_secret_is_hidden(settings, seen):
    assert hidden(settings) == settings
    assert shown(hidden(settings)) == seen


def test_a_name_that_nobody_knows_may_be_a_secret_spelled_wrong():
    settings = {"acess_tokn": "s3cret", "owner": "acme", "number": 7}
    assert hidden(settings, {"owner"}) == settings
    assert str(hidden(settings, {"owner"})) == "{'acess_tokn': '***', 'owner': 'acme', 'number': 7}"


def test_secrets_are_told_apart_by_what_they_hold():
    one, other = ({"a": [Secret(it)], "b": ("x", 1)} for it in ("one", "other"))
    assert repr(one) == repr(other)
    assert revealed(one) == {"a": ["one"], "b": ["x", 1]} != revealed(other)
    assert list(secrets_in([one, {"c": other}])) == ["one", "other"]


def test_attributes_are_hidden_where_they_stand():
    class Holder:
        token, headers, none = "s3cret", {"a": "s3cret"}, None

    holder = Holder()
    hide(holder, "token", "headers", "none")
    assert repr(vars(holder)) == "{'token': '***', 'headers': {'a': '***'}}"
    assert all_hidden({"a": 7}) == {"a": 7}  # type: ignore[dict-item]  # what it is is checked later


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("bad token abc/def+ghi=jkl", "bad token ***"),
        ("bad token abc%2Fdef%2Bghi%3Djkl!", "bad token ***!"),
        ("Bearer YWJjL2RlZitnaGk9amts", "Bearer ***"),
        ("cut short: abc/def+ghi=", "cut short: ***"),
        ("twice: abc/def+ghi=jkl, abc/def+ghi=jkl", "twice: ***, ***"),
        ("nothing of it: abc/def", "nothing of it: abc/def"),
        ("", ""),
    ],
)
def test_a_secret_is_taken_out_of_words_in_whichever_form(text, left):
    assert without(text, ["abc/def+ghi=jkl", ""]) == left


def test_a_secret_too_short_to_be_told_from_other_text_stays():
    assert without("the token is bad", ["token"]) == "the token is bad"
