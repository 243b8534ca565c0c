"""The records of a question, by the road that suits: pages of the REST API, or a job of the Bulk API."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, aclosing
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa

from ...arrow.mark import Mark
from ...errors import AuthenticationError, DataFetchError, RateLimitError, ValidationError
from ...events import Event, PageArrived, RoadTaken, SchemaChanged
from ...http import Request
from ...plan import Plan
from ...reading import Reading
from ...rest import RestConnector
from . import describe, options, roads, selected
from .answers import Answers
from .objects import Objects
from .question import Question
from .refusal import not_done_by_bulk, not_sent_by_bulk

if TYPE_CHECKING:
    from .bulk import Job

REFUSALS = (AuthenticationError, DataFetchError, RateLimitError, ValidationError)
"""What is raised where Salesforce takes no job, or cannot complete it."""


class Records:
    """What a connector gets for a question; its events go to `tell`."""

    def __init__(
        self, connector: RestConnector, objects: Objects, question: Question, tell: Callable[[Event], None]
    ) -> None:
        self._connector, self._objects, self._question, self._tell = connector, objects, question, tell
        self._line = objects.line
        self._resource = "queryAll" if question.query.include_deleted else "query"
        self._after, self._before = "", 0
        """The last key that an earlier run has read, and the records up to there."""
        address = f"{self._line.root}/{self._resource}"
        self._answers = Answers(connector, question, address, self._line.ask)

    def check(self) -> None:
        """Raise `ValidationError` for a column that the road asked for does not send."""
        if self._wish == roads.BULK and (path := selected.missing(self._question.columns)):
            raise not_sent_by_bulk(self._question.query.entity, path)

    async def count(self) -> int:
        """How many records Salesforce would send; one request."""
        request = Request(f"{self._line.root}/{self._resource}", params={"q": self._question.counting()})
        rows, limit = await self._line.ask(request, describe.total), self._question.limit
        return rows if limit is None else min(rows, limit)

    def plan(self, rows: int | None) -> Plan:
        """What reading them would do; `rows`: how many there are, None where nobody has counted them."""
        question, case = self._question, self._case()
        choice = roads.chosen(case, rows)
        return Plan(
            self._connector.name,
            question.query,
            self._first_request(),
            case.page_size,
            rows,
            None if question.condition.exact else str(question.query.where),
            case.left,
            case.calls_a_page,
            choice.api,
            choice.why,
            choice.roads,
        )

    async def batches(self) -> AsyncGenerator[pa.RecordBatch, None]:
        """The records, in the columns that the caller can name.

        Where the road is open, the first page decides, which announces how many there are. If that is for a
        job, nothing was handed on yet: the job will send all of them.
        """
        self._go_on()
        case = self._case()
        choice = roads.chosen(case, None)
        if choice.api != roads.BULK:
            goes_on = partial(_is_by_rest, case) if choice.api is None else None
            async with aclosing(self._answers.pages(goes_on, self._after)) as pages:
                async for page in pages:
                    choice = roads.chosen(case, page.total or 0) if choice.api is None else choice
                    if choice.api == roads.BULK:
                        break
                    self._arrived(page.rows, page.total)
                    self._reached(page.last, page.rows)
                    yield page.batch
                else:
                    return
        async with aclosing(self._by_bulk(choice.why)) as batches:
            async for batch in batches:
                yield batch

    async def _by_rest(self) -> AsyncGenerator[pa.RecordBatch, None]:
        async with aclosing(self._answers.pages(after=self._after)) as pages:
            async for page in pages:
                self._arrived(page.rows, page.total)
                self._reached(page.last, page.rows)
                yield page.batch

    async def _by_bulk(self, why: str) -> AsyncGenerator[pa.RecordBatch, None]:
        """The records by a job; by REST where Salesforce refuses one that nobody insists on."""
        async with AsyncExitStack() as stack:
            job = await self._job(stack, why)
            batches = aclosing(self._by_rest() if job is None else self._chunks(job))
            async for batch in await stack.enter_async_context(batches):
                yield batch

    async def _job(self, stack: AsyncExitStack, why: str) -> Job | None:
        """A complete job, deleted when the stack ends; None where Salesforce gives none and REST will do."""
        from .bulk import Jobs

        self._took(roads.BULK, why)
        query = self._question.query
        statement = selected.statement(self._question, self._after)
        run = Jobs(self._line).run(statement, with_deleted=query.include_deleted)
        try:
            return await stack.enter_async_context(run)
        except REFUSALS as error:
            if self._wish == roads.BULK:
                raise not_done_by_bulk(query.entity, error) from error
            if getattr(error, "error_code", None) == "INVALIDENTITY":
                self._objects.not_by_bulk.add(self._question.entity.name)
            self._took(roads.REST, f"the Bulk API would not: {error}")
            return None

    async def _chunks(self, job: Job) -> AsyncGenerator[pa.RecordBatch, None]:
        """The records of a complete job."""
        from . import chunks, sheet  # which few fetches need

        question, entity = self._question, self._question.query.entity
        known = Reading(entity, question.entity, question.schema)
        config = self._connector.config
        read = partial(sheet.rows, question, {"base_url": self._connector.base_url}, config.max_body)
        async with aclosing(chunks.Results(self._line, job, read, entity).chunks()) as found:
            async for chunk in found:
                self._arrived(chunk.count, job.rows)
                for change in known.learn(chunk.rows.schema):
                    self._tell(SchemaChanged(self._connector.name, entity, *change))
                for batch, last in zip(chunk.rows.batches, chunk.rows.lasts, strict=True):
                    self._reached(last, batch.num_rows)
                    yield batch

    @property
    def _wish(self) -> str:
        """The road that the caller named, or 'auto'."""
        return self._question.query.api or str(options.road(self._connector.config.custom_params))

    def _case(self) -> roads.Case:
        """What is known before a road is chosen."""
        entity, quota = self._question.entity.name, self._connector.stats.quota
        unknown = f"the Bulk API does not know {entity}" if entity in self._objects.not_by_bulk else ""
        return roads.Case(
            self._wish,
            unknown or selected.closed(self._question),
            self._answers.page_size,
            len(self._question.groups()),
            self._answers.at_once,
            quota.remaining if quota else None,
        )

    def _first_request(self) -> str:
        """What is asked first, readable."""
        question = self._question
        if self._wish == roads.BULK:
            return f"POST {self._line.path}/jobs/query {selected.statement(question)}"
        statement = question.statement(question.groups()[0], limit=question.limit)
        return f"GET {self._line.path}/{self._resource}?q={statement}"

    def _go_on(self) -> None:
        """Begin after the last key that an earlier run has read, where there was one."""
        if resume := self._question.query.resume:
            place = resume.go_on()
            self._after, self._before = ("", 0) if place is None else (place["after"], resume.read)

    def _reached(self, last: str | None, rows: int) -> None:
        """Take down how far it has come."""
        if (resume := self._question.query.resume) and last:
            resume.reached(Mark({"after": last}, rows))

    def _arrived(self, rows: int, total: int | None) -> None:
        total = None if total is None else self._before + total
        self._tell(PageArrived(self._connector.name, self._question.query.entity, rows, total))

    def _took(self, road: str, why: str) -> None:
        self._tell(RoadTaken(self._connector.name, self._question.query.entity, road, why))


def _is_by_rest(case: roads.Case, rows: int) -> bool:
    """Whether so many records are fetched page by page."""
    return roads.chosen(case, rows).api != roads.BULK
