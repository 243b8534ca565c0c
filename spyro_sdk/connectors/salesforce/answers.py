"""The records of a question by the query resource: page after page, or key range beside key range."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ...arrow.schema import unify
from ...errors import DataFetchError
from ...http import Request
from ...pages import Bounds, Foresee, GoesOn, Page, Pages, Way
from ...reading import Reading, by_worker
from ...rest import RestConnector
from . import describe, soql
from .line import Ask
from .question import Question
from .ranges import ranges

LEAST, MOST = 200, 2000  # records in a page of Salesforce
FEW = 3  # pages that are quicker read by a cursor than cut into ranges


class Answers:
    """What a connector gets at `address` for a question, in the order of `Id`."""

    def __init__(self, connector: RestConnector, question: Question, address: str, ask: Ask) -> None:
        self._connector, self._question, self._address, self._ask = connector, question, address, ask
        self._groups = question.groups()

    @property
    def page_size(self) -> int:
        """Records in a page; no more are asked for than are wanted."""
        most, wanted = self._connector.config.page_size, self._question.query.limit
        return max(LEAST, min(most if wanted is None else wanted, most, MOST))

    @property
    def at_once(self) -> int:
        """Requests that the caller wants under way at once; one, unless told otherwise."""
        return self._question.query.concurrency or self._connector.config.concurrency or 1

    def request(self, columns: Sequence[str], *more: str, limit: int | None = None) -> Request:
        """The request for these columns of the records for which `more` holds too."""
        return self._asking(self._question.statement(columns, *more, limit=limit))

    async def pages(self, goes_on: GoesOn | None = None, after: str = "") -> AsyncGenerator[Page, None]:
        """The pages after a key, each record once; the first alone where nobody `goes_on` after its total.

        One after the other, since Salesforce tells the address of a page with the page before it; side by
        side, each a range of keys, where the user asks for more than one request at once.
        """
        is_cut = self.at_once > 1 and self._question.query.limit is None
        road = self._by_range(after) if is_cut else self._on(after, goes_on=goes_on)
        async with aclosing(road) as pages:
            async for page in pages:
                yield page

    async def _on(
        self, after: str = "", up_to: str = "", *, is_eager: bool = True, goes_on: GoesOn | None = None
    ) -> AsyncGenerator[Page, None]:
        """The pages after a key, up to another; a cursor that Salesforce has dropped is asked for anew."""
        question, last, limit = self._question, after, self._question.limit
        reading = self._first()
        reading.goes_on = goes_on
        is_eager &= question.query.limit is None or question.condition.exact
        while True:
            start, rows = last, 0
            request = self.request(self._groups[0], *soql.between(last, up_to), limit=limit)
            try:
                async with aclosing(self._connector.pages(reading, request, is_eager=is_eager)) as pages:
                    async for page in pages:
                        self._check_asked(page, start, up_to)
                        last, reading.goes_on = page.last or last, None
                        rows += page.rows
                        limit = None if limit is None else limit - page.rows
                        yield page
                return
            except DataFetchError as error:
                if error.error_code != "INVALID_QUERY_LOCATOR" or last == start:
                    raise
            await self._check_whole(start, last, rows)

    async def _check_whole(self, after: str, up_to: str, rows: int) -> None:
        """Raise `IntegrityError` where there are more records between two keys than came.

        A cursor that is over, or was left for ranges, has told how many there are beyond what came by it too.
        """
        statement = self._question.statement(["COUNT()"], *soql.between(after, up_to), order="")
        count = await self._ask(Request(self._address, params={"q": statement}), describe.total)
        if count > rows:
            what = f"up to {up_to} it sent {rows:,} records by its cursor, and has {count:,}"
            raise self._connector.lost(self._question.entity, what)

    def _check_asked(self, page: Page, after: str, up_to: str) -> None:
        """Raise `IntegrityError` for records that were not asked for, for they are another range's."""
        if not page.rows or page.keys is None or not (after or up_to):
            return
        first, last = pc.min_max(page.keys).as_py().values()
        if first <= after or (up_to and last > up_to):
            what = f"asked for those after {after} it sent {first} to {last}"
            raise self._connector.lost(self._question.entity, what)

    async def _by_range(self, after: str) -> AsyncGenerator[Page, None]:
        """The first page, then all ranges of keys after it, so many at once."""
        is_first = True
        async with aclosing(self._on(after, is_eager=False)) as pages:
            async for page in pages:
                yield page
                if is_first and _is_many(page):
                    break
                is_first = False  # what went wrong with it only the cursor's own count can tell
            else:
                return
        first, missing = page, (page.total or 0) - page.rows
        cuts = ranges(first.last, await self._last_key(first.last), missing, first.rows)
        cuts[-1] = (cuts[-1][0], "")  # whatever is there is read, also behind what we hold for the last key
        async with aclosing(self._side_by_side(cuts)) as pages:
            async for page in pages:
                missing -= page.rows
                yield page
        if missing > 0:  # each range has told its own number, of the first page nobody has
            await self._check_whole(after, first.last, first.rows)

    async def _side_by_side(self, cuts: Sequence[tuple[str, str]]) -> AsyncGenerator[Page, None]:
        """All ranges; of one that holds many pages those behind the first few are read when it is reached."""
        unread: dict[int, AsyncGenerator[Page, None]] = {}
        ask, lost = partial(self._range, cuts, unread), partial(self._connector.lost, self._question.entity)
        ranges_of = Pages(ask, Way(partial(_following, len(cuts))), Bounds(lambda: self.at_once), lost)
        number = 0
        try:
            async with aclosing(ranges_of.read(Request(self._address, params={"range": "0"}))) as pages:
                async for page in pages:
                    yield page
                    if number in unread:
                        async for more in unread[number]:
                            yield more
                    number += 1
        finally:
            for rest in unread.values():
                await rest.aclose()

    async def _last_key(self, otherwise: str) -> str:
        """The key of the last record."""
        reading = self._reading(["Id"])
        request = self._asking(self._question.statement(["Id"], order="Id DESC", limit=1))
        async with aclosing(self._connector.pages(reading, request)) as pages:
            return (await anext(pages)).last or otherwise

    async def _range(
        self,
        cuts: Sequence[tuple[str, str]],
        unread: dict[int, AsyncGenerator[Page, None]],
        place: Request,
        _: Foresee,
    ) -> Page:
        """The records of one range, as one page; of more than a few, the others are left in `unread`."""
        number = int(place.params["range"])
        async with AsyncExitStack() as stack:
            pages = await stack.enter_async_context(aclosing(self._on(*cuts[number])))
            came: list[Page] = []
            async for page in pages:
                came.append(page)
                if len(came) == FEW and page.next is not None:
                    unread[number] = pages
                    stack.pop_all()
                    break
        whole = came[0] if len(came) == 1 else await by_worker(partial(_joined, came))(came[-1])
        rows, size = sum(page.rows for page in came), sum(page.size for page in came)
        following = _following(len(cuts), place, None)
        return replace(whole, rows=rows, size=size, next=following, total=None, keys=None)

    def _asking(self, statement: str) -> Request:
        size = {"Sforce-Query-Options": f"batchSize={self.page_size}"}
        return Request(self._address, params={"q": statement}, headers=size)

    def _first(self) -> Reading:
        """How the first of the groups of columns is read; the others are added where there are some."""
        first, *others = self._groups
        reading = self._reading(first)
        if others:
            reading.finish = partial(self._finished, others)
        else:
            reading.shape = partial(self._shaped, ())
        return reading

    def _reading(self, columns: Sequence[str]) -> Reading:
        """How answers with these columns are read: nothing else was asked for, so nothing else is wanted."""
        schema = describe.wire(pa.schema([self._question.schema.field(name) for name in columns]))
        query, entity = self._question.query, self._question.entity
        return Reading(query.entity, entity, schema, closed=True, at_once=query.concurrency)

    # -- where one address cannot hold all columns ---------------------------------------------------

    async def _finished(self, others: Sequence[Sequence[str]], page: Page) -> Page:
        """A page in the columns that the caller can name, those that its address could not hold added."""
        parts = [await self._part(page, group) for group in others] if page.rows else []
        return await by_worker(partial(self._shaped, parts))(page)

    def _shaped(self, parts: Sequence[pa.Table], batch: pa.RecordBatch) -> pa.RecordBatch:
        for part in parts:
            batch = self._beside(batch, part)
        context = {"base_url": self._connector.base_url}
        return self._question.shaped(describe.flat(batch, self._question.schema), context)

    async def _part(self, page: Page, group: Sequence[str]) -> pa.Table:
        """The columns of `group` for the records of a page."""
        ids = page.batch["Id"]
        first, last = (soql.quoted(ids[place].as_py()) for place in (0, -1))
        request = self.request(group, f"Id >= {first}", f"Id <= {last}")
        async with aclosing(self._connector.pages(self._reading(group), request)) as pages:
            return unify([part.batch async for part in pages])

    def _beside(self, batch: pa.RecordBatch, part: pa.Table) -> pa.RecordBatch:
        """The records of a batch with the columns that `part` has for each."""
        places = pc.index_in(batch["Id"], value_set=part["Id"].combine_chunks())
        if places.null_count:
            raise self._connector.lost(
                self._question.entity,
                f"{places.null_count:,} records were deleted or changed while they were read",
            )
        for field in part.schema:
            if field.name not in batch.schema.names:
                batch = batch.append_column(field, part[field.name].take(places).combine_chunks())
        return batch


def _is_many(page: Page) -> bool:
    """Whether more than a few such pages are left after the first."""
    return page.next is not None and page.rows > 0 and (page.total or 0) > FEW * page.rows


def _following(count: int, place: Request, _: Any) -> Request | None:
    """The range after another: all of them are known before the first is asked for."""
    number = int(place.params["range"]) + 1
    return place.with_params(range=number) if number < count else None


def _joined(pages: Sequence[Page], _: pa.RecordBatch) -> pa.RecordBatch:
    whole = unify([page.batch for page in pages])
    return pa.concat_batches(whole.to_batches())
