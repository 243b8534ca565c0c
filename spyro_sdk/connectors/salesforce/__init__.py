"""Salesforce: SOQL over the REST API, and the Bulk API where a fetch is big.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_query.htm
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any, ClassVar

import pyarrow as pa

from ...config import ConnectorConfig
from ...entity import Entity, EntitySchema, Query
from ...errors import DataFetchError, ValidationError
from ...http import Request, Response
from ...paging import Answer
from ...plan import Plan
from ...reading import Place
from .objects import Objects
from .org import OrgConnector
from .question import Question, resolve
from .records import Records
from .refusal import error_of, not_all_said


class Salesforce(OrgConnector):
    """Salesforce's objects under their own names, and Customer, Contact, Opportunity and User."""

    name = "salesforce"
    defaults: ClassVar = {
        "rate_limit": 1200,
        "burst_size": 20,
        "page_size": 2000,
        "timeout": 120.0,
        "max_body": 1 << 30,  # a chunk of a job has hundreds of megabytes at times
    }

    def __init__(self, config: ConnectorConfig, **parts: Any) -> None:
        super().__init__(config, **parts)
        self._objects = self._of_org()

    async def connect(self) -> None:
        """Sign in, and ask for the objects: the first request that a wrong token cannot have answered."""
        await super().connect()
        try:
            await self._told()
        except DataFetchError as error:
            await self.adapt(error)
            await self._told()

    # -- what there is --------------------------------------------------------------------------------

    async def entities(self) -> Sequence[Entity]:
        """The canonical entities, then every object that can be queried."""
        return await self._objects.entities()

    def known(self) -> Sequence[Entity]:
        """The same, which Salesforce has told while we connected."""
        return self._objects.known()

    def known_columns(self, entity: str, *, own: bool = False) -> Sequence[str]:
        """The columns of an entity that has been described, and of records it refers to."""
        return self._objects.known_columns(entity, own=own)

    async def counts(self, entities: Sequence[str]) -> Mapping[str, int]:
        """About how many records each of these has; one request for all."""
        return await self._objects.counts(entities)

    def refresh(self) -> None:
        """Forget the columns of all objects, here and on disk."""
        super().refresh()
        self._objects.described.clear()

    async def discover_schema(self, entity_type: str, *, native: bool = False) -> EntitySchema:
        """The columns of an entity, as Salesforce describes them; asked for once.

        With `native` those of Salesforce's own object, where a canonical entity has its name.
        """
        await self.entity(entity_type)
        return await self._objects.columns(entity_type, native=native)

    # -- what is asked --------------------------------------------------------------------------------

    async def prepare(self, query: Query) -> Query:
        """The query, checked, with every column that the caller will see named."""
        question = await self._question(query)
        self._answering(question).check()
        where = query.where and question.fitted(query.where)
        return replace(query, columns=question.shown, where=where)

    async def schema_of(self, query: Query) -> pa.Schema:
        """The columns that `batches` gives for a prepared query."""
        visible = (await self._question(query)).visible
        return pa.schema([visible.field(name) for name in query.columns or visible.names])

    async def key_of(self, query: Query) -> str | None:
        """The key of the object, of a canonical entity its `id`."""
        return (await self._objects.columns(query.entity, native=query.native is True)).key

    async def cursor_of(self, query: Query) -> str | None:
        """The column of the object that grows with each change, of a canonical entity `updated_at`."""
        own = await self._objects.columns(query.entity, native=query.native is True)
        return own.cursor if own.cursor in own.names else None

    async def count(self, query: Query) -> int:
        """How many records `query` asks for; one request where Salesforce can tell exactly."""
        question = await self._question(await self.prepare(query))
        if not question.condition.exact:
            return await super().count(replace(query, columns=("id" if question.translation else "Id",)))
        return await self._answering(question).count()

    async def explain(self, query: Query, *, count: bool = True) -> Plan:
        """What a fetch would do; with `count` one request asks for the number of records."""
        records = self._answering(await self._question(await self.prepare(query)))
        return records.plan(await records.count() if count else None)

    async def _question(self, query: Query) -> Question:
        """The query resolved against the object's columns."""
        await self.entity(query.entity)
        return await resolve(query, self._objects)

    # -- how its pages travel -------------------------------------------------------------------------

    def check(self, response: Response, payload: Any) -> None:
        """Raise what Salesforce says in its error body; columns that are not what we knew are forgotten."""
        if not 200 <= response.status < 300:
            error = error_of(response, payload, self._objects.described)
            if isinstance(error, ValidationError):
                self.refresh()
            raise error

    def place(self, entity: Entity, request: Request, answer: Answer) -> Place:
        """Where the next page is; the answer must say how many records there are and whether more follow."""
        place = super().place(entity, request, answer)
        if place.total is None or answer.payload.get("done") is not (place.next is None):
            raise not_all_said(entity.name)
        return place

    async def _read(self, query: Query) -> AsyncGenerator[pa.RecordBatch, None]:
        async with aclosing(self._answering(await self._question(query)).batches()) as batches:
            async for batch in batches:
                yield batch

    async def _told(self) -> None:
        """Have the org tell its objects."""
        self._objects = self._of_org()
        await self._objects.native()

    def _answering(self, question: Question) -> Records:
        return Records(self, self._objects, question, self._emit)

    def _of_org(self) -> Objects:
        decimals = bool(self.config.custom_params.get("decimals"))
        return Objects(self._line(f"v{self._version}"), decimals=decimals)
