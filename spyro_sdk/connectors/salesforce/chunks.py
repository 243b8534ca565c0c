"""The results of a query job: its chunks of CSV, in order, several at a time where Salesforce lists them.

https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/query_get_parallel_job_results.htm
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, TypeVar

import anyio
import pyarrow as pa

from ...errors import DecodeError, IntegrityError
from ...http import Request, Response
from ...workers import in_worker
from .bulk import Job
from .line import Line
from .pace import CHUNK
from .refusal import NAME, check

T = TypeVar("T")
U = TypeVar("U")

PARALLEL = 58  # the first API version that lists the chunks
AHEAD = 4  # chunks that are on their way or wait to be taken; each may have tens of megabytes


@dataclass(frozen=True, slots=True)
class Rows:
    """The records of a chunk as the caller wants them."""

    batches: Sequence[pa.RecordBatch]
    schema: pa.Schema
    """The columns as Salesforce calls them, as wide as their values need."""
    lasts: Sequence[str]
    """The key of the last record of each batch; '' where that has none."""


Read: TypeAlias = Callable[[bytes, str | None], Rows]
"""Read a body of CSV with its Content-Encoding; called in a worker thread."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One answer with records of a job."""

    rows: Rows
    count: int
    locator: str
    """Where the next chunk begins; `null` after the last."""


@dataclass(frozen=True, slots=True)
class Results:
    """The records of a complete job."""

    line: Line
    job: Job
    read: Read
    entity: str = ""
    """What the caller calls it."""

    async def chunks(self) -> AsyncGenerator[Chunk, None]:
        """Yield the chunks in their order.

        Raises `IntegrityError` where there are more or fewer records than Salesforce has counted.
        """
        version = self.line.root.rpartition("/v")[2]
        found = self._side_by_side() if float(version) >= PARALLEL else self._one_by_one()
        count, locators = 0, set[str]()
        async with aclosing(found) as chunks:
            async for chunk in chunks:
                if chunk.locator in locators - {"null"}:
                    raise _lost("a locator leads back to a chunk that came before")
                locators.add(chunk.locator)
                count += chunk.count
                yield chunk
        if count != self.job.rows:
            raise _lost(f"the job has {self.job.rows:,}, and sent {count:,}")

    async def _side_by_side(self) -> AsyncGenerator[Chunk, None]:
        async with (
            aclosing(self._addresses()) as addresses,
            aclosing(in_order(addresses, self._chunk, AHEAD)) as chunks,
        ):
            async for chunk in chunks:
                yield chunk

    async def _addresses(self) -> AsyncGenerator[Request, None]:
        """Where the chunks are; Salesforce lists a few of them at a time."""
        following, seen = f"{self.line.root}{self.job.path}/resultPages", set[str]()
        while following and self.job.rows:
            seen.add(following)
            links, link = await self.line.ask(Request(following), _links)
            for each in links:
                yield Request(self._address(each), headers={"Accept": "text/csv"})
            following = self._address(link) if link else ""
            if following in seen:
                raise _lost("the list of its chunks leads back to its beginning")

    async def _one_by_one(self) -> AsyncGenerator[Chunk, None]:
        """Each chunk tells where the next begins."""
        most = {"maxRecords": str(CHUNK)}
        request = Request(f"{self.line.root}{self.job.path}/results", params=most)
        locator = "" if self.job.rows else "null"
        while locator != "null":
            asked = request.with_params(locator=locator) if locator else request
            chunk = await self._chunk(asked.with_headers({"Accept": "text/csv"}))
            yield chunk
            locator = chunk.locator

    async def _chunk(self, request: Request) -> Chunk:
        """Ask for a chunk; it is read inside the attempt, so that one cut short is asked for again."""

        async def understand(response: Response) -> Chunk:
            check(response)
            count, locator = _told(response.headers)
            encoding = response.headers.get("content-encoding")
            rows = await in_worker(self.read, response.body, encoding)
            came = sum(batch.num_rows for batch in rows.batches)
            if came < count:  # cut short where a record ends, or empty
                raise DecodeError(
                    f"{NAME} announced a chunk of {count:,} records, and sent {came:,}", connector=NAME
                )
            if came > count:
                raise _lost(f"a chunk announced {count:,}, and had {came:,}")
            return Chunk(rows, count, locator)

        return await self.line.call(replace(request, entity=self.entity), understand)

    def _address(self, link: str) -> str:
        """The whole address of a link, which begins at the host, or in some orgs after the version."""
        if link.startswith("/services/"):
            return self.line.root.partition("/services/")[0] + link
        return self.line.root + link if link.startswith("/") else link


async def in_order(
    items: AsyncIterator[T], work: Callable[[T], Coroutine[Any, Any, U]], most: int
) -> AsyncGenerator[U, None]:
    """Yield what `work` makes of each item, in their order; `most` of them are under way or wait."""
    line: deque[asyncio.Task[U]] = deque()
    try:
        async for item in items:
            line.append(asyncio.create_task(work(item)))
            if len(line) == most:
                yield await line.popleft()
        while line:
            yield await line.popleft()
    finally:
        for task in line:
            task.cancel()
        with anyio.CancelScope(shield=True):
            await asyncio.gather(*line, return_exceptions=True)


def _links(answer: Mapping[str, Any]) -> tuple[list[str], str]:
    """The addresses of some chunks, and that of the next list.

    Some orgs call them otherwise than the guide does: https://github.com/msrivastav13/node-sf-bulk2/pull/35
    """
    pages = answer["resultPages"] if "resultPages" in answer else answer["resultChunks"]
    following = answer.get("nextRecordsUrl") or answer.get("nextRecordUrl") or ""
    if answer["done"] is not (not following):
        raise ValueError
    return [
        str(page["resultUrl"] if "resultUrl" in page else page["resultLink"]) for page in pages
    ], following


def _told(headers: Mapping[str, str]) -> tuple[int, str]:
    """How many records a chunk has, and where the next begins."""
    count = headers.get("sforce-numberofrecords", "")
    if not count.isdecimal():
        raise DecodeError(f"{NAME} sent a chunk without saying how many records it has", connector=NAME)
    return int(count), headers.get("sforce-locator", "null")


def _lost(what: str) -> IntegrityError:
    return IntegrityError(f"{NAME} did not give every record of a job exactly once: {what}", connector=NAME)
