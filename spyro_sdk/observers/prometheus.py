"""Events as metrics of Prometheus.

Names and units follow https://prometheus.io/docs/practices/naming/: base units, `_total` for what only grows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Final, Protocol

from ..errors import ConfigurationError
from ..events import (
    Attempted,
    CircuitChanged,
    Connected,
    Disconnected,
    Event,
    FetchCutShort,
    FetchFinished,
    PageArrived,
    QuotaSeen,
    Received,
    Retried,
    RetryRefused,
    Waited,
)

try:
    from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, Metric
    from prometheus_client.metrics_core import GaugeMetricFamily
    from prometheus_client.registry import Collector
except ModuleNotFoundError:
    raise ConfigurationError("metrics need prometheus-client: pip install 'spyro-sdk[metrics]'") from None

BUCKETS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)  # seconds
STATES: Final = ("closed", "half-open", "open")
AVAILABLE: Final = "spyro_rate_limit_available_requests"


class Limit(Protocol):
    """A rate limit, as `connection.rate_limit`."""

    @property
    def connector(self) -> str: ...

    @property
    def available(self) -> float: ...

    @property
    def is_connected(self) -> bool: ...


class Prometheus:
    """Observer: counts for Prometheus. One of it serves all connections of a process.

    `registry`: where the metrics are, for whoever exports them; the client's own by default. Raises
    `ConfigurationError` where that has them already.
    """

    def __init__(
        self, registry: CollectorRegistry | None = None, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._clock = clock  # seconds since the epoch
        registry = REGISTRY if registry is None else registry
        try:
            self._make(registry)
        except ValueError:
            raise ConfigurationError(
                "the registry has these metrics already: one Prometheus observer serves all connections"
            ) from None

    def watch(self, limit: Limit) -> None:
        """Export what is left of a rate limit while its connection is open, as it is when that is asked."""
        self._limits.watch(limit)

    def __call__(self, event: Event) -> None:
        name = event.connector
        match event:
            case Attempted():
                self._attempted(event)
            case Received():
                self._received.labels(name, event.entity).inc(event.size)
            case PageArrived():
                self._pages.labels(name, event.entity).inc()
                self._records.labels(name, event.entity).inc(event.rows)
            case Retried():
                self._retries.labels(name).inc()
            case RetryRefused():
                self._refused.labels(name).inc()
            case Waited():
                self._waits.labels(name).inc()
                self._waited.labels(name).inc(event.seconds)
            case CircuitChanged():
                self._circuit_is(name, event.state)
            case QuotaSeen():
                self._quota_seen(event)
            case FetchCutShort():
                self._incomplete.labels(name, event.entity).inc()
            case FetchFinished():
                self._fetches.labels(name, event.entity).inc()
                self._fetches_failed.labels(name, event.entity).inc(event.error is not None)
            case Connected():
                self._connections.labels(name).inc()
                self._begin(name)
            case Disconnected():
                self._connections.labels(name).dec()

    def _make(self, registry: CollectorRegistry) -> None:
        one, both = ("connector",), ("connector", "entity")

        def counter(name: str, what: str, labels: tuple[str, ...] = one) -> Counter:
            return Counter(f"spyro_{name}", what, labels, registry=registry)

        def gauge(name: str, what: str, labels: tuple[str, ...] = one) -> Gauge:
            return Gauge(f"spyro_{name}", what, labels, registry=registry)

        self._requests = counter("requests", "Calls of the service, each attempt counted.")
        self._failed = counter("request_failures", "Calls of the service that failed.")
        self._seconds = Histogram(
            "spyro_request_duration_seconds",
            "How long calls of the service took, from sending to the decoded answer.",
            one,
            registry=registry,
            buckets=BUCKETS,
        )
        self._last = gauge("last_request_timestamp_seconds", "When the last call ended.")
        self._retries = counter("request_retries", "Failed calls that were made again.")
        self._refused = counter(
            "request_retries_refused", "Failed calls that were not, for want of tokens in the retry budget."
        )
        self._waits = counter("rate_limit_waits", "Calls that stood in the rate limiter's queue.")
        self._waited = counter("rate_limit_wait_seconds", "How long calls stood there, in all.")
        self._received = counter("received_bytes", "Bytes of bodies, as they came over the wire.", both)
        self._pages = counter("pages", "Pages of records that arrived.", both)
        self._records = counter("records", "Records that arrived, before where and limit.", both)
        self._fetches = counter("fetches", "Fetches that ended.", both)
        self._fetches_failed = counter("fetch_failures", "Fetches that did not read to their end.", both)
        self._incomplete = counter(
            "incomplete_results", "Fetches cut short, whose callers took what had come.", both
        )
        self._connections = gauge("connections", "Open connections.")
        self._circuit = gauge(
            "circuit_breaker_state", "1 for the state it is in, 0 for the others.", ("connector", "state")
        )
        self._quota = gauge("quota_requests", "Requests of the service's own quota, in its whole window.")
        self._left = gauge("quota_remaining_requests", "Requests that the service said are left of it.")
        self._limits = _Limits()
        registry.register(self._limits)

    def _begin(self, name: str) -> None:
        """Show zeros for what has not happened yet, so that its first time is seen as an increase."""
        told = (self._requests, self._failed, self._retries, self._refused, self._waits, self._waited)
        for counter in told:
            counter.labels(name)
        self._circuit_is(name, "closed")

    def _attempted(self, event: Attempted) -> None:
        name = event.connector
        self._requests.labels(name).inc()
        self._failed.labels(name).inc(event.error is not None)
        self._seconds.labels(name).observe(event.seconds)
        self._last.labels(name).set(self._clock())

    def _circuit_is(self, name: str, state: str) -> None:
        for each in STATES:
            self._circuit.labels(name, each).set(each == state)

    def _quota_seen(self, event: QuotaSeen) -> None:
        if event.limit is not None:
            self._quota.labels(event.connector).set(event.limit)
        self._left.labels(event.connector).set(event.remaining)


class _Limits(Collector):
    """What is left of the rate limits that are watched, as it is when that is asked."""

    def __init__(self) -> None:
        self._watched: list[Limit] = []

    def watch(self, limit: Limit) -> None:
        self._watched = [*self._open(), limit]

    def describe(self) -> Iterator[Metric]:
        yield self._family()

    def collect(self) -> Iterator[Metric]:
        family, left = self._family(), dict[str, float]()
        for limit in self._open():
            left[limit.connector] = min(limit.available, left.get(limit.connector, limit.available))
        for name, available in left.items():
            family.add_metric([name], available)
        yield family

    def _open(self) -> list[Limit]:
        return [limit for limit in self._watched if limit.is_connected]

    def _family(self) -> GaugeMetricFamily:
        what = "Requests that could be sent now; of several connections of one name the least."
        return GaugeMetricFamily(AVAILABLE, what, labels=("connector",))
