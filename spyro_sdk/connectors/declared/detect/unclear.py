"""What is said where the way to the next page cannot be told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ....errors import ConfigurationError
from ....failure import shape_of
from ....paging import Offset, Paging
from .envelope import leaves, lists
from .signs import is_link_list
from .written import SINGLE, line


def ambiguous(
    entity: str, payload: Any, rows: int, why: str, tried: Sequence[str], paging: Paging | None
) -> ConfigurationError:
    """The error for a service of which nobody can say how its next page is asked for."""
    write = f"write paging: {line(paging or Offset(), rows)}"
    attempts = f" Tried in vain: {'; '.join(tried)}." if tried else ""
    return ConfigurationError(
        f"{entity}: how its next page is asked for cannot be told. The service answered {shape_of(payload)},"
        f" with {rows} records{_around(payload)}; {why}.{attempts} Say how, with the names from its"
        f" documentation, such as {write[6:]}, or paging: {SINGLE} if these are all records",
        field="paging",
        hint=write,
    )


def contradicted(entity: str, paging: Paging, payload: Any, more: str) -> ConfigurationError:
    """The error for a declared paging that would end at the first page, although there is more."""
    return ConfigurationError(
        f"{entity}: paging is declared as {line(paging, 0)}, and the first answer has nothing there, so that"
        f" the fetch would end; yet {more}. The service answered {shape_of(payload)}{_around(payload)}",
        field="paging",
        hint="leave paging out, to have it found out",
    )


def _around(payload: Any) -> str:
    """The places beside the records, without their values, which may be secret."""
    places = [leaf.path for leaf in leaves(payload)][:12]
    beside = f" and, around them, {', '.join(map(repr, places))}" if places else ""
    listed = [path for path, found in lists(payload) if is_link_list(found)]
    note = f" (the links in the list at {listed[0]!r} cannot be followed by a path)" if listed else ""
    return beside + note
