"""Ask whether an answer has changed, rather than for all of it again (RFC 9110 §13.1.2)."""

from __future__ import annotations

import inspect
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from os import urandom

from ..http import Request, Response, Send
from ..secret import revealed

OF_THE_BODY = ("content-encoding", "content-length", "content-type", "transfer-encoding")
"""Headers that tell of the body: those that came with it hold for it, not those of an answer without one."""
LARGEST = 4  # no answer takes more than such a part of the memory: others would have no room
OVERHEAD = 1024  # bytes that an answer takes beside its body, about


@dataclass(slots=True)
class Kept:
    """Answers with an ETag, as they came, up to so many bytes; those used longest ago go first.

    They are kept for one account: what tells requests apart holds their credentials too, hashed with a salt.
    """

    memory: int  # bytes
    size: int = 0  # bytes in use
    _answers: OrderedDict[bytes, Response] = field(default_factory=OrderedDict, repr=False)
    _salt: bytes = field(default_factory=lambda: urandom(16), repr=False)

    def __len__(self) -> int:
        return len(self._answers)

    def get(self, request: Request) -> Response | None:
        """What was answered to the same request, if that is still here."""
        identity = self._identity(request)
        if identity in self._answers:
            self._answers.move_to_end(identity)
        return self._answers.get(identity)

    def put(self, request: Request, response: Response) -> None:
        """Keep an answer in the place of the one before it, if it is not too big."""
        self.forget(request)
        if _weight(response) * LARGEST > self.memory:
            return
        self._answers[self._identity(request)] = response
        self.size += _weight(response)
        while self.size > self.memory:
            self.size -= _weight(self._answers.popitem(last=False)[1])

    def forget(self, request: Request) -> None:
        """Drop what was answered to a request, such as a body that turned out to be of no use."""
        if dropped := self._answers.pop(self._identity(request), None):
            self.size -= _weight(dropped)

    def _identity(self, request: Request) -> bytes:
        headers = sorted((name.lower(), text) for name, text in request.headers.items())
        told = repr(revealed((request.method, request.address, headers)))
        return blake2b(told.encode(), key=self._salt, digest_size=16).digest()


class Conditional:
    """A `Send` around another: what has an ETag is asked for again only if it has changed.

    A service answers an unchanged one with 304 and no body, which many do not count. The caller gets the
    answer that was kept, `is_kept`, with what the new one says in its headers.
    """

    def __init__(self, send: Send, kept: Kept) -> None:
        self._send, self._kept = send, kept

    async def __call__(self, request: Request) -> Response:
        """Send a request, conditional where an answer to it is kept."""
        if request.method != "GET" or _is_conditional(request.headers):
            return await self._send(request)
        known = self._kept.get(request)
        if known is None:
            return self._noted(request, await self._send(request))
        came = await self._send(request.with_headers({"If-None-Match": known.headers["etag"]}))
        if came.status != 304:
            return self._noted(request, came)
        return self._noted(request, replace(known, headers=_renewed(known.headers, came.headers)), True)

    async def close(self) -> None:
        """Close what sends; the answers stay."""
        closing = getattr(self._send, "close", None)
        outcome = closing() if closing else None
        if inspect.isawaitable(outcome):
            await outcome

    def _noted(self, request: Request, response: Response, is_kept: bool = False) -> Response:
        if response.status == 200 and response.headers.get("etag"):
            self._kept.put(request, response)
        elif response.status < 500:  # what is not there any more is not kept either
            self._kept.forget(request)
        return replace(response, is_kept=is_kept)


def _weight(response: Response) -> int:
    return len(response.body) + OVERHEAD


def _is_conditional(headers: Mapping[str, str]) -> bool:
    return any(name.lower().startswith("if-") for name in headers)


def _renewed(known: Mapping[str, str], came: Mapping[str, str]) -> dict[str, str]:
    """The headers of a kept answer, brought up to date by those that said it holds (RFC 9111 §3.2)."""
    return {**known, **{name: text for name, text in came.items() if name not in OF_THE_BODY}}
