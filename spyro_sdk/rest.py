"""A service described by its entities, over HTTP."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from .arrow.select import Selection, column_at
from .canonical import Context, Translation
from .entity import Column, Entity, EntitySchema, Query, unknown_column, unknown_entity
from .errors import DataFetchError, ValidationError
from .events import PageArrived
from .family import Children, filled, included, kind_at, needed
from .http import Request, redacted
from .lists import ListConnector
from .pages import Page, watched
from .plan import Plan
from .question import Question, listed
from .reading import Reading, by_worker, wanted

if TYPE_CHECKING:
    from .where import Leaf, Where


class RestConnector(ListConnector):
    """A connector whose entities are lists of JSON objects.

    A normal service is a class with `offers`; an odd one overrides the step in which it is odd.
    """

    offers: ClassVar[tuple[Entity, ...]] = ()
    """The entities of the service."""
    translations: ClassVar[Mapping[str, Translation]] = {}
    """The canonical entities that are made of these, by their names."""

    # -- what a connector may override ----------------------------------------------------------------

    async def native(self) -> Sequence[Entity]:
        """The service's own entities."""
        return self.offers

    async def entities(self) -> Sequence[Entity]:
        """What the service offers: the canonical entities, then its own."""
        return listed(await self.native(), self.translations)

    def _own(self) -> Sequence[Entity]:
        """The service's own entities, as far as they are known without asking it."""
        return self.offers

    def known(self) -> Sequence[Entity]:
        """What the service offers, as far as that is known without asking it."""
        return listed(self._own(), self.translations)

    def known_columns(self, entity: str, *, own: bool = False) -> Sequence[str]:
        """The declared columns of an entity; with `own` those of the service's own behind it."""
        translation = self.translations.get(entity)
        name = translation.native if own and translation else entity
        known = self._own() if own else self.known()
        return next((it.schema.names for it in known if it.name == name and it.schema is not None), ())

    @property
    def context(self) -> Context:
        """What canonical columns are made with, beside the records."""
        return {"base_url": self.base_url}

    async def entity(self, name: str) -> Entity:
        """The entity called `name`; `UnknownEntityError` with the nearest name where there is none."""
        offered = {entity.name: entity for entity in await self.entities()}
        if name in offered:
            return offered[name]
        raise unknown_entity(f"{self.name} has no entity {name!r}; it has", name, list(offered), self.name)

    def request(self, entity: Entity, query: Query) -> Request:
        """The request for the first page."""
        body = b"" if entity.body is None else json.dumps(entity.body).encode()
        headers = {"Content-Type": "application/json"} if body else {}
        plain = Request(self.base_url + entity.path, entity.method, entity.params, headers, body)
        return entity.paging.first(plain, self.config.page_size)

    # -- what is asked --------------------------------------------------------------------------------

    async def fetch_data(
        self, entity_type: str, since: Any = None, filters: Mapping[str, Any] | None = None
    ) -> AsyncIterator[dict[str, Any]]:
        """Yield the records of an entity as dicts, each once."""
        query = Query.ask(entity_type, since=since, where=_equal(filters or {}))
        async with aclosing(self.batches(query)) as batches:
            async for batch in batches:
                for record in batch.to_pylist():
                    yield record

    async def get_sample_data(self, entity_type: str, limit: int = 5) -> list[dict[str, Any]]:
        """The first `limit` records, as dicts; no page is asked for beyond these."""
        async with aclosing(self.batches(Query.ask(entity_type, limit=limit))) as batches:
            return [record async for batch in batches for record in batch.to_pylist()]

    async def discover_schema(self, entity_type: str, *, native: bool = False) -> EntitySchema:
        """The columns of an entity: the declared ones, or else as its first records show them.

        With `native` those of the service's own entity, where a canonical one has its name.
        """
        question = await self._resolved(Query(entity_type, native=native))
        it, columns = question.entity, await self._columns(question.entity)
        if question.translation:
            return question.translation.describe([column.name for column in columns], it.label)
        return EntitySchema(it.name, columns, it.label, it.key, it.cursor)

    async def _columns(self, entity: Entity) -> tuple[Column, ...]:
        """The columns of one of the service's own entities."""
        if (schema := await self._declared(entity)) is None:
            return (await super().discover_schema(entity.name)).columns
        return tuple(Column(field.name, field.type, nullable=field.nullable) for field in schema)

    async def prepare(self, query: Query) -> Query:
        """The query, checked against the entity's columns where these are declared."""
        question = await self._resolved(query)
        may_add = question.translation is not None
        await super().prepare(replace(query, concurrency=None, native=not may_add and query.native))
        if query.since is not None and question.entity.cursor is None:
            raise ValidationError(
                f"{self.name} does not say when a {query.entity} changed: leave out since",
                "since",
                query.since,
                connector=self.name,
            )
        schema = await self.schema_of(replace(query, columns=None))
        if query.columns and isinstance(query.native, tuple):
            query = replace(query, columns=tuple(dict.fromkeys([*query.columns, *query.native])))
        if schema is None:
            return query
        for name in query.columns or ():
            if name not in schema.names:
                raise unknown_column(query.entity, name, schema.names)
        return replace(query, where=query.where.bind(schema)) if query.where else query

    async def explain(self, query: Query, *, count: bool = True) -> Plan:
        """What a fetch would do; nothing is asked of the service, which has no way to count."""
        query = await self.prepare(query)
        entity = (await self._resolved(query)).entity
        request = self.request(entity, query)
        return Plan(
            self.name,
            query,
            f"{request.method} {redacted(request.address)}",
            self.config.page_size,
            local=str(query.where) if query.where else None,
            quota_left=self.stats.quota.remaining if self.stats.quota else None,
            watched=watched(entity, self._habits[entity.name]),
        )

    async def schema_of(self, query: Query) -> pa.Schema | None:
        """The declared columns of the entity, those which the query asks for."""
        schema = (await self._resolved(query)).visible
        if schema is None or query.columns is None:
            return schema
        return pa.schema([schema.field(name) for name in query.columns])

    async def key_of(self, query: Query) -> str | None:
        """The key of the entity, of a canonical one its `id`."""
        question = await self._resolved(query)
        return "id" if question.translation else question.entity.key

    async def cursor_of(self, query: Query) -> str | None:
        """The column of the entity that grows with each change, of a canonical one its `updated_at`."""
        question = await self._resolved(query)
        cursor, translation = question.entity.cursor, question.translation
        if cursor is None or translation is None:
            return cursor
        return "updated_at" if "updated_at" in translation.columns else None

    async def _resolved(self, query: Query) -> Question:
        """The query, and which of the service's own entities it is asked of."""
        if query.native is not True:
            entity = await self.entity(query.entity)
            if translation := self.translations.get(query.entity):
                own = await self._native(translation.native)
                return Question(query, own, await self._declared(own), translation)
        else:
            entity = await self._native(query.entity)
        return Question(query, entity, await self._declared(entity))

    async def _native(self, name: str) -> Entity:
        """The service's own entity of that name."""
        own = {entity.name: entity for entity in await self.native()}
        if name in own:
            return own[name]
        if name in self.translations:
            said = f"{self.name} has no entity of its own that is called {name!r}; it has"
            raise unknown_entity(said, name, list(own), self.name)
        return await self.entity(name)

    async def _declared(self, entity: Entity) -> pa.Schema | None:
        """The declared columns of an entity, with those that it has of its parent; None where one is not."""
        schema = entity.schema
        if schema is None or entity.parent is None:
            return schema
        above = await self._declared(await self.entity(entity.parent.entity))
        given = {name: above and kind_at(above, path) for name, path in entity.parent.include.items()}
        if None in given.values():
            return None
        own = [field for field in schema if field.name not in given]
        return pa.schema([*own, *map(pa.field, given, given.values())], schema.metadata)

    async def _read(self, query: Query) -> AsyncGenerator[pa.RecordBatch, None]:
        async with aclosing(self._found(query)) as pages:
            async for page in pages:
                self._emit(PageArrived(self.name, query.entity, page.rows, page.total))
                yield page.batch

    async def _parents(self, query: Query) -> AsyncGenerator[pa.RecordBatch, None]:
        """The records whose children are asked for; nobody is told of these, who did not ask for them."""
        selection = Selection(await self.prepare(query))
        async with aclosing(self._found(query)) as pages:
            async for page in pages:
                yield selection.of(page.batch)

    async def _found(self, query: Query) -> AsyncGenerator[Page, None]:
        """The pages of an entity, in the columns that the caller can name."""
        question = await self._resolved(query)
        entity = question.entity
        own = [entity.only.filter] if entity.only else []
        since = [partial(self._changed, entity, query.since)] if query.since else []
        shape = [partial(question.shaped, self.context)] if question.translation else []
        enough = query.limit if query.where is None and not [*own, *since] else None
        is_eager = query.limit is None or enough is not None
        schema, closed = question.needed if shape else wanted(entity, query)
        reading = Reading(query.entity, entity, schema, closed, at_once=query.concurrency)
        if entity.parent is None:
            reading.finish = by_worker(*own, *since, *shape)
            found = self.pages(
                reading, self.request(entity, query), enough=enough, is_eager=is_eager, resume=query.resume
            )
        else:
            reading.finish = by_worker(*own, *since)
            ask = partial(self._of_one, reading, question)
            wish = Query(
                entity.parent.entity,
                needed(entity.parent),
                native=True,
                concurrency=query.concurrency if query.limit is None else 1,
            )
            at_once = partial(self._concurrency, wish.concurrency)
            found = Children(ask, at_once, enough).of(self._parents(wish))
        async with aclosing(found) as pages:
            async for page in pages:
                yield page

    async def _of_one(
        self,
        reading: Reading,
        question: Question,
        row: pa.RecordBatch,
        enough: int | None,
        among: Callable[[], int],
    ) -> AsyncGenerator[Page, None]:
        """The pages of the children of one parent, read at the same time as the lists of others."""
        parent, query = question.entity.parent, question.query
        assert parent is not None
        shape = by_worker(*([partial(question.shaped, self.context)] if question.translation else []))
        request = self.request(filled(reading.entity, row), query)
        is_eager = query.limit is None or enough is not None
        found = self.pages(reading, request, enough=enough, is_eager=is_eager, among=among)
        async with aclosing(found) as pages:
            async for page in pages:
                yield await shape(replace(page, batch=included(page.batch, parent, row), total=None))

    def _changed(self, entity: Entity, since: datetime, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The rows that changed at or after `since`, also where the service itself has no such filter."""
        if not batch.num_rows:
            return batch
        found = column_at(batch, entity.cursor or "")
        moments = None if found is None else self.moments_of(entity.name, found)
        if moments is None or not pa.types.is_timestamp(moments.type):
            raise DataFetchError(
                f"since cannot be told: {entity.cursor!r} of {entity.name} holds no moments with a zone",
                entity.name,
                connector=self.name,
            )
        return batch.filter(pc.greater_equal(moments, pa.scalar(since, moments.type)))


def _equal(filters: Mapping[str, Any]) -> Where | None:
    """The filter for records whose columns equal these values; a list stands for any of its values."""
    if not filters:
        return None
    from .where import And, Where

    leaves = tuple(_leaf(name, value) for name, value in filters.items())
    return Where(str(dict(filters)), And(leaves))


def _leaf(name: str, value: Any) -> Leaf:
    from .where import Comparison, IsNull, Membership

    if value is None:
        return IsNull(name)
    return Membership(name, tuple(value)) if isinstance(value, list | tuple) else Comparison(name, "=", value)
