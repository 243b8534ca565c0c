from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spyro_sdk.events import (
    Attempted,
    CircuitChanged,
    Connected,
    PageArrived,
    QuotaSeen,
    Received,
    Retried,
    RetryRefused,
    Waited,
)
from spyro_sdk.observers.stats import Stats

TOLD = [
    Connected("acme"),
    Waited("acme", 1.5),
    Received("acme", 500, 100, 0.1),
    Attempted("acme", 0.2, "it broke"),
    Retried("acme", 1, 0.5, "it broke"),
    CircuitChanged("acme", "open"),
    Waited("acme", 0.5),
    Received("acme", 200, 2_000_000, 0.1),
    QuotaSeen("acme", 100, 42, 60.0),
    Attempted("acme", 0.4, None),
    PageArrived("acme", "Customer", 1500, None),
    PageArrived("acme", "Customer", 500, 2000),
]


def told(*events, now=0.0):
    stats = Stats(clock=lambda: now)
    for event in events:
        stats(event)
    return stats


def test_a_connection_that_was_not_used_has_nothing_to_tell():
    stats = told()
    assert stats.success_rate == 100.0
    assert stats.latency(0.5) is None
    assert stats.quota is None
    assert str(stats) == (
        "0 requests (100.0 % went well), 0 retries, 0 waits (0.0 s), 0 records in 0 pages, 0.0 MB, "
        "p50 0 ms, p95 0 ms, circuit closed"
    )


def test_events_are_summed_up():
    stats = told(*TOLD, now=86_400.0)
    assert stats.to_dict() == {
        "total_requests": 2,
        "failed_requests": 1,
        "success_rate": 50.0,
        "last_request_time": datetime(1970, 1, 2, tzinfo=UTC),
        "retries": 1,
        "retries_refused": 0,
        "waits": 2,
        "waited_seconds": 2.0,
        "pages": 2,
        "rows": 2000,
        "bytes": 2_000_100,
        "p50": 0.2,
        "p95": 0.4,
        "circuit": "open",
    }
    assert stats.quota.remaining == 42


def test_the_totals_read_as_a_sentence():
    assert str(told(*TOLD)) == (
        "2 requests (50.0 % went well), 1 retries, 2 waits (2.0 s), 2,000 records in 2 pages, 2.0 MB, "
        "p50 200 ms, p95 400 ms, circuit open"
    )


def test_retries_that_were_refused_are_told_where_there_are_any():
    stats = told(*TOLD, RetryRefused("acme", "it broke"), RetryRefused("acme", "it broke"))
    assert stats.to_dict()["retries_refused"] == 2
    assert "1 retries and 2 refused, 2 waits" in str(stats)


def test_two_connections_share_no_totals():
    used, unused = told(*TOLD), told()
    assert len(used.latencies) == 2
    assert not unused.latencies


@given(
    st.lists(st.floats(0, 1e6), min_size=1, max_size=300),
    st.integers(0, 100).map(lambda percent: percent / 100),
)
def test_a_latency_is_the_shortest_within_which_that_share_of_calls_ended(seconds, share):
    latency = told(*(Attempted("acme", each, None) for each in seconds)).latency(share)
    wanted = share * len(seconds) - 1e-6
    assert latency in seconds
    assert sum(each <= latency for each in seconds) >= wanted
    assert share == 0 or sum(each < latency for each in seconds) < share * len(seconds)


@pytest.mark.parametrize(("share", "latency"), [(0.0, 1.0), (0.5, 50.0), (0.95, 95.0), (1.0, 100.0)])
def test_the_median_of_a_hundred_calls_is_the_fiftieth(share, latency):
    calls = [Attempted("acme", float(each), None) for each in range(100, 0, -1)]
    assert told(*calls).latency(share) == latency


def test_only_the_last_thousand_calls_count():
    calls = [Attempted("acme", 9.0, None), *[Attempted("acme", 1.0, None)] * 1000]
    assert told(*calls).latency(1.0) == 1.0
    assert told(*calls).requests == 1001
