"""How a request and its answer are written down, and read again."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..arrow.inflate import inflate
from ..http import Request, Response
from . import layout
from .layout import Number
from .scrub import ELSEWHERE, Scrubber

ASKED = ("if-modified-since", "if-none-match", "range")
"""The headers of a request that change what the answer is; no other is written down."""
LEFT_OUT = ("connection", "content-encoding", "content-length", "keep-alive", "transfer-encoding")
"""The headers of an answer that are about its way here; its body is written down unzipped."""
FORM = "application/x-www-form-urlencoded"

Written = dict[str, Any]
"""A request, or an answer, as JSON."""


def conditions(request: Request) -> dict[str, str]:
    """The headers of a request that change what the answer is."""
    return {name: request.headers[it] for it in request.headers if (name := it.lower()) in ASKED}


def unzipped(response: Response) -> Response:
    """The answer with its body as it was before it was zipped; `DecodeError` where it is damaged."""
    body = inflate(response.body, response.headers.get("content-encoding"))
    kept = {name: text for name, text in response.headers.items() if name not in LEFT_OUT}
    return replace(response, headers=kept, body=body)


def of_request(request: Request, scrubber: Scrubber) -> Written:
    """What is written down of a request; two that ask the same are equal."""
    asked = {name: scrubber.text(text) for name, text in conditions(request).items()}
    headers = {name.lower(): text for name, text in request.headers.items()}
    body = inflate(request.body, headers.get("content-encoding"))
    return {
        "method": request.method,
        "url": scrubber.address(request.address),
        **({"headers": asked} if asked else {}),
        **_written(body, headers, scrubber, is_answer=False),
    }


def of_response(response: Response, scrubber: Scrubber) -> Written:
    """What is written down of an answer that is not zipped."""
    return {
        "status": Number(response.status),
        "headers": scrubber.headers(response.headers),
        **_written(response.body, response.headers, scrubber, is_answer=True),
    }


def as_response(written: Mapping[str, Any], at: str) -> Response:
    """The answer that was written down; what it says of the service's own origin, it says of `at`.

    Raises `KeyError`, `TypeError`, `ValueError` or `AttributeError` for what was not written here.
    """
    headers = {name: text.replace(ELSEWHERE, at) for name, text in written["headers"].items()}
    return Response(int(written["status"]), headers, _read(written, at))


def _written(body: bytes, headers: Mapping[str, str], scrubber: Scrubber, *, is_answer: bool) -> Written:
    """A body without its secrets: as JSON where it is JSON, as lines where it is text, else as base64."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return {"base64": b64encode(body).decode()}
    if not text:
        return {}
    if headers.get("content-type", "").startswith(FORM):
        return {"lines": [scrubber.form(text, is_answer=is_answer)]}
    try:
        return {"json": scrubber.value(layout.parse(text), is_answer=is_answer)}
    except ValueError:
        return {"lines": scrubber.prose(text, is_answer=is_answer).splitlines(keepends=True)}


def _read(written: Mapping[str, Any], at: str) -> bytes:
    if "base64" in written:
        return b64decode(written["base64"], validate=True)
    text = layout.line(written["json"]) if "json" in written else "".join(written.get("lines", ()))
    return text.replace(ELSEWHERE, at).encode()
