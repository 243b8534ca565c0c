"""What the headers of a delivery claim: nothing of it is proven yet."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Self

from ..errors import WebhookError
from .scheme import Header, Item, Place, Scheme

LONGEST: Final = 8192  # letters of a header
SECONDS: Final = re.compile(r"[0-9]{1,11}")
"""A moment in seconds since 1970, up to the year 5138."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What is claimed of a body."""

    id: str
    kind: str
    timestamp: str
    signatures: tuple[bytes, ...]

    @classmethod
    def of(cls, scheme: Scheme, headers: Any) -> Self:
        """What these headers claim; `WebhookError` where one is missing, came twice or makes no sense."""
        found = _Headers(scheme, headers)
        items = [it.strip() for it in found.one(scheme.signature).split(scheme.between)]
        return cls(
            found.at(scheme.id),
            found.at(scheme.kind),
            _timestamp(scheme, found, items),
            tuple(it.encode(errors="backslashreplace") for it in _after(scheme.mark, items)),
        )


class _Headers:
    """The headers that came: in any case, as texts or as bytes."""

    def __init__(self, scheme: Scheme, headers: Any) -> None:
        self._scheme = scheme
        self._found: dict[str, list[str]] = {}
        try:
            for name, value in headers.items() if hasattr(headers, "items") else headers:
                self._found.setdefault(_text(name).lower(), []).append(_text(value))
        except (TypeError, ValueError):
            raise malformed(scheme, "its headers are neither a mapping nor pairs") from None

    def one(self, name: str) -> str:
        values = self._found.get(name.lower(), [])
        if not any(values):
            raise malformed(self._scheme, f"its header {name} is missing")
        if len(values) > 1 or len(values[0]) > LONGEST:
            wrong = "came twice" if len(values) > 1 else "is too long"
            raise malformed(self._scheme, f"its header {name} {wrong}")
        return values[0]

    def at(self, place: Place | None) -> str:
        """What stands in a header; '' for what stands elsewhere."""
        return self.one(place.name) if isinstance(place, Header) else ""


def malformed(scheme: Scheme, wrong: str) -> WebhookError:
    """The error for a delivery that is none of this scheme's."""
    return WebhookError(f"a delivery for {scheme.name} is none: {wrong}", error_code="malformed")


def _timestamp(scheme: Scheme, headers: _Headers, items: Iterable[str]) -> str:
    if scheme.timestamp is None:
        return ""
    place = scheme.timestamp
    said = _after(place.mark, items) if isinstance(place, Item) else [headers.one(place.name)]
    if len(said) != 1 or not SECONDS.fullmatch(said[0]):
        raise malformed(scheme, "its timestamp is no number of seconds since 1970")
    return said[0]


def _after(mark: str, items: Iterable[str]) -> list[str]:
    return [it.removeprefix(mark) for it in items if it.startswith(mark)]


def _text(value: Any) -> str:
    """A name or a value as a text; '' for what is none."""
    if isinstance(value, bytes):
        return value.decode("latin-1")  # as web servers read them: any byte is a letter
    return value if isinstance(value, str) else ""
