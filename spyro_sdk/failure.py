"""Which of our errors stands for a bad answer, or for an exception of somebody else's, and its words."""

from __future__ import annotations

import builtins
import errno
import re
import time
from asyncio import IncompleteReadError
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from json import JSONDecodeError
from socket import gaierror
from ssl import CertificateError as UntrustedCertificate
from ssl import SSLError
from typing import Any

from .errors import (
    AuthenticationError,
    CertificateError,
    ConnectionError,
    ConnectorError,
    DataFetchError,
    DecodeError,
    RateLimitError,
    TimeoutError,
    some,
)
from .forms import without
from .guards.quota import Quota, parse_retry_after, read_quota
from .http import origin
from .words import one_line

NO_ANSWER = (builtins.ConnectionError, builtins.TimeoutError, gaierror, SSLError, IncompleteReadError)
CLIENTS = ("aiohttp", "httpx", "requests")
"""Libraries whose exceptions, where they carry no answer, are about the way to it."""
OTHERWISE_REFUSED = (400, 403, 420)
"""Statuses with which some services refuse what is too much, and others what is wrong or forbidden."""
TOO_MANY = re.compile(
    r"rate.{0,2}limit|too many (requests|calls)|throttl|rate exceeded|request.limit.exceeded|quota exceeded",
    re.IGNORECASE,
)
UNREACHABLE = (None, errno.ENETDOWN, errno.ENETUNREACH, errno.EHOSTDOWN, errno.EHOSTUNREACH)
"""What a plain `OSError` of the network has as errno; None where several addresses were tried."""


def refused(
    name: str,
    status: int,
    headers: Mapping[str, str],
    *,
    words: str = "",
    asked: str = "",
    entity_type: str | None = None,
    error_code: str | None = None,
) -> ConnectorError:
    """The error for an answer that is not 2xx; `headers` by their names in lower case.

    `words`: what the service says; `asked`: what it answers, such as `GET /orders`.
    """
    said = f": {words}" if words else _led_away(status, headers)
    retry_after = parse_retry_after(headers.get("retry-after"), server_date=headers.get("date"))
    request_id = headers.get("x-request-id") or headers.get("x-amzn-requestid")
    if status in OTHERWISE_REFUSED and (quota := _used_up(headers)):
        retry_after = quota.resets_in if retry_after is None else retry_after
    if _is_limit(status, headers, words, retry_after):
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
    about = (f" to {asked}" if asked else "") + (f" for {entity_type}" if entity_type else "")
    return DataFetchError(
        f"{name} answered {status}{about}{said}",
        entity_type,
        error_code,
        connector=name,
        status=status,
        request_id=request_id,
    )


def _used_up(headers: Mapping[str, str]) -> Quota | None:
    """The quota of which nothing is left, by the headers of a refusal."""
    quota = read_quota(headers, now=time.time())
    return quota if quota is not None and quota.remaining == 0 else None


def _is_limit(status: int, headers: Mapping[str, str], words: str, retry_after: float | None) -> bool:
    """Whether an answer means "too many requests", which not all services say with 429."""
    if status == 429:
        return True
    if status == 503:
        return retry_after is not None
    if status not in OTHERWISE_REFUSED:
        return False
    return retry_after is not None or _used_up(headers) is not None or bool(TOO_MANY.search(words))


def _led_away(status: int, headers: Mapping[str, str]) -> str:
    """Where a redirect would lead, in words; the rest of its address may be secret."""
    away = origin(headers.get("location", ""))
    if not 300 <= status < 400 or away in ("", "://"):
        return ""
    return f": it redirects to {away}, which is not followed"


def translated(error: Exception, name: str) -> Exception:
    """Our error for what a vendor's client or a session of the connector's own raised.

    What is neither about the network nor about an answer, such as a `KeyError` or a full disk, is returned as
    it came: its own traceback says where the mistake is.
    """
    if isinstance(error, ConnectorError):
        error.connector = error.connector or name
        return error
    status, headers = _answer(error)
    if status is not None and not 200 <= status < 300:
        return refused(name, status, headers)
    is_answered = status is not None and _is_of_the_network(error)  # with 2xx, but no JSON
    if is_answered or isinstance(error, JSONDecodeError):
        return DecodeError(
            f"{name} answered with what cannot be read: {type(error).__name__}", connector=name
        )
    if not _is_of_the_network(error):
        return error
    if isinstance(error, UntrustedCertificate):
        return CertificateError(f"{name} showed a certificate that is not trusted", connector=name)
    if any("Timeout" in kind.__name__ for kind in type(error).__mro__):
        return TimeoutError(f"{name} did not answer in time", connector=name)
    return ConnectionError(f"no answer from {name}: {type(error).__name__}", connector=name)


@contextmanager
def typed(name: str) -> Iterator[None]:
    """Raise our error in the place of somebody else's, and without it: its words may hold secrets."""
    try:
        yield
    except Exception as raised:
        error = translated(raised, name)
        if error is raised:
            raise
        raise error from None


def _answer(error: Any) -> tuple[int | None, Mapping[str, str]]:
    """Status and headers of the answer that an exception of aiohttp, requests or httpx carries."""
    answer = getattr(error, "response", None)
    if answer is None:  # no `or`: a refusal is false to requests
        answer = error
    status = getattr(answer, "status_code", None) or getattr(answer, "status", None)
    if not isinstance(status, int) or not 100 <= status < 600:
        return None, {}
    headers = getattr(answer, "headers", None) or {}
    return status, {str(name).lower(): str(text) for name, text in headers.items()}


def _is_of_the_network(error: Exception) -> bool:
    """Whether no answer came; not any `OSError`, which a full disk is too."""
    if isinstance(error, NO_ANSWER) or type(error).__module__.partition(".")[0] in CLIENTS:
        return True
    return isinstance(error, OSError) and error.errno in UNREACHABLE


def told_without(error: ConnectorError, secrets: Iterable[str]) -> None:
    """Take the secrets out of what an error says: a service may say them again."""
    known = list(secrets)
    error.args = tuple(without(it, known) if isinstance(it, str) else it for it in error.args)
    for name, it in vars(error).items():
        if isinstance(it, str):
            setattr(error, name, without(it, known))


def words_of(payload: Any) -> str:
    """What an error body says in one line, from the places where such words usually stand."""
    for name in ("message", "error_description", "detail", "title", "error"):
        words = payload.get(name) if isinstance(payload, dict) else None
        if isinstance(words, dict):
            return words_of(words)
        if isinstance(words, str) and words:
            return one_line(words)[:300]
    return ""


def trouble(payload: Any, path: str) -> str:
    """What went wrong by the words of a good answer with records at `path`; '' where it does not say so.

    So GraphQL tells that a part is missing, and others that there is nothing: an `error` or `errors` that is
    not empty, beside the records.
    """
    for name in ("errors", "error"):
        said = payload.get(name) if isinstance(payload, dict) and path.partition(".")[0] != name else None
        if said and isinstance(said, str | dict | list):
            first = said[0] if isinstance(said, list) else said
            return words_of({"message": first} if isinstance(first, str) else first) or shape_of(said)
    return ""


def shape_of(payload: Any) -> str:
    """What an answer looks like, in few words and without its values."""
    if isinstance(payload, dict):
        return f"an object with {some(payload)}" if payload else "an empty object"
    return "a list" if isinstance(payload, list) else f"a {type(payload).__name__}"
