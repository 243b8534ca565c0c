"""The authorization endpoint: an app sends a browser here, and it comes back with a code (RFC 6749, 4.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from spyro_sdk.demo.authority.codes import Approval, Codes
from spyro_sdk.demo.authority.desk import Desk
from spyro_sdk.demo.authority.errors import Fault, OAuthError
from spyro_sdk.demo.authority.sessions import Ask
from spyro_sdk.demo.authority.tokens import Family
from spyro_sdk.demo.http import Request, Response

CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")  # a SHA-256 in base64url


class Authorize:
    """Checks what an app asks for, has a person asked, and sends the browser back."""

    def __init__(self, desk: Desk, codes: Codes, issuer: str, *, needs_challenge: bool = True) -> None:
        self.desk, self.codes, self.issuer = desk, codes, issuer
        self.needs_challenge = needs_challenge

    def __call__(self, request: Request) -> Response:
        """Answer `GET` of the endpoint.

        Where the app is not known, or the address is not one of its, nobody is sent anywhere
        (RFC 6749, section 4.1.2.1).
        """
        query = request.query
        if query.get("client_id") != self.desk.client.client_id:
            raise Fault("This app is not known here", "The client_id is not one of a registered app.")
        if not self.desk.client.may_go_to(query.get("redirect_uri", "")):
            raise Fault(
                "This app may not send you there",
                "The redirect_uri must match one that is registered: it does not match, or is missing.",
            )
        try:
            return self.desk.ask(request, self._ask(query))
        except OAuthError as error:
            return self._back(query, 302, error=error.error, error_description=error.description)

    def _ask(self, query: Mapping[str, str]) -> Ask:
        if query.get("response_type") != "code":
            raise OAuthError("unsupported_response_type", "response type must be code")
        challenge = self._challenge(query)
        scopes = self.desk.client.asked(query.get("scope", ""))

        def settle(granted: tuple[str, ...] | None) -> Response:
            if granted is None:
                refusal = {"error": "access_denied", "error_description": "end-user denied authorization"}
                return self._back(query, 303, **refusal)
            approval = Approval(Family(granted), query["redirect_uri"], challenge)
            return self._back(query, 303, code=self.codes.give(approval))

        asks_login = "login" in query.get("prompt", "").split()
        return Ask(scopes, settle, asks_login, _origin(query["redirect_uri"]))

    def _challenge(self, query: Mapping[str, str]) -> str | None:
        """The hash that the app proves itself by (RFC 7636); one that is not hashed is none."""
        challenge = query.get("code_challenge")
        if challenge is None and not self.needs_challenge:
            return None
        if challenge is None:
            raise OAuthError("invalid_request", "missing required code challenge")
        if query.get("code_challenge_method", "plain") != "S256":
            raise OAuthError("invalid_request", "code challenge method must be S256")
        if CHALLENGE.fullmatch(challenge) is None:
            raise OAuthError("invalid_request", "invalid code challenge")
        return challenge

    def _back(self, query: Mapping[str, str], status: int, **answer: str) -> Response:
        """Send the browser to the app; after a form with 303, so that what was typed is not sent along."""
        behaviour = self.desk.behaviour
        state = query.get("state", "") if behaviour.state is None else behaviour.state
        issuer = self.issuer if behaviour.issuer is None else behaviour.issuer
        answer |= {name: text for name, text in (("state", state), ("iss", issuer)) if text}
        headers = {"Location": f"{query['redirect_uri']}?{urlencode(answer)}"}
        return Response(
            status, headers={**headers, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
        )


def _origin(address: str) -> str:
    """The origin of an address as a security policy can have it: the policy's language has no IPv6."""
    parts = urlsplit(address)
    return f"{parts.scheme}:" if "[" in parts.netloc else f"{parts.scheme}://{parts.netloc}"
