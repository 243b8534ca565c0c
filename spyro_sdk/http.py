"""One HTTP request, and its answer."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias
from urllib.parse import unquote_plus, urlencode, urlsplit, urlunsplit

from .secret import Secret

PLAIN_PARAMETERS = frozenset(
    {"q", "page", "per_page", "limit", "offset", "fields", "sort", "direction", "state", "since", "after"}
)
"""Query parameters whose values may be shown; every other value may be a secret."""

USUAL_PORTS = {"http": ":80", "https": ":443"}

PLAIN = re.compile(r"https?://[^\x00-\x20\x7f\\@/?#]+([/?#][^\x00-\x1f\x7f]*)?", re.IGNORECASE)
"""An address of whose host there is no doubt."""

Heard: TypeAlias = Callable[[bytes, str | None], None]
"""Told the first bytes of a body, and its Content-Encoding."""


@dataclass(frozen=True, slots=True, repr=False)
class Request:
    """What is sent: an absolute URL, or a path below the connector's base URL."""

    url: str
    method: str = "GET"
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    heard: Heard | None = field(default=None, compare=False)
    """Whom to tell of the first bytes of a good answer while the rest is on its way; a transport need not."""
    noted: Any = field(default=None, compare=False)
    """What a paging has to remember of the answer that led here; it is not sent."""
    entity: str = field(default="", compare=False)
    """Whose records it asks for, by the name that the caller used; it is not sent."""

    def __repr__(self) -> str:
        return f"<Request {self.method} {redacted(self.address)}>"

    def with_params(self, **params: object) -> Request:
        """The same request with more query parameters."""
        return replace(self, params={**self.params, **{name: _text(value) for name, value in params.items()}})

    def with_headers(self, headers: Mapping[str, str]) -> Request:
        """The same request with more headers."""
        return replace(self, headers={**self.headers, **headers})

    @property
    def address(self) -> str:
        """The URL with its query; half a character, as in a cursor that makes no sense, goes as it is."""
        if not self.params:
            return self.url
        query = ("&" if "?" in self.url else "?") + urlencode(self.params, errors="surrogatepass")
        return self.url + query  # of an address that is secret the whole is as well


@dataclass(frozen=True, slots=True)
class Response:
    """What came back, the body read to its end and still as it was sent (gzip and all)."""

    status: int
    headers: Mapping[str, str] = field(repr=False)  # names in lower case
    body: bytes = field(repr=False)
    is_kept: bool = field(default=False, repr=False)
    """Whether the body came earlier, and the service said now (304) that nothing has changed."""
    asked: str = field(default="", repr=False)
    """What it answers, as it may be shown: `GET /orders`."""

    def __post_init__(self) -> None:
        if cookie := self.headers.get("set-cookie"):
            object.__setattr__(self, "headers", {**self.headers, "set-cookie": Secret(cookie)})

    @property
    def request_id(self) -> str | None:
        """What the service calls this request."""
        return self.headers.get("x-request-id") or self.headers.get("x-amzn-requestid")


Send: TypeAlias = Callable[[Request], Awaitable[Response]]
"""Send one request; raise `ConnectionError` when no answer comes."""


def origin(url: str) -> str:
    """Scheme, host and port of a URL, the port only where it is not the usual one; '' for what is no URL.

    >>> origin("https://acme.example:8443/services?q=1")
    'https://acme.example:8443'
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    host = parts.netloc.rpartition("@")[2].removesuffix(USUAL_PORTS.get(parts.scheme, ""))
    return f"{parts.scheme}://{host}".lower()


def server_of(url: str) -> tuple[str, int]:
    """Host and port of a URL that is one.

    >>> server_of("https://acme.example/services?q=1")
    ('acme.example', 443)
    """
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or int(USUAL_PORTS[parts.scheme].removeprefix(":"))


def is_at(url: str, home: str) -> bool:
    """Whether a URL leads to the origin of `home`, however it is read.

    Where a host ends is read differently by different libraries if there is a user, a backslash or a control
    character in it; such a URL leads nowhere.

    >>> is_at("https://acme.example/page?n=2", "https://acme.example/api")
    True
    >>> is_at("https://ana@acme.example/page?n=2", "https://acme.example/api")
    False
    """
    return bool(PLAIN.fullmatch(url)) and origin(url) == origin(home)


def redacted(url: str) -> str:
    """The URL as it may be shown: no user, no password, no parameter that might be a secret; never raises.

    >>> redacted("https://ana:pw@acme.example/query?q=SELECT&access_token=abc")
    'https://acme.example/query?q=SELECT&access_token=***'
    """
    if isinstance(url, Secret):
        return f"{origin(url)}/***"
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  # raises where a password cuts the host short
    except ValueError:
        return "***"
    query = "&".join(_shown(parameter) for parameter in re.split("[&;]", parts.query) if parameter)
    if not parts.netloc and "@" in parts.path:  # `ana:pw@acme.example`: what looks like a scheme is a user
        return urlunsplit(("", "", parts.path.rpartition("@")[2], query, ""))
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, query, ""))


def _text(value: object) -> str:
    return value if isinstance(value, str) else str(value)


def _shown(parameter: str) -> str:
    """A query parameter as it may be shown; one without a name is hidden whole."""
    name, equals, _ = parameter.partition("=")
    if unquote_plus(name).lower() in PLAIN_PARAMETERS:
        return parameter
    return f"{name}=***" if equals else "***"
