"""What Salesforce says when it does not answer, as our errors."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from spyro_sdk.connectors.salesforce.refusal import error_of
from spyro_sdk.entity import Column, EntitySchema
from spyro_sdk.errors import (
    AuthenticationError,
    ConnectorError,
    DataFetchError,
    RateLimitError,
    ValidationError,
)
from spyro_sdk.guards.retry import is_transient
from spyro_sdk.http import Response


def said(code: str, message: str = "words") -> list[dict[str, str]]:
    return [{"errorCode": code, "message": message}]


@pytest.mark.parametrize(
    ("status", "payload", "kind", "words", "passes"),
    [
        (401, said("INVALID_SESSION_ID"), AuthenticationError, "wrong, expired or revoked", False),
        (403, said("INVALID_SESSION_ID"), AuthenticationError, "wrong, expired or revoked", False),
        (401, said("INVALID_AUTH_HEADER"), AuthenticationError, "(401): INVALID_AUTH_HEADER: words", False),
        (403, said("API_DISABLED_FOR_ORG"), AuthenticationError, "(403): API_DISABLED_FOR_ORG: words", False),
        (403, said("REQUEST_LIMIT_EXCEEDED"), RateLimitError, "no request left", False),
        (429, said("TOO_MANY"), RateLimitError, "we ask too often (429): TOO_MANY: words", False),
        (400, said("INVALID_FIELD"), ValidationError, "(INVALID_FIELD): words", False),
        (400, said("INVALID_TYPE"), ValidationError, "(INVALID_TYPE): words", False),
        (400, said("MALFORMED_QUERY"), ValidationError, "(MALFORMED_QUERY): words", False),
        (400, said("QUERY_TIMEOUT"), DataFetchError, "answered 400 (QUERY_TIMEOUT): words", False),
        (404, said("NOT_FOUND"), DataFetchError, "answered 404 (NOT_FOUND): words", False),
        (410, said("UNSUPPORTED_API_VERSION"), DataFetchError, "answered 410", False),
        (500, said("UNKNOWN_EXCEPTION"), DataFetchError, "answered 500 (UNKNOWN_EXCEPTION)", True),
        (503, said("SERVER_UNAVAILABLE"), DataFetchError, "answered 503: SERVER_UNAVAILABLE: words", True),
        (414, None, DataFetchError, "answered 414", False),
        (502, None, DataFetchError, "answered 502", True),
        (302, None, DataFetchError, "answered 302", False),
        (400, {"error": "odd"}, DataFetchError, "answered 400", False),
        (400, [], DataFetchError, "answered 400", False),
        (400, ["odd"], DataFetchError, "answered 400", False),
        (400, [{}], DataFetchError, "answered 400", False),
    ],
)
def test_each_refusal_has_its_error(
    status: int, payload: Any, kind: type[ConnectorError], words: str, passes: bool
) -> None:
    error = error_of(Response(status, {}, b""), payload)
    assert type(error) is kind
    assert words in str(error)
    assert (error.connector, is_transient(error)) == ("salesforce", passes)
    assert error.status == (401 if "INVALID_SESSION_ID" in str(error) else status)


def test_a_column_that_is_gone_is_named_with_the_nearest() -> None:
    words = "\nSELECT Nam FROM Account\n ^\nNo such column 'Nam' on entity 'Account'. If you are"
    columns = tuple(Column(name, pa.string()) for name in ("Id", "Nam", "Name"))
    known = {"Account": EntitySchema("Account", columns)}
    error = error_of(Response(400, {}, b""), said("INVALID_FIELD", words), known)
    assert isinstance(error, ValidationError)
    assert (error.field, error.value, error.hint) == ("columns", "Nam", "did you mean 'Name'?")
    assert str(error).endswith("(did you mean 'Name'?)")
    strange = error_of(Response(400, {}, b""), said("INVALID_FIELD", words))
    assert isinstance(strange, ValidationError)
    assert (strange.value, strange.hint) == ("Nam", None)


def test_the_code_of_salesforce_stays_with_the_error() -> None:
    for status, code in ((400, "QUERY_TIMEOUT"), (503, "SERVER_UNAVAILABLE")):
        error = error_of(Response(status, {}, b""), said(code))
        assert isinstance(error, DataFetchError)
        assert error.error_code == code
