"""What Salesforce says when it does not answer, as our errors.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any

from ...arrow.exact import parse
from ...arrow.inflate import inflate
from ...canonical import Translation
from ...entity import EntitySchema
from ...errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectorError,
    DataFetchError,
    DecodeError,
    RateLimitError,
    UnknownEntityError,
    ValidationError,
    did_you_mean,
)
from ...failure import refused
from ...http import Response

NAME = "salesforce"
NO_COLUMN = re.compile(r"No such column '([^']+)' on entity '([^']+)'")
MISTAKES = frozenset({"INVALID_FIELD", "INVALID_TYPE", "MALFORMED_QUERY", "INVALID_QUERY_FILTER_OPERATOR"})
"""Codes that say the question itself is wrong."""


def error_of(
    response: Response, payload: Any, described: Mapping[str, EntitySchema] = MappingProxyType({})
) -> ConnectorError:
    """The error for an answer that is not 2xx: a list of `{message, errorCode}`, or nothing readable.

    `described`: the objects whose columns are known, for a word on what may have been meant.
    """
    first = payload[0] if isinstance(payload, list) and payload and isinstance(payload[0], dict) else {}
    code, words = str(first.get("errorCode", "")), str(first.get("message", "")).strip()
    status, said = response.status, f"{code}: {words}" if code else ""
    if code == "INVALID_SESSION_ID":
        return AuthenticationError(
            f"{NAME} says that the access token is wrong, expired or revoked ({code}): get a new one, or"
            " connect with client_id and refresh_token, and it renews itself",
            connector=NAME,
            status=401,
            hint="get a new access token, or connect with client_id and refresh_token",
        )
    if code == "REQUEST_LIMIT_EXCEEDED":
        return RateLimitError(
            f"{NAME} has no request left in the last 24 hours ({code}): {words}",
            connector=NAME,
            status=status,
            hint="wait until older requests leave the 24 hours, or ask your administrator for a higher limit",
        )
    if code in MISTAKES:
        return _mistake(code, words, status, described)
    if status in (401, 403, 429, 503) or not code:
        return refused(NAME, status, response.headers, words=said, error_code=code or None)
    return DataFetchError(
        f"{NAME} answered {status} ({code}): {words}", error_code=code, connector=NAME, status=status
    )


def check(response: Response) -> None:
    """Raise what Salesforce's error body says; an answer that went well need be no JSON."""
    if not 200 <= response.status < 300:
        payload = None
        with suppress(DecodeError):
            payload = parse(inflate(response.body, response.headers.get("content-encoding")))
        raise error_of(response, payload)


def _mistake(code: str, words: str, status: int, described: Mapping[str, EntitySchema]) -> ValidationError:
    """The error for a question that is wrong; where it is a column, with the nearest that there is."""
    found = NO_COLUMN.search(words)
    column, entity = found.groups() if found else (None, "")
    known = described[entity].names if entity in described else []
    hint = did_you_mean(column, [name for name in known if name != column]) if column else None
    return ValidationError(
        f"{NAME} does not understand the question ({code}): {words}" + (f" ({hint})" if hint else ""),
        "columns" if column else "query",
        column,
        hint=hint,
        connector=NAME,
        status=status,
    )


def not_its_own(translation: Translation) -> UnknownEntityError:
    """The error for a canonical name that Salesforce itself does not know."""
    return UnknownEntityError(
        f"{NAME} has no {translation.entity!r} of its own: leave out native=True, or ask for"
        f" {translation.native!r}",
        "entity",
        translation.entity,
        connector=NAME,
    )


def not_all_said(entity: str) -> DecodeError:
    """The error for a page that does not say what a complete fetch must know."""
    return DecodeError(
        f"{NAME} sent {entity} without saying how many there are, or where the next are",
        entity,
        connector=NAME,
    )


def not_salesforce(address: str) -> ConfigurationError:
    """The error for an address at which something else answers."""
    return ConfigurationError(
        f"{address} does not answer like Salesforce: base_url must be that of your org, such as"
        " https://acme.my.salesforce.com",
        field="base_url",
        connector=NAME,
    )


def not_sent_by_bulk(entity: str, path: str) -> ValidationError:
    """The error for a compound column of which nobody told us the parts, and the Bulk API sends no other."""
    return ValidationError(
        f"{NAME}'s Bulk API sends no {path} of {entity}, nor its parts: leave that column out, or fetch it"
        " with api='rest'",
        "columns",
        path,
        hint="fetch it with api='rest'",
        connector=NAME,
    )


def not_done_by_bulk(entity: str, error: ConnectorError) -> ConnectorError:
    """The error of a job that was insisted on, with what else to do; as it came where nothing else helps."""
    if isinstance(error, AuthenticationError | RateLimitError):
        return error
    return DataFetchError(
        f"{NAME}'s Bulk API cannot fetch {entity}: {error}; fetch it with api='rest', or with 'auto', which"
        " would have done so",
        entity,
        getattr(error, "error_code", None),
        hint="fetch it with api='rest'",
        connector=NAME,
        status=error.status,
    )
