"""What has come or changed since the last run: an overlap is asked for again, and what is known left out."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from heapq import nlargest
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from .arrow.select import column_at
from .connector import BaseConnector
from .entity import Query
from .errors import DataFetchError, StoreError, ValidationError
from .events import Event, Received, WatermarkLost, WatermarkNotKept
from .watermarks import EPOCH, Seen, Watermark, Watermarks, Words, watermarks_of
from .workers import in_worker

MOST: Final = 50_000
"""Records that are remembered; those beyond come again, which is no loss."""
EARLIEST: Final = datetime.min.replace(tzinfo=UTC)


class Increment:
    """One run of a fetch with `since="last"`: asked as the connector is that stands behind it.

    The watermark is the largest cursor seen, but never later than the service's time when the run began, as
    its first answer tells, or else our own: what changed behind our back is asked for again. Whoever has the
    records in safety calls `commit`; before that nothing is changed.
    """

    def __init__(
        self,
        connector: BaseConnector,
        words: Words,
        *,
        store: Callable[[], Watermarks] | None = None,
        clock: Callable[[], float] = time.time,  # seconds since the epoch
    ) -> None:
        self._connector, self._words, self._clock = connector, words, clock
        self._store = store or (lambda: watermarks_of(connector.config, connector.identity))
        self._overlap = round(connector.config.overlap * 1e6)  # microseconds, as all below
        self._began = round(clock() * 1e6)
        self._told: int | None = None
        self._last: Watermark | None = None
        self._latest: int | None = None
        self._fresh: dict[str, tuple[int, str]] = {}
        self._query: Query | None = None
        self._key = self._cursor = ""
        self._added: list[str] = []
        """Columns that the caller did not ask for."""
        self._left: int | None = None
        self._is_whole = False

    def hear(self, event: Event) -> None:
        """Take the service's time from its first answer."""
        if self._told is None and isinstance(event, Received) and event.date is not None:
            self._told = round(event.date * 1e6)

    # -- asked as a connector is ----------------------------------------------------------------------

    async def prepare(self, query: Query) -> Query:
        """The query, checked, for what has changed; `ValidationError` where that cannot be told."""
        await self._know_columns(query)
        self._marks = await in_worker(self._store)
        self._last = await in_worker(self._marks.read, self._words, self._tell_lost)
        self._left = query.limit
        columns = query.columns and (*query.columns, *self._added)
        asked = replace(query, columns=columns, limit=None, since=self._since())
        self._query = await self._connector.prepare(asked)
        return self._query

    async def schema_of(self, query: Query) -> pa.Schema | None:
        """The columns that `batches` gives for a prepared query; None where only the records can tell."""
        schema = await self._connector.schema_of(query)
        return schema and pa.schema([it for it in schema if it.name not in self._added], schema.metadata)

    async def key_of(self, query: Query) -> str | None:
        """The column by which the records are told apart, where the caller sees it."""
        return None if self._key in self._added else self._key

    async def batches(self, query: Query) -> AsyncGenerator[pa.RecordBatch, None]:
        """Yield the records that are new or have changed, one batch a page.

        Where there are none an empty one, if that is what it takes to tell the columns.
        """
        asked = self._query or await self.prepare(query)
        if self._left == 0:
            return
        nothing: pa.RecordBatch | None = None
        is_novel = False
        async with aclosing(self._connector.batches(asked)) as batches:
            async for batch in batches:
                novel = self._cut(await in_worker(self._novel, batch))
                nothing = novel.slice(0, 0) if nothing is None else nothing
                if novel.num_rows:
                    is_novel = True
                    yield novel
                if self._left == 0:
                    return
        if nothing is not None and not is_novel:
            yield nothing
        self._is_whole = True

    async def count(self, query: Query) -> int:
        """How many records have come or changed; here by reading them."""
        rows = 0
        async with aclosing(self.batches(query)) as batches:
            async for batch in batches:
                rows += batch.num_rows
        return rows

    # -- at the end -----------------------------------------------------------------------------------

    def commit(self) -> None:
        """Let the next run begin here. Where that cannot be kept it begins where this one did."""
        if not self._is_whole or (mark := self._mark()) is None:
            return
        now = EPOCH + timedelta(seconds=round(self._clock()))
        kept = Watermark(self._words["entity"], self._words, _moment(mark), now, self._remembered())
        try:
            self._marks.write(kept)
        except StoreError as error:
            self._connector._emit(WatermarkNotKept(self._connector.name, kept.entity, str(error)))

    # -- inside ---------------------------------------------------------------------------------------

    async def _know_columns(self, query: Query) -> None:
        key, cursor = await self._connector.key_of(query), await self._connector.cursor_of(query)
        if key is None or cursor is None:
            lacks = "key by which its records" if key is None else "column that grows when its records change"
            what = f"{lacks} are told apart" if key is None else lacks
            raise ValidationError(
                f"{query.entity} of {self._connector.name} has no {what}: since='last' needs one. Fetch all"
                " of it, or give since a moment, or declare a key and a cursor for it",
                "since",
                "last",
                entity_type=query.entity,
                connector=self._connector.name,
                hint="leave out since, to fetch everything",
            )
        self._key, self._cursor = key, cursor
        if query.columns is not None:
            seen = {*query.columns, *(query.native if isinstance(query.native, tuple) else ())}
            heads = dict.fromkeys(name.partition(".")[0] for name in (key, cursor))
            self._added = [name for name in heads if name not in seen]

    def _since(self) -> datetime | None:
        """From where on it is asked; None for everything."""
        return None if self._last is None else _moment(self._last.microseconds - self._overlap)

    def _mark(self) -> int | None:
        """Up to where all has been fetched, as far as we know."""
        reached = [self._last.microseconds] if self._last else []
        if self._latest is not None:
            reached.append(min(self._latest, self._began if self._told is None else self._told))
        return max(reached, default=None)

    @property
    def _floor(self) -> int:
        """The earliest change that the next run may ask for again."""
        mark = self._mark()
        assert mark is not None
        return mark - self._overlap

    def _novel(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The rows that did not come just so before, in the columns asked for; called in a worker thread."""
        batch = batch.filter(self._news(batch, self._changes(batch)))
        return batch.drop_columns([it for it in self._added if it in batch.schema.names])

    def _changes(self, batch: pa.RecordBatch) -> pa.Array:
        """When each row changed; `DataFetchError` where one does not say."""
        self._column(batch, self._key)
        cursor = self._column(batch, self._cursor)
        moments = self._connector.moments_of(self._words["entity"], cursor)
        if not (pa.types.is_timestamp(moments.type) and moments.type.tz):
            raise self._untold(f"{self._cursor} holds no moments with a zone")
        return moments.cast(pa.timestamp("us", "UTC"), safe=False).cast(pa.int64())

    def _column(self, batch: pa.RecordBatch, name: str) -> pa.Array:
        """A column that each record must have."""
        found = column_at(batch, name)
        if found is None or found.null_count:
            raise self._untold(f"{name} is missing in a record")
        return found

    def _news(self, batch: pa.RecordBatch, changed: pa.Array) -> pa.Array:
        """Which rows did not come just so before; those that may come again are remembered."""
        latest = pc.max(changed).as_py()
        self._latest = latest if self._latest is None else max(self._latest, latest)
        known = self._last.seen if self._last else {}
        least, until = self._floor, max((when for when, _ in known.values()), default=None)
        is_near = pc.greater_equal(changed, least)
        if until is not None:
            is_near = pc.or_(is_near, pc.less_equal(changed, until))
        news = [True] * batch.num_rows
        places = pc.indices_nonzero(is_near).to_pylist()
        keys = self._column(batch, self._key)
        for place, row in zip(places, batch.take(pa.array(places, pa.int64())).to_pylist(), strict=True):
            key, held = self._digests(keys[place].as_py(), row)
            self._fresh[key] = changed[place].as_py(), held
            news[place] = known.get(key, (0, ""))[1] != held
        if len(self._fresh) > 2 * MOST:
            self._fresh = dict(_bounded(self._fresh, self._floor))
        return pa.array(news, pa.bool_())

    def _digests(self, key: Any, row: dict[str, Any]) -> tuple[str, str]:
        """What stands for a record, and for all that it holds; a column may be null, or absent."""
        held = sorted((name, it) for name, it in row.items() if it is not None)
        return self._marks.digest(repr(key)), self._marks.digest(repr(held))

    def _remembered(self) -> Seen:
        """Of the records that may come again what is known of them last."""
        before = self._last.seen if self._last else {}
        return _bounded({**before, **self._fresh}, self._floor)

    def _cut(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        if self._left is not None:
            batch = batch.slice(0, self._left)
            self._left -= batch.num_rows
        return batch

    def _untold(self, what: str) -> DataFetchError:
        entity = self._words["entity"]
        return DataFetchError(
            f"what changed in {entity} since the last run cannot be told: {what}",
            entity,
            connector=self._connector.name,
            hint="leave out since, to fetch everything",
        )

    def _tell_lost(self, reason: str) -> None:
        entity = self._words["entity"]
        self._connector._emit(WatermarkLost(self._connector.name, entity, reason))


def _bounded(seen: Seen, floor: int) -> Seen:
    """Those that may come again, the latest if there are too many."""
    near = ((key, it) for key, it in seen.items() if it[0] >= floor)
    return dict(nlargest(MOST, near, key=lambda pair: pair[1][0]))


def _moment(microseconds: int) -> datetime:
    try:
        return EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        return EARLIEST
