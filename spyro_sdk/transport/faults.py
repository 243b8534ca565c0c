"""What is said where no answer comes; nothing in it is an address or a header that may be secret."""

from __future__ import annotations

from ..errors import CertificateError, ConfigurationError, ConnectionError, TimeoutError
from ..http import Request, redacted

CUT_SHORT = "the answer was cut short"
CLOSED = "the connection was closed before an answer"
NO_HTTP = "it does not speak HTTP"
PARTS = "its address or a header"
"""What may make no sense in a request."""
TRUST = "verify_ssl the file with its own, or set SSL_CERT_FILE to it"
"""What to give a file of certificates to."""


def too_late(name: str, request: Request | None) -> TimeoutError:
    """It took longer than `timeout`."""
    return TimeoutError(f"{name} did not answer in time{_at(request)}", connector=name)


def untrusted(name: str, request: Request | None, trust: str = TRUST) -> CertificateError:
    """Nobody whom we trust vouches for it."""
    return CertificateError(
        f"{name} showed a certificate that is not trusted{_at(request)}",
        connector=name,
        hint=f"behind a proxy that signs certificates, give {trust}",
    )


def senseless(name: str, request: Request | None, parts: str = PARTS) -> ConfigurationError:
    """No such request can be written."""
    return ConfigurationError(
        f"the request to {name}{_at(request)} cannot be sent: {parts} makes no sense",
        connector=name,
    )


def unanswered(name: str, request: Request | None, reason: str) -> ConnectionError:
    """No answer came, for a reason in words."""
    return ConnectionError(f"no answer from {name}{_at(request)}: {reason}", connector=name)


def _at(request: Request | None) -> str:
    return f" at {redacted(request.url)}" if request else ""
