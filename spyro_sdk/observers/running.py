"""One run of a fetch: what has come, how fast, and what it waited for."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import Final, Literal, Protocol, TypeAlias

from ..config import RateLimitConfig
from ..events import (
    Attempted,
    CircuitChanged,
    Event,
    FetchCutShort,
    FetchFinished,
    FetchResumed,
    PageArrived,
    PageSizeShrunk,
    PagingRepaired,
    QuotaSeen,
    Received,
    ResumeLost,
    Retried,
    RoadTaken,
    SchemaChanged,
    TotalChanged,
    Waited,
)
from ..words import counted, lasting, size
from .logging import words

Act: TypeAlias = Literal["fetch", "head", "count"]
Outcome: TypeAlias = Literal["running", "done", "left", "stopped", "failed", "incomplete"]

HISTORY: Final = 300  # seconds of requests that are remembered
REASONS: Final = 3  # retries, and remarks, that are remembered
RECENT: Final = 32  # pages by which the pace is told
LONG: Final = 1.0  # seconds; a shorter wait for the rate limit is its usual pace
LEGIBLE: Final = 240  # letters of an error

REMARKABLE: Final = (
    CircuitChanged,
    FetchResumed,
    PageSizeShrunk,
    PagingRepaired,
    ResumeLost,
    RoadTaken,
    SchemaChanged,
    TotalChanged,
)
"""Events that somebody who looks at the records may want to know of."""

DONE: Final = {"fetch": "fetched", "head": "fetched", "count": "counted"}


class Bucket(Protocol):
    """A rate limiter, to those who only look at it."""

    def get_available_tokens(self) -> float:
        """Requests that could be sent now."""
        ...

    def get_wait_time(self) -> float:
        """Seconds until one can be sent."""
        ...


@dataclass(frozen=True, slots=True)
class Asked:
    """What a run was asked for, and how fast it may ask."""

    connector: str
    entity: str
    rate: RateLimitConfig
    bucket: Bucket
    act: Act = "fetch"
    limit: int | None = None  # records after which it is complete; None where only the service knows
    quota: QuotaSeen | None = None  # what the service said earlier

    @property
    def is_glance(self) -> bool:
        """Whether it usually takes a moment, and is shown only where it takes longer."""
        return self.act != "fetch"


@dataclass(frozen=True, slots=True)
class Pause:
    """Why nothing is asked at the moment."""

    seconds: float  # still to wait
    reason: str


@dataclass(frozen=True, slots=True)
class Retry:
    """A call that failed, and is made again."""

    at: float  # seconds after the run began
    seconds: float  # from there to the next attempt
    reason: str


class Running:
    """Observer: one run of a fetch. It is told in the loop's thread, and may be read in any other."""

    def __init__(self, asked: Asked, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.asked, self.quota = asked, asked.quota
        self.pages = self.rows = self.requests = self.retries = self.waits = 0
        """`rows`: records that arrived, before `where` and `limit` are applied to them."""
        self.resumed = 0  # of these records, those that had arrived in an earlier run
        self.received = 0  # bytes of body, as they came over the wire
        self.waited = 0.0  # seconds in the rate limiter's queue
        self.given: int | None = None
        """Records for the caller, once it has ended; of a `count` their number."""
        self.kept: int | None = None
        """Records in `fetch.partial`, once it has failed or was stopped."""
        self.outcome: Outcome = "running"
        self.error = ""
        self._announced: int | None = None
        self._largest = 0  # records in a page
        self.remarked = 0  # events that may matter to who looks at the records
        self.began = clock()
        self._clock = clock
        self._ended: float | None = None
        self._lock = threading.Lock()
        self._sent: dict[int, int] = {}  # requests by the second in which they were sent
        self._retried: deque[Retry] = deque(maxlen=REASONS)
        self._remarks: deque[str] = deque(maxlen=REASONS)
        self._course: deque[tuple[float, int]] = deque([(0.0, 0)], maxlen=RECENT)  # seconds, rows

    def __call__(self, event: Event) -> None:
        with self._lock:
            match event:
                case PageArrived():
                    self._arrived(event)
                case Received():
                    self.received += event.size
                case Attempted():
                    self._attempted(self.seconds - event.seconds)
                case Waited():
                    self.waits += 1
                    self.waited += event.seconds
                case Retried():
                    self.retries += 1
                    self._retried.append(Retry(self.seconds, event.seconds, event.reason))
                case QuotaSeen():
                    self.quota = event
                case FetchFinished():
                    self.given = event.rows
                case FetchCutShort():
                    self.error = _short(event.missing)
                case _ if isinstance(event, REMARKABLE):
                    if isinstance(event, FetchResumed):
                        self._went_on(event.read)
                    self.remarked += 1
                    self._remarks.append(words(event).removeprefix(f"{event.connector}: "))

    def end(self, error: BaseException | None) -> None:
        """Take down how it ended; the error itself, which holds the frames it came from, is not kept.

        Without one, incomplete where its caller takes what had come before it was cut short.
        """
        self._ended = self._clock()
        if error is None:
            self.outcome = "incomplete" if self.error else "done"
        elif isinstance(error, GeneratorExit):
            self.outcome = "left"
        elif isinstance(error, Exception):
            self.outcome, self.error = "failed", _first_line(error)
        else:
            self.outcome = "stopped"

    @property
    def seconds(self) -> float:
        """How long it has been running, or ran."""
        return (self._clock() if self._ended is None else self._ended) - self.began

    @property
    def total(self) -> int | None:
        """Records of the whole fetch; None where the service does not say."""
        if self._announced is None:
            return None
        limit = self.asked.limit
        return max(self.rows, self._announced if limit is None else min(self._announced, limit))

    @property
    def share(self) -> float | None:
        """How much of it has come, from 0 to 1; None where the total is unknown."""
        total = self.total
        return None if total is None else self.rows / total if total else 1.0

    @property
    def pace(self) -> float:
        """Records a second: of late while it runs, on the whole afterwards."""
        with self._lock:
            then, had = self._course[0] if self._ended is None else (0.0, self.resumed)
        passed = self.seconds - then
        return (self.rows - had) / passed if passed > 0 else 0.0

    @property
    def time_left(self) -> float | None:
        """Seconds until it ends at its pace; None where the total is unknown, or nothing came yet."""
        total, pace = self.total, self.pace
        return (total - self.rows) / pace if total is not None and pace else None

    @property
    def calls_left(self) -> int | None:
        """Requests it will still take, in pages as large as the largest; None where nobody can tell."""
        total = self.total
        return ceil((total - self.rows) / self._largest) if total is not None and self._largest else None

    @property
    def pause(self) -> Pause | None:
        """What is waited for now, if that takes longer than usual."""
        last = next(reversed(self.reasons), None)
        if last is not None and (rest := last.at + last.seconds - self.seconds) > 0:
            return Pause(rest, last.reason)
        wait = self.asked.bucket.get_wait_time()
        return Pause(wait, "the rate limit grants no request before") if wait >= LONG else None

    @property
    def reasons(self) -> tuple[Retry, ...]:
        """The last retries."""
        with self._lock:
            return tuple(self._retried)

    @property
    def remarks(self) -> tuple[str, ...]:
        """The last of what may matter to who looks at the records, in words."""
        with self._lock:
            return tuple(self._remarks)

    @property
    def history(self) -> list[int]:
        """Requests sent in each whole second, at most the last five minutes; the current one is left out."""
        now = int(self.seconds) + (self._ended is not None)
        with self._lock:
            return [self._sent.get(second, 0) for second in range(max(0, now - HISTORY), now)]

    def __str__(self) -> str:
        name = f"{self.asked.connector}: {self.asked.entity}"
        match self.outcome:
            case "running":
                return f"{name}: {self.progress}"
            case "done":
                return f"{name} {DONE[self.asked.act]}: {self.summary}"
            case "incomplete":
                return f"{name} incomplete after {lasting(self.seconds)}: {self.summary}; {self.error}"
            case "failed":
                return f"{name} failed after {lasting(self.seconds)}: {self.error}{self._left_over}"
            case _:
                return f"{name} {self.outcome} after {lasting(self.seconds)}: {self.summary}{self._left_over}"

    @property
    def progress(self) -> str:
        """How far it is, in words."""
        said = f"{self.rows:,} of {counted(self.total, 'record')}" if self.total else self._so_far
        return f"{said}, {counted(self.pages, 'page')}, {self.pace:,.0f} records/s"

    @property
    def summary(self) -> str:
        """What has come and what it took, in words."""
        rows = self.rows if self.given is None else self.given
        said = [counted(rows, "record")]
        if rows != self.rows and self.rows:
            said.append(f"{self.rows:,} read")
        said += [counted(self.pages, "page")] if self.pages else []
        said += [lasting(self.seconds)] if self.outcome == "done" else []
        said += [size(self.received)] if self.received else []
        return ", ".join([*said, *self.troubles])

    @property
    def troubles(self) -> list[str]:
        """Waits and retries, in words; empty where there were none."""
        said = []
        if self.waits:
            said.append(f"{counted(self.waits, 'wait')} for the rate limit ({lasting(self.waited)})")
        if self.retries:
            said.append("1 retry" if self.retries == 1 else f"{self.retries:,} retries")
        return said

    @property
    def _so_far(self) -> str:
        return f"{counted(self.rows, 'record')} so far"

    @property
    def _left_over(self) -> str:
        """Where to find what had arrived; '' where the error says it, or nothing was kept."""
        if not self.kept or "fetch.partial" in self.error:
            return ""
        return f"; fetch.partial has {counted(self.kept, 'record')}"

    def _arrived(self, page: PageArrived) -> None:
        self.pages += 1
        self.rows += page.rows
        self._largest = max(self._largest, page.rows)
        if page.total is not None:
            self._announced = page.total
        self._course.append((self.seconds, self.rows))

    def _went_on(self, read: int) -> None:
        """Count what an earlier run had read; its pace is not ours."""
        self.resumed = read
        self.rows += read
        self._course = deque(((at, rows + read) for at, rows in self._course), maxlen=RECENT)

    def _attempted(self, at: float) -> None:
        """Count a request that was sent so many seconds after the beginning."""
        self.requests += 1
        second = max(0, int(at))
        self._sent[second] = self._sent.get(second, 0) + 1
        if len(self._sent) > HISTORY:
            del self._sent[min(self._sent)]


def _first_line(error: Exception) -> str:
    """What an error says, or its name; no more than a line."""
    return _short(str(error) or type(error).__name__)


def _short(text: str) -> str:
    """The first line of a text, or as much of it as is legible."""
    said = text.partition("\n")[0]
    return said if len(said) <= LEGIBLE else f"{said[:LEGIBLE]} …"
