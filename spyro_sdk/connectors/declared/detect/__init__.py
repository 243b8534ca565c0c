"""What a declaration does not say, told by the first answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ....errors import ConfigurationError
from ....http import Request
from ....paging import ONE_PAGE, Paging


@dataclass(frozen=True, slots=True)
class Seen:
    """A request, and what came."""

    request: Request
    payload: Any
    headers: Mapping[str, str]
    size: int


@dataclass(frozen=True, slots=True)
class Told:
    """What a declaration says; None where it says nothing, '' for a key or a total that there is not."""

    records: str | None = None
    paging: Paging | None = None
    key: str | None = None
    total: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What is declared, and what was found."""

    records: str
    paging: Paging
    key: str | None
    total: str | None
    notes: tuple[str, ...]
    is_tried: bool = True
    """Whether the paging was told, or seen to lead to a next page. Else it holds for these records only."""


async def detected(entity: str, seen: Seen, told: Told, ask: Callable[[Request], Awaitable[Seen]]) -> Found:
    """Add to what is declared what the first answer shows."""
    if told.records is None and not isinstance(seen.payload, list):
        raise ConfigurationError(f"{entity} answers with no list: say where its records are", field="records")
    paging = told.paging or ONE_PAGE
    note = "the answer is the list of records"
    return Found(told.records or "", paging, told.key or None, told.total or None, (note,), bool(told.paging))
