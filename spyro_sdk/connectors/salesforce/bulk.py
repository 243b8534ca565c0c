"""Query jobs of the Bulk API 2.0: created, looked at until they are complete, and deleted.

https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/queries.htm
"""

from __future__ import annotations

import json
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import anyio

from ...errors import ConnectorError, DataFetchError
from ...guards.deadline import afterwards
from ...http import Request, Response
from .line import Line
from .pace import pauses
from .refusal import NAME, check

PATIENCE = 10.0  # seconds in which a job must let itself be deleted

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """A query job as Salesforce last described it."""

    id: str
    state: str
    rows: int = 0
    """Records that it has found, once it is complete."""
    said: str = ""
    """Why it failed."""

    @property
    def path(self) -> str:
        """Where it is, below the root."""
        return f"/jobs/query/{self.id}"

    @property
    def has_ended(self) -> bool:
        """Whether it changes no more."""
        return self.state in ("JobComplete", "Failed", "Aborted")


@dataclass(frozen=True)
class Jobs:
    """Runs query jobs."""

    line: Line
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep
    uniform: Callable[[float, float], float] = random.uniform

    @asynccontextmanager
    async def run(self, statement: str, *, with_deleted: bool = False) -> AsyncIterator[Job]:
        """Let Salesforce run a query; give the job once it is complete, and delete it at the end.

        However the block ends, and also when we are cancelled while we wait, Salesforce is told to forget the
        job. Raises `DataFetchError` where it fails.
        """
        job = await self.line.ask(self._creation(statement, with_deleted), _job)
        try:
            wait = pauses(self.uniform)
            while not job.has_ended:
                await self.sleep(next(wait))
                job = await self.line.ask(Request(self.line.root + job.path), _job)
            yield _complete(job)
        finally:
            await self._removed(job)

    async def _removed(self, job: Job) -> None:
        """Abort a job that still runs, and delete it; that it cannot be is no reason to fail."""
        why = "no answer in time"
        with afterwards(), anyio.move_on_after(PATIENCE, shield=True):
            try:
                if not job.has_ended:
                    with suppress(DataFetchError):  # it may have ended since we looked at it
                        await self.line.call(self._order(job.path, "PATCH", state="Aborted"), _nothing)
                await self.line.call(Request(self.line.root + job.path, "DELETE"), _nothing)
                return
            except ConnectorError as error:
                why = str(error)
        logger.warning("%s: the query job %s is left to expire: %s", NAME, job.id, why)

    def _creation(self, statement: str, with_deleted: bool) -> Request:
        return self._order(
            "/jobs/query",
            "POST",
            operation="queryAll" if with_deleted else "query",
            query=statement,
            contentType="CSV",
            columnDelimiter="COMMA",
            lineEnding="LF",
        )

    def _order(self, path: str, method: str, **body: str) -> Request:
        headers = {"Content-Type": "application/json"}
        return Request(self.line.root + path, method, headers=headers, body=json.dumps(body).encode())


def _job(answer: Mapping[str, Any]) -> Job:
    rows = answer["numberRecordsProcessed"] if answer["state"] == "JobComplete" else 0
    if type(rows) is not int:
        raise TypeError
    return Job(str(answer["id"]), str(answer["state"]), rows, str(answer.get("errorMessage") or ""))


def _complete(job: Job) -> Job:
    if job.state == "JobComplete":
        return job
    why = f": {job.said}" if job.said else ""
    raise DataFetchError(
        f"{NAME}'s query job {job.id} ended as {job.state}{why}", error_code=job.state, connector=NAME
    )


async def _nothing(response: Response) -> None:
    check(response)
