"""Which road a fetch takes, by what either is thought to cost."""

from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spyro_sdk.connectors.salesforce.pace import pauses
from spyro_sdk.connectors.salesforce.roads import UNKNOWN, Case, by_bulk, by_rest, chosen

CASES = st.builds(
    Case,
    page_size=st.integers(200, 2000),
    calls_a_page=st.integers(1, 9),
    left=st.none() | st.integers(0, 10**6),
)


@pytest.mark.parametrize("rows", [0, 1, 2000, 20_000])
def test_a_small_fetch_goes_by_rest(rows: int) -> None:
    choice = chosen(Case(), rows)
    assert (choice.api, choice.why) == ("rest", "it is quicker")


def test_a_big_fetch_goes_by_a_job() -> None:
    choice = chosen(Case(), 1_000_000)
    assert (choice.api, choice.why) == ("bulk", "it is quicker")
    rest, bulk = choice.roads
    assert rest.calls == 500
    assert bulk.calls < 50
    assert bulk.seconds < rest.seconds


@pytest.mark.parametrize("rows", [2**70, 10**4000])
def test_whoever_announces_more_than_there_can_be_keeps_nobody_counting(rows: int) -> None:
    assert chosen(Case(), rows).api == "bulk"


def test_a_scarce_quota_is_spared_where_a_job_takes_fewer_calls() -> None:
    assert chosen(Case(left=10_000), 34_000).api == "rest"
    choice = chosen(Case(left=100), 34_000)
    assert (choice.api, choice.why) == ("bulk", "rest would take more than 10% of the requests left")
    assert chosen(Case(left=10), 2_000).api == "rest"  # a job would take more


def test_columns_that_need_several_questions_make_a_job_worth_while_earlier() -> None:
    assert chosen(Case(calls_a_page=1), 8_000).api == "rest"
    assert chosen(Case(calls_a_page=5), 8_000).api == "bulk"


def test_a_caller_who_names_a_road_has_it() -> None:
    for rows in (None, 0, 10**7):
        for wish in ("rest", "bulk"):
            choice = chosen(Case(wish), rows)
            assert (choice.api, choice.why) == (wish, "asked for")


def test_a_road_that_is_closed_is_not_taken() -> None:
    for rows in (None, 10**7):
        choice = chosen(Case(closed="the bridge is up"), rows)
        assert (choice.api, choice.why) == ("rest", "the bridge is up")
        assert all(road.api == "rest" for road in choice.roads)


def test_without_a_number_of_records_only_the_first_page_can_tell() -> None:
    choice = chosen(Case(), None)
    assert (choice.api, choice.why, choice.roads) == (None, UNKNOWN, ())


@given(CASES, st.integers(0, 10**8), st.integers(0, 10**7))
def test_more_records_never_cost_less(case: Case, rows: int, more: int) -> None:
    for road in (by_rest, by_bulk):
        few, many = road(case, rows), road(case, rows + more)
        assert 0 < few.calls <= many.calls
        assert 0 < few.seconds <= many.seconds


@given(CASES, st.integers(0, 10**8))
def test_a_job_that_is_chosen_unasked_is_better_in_time_or_calls(case: Case, rows: int) -> None:
    choice = chosen(case, rows)
    rest, bulk = choice.roads
    if choice.api == "bulk":
        assert bulk.seconds < rest.seconds or bulk.calls < rest.calls


def test_the_page_that_announces_how_many_there_are_is_counted() -> None:
    assert by_bulk(Case("auto"), 5).calls == by_bulk(Case("bulk"), 5).calls + 1


def test_looks_at_a_job_are_soon_at_first_and_rare_later() -> None:
    seen = list(islice(pauses(lambda low, _: low), 12))
    assert seen[:4] == [0.05, 0.1, 0.2, 0.4]
    assert seen[-1] == 10.0
    assert seen == sorted(seen)


def test_no_two_clients_look_in_step() -> None:
    assert all(0.05 <= next(pauses()) <= 0.06 for _ in range(100))
    assert len({next(pauses()) for _ in range(100)}) > 50


def test_pages_side_by_side_are_sooner_here() -> None:
    assert chosen(Case(), 100_000).api == "bulk"
    assert chosen(Case(at_once=8), 100_000).api == "rest"
    assert by_rest(Case(at_once=8), 100_000).calls == by_rest(Case(), 100_000).calls
