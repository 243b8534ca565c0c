"""Where a person logs in and says yes or no."""

from __future__ import annotations

import hmac

from spyro_sdk.demo.authority import pages
from spyro_sdk.demo.authority.behaviour import SigningBehaviour
from spyro_sdk.demo.authority.client import Client
from spyro_sdk.demo.authority.errors import Fault
from spyro_sdk.demo.authority.pages import Look, Ticket, Wanted
from spyro_sdk.demo.authority.sessions import Ask, Session, Sessions
from spyro_sdk.demo.http import Request, Response

AGAIN = "Go back to the app and start there again."


class Desk:
    """The login page and the consent page, for every flow that asks a person."""

    def __init__(self, look: Look, client: Client, behaviour: SigningBehaviour, sessions: Sessions) -> None:
        self.look, self.client, self.behaviour, self.sessions = look, client, behaviour, sessions

    def ask(self, request: Request, ask: Ask) -> Response:
        """Put a question to whoever sits at the browser."""
        session = self.sessions.of(request)
        headers: dict[str, str] = {}
        if session is None:
            session = Session()
            headers = self.sessions.keep(session)
        return with_headers(self._shown(session, session.ask(ask)), headers)

    def login(self, request: Request) -> Response:
        """Answer `POST` of the login page. The cookie is changed, so that one planted before is of no use."""
        form = request.form()
        session = self._session(request, form)
        ask = session.asked.get(form.get("ticket", ""))
        if ask is None:
            raise _forgotten()
        if not self._knows(form):
            complaint = "That user name and password do not belong together."
            return pages.login(self.look, self.client.name, _ticket(session, form), complaint)
        session.is_signed_in, ask.needs_login = True, False
        there = {"Location": f"{self.look.consent_path}?ticket={form['ticket']}"}
        return Response(303, headers={**there, **self.sessions.keep(session)})

    def consent(self, request: Request) -> Response:
        """Answer `GET` of the consent page: with the login page where nobody has logged in."""
        session, ticket = self.sessions.of(request), request.query.get("ticket", "")
        if session is None or ticket not in session.asked:
            raise _forgotten()
        return self._shown(session, ticket)

    def settle(self, request: Request) -> Response:
        """Answer `POST` of the consent page, once."""
        form = request.form()
        session = self._session(request, form)
        if form.get("decision") not in ("allow", "deny"):
            raise Fault("Please say yes or no", AGAIN)
        ask = session.asked.pop(form.get("ticket", ""), None)
        if ask is None:
            raise _forgotten()
        if not session.is_signed_in or ask.needs_login:
            raise Fault("You are not logged in", AGAIN, 403)
        return ask.settle(self._granted(ask, form))

    def _granted(self, ask: Ask, form: dict[str, str]) -> tuple[str, ...] | None:
        """The scopes that are granted; None for a no, which ticking nothing is, too."""
        if form["decision"] == "deny" or self.behaviour.denies:
            return None
        if self.behaviour.scopes is not None:
            return self.behaviour.scopes
        if not self.behaviour.lets_choose:
            return ask.scopes
        return tuple(name for name in ask.scopes if f"scope_{name}" in form) or None

    def _session(self, request: Request, form: dict[str, str]) -> Session:
        """The session that a form belongs to; raises for one that others made up."""
        session = self.sessions.of(request)
        if session is None or not session.sent(form):
            raise Fault("This form was not shown to you", f"Your browser has to keep cookies. {AGAIN}", 403)
        return session

    def _knows(self, form: dict[str, str]) -> bool:
        given = f"{form.get('username', '')}\n{form.get('password', '')}"
        return hmac.compare_digest(given.encode(), f"{self.look.username}\n{self.look.password}".encode())

    def _shown(self, session: Session, question: str) -> Response:
        ask, ticket = session.asked[question], Ticket(question, session.csrf)
        if not session.is_signed_in or ask.needs_login:
            return pages.login(self.look, self.client.name, ticket)
        scopes = {name: self.client.scopes[name] for name in ask.scopes}
        wanted = Wanted(self.client.name, scopes, self.behaviour.lets_choose, ask.user_code, ask.target)
        return pages.consent(self.look, ticket, wanted)


def with_headers(response: Response, headers: dict[str, str]) -> Response:
    """The same answer with more headers."""
    return Response(response.status, response.body, {**response.headers, **headers}, response.content_type)


def _ticket(session: Session, form: dict[str, str]) -> Ticket:
    return Ticket(form["ticket"], session.csrf)


def _forgotten() -> Fault:
    return Fault("This question is no longer open", f"It was answered, or its time is over. {AGAIN}")
