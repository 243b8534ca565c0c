import asyncio
import builtins
import errno
import gc
import random
import socket
import ssl
import traceback
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spyro_sdk import errors
from spyro_sdk.errors import (
    AuthenticationError,
    CertificateError,
    CircuitOpenError,
    ConfigurationError,
    DataFetchError,
    DecodeError,
    ExportError,
    IntegrityError,
    LimitError,
    RateLimitError,
    SchemaDiscoveryError,
    UnknownEntityError,
    ValidationError,
)
from spyro_sdk.guards.budget import RetryBudget
from spyro_sdk.guards.retry import RetryPolicy, call_with_retry, is_transient, waits

POLICY = RetryPolicy()
QUICK = RetryPolicy(retry_delay=0.001, max_delay=0.002)
FAILED = DataFetchError("the server failed", status=503)


def most(low, high):
    """A jitter that always draws its bound."""
    return high


def least(low, high):
    return low


def waited(policy, failures, *, uniform=most):
    """The waits that a run of failures leads to; None where it gives up."""
    asked = waits(policy, uniform=uniform)
    next(asked)
    seen = []
    for failure in failures:
        try:
            seen.append(asked.send(failure))
        except StopIteration:
            return [*seen, None]
    return seen


# which errors


@pytest.mark.parametrize(
    "error",
    [
        errors.ConnectionError("reset"),
        errors.TimeoutError("late"),
        builtins.ConnectionError(),
        ConnectionResetError(),
        BrokenPipeError(),
        builtins.TimeoutError(),
        socket.gaierror(socket.EAI_AGAIN, "name service is down"),
        DataFetchError("no status"),
        DecodeError("cut short"),
        *(DataFetchError("answered", status=status) for status in (408, 425, 500, 502, 503, 504, 529, 599)),
        *(DecodeError("a login page", status=status) for status in (200, 206)),
    ],
    ids=repr,
)
def test_what_may_pass_is_transient(error):
    assert is_transient(error)


@pytest.mark.parametrize(
    "error",
    [
        AuthenticationError("no", status=401),
        AuthenticationError("no", status=500),
        ValidationError("no"),
        UnknownEntityError("no"),
        ConfigurationError("no"),
        SchemaDiscoveryError("no", status=503),
        CircuitOpenError("no", retry_after=1),
        RateLimitError("no", retry_after=1),
        CertificateError("not trusted"),
        IntegrityError("lost rows"),
        LimitError("a bomb", status=200),
        IntegrityError("lost rows", status=200),
        ExportError("disk full"),
        OSError(errno.ENOSPC, "disk full"),
        FileNotFoundError(),
        ssl.SSLError("bad certificate"),
        ValueError(),
        KeyError(),
        RuntimeError(),
        KeyboardInterrupt(),
        asyncio.CancelledError(),
        *(
            DataFetchError("no", status=status)
            for status in (101, 302, 400, 403, 404, 409, 422, 429, 501, 505)
        ),
    ],
    ids=repr,
)
def test_what_will_not_pass_is_not_transient(error):
    assert not is_transient(error)


# how long


def test_the_bound_of_a_backoff_doubles_up_to_the_longest():
    policy = RetryPolicy(retry_count=8, retry_delay=0.5, max_delay=10.0)
    assert waited(policy, [FAILED] * 9) == [0.5, 1, 2, 4, 8, 10, 10, 10, None]


def test_a_backoff_is_anything_from_nothing_to_its_bound():
    drawn = []

    def uniform(low, high):
        drawn.append((low, high))
        return 0.25

    assert waited(POLICY, [FAILED] * 3, uniform=uniform) == [0.25] * 3
    assert drawn == [(0, 1), (0, 2), (0, 4)]


def test_no_retries_means_one_attempt():
    assert waited(RetryPolicy(retry_count=0), [FAILED]) == [None]
    assert waited(RetryPolicy(throttle_count=0), [RateLimitError("wait", 1.0)]) == [None]


def test_what_is_not_transient_gives_up_at_once():
    assert waited(POLICY, [FAILED, AuthenticationError("no")]) == [1, None]


@pytest.mark.parametrize(("asked", "longest"), [(0, 0), (2, 2.2), (2.5, 2.75), (60, 61), (300, 301)])
def test_a_throttled_call_waits_as_long_as_asked_and_a_little_more(asked, longest):
    error = RateLimitError("too many", retry_after=asked)
    assert waited(POLICY, [error], uniform=least) == [asked]
    assert waited(POLICY, [error], uniform=most) == pytest.approx([longest])


@given(st.floats(0, 300))
def test_no_wait_is_shorter_than_asked(asked):
    [wait] = waited(POLICY, [RateLimitError("too many", retry_after=asked)], uniform=random.uniform)
    assert asked <= wait <= asked * 1.1 + 1e-9
    assert wait <= asked + 1


@pytest.mark.parametrize("asked", [300.1, 86_400.0, float("inf"), float("nan")])
def test_who_asks_for_more_than_the_longest_wait_is_not_waited_for(asked):
    assert waited(POLICY, [RateLimitError("too many", retry_after=asked)]) == [None]


def test_a_wait_in_the_past_is_none():
    assert waited(POLICY, [RateLimitError("too many", retry_after=-3.0)]) == [0]


def test_throttling_that_names_no_time_backs_off():
    assert waited(POLICY, [RateLimitError("too many")] * 3) == [1, 2, 4]


def test_a_refusal_that_names_no_time_is_a_quota_used_up():
    assert waited(POLICY, [RateLimitError("no request left today", status=403)]) == [None]
    assert waited(POLICY, [RateLimitError("slow down", retry_after=2.0, status=403)], uniform=least) == [2]


def test_throttling_is_counted_apart():
    policy = RetryPolicy(retry_count=1, throttle_count=2)
    throttled = RateLimitError("too many", retry_after=5.0)
    assert waited(policy, [throttled, FAILED, throttled, throttled], uniform=least) == [5, 0, 5, None]
    assert waited(policy, [throttled, FAILED, throttled, FAILED], uniform=least) == [5, 0, 5, None]
    assert len(waited(POLICY, [throttled] * 20)) == 11


# around a call


class Failing:
    """A call that fails in turn, then succeeds."""

    def __init__(self, *failures):
        self.failures, self.calls = list(failures), 0

    async def __call__(self):
        self.calls += 1
        if self.failures:
            raise self.failures.pop(0)
        return "rows"


def silent(attempt, seconds, error):
    pass


def test_a_call_that_succeeds_is_made_once():
    call = Failing()
    assert asyncio.run(call_with_retry(call, POLICY, on_retry=silent)) == "rows"
    assert call.calls == 1


def test_a_call_is_made_again_until_it_succeeds_and_each_retry_is_told():
    told = []
    call = Failing(FAILED, errors.TimeoutError("late"))
    asyncio.run(call_with_retry(call, QUICK, on_retry=lambda *retry: told.append(retry), uniform=most))
    assert call.calls == 3
    assert [(attempt, seconds) for attempt, seconds, _ in told] == [(1, 0.001), (2, 0.002)]
    assert [type(error) for _, _, error in told] == [DataFetchError, errors.TimeoutError]


def test_the_waits_are_slept(virtually):
    async def main():
        clock = asyncio.get_running_loop().time
        start = clock()
        call = Failing(FAILED, RateLimitError("too many", retry_after=120.0), FAILED)
        await call_with_retry(call, POLICY, on_retry=silent, uniform=most)
        return clock() - start

    assert virtually(main) == pytest.approx(1 + 121 + 2)


def test_what_is_not_said_is_three_retries_of_a_minute_at_most_and_ten_of_five_minutes():
    assert (POLICY.retry_count, POLICY.retry_delay, POLICY.max_delay) == (3, 1.0, 60.0)
    assert (POLICY.throttle_count, POLICY.max_wait) == (10, 300.0)
    assert RetryPolicy() == POLICY  # each has a budget of its own, by which they do not differ


def test_a_redirect_that_is_not_followed_is_final():
    assert not is_transient(DataFetchError("moved", status=300))
    assert is_transient(DataFetchError("cut short", status=299))


def test_attempts_are_the_first_and_retry_count_more():
    call = Failing(*[FAILED] * 9)
    with pytest.raises(DataFetchError):
        asyncio.run(call_with_retry(call, QUICK, on_retry=silent))
    assert call.calls == 1 + QUICK.retry_count


def test_a_wait_that_is_too_long_is_raised_at_once_with_what_was_asked():
    call = Failing(RateLimitError("too many", retry_after=86_400.0))
    with pytest.raises(RateLimitError) as caught:
        asyncio.run(call_with_retry(call, POLICY, on_retry=silent))
    assert (call.calls, caught.value.retry_after) == (1, 86_400)


def test_any_callable_that_gives_an_awaitable_will_do():
    async def rows():
        return "rows"

    def raises():
        raise ValidationError("not even a coroutine")

    assert asyncio.run(call_with_retry(lambda: rows(), POLICY, on_retry=silent)) == "rows"
    with pytest.raises(ValidationError):
        asyncio.run(call_with_retry(raises, POLICY, on_retry=silent))


@pytest.mark.parametrize("policy", [QUICK, RetryPolicy(retry_count=0)])
def test_the_original_error_is_raised_as_it_was(policy):
    cause = KeyError("the cause")
    raised = []

    async def call():
        try:
            raise cause
        except KeyError:
            raised.append(DataFetchError(f"attempt {len(raised) + 1}", status=500))
            raise raised[-1]  # noqa: B904  # it keeps its context

    with pytest.raises(DataFetchError) as caught:
        asyncio.run(call_with_retry(call, policy, on_retry=silent))
    error = caught.value
    assert error is raised[-1]
    assert error.__context__ is cause
    assert error.__cause__ is None
    assert not error.__suppress_context__
    frames = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
    assert frames[-3:] == ["call_with_retry", "attempt", "call"]
    assert "retry" not in frames  # backoff's own


def test_an_error_without_a_past_is_given_none():
    with pytest.raises(DataFetchError) as caught:
        asyncio.run(call_with_retry(Failing(*[FAILED] * 9), QUICK, on_retry=silent))
    assert caught.value.__context__ is None


def test_a_failed_call_leaves_no_cycle_behind():
    async def main():
        with pytest.raises(DataFetchError):
            await call_with_retry(Failing(DataFetchError("no", status=404)), POLICY, on_retry=silent)

    def rounds(times):
        gc.collect()
        gc.disable()
        try:
            for _ in range(times):
                asyncio.run(main())
            return sum(isinstance(thing, DataFetchError) for thing in gc.get_objects())
        finally:
            gc.enable()

    assert rounds(20) <= rounds(1)


def test_an_error_of_the_listener_is_not_mistaken_for_one_of_the_call():
    def broken(attempt, seconds, error):
        raise RuntimeError("the listener broke")

    with pytest.raises(RuntimeError, match="listener") as caught:
        asyncio.run(call_with_retry(Failing(FAILED), POLICY, on_retry=broken))
    assert caught.value.__context__ is FAILED


@pytest.mark.parametrize("stop", [asyncio.CancelledError, KeyboardInterrupt, SystemExit])
def test_a_stop_is_never_retried(stop):
    calls = count()

    async def main():
        async def call():
            next(calls)
            raise stop

        with pytest.raises(stop):
            await call_with_retry(call, POLICY, on_retry=silent)

    asyncio.run(main())
    assert next(calls) == 1


def test_a_wait_can_be_cancelled(virtually):
    async def main():
        call = Failing(RateLimitError("too many", retry_after=200.0))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await call_with_retry(call, POLICY, on_retry=silent)
        return call.calls

    assert virtually(main) == 1


def test_nothing_is_logged(caplog):
    caplog.set_level(0)
    with pytest.raises(DataFetchError):
        asyncio.run(call_with_retry(Failing(*[FAILED] * 9), QUICK, on_retry=silent))
    assert [record for record in caplog.records if record.name == "backoff"] == []


def test_what_is_left_of_a_budget_makes_no_policy_another():
    budget = RetryBudget(20)
    one, other = RetryPolicy(budget=budget), RetryPolicy(budget=RetryBudget(500))
    assert one == other
    assert one != RetryPolicy(retry_count=4, budget=budget)
