"""Running totals of a connection."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from ..events import (
    Attempted,
    CircuitChanged,
    Connected,
    Disconnected,
    Event,
    FetchCutShort,
    Observer,
    PageArrived,
    QuotaSeen,
    Received,
    Retried,
    RetryRefused,
    Waited,
    pass_on,
)
from ..shown import Shown
from ..words import counted
from .history import History, copied

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CALLS: Final = 1000  # whose latencies are remembered
RETRIES: Final = 10  # whose reasons are remembered
WORDS: Final = 200  # letters of a reason


@dataclass
class Stats(Shown):
    """Observer: sums events up. The loop's thread tells it; any thread may read."""

    requests: int = 0  # calls of the service, each attempt counted
    failed: int = 0
    retries: int = 0
    retries_refused: int = 0  # for want of tokens in the retry budget
    waits: int = 0
    waited: float = 0.0  # seconds in the rate limiter's queue
    pages: int = 0
    rows: int = 0
    incomplete: int = 0  # fetches that failed midway, whose callers took what had come
    received: int = 0  # bytes of body, as they came over the wire
    circuit: str = "closed"
    quota: QuotaSeen | None = None
    quota_seen: datetime | None = None
    """When the service said so."""
    last_request_time: datetime | None = None
    is_connected: bool = False
    connector: str = ""
    limit: float | None = None  # requests a second, as configured
    latencies: deque[float] = field(default_factory=lambda: deque(maxlen=CALLS), repr=False)  # seconds
    retried: deque[Retried] = field(default_factory=lambda: deque(maxlen=RETRIES), repr=False)
    """The last retries, oldest first."""
    clock: Callable[[], float] = field(default=time.time, repr=False)  # seconds since the epoch
    _history: History = field(default_factory=History, init=False, repr=False, compare=False)
    _observers: tuple[Observer, ...] = field(default=(), init=False, repr=False, compare=False)

    def __call__(self, event: Event) -> None:
        match event:
            case Attempted():
                self._count(event)
            case Received():
                self.received += event.size
            case PageArrived():
                self.pages += 1
                self.rows += event.rows
            case FetchCutShort():
                self.incomplete += 1
            case Retried():
                self.retries += 1
                self.retried.append(event)
            case RetryRefused():
                self.retries_refused += 1
            case Waited():
                self.waits += 1
                self.waited += event.seconds
            case QuotaSeen():
                self.quota, self.quota_seen = event, self._now()
            case CircuitChanged():
                self.circuit = event.state
            case Connected() | Disconnected():
                self.is_connected = isinstance(event, Connected)
        pass_on(self._observers, event)

    def observe(self, observer: Observer) -> None:
        """Tell it each event from now on, once it has been counted; it is told each only once."""
        self.leave(observer)
        self._observers += (observer,)

    def leave(self, observer: Observer) -> None:
        """Tell it no more."""
        self._observers = tuple(it for it in self._observers if it != observer)

    @property
    def success_rate(self) -> float:
        """Calls that went well, in percent; 100 before the first."""
        failed, requests = self.failed, self.requests  # in this order: no more can have failed than were made
        return 100.0 * (requests - failed) / requests if requests else 100.0

    @property
    def history(self) -> list[int]:
        """Calls that ended in each of the last 120 seconds, oldest first; the last second still runs."""
        return self._history.until(self.clock())

    @property
    def reasons(self) -> list[str]:
        """Why calls were made again lately: each reason once, the latest first."""
        latest = reversed(copied(self.retried))
        return list(dict.fromkeys(_short(it.reason) for it in latest))

    def latency(self, share: float) -> float | None:
        """Seconds within which `share` (0 to 1) of the last 1,000 calls ended; None before the first."""
        ordered = sorted(copied(self.latencies))
        return ordered[max(math.ceil(share * len(ordered)), 1) - 1] if ordered else None

    def plot(self) -> Figure:
        """Draw the requests a second against the limit, and the latencies; needs the extra `plot`.

        A notebook shows the figure; a script may call its `savefig`. No display is needed.
        """
        from .picture import draw

        return draw(self)

    def to_dict(self) -> dict[str, Any]:
        """The totals by their names."""
        return {
            "total_requests": self.requests,
            "failed_requests": self.failed,
            "success_rate": self.success_rate,
            "last_request_time": self.last_request_time,
            "retries": self.retries,
            "retries_refused": self.retries_refused,
            "retry_reasons": self.reasons,
            "waits": self.waits,
            "waited_seconds": self.waited,
            "pages": self.pages,
            "rows": self.rows,
            "incomplete": self.incomplete,
            "bytes": self.received,
            "p50": self.latency(0.5),
            "p95": self.latency(0.95),
            "circuit": self.circuit,
            "quota_limit": self.quota and self.quota.limit,
            "quota_remaining": self.quota and self.quota.remaining,
            "quota_seen": self.quota_seen,
        }

    def __str__(self) -> str:
        p50, p95 = self.latency(0.5) or 0.0, self.latency(0.95) or 0.0
        refused = f" and {self.retries_refused:,} refused" if self.retries_refused else ""
        short = f" {counted(self.incomplete, 'incomplete result')}," if self.incomplete else ""
        return (
            f"{self.requests:,} requests ({self.success_rate:.1f} % went well),"
            f" {self.retries:,} retries{refused}, {self.waits:,} waits ({self.waited:.1f} s),"
            f" {self.rows:,} records in {self.pages:,} pages, {self.received / 1e6:,.1f} MB,{short}"
            f" p50 {p50 * 1e3:,.0f} ms, p95 {p95 * 1e3:,.0f} ms, circuit {self.circuit}"
        )

    def __repr__(self) -> str:
        return f"<Stats {self.connector!r}: {self}>" if self.connector else f"<Stats: {self}>"

    def _count(self, event: Attempted) -> None:
        self.requests += 1
        self.failed += event.error is not None
        self.latencies.append(event.seconds)
        self._history.add(self.clock())
        self.last_request_time = self._now()

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.clock(), UTC)


def _short(reason: str) -> str:
    """The first line of a reason, or as much of it as a card has room for."""
    line = reason.partition("\n")[0]
    return line if len(line) <= WORDS else f"{line[: WORDS - 1]}…"
