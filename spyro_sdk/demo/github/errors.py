"""The one way in which the demo's GitHub refuses a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DOCUMENTATION = "https://docs.github.com/rest"


class Refusal(Exception):
    """A refusal as GitHub sends it: a status and `{"message", "documentation_url", "status"}`."""

    def __init__(
        self, status: int, message: str, *, errors: Any = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})
        self.body: dict[str, Any] = {"message": message}
        if errors is not None:
            self.body["errors"] = errors
        self.body |= {"documentation_url": DOCUMENTATION, "status": str(status)}


def not_found() -> Refusal:
    """Refuse what is not there, or is not to be seen."""
    return Refusal(404, "Not Found")
