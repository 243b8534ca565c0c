"""What a person pastes: the address on which the browser ended."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from ..config import is_loopback

LONGEST = 1 << 15  # characters


class NotThat(ValueError):
    """What was pasted is not it; the message says to the person why, and what to paste."""


def query_of(pasted: str, redirect_uri: str) -> str:
    """The query of the address that was pasted, whole or its query alone; `NotThat` for anything else."""
    text = re.sub(r"\x1b\[\d+~|\s+", "", pasted).strip("'\"<>`")  # a terminal may have wrapped or marked it
    if not text or len(text) > LONGEST:
        raise NotThat("that is no address")
    if "://" in text or text.startswith(("localhost", "127.0.0.1")):
        return _of_address(text if "://" in text else f"http://{text}", redirect_uri)
    query = text[text.find("?") + 1 :]
    if "state=" not in query:
        raise NotThat(
            "a code alone cannot be checked: paste the whole address, from 'http' to its end, in which"
            " 'state=' stands too"
        )
    return query


def _of_address(text: str, redirect_uri: str) -> str:
    ours = urlsplit(redirect_uri)
    try:
        it = urlsplit(text)
        is_ours = is_loopback(it.hostname or "") and (it.port, it.path) == (ours.port, ours.path)
    except ValueError:
        raise NotThat("that is no address") from None
    if not is_ours:
        raise NotThat(
            "that is another page's address: sign in first, and paste the address of the page on which you"
            f" end, which begins with {redirect_uri}"
        )
    if not it.query:
        raise NotThat("the address is cut short: paste all of it, with what stands after the '?'")
    return it.query
