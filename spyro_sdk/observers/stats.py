"""Running totals of a connection."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ..events import (
    Attempted,
    CircuitChanged,
    Event,
    PageArrived,
    QuotaSeen,
    Received,
    Retried,
    RetryRefused,
    Waited,
)


@dataclass
class Stats:
    """Observer: sums events up."""

    requests: int = 0  # calls of the service, each attempt counted
    failed: int = 0
    retries: int = 0
    retries_refused: int = 0  # for want of tokens in the retry budget
    waits: int = 0
    waited: float = 0.0  # seconds in the rate limiter's queue
    pages: int = 0
    rows: int = 0
    received: int = 0  # bytes of body, as they came over the wire
    circuit: str = "closed"
    quota: QuotaSeen | None = None
    last_request_time: datetime | None = None
    latencies: deque[float] = field(default_factory=lambda: deque(maxlen=1000), repr=False)  # seconds
    clock: Callable[[], float] = field(default=time.time, repr=False)  # seconds since the epoch

    def __call__(self, event: Event) -> None:
        match event:
            case Attempted():
                self.requests += 1
                self.failed += event.error is not None
                self.latencies.append(event.seconds)
                self.last_request_time = datetime.fromtimestamp(self.clock(), UTC)
            case Received():
                self.received += event.size
            case PageArrived():
                self.pages += 1
                self.rows += event.rows
            case Retried():
                self.retries += 1
            case RetryRefused():
                self.retries_refused += 1
            case Waited():
                self.waits += 1
                self.waited += event.seconds
            case QuotaSeen():
                self.quota = event
            case CircuitChanged():
                self.circuit = event.state

    @property
    def success_rate(self) -> float:
        """Calls that went well, in percent; 100 before the first."""
        return 100.0 * (self.requests - self.failed) / self.requests if self.requests else 100.0

    def latency(self, share: float) -> float | None:
        """Seconds within which `share` (0 to 1) of the last 1,000 calls ended; None before the first."""
        ordered = sorted(self.latencies)
        return ordered[max(math.ceil(share * len(ordered)), 1) - 1] if ordered else None

    def to_dict(self) -> dict[str, Any]:
        """The totals by their names."""
        return {
            "total_requests": self.requests,
            "failed_requests": self.failed,
            "success_rate": self.success_rate,
            "last_request_time": self.last_request_time,
            "retries": self.retries,
            "retries_refused": self.retries_refused,
            "waits": self.waits,
            "waited_seconds": self.waited,
            "pages": self.pages,
            "rows": self.rows,
            "bytes": self.received,
            "p50": self.latency(0.5),
            "p95": self.latency(0.95),
            "circuit": self.circuit,
        }

    def __str__(self) -> str:
        p50, p95 = self.latency(0.5) or 0.0, self.latency(0.95) or 0.0
        refused = f" and {self.retries_refused:,} refused" if self.retries_refused else ""
        return (
            f"{self.requests:,} requests ({self.success_rate:.1f} % went well),"
            f" {self.retries:,} retries{refused}, {self.waits:,} waits ({self.waited:.1f} s),"
            f" {self.rows:,} records in {self.pages:,} pages, {self.received / 1e6:,.1f} MB,"
            f" p50 {p50 * 1e3:,.0f} ms, p95 {p95 * 1e3:,.0f} ms, circuit {self.circuit}"
        )
