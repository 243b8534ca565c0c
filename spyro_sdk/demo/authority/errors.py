"""How a sign-in is refused: to a program, and to a person."""

from __future__ import annotations

from dataclasses import replace

from spyro_sdk.demo.http import Response, json_response

NOT_KEPT = {"Cache-Control": "no-store", "Pragma": "no-cache"}
"""What an answer about tokens says to those who would keep it (RFC 6749, section 5.1)."""


class OAuthError(Exception):
    """A refusal as RFC 6749, section 5.2 words it: `{"error", "error_description"}`."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error, self.description, self.status = error, description, status

    @property
    def response(self) -> Response:
        """The refusal as a program is told it."""
        body = {"error": self.error, "error_description": self.description}
        return replace(json_response(body, self.status), headers=NOT_KEPT)


class Fault(Exception):
    """Something that only a person can be told, since there is nowhere safe to send the browser."""

    def __init__(self, heading: str, advice: str, status: int = 400) -> None:
        super().__init__(heading)
        self.heading, self.advice, self.status = heading, advice, status
