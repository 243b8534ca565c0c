"""People who are asked to sign in, and what they do at a browser that is not there."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlsplit

from spyro_sdk.auth.person import Invitation
from spyro_sdk.demo.authority import visitor


class Page(NamedTuple):
    """What a browser got."""

    status: int
    headers: dict[str, str]
    text: str


def browse(address: str, method: str = "GET", **headers: str) -> Page:
    """Open an address, as a browser would."""
    it = urlsplit(address)
    connection = http.client.HTTPConnection(it.hostname or "", it.port, timeout=10)
    try:
        path = it._replace(scheme="", netloc="", fragment="").geturl()
        connection.request(method, path, headers={"Host": it.netloc, **headers})
        response = connection.getresponse()
        return Page(response.status, dict(response.headers), response.read().decode())
    finally:
        connection.close()


class Visitor:
    """Follows an invitation at once.

    `go` gets the address that is shown, and returns the one on which the browser ends; None: nowhere.
    `pastes` are what is pasted, one after the other; a function gets the address to make it of.
    """

    def __init__(
        self,
        go: Callable[[str], str | None] = visitor.sign_in,
        *,
        pastes: list[str | Callable[[str], str] | None] | None = None,
        can_answer: bool = True,
        is_remote: bool = False,
        opens: bool = True,
    ) -> None:
        self.go, self.pastes, self.opens = go, pastes, opens
        self.can_answer, self.is_remote = can_answer, is_remote
        self.cards: list[Invitation] = []
        self.pages: list[Page] = []
        self.prompts: list[str] = []
        self.left: list[float] = []
        self.outcomes: list[BaseException | None] = []
        self.threads: set[int] = set()

    def show(self, card: Invitation) -> None:
        self.threads.add(threading.get_ident())
        self.cards.append(card)
        if card.user_code:
            visitor.type_code(card.address, card.user_code)

    def open(self, address: str) -> bool:
        if self.opens and (there := self.go(address)):
            self.pages.append(browse(there))
        return self.opens

    def ask_secret(self, prompt: str, over: threading.Event) -> str | None:
        self.threads.add(threading.get_ident())
        self.prompts.append(prompt)
        if not self.pastes:
            over.wait(10)
            return None
        paste = self.pastes.pop(0)
        return paste(self.go(self.cards[-1].address) or "") if callable(paste) else paste

    def waiting(self, card: Invitation, seconds: float) -> None:
        self.left.append(seconds)

    def done(self, card: Invitation, error: BaseException | None) -> None:
        self.outcomes.append(error)
