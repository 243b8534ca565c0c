"""Connectors that stop after some pages, and what their exports leave."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from spyro_sdk.connection import Connection
from spyro_sdk.connector import BaseConnector
from spyro_sdk.entity import Query
from spyro_sdk.errors import ConnectionError
from spyro_sdk.events import Event

C = TypeVar("C", bound=BaseConnector)


def stopping(kind: type[C], after: int | None, error: type[BaseException] = ConnectionError) -> type[C]:
    """The connector, but that it fails when it has given so many batches."""

    async def batches(self: Any, query: Query) -> AsyncGenerator[pa.RecordBatch, None]:
        count = 0
        async with aclosing(kind.batches(self, query)) as found:
            async for batch in found:
                yield batch
                count += 1
                if count == after:
                    raise error("it stopped")

    return type(kind.__name__, (kind,), {"batches": batches})


class Exports:
    """Runs of one export, each with a connection of its own."""

    def __init__(self, kind: type[BaseConnector], path: Path, entity: str, **settings: Any) -> None:
        self.kind, self.path, self.entity, self.settings = kind, path, entity, settings
        self.events: list[Event] = []
        """Of the last run."""
        self.wishes: dict[str, Any] = {}

    @property
    def journal(self) -> Path:
        return self.path.with_name(f".{self.path.name}.resume")

    def run(
        self,
        after: int | None = None,
        *,
        error: type[BaseException] = ConnectionError,
        resume: bool = True,
        **settings: Any,
    ) -> int:
        """Export once; the connector stops after so many pages."""
        self.events = []
        kind = stopping(self.kind, after, error)
        config = kind.configure(**{**self.settings, **settings})
        with Connection(kind, config, [self.events.append], progress=False) as connection:
            return connection.fetch(self.entity, **self.wishes).to_parquet(self.path, resume=resume)

    def told(self, kind: type[Event]) -> list[Any]:
        """The events of a kind in the last run."""
        return [event for event in self.events if isinstance(event, kind)]


def assert_same(one: Path, other: Path) -> None:
    """Whether two files have the same rows in the same order, and the same columns."""
    ours, theirs = pq.read_table(one), pq.read_table(other)
    assert ours.schema.remove_metadata() == theirs.schema.remove_metadata()
    assert ours.to_pylist() == theirs.to_pylist()
