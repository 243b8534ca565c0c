import json
import re
from dataclasses import replace

import pytest

from spyro_sdk.auth.token import Token
from spyro_sdk.auth.tokens.account import Account, decoded, encoded
from spyro_sdk.errors import DecodeError

ACCOUNT = Account("acme", "https://login.acme.example", "3MVG9", "work")


def test_a_key_is_the_same_for_equals_in_every_process():
    assert ACCOUNT.key == Account("acme", "https://login.acme.example", "3MVG9", "work").key
    assert ACCOUNT.key == "acme-dd068d729cc19ee3ef03982b419eba62"


def test_of_several_sign_ins_the_first_needs_no_name():
    assert Account("acme", "https://i", "app") == Account("acme", "https://i", "app", profile="", given="")


def test_accounts_that_differ_have_different_keys():
    others = [replace(ACCOUNT, **{name: "other"}) for name in Account.__match_args__]
    shifted = replace(ACCOUNT, client_id="3MVG9work", profile="")
    assert len({it.key for it in (ACCOUNT, shifted, *others)}) == 7


@pytest.mark.parametrize(
    "name",
    [
        "acme",
        "Ac/me",
        "../../etc/passwd",
        "a" * 500,
        "",
        "con",
        "añá",
        "a\x00b",
        ".hidden",
        "a b'\"\n",
        "日本",
    ],
)
def test_a_key_is_a_plain_file_name_without_what_it_is_made_of(name):
    key = Account(name, "https://hush.example?token=hush", "hush-id", "hush").key
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*-[0-9a-f]{32}", key)
    assert len(key) <= 65
    assert "hush" not in key


@pytest.mark.parametrize("token", [Token("a", "r", 5.0, {"x": [1]}, ("api",), 1.0, "i"), None])
def test_a_record_comes_back_as_it_was(token):
    assert decoded(encoded(ACCOUNT, token)) == (ACCOUNT, token)


def test_a_record_is_text_that_a_person_can_read():
    assert b'\n "account": {\n' in encoded(ACCOUNT, Token("a"))


def test_a_record_is_read_by_later_versions_too():
    assert json.loads(encoded(ACCOUNT, None)) == {
        "version": 1,
        "account": {
            "connector": "acme",
            "issuer": "https://login.acme.example",
            "client_id": "3MVG9",
            "profile": "work",
            "given": "",
        },
        "token": None,
    }


def test_an_account_is_told_in_words_alone():
    record = json.loads(encoded(ACCOUNT, None))
    record["account"]["profile"] = 5
    with pytest.raises(DecodeError, match="does not say in words"):
        decoded(json.dumps(record).encode())


def test_a_record_that_is_too_long_is_not_parsed():
    with pytest.raises(DecodeError, match="it is longer than 1048576 bytes"):
        decoded(b" " * 1_048_577)
    with pytest.raises(DecodeError, match="no JSON"):
        decoded(b" " * 1_048_576)
