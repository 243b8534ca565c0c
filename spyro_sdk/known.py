"""What a connection knows of its service without asking: what a notebook completes names with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

from .catalogue import Catalogue
from .connector import BaseConnector
from .entity import EntitySchema

Wanted: TypeAlias = Literal["entity", "columns", "native"]
"""Which argument of a fetch is being written."""


class Known:
    """Names that have been seen. Nothing here asks the service."""

    def __init__(self, connector: Callable[[], BaseConnector]) -> None:
        self._connector = connector
        self._catalogue: Catalogue | None = None
        self._schemas: dict[tuple[str, bool], EntitySchema] = {}

    def learn(self, catalogue: Catalogue) -> None:
        """Remember what the service offers."""
        self._catalogue = catalogue

    def learn_columns(self, entity: str, schema: EntitySchema, *, own: bool) -> None:
        """Remember the columns of an entity; `own`: those of the service's own."""
        self._schemas[entity, own] = schema

    @property
    def catalogue(self) -> Catalogue | None:
        """What the service offers; None where it has not been asked yet."""
        if self._catalogue is None and (known := self._connector().known()):
            return Catalogue(known)
        return self._catalogue

    @property
    def entities(self) -> Sequence[str]:
        """The names that `fetch` takes."""
        return (self.catalogue or Catalogue()).names

    def columns(self, entity: str, *, own: bool = False) -> Sequence[str]:
        """The names that `columns` takes; `own`: those that `native` takes.

        Those of related records are among them once both have been described.
        """
        if names := self._connector().known_columns(entity, own=own):
            return names
        schema = self._seen(entity, own)
        return schema.names if schema else ()

    def _seen(self, entity: str, own: bool) -> EntitySchema | None:
        """The columns that were described; `own`: those of what a canonical entity is made of."""
        schema = self._schemas.get((entity, False))
        if not own:
            return schema
        behind = schema.native if schema else ""
        return self._schemas.get((entity, True)) or self._schemas.get((behind or entity, False))


def completions(known: Known, wanted: Wanted, entity: str = "", *, own: bool = False) -> list[str]:
    """The names that fit into an argument of `fetch`; none where none is known. Never asks, never raises."""
    try:
        if wanted == "entity":
            return list(known.entities)
        return list(known.columns(entity, own=own or wanted == "native"))
    except Exception:  # noqa: BLE001  # a connector of somebody else's, while a line is being typed
        return []
