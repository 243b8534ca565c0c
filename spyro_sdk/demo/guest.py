"""Somebody who signs in to the demo by themselves, so that a notebook can show it with nobody there."""

from __future__ import annotations

import threading
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from spyro_sdk.demo.authority.visitor import TIMEOUT, sign_in, type_code


class Guest:
    """Follows each invitation at once: logs in, says yes or no, and goes back to who asked.

    Give one as `person` to `connect` or `login`. `is_there=False`: nobody to ask, as at night.
    """

    is_remote = False

    def __init__(self, *, allows: bool = True, is_there: bool = True) -> None:
        self.allows, self.can_answer = allows, is_there

    def show(self, card: Any) -> None:
        """Read the invitation; type its code, where it has one."""
        if card.user_code:
            type_code(card.address, card.user_code, allow=self.allows)

    def open(self, address: str) -> bool:
        """Walk through the pages of the service, and open the one to which they lead."""
        it = urlsplit(sign_in(address, allow=self.allows))
        connection = HTTPConnection(it.netloc, timeout=TIMEOUT)
        try:
            connection.request("GET", it._replace(scheme="", netloc="", fragment="").geturl())
            return connection.getresponse().status < 500
        finally:
            connection.close()

    def ask_secret(self, prompt: str, over: threading.Event) -> str | None:
        """Paste nothing: the browser gets through."""
        over.wait()
        return None

    def waiting(self, card: Any, seconds: float) -> None:
        """Need no countdown."""

    def done(self, card: Any, error: BaseException | None) -> None:
        """Leave it to whoever asked to say how it ended."""
