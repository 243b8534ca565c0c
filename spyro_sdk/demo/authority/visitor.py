"""A person at a browser who is not there: walks the pages for tests, with the standard library alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.client import HTTPConnection
from typing import NamedTuple
from urllib.parse import SplitResult, urlencode, urljoin, urlsplit

MOST_PAGES = 12
TIMEOUT = 10.0  # seconds


class Landing(NamedTuple):
    """Where a visit ended: at an address elsewhere, which was not opened, or at a page without a form."""

    address: str | None
    text: str


@dataclass
class Visitor:
    """Keeps cookies, follows redirects within the service, and fills in forms.

    `filled` replaces what is in the fields; `unticked` are checkboxes to clear; `allows` picks the button.
    """

    filled: Mapping[str, str] = field(default_factory=dict)
    unticked: Collection[str] = ()
    allows: bool = True
    cookies: dict[str, str] = field(default_factory=dict, repr=False)

    def visit(self, address: str) -> Landing:
        """Walk until there is nothing more to fill in."""
        home, form = urlsplit(address), None
        for _ in range(MOST_PAGES):
            there, page = self._opened(urlsplit(address), form)
            if there is not None:
                address, form = urljoin(address, there), None
                if (urlsplit(address).scheme, urlsplit(address).netloc) != (home.scheme, home.netloc):
                    return Landing(address, page.words)
                continue
            if page.action is None or page.alert:
                return Landing(None, page.words)
            address, form = urljoin(address, page.action), self._answers(page)
        raise RuntimeError(f"no end of pages at {home.netloc}")

    def _answers(self, page: _Page) -> dict[str, str]:
        fields = {name: self.filled.get(name, value) for name, value in page.fields.items()}
        ticked = {name: value for name, value in page.boxes.items() if name not in self.unticked}
        decision = {"decision": "allow" if self.allows else "deny"} if page.decides else {}
        return {**fields, **ticked, **decision}

    def _opened(self, address: SplitResult, form: Mapping[str, str] | None) -> tuple[str | None, _Page]:
        """Where an address leads, and the page there."""
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        headers["User-Agent"] = "a person"
        body = None if form is None else urlencode(form)
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection = HTTPConnection(address.netloc, timeout=TIMEOUT)
        try:
            path = address._replace(scheme="", netloc="", fragment="").geturl()
            connection.request("GET" if body is None else "POST", path, body, headers)
            response = connection.getresponse()
            name, _, value = response.headers.get("Set-Cookie", "").partition(";")[0].partition("=")
            self.cookies |= {name: value} if name else {}
            return response.headers.get("Location"), _Page(response.read().decode())
        finally:
            connection.close()


def sign_in(
    address: str, *, allow: bool = True, untick: Collection[str] = (), password: str | None = None
) -> str:
    """Log in and say yes or no; return the address that the browser is sent to, which is not opened.

    Raises LookupError with the words of the page where it goes no further, as for an app that is not known.
    """
    filled = {} if password is None else {"password": password}
    landing = Visitor(filled, {f"scope_{name}" for name in untick}, allow).visit(address)
    if landing.address is None:
        raise LookupError(landing.text)
    return landing.address


def type_code(address: str, code: str, *, allow: bool = True) -> str:
    """Type a device code in at its address, log in and say yes or no; return what the last page says."""
    return Visitor({"user_code": code}, allows=allow).visit(address).text


class _Page(HTMLParser):
    """What a person sees of a page: its words and its form."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.action: str | None = None
        self.fields: dict[str, str] = {}
        self.boxes: dict[str, str] = {}
        self.decides = self.alert = False
        self._heard: list[str] = []
        self._is_hidden = False
        self.feed(text)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self._heard).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._is_hidden = tag in ("style", "title")
        self.alert = self.alert or given.get("role") == "alert"
        name = given.get("name", "")
        if tag == "form":
            self.action = given["action"]
        elif tag == "input":
            where = self.boxes if given["type"] == "checkbox" else self.fields
            where[name] = given.get("value", "")
        elif tag == "button":
            self.decides = self.decides or name == "decision"

    def handle_endtag(self, tag: str) -> None:
        self._is_hidden = self._is_hidden and tag not in ("style", "title")

    def handle_data(self, data: str) -> None:
        if not self._is_hidden:
            self._heard.append(data)
