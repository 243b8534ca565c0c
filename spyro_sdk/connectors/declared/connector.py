"""The connector of a declared service: what is told of it, and what is found out."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, ClassVar

import anyio
import pyarrow as pa
import pyarrow.compute as pc

from ...arrow.decode import Body
from ...arrow.inflate import inflate
from ...arrow.nested import exploded, flattened
from ...arrow.schema import unify
from ...auth import Auth
from ...config import CREDENTIALS, ConnectorConfig
from ...entity import Column, Entity, EntitySchema, Query
from ...errors import (
    ConfigurationError,
    DecodeError,
    IntegrityError,
    SchemaDiscoveryError,
    ValidationError,
    did_you_mean,
    some,
)
from ...exchange import payload_of
from ...family import filled, needed
from ...http import Request, Response
from ...pages import Page
from ...paging import dig
from ...plan import Plan
from ...reading import Reading, is_list_of_objects
from ...rest import RestConnector
from ...secret import Unseen, hidden
from .checks import TEMPORARY, at, keys_of, seen_in, twice
from .detect import Found, Seen, detected
from .offers import Offer
from .pagings import most
from .reader import read
from .references import Hidden
from .signing import Signing
from .since import filled as filled_in
from .since import lacks

KEYS = ("entities", "resources", "resource_defaults", "client", "auth", "paging")
"""The keywords of `connect("rest", …)` that declare; all others are settings."""
PARENTS = 5  # records of a parent, of which the first that has children shows how these come
BOM = b"\xef\xbb\xbf"
SAMPLE = 100  # records from which the columns are told


class Declared(RestConnector):
    """A service that is described by a declaration. Each declaration makes a subclass of its own."""

    name = "rest"
    offered: ClassVar[Mapping[str, Offer]] = {}
    """The entities, as they are declared."""
    signing: ClassVar[Signing] = Signing()
    hidden: ClassVar[Hidden] = Hidden({})
    _given: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, config: ConnectorConfig, **guards: Any) -> None:
        super().__init__(config, **guards)
        self._findings: dict[str, Found] = {}
        self._doors: defaultdict[str, anyio.Lock] = defaultdict(anyio.Lock)
        self._came: set[str] = set()
        self._listless: set[str] = set()

    @classmethod
    def narrowed(cls, settings: Mapping[str, Any]) -> tuple[type[Declared], dict[str, Any]]:
        """The class that the declaration among these settings makes, and the other settings."""
        if cls.offered:
            return cls, dict(settings)
        said = {name: value for name, value in settings.items() if name in KEYS and value is not None}
        if not said.keys() & {"entities", "resources"}:
            raise ConfigurationError(
                f"{cls.name} does not know what to offer: give entities={{'items': {{'path': '/items'}}}},"
                " or connect a file such as 'my_api.yaml'",
                field="entities",
            )
        left = {name: value for name, value in settings.items() if name not in KEYS}
        return cls.of(said), left

    @classmethod
    def of(
        cls,
        declaration: Mapping[str, Any] | str | os.PathLike[str],
        *,
        name: str | None = None,
        environment: Mapping[str, str] = os.environ,
    ) -> type[Declared]:
        """The connector class of a declaration: a mapping, or the path of a YAML, TOML or JSON file.

        `name`: what it is called; without it what the declaration says, or the file. `environment`: what
        references such as `${TOKEN}` stand for. Raises `ConfigurationError` naming the key that makes no
        sense.
        """
        declaration = hidden(declaration) if isinstance(declaration, Mapping) else declaration
        environment = Unseen(environment)
        it = read(declaration, name, environment)
        body = {
            "__doc__": f"The service that is declared as {it.name}.",
            "name": it.name,
            "offered": it.offers,
            "signing": it.signing,
            "credentials": (it.signing.needs,) if it.signing.needs else (),
            "hidden": it.hidden,
            "_given": it.settings,
        }
        return type(cls.__name__, (cls,), body)

    @classmethod
    def configure(cls, **settings: Any) -> ConnectorConfig:
        """A configuration from `settings` over those of the declaration, secrets among them."""
        settings = hidden(settings)
        given = {**cls._given, **settings}
        if "headers" in settings:
            given["headers"] = {**cls._given.get("headers", {}), **settings["headers"]}
        if not given.get("auth_type") and not any(given.get(name) for name in CREDENTIALS):
            given["auth_type"] = "none"
        config = super().configure(**given)
        if config.base_url is None:
            raise ConfigurationError(
                f"{config.name} has no base_url: say where the service is", field="base_url"
            )
        return config

    def auth(self) -> Auth:
        """What signs the requests: by the declaration, else by the configuration's `auth_type`."""
        return self.signing.auth(self.config, super().auth())

    # -- what there is --------------------------------------------------------------------------------

    async def entities(self) -> Sequence[Entity]:
        """What the service offers, as it is declared."""
        return self._own()

    def _own(self) -> Sequence[Entity]:
        """The same: nothing has to be asked for it."""
        return [offer.entity for offer in self.offered.values()]

    async def entity(self, name: str) -> Entity:
        """The entity called `name`; what is not declared of it is found out by asking for its first page."""
        declared = await super().entity(name)
        offer = self.offered[name]
        if offer.rows_of is not None:
            source = await self.entity(offer.rows_of[0])
            return replace(source, name=name, schema=None, label="", key=None)
        if offer.is_told:
            return declared
        async with self._doors[name]:
            if name not in self._findings:
                self._findings[name] = await self._detected(offer)
            it = self._findings[name]
        return replace(declared, records=it.records, paging=it.paging, key=it.key, total=it.total)

    async def discover_schema(self, entity_type: str, *, native: bool = False) -> EntitySchema:
        """The columns of an entity as its first records show them, in their declared types."""
        entity, batches = await self.entity(entity_type), list[pa.RecordBatch]()
        async with aclosing(self.batches(Query.ask(entity_type, limit=SAMPLE))) as found:
            async for batch in found:
                batches.append(batch)
        if not batches and entity.schema is None:
            raise SchemaDiscoveryError(
                f"{self.name} has no records of {entity_type!r} to tell its columns from", connector=self.name
            )
        schema = unify(batches, None if batches else entity.schema).schema
        columns = tuple(Column(field.name, field.type) for field in schema)
        return EntitySchema(entity.name, columns, entity.label, entity.key, entity.cursor)

    async def schema_of(self, query: Query) -> pa.Schema | None:
        """The columns asked for, where all of them are declared."""
        schema = (await self.entity(query.entity)).schema
        if schema is None or query.columns is None or not set(query.columns) <= set(schema.names):
            return None
        return pa.schema([schema.field(name) for name in query.columns])

    async def explain(self, query: Query, *, count: bool = True) -> Plan:
        """What a fetch would do; the first page is asked for once where something is not declared."""
        plan = await super().explain(query, count=count)
        offer = self.offered[query.entity]
        found = self._findings.get(offer.rows_of[0] if offer.rows_of else query.entity)
        size = min(plan.page_size, most((await self.entity(query.entity)).paging) or plan.page_size)
        return replace(plan, page_size=size, notes=found.notes if found else ())

    # -- what is asked --------------------------------------------------------------------------------

    def request(self, entity: Entity, query: Query) -> Request:
        """The request for the first page, with what it says of `since`."""
        offer = self.offered[entity.name]
        if offer.rows_of is not None:
            offer = self.offered[offer.rows_of[0]]
        params: dict[str, str] = dict(entity.params)
        if offer.since is not None:
            values = offer.since.values(query.since)
            if lacks(entity.path, values):
                raise ValidationError(
                    f"{entity.name} of {self.name} cannot be asked for without since", "since", None
                )
            params = {**filled_in(params, values), **offer.since.params(query.since)}
            entity = replace(entity, path=filled_in(entity.path, values), body=filled_in(entity.body, values))
        entity = replace(entity, params=self.hidden.filled(params), body=self.hidden.filled(entity.body))
        return (
            super().request(self.hidden.hiding(entity), query).with_headers(self.hidden.filled(offer.headers))
        )

    @property
    def secrets(self) -> list[str]:
        """What must not be shown, though the service may say it."""
        return [*super().secrets, *self.hidden.secrets]

    def is_empty(self, entity: Entity, response: Response) -> bool:
        """Whether the declaration says so of an answer that is not 2xx."""
        if 200 <= response.status < 300:
            return False
        return any(_is_meant(action, response) for action in self.offered[entity.name].ignored)

    # -- what comes -----------------------------------------------------------------------------------

    async def _found(self, query: Query) -> AsyncGenerator[Page, None]:
        """The pages of an entity; what holds for these records only is found out again for the next fetch."""
        rows_of = self.offered[query.entity].rows_of
        found = super()._found(query) if rows_of is None else self._items(query, *rows_of)
        try:
            async with aclosing(found) as pages:
                async for page in pages:
                    yield page
        finally:
            known = self._findings.get(query.entity)
            if known is not None and not known.is_tried:
                del self._findings[query.entity]

    async def _items(self, query: Query, parent: str, column: str) -> AsyncGenerator[Page, None]:
        """The items of the lists in a column of an entity's records."""
        wish = Query(parent, since=query.since, concurrency=query.concurrency)
        key = (await self.entity(parent)).key
        is_flat = self.offered[query.entity].is_flat
        async with aclosing(self._found(wish)) as pages:
            async for page in pages:
                if page.batch.num_rows:
                    items = exploded(page.batch, column, key, f"_{parent}_{key}")
                    yield Page(flattened(items) if is_flat else items, items.num_rows)

    async def pages(self, reading: Reading, request: Request, **bounds: Any) -> AsyncGenerator[Page, None]:
        """The pages from `request` on, made flat if that is declared.

        Of keys that are several columns, or stand in an object, none may come again on the next page; those
        that are a column are compared by `Pages`, which knows how pages overlap.
        """
        offer = self.offered[reading.entity.name]
        if offer.is_flat:
            reading.shape = flattened
        reading.is_partial = reading.schema is not None and reading.schema is offer.entity.schema
        keys, before = offer.keys, None
        is_ours = len(keys) > 1 or any("." in key for key in keys)
        if is_ours:
            bounds["resume"] = None  # what came before is not known after a crash
        async with aclosing(super().pages(reading, request, **bounds)) as pages:
            async for page in pages:
                found = keys_of(page.batch, keys) if is_ours else None
                if found is not None and before is not None:
                    self._check_keys(offer, found, before)
                before = found
                yield page

    def _check_key(self, reading: Reading, batch: pa.RecordBatch) -> None:
        """Raise where the records of a page have no such key, or not each its own."""
        entity, offer = reading.entity, self.offered[reading.entity.name]
        keys = offer.keys or ((entity.key,) if entity.key else ())
        found = keys_of(batch, keys) if keys and batch.num_rows else None
        if found is not None:
            self._check_keys(offer, found)
        elif offer.keys and batch.num_rows and not reading.closed:
            missing = next(key for key in keys if at(batch, key) is None)
            raise self._no_column(offer, "key", missing, batch)

    def _check_keys(self, offer: Offer, found: Any, before: Any = None) -> None:
        """Raise where a key comes twice: in a page, or in it and the one before it."""
        key = twice(found, before)
        if key is not None:
            raise IntegrityError(
                f"{offer.at['key']}: {' and '.join(offer.keys) or 'the key'} does not tell the records of"
                f" {offer.entity.name} apart: {key!r} comes twice. Declare another key, or null if"
                " there is none",
                offer.entity.name,
                connector=self.name,
            )

    def _changed(self, entity: Entity, since: datetime, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The rows that changed at or after `since`, also where the cursor is in an object, or counts."""
        assert entity.cursor is not None
        offer, column = self.offered[entity.name], at(batch, entity.cursor)
        if not batch.num_rows:
            return batch
        if column is None:
            raise self._no_column(offer, "cursor", entity.cursor, batch)
        if (
            pa.types.is_integer(column.type)
            and offer.since
            and offer.since.format in ("seconds", "milliseconds")
        ):
            return batch.filter(pc.greater_equal(column, offer.since.written(since)))
        beside = batch.append_column(TEMPORARY, column)
        changed = super()._changed(replace(entity, cursor=TEMPORARY), since, beside)
        return changed.drop_columns([TEMPORARY])

    async def key_of(self, query: Query) -> str | None:
        """The key of the entity, as it is called where records are made flat."""
        return self._flat(query, await super().key_of(query))

    async def cursor_of(self, query: Query) -> str | None:
        """The column that grows with each change, likewise."""
        return self._flat(query, await super().cursor_of(query))

    def _flat(self, query: Query, path: str | None) -> str | None:
        return path.replace(".", "_") if path and self.offered[query.entity].is_flat else path

    def moments_of(self, entity: str, cursor: pa.Array) -> pa.Array:
        """The values of an entity's cursor as moments, also where it counts seconds or milliseconds."""
        since = self.offered[entity].since
        if pa.types.is_integer(cursor.type) and since and since.format in ("seconds", "milliseconds"):
            unit = "s" if since.format == "seconds" else "ms"
            return cursor.cast(pa.int64()).cast(pa.timestamp(unit, "UTC"))
        return super().moments_of(entity, cursor)

    def _no_column(self, offer: Offer, what: str, name: str, batch: pa.RecordBatch) -> ConfigurationError:
        hint = did_you_mean(name, batch.schema.names)
        aside = f" ({hint})" if hint else ""
        return ConfigurationError(
            f"{offer.at[what]}={name!r} is in no record of {offer.entity.name} that came; these have"
            f" {some(batch.schema.names)}{aside}",
            field=offer.at[what],
            hint=hint,
            connector=self.name,
        )

    def _records(self, reading: Reading, body: Body) -> pa.RecordBatch:
        offer = self.offered[reading.entity.name]
        if offer.is_single:
            body = _listed(body)
        elif body.records is None and reading.entity.name not in self._came:
            self._check_records(offer, reading.entity.records, body.payload)
        batch = super()._records(reading, body)
        self._check_key(reading, batch)
        self._came.add(reading.entity.name)
        return batch

    def _check_records(self, offer: Offer, path: str, payload: Any) -> None:
        """Raise for a path at which the first answer has no records.

        Once it may be the answer that is wrong, which is asked for again; then it is the declaration.
        """
        if is_list_of_objects(dig(payload, path)):
            return
        name, at = offer.entity.name, offer.at["records"]
        words = (
            f"{at}: there are no records of {name} at {path or '$'!r}; the service sent {seen_in(payload)}"
        )
        if self.config.retry_count and name not in self._listless:
            self._listless.add(name)
            raise DecodeError(words, name, connector=self.name)
        raise ConfigurationError(words, field=at, connector=self.name)

    # -- what is not declared -------------------------------------------------------------------------

    async def _detected(self, offer: Offer) -> Found:
        """What the first answers show of an entity."""
        seen = await self._first(offer)
        if seen is None or seen.payload is None:
            it = offer.entity
            return Found(it.records, it.paging, it.key, it.total, (), is_tried=False)
        return await detected(offer.entity.name, seen, offer.told, partial(self._look, offer))

    async def _first(self, offer: Offer) -> Seen | None:
        """The first page, of the first parent that has one; None where none has."""
        entity, query, seen = offer.entity, Query(offer.entity.name), None
        if entity.parent is None:
            return await self._look(offer, self.request(entity, query), is_first=True)
        wish = Query(entity.parent.entity, needed(entity.parent), limit=PARENTS)
        async with aclosing(self._parents(wish)) as batches:
            async for batch in batches:
                for number in range(batch.num_rows):
                    seen = await self._look(
                        offer, self.request(filled(entity, batch.slice(number, 1)), query)
                    )
                    if seen.payload not in (None, [], {}) and seen_in(seen.payload).find("(") > 0:
                        return seen
        return seen

    async def _look(self, offer: Offer, request: Request, *, is_first: bool = False) -> Seen:
        """Ask for a page that is only looked at; the first must have records where they are declared."""
        entity = offer.entity

        async def understand(response: Response) -> Any:
            if fewer := self._smaller(entity.paging, request, response):
                return fewer
            payload = payload_of(response, self.config.max_body)
            if not self.is_empty(entity, response):
                self.check(response, payload)
                if is_first and offer.told.records is not None and not offer.is_single:
                    self._check_records(offer, offer.told.records, payload)
                return payload, response.headers
            return None, response.headers

        answered = await self._call(request, understand)
        if isinstance(answered, int):
            fewer = self._shrunk(entity.name, entity, request, answered)
            return await self._look(offer, fewer, is_first=is_first)
        payload, headers = answered
        return Seen(request, payload, headers, self.config.page_size)


def _is_meant(action: Any, response: Response) -> bool:
    """Whether an answer that is not good is one that a declaration speaks of."""
    if action.status_code not in (None, response.status):
        return False
    if action.content is None:
        return True
    encoding = response.headers.get("content-encoding")
    return action.content in inflate(response.body, encoding).decode(errors="replace")


def _listed(body: Body) -> Body:
    """An answer that is one record, as if it were a list of it."""
    record = dig(body.payload, body.path)
    if not isinstance(record, dict):
        return body
    text = body.text if not body.path else json.dumps(record).encode()
    listed = b"[" + text.removeprefix(BOM) + b"]"
    return Body([record], memoryview(listed), listed, "")
