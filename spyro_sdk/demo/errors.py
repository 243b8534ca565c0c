"""The one way in which the demo refuses a request."""

from __future__ import annotations


class ApiError(Exception):
    """A refusal that travels as Salesforce sends it: a status and `[{"message", "errorCode"}]`."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    @property
    def body(self) -> list[dict[str, str]]:
        """The JSON array that Salesforce answers with."""
        return [{"message": self.message, "errorCode": self.code}]


def bad_request(code: str, message: str) -> ApiError:
    """Refuse with status 400."""
    return ApiError(400, code, message)


def not_found() -> ApiError:
    """Refuse an address that leads nowhere."""
    return ApiError(404, "NOT_FOUND", "The requested resource does not exist")
