"""Pagings whose answers hold the address of the next page: in a header, or in the payload."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urljoin

from ..errors import DecodeError
from ..http import Request
from .answers import Answer

PART = re.compile(
    r"<(?P<target>[^>]*)>"
    r"|;\s*(?P<name>[^\s=;,<>]+)\s*(?:=\s*(?:\"(?P<quoted>(?:[^\"\\]|\\.)*)\"|(?P<plain>[^\s;,\"]*)))?"
)
"""A target, or a parameter of the one before it: RFC 8288, section 3."""


@dataclass(frozen=True, slots=True)
class NextLink:
    """The payload holds the address of the next page, whole or relative, at `path`."""

    path: str
    size_param: str | None = None
    is_stable: bool = False
    """Whether the list stays as it is while it is read: the links are then followed to the letter."""

    def first(self, request: Request, size: int) -> Request:
        return request.with_params(**{self.size_param: size}) if self.size_param else request

    def next(self, request: Request, answer: Answer) -> Request | None:
        link = answer.at(self.path)
        return followed(request, link, repr(self.path)) if link else None

    def ahead(self, request: Request, payload: Any) -> Request | None:
        return self.next(request, Answer(payload, 0, {}))


@dataclass(frozen=True, slots=True)
class LinkHeader:
    """The header `Link` holds the address of the next page: RFC 8288."""

    rel: str = "next"
    size_param: str | None = "per_page"
    is_stable: bool = False
    """Whether the list stays as it is while it is read: the links are then followed to the letter."""

    def first(self, request: Request, size: int) -> Request:
        return request.with_params(**{self.size_param: size}) if self.size_param else request

    def next(self, request: Request, answer: Answer) -> Request | None:
        link = links(answer.headers.get("link", "")).get(self.rel.lower())
        return followed(request, link, "the header Link") if link else None


def followed(request: Request, link: Any, place: str) -> Request:
    """The request for the page at a link, which says everything that the query said; no text is repeated."""
    if isinstance(link, str):
        with suppress(ValueError):
            return replace(request, url=urljoin(request.url, link), params={})
    raise DecodeError(f"what stands at {place}, for the link to the next page, is no address")


def links(header: str) -> dict[str, str]:
    """The addresses in a `Link` header by their relation, in lower case; the first counts.

    >>> links('<https://acme.example/?page=2>; rel="next foo", </?page=9>; rel=last')
    {'next': 'https://acme.example/?page=2', 'foo': 'https://acme.example/?page=2', 'last': '/?page=9'}
    """
    found: dict[str, str] = {}
    for target, parameters in _each(header):
        if "anchor" not in parameters:  # which would make it the link of another page than this
            for rel in parameters.get("rel", "").lower().split():
                found.setdefault(rel, target)
    return found


def _each(header: str) -> list[tuple[str, dict[str, str]]]:
    """Each target with its parameters, of which the first of a name counts."""
    found: list[tuple[str, dict[str, str]]] = []
    for part in PART.finditer(header):
        if (target := part["target"]) is not None:
            found.append((target.strip(), {}))
        elif found:
            quoted = re.sub(r"\\(.)", r"\1", part["quoted"] or "")
            found[-1][1].setdefault(part["name"].lower(), quoted or part["plain"] or "")
    return found
