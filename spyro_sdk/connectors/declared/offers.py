"""What a declaration says becomes entities."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa

from ...entity import Entity, Parent
from ...errors import ConfigurationError
from ...paging import ONE_PAGE
from ...secret import all_hidden
from .columns import arrow_type, hinted
from .detect import Told
from .drafts import Draft, drafts
from .pagings import Misfit, paging_of
from .placeholders import Asked, asked
from .since import Since

ENDS_IN_PLACEHOLDER = re.compile(r"\{[\w.-]+\}[^/]*$")
"""A path whose last step is one record's: the answer is that record, and no list."""
SEPARATOR = "_"
"""Between the name of an object and that of its field, in flat columns."""


@dataclass(frozen=True, slots=True)
class Offer:
    """An entity, and what only a declaration knows of it."""

    entity: Entity
    """As far as it is declared."""
    told: Told
    """What of it need not be found out."""
    place: str
    """Where it is declared."""
    at: Mapping[str, str] = field(default_factory=dict)
    """Where its key and its cursor are declared."""
    keys: tuple[str, ...] = ()
    """The columns that together tell one record from another, as they are declared."""
    since: Since | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    ignored: Sequence[Any] = ()
    is_flat: bool = False
    is_single: bool = False
    rows_of: tuple[str, str] | None = None
    """The entity and its column of lists, whose items are the records."""

    @property
    def is_told(self) -> bool:
        """Whether nothing has to be found out."""
        told = self.told
        return None not in (told.records, told.paging, told.key, told.total)


def offers(declaration: Any) -> dict[str, Offer]:
    """The entities of a declaration, by name; `ConfigurationError` where they make no sense together."""
    all_drafts = list(drafts(declaration))
    known = _by_name(all_drafts)
    found: dict[str, Offer] = {}
    for draft in all_drafts:
        found[draft.name] = offer = _offer(draft, known)
        found |= {child.entity.name: child for child in _children(draft, offer)}
    _check_no_circle(found)
    return found


def _by_name(all_drafts: Sequence[Draft]) -> dict[str, Draft]:
    """The drafts by the names of entities, those made of lists in their records included."""
    known: dict[str, Draft] = {}
    for draft in all_drafts:
        for name in (draft.name, *(draft.children or ())):
            if name in known:
                key = "name" if name == draft.name else "children"
                raise draft.wrong(key, f"{name!r} is taken: {known[name].place} has that name")
            known[name] = draft
    return known


def _offer(draft: Draft, known: Mapping[str, Draft]) -> Offer:
    it = asked(draft, known)
    is_single = _is_single(draft)
    paging = ONE_PAGE if is_single and draft.paging is None else _paging(draft)
    told = _told(draft, paging, is_single)
    since = it.since
    entity = Entity(
        draft.name,
        _path(draft, it),
        told.records or "",
        paging or ONE_PAGE,
        _key(draft),
        None if since is None else since.column,
        draft.total,
        _schema(draft),
        draft.label,
        draft.method,
        it.params,
        it.body,
        _parent(draft, it, known),
    )
    at = {name: draft.at(name) for name in ("key", "cursor", "path", "records")}
    keys, headers = draft.keys, all_hidden(draft.headers or {})
    return Offer(
        entity,
        told,
        draft.place,
        at,
        keys,
        since,
        headers,
        draft.ignored,
        draft.nested == "flatten",
        is_single,
    )


def _told(draft: Draft, paging: Any, is_single: bool) -> Told:
    """What need not be found out: also that there is no such thing."""
    records = "" if is_single and draft.records is None else draft.records
    none = draft.said | ({"key", "total"} if is_single else set()) | ({"key"} if draft.keys else set())
    key = _key(draft) or ("" if "key" in none else None)
    return Told(records, paging, key, draft.total or ("" if "total" in none else None))


def _is_single(draft: Draft) -> bool:
    if draft.is_short or draft.is_single:
        return draft.is_single
    return draft.records in (None, "") and ENDS_IN_PLACEHOLDER.search(draft.path) is not None


def _paging(draft: Draft) -> Any:
    """The declared paging; None where it is to be found out."""
    declared = draft.paging
    if declared is None or declared == "auto":
        return None
    try:
        return paging_of(declared)
    except Misfit as misfit:
        raise draft.wrong(f"paging.{misfit.key}", f"does not fit: {misfit}") from None


def _key(draft: Draft) -> str | None:
    return draft.keys[0] if len(draft.keys) == 1 else None


def _path(draft: Draft, it: Asked) -> str:
    if _is_whole(it.path):
        raise draft.wrong("path", f"is {it.path!r}, a whole address: it must be a path below base_url")
    return "/" + it.path.lstrip("/")


def _is_whole(path: str) -> bool:
    """Whether it is an address with a host."""
    try:
        return bool(urlsplit(path).scheme)
    except ValueError:  # with a host that cannot be
        return True


def _schema(draft: Draft) -> pa.Schema | None:
    if not draft.columns:
        return None
    return pa.schema([pa.field(name, kind) for name, kind in _columns(draft)])


def _columns(draft: Draft) -> Iterator[tuple[str, pa.DataType]]:
    declared = draft.columns
    pairs = declared.items() if isinstance(declared, Mapping) else ((hint.name, hint) for hint in declared)
    for name, hint in pairs:
        if name is None:
            raise draft.wrong("columns", "has a column without a name")
        try:
            kind = arrow_type(hint) if isinstance(hint, str) else hinted(hint)
        except ValueError as error:
            came = hint if isinstance(hint, str) else hint.data_type
            raise draft.wrong(f"columns.{name}", f"is {came!r}, which is no type: write {error}") from None
        if kind is not None:
            yield name, kind


def _parent(draft: Draft, it: Asked, known: Mapping[str, Draft]) -> Parent | None:
    if it.parent is None:
        if draft.include:
            raise draft.wrong(
                "include", "takes columns of a parent, and nothing here asks for a field of one"
            )
        return None
    above = known[it.parent]
    is_flat = above.nested == "flatten" and above.name == it.parent
    include = {f"_{it.parent}_{name}": _column(name, is_flat) for name in draft.include}
    return Parent(it.parent, {name: _column(path, is_flat) for name, path in it.fields.items()}, include)


def _column(path: str, is_flat: bool) -> str:
    """What a dotted column is called in the table."""
    return path.replace(".", SEPARATOR) if is_flat else path


def _children(draft: Draft, offer: Offer) -> Iterator[Offer]:
    """The entities made of lists in the records."""
    for name, column in (draft.children or {}).items():
        entity = replace(offer.entity, name=name, schema=None, label="")
        rows_of = draft.name, _column(column, offer.is_flat)
        yield Offer(entity, offer.told, offer.place, offer.at, is_flat=offer.is_flat, rows_of=rows_of)


def _check_no_circle(found: Mapping[str, Offer]) -> None:
    above = {name: {it.entity.parent.entity} for name, it in found.items() if it.entity.parent}
    above |= {name: {it.rows_of[0]} for name, it in found.items() if it.rows_of}
    try:
        TopologicalSorter(above).prepare()
    except CycleError as error:
        circle = list(reversed(error.args[1]))
        place = found[circle[0]].at["path"]
        raise ConfigurationError(
            f"{place} leads round in a circle: {' is asked for by '.join(circle)}", field=place
        ) from None
