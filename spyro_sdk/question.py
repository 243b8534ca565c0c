"""A query resolved against one of a service's own entities: what is read, and what the caller sees of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

from .canonical import Context, Translation
from .entity import Entity, Query, unknown_column


@dataclass(frozen=True)
class Question:
    """What is asked of one entity, under its own name or by a canonical one."""

    query: Query
    entity: Entity
    """The service's own, of which the records come."""
    schema: pa.Schema | None
    """The columns of that entity; None where only its records can tell."""
    translation: Translation | None = None
    """How they become those of the canonical entity that was asked for; None where it was the own one."""

    @cached_property
    def visible(self) -> pa.Schema | None:
        """The columns that the caller can name; None where only the records can tell."""
        if self.translation is None:
            return self.schema
        if self.schema is None:
            return None if self._added else self.translation.schema
        for name in self._added:
            if name not in self.schema.names:
                raise unknown_column(self.entity.name, name, self.schema.names)
        return pa.schema([*self.translation.schema, *map(self.schema.field, self._added)])

    @property
    def needed(self) -> tuple[pa.Schema | None, bool]:
        """The own columns that canonical ones are made of, and whether all else may be passed over.

        Not where the caller sees an object of the service's own: what is new in that would be passed over.
        """
        assert self.translation is not None
        if self.entity.schema is None:
            return None, False
        offered = self.schema.names if self.schema else []
        names = {*self.translation.needed(self._used, offered), *self._added, *self.entity.telling}
        columns = pa.schema([field for field in self.entity.schema if field.name in names])
        is_seen_whole = any(pa.types.is_nested(field.type) for field in columns if field.name in self._added)
        return (self.entity.schema, False) if is_seen_whole else (columns, True)

    def shaped(self, context: Context, batch: pa.RecordBatch) -> pa.RecordBatch:
        """A batch of the entity's own columns, in those that the caller can name."""
        if self.translation is None:
            return batch
        canonical = self.translation.translated(batch, self._used, context)
        for name in self._added:
            if name in batch.schema.names:  # else it was left out where it is null, or is not there at all
                canonical = canonical.append_column(batch.schema.field(name), batch.column(name))
        return canonical

    @property
    def _added(self) -> tuple[str, ...]:
        """Own columns that are asked for beside the canonical ones."""
        return self.query.native if isinstance(self.query.native, tuple) else ()

    @cached_property
    def _used(self) -> list[str]:
        """The canonical columns that the query shows, or filters by."""
        assert self.translation is not None
        known, where = self.translation.schema.names, self.query.where
        asked = {*(self.query.columns or known), *(where.columns if where else ())}
        heads = asked | {name.partition(".")[0] for name in asked}
        return [name for name in known if name in heads]


def listed(native: Sequence[Entity], translations: Mapping[str, Translation]) -> list[Entity]:
    """The canonical entities that the service has something for, then its own; a canonical name wins."""
    own = {entity.name: entity for entity in native}
    canonical = [
        Entity(
            name,
            key="id",
            cursor="updated_at" if own[it.native].cursor and "updated_at" in it.columns else None,
            schema=it.schema,
            label=own[it.native].label,
        )
        for name, it in translations.items()
        if it.native in own
    ]
    return [*canonical, *(entity for entity in native if entity.name not in translations)]
