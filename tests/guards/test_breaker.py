import asyncio
import socket

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from spyro_sdk import errors
from spyro_sdk.errors import (
    AuthenticationError,
    CircuitOpenError,
    DataFetchError,
    DecodeError,
    RateLimitError,
    ValidationError,
)
from spyro_sdk.guards.breaker import SLOTS, CircuitBreaker, is_failure

DOWN = errors.ConnectionError("no route")


async def well():
    return "rows"


async def down():
    raise DOWN


async def missing():
    raise DataFetchError("no such thing", status=404)


class Clock:
    now = 500.0

    def __call__(self):
        return self.now


def whole(low, high):
    """A jitter that takes nothing away."""
    return high


class Bench:
    """A breaker, its clock, and what it told."""

    def __init__(self, **how):
        self.clock, self.told = Clock(), []
        how = {"uniform": whole, "least_calls": 5, **how}
        self.breaker = CircuitBreaker(clock=self.clock, on_change=self.told.append, **how)

    def call(self, func):
        return asyncio.run(self.breaker.call(func))

    def outcomes(self, *funcs):
        """Call in turn; the names of the errors, or None."""
        return [self.outcome(func) for func in funcs]

    def outcome(self, func):
        try:
            self.call(func)
        except Exception as error:
            return type(error).__name__
        return None

    def trip(self):
        while self.breaker.state != "open":
            self.outcome(down)


@pytest.fixture
def bench():
    return Bench()


# which errors


@pytest.mark.parametrize(
    "error",
    [
        DOWN,
        errors.TimeoutError(),
        ConnectionResetError(),
        TimeoutError(),
        socket.gaierror(),
        DataFetchError(status=500),
        DecodeError(status=502),
    ],
    ids=repr,
)
def test_no_answer_and_5xx_are_failures_of_the_service(error):
    assert is_failure(error)


@pytest.mark.parametrize(
    "error",
    [
        DataFetchError(),
        DataFetchError(status=404),
        DecodeError(status=200),
        AuthenticationError(status=401),
        RateLimitError(status=429),
        ValidationError(),
        OSError(),
        asyncio.CancelledError(),
    ],
    ids=repr,
)
def test_an_answer_is_no_failure_of_the_service(error):
    assert not is_failure(error)


# closed


def test_a_result_and_an_error_pass_through(bench):
    assert bench.call(well) == "rows"
    with pytest.raises(errors.ConnectionError) as caught:
        bench.call(down)
    assert caught.value is DOWN


def test_it_opens_when_half_of_at_least_five_calls_failed(bench):
    bench.outcomes(well, well, down, down)
    assert bench.breaker.state == "closed"
    bench.outcomes(down)
    assert bench.breaker.state == "open"
    assert bench.told == ["open"]


def test_one_call_given_up_after_all_its_retries_does_not_open_it():
    bench = Bench()
    bench.breaker = breaker = CircuitBreaker(clock=bench.clock)
    bench.outcomes(well, well, *[down] * 4)
    assert breaker.state == "closed"
    bench.outcomes(*[down] * 4)
    assert breaker.state == "open"


def test_a_few_failures_among_many_calls_do_not_open_it(bench):
    bench.outcomes(*[well] * 11, *[down] * 10)
    assert bench.breaker.state == "closed"
    bench.outcomes(down)
    assert bench.breaker.state == "open"


def test_a_success_never_opens_it(bench):
    bench.outcomes(down, down, down, down, well)
    assert bench.breaker.state == "closed"


def test_what_does_not_count_as_failure_counts_as_answer(bench):
    bench.outcomes(*[missing] * 50)
    assert bench.breaker.state == "closed"
    bench.outcomes(*[down] * 49)
    assert bench.breaker.state == "closed"
    bench.outcomes(down)
    assert bench.breaker.state == "open"


def test_what_counts_can_be_told():
    bench = Bench(counts=lambda error: isinstance(error, DataFetchError))
    bench.outcomes(*[down] * 5, *[missing] * 5)
    assert bench.breaker.state == "open"


def test_failures_older_than_the_window_are_forgotten(bench):
    bench.outcomes(*[down] * 4)
    bench.clock.now += 30
    bench.outcomes(*[down] * 4)
    assert bench.breaker.state == "closed"
    bench.clock.now += 26
    bench.outcomes(down)
    assert bench.breaker.state == "open"


def test_the_memory_is_bounded(bench):
    for _ in range(500):
        bench.clock.now += 1
        bench.outcomes(well, missing)
    assert len(bench.breaker._outcomes._slots) <= SLOTS


def test_a_cancelled_call_counts_neither_way(bench):
    async def cancelled():
        raise asyncio.CancelledError

    async def main():
        for _ in range(20):
            with pytest.raises(asyncio.CancelledError):
                await bench.breaker.call(cancelled)

    asyncio.run(main())
    bench.outcomes(*[down] * 4)
    assert bench.breaker.state == "closed"
    bench.outcomes(down)
    assert bench.breaker.state == "open"


# open


def test_open_it_refuses_without_calling_and_says_for_how_long(bench):
    bench.trip()
    bench.clock.now += 2
    with pytest.raises(CircuitOpenError, match=r"left alone for 3\.0 s more") as caught:
        bench.call(well)
    assert caught.value.retry_after == pytest.approx(3)


def test_the_open_time_is_drawn_from_three_quarters_up():
    drawn = []

    def least(low, high):
        drawn.append((low, high))
        return low

    bench = Bench(uniform=least, open_for=8)
    bench.trip()
    assert drawn == [(0.75, 1)]
    bench.clock.now += 6
    assert bench.breaker.state == "half-open"


def test_each_opening_in_a_row_is_twice_as_long_up_to_the_longest(bench):
    bench.trip()
    lengths = []

    async def main():
        for _ in range(1100):  # 2.0 ** 1024 would be too large
            with pytest.raises(CircuitOpenError) as caught:
                await bench.breaker.call(well)
            lengths.append(caught.value.retry_after)
            bench.clock.now += caught.value.retry_after
            with pytest.raises(errors.ConnectionError):
                await bench.breaker.call(down)

    asyncio.run(main())
    assert lengths[:6] == pytest.approx([5, 10, 20, 40, 60, 60])
    assert lengths[-1] == pytest.approx(60)


def test_calls_from_before_it_opened_do_not_move_it(bench):
    async def main():
        gate = asyncio.Event()

        async def late(error):
            await gate.wait()
            if error:
                raise error

        old = [asyncio.create_task(bench.breaker.call(lambda e=e: late(e))) for e in (None, *[DOWN] * 9)]
        await asyncio.sleep(0)
        for _ in range(5):
            with pytest.raises(errors.ConnectionError):
                await bench.breaker.call(down)
        assert bench.breaker.state == "open"
        gate.set()
        await asyncio.wait(old)
        assert bench.told == ["open"]
        with pytest.raises(CircuitOpenError) as caught:
            await bench.breaker.call(well)
        assert caught.value.retry_after == 5
        bench.clock.now += 5
        await bench.breaker.call(well)

        assert bench.breaker.state == "closed"
        return [task.exception() for task in old]

    assert asyncio.run(main()) == [None, *[DOWN] * 9]


def test_a_call_from_before_it_opened_does_not_open_it_again(bench):
    async def main():
        gate = asyncio.Event()

        async def late():
            await gate.wait()
            raise DOWN

        async def fail(times):
            for _ in range(times):
                with pytest.raises(errors.ConnectionError):
                    await bench.breaker.call(down)

        old = asyncio.create_task(bench.breaker.call(late))
        await asyncio.sleep(0)
        await fail(5)
        bench.clock.now += 5
        await bench.breaker.call(well)
        await fail(4)
        await bench.breaker.call(well)  # one more failure would open it
        gate.set()
        await asyncio.wait([old])
        assert old.exception() is DOWN
        assert bench.breaker.state == "closed"
        await fail(1)
        assert bench.breaker.state == "open"

    asyncio.run(main())


# half-open


def test_it_stays_open_to_the_end_of_its_last_second(bench):
    bench.trip()
    bench.clock.now += 4.5
    with pytest.raises(CircuitOpenError, match=r"left alone for 0.5 s more") as caught:
        bench.call(well)
    assert caught.value.retry_after == 0.5


def test_a_success_closes_and_resets_it(bench):
    bench.trip()
    bench.clock.now += 5
    assert bench.breaker.state == "half-open"
    assert bench.call(well) == "rows"
    assert bench.breaker.state == "closed"
    assert bench.told == ["open", "half-open", "closed"]
    bench.outcomes(*[down] * 4)
    assert bench.breaker.state == "closed"
    bench.outcomes(down)
    bench.clock.now += 5
    assert bench.breaker.state == "half-open"


def test_a_failure_opens_it_again_for_longer(bench):
    bench.trip()
    bench.clock.now += 5
    assert bench.outcome(down) == "ConnectionError"
    assert bench.told == ["open", "half-open", "open"]
    bench.clock.now += 9.9
    assert bench.breaker.state == "open"


def test_an_answer_that_is_no_failure_closes_it(bench):
    bench.trip()
    bench.clock.now += 5
    assert bench.outcome(missing) == "DataFetchError"
    assert bench.breaker.state == "closed"


def test_of_a_hundred_callers_one_goes_through(bench):
    bench.trip()
    bench.clock.now += 5
    served = []

    async def slow():
        served.append(bench.breaker.state)
        await asyncio.sleep(0.001)

    async def main():
        return await asyncio.gather(*(bench.breaker.call(slow) for _ in range(100)), return_exceptions=True)

    outcomes = asyncio.run(main())
    assert served == ["half-open"]
    refusals = [outcome for outcome in outcomes if isinstance(outcome, CircuitOpenError)]
    assert len(refusals) == 99
    assert {refusal.retry_after for refusal in refusals} == {5}
    assert bench.breaker.state == "closed"


def test_a_cancelled_probe_lets_the_next_caller_try(bench):
    bench.trip()
    bench.clock.now += 5

    async def main():
        probe = asyncio.create_task(bench.breaker.call(asyncio.Event().wait))
        await asyncio.sleep(0)
        with pytest.raises(CircuitOpenError, match="finding out"):
            await bench.breaker.call(well)
        probe.cancel()
        await asyncio.wait([probe])
        assert bench.breaker.state == "half-open"
        return await bench.breaker.call(well)

    assert asyncio.run(main()) == "rows"
    assert bench.told == ["open", "half-open", "closed"]


def test_a_listener_that_fails_does_not_keep_the_probe():
    def broken(state):
        if state == "half-open":
            raise RuntimeError("the listener broke")

    clock = Clock()
    breaker = CircuitBreaker(clock=clock, on_change=broken, least_calls=5)

    async def main():
        for _ in range(5):
            with pytest.raises(errors.ConnectionError):
                await breaker.call(down)
        clock.now += 5
        with pytest.raises(RuntimeError):
            await breaker.call(well)
        return await breaker.call(well)

    assert asyncio.run(main()) == "rows"


def test_it_works_with_its_defaults():
    assert asyncio.run(CircuitBreaker().call(well)) == "rows"


# any history


class Histories(RuleBasedStateMachine):
    """Calls that overlap, end well or badly or are cancelled, while time passes."""

    def __init__(self):
        super().__init__()
        self.bench = Bench()
        self.loop = asyncio.new_event_loop()
        self.running = []  # (task, future, whether it began as a probe)

    def turn(self):
        self.loop.run_until_complete(asyncio.sleep(0))

    @rule()
    def begin(self):
        breaker = self.bench.breaker
        before, probes = breaker.state, [task for task, _, probe in self.running if probe]
        ending = self.loop.create_future()
        entered = []

        async def func():
            entered.append(True)
            await ending

        task = self.loop.create_task(breaker.call(func))
        self.turn()
        if before == "closed" or (before == "half-open" and not probes):
            assert entered
            self.running.append((task, ending, before == "half-open"))
        else:
            assert not entered
            assert isinstance(task.exception(), CircuitOpenError)
            assert 0 < task.exception().retry_after <= 60

    @precondition(lambda self: self.running)
    @rule(index=st.integers(0, 100), how=st.sampled_from(["well", "down", "down", "cancelled"]))
    def end(self, index, how):
        task, ending, probe = self.running.pop(index % len(self.running))
        before = self.bench.breaker.state
        if how == "cancelled":
            task.cancel()
        elif how == "down":
            ending.set_exception(DOWN)
        else:
            ending.set_result(None)
        self.loop.run_until_complete(asyncio.wait([task]))
        assert task.cancelled() or task.exception() in (None, DOWN)
        after = {"well": "closed", "down": "open", "cancelled": "half-open"}[how]
        if probe:
            assert self.bench.breaker.state == after
        elif before != "closed" or how != "down":
            assert self.bench.breaker.state == before

    @rule(seconds=st.sampled_from([0.1, 1.0, 5.0, 20.0, 60.0]))
    def wait(self, seconds):
        self.bench.clock.now += seconds

    @invariant()
    def at_most_one_probe(self):
        assert sum(probe for _, _, probe in self.running) <= 1

    @invariant()
    def each_change_is_told_once(self):
        assert all(a != b for a, b in zip(["closed", *self.bench.told], self.bench.told, strict=False))

    def teardown(self):
        for task, _, _ in self.running:
            task.cancel()
        self.turn()
        self.turn()
        self.loop.close()


TestHistories = Histories.TestCase
TestHistories.settings = settings(deadline=None, max_examples=60, stateful_step_count=40)
