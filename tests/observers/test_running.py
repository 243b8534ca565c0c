import threading

import pytest

from spyro_sdk.config import RateLimitConfig
from spyro_sdk.events import (
    Attempted,
    CircuitChanged,
    Connected,
    FetchFinished,
    PageArrived,
    QuotaSeen,
    Received,
    Retried,
    SchemaChanged,
    Waited,
)
from spyro_sdk.observers.running import HISTORY, LEGIBLE, REASONS, Asked, Pause, Running


class Clock:
    """A clock that is set by hand."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class Bucket:
    """A rate limiter that grants a request after a while."""

    def __init__(self, wait=0.0):
        self.wait = wait

    def get_available_tokens(self):
        return 5.0

    def get_wait_time(self):
        return self.wait


@pytest.fixture
def clock():
    return Clock()


def begun(clock, wait=0.0, **more):
    return Running(Asked("acme", "Customer", RateLimitConfig(600), Bucket(wait), **more), clock=clock)


@pytest.fixture
def run(clock):
    return begun(clock)


def page(rows, total=None):
    return PageArrived("acme", "Customer", rows, total)


def told(run, *events):
    for event in events:
        run(event)
    return run


# -- what has come ----------------------------------------------------------------------------------------


def test_what_comes_is_summed_up(run):
    quota = QuotaSeen("acme", 100, 42, 60.0)
    told(
        run,
        Connected("acme"),
        Waited("acme", 1.5),
        Received("acme", 200, 1000, 0.1),
        quota,
        Attempted("acme", 0.2, None),
        page(20, 50),
        Waited("acme", 0.5),
        Received("acme", 500, 10, 0.1),
        Attempted("acme", 0.2, "it broke"),
        Retried("acme", 1, 2.0, "it broke"),
        Attempted("acme", 0.2, None),
        page(20, 50),
    )
    assert (run.rows, run.total, run.pages, run.received) == (40, 50, 2, 1010)
    assert (run.requests, run.retries, run.waits, run.waited) == (3, 1, 2, 2.0)
    assert run.quota is quota
    assert run.share == 0.8


def test_what_the_service_said_earlier_of_its_quota_holds_until_it_says_more(clock):
    quota = QuotaSeen("acme", 100, 42, 60.0)
    assert begun(clock, quota=quota).quota is quota


def test_without_a_total_nothing_is_said_of_the_rest(run, clock):
    told(run, page(20))
    clock.now += 1
    assert (run.total, run.share, run.time_left, run.calls_left) == (None, None, None, None)
    assert run.pace == 20


def test_nothing_of_nothing_is_all(run):
    told(run, page(0, 0))
    assert (run.total, run.share, run.calls_left) == (0, 1.0, None)


def test_a_limit_is_the_total_where_more_is_there(clock):
    assert told(begun(clock, limit=30), page(20, 50)).total == 30
    assert told(begun(clock, limit=70), page(20, 50)).total == 50
    assert told(begun(clock, limit=70), page(20)).total is None


def test_a_total_is_never_less_than_what_came(clock):
    run = told(begun(clock, limit=5), page(20, 50))
    assert (run.total, run.share) == (20, 1.0)


def test_a_page_that_does_not_say_the_total_leaves_it(run):
    assert told(run, page(20, 50), page(20)).total == 50


# -- how fast ---------------------------------------------------------------------------------------------


def test_the_pace_is_that_of_late_and_at_the_end_that_of_the_whole(run, clock):
    for _ in range(100):
        clock.now += 1
        run(page(10, 4000))
    assert run.pace == pytest.approx(10)
    for _ in range(50):
        clock.now += 1
        run(page(40, 4000))
    assert run.pace == pytest.approx(40)
    assert run.time_left == pytest.approx(25)
    assert run.calls_left == 25
    run.end(None)
    assert run.pace == pytest.approx(20)


def test_the_pace_falls_while_nothing_comes(run, clock):
    clock.now += 1
    run(page(100, 400))
    assert run.pace == 100
    clock.now += 3
    assert run.pace == 25
    assert run.time_left == 12


def test_at_the_beginning_there_is_no_pace(run):
    assert (run.pace, run.time_left) == (0, None)
    told(run, page(10, 20))
    assert (run.pace, run.time_left) == (0, None)


def test_the_time_stands_still_once_it_has_ended(run, clock):
    clock.now += 2.5
    run.end(None)
    clock.now += 10
    assert run.seconds == 2.5


def test_requests_are_counted_by_the_second_in_which_they_were_sent(run, clock):
    run(Attempted("acme", 0.0, None))
    clock.now += 1.2
    run(Attempted("acme", 0.5, None))
    run(Attempted("acme", 0.1, "it broke"))
    clock.now += 2
    run(Attempted("acme", 0.0, None))
    assert run.history == [2, 1, 0]  # the current second is not over
    run.end(None)
    assert run.history == [2, 1, 0, 1]


def test_a_request_that_was_sent_before_counts_for_the_beginning(run, clock):
    run(Attempted("acme", 5.0, None))
    clock.now += 1
    assert run.history == [1]


def test_the_memory_of_requests_is_bounded(run, clock):
    for _ in range(2 * HISTORY):
        run(Attempted("acme", 0.0, None))
        clock.now += 1
    assert run.history == [1] * HISTORY
    assert len(run._sent) == HISTORY
    assert run.requests == 2 * HISTORY


# -- what it waits for ------------------------------------------------------------------------------------


def test_the_last_retries_are_remembered_with_their_reasons(run, clock):
    for number in range(REASONS + 2):
        clock.now += 10
        run(Retried("acme", 1, 0.5, f"reason {number}"))
    assert [it.reason for it in run.reasons] == ["reason 2", "reason 3", "reason 4"]
    assert (run.reasons[-1].at, run.reasons[-1].seconds) == (50, 0.5)
    assert run.retries == REASONS + 2


def test_a_pause_before_a_retry_says_why(run, clock):
    assert run.pause is None
    run(Retried("acme", 1, 5.0, "acme answered 503"))
    clock.now += 2
    assert run.pause == Pause(3.0, "acme answered 503")
    clock.now += 3
    assert run.pause is None


def test_only_a_long_wait_for_the_rate_limit_is_a_pause(clock):
    assert begun(clock, wait=0.9).pause is None
    pause = begun(clock, wait=30.0).pause
    assert pause is not None
    assert (pause.seconds, "rate limit" in pause.reason) == (30.0, True)


def test_what_may_matter_to_who_looks_at_the_records_is_remembered(run):
    told(run, CircuitChanged("acme", "open"), SchemaChanged("acme", "Customer", "size", "int64", "double"))
    assert run.remarks == (
        "the circuit breaker is open",
        "Customer.size is double, announced was int64",
    )
    told(run, *[CircuitChanged("acme", "closed")] * 9)
    assert run.remarks == ("the circuit breaker is closed",) * REASONS
    assert run.remarked == 11


# -- how it ended -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "outcome", "said"),
    [
        (None, "done", ""),
        (KeyboardInterrupt(), "stopped", ""),
        (GeneratorExit(), "left", ""),
        (ValueError("it\nbroke"), "failed", "it"),
        (ValueError(), "failed", "ValueError"),
        (ValueError("x" * 1000), "failed", "x" * LEGIBLE + " …"),
    ],
)
def test_the_end_is_remembered_in_words(run, error, outcome, said):
    assert run.outcome == "running"
    run.end(error)
    assert (run.outcome, run.error) == (outcome, said)


def test_a_run_says_how_far_it_is(run, clock):
    clock.now += 2
    assert str(told(run, page(1))) == "acme: Customer: 1 record so far, 1 page, 0 records/s"
    assert (
        str(told(run, page(2999, 48210)))
        == "acme: Customer: 3,000 of 48,210 records, 2 pages, 1,500 records/s"
    )


def test_a_run_that_is_done_says_what_it_took(run, clock):
    told(
        run, page(3000), Received("acme", 200, 1_500_000, 0.1), FetchFinished("acme", "Customer", 12, 2, None)
    )
    told(run, Waited("acme", 0.5), Retried("acme", 1, 0.1, "x"))
    clock.now += 2
    run.end(None)
    assert str(run) == (
        "acme: Customer fetched: 12 records, 3,000 read, 1 page, 2.0 s, 1.5 MB,"
        " 1 wait for the rate limit (500 ms), 1 retry"
    )
    run(Retried("acme", 1, 0.1, "x"))
    assert run.troubles[1] == "2 retries"


def test_a_count_says_so(clock):
    run = begun(clock, act="count")
    run.given = 48210
    run.end(None)
    assert str(run) == "acme: Customer counted: 48,210 records, 0 ms"
    assert run.asked.is_glance
    assert begun(clock, act="head").asked.is_glance
    assert not begun(clock).asked.is_glance


def test_a_run_that_was_stopped_says_where_the_rest_is(run, clock):
    told(run, page(3000))
    clock.now += 2
    run.kept = 3000
    run.end(KeyboardInterrupt())
    assert str(run) == (
        "acme: Customer stopped after 2.0 s: 3,000 records, 1 page; fetch.partial has 3,000 records"
    )


def test_a_run_that_failed_says_why(clock):
    run = begun(clock)
    clock.now += 2
    run.end(ValueError("it broke"))
    assert str(run) == "acme: Customer failed after 2.0 s: it broke"
    run.kept = 1
    assert str(run).endswith(": it broke; fetch.partial has 1 record")
    run.error = "it broke; fetch.partial has them"
    assert str(run).endswith(": it broke; fetch.partial has them")


# -- from other threads -----------------------------------------------------------------------------------


def test_it_may_be_read_while_it_is_told(run):
    def tell():
        for _ in range(2000):
            told(run, page(1), Attempted("acme", 0.0, None), Retried("acme", 1, 0.0, "x"))

    threads = [threading.Thread(target=tell) for _ in range(2)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert len(run.reasons) <= REASONS
        assert sum(run.history) <= 4000
        assert run.pace >= 0
        assert str(run)
    assert (run.rows, run.pages, run.requests, run.retries) == (4000, 4000, 4000, 4000)
