"""A query resolved against what Salesforce has: what to select, what to let Salesforce filter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

import pyarrow as pa

from ...canonical import Context, Translation
from ...entity import Column, Entity, EntitySchema, Query, unknown_column
from ...errors import ValidationError
from . import soql
from .objects import Objects
from .vocabulary import TRANSLATIONS

if TYPE_CHECKING:
    from ...where import Where

LONGEST = 15_500  # characters of an encoded statement; Salesforce takes 16,384 for the whole address
LONGEST_FILTER = 6_000  # characters of an encoded filter; a longer one is applied here


@dataclass(frozen=True)
class Question:
    """What is asked of one object."""

    query: Query
    entity: Entity
    columns: Mapping[str, Column]
    """What is selected, by name or dotted path; `Id` is among them."""
    translation: Translation | None
    condition: soql.Condition
    since: str = ""

    @property
    def limit(self) -> int | None:
        """How many records Salesforce need send; None where only what arrives can tell."""
        return self.query.limit if self.condition.exact else None

    @cached_property
    def schema(self) -> pa.Schema:
        """The selected columns; numbers in the type that a canonical column wants."""
        return pa.schema(
            [pa.field(name, self._type(column), column.nullable) for name, column in self.columns.items()]
        )

    @cached_property
    def visible(self) -> pa.Schema:
        """The columns that the caller can name: the selected ones, or the canonical ones and those added."""
        if self.translation is None:
            return self.schema
        return pa.schema([*self.translation.schema, *(self.schema.field(name) for name in added(self.query))])

    @property
    def shown(self) -> tuple[str, ...]:
        """The columns that the caller will see; without a choice all but those of a filter alone."""
        if self.query.columns:
            return tuple(dict.fromkeys([*self.query.columns, *added(self.query)]))
        return tuple(name for name in self.visible.names if "." not in name)

    def statement(
        self, columns: Sequence[str], *more: str, order: str = "Id", limit: int | None = None
    ) -> str:
        """The SOQL for these columns of the records, with conditions of the moment."""
        conditions = (self.condition.text, self.since, *more)
        return soql.select(columns, self.entity.name, conditions, order=order, limit=limit)

    def counting(self) -> str:
        """The SOQL that counts the records Salesforce would send."""
        return self.statement(["COUNT()"], order="")

    def groups(self) -> list[list[str]]:
        """The selected columns, `Id` first, in groups whose statements are short enough for an address."""
        room = LONGEST - len(quote_plus(self.statement(["Id"])))
        groups, left = [["Id"]], room
        for name in self.columns:
            cost = len(quote_plus(f", {name}"))
            if cost > left:
                groups.append(["Id"])
                left = room
            if name != "Id":
                groups[-1].append(name)
                left -= cost
        return groups

    def shaped(self, batch: pa.RecordBatch, context: Context) -> pa.RecordBatch:
        """The batch in the columns that the caller can name."""
        if self.translation is None:
            return batch
        wanted = [name for name in self.translation.schema.names if name in self._used]
        canonical = self.translation.translated(batch, wanted, context)
        for name in added(self.query):
            canonical = canonical.append_column(self.schema.field(name), batch.column(name))
        return canonical

    def fitted(self, where: Where) -> Where:
        """The filter with its values in the types of the columns, ids in their 18 characters."""
        from .conditions import with_long_ids

        column = partial(_native, self.query, self.translation, self.columns)
        return with_long_ids(where.bind(self.visible), column)

    @property
    def _used(self) -> set[str]:
        known = self.visible.names
        return {*(self.query.columns or known), *filtered(self.query, known)}

    def _type(self, column: Column) -> pa.DataType:
        target = self.translation.target(column.name) if self.translation else None
        return target if target is not None and pa.types.is_decimal(target) else column.type


async def resolve(query: Query, objects: Objects) -> Question:
    """The question that a query is; `ValidationError` for a column that there is not."""
    is_native = query.native is True
    translation = None if is_native else TRANSLATIONS.get(query.entity)
    entity = await objects.behind(query.entity, native=is_native)
    native = await objects.describe(entity.name)
    paths = native_columns(query, translation, native)
    plain = {column.name: column for column in native}
    columns = {path: plain.get(path) or await objects.column(native, path) for path in paths}
    condition = condition_of(query, translation, columns)
    return Question(query, entity, columns, translation, condition, since_of(query, native))


def added(query: Query) -> tuple[str, ...]:
    """Native columns asked for beside the canonical ones."""
    return query.native if isinstance(query.native, tuple) else ()


def filtered(query: Query, known: Sequence[str]) -> list[str]:
    """The columns that a query's `where` looks at: `billing_address` where it asks for a city in it."""
    asked = sorted(query.where.columns) if query.where else []
    return [whole if (whole := name.partition(".")[0]) in known else name for name in asked]


def native_name(query: Query, translation: Translation | None, name: str) -> str | None:
    """The object's column that means the same as the one the caller names; None where none does."""
    if translation is None or name in added(query):
        return name
    return translation.native_name(name)


def native_columns(query: Query, translation: Translation | None, native: EntitySchema) -> list[str]:
    """The object's columns that a query needs; `ValidationError` for a canonical one that there is not."""
    if translation is None:
        where = filtered(query, native.names)
        return list(dict.fromkeys(["Id", *(query.columns or native.names), *added(query), *where]))
    known = [*translation.schema.names, *added(query)]
    names = [*(query.columns or known), *filtered(query, known)]
    for name in names:
        if name not in known:
            raise unknown_column(query.entity, name, known)
    return list(dict.fromkeys(["Id", *translation.needed(names, native.names), *added(query)]))


def condition_of(
    query: Query, translation: Translation | None, columns: Mapping[str, Column]
) -> soql.Condition:
    """What of the query's `where` Salesforce can filter by."""
    if query.where is None:
        return soql.Condition("", exact=True)

    from .conditions import condition

    found = condition(query.where.root, partial(_native, query, translation, columns))
    return found if len(quote_plus(found.text)) <= LONGEST_FILTER else soql.Condition("", exact=False)


def _native(
    query: Query, translation: Translation | None, columns: Mapping[str, Column], name: str
) -> Column | None:
    """The object's column behind the one that the caller names."""
    return columns.get(native_name(query, translation, name) or "")


def since_of(query: Query, native: EntitySchema) -> str:
    """The condition for records created or changed since; `ValidationError` where no column tells."""
    if query.since is None:
        return ""
    if native.cursor is None:
        raise ValidationError(
            f"{query.entity} has no column that tells when a record was changed: use where instead of since",
            "since",
            query.since,
        )
    return soql.at_or_after(native.cursor, query.since)
