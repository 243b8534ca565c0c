"""What is pasted is taken as it comes from an address bar, and nothing else is."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spyro_sdk.auth.paste import NotThat, query_of

OURS = "http://127.0.0.1:43210/callback"


@pytest.mark.parametrize(
    "pasted",
    [
        f"{OURS}?code=c&state=s",
        f"  {OURS}?code=c&state=s\n",
        f'"{OURS}?code=c&state=s"',
        f"<{OURS}?code=c&state=s>",
        f"{OURS}?code=c&\n  state=s",
        f"\x1b[200~{OURS}?code=c&state=s\x1b[201~",
        f"{OURS}?code=c&state=s#",
        "127.0.0.1:43210/callback?code=c&state=s",
        "localhost:43210/callback?code=c&state=s",
        "?code=c&state=s",
        "code=c&state=s",
        "/callback?code=c&state=s",
    ],
)
def test_the_address_is_taken_whole_or_its_query_alone(pasted: str) -> None:
    assert query_of(pasted, OURS) == "code=c&state=s"


@pytest.mark.parametrize(
    ("pasted", "why"),
    [
        ("", "no address"),
        ("x" * 40_000, "no address"),
        ("localhost:1/callback?code=c&state=s", "another page's address"),
        ("127.0.0.1:1/callback?code=c&state=s", "another page's address"),
        ("http:///callback?code=c&state=s", "another page's address"),
        ("c0de-alone", "a code alone cannot be checked"),
        ("code=c0de", "a code alone cannot be checked"),
        ("https://login.example/authorize?state=s", f"another page's address.*begins with {OURS}"),
        ("http://127.0.0.1:1/callback?code=c&state=s", "another page's address"),
        ("http://127.0.0.1:43210/?code=c&state=s", "another page's address"),
        ("http://evil.example:43210/callback?code=c&state=s", "another page's address"),
        ("http://127.0.0.1:99999/callback?code=c&state=s", "no address"),
        ("http://[::1/callback?code=c&state=s", "no address"),
        (OURS, "cut short"),
    ],
)
def test_what_is_no_such_address_is_explained(pasted: str, why: str) -> None:
    with pytest.raises(NotThat, match=why) as caught:
        query_of(pasted, OURS)
    assert "c0de" not in str(caught.value)


@given(st.text())
def test_nothing_else_is_ever_raised(pasted: str) -> None:
    with suppress(NotThat):
        assert "state=" in query_of(pasted, OURS)


def test_an_address_has_an_end() -> None:
    longest = f"state={'s' * (32_768 - len('state='))}"
    assert query_of(longest, OURS) == longest
    with pytest.raises(NotThat, match="no address"):
        query_of(f"{longest}s", OURS)


def test_what_a_terminal_puts_around_it_is_taken_off_and_nothing_else() -> None:
    assert query_of("`X?code=c&state=sX`", OURS) == "code=c&state=sX"
