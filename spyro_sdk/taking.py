"""What a fetch takes of what comes, under its terms."""

from __future__ import annotations

import sys
import warnings
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, fields
from typing import Any, Final, Self, TypeAlias

import pyarrow as pa

from .arrow.option import one_of
from .connector import BaseConnector
from .entity import Query
from .errors import (
    CertificateError,
    CircuitOpenError,
    ConnectionError,
    ConnectorError,
    DataFetchError,
    IncompleteWarning,
    IntegrityError,
    RateLimitError,
)
from .events import FetchCutShort
from .increment import Increment
from .observers.running import Running

ON_ERROR: Final = ("raise", "partial")
MIDWAY: Final = (CircuitOpenError, ConnectionError, DataFetchError, RateLimitError)
"""How a service fails of which some records have come."""
NEVER: Final = (CertificateError, IntegrityError)
"""After these, what has come is not to be relied on either."""


Source: TypeAlias = BaseConnector | Increment
"""What is asked for the records."""
ROADS: Final = ("limit", "api", "concurrency", "deadline", "on_error")
"""Arguments of `fetch` that change none of the records of an increment."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a caller takes, beside what is asked of the service. Make them with `ask`."""

    on_error: str = "raise"
    is_increment: bool = False
    """Only what has come or changed since the last run: `since="last"`."""

    @classmethod
    def ask(cls, on_error: Any = "raise", *, is_increment: bool = False) -> Self:
        """The terms that a person writes; `ValidationError` for what makes no sense."""
        one_of("on_error", on_error, ON_ERROR)
        return cls(on_error, is_increment)

    def told(self, query: Query) -> dict[str, Any]:
        """The arguments of `fetch` that ask for `query` on these terms, in what JSON knows."""
        wishes = {f.name: getattr(query, f.name) for f in fields(query) if f.compare}
        wishes |= {name: list(value) for name, value in wishes.items() if isinstance(value, tuple)}
        return {
            **wishes,
            "where": query.where and query.where.text,
            "since": "last" if self.is_increment else query.since and query.since.isoformat(),
            **({} if self.on_error == "raise" else {"on_error": self.on_error}),
        }


PLAIN: Final = Terms()


def source_of(connector: BaseConnector, query: Query, terms: Terms) -> Source:
    """Who is asked in one run: the connector, or what stands before it where only changes are wanted."""
    if not terms.is_increment:
        return connector
    return Increment(connector, {name: it for name, it in terms.told(query).items() if name not in ROADS})


class Taking:
    """What one run takes of what its source gives."""

    def __init__(self, connector: BaseConnector, source: Source, running: Running, terms: Terms) -> None:
        self._connector, self._source, self._running, self._terms = connector, source, running, terms
        self.missing: str | None = None
        """What did not come, in words; None where nothing is missing."""

    async def batches(self, query: Query) -> AsyncGenerator[pa.RecordBatch, None]:
        """The batches for `query`: the right ones before a failure, where the terms are so."""
        rows = 0
        try:
            async with aclosing(self._source.batches(query)) as batches:
                async for batch in batches:
                    rows += batch.num_rows
                    yield batch
        except MIDWAY as error:
            if self._terms.on_error != "partial" or not rows or isinstance(error, NEVER):
                raise
            self._cut_short(query.entity, rows, error)

    @property
    def marks(self) -> dict[str, str]:
        """What is said of a result where it may lack records: `complete`, and what is `missing`."""
        if self._terms.on_error == "raise":
            return {}
        return (
            {"complete": "true"} if self.missing is None else {"complete": "false", "missing": self.missing}
        )

    @property
    def attributes(self) -> dict[str, Any]:
        """The same, as a DataFrame has it in its `attrs`."""
        labels = self._labels
        return {**labels, "spyro.complete": self.missing is None} if labels else {}

    def marked(self, table: pa.Table) -> pa.Table:
        """The table with `marks` in its schema's metadata, under `spyro.` names."""
        if not (labels := self._labels):
            return table
        return table.replace_schema_metadata({**(table.schema.metadata or {}), **labels})

    def warn(self) -> None:
        """Warn at the caller's line that records are missing, where some are."""
        if self.missing is not None:
            it = f"{self._connector.name}: {self._running.asked.entity} is incomplete: {self.missing}"
            warnings.warn(IncompleteWarning(it), stacklevel=_outside())

    @property
    def _labels(self) -> dict[str, str]:
        return {f"spyro.{name}": said for name, said in self.marks.items()}

    def _cut_short(self, entity: str, rows: int, error: ConnectorError) -> None:
        """Take down what is missing."""
        read, total = self._running.rows, self._running.total
        if total is not None and total > read:
            came = f"{total - read:,} of {total:,} records did not come"
        else:
            came = f"after {read:,} records it is not known how many more there are"
        self.missing = f"{came}: {error}"
        self._connector._emit(FetchCutShort(self._connector.name, entity, rows, self.missing))


def _outside() -> int:
    """How many frames up from `warnings.warn` there is one that is not ours."""
    frame, level = sys._getframe(1), 1
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(f"{__package__}."):
        frame, level = frame.f_back, level + 1
    return level
