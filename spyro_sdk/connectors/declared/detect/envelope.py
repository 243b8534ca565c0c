"""Where the records are in an answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from ....errors import ConfigurationError, some
from ....failure import shape_of
from ....paging import dig
from ....reading import is_list_of_objects
from .names import are_same, bare

DEEPEST = 6
"""Levels of objects that are looked at: `data.repository.issues.pageInfo.endCursor` has five."""

USUAL = frozenset(
    {"collection", "content", "data", "docs", "documents", "elements", "entries", "entry", "hits", "items"}
    | {"list", "member", "nodes", "objects", "records", "resources", "results", "rows", "value", "values"}
)
"""What lists of records are usually called; their bare names."""
ASIDE = frozenset({"errors", "facets", "included", "link", "links", "warnings"})
"""What lists beside the records are usually called."""
IDS = frozenset({"id", "uuid", "guid"})
"""Columns by which an object looks like a record; their bare names."""


class Rank(IntEnum):
    """How likely a list is that of the records, by its name alone."""

    ASIDE = 0
    OTHER = 1
    USUAL = 2
    NAMED = 3  # like the entity


@dataclass(frozen=True, slots=True)
class Spot:
    """A list in an answer."""

    path: str
    rows: int
    rank: Rank

    def __str__(self) -> str:
        return f"{self.path!r} ({self.rows} of them)"


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value in an answer that is neither an object nor a list, nor in a list."""

    path: str
    name: str
    value: Any

    @property
    def bare(self) -> str:
        """Its name in letters and digits."""
        return bare(self.name)

    @property
    def around(self) -> str:
        """The path of the object it stands in; '' for the answer itself."""
        return self.path.removesuffix(self.name).removesuffix(".")

    @property
    def parent(self) -> str:
        """The bare name of the object it stands in; '' for the answer itself."""
        return bare(self.around.rpartition(".")[2])


def records_at(entity: str, payload: Any) -> tuple[str, tuple[str, ...]]:
    """Where the records are, and what to tell about it; `ConfigurationError` where that cannot be told."""
    if is_list_of_objects(payload):
        return "", ("the records are the answer itself, a list",)
    spots = list(_spots(entity, payload))
    if not spots:
        raise _unseen(entity, payload)
    spot = _chosen(entity, spots)
    if spot is None or _is_of_one_record(payload, spot):
        raise _ambiguous(entity, payload, spots)
    return spot.path, (_told(spot, spots, entity),)


def records_of(payload: Any, path: str) -> list[dict[str, Any]] | None:
    """The records at a path; None where there is no list of objects."""
    found = dig(payload, path)
    return found if is_list_of_objects(found) else None


def unmatched(entity: str, payload: Any, path: str) -> ConfigurationError:
    """The error for a declared place of the records at which there is no list of objects."""
    there = dig(payload, path)
    holds = "nothing" if there is None else shape_of(there)
    spots = list(_spots(entity, payload))
    elsewhere = f"; lists of objects are at {some(map(str, spots))}" if spots else ""
    return ConfigurationError(
        f"{entity}: records={path!r}, but there the service sent {holds}; it answered"
        f" {shape_of(payload)}{elsewhere}",
        field="records",
        hint=f"write records: {spots[0].path}" if len(spots) == 1 else None,
    )


def leaves(payload: Any) -> list[Leaf]:
    """The values around the records, outermost first."""
    found = [
        Leaf(path, name, value)
        for path, name, value in _walk(payload)
        if not isinstance(value, Mapping | list) and dig(payload, path) is value
    ]
    return sorted(found, key=lambda leaf: leaf.path.count("."))


def has(payload: Any, path: str) -> bool:
    """Whether there is something at a path, be it null."""
    return any(at == path for at, _, _ in _walk(payload))


def lists(payload: Any) -> list[tuple[str, list[Any]]]:
    """The lists that are not in lists, by their paths."""
    return [
        (path, value)
        for path, _, value in _walk(payload)
        if isinstance(value, list) and dig(payload, path) is value
    ]


def _walk(payload: Any, under: str = "", depth: int = 0) -> Iterator[tuple[str, str, Any]]:
    """Path, name and value of all that is not in a list, nor in one of many records by their keys."""
    if not isinstance(payload, Mapping) or depth > DEEPEST or _is_keyed(payload):
        return
    for name, value in payload.items():
        yield under + name, name, value
        yield from _walk(value, f"{under}{name}.", depth + 1)


def _is_keyed(payload: Mapping[str, Any]) -> bool:
    """Whether it is records by their keys: objects with the same columns, an id among them."""
    first, *others = payload.values() or [None]
    if not others or not isinstance(first, Mapping) or IDS.isdisjoint(map(bare, first)):
        return False
    return all(isinstance(it, Mapping) and it.keys() == first.keys() for it in others)


def _spots(entity: str, payload: Any) -> Iterator[Spot]:
    for path, found in lists(payload):
        if is_list_of_objects(found):
            yield Spot(path, len(found), _rank(entity, path.split(".")))


def _rank(entity: str, steps: Sequence[str]) -> Rank:
    *outer, last = steps
    if are_same(last, entity) or (bare(last) in USUAL and any(are_same(step, entity) for step in outer)):
        return Rank.NAMED
    if bare(last) in ASIDE:
        return Rank.ASIDE
    return Rank.USUAL if bare(last) in USUAL or "_embedded" in outer[-1:] else Rank.OTHER


def _chosen(entity: str, spots: Sequence[Spot]) -> Spot | None:
    """The one list that can be meant; None where two can."""
    best = max(spot.rank for spot in spots)
    first = [spot for spot in spots if spot.rank is best]
    if len(first) > 1:
        first = [spot for spot in first if spot.rows]
    if len(first) != 1 or best is Rank.ASIDE:
        return None
    rivals = [spot for spot in spots if spot.rows and Rank.ASIDE < spot.rank < best]
    return None if rivals and not first[0].rows and best < Rank.NAMED else first[0]


def _is_of_one_record(payload: Any, spot: Spot) -> bool:
    """Whether the list looks like one inside of a single record, such as the lines of an invoice."""
    steps = spot.path.split(".")
    if spot.rank is Rank.NAMED or (spot.rank is Rank.USUAL and len(steps) == 1):
        return False
    around = [dig(payload, ".".join(steps[:depth])) for depth in range(len(steps))]
    return any(
        bare(name) in IDS and isinstance(value, str | int)
        for it in around
        if isinstance(it, Mapping)
        for name, value in it.items()
    )


def _told(spot: Spot, spots: Sequence[Spot], entity: str) -> str:
    if len(spots) == 1:
        return f"the records are at {spot.path!r}, the one list of objects in the answer"
    why = f"named like {entity}" if spot.rank is Rank.NAMED else "by its name"
    others = some(repr(it.path) for it in spots if it is not spot)
    return f"the records are taken to be at {spot.path!r}, {why}; there are lists at {others} too"


def _ambiguous(entity: str, payload: Any, spots: Sequence[Spot]) -> ConfigurationError:
    likeliest = max(spots, key=lambda spot: (spot.rank, spot.rows))
    return ConfigurationError(
        f"{entity}: where its records are cannot be told. The service answered {shape_of(payload)}, with"
        f" objects in lists at {some(map(str, spots))}. Say which are meant: write records: {likeliest.path}",
        field="records",
        hint=f"write records: {likeliest.path}",
    )


def _unseen(entity: str, payload: Any) -> ConfigurationError:
    return ConfigurationError(
        f"{entity}: there is no list of records. The service answered {shape_of(payload)}{_instead(payload)}",
        field="records",
        hint="give the path of an address that answers with a list of objects",
    )


def _instead(payload: Any) -> str:
    """What there is in the place of a list of objects."""
    if isinstance(payload, list):
        return f" of {type(payload[0]).__name__}, where objects should be"
    for path, _ in lists(payload):
        return f"; the list at {path!r} is not one of objects only"
    for path, value in [("", payload), *((path, value) for path, _, value in _walk(payload))]:
        if (
            isinstance(value, Mapping)
            and len(value) > 1
            and all(isinstance(it, Mapping) for it in value.values())
        ):
            at = f" at {path!r}" if path else ""
            return f"; it looks like objects by their keys{at}, which cannot be read as a list"
    return "; it looks like a single record" if isinstance(payload, Mapping) and payload else ""
