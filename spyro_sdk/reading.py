"""What one fetch knows of the bodies that it reads."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, TypeAlias

import pyarrow as pa

from .arrow.decode import Body, decode
from .arrow.schema import changes, merge
from .entity import Entity, Query
from .http import Request
from .pages import GoesOn, Page
from .paging import Foreseeing, dig
from .workers import in_worker

Change: TypeAlias = tuple[str, str, str]
"""A column that is wider than known: its name, the type that was, the type that is."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page stands in its fetch."""

    next: Request | None
    """What to ask for after it."""
    total: int | None = None
    """Records of the whole fetch, if the service says."""


Finish: TypeAlias = Callable[[Page], Awaitable[Page]]
"""What is made of a page before it is handed on."""


@dataclass(slots=True)
class Reading:
    """What one fetch knows of the bodies that it reads; its schema grows with them."""

    name: str
    """What the caller asked for."""
    entity: Entity
    schema: pa.Schema | None
    """The columns as they stand in a body: those described or declared, or else what the first page has."""
    closed: bool = False
    """Whether no other columns are wanted than those of the schema."""
    shape: Callable[[pa.RecordBatch], pa.RecordBatch] | None = None
    """What is made of the records of a page as soon as they are decoded; may not fail."""
    finish: Finish | None = None
    at_once: int | None = None  # requests under way; None for what the connector says
    is_partial: bool = False
    """Whether the schema names only some of the columns: that there are others is then no news."""
    goes_on: GoesOn | None = None
    """Asked before a page is foreseen; None where that is wanted in any case."""

    def ahead(self, request: Request, payload: Any) -> Request | None:
        """The next request, where what is foreseen of an answer tells it, and that it will be wanted."""
        paging, goes_on = self.entity.paging, self.goes_on
        if not isinstance(paging, Foreseeing):
            return None
        if goes_on is not None:
            announced = dig(payload, self.entity.total) if self.entity.total else None
            if type(announced) is not int or not goes_on(announced):
                return None
        return paging.ahead(request, payload)

    def decoded(self, body: Body) -> pa.RecordBatch:
        """The records of a body, as they stand there; called in a worker thread."""
        return decode(body, self.schema, closed=self.closed)

    def shaped(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """What is made of these; called in a worker thread."""
        return batch if self.shape is None else self.shape(batch)

    async def remade(self, page: Page) -> Page:
        """A page whose batch holds some of its records as they came, made into what is handed on."""
        page = replace(page, batch=self.shaped(page.batch))
        return page if self.finish is None else await self.finish(page)

    def recall(self, known: pa.Schema | None) -> None:
        """Take the columns for known that an earlier run has found."""
        if known is not None:
            self.schema, self.is_partial = known, False

    def learn(self, found: pa.Schema) -> list[Change]:
        """Widen the schema to what a page had; return what that changed."""
        known = self.schema
        if not found.names:  # a page without records tells nothing
            return []
        if known is None or found.equals(known):
            self.schema = known or found
            return []
        self.schema, is_partial, self.is_partial = merge(known, found), self.is_partial, False
        changed = changes(known, self.schema)
        return [it for it in changed if it[0] in known.names] if is_partial else changed


def wanted(entity: Entity, query: Query) -> tuple[pa.Schema | None, bool]:
    """The columns that a query looks at, and whether all others may be passed over.

    Not where one is an object: what is new in that would be passed over too.
    """
    if entity.schema is None or query.columns is None:
        return entity.schema, False
    asked = {*query.columns, *(query.where.columns if query.where else ())}
    known = {*entity.schema.names}
    if not all({name, name.partition(".")[0]} & known for name in asked):  # what is not declared may be there
        return entity.schema, False
    heads = {name.partition(".")[0] for name in asked} | asked | entity.telling
    wanted = pa.schema([field for field in entity.schema if field.name in heads])
    return (entity.schema, False) if any(map(pa.types.is_nested, wanted.types)) else (wanted, True)


def by_worker(*shapes: Callable[[pa.RecordBatch], pa.RecordBatch]) -> Finish:
    """Have a worker thread make something of the records of each page, one thing after the other."""

    def shaped(batch: pa.RecordBatch) -> pa.RecordBatch:
        return reduce(lambda so_far, shape: shape(so_far), shapes, batch)

    async def finish(page: Page) -> Page:
        return replace(page, batch=await in_worker(shaped, page.batch)) if shapes else page

    return finish


def is_list_of_objects(found: Any) -> bool:
    """Whether it is what records are in JSON."""
    return isinstance(found, list) and all(isinstance(it, dict) for it in found)


def last_key(batch: pa.RecordBatch, key: str | None) -> Any:
    """The key of the last record."""
    return batch[key][-1].as_py() if batch.num_rows and key in batch.schema.names else None
