"""What is hidden in a recording, and what is shown."""

from __future__ import annotations

import json
from typing import Any

import pytest

from spyro_sdk.config import ConnectorConfig
from spyro_sdk.errors import ConfigurationError
from spyro_sdk.testing import layout
from spyro_sdk.testing.scrub import Scrub, Scrubber, check_lengths

KEY = "open-sesame"


def scrubber(rules: Scrub | None = None, **settings: Any) -> Scrubber:
    given = {"base_url": "https://acme.example/v1", "api_key": KEY, **settings}
    return Scrubber(ConnectorConfig("acme", **given), rules or Scrub())


def told(payload: Any, it: Scrubber | None = None) -> Any:
    """What an answer's JSON becomes."""
    shown = (it or scrubber()).value(layout.parse(json.dumps(payload)), is_answer=True)
    return json.loads(layout.line(shown))


@pytest.mark.parametrize(
    "name",
    [
        "access_token",
        "accessToken",
        "nextPageToken",
        "password",
        "X-Api-Key-Secret",
        "session",
        "csrf",
        "otp",
    ],
)
def test_what_is_called_a_secret_is_hidden(name: str) -> None:
    assert told({name: "abc"}) == {name: "SCRUBBED-1"}
    assert told({"deep": [{name: ["abc", "def", "abc"]}]}) == {
        "deep": [{name: ["SCRUBBED-1", "SCRUBBED-2", "SCRUBBED-1"]}]
    }


@pytest.mark.parametrize(
    "record",
    [
        {"author": "Ana", "authors": ["Bo"], "keyword": "tea", "keyboard": "us", "passenger": "Cy"},
        {"key": "PROJ-1", "keys": ["id"], "pass_rate": 0.5, "primary_key": "id", "auth": "basic"},
        {"token_type": "Bearer", "total_tokens": 12345, "token": "", "password": None, "session": True},
        {"sessions": 12, "name": "Di", "at": "2026-01-01T12:00:00Z", "size": 1.50},
    ],
)
def test_what_only_looks_like_a_secrets_name_is_shown(record: dict[str, Any]) -> None:
    assert told(record) == record


def test_a_name_that_may_be_a_secrets_hides_what_looks_like_one() -> None:
    assert told({"key": "a8f5f167f44f4964e6c998dee827110c", "pin": 123}) == {"key": "SCRUBBED-1", "pin": 123}


def test_a_number_stays_a_number() -> None:
    assert told({"otp": 123456, "again": {"otp": 123456}, "token": 7654321}) == {
        "otp": 1,
        "again": {"otp": 1},
        "token": 2,
    }
    assert scrubber().value(layout.parse('{"otp": 123456}'), is_answer=False) == {"otp": "0"}


def test_names_that_are_kept_are_shown() -> None:
    it = scrubber(Scrub(keep={"Next_Token"}))
    assert told({"next_token": "abc"}, it) == {"next_token": "abc"}
    assert it.address("https://acme.example/v1?next_token=abc&token=abc").endswith(
        "?next_token=abc&token=SCRUBBED"
    )


def test_a_token_that_an_answer_gives_is_the_one_that_is_sent_back() -> None:
    it = scrubber()
    assert told({"next_page_token": "p2"}, it) == {"next_page_token": "SCRUBBED-1"}
    assert told({"next_page_token": "p3"}, it) == {"next_page_token": "SCRUBBED-2"}
    assert it.address("https://acme.example/v1?cursor=p3") == "https://recorded.invalid/v1?cursor=SCRUBBED-2"
    assert it.address("https://acme.example/v1?token=SCRUBBED-2").endswith("?token=SCRUBBED-2")
    assert it.address("https://acme.example/v1?token=fresh").endswith("?token=SCRUBBED")


def test_parameters_are_in_the_order_of_their_names() -> None:
    assert (
        scrubber().address("https://ana:pw@x.example/a?b=2&a=1&b=1#part") == "https://x.example/a?a=1&b=2&b=1"
    )


def test_links_lose_their_secrets_wherever_they_stand() -> None:
    it = scrubber()
    link = "<https://files.example/a?page=2&api_key=abc#access_token=def>; rel=next"
    assert it.headers({"link": link, "location": "/a?key=b"}) == {
        "link": "<https://files.example/a?page=2&api_key=SCRUBBED-1#access_token=SCRUBBED-2>; rel=next",
        "location": "/a?key=b",
    }


def test_the_services_own_address_is_told_from_those_that_begin_alike() -> None:
    for text, shown in (
        ("https://acme.example/v1", "https://recorded.invalid/v1"),
        ("see HTTPS://ACME.EXAMPLE.", "see https://recorded.invalid."),
        ("https:\\/\\/acme.example\\/v1", "https://recorded.invalid\\/v1"),
        (
            "https://acme.example.org https://acme.example:8443",
            "https://acme.example.org https://acme.example:8443",
        ),
    ):
        assert scrubber().text(text) == shown
    assert scrubber(base_url=None).text("https://acme.example") == "https://acme.example"


def test_json_within_json_is_looked_through() -> None:
    nested = told({"payload": json.dumps({"password": "abc"}), "list": "[not json", "set": "{}"})
    assert nested == {"payload": '{"password": "SCRUBBED-1"}', "list": "[not json", "set": "{}"}


def test_prose_hides_what_follows_a_secrets_name() -> None:
    it = scrubber()
    text = "<sessionId>abcdef</sessionId> token=ghijkl, name: someone, auth: basic"
    assert it.prose(text, is_answer=True) == (
        "<sessionId>SCRUBBED-1</sessionId> token=SCRUBBED-2, name: someone, auth: basic"
    )


def test_a_form_is_an_answer_too() -> None:
    it = scrubber()
    assert it.form("access_token=abcdefgh&token_type=bearer&code=xyz", is_answer=True) == (
        "access_token=SCRUBBED-1&token_type=bearer&code=SCRUBBED-2"
    )
    assert it.form("code=other&scope=a+b", is_answer=False) == "code=SCRUBBED&scope=a+b"


def test_what_a_request_carries_in_a_secret_header_is_hidden_in_answers() -> None:
    it = scrubber()
    it.learn({"Authorization": "Session 1234567890", "Accept": "application/json"})
    assert told({"sid of theirs": "1234567890"}, it) == {"sid of theirs": "SCRUBBED"}
    assert told({"kind": "application/json"}, it) == {"kind": "application/json"}


def test_addresses_of_people_are_hidden_on_request() -> None:
    it = scrubber(Scrub(emails=True))
    people = {"a": "ana@acme.org", "b": "Bo <bo@acme.org>", "again": "ana@acme.org", "c": "x@example.com"}
    assert told(people, it) == {
        "a": "person-1@example.com",
        "b": "Bo <person-2@example.com>",
        "again": "person-1@example.com",
        "c": "x@example.com",
    }
    assert it.address("https://acme.example/?email=bo%40acme.org").endswith("?email=somebody%40example.com")
    assert told(people) == people


def test_a_rule_of_the_authors_gets_each_text() -> None:
    it = scrubber(Scrub(also=lambda text: text.replace("Acme", "Someone")))
    assert told({"Acme": ["Acme Ltd", 5]}, it) == {"Someone": ["Someone Ltd", 5]}
    assert it.address("https://x.example/Acme") == "https://x.example/Someone"


def test_a_leak_is_told_by_the_name_of_its_setting() -> None:
    it = scrubber()
    assert it.leak("SCRUBBED-api_key and nothing else") is None
    assert it.leak("b3Blbi1zZXNhbWU=") == "api_key"
    assert scrubber(api_key="api_key").leak(scrubber(api_key="api_key").text("the api_key")) is None


def test_short_secrets_are_refused_since_they_would_be_found_everywhere() -> None:
    config = ConnectorConfig("acme", api_key="abc")
    with pytest.raises(ConfigurationError, match="api_key is too short") as caught:
        check_lengths(config)
    assert (caught.value.field, caught.value.connector) == ("api_key", "acme")
    assert Scrubber(config, Scrub()).text("abc") == "abc"
