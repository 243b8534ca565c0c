"""One HTTP request, and its answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

PLAIN_PARAMETERS = frozenset({"q", "page", "per_page", "limit", "offset", "fields", "sort", "since", "after"})
"""Query parameters whose values may be shown; every other value may be a secret."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent: an absolute URL, or a path below the connector's base URL."""

    url: str
    method: str = "GET"
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)

    def with_params(self, **params: object) -> Request:
        """The same request with more query parameters."""
        return replace(self, params={**self.params, **{name: str(value) for name, value in params.items()}})

    def with_headers(self, headers: Mapping[str, str]) -> Request:
        """The same request with more headers."""
        return replace(self, headers={**self.headers, **headers})

    @property
    def address(self) -> str:
        """The URL with its query."""
        return (
            f"{self.url}{'&' if '?' in self.url else '?'}{urlencode(self.params)}"
            if self.params
            else self.url
        )


@dataclass(frozen=True, slots=True)
class Response:
    """What came back, the body read to its end and still as it was sent (gzip and all)."""

    status: int
    headers: Mapping[str, str] = field(repr=False)  # names in lower case
    body: bytes = field(repr=False)

    @property
    def request_id(self) -> str | None:
        """What the service calls this request."""
        return self.headers.get("x-request-id") or self.headers.get("x-amzn-requestid")


Send: TypeAlias = Callable[[Request], Awaitable[Response]]
"""Send one request; raise `ConnectionError` when no answer comes."""


def origin(url: str) -> str:
    """Scheme, host and port of a URL.

    >>> origin("https://acme.example:8443/services?q=1")
    'https://acme.example:8443'
    """
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}".lower()


def redacted(url: str) -> str:
    """The URL as it may be shown: no user, no password, no parameter that might be a secret.

    >>> redacted("https://ana:pw@acme.example/query?q=SELECT&access_token=abc")
    'https://acme.example/query?q=SELECT&access_token=***'
    """
    parts = urlsplit(url)
    shown = [
        (name, value if name.lower() in PLAIN_PARAMETERS else "***")
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
    ]
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, urlencode(shown, safe="*"), ""))
