"""Where the parameters of a request are: in its query, or in its JSON body."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal, TypeAlias

from ..errors import ConfigurationError, DecodeError
from ..http import Request
from .answers import dig

Into: TypeAlias = Literal["query", "body"]
"""Where the parameters of a paging travel. In the body a dotted name leads into nested objects."""

JSON = "application/json"


def given(request: Request, name: str, into: Into) -> Any:
    """What a parameter says; None where it is not there."""
    return request.params.get(name) if into == "query" else dig(_object(request.body), name)


def giving(request: Request, parameters: Mapping[str, Any], into: Into) -> Request:
    """The same request with these parameters."""
    if into == "query":
        return request.with_params(**parameters)
    payload = _object(request.body)
    for name, value in parameters.items():
        payload = _with(payload, name.split("."), value)
    is_typed = any(name.lower() == "content-type" for name in request.headers)
    headers = request.headers if is_typed else {**request.headers, "Content-Type": JSON}
    return replace(request, body=_written(payload), headers=headers)


def _with(payload: Any, steps: list[str], value: Any) -> Any:
    """A copy of an object in which `value` stands at the end of the steps."""
    first, *others = steps
    known = payload if isinstance(payload, dict) else {}
    return {**known, first: _with(known.get(first), others, value) if others else value}


def _written(payload: Any) -> bytes:
    """An object as JSON; `DecodeError` for a cursor that is no value of JSON's, or nested beyond reason."""
    try:
        return json.dumps(payload, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError):
        raise DecodeError("what stands for the cursor of the next page cannot be sent back in JSON") from None


def _object(body: bytes) -> Any:
    try:
        payload = json.loads(body or b"{}")
    except ValueError:
        payload = None
    if isinstance(payload, dict):
        return payload
    raise ConfigurationError(
        "the body of the request is no JSON object, so that the paging cannot put its parameters into it",
        field="body",
    )
