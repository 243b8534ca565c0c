"""How one version of Salesforce's API is spoken to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

from ...errors import DecodeError
from ...http import Request, Response
from ...paging import Answer

T = TypeVar("T")


class Ask(Protocol):
    """Sends a request inside all guards, and reads its JSON answer."""

    def __call__(self, request: Request, read: Callable[[Any], T], /) -> Awaitable[T]: ...


class AskRest(Protocol):
    """The same, with the request that was answered and all that stands around the answer."""

    def __call__(self, request: Request, read: Callable[[Request, Answer], T], /) -> Awaitable[T]: ...


class Call(Protocol):
    """Sends a request inside all guards, and understands whatever comes."""

    def __call__(
        self, request: Request, understand: Callable[[Response], Awaitable[T]], /
    ) -> Awaitable[T]: ...


@dataclass(frozen=True, slots=True)
class Line:
    """A line to the API at `root`."""

    root: str
    """The API with its version, which must be one for all calls of a job: `https://…/services/data/v67.0`."""
    ask: Ask
    call: Call

    @property
    def path(self) -> str:
        """The root without its host."""
        return urlsplit(self.root).path


def strict(ask: AskRest, name: str) -> Ask:
    """Make a `DecodeError` of what is not in an answer although it should be."""

    async def asked(request: Request, read: Callable[[Any], T]) -> T:
        return await ask(request, partial(_understood, read, name))

    return asked


def _understood(read: Callable[[Any], T], name: str, request: Request, answer: Answer) -> T:
    try:
        return read(answer.payload)
    except (KeyError, TypeError, ValueError, AttributeError):
        path = urlsplit(request.url).path
        raise DecodeError(
            f"{name} answered {path} with something else than it should", connector=name
        ) from None
