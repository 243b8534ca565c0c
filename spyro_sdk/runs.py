"""One run of a fetch: it is heard, shown while it goes on, and its end is told."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import aclosing, closing
from types import TracebackType
from typing import Any, Self, TypeVar

import pyarrow as pa

from . import blocking
from .connector import BaseConnector
from .entity import Query
from .errors import ConnectorError
from .events import listening
from .increment import Increment
from .observers.running import Act, Asked, Running
from .progress import Progress, Silent
from .taking import PLAIN, Taking, Terms, source_of

T = TypeVar("T")

logger = logging.getLogger(__name__)


class Run:
    """What asks a connector in `with`: progress begins with it and ends with it, however that comes.

    Progress that fails is logged once and shows no more; the fetch goes on.
    """

    def __init__(
        self,
        connector: BaseConnector,
        query: Query,
        progress: Progress,
        act: Act = "fetch",
        terms: Terms = PLAIN,
    ) -> None:
        self.connector, self.query, self._terms = connector, query, terms
        self.running = Running(_asked(connector, query, act))
        self.source = source_of(connector, query, terms)
        """What is asked for the records."""
        self.taking = Taking(connector, self.source, self.running, terms)
        """What is taken of them."""
        hear = (self.source.hear,) if isinstance(self.source, Increment) else ()
        self._observers = (self.running, *hear)
        self._progress, self._process = progress, os.getpid()
        self._deadline = connector.deadline(query)

    def __enter__(self) -> Self:
        self._show(lambda: self._progress.begin(self.running))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.running.end(error)
        self._show(lambda: self._progress.end(self.running, error))

    @property
    def told(self) -> dict[str, Any]:
        """The arguments of `fetch` that ask for this."""
        return self._terms.told(self.query)

    async def prepared(self) -> tuple[Query, pa.Schema | None]:
        """The query, checked, and the columns that it will give."""
        query = await self.source.prepare(self.query)
        return query, await self.source.schema_of(query)

    def call(self, function: Callable[..., Awaitable[T]], *args: object) -> T:
        """Run an async function as `blocking.run` does."""

        async def heard() -> T:
            with listening(*self._observers), self._deadline.around():
                return await function(*args)

        return blocking.run(heard, meanwhile=self._tick)

    def iterate(
        self, source: Callable[[], AsyncGenerator[pa.RecordBatch, None]]
    ) -> Generator[pa.RecordBatch, None, None]:
        """Iterate as `blocking.iterate` does; to be done in the `with`."""

        async def heard() -> AsyncGenerator[pa.RecordBatch, None]:
            # one task of the loop's runs it from its first item to its last
            with listening(*self._observers), self._deadline.around():
                async with aclosing(source()) as items:
                    async for item in items:
                        yield item

        taken = 0
        try:
            with closing(blocking.iterate(heard, meanwhile=self._tick)) as batches:
                for batch in batches:
                    self._tick()
                    taken += batch.num_rows
                    yield batch
        finally:
            self.give(taken)  # more may have been on its way

    def taken(self, query: Query) -> Generator[pa.RecordBatch, None, None]:
        """The batches for `query`; the run begins with the first and ends when the iterator is left."""
        with self, closing(self.iterate(lambda: self.taking.batches(query))) as batches:
            yield from batches
        self.settle()

    def settle(self) -> None:
        """What came is safe: let the next increment begin after it, and warn of what is missing."""
        if isinstance(self.source, Increment):
            self.source.commit()
        self.taking.warn()

    def give(self, rows: int) -> None:
        """Take note of how many records the caller gets."""
        self.running.given = rows

    def keep(self, rows: int) -> None:
        """Take note of what is kept of a run that failed or was stopped."""
        self.running.kept = rows

    def _tick(self) -> None:
        self._show(lambda: self._progress.tick(self.running))

    def _show(self, step: Callable[[], None]) -> None:
        if self._process != os.getpid():  # a forked child inherits what its parent shows
            return
        try:
            step()
        except Exception:
            logger.exception("the progress of %s cannot be shown", self.running.asked.entity)
            self._progress = Silent()


def _asked(connector: BaseConnector, query: Query, act: Act) -> Asked:
    """What the run is to know of whom it asks; only without `where` it ends with the limit."""
    return Asked(
        connector.name,
        query.entity,
        connector.config.rate,
        connector.limiter,
        act,
        query.limit if query.where is None else None,
        connector.stats.quota,
    )


def say(error: BaseException, words: str) -> None:
    """Add a sentence to our error's message, or as a note to any other."""
    if isinstance(error, ConnectorError):
        error.args = (f"{error}; {words}",)
    else:
        error.add_note(words)
