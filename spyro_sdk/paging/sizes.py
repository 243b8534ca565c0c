"""How many records a page may have: asked for, refused, and asked for again with fewer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..http import Request
from .answers import MOST_DIGITS, Paging, whole
from .counted import Counted
from .places import given, giving

REFUSALS = (400, 413, 422)
"""Statuses with which services refuse a page that is too large."""
TOO_LARGE = 413
BOUNDS = frozenset({"maximum", "max", "maxvalue", "le", "lte", "limitvalue", "maxsize", "maxpagesize"})
"""Under which the largest size is told as a number."""
SIZE = ("page size", "pagesize", "page_size", "per page", "per_page", "perpage")
"""What a size is called, whatever the parameter."""
NUMBER = re.compile(r"\d{1,3}(?:[,_']\d{3})+(?!\d)|\d+")


def size_of(paging: Paging, request: Request) -> int | None:
    """How many records a request asks for; None where it does not say."""
    name = getattr(paging, "size_param", None)
    return whole(given(request, name, getattr(paging, "into", "query"))) if name else None


def resized(paging: Paging, request: Request, size: int) -> Request:
    """The same request for at most `size` records."""
    known = size_of(paging, request)
    if known is None or known <= size:
        return request
    return giving(request, {str(getattr(paging, "size_param", "")): size}, getattr(paging, "into", "query"))


def smaller(paging: Paging, request: Request, status: int, payload: Any) -> int | None:
    """The size to ask for instead, when an answer refuses that of `request`; None where it does not.

    That which the answer names, or else half.
    """
    size, name = size_of(paging, request), getattr(paging, "size_param", None)
    if status not in REFUSALS or size is None or size <= 1 or not name or not _is_movable(paging, request):
        return None
    said = list(_said(payload))
    if status != TOO_LARGE and not any(_is_about(text, name) for _, text in said):
        return None
    return max((number for number in _numbers(said) if number < size), default=size // 2)


def _is_movable(paging: Paging, request: Request) -> bool:
    """Whether a request with another size asks for records from the same on: not page seven of ten each."""
    if not isinstance(paging, Counted):
        return True
    start = (paging.window(request) or (0, None))[0]
    return (paging.window(resized(paging, request, 1)) or (0, None))[0] == start


def _said(payload: Any, under: str = "") -> Iterator[tuple[str, str]]:
    """Each text and number of an answer, with the name that it stands under; each name as well."""
    if isinstance(payload, Mapping):
        for name, value in payload.items():
            yield "", str(name)
            yield from _said(value, str(name))
    elif isinstance(payload, list):
        for value in payload:
            yield from _said(value, under)
    else:
        yield under, str(payload)


def _is_about(text: str, name: str) -> bool:
    """Whether a text names the parameter, or speaks of the size of a page; not of how often we ask."""
    low, last = text.lower(), name.rpartition(".")[2].lower()
    if "rate limit" in low or "too many requests" in low:
        return False
    named = re.search(rf"(?<![a-z0-9]){re.escape(last)}(?![a-z0-9])", low)
    return named is not None or any(words in low for words in SIZE)


def _numbers(said: list[tuple[str, str]]) -> list[int]:
    """What may be the largest size: numbers called so, or else those in the words, but for 1, the least."""
    told = [text for name, text in said if _plain(name) in BOUNDS and text.isdecimal()]
    words = " ".join(text for _, text in said if " " in text)
    written = [re.sub(r"\D", "", number) for number in NUMBER.findall(words)]
    bounds, named = ([int(it) for it in digits if len(it) <= MOST_DIGITS] for digits in (told, written))
    return [number for number in bounds if number >= 1] or [number for number in named if number > 1]


def _plain(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())
