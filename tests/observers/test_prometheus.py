"""Events as metrics of Prometheus."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

import spyro_sdk as spyro
from spyro_sdk.demo.server import serve
from spyro_sdk.errors import ConfigurationError
from spyro_sdk.events import (
    Attempted,
    CircuitChanged,
    Connected,
    Disconnected,
    Event,
    FetchCutShort,
    FetchFinished,
    FetchStarted,
    PageArrived,
    QuotaSeen,
    Received,
    Retried,
    RetryRefused,
    Waited,
)
from spyro_sdk.observers.prometheus import STATES, Prometheus
from tests.org import connected

TOLD = [
    Connected("acme"),
    FetchStarted("acme", "Customer"),
    Waited("acme", 1.5),
    Received("acme", 500, 100, 0.1, "Customer"),
    Attempted("acme", 0.2, "it broke"),
    Retried("acme", 1, 0.5, "it broke"),
    RetryRefused("acme", "it broke again"),
    CircuitChanged("acme", "open"),
    QuotaSeen("acme", 100, 42, 60.0),
    QuotaSeen("acme", None, 41, 60.0),
    Received("acme", 200, 2_000, 0.1),
    Attempted("acme", 40.0, None),
    PageArrived("acme", "Customer", 1500, None),
    PageArrived("acme", "Order", 500, 2000),
    FetchFinished("acme", "Customer", 1500, 2.0, None),
    FetchFinished("acme", "Customer", 0, 2.0, "it broke"),
    FetchCutShort("acme", "Customer", 500, "500 of 1,000 records did not come: it broke"),
]


class Scraped:
    """A registry, and what a server would read of it."""

    def __init__(self, *events: Event) -> None:
        self.registry = CollectorRegistry()
        self.observer = Prometheus(self.registry, clock=lambda: 86_400.0)
        for event in events:
            self.observer(event)

    def __call__(self, name: str, connector: str = "acme", **labels: str) -> float | None:
        return self.registry.get_sample_value(f"spyro_{name}", {"connector": connector, **labels})


def test_each_event_counts_where_it_belongs() -> None:
    scraped = Scraped(*TOLD)
    assert scraped("requests_total") == 2
    assert scraped("request_failures_total") == 1
    assert scraped("request_duration_seconds_count") == 2
    assert scraped("request_duration_seconds_sum") == 40.2
    assert scraped("request_duration_seconds_bucket", le="0.25") == 1
    assert scraped("request_duration_seconds_bucket", le="60.0") == 2
    assert scraped("last_request_timestamp_seconds") == 86_400
    assert scraped("request_retries_total") == scraped("request_retries_refused_total") == 1
    assert (scraped("rate_limit_waits_total"), scraped("rate_limit_wait_seconds_total")) == (1, 1.5)
    assert scraped("received_bytes_total", entity="Customer") == 100
    assert scraped("received_bytes_total", entity="") == 2_000
    assert scraped("pages_total", entity="Customer") == scraped("pages_total", entity="Order") == 1
    assert scraped("records_total", entity="Customer") == 1500
    assert scraped("fetches_total", entity="Customer") == 2
    assert scraped("fetch_failures_total", entity="Customer") == 1
    assert scraped("incomplete_results_total", entity="Customer") == 1
    assert (scraped("quota_requests"), scraped("quota_remaining_requests")) == (100, 41)
    assert [scraped("circuit_breaker_state", state=state) for state in STATES] == [0, 0, 1]


def test_what_has_not_happened_yet_is_nothing_and_not_unknown() -> None:
    scraped = Scraped(Connected("acme"))
    for name in (
        "requests_total",
        "request_failures_total",
        "request_retries_total",
        "request_retries_refused_total",
        "rate_limit_waits_total",
        "rate_limit_wait_seconds_total",
    ):
        assert scraped(name) == 0
    assert [scraped("circuit_breaker_state", state=state) for state in STATES] == [1, 0, 0]
    assert scraped("quota_requests") is None


def test_open_connections_are_counted() -> None:
    scraped = Scraped(Connected("acme"), Connected("acme"))
    assert scraped("connections") == 2
    scraped.observer(Disconnected("acme"))
    assert scraped("connections") == 1


def test_connectors_are_told_apart() -> None:
    scraped = Scraped(Attempted("acme", 0.1, None), Attempted("globex", 0.1, None))
    assert scraped("requests_total") == scraped("requests_total", "globex") == 1


class Limit:
    def __init__(self, available: float, connector: str = "acme") -> None:
        self.available, self.connector, self.is_connected = available, connector, True


def test_what_is_left_of_a_rate_limit_is_told_as_it_is_when_asked() -> None:
    scraped, limit = Scraped(), Limit(20.0)
    assert scraped("rate_limit_available_requests") is None
    scraped.observer.watch(limit)
    assert scraped("rate_limit_available_requests") == 20
    limit.available = 3.5
    assert scraped("rate_limit_available_requests") == 3.5
    scraped.observer.watch(Limit(7.0))
    scraped.observer.watch(Limit(9.0, "globex"))
    assert scraped("rate_limit_available_requests") == 3.5
    assert scraped("rate_limit_available_requests", "globex") == 9
    limit.is_connected = False
    assert scraped("rate_limit_available_requests") == 7


def test_limits_of_closed_connections_are_let_go() -> None:
    scraped = Scraped()
    for _ in range(100):
        limit = Limit(1.0)
        scraped.observer.watch(limit)
        limit.is_connected = False
    assert len(scraped.observer._limits._watched) == 1


def test_a_registry_has_the_metrics_once() -> None:
    registry = CollectorRegistry()
    Prometheus(registry)
    with pytest.raises(ConfigurationError, match="one Prometheus observer serves all connections"):
        Prometheus(registry)


def test_the_registry_of_the_client_is_the_default() -> None:
    script = """
from prometheus_client import REGISTRY
from spyro_sdk.events import Attempted
from spyro_sdk.observers.prometheus import Prometheus
Prometheus()(Attempted("acme", 0.1, None))
print(REGISTRY.get_sample_value("spyro_requests_total", {"connector": "acme"}))
"""
    run = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True)
    assert (run.stdout, run.stderr) == ("1.0\n", "")


def test_names_and_units_follow_the_conventions() -> None:
    text = generate_latest(Scraped(*TOLD).registry).decode()
    families = [it for it in text_string_to_metric_families(text) if not it.name.endswith("_created")]
    assert len(families) == 19
    for family in families:
        assert family.name.startswith("spyro_")
        assert family.documentation.endswith(".")
        assert not family.name.endswith(("_ms", "_minutes", "_kb"))
        if family.type == "counter":
            assert {it.name for it in family.samples} <= {f"{family.name}_total"}


def test_after_a_run_it_has_what_the_statistics_have() -> None:
    scraped = Scraped()
    with (
        serve(records=900, seed=5, batch_limit=200) as org,
        connected(org, observers=[scraped.observer]) as sf,
    ):
        scraped.observer.watch(sf.rate_limit)
        org.fail(2, 503)
        sf.fetch("Customer").to_arrow()
        sf.fetch("Contact", limit=10).to_arrow()
        totals: dict[str, Any] = sf._connector.get_statistics()
        assert scraped("rate_limit_available_requests", "salesforce") == pytest.approx(
            totals["available_tokens"], abs=50
        )

    def total(name: str) -> float:
        return sum(
            sample.value
            for family in scraped.registry.collect()
            for sample in family.samples
            if sample.name == f"spyro_{name}_total"
        )

    assert totals["retries"] == 2
    assert {
        "total_requests": total("requests"),
        "failed_requests": total("request_failures"),
        "retries": total("request_retries"),
        "retries_refused": total("request_retries_refused"),
        "waits": total("rate_limit_waits"),
        "waited_seconds": total("rate_limit_wait_seconds"),
        "pages": total("pages"),
        "rows": total("records"),
        "incomplete": total("incomplete_results"),
        "bytes": total("received_bytes"),
    }.items() <= totals.items()
    assert scraped("quota_remaining_requests", "salesforce") == totals["quota_remaining"]
    assert scraped("circuit_breaker_state", "salesforce", state=totals["circuit"]) == 1
    for entity in ("Customer", "Contact"):
        assert scraped("received_bytes_total", "salesforce", entity=entity) > 1_000  # type: ignore[operator]


def test_bytes_of_a_job_are_those_of_its_entity() -> None:
    scraped = Scraped()
    with (
        serve(records=900, seed=5) as org,
        connected(org, observers=[scraped.observer]) as sf,
    ):
        sf.fetch("Customer", api="bulk").to_arrow()
    assert scraped("received_bytes_total", "salesforce", entity="Customer") > 1_000  # type: ignore[operator]


@pytest.fixture
def _no_client() -> Any:
    """Make it impossible to import, as Python itself offers it."""
    ours, theirs = "spyro_sdk.observers.prometheus", "prometheus_client"
    kept = {name: sys.modules.pop(name) for name in (ours, theirs)}
    sys.modules[theirs] = None  # type: ignore[assignment]
    yield
    sys.modules.update(kept)


@pytest.mark.usefixtures("_no_client")
def test_without_its_extra_the_way_to_get_it_is_said() -> None:
    with pytest.raises(ConfigurationError, match=r"pip install 'spyro-sdk\[metrics\]'"):
        import spyro_sdk.observers.prometheus  # noqa: F401


def test_nothing_of_it_is_loaded_by_who_does_not_use_it() -> None:
    script = "import sys, spyro_sdk.connection; print('prometheus_client' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"
    assert spyro.__version__
