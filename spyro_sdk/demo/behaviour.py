"""What tests may change while the demo runs."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from spyro_sdk.demo.errors import ApiError, bad_request

PAGE = 2000
CHUNK = 50_000
DAILY_JOBS = 10_000


@dataclass
class BulkBehaviour:
    """How the Bulk API goes about its query jobs.

    Sources disagree about what stands in a chunk after the first and in a list of result pages, and say
    nothing of nulls. The defaults are what the vendor's guide shows; the other way can be had as well.
    """

    polls: int = 1  # status requests that see a job unfinished
    chunk: int = CHUNK  # records of a chunk at most
    daily_jobs: int = DAILY_JOBS
    jobs_used: int = 0
    repeats_header: bool = True  # in each chunk, not in the first alone
    quotes_nulls: bool = True  # null is "" rather than nothing
    names_chunks: bool = False  # resultChunks[].resultLink as orgs were seen to answer, not resultPages
    failures: list[str] = field(default_factory=list)  # what goes wrong with the jobs to come
    guard: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def use_job(self) -> None:
        """Count a job; raises once the day's are used up."""
        with self.guard:
            if self.jobs_used >= self.daily_jobs:
                jobs = f"Max bulk v2 query jobs ({self.daily_jobs}) per 24 hrs"
                raise bad_request("LIMIT_EXCEEDED", f"{jobs} has been reached ({self.jobs_used})")
            self.jobs_used += 1

    def fail(self, n: int, message: str) -> None:
        """Let the next n jobs end in failure."""
        with self.guard:
            self.failures += [message] * n

    def next_failure(self) -> str | None:
        """Take what goes wrong with the job that is created now."""
        with self.guard:
            return self.failures.pop(0) if self.failures else None


@dataclass
class Behaviour:
    """How the data API goes about its calls."""

    daily_limit: int = 100_000
    api_usage: int = 0
    batch_limit: int = PAGE
    total_lie: int = 0
    rows_to_lose: int = 0
    bulk: BulkBehaviour = field(default_factory=BulkBehaviour)
    guard: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def use_call(self) -> None:
        """Count a call; raises once the day's are used up."""
        with self.guard:
            if self.api_usage >= self.daily_limit:
                raise ApiError(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
            self.api_usage += 1

    def lose(self, page: list[int]) -> list[int]:
        """Leave out the rows that shall be lost."""
        with self.guard:
            lost = min(self.rows_to_lose, len(page))
            self.rows_to_lose -= lost
        return page[: len(page) - lost]
