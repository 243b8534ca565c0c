"""Which of our errors stands for a bad answer, or for an exception of somebody else's."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from typing import Any

from .errors import (
    AuthenticationError,
    ConnectionError,
    ConnectorError,
    DataFetchError,
    RateLimitError,
    TimeoutError,
)
from .guards.quota import parse_retry_after


def refused(
    name: str,
    status: int,
    headers: Mapping[str, str],
    *,
    words: str = "",
    entity_type: str | None = None,
    error_code: str | None = None,
) -> ConnectorError:
    """The error for an answer that is not 2xx; `headers` by their names in lower case."""
    said = f": {words}" if words else ""
    retry_after = parse_retry_after(headers.get("retry-after"), server_date=headers.get("date"))
    request_id = headers.get("x-request-id")
    if status == 429 or (status == 503 and retry_after is not None):
        asked = f"; it asks us to wait {retry_after:.0f} s" if retry_after is not None else ""
        return RateLimitError(
            f"{name} says that we ask too often ({status}){said}{asked}",
            retry_after,
            connector=name,
            status=status,
            request_id=request_id,
            hint="connect with a lower rate_limit, or share one connection",
        )
    if status in (401, 403):
        return AuthenticationError(
            f"{name} refused our credentials ({status}){said}",
            connector=name,
            status=status,
            request_id=request_id,
            hint="check that they are valid, not expired, and allowed to read this",
        )
    about = f" for {entity_type}" if entity_type else ""
    return DataFetchError(
        f"{name} answered {status}{about}{said}",
        entity_type,
        error_code,
        connector=name,
        status=status,
        request_id=request_id,
    )


def translated(error: Exception, name: str) -> Exception:
    """Our error for what a vendor's client or a session of the connector's own raised.

    What is neither about the network nor about an answer, such as a `KeyError`, is returned as it came:
    it is a mistake in the connector, and its own traceback says where.
    """
    if isinstance(error, ConnectorError):
        return error
    status, headers = _answer(error)
    if status is not None and status >= 400:
        return refused(name, status, headers)
    if isinstance(error, builtins.TimeoutError):
        return TimeoutError(f"{name} did not answer in time", connector=name)
    if isinstance(error, OSError) or type(error).__module__.partition(".")[0] in ("aiohttp", "httpx"):
        return ConnectionError(f"no answer from {name}: {type(error).__name__}", connector=name)
    return error


def _answer(error: Any) -> tuple[int | None, Mapping[str, str]]:
    """Status and headers of the answer that an exception of aiohttp, requests or httpx carries."""
    response = getattr(error, "response", None) or error
    status = getattr(response, "status_code", None) or getattr(response, "status", None)
    headers = {
        str(name).lower(): str(text) for name, text in (getattr(response, "headers", None) or {}).items()
    }
    return (status if isinstance(status, int) and not isinstance(status, bool) else None), headers
