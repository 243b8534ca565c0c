"""What the panel and the card of a fetch say."""

import re
from html import unescape

import pytest

from spyro_sdk.events import (
    Attempted,
    CircuitChanged,
    FetchCutShort,
    FetchFinished,
    PageArrived,
    QuotaSeen,
    Received,
    Retried,
    Waited,
)
from spyro_sdk.notebook.cards import fetched, fetching
from spyro_sdk.notebook.cell import LAST, CellRuns
from spyro_sdk.notebook.theme import LINES
from tests.notebook.stage import Clock, begun
from tests.notebook.test_card import HOSTILE, REMOVED


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def run(clock):
    return begun(clock)


def told(run, *events):
    for event in events:
        run(event)
    return run


def page(rows, total=None):
    return PageArrived("acme", "Customer", rows, total)


def of(*runs):
    """A cell in which these have ended, or are running."""
    cell = CellRuns()
    for run in runs:
        cell.begin(run)
        if run.outcome != "running":
            cell.end(run)
    return cell


def words(html):
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", html))).strip()


def live(*runs):
    return fetching.card(of(*runs)).to_html()


def final(*runs):
    return fetched.card(of(*runs)).to_html()


def finished(run, error=None, kept=None):
    run(FetchFinished("acme", "Customer", run.rows, 1.0, None))
    run.kept = kept
    run.end(error)
    return run


# -- while it runs ----------------------------------------------------------------------------------------


def test_a_panel_says_how_far_it_is(run, clock):
    clock.now += 3
    told(run, Received("acme", 200, 10_000_000, 0.1), page(24_000, 48_000), Attempted("acme", 0, None))
    said = words(live(run))
    assert "Fetching Customer 3 s · about 3 s left" in said
    assert "24,000 of 48,000 records · page 1 of 2 · 8,000 records/s · 10.0 MB" in said
    assert "1 call so far, about 1 more" in said
    assert "width:50%" in live(run)


def test_a_panel_without_a_total_says_so_far(run, clock):
    clock.now += 2
    assert "2,000 records so far · 1 page · 1,000 records/s" in words(live(told(run, page(2000))))
    assert "left" not in words(live(run)).split("Rate limit")[0]


def test_a_panel_of_a_long_fetch_counts_minutes(run, clock):
    clock.now += 100
    assert "1 min 40 s · about 15 min left" in words(live(told(run, page(100, 1000))))


def test_a_panel_shows_what_may_still_be_asked(run):
    assert "5 of 10 requests ready, 60 a minute" in words(live(run))
    told(run, QuotaSeen("acme", 1000, 250, None))
    assert "Service's quota 250 of 1,000 requests left" in words(live(run))
    assert "width:25%" in live(run)
    told(run, QuotaSeen("acme", None, 249, None))
    assert "Service's quota 249 requests left" in words(live(run))


def test_a_panel_says_what_it_waits_for(run, clock):
    assert "No waits, no retries" in words(live(run))
    told(run, Waited("acme", 0.5))
    assert "1 wait for the rate limit (500 ms)" in words(live(run))
    told(run, Retried("acme", 1, 4.0, "acme answered 503 " + "x" * 200))
    clock.now += 1
    assert "waiting 3 s acme answered 503 xxx" in words(live(run))
    assert LINES["waiting"] in live(run)
    assert "x" * 101 not in live(run)
    clock.now += 4
    assert "1 wait for the rate limit (500 ms), 1 retry: acme answered 503" in words(live(run))


def test_a_panel_tells_what_else_has_happened(run):
    assert "the circuit breaker is open" in words(live(told(run, CircuitChanged("acme", "open"))))


def test_a_panel_draws_its_requests_against_the_limit(run, clock):
    assert "requests a second: 0 at the most, 1 allowed" in live(run)
    for _ in range(3):
        told(run, Attempted("acme", 0, None), Attempted("acme", 0, None))
        clock.now += 1
    assert "requests a second: 2 at the most, 1 allowed" in live(run)
    fast = begun(clock, rate=6e6)
    clock.now += 1
    assert len(live(fast)) < len(live(run))  # a limit far above is not drawn


def test_a_panel_shows_a_few_of_those_beside_and_counts_the_rest(clock):
    runs = [begun(clock, f"E{number}") for number in range(7)]
    told(runs[1], page(10, 20))
    said = words(live(*runs))
    assert "Fetching E0 and 6 more" in said
    assert "E1: 10 of 20 records, 1 page" in said
    assert "E4: 0 records so far" in said
    assert "E5" not in said
    assert "and 2 more" in said
    assert "more Rate" not in words(live(*runs[:5]))


@pytest.mark.parametrize(
    ("act", "title"), [("head", "Fetching the first of Customer"), ("count", "Counting")]
)
def test_a_panel_says_what_is_done(clock, act, title):
    assert title in words(live(begun(clock, act=act)))


# -- afterwards -------------------------------------------------------------------------------------------


def test_a_card_says_what_came(run, clock):
    clock.now += 6
    told(run, Received("acme", 200, 19_900_000, 0.1), page(48_210, 48_210))
    said = words(final(finished(run)))
    assert said == "Customer fetched acme · 6.0 s done 48,210 records · 1 page · 8,035 records/s · 19.9 MB"
    assert LINES["good"] in final(run)
    assert "width:100%" in final(run)


def test_a_card_says_what_was_read_for_it(run):
    told(run, page(5000, 5000), FetchFinished("acme", "Customer", 1, 1.0, None))
    run.end(None)
    assert "1 record · 5,000 read · 1 page" in words(final(run))


def test_a_card_of_nothing_says_so(run):
    assert words(final(finished(run))) == "Customer fetched acme · 0 ms done 0 records"


def test_a_card_of_a_stop_says_what_is_kept_and_how_to_go_on(run, clock):
    clock.now += 6
    html = final(finished(told(run, page(24_000, 48_000)), KeyboardInterrupt(), 24_000))
    assert "Customer stopped acme · 6.0 s stopped 24,000 of 48,000 records" in words(html)
    assert "kept, 24,000 records: fetch.partial.to_pandas() . Run the cell again for all." in words(html)
    assert LINES["waiting"] in html
    assert "width:50%" in html


def test_a_card_of_a_failure_says_why_once(run):
    error = ValueError("acme said; no; 5 records in 1 page had arrived: fetch.partial has them")
    html = final(finished(told(run, page(5)), error, 5))
    assert "failed acme said; no 5 records" in words(html)
    assert words(html).count("fetch.partial") == 1
    assert LINES["bad"] in html


def test_a_card_of_a_failure_without_records_says_how_to_go_on(run):
    html = final(finished(run, ValueError("it broke")))
    assert "it broke 0 records Nothing had arrived. Run the cell again to try again." in words(html)


def test_a_card_of_a_loop_that_was_left_or_failed_points_to_the_loop(clock):
    for error, title in ((GeneratorExit(), "read in part"), (ValueError("it broke"), "failed")):
        said = words(final(finished(told(begun(clock), page(10)), error)))
        assert title in said
        assert "What the loop was given is all that came" in said


def test_a_card_tells_why_it_was_tried_again(run):
    told(run, Retried("acme", 1, 0.5, "acme answered 503"), Waited("acme", 2.0), page(1))
    html = final(finished(run))
    assert "<details" in html
    assert "1 wait for the rate limit (2.0 s), 1 retry after 0 ms: acme answered 503" in words(html)


def test_a_card_tells_what_else_has_happened(run):
    told(run, *[CircuitChanged("acme", "open")] * 5)
    assert words(final(finished(run))).endswith(
        "the circuit breaker is open " * 3 + "and 2 more of this kind, in the log"
    )


def test_a_card_of_many_sums_them_up(clock):
    runs = []
    for number in range(LAST + 3):
        run = begun(clock, f"E{number}")
        clock.now += 1
        told(run, page(1000), Received("acme", 200, 1000, 0.1), Attempted("acme", 0, None))
        runs.append(finished(run))
    said = words(final(*runs))
    assert said.startswith("8 fetches 8.0 s done 8,000 records · 8 requests · 8.0 kB entity records took E3")
    assert said.endswith("E7 1,000 1.0 s done and 3 before")
    assert "E2" not in said


@pytest.mark.parametrize(
    ("errors", "state", "tone"),
    [
        ((None, ValueError("it broke")), "1 failed", "bad"),
        ((None, KeyboardInterrupt()), "1 stopped", "waiting"),
        ((None, GeneratorExit()), "done", "plain"),
    ],
)
def test_a_card_of_many_says_how_they_ended(clock, errors, state, tone):
    html = final(*[finished(told(begun(clock), page(1)), error) for error in errors])
    assert state in words(html)
    assert f"border-left:4px solid {LINES[tone]}" in html


def test_a_failure_is_seen_though_more_have_come_since(clock):
    runs = [finished(begun(clock), ValueError()), *[finished(begun(clock)) for _ in range(LAST + 1)]]
    assert "1 failed" in words(final(*runs))


def test_a_card_counts_what_is_running_still(clock):
    html = final(finished(told(begun(clock), page(1))), begun(clock, "Contact"))
    assert "2 fetches" in words(html)
    assert "1 still running" in words(html)
    assert "goes on" in words(html)


# -- in words ---------------------------------------------------------------------------------------------


def test_the_text_of_one_fetch_is_its_own(run):
    cell = of(finished(told(run, page(10), CircuitChanged("acme", "open"))))
    assert str(cell) == f"{run}\nthe circuit breaker is open"


def test_the_text_of_many_begins_with_the_sums(clock):
    cell = of(
        finished(told(begun(clock), page(10))),
        finished(begun(clock), ValueError("it broke")),
        finished(begun(clock), KeyboardInterrupt()),
        begun(clock),
    )
    sums, *lines = str(cell).splitlines()
    assert sums == "3 fetches, 10 records, 0 ms, 0 bytes, 1 failed, 1 stopped"
    assert len(lines) == 4


def test_a_cell_without_fetches_took_no_time():
    assert CellRuns().seconds == 0


def test_what_is_not_there_is_not_forgotten_twice(run):
    cell = CellRuns()
    cell.begin(run)
    cell.forget(run)
    cell.forget(run)
    assert cell.running == []


# -- what holds for all -----------------------------------------------------------------------------------


def hostile(clock, error=None):
    run = begun(clock, HOSTILE)
    told(run, Retried("acme", 1, 50.0, HOSTILE), page(10, 20), PageArrived("acme", HOSTILE, 1, 20))
    return run if error is None else finished(run, error, 5)


def test_whatever_a_service_says_is_escaped(clock):
    drawn = [live(hostile(clock)), final(hostile(clock, ValueError(HOSTILE))), live(*[hostile(clock)] * 6)]
    drawn.append(final(*[hostile(clock, KeyboardInterrupt()) for _ in range(9)]))
    for html in drawn:
        assert not [it for it in REMOVED if it in html]
        assert "&lt;script&gt;" in html


def test_cards_are_small(clock):
    runs = []
    for number in range(20):
        run = begun(clock, "OpportunityLineItem__c")
        for _ in range(310):
            clock.now += 1
            told(run, page(2000, 2_000_000), Attempted("acme", number % 7 / 10, None))
        told(
            run, *[Waited("acme", 1.5)] * 9, *[Retried("acme", 2, 1.0, "acme answered 503: " + "x" * 90)] * 9
        )
        assert len(live(run).encode()) < 4096
        runs.append(finished(run, KeyboardInterrupt() if number % 2 else None, 5000))
        assert len(final(run).encode()) < 4096
    assert len(final(*runs).encode()) < 4096


def cut_short(clock):
    run = told(begun(clock), page(24_000, 48_000))
    run(FetchFinished("acme", "Customer", 24_000, 1.0, "it broke"))
    run(FetchCutShort("acme", "Customer", 24_000, "24,000 of 48,000 records did not come: it broke"))
    run.end(None)
    return run


def test_a_card_says_that_a_result_is_incomplete(clock):
    html = final(cut_short(clock))
    assert LINES["waiting"] in html
    said = words(html)
    assert "Customer is incomplete acme · 0 ms incomplete 24,000 of 48,000 records did not come" in said
    assert "24,000 of 48,000 records" in said
    assert "What came before is right, and was handed over. Run the cell again for all." in said


def test_incomplete_ones_are_told_among_others(clock):
    cell = of(finished(told(begun(clock), page(10))), cut_short(clock))
    html = fetched.card(cell).to_html()
    assert "1 incomplete" in words(html)
    assert LINES["waiting"] in html
    assert str(cell).splitlines()[0] == "2 fetches, 24,010 records, 0 ms, 0 bytes, 1 incomplete"
