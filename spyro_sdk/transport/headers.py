"""Headers that go along with every request, and those of an answer as we read them."""

from __future__ import annotations

from collections.abc import Iterable

from .. import __version__
from ..config import ConnectorConfig

AGENT = f"spyro-sdk/{__version__}"
"""Who we say we are."""
LISTS = frozenset({"content-encoding", "link", "ratelimit", "ratelimit-policy"})
"""Headers that may come in several lines, which are then one list (RFC 9110 §5.3)."""


def usual(config: ConnectorConfig) -> dict[str, str]:
    """What is sent unless a request says otherwise; `inflate` knows these encodings alone."""
    return {"Accept": "*/*", "Accept-Encoding": "gzip, deflate", "User-Agent": AGENT, **config.headers}


def by_name(lines: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The headers by their names in lower case; of one that came twice and is no list, the last."""
    headers: dict[str, str] = {}
    for name, text in ((name.lower(), text) for name, text in lines):
        headers[name] = f"{headers[name]}, {text}" if name in LISTS and name in headers else text
    return headers
