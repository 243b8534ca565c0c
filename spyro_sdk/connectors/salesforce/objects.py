"""The objects of an org and their columns, each asked for once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from ...entity import Column, Entity, EntitySchema, unknown_column
from ...http import Request
from . import describe
from .line import Line
from .refusal import not_its_own
from .vocabulary import TRANSLATIONS

LONGEST = 4000  # characters of names in one address


class Objects:
    """What Salesforce says it has."""

    def __init__(self, line: Line, *, decimals: bool) -> None:
        self.described: dict[str, EntitySchema] = {}
        """The objects whose columns are known."""
        self.not_by_bulk: set[str] = set()
        """Those that the Bulk API turned out not to know."""
        self.line, self._decimals = line, decimals
        self._offered: dict[str, Entity] = {}

    async def native(self) -> Mapping[str, Entity]:
        """Every object that can be queried, by Salesforce's own name."""
        if not self._offered:
            self._offered = await self.line.ask(Request(f"{self.line.root}/sobjects"), describe.entities)
        return self._offered

    async def entities(self) -> list[Entity]:
        """The canonical entities, then every object whose name none of them has."""
        await self.native()
        return self.known()

    def known(self) -> list[Entity]:
        """The same, as far as Salesforce has told it already."""
        native = self._offered
        canonical = [
            Entity(name, key="id", cursor="updated_at", schema=it.schema, label=native[it.native].label)
            for name, it in TRANSLATIONS.items()
            if it.native in native
        ]
        return [*canonical, *(entity for name, entity in native.items() if name not in TRANSLATIONS)]

    def known_columns(self, entity: str, *, own: bool) -> list[str]:
        """The columns of an entity, and of records it refers to, as far as they have been told."""
        translation = TRANSLATIONS.get(entity)
        if translation and not own:
            return list(translation.schema.names)
        described = self.described.get(translation.native if translation else entity)
        columns = described.columns if described else ()
        related = ((it.relationship, self.described.get(to)) for it in columns for to in it.references)
        dotted = [f"{head}.{name}" for head, of in related if head and of for name in of.names]
        return [*(it.name for it in columns), *dict.fromkeys(dotted)]

    async def counts(self, names: Sequence[str]) -> dict[str, int]:
        """About how many records the objects behind these entities have, by one request for all.

        A snapshot of Salesforce's, of no fixed age: without archived records, and those in the recycle bin.
        https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_record_count.htm
        """
        behind = {name: it.native if (it := TRANSLATIONS.get(name)) else name for name in names}
        wanted = ",".join(dict.fromkeys(behind.values()))
        params = {"sObjects": wanted} if len(wanted) <= LONGEST else {}  # without it all objects are counted
        request = Request(f"{self.line.root}/limits/recordCount", params=params)
        found = await self.line.ask(request, describe.counts)
        return {name: found[native] for name, native in behind.items() if native in found}

    async def behind(self, entity: str, *, native: bool) -> Entity:
        """The object whose records are those of an entity.

        `native`: the one that has that very name; `UnknownEntityError` where only a canonical entity has it.
        """
        known = await self.native()
        translation = TRANSLATIONS.get(entity)
        if translation is None or not native:
            return known[translation.native if translation else entity]
        if entity not in known:
            raise not_its_own(translation)
        return known[entity]

    async def describe(self, name: str) -> EntitySchema:
        """The columns of an object."""
        if name not in self.described:
            request = Request(f"{self.line.root}/sobjects/{name}/describe")
            read = partial(describe.entity_schema, decimals=self._decimals)
            self.described[name] = await self.line.ask(request, read)
        return self.described[name]

    async def columns(self, entity: str, *, native: bool) -> EntitySchema:
        """The columns of an entity; with `native` those of the object that has its very name."""
        own = await self.describe((await self.behind(entity, native=native)).name)
        translation = None if native else TRANSLATIONS.get(entity)
        return translation.describe(own.names, own.label) if translation else own

    async def column(self, schema: EntitySchema, path: str) -> Column:
        """The column of an object at a path such as `Name` or `Account.Owner.Name`."""
        head, dot, rest = path.partition(".")
        if not dot:
            return schema[path]
        related: list[str] = []
        for target in (t for column in schema if column.relationship == head for t in column.references):
            described = await self.describe(target)
            if rest.partition(".")[0] in {*described.names, *(c.relationship for c in described)}:
                return replace(await self.column(described, rest), name=path, nullable=True)
            related += [f"{head}.{name}" for name in described.names]
        relationships = [f"{column.relationship}.…" for column in schema if column.relationship]
        raise unknown_column(schema.entity, path, related or [*relationships, *schema.names])
