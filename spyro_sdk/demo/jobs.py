"""The Bulk API's query jobs, and how they come to an end."""

from __future__ import annotations

import threading
import time
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from spyro_sdk.demo.errors import bad_request, not_found
from spyro_sdk.demo.ids import make_id, to_18
from spyro_sdk.demo.person import USER_ID
from spyro_sdk.demo.plan import Plan

OPEN = ("UploadComplete", "InProgress")
Clock = Callable[[], float]


@dataclass(frozen=True)
class Order:
    """What a client asks for; the two words for delimiter and line ending are Salesforce's."""

    operation: str
    soql: str
    delimiter: str
    line_ending: str


@dataclass
class Job:
    """One query job with the rowids of its records, as they were when it was created."""

    order: Order
    version: str
    plan: Plan
    rowids: array[int]
    chunk: int  # records
    polls: int  # status requests that see it unfinished
    failure: str | None = None
    total_lie: int = 0
    looks: int = 0
    id: str = ""
    created: float = 0.0
    changed: float = 0.0
    state: str = "UploadComplete"

    def summary(self) -> dict[str, Any]:
        """Tell what the answer to its creation tells."""
        return {
            "id": self.id,
            "operation": self.order.operation,
            "object": self.plan.tables[0],
            "createdById": USER_ID,
            "createdDate": _stamp(self.created),
            "systemModstamp": _stamp(self.changed),
            "state": self.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(self.version),
            "lineEnding": self.order.line_ending,
            "columnDelimiter": self.order.delimiter,
        }

    def details(self) -> dict[str, Any]:
        """Tell what a status request tells."""
        ended = self.state not in OPEN
        done = len(self.rowids) + self.total_lie if self.state == "JobComplete" else 0
        return {
            **self.summary(),
            "jobType": "V2Query",
            "numberRecordsProcessed": done,
            "retries": 0,
            "totalProcessingTime": int((self.changed - self.created) * 1000) if ended else 0,
            **({"errorMessage": self.failure} if self.state == "Failed" else {}),
            "isPkChunkingSupported": True,  # all objects here that Bulk can query
        }

    def age(self, now: float) -> None:
        """Come a step nearer to the end; the first of several steps still finds it in the queue."""
        if self.state not in OPEN:
            return
        if self.polls == self.looks:
            self.state, self.changed = "Failed" if self.failure else "JobComplete", now
            return
        self.looks += 1
        if self.looks > 1 or self.polls == 1:
            self.state, self.changed = "InProgress", now


@dataclass
class Jobs:
    """Keeps the org's query jobs until they are deleted; may be used from any thread."""

    clock: Clock = time.time
    _jobs: dict[str, Job] = field(default_factory=dict)
    _born: int = 0
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def __len__(self) -> int:
        return len(self._jobs)

    def open(self, job: Job) -> dict[str, Any]:
        """Put a job into the queue; tell what stands in the answer to its creation."""
        with self._guard:
            self._born += 1
            job.id, job.created = make_id("750", self._born), self.clock()
            job.changed = job.created
            self._jobs[job.id] = job
            return job.summary()

    def find(self, job_id: str) -> Job:
        """Give a job by its id of 15 or 18 characters; raises NOT_FOUND."""
        with self._guard:
            return self._find(job_id)

    def look(self, job_id: str) -> dict[str, Any]:
        """Answer a status request, which is also what makes a job go on."""
        with self._guard:
            job = self._find(job_id)
            job.age(self.clock())
            return job.details()

    def abort(self, job_id: str) -> dict[str, Any]:
        """End a job that has not ended."""
        with self._guard:
            job = self._find(job_id)
            if job.state not in OPEN:
                raise bad_request("INVALIDJOBSTATE", "Aborting already Completed Job not allowed")
            job.state, job.changed = "Aborted", self.clock()
            return job.summary()

    def delete(self, job_id: str) -> None:
        """Forget a job that has ended."""
        with self._guard:
            job = self._find(job_id)
            if job.state in OPEN:
                raise bad_request(
                    "API_ERROR", "Error encountered when deleting the job because the job is not terminated"
                )
            del self._jobs[job.id]

    def overview(self) -> list[dict[str, Any]]:
        """Tell about all jobs; nobody promises an order."""
        with self._guard:
            return [job.details() for job in self._jobs.values()]

    def _find(self, job_id: str) -> Job:
        job = self._jobs.get(to_18(job_id) or "")
        if job is None:
            raise not_found()
        return job


def _stamp(moment: float) -> str:
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(moment))}.000+0000"
