"""Whose browser it is: a cookie, and what its person is being asked."""

from __future__ import annotations

import hmac
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from spyro_sdk.demo.http import Request, Response


@dataclass
class Ask:
    """What a person is asked to allow, and what follows from the answer: the scopes, or None for no."""

    scopes: tuple[str, ...]
    settle: Callable[[tuple[str, ...] | None], Response]
    needs_login: bool = False  # even of somebody who is signed in
    target: str = ""
    """The origin to which the answer leads the browser; nothing where it stays here."""
    user_code: str | None = None


@dataclass(eq=False)
class Session:
    """One browser."""

    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    is_signed_in: bool = False
    wrong_codes: int = 0
    asked: dict[str, Ask] = field(default_factory=dict, repr=False)

    def ask(self, ask: Ask) -> str:
        """Remember a question; what is returned stands for it in the pages."""
        ticket = secrets.token_urlsafe(24)
        self.asked[ticket] = ask
        return ticket

    def sent(self, form: dict[str, str]) -> bool:
        """Whether a form comes from a page that this very browser was shown."""
        return hmac.compare_digest(form.get("csrf", "").encode(), self.csrf.encode())


class Sessions:
    """The browsers that were here. Cookies know no ports, so that the port is part of the name."""

    def __init__(self, base_url: str) -> None:
        self.cookie = f"demo_session_{urlsplit(base_url).port or ''}"
        self._known: dict[str, Session] = {}
        self._guard = threading.Lock()

    def of(self, request: Request) -> Session | None:
        """The session of a browser that has been here."""
        cookies = [it.strip().partition("=") for it in request.headers.get("cookie", "").split(";")]
        key = next((value for name, _, value in cookies if name == self.cookie), "")
        with self._guard:
            return self._known.get(key)

    def keep(self, session: Session) -> dict[str, str]:
        """The header that gives a session its cookie: a new one, and no older one is good any more."""
        key = secrets.token_urlsafe(32)
        with self._guard:
            self._known = {old: it for old, it in self._known.items() if it is not session} | {key: session}
        return {"Set-Cookie": f"{self.cookie}={key}; Path=/; HttpOnly; SameSite=Lax"}
