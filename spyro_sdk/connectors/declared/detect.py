"""What a declaration does not say, told by the first answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import ConfigurationError
from ...http import Request
from ...paging import ONE_PAGE, Paging


@dataclass(frozen=True, slots=True)
class Seen:
    """A request, and what came."""

    request: Request
    payload: Any
    headers: Mapping[str, str]
    size: int


@dataclass(frozen=True, slots=True)
class Told:
    """What the declaration says; None where it says nothing."""

    records: str | None
    paging: Paging | None
    key: str | None
    total: str | None


@dataclass(frozen=True, slots=True)
class Found:
    """What is declared, and what was found."""

    records: str
    paging: Paging
    key: str | None
    total: str | None
    notes: tuple[str, ...]


async def detected(entity: str, seen: Seen, told: Told, ask: Callable[[Request], Awaitable[Seen]]) -> Found:
    """Add to what is declared what the first answer shows."""
    if told.records is None and not isinstance(seen.payload, list):
        raise ConfigurationError(f"{entity} answers with no list: say where its records are", field="records")
    paging = told.paging or ONE_PAGE
    return Found(told.records or "", paging, told.key, told.total, ("the answer is the list of records",))
