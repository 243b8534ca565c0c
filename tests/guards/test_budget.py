"""Retries are paid for, so that a service that is down is not asked more than it would be without them."""

from __future__ import annotations

import asyncio
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spyro_sdk.errors import ConnectionError, DataFetchError, RateLimitError
from spyro_sdk.guards.budget import EARNED, HINT, RETRY, SPENT, THROTTLED, Purse, RetryBudget
from spyro_sdk.guards.retry import RetryPolicy, call_with_retry

FAILED, BUSY = DataFetchError("it broke", status=503), RateLimitError("too many", 0.0)


def policy(size: int | None, **more: object) -> RetryPolicy:
    return RetryPolicy(retry_delay=0.001, max_delay=0.002, budget=RetryBudget(size, **more))


def silent(attempt: int, seconds: float, error: Exception) -> None:
    pass


def test_a_retry_costs_and_one_that_the_service_asks_for_costs_less() -> None:
    budget = RetryBudget(500)
    assert Purse(budget).pays_for(FAILED)
    assert budget.left == 500 - RETRY
    assert Purse(budget).pays_for(BUSY)
    assert budget.left == 500 - RETRY - THROTTLED
    assert (RETRY, THROTTLED, EARNED) == (14, 5, 1)


def test_what_retries_cost_comes_back_when_the_call_goes_well() -> None:
    budget = RetryBudget(100)
    purse = Purse(budget)
    assert [purse.pays_for(it) for it in (FAILED, BUSY, FAILED)] == [True] * 3
    assert budget.left == 100 - 33
    purse.went_well()
    assert budget.left == 100


def test_a_call_that_goes_well_at_once_earns_a_little_and_never_more_than_there_is_room_for() -> None:
    budget = RetryBudget(20)
    assert Purse(budget).pays_for(FAILED)
    Purse(budget).went_well()
    assert budget.left == 7
    for _ in range(30):
        Purse(budget).went_well()
    assert budget.left == 20


def test_without_a_bound_nothing_is_ever_refused() -> None:
    purse = Purse(RetryBudget())
    assert all(purse.pays_for(FAILED) for _ in range(10_000))
    purse.went_well()
    assert Purse(purse.budget).pays_for(FAILED)


def test_a_call_that_cannot_pay_is_not_made_again_and_its_error_says_so() -> None:
    told: list[Exception] = []
    error, calls = DataFetchError("it broke", status=503, hint="wait"), count(1)

    async def call() -> None:
        next(calls)
        raise error

    with pytest.raises(DataFetchError) as caught:
        asyncio.run(call_with_retry(call, policy(20, on_spent=told.append), on_retry=silent))
    assert next(calls) == 3, "the first attempt, and one retry"
    assert caught.value is error
    assert str(error) == f"it broke{SPENT}"
    assert error.hint == HINT
    assert told == [error]


def test_an_error_that_is_none_of_ours_stays_as_it_is() -> None:
    told: list[Exception] = []
    error = ConnectionResetError(104, "peer")

    async def call() -> None:
        raise error

    with pytest.raises(ConnectionResetError, match="peer") as caught:
        asyncio.run(call_with_retry(call, policy(0, on_spent=told.append), on_retry=silent))
    assert (str(caught.value), caught.value.args) == ("[Errno 104] peer", (104, "peer"))
    assert not hasattr(caught.value, "hint")
    assert told == [error]


@pytest.mark.parametrize("error", [DataFetchError("no", status=404), ConnectionError("no")])
def test_where_the_budget_is_not_the_reason_nothing_is_said_of_it(error: Exception) -> None:
    told: list[Exception] = []

    async def call() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        asyncio.run(call_with_retry(call, policy(500, on_spent=told.append), on_retry=silent))
    assert (str(caught.value), told) == ("no", [])


@pytest.mark.parametrize("at_once", [1, 1000])
def test_a_thousand_failing_calls_make_at_most_a_fifth_more_requests(at_once: int) -> None:
    calls, how = count(), policy(500)

    async def call() -> None:
        next(calls)
        await asyncio.sleep(0)
        raise DataFetchError("it broke", status=503)

    async def tried() -> None:
        with pytest.raises(DataFetchError):
            await call_with_retry(call, how, on_retry=silent)

    async def main() -> None:
        for _ in range(1000 // at_once):
            await asyncio.gather(*(tried() for _ in range(at_once)))

    asyncio.run(main())
    assert next(calls) == 1000 + 500 // 14


@given(
    st.lists(st.sampled_from(["fails", "is throttled", "goes well", "goes well in the end"]), max_size=200)
)
def test_no_more_is_ever_there_than_there_was_and_never_less_than_nothing(story: list[str]) -> None:
    budget = RetryBudget(50)
    for it in story:
        purse = Purse(budget)
        if it != "goes well":
            purse.pays_for(BUSY if it == "is throttled" else FAILED)
        if it.startswith("goes well"):
            purse.went_well()
        assert 0 <= budget.left <= 50


def test_a_call_that_goes_well_in_the_end_gives_back_what_its_retries_took() -> None:
    how, failures = policy(100), [FAILED, FAILED]

    async def call() -> str:
        if failures:
            raise failures.pop()
        return "rows"

    assert asyncio.run(call_with_retry(call, how, on_retry=silent)) == "rows"
    assert how.budget.left == 100


def test_the_last_tokens_pay_as_the_first_do() -> None:
    purse = Purse(RetryBudget(2 * RETRY))
    assert [purse.pays_for(FAILED) for _ in range(3)] == [True, True, False]


def test_what_was_never_taken_does_not_come_back() -> None:
    budget = RetryBudget(100)
    assert budget.take(60)
    purse = Purse(budget)
    assert [purse.pays_for(FAILED) for _ in range(3)] == [True, True, False]
    purse.went_well()
    assert budget.left == 40
