import subprocess
import sys
import threading
from datetime import UTC, datetime
from unittest.mock import ANY

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spyro_sdk.errors import ConfigurationError
from spyro_sdk.events import (
    Attempted,
    CircuitChanged,
    Connected,
    Disconnected,
    FetchStarted,
    PageArrived,
    QuotaSeen,
    Received,
    Retried,
    RetryRefused,
    Waited,
)
from spyro_sdk.observers.history import SECONDS, History, copied
from spyro_sdk.observers.stats import RETRIES, WORDS, Stats

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
        "retry_reasons": ["it broke"],
        "waits": 2,
        "waited_seconds": 2.0,
        "pages": 2,
        "rows": 2000,
        "incomplete": 0,
        "bytes": 2_000_100,
        "p50": 0.2,
        "p95": 0.4,
        "circuit": "open",
        "quota_limit": 100,
        "quota_remaining": 42,
        "quota_seen": datetime(1970, 1, 2, tzinfo=UTC),
    }
    assert stats.quota.remaining == 42


def test_of_a_quota_that_was_not_told_nothing_is_said():
    assert [told().to_dict()[f"quota_{it}"] for it in ("limit", "remaining", "seen")] == [None] * 3


def test_what_is_no_total_of_anything_is_not_counted():
    assert told(FetchStarted("acme", "Customer")) == Stats(clock=ANY)


def test_its_repr_is_one_short_line():
    assert repr(told()) == f"<Stats: {told()}>"
    assert repr(Stats(connector="acme")) == f"<Stats 'acme': {told()}>"


def test_it_knows_whether_the_connection_is_open():
    stats = told(Connected("acme"))
    assert stats.is_connected
    stats(Disconnected("acme"))
    assert not stats.is_connected


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


# how many a second


def attempts(*moments):
    """Statistics of calls that ended at these seconds, seen at the last of them."""
    now = [0.0]
    stats = Stats(clock=lambda: now[0])
    for now[0] in moments:
        stats(Attempted("acme", 0.1, None))
    return stats, now


def test_the_history_tells_the_calls_of_each_second():
    stats, now = attempts(1000.0, 1000.9, 1001.0, 1004.5)
    assert stats.history == [0] * 115 + [2, 1, 0, 0, 1]
    now[0] = 1004.0 + SECONDS - 1
    assert stats.history == [1] + [0] * 119
    now[0] += 1
    assert stats.history == [0] * 120


def test_the_history_is_bounded():
    history = History()
    for second in range(10 * SECONDS):
        history.add(second)
    assert history.until(10 * SECONDS - 1) == [1] * SECONDS
    assert len(history._counts) == SECONDS


def test_a_clock_that_is_set_back_begins_the_history_anew():
    stats, _ = attempts(5000.0, 5000.0, 4000.0)
    assert stats.history == [0] * 119 + [1]


# why calls were made again


def test_each_reason_is_told_once_and_the_latest_first():
    stats = told(*(Retried("acme", 1, 0.5, reason) for reason in ("busy", "gone\nfor good", "busy")))
    assert stats.reasons == ["busy", "gone"]
    assert [it.reason for it in stats.retried] == ["busy", "gone\nfor good", "busy"]


def test_reasons_are_few_and_short():
    stats = told(*(Retried("acme", 1, 0.5, f"{number} {'x' * 500}") for number in range(100)))
    assert stats.retries == 100
    assert len(stats.reasons) == RETRIES
    assert stats.reasons[0].startswith("99 xx")
    assert {len(it) for it in stats.reasons} == {WORDS}


# who else listens


def test_observers_hear_each_event_once_it_is_counted():
    stats, heard = told(), []

    def hear(event):
        heard.append((type(event), stats.requests))

    stats.observe(hear)
    stats.observe(hear)  # is told once all the same
    stats(Attempted("acme", 0.1, None))
    stats.leave(hear)
    stats(Attempted("acme", 0.1, None))
    assert heard == [(Attempted, 1)]


def test_an_observer_that_fails_disturbs_no_totals(caplog):
    stats = told()
    stats.observe(lambda event: 1 / 0)
    stats(Attempted("acme", 0.1, None))
    assert stats.requests == 1
    assert "ZeroDivisionError" in caplog.text


# reading while the loop's thread writes


class Growing:
    """Grows while it is copied, the first two times."""

    def __init__(self):
        self.times = 0

    def __iter__(self):
        self.times += 1
        yield 1
        if self.times < 3:
            raise RuntimeError("deque mutated during iteration")


def test_what_grows_while_it_is_copied_is_copied_again():
    growing = Growing()
    assert copied(growing) == [1]
    assert growing.times == 3


def test_another_thread_may_read_while_events_come_in():
    stats, ended, failures = Stats(), threading.Event(), []

    def read():
        while not ended.is_set():
            totals = stats.to_dict()
            if not 0.0 <= totals["success_rate"] <= 100.0 or sum(stats.history) > stats.requests:
                failures.append(totals)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(20_000):
        stats(Attempted("acme", number / 1e6, "it broke" if number % 2 else None))
        stats(Retried("acme", 1, 0.1, str(number)))
    ended.set()
    reader.join()
    assert failures == []
    assert stats.requests == 20_000


# drawn


def texts(axes):
    legend = axes.get_legend()
    return axes.get_title(), [it.get_text() for it in legend.get_texts()] if legend else []


def test_the_totals_are_drawn_with_their_limit_and_their_latencies():
    stats, _ = attempts(1000.0, 1000.5, 1001.0)
    stats.limit, stats.connector = 2.0, "acme"
    figure = stats.plot()
    left, right = figure.axes
    assert texts(left) == ("Requests a second", ["limit 2 a second"])
    assert texts(right) == ("Latency of the last calls", ["p50 100 ms", "p95 100 ms"])
    assert left.collections[0].get_paths()[0].vertices[:, 1].max() == 2
    assert figure.get_suptitle() == "acme"


def test_what_has_no_calls_is_drawn_too(tmp_path):
    figure = told().plot()
    assert [texts(it)[1] for it in figure.axes] == [[], []]
    figure.savefig(tmp_path / "stats.png")
    assert (tmp_path / "stats.png").stat().st_size > 1000


def test_no_figure_is_left_behind_and_no_display_is_needed():
    script = "\n".join(
        [
            "import sys",
            "from spyro_sdk.observers.stats import Stats",
            "assert 'matplotlib' not in sys.modules",
            "Stats().plot()",
            "from matplotlib import pyplot",
            "print(pyplot.get_fignums())",
        ]
    )
    run = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True)
    assert (run.stdout, run.stderr) == ("[]\n", "")


@pytest.fixture
def _no_matplotlib():
    """Make it impossible to import, as Python itself offers it."""
    kept = sys.modules.get("matplotlib")
    sys.modules["matplotlib"] = None
    yield
    sys.modules.pop("matplotlib")
    if kept is not None:
        sys.modules["matplotlib"] = kept


@pytest.mark.usefixtures("_no_matplotlib")
def test_without_matplotlib_the_way_to_get_it_is_said():
    with pytest.raises(ConfigurationError, match=r"pip install 'spyro-sdk\[plot\]'"):
        told().plot()
