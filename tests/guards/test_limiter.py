import asyncio
import math
from collections import deque
from dataclasses import dataclass
from itertools import cycle
from math import ceil

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spyro_sdk.config import RateLimitConfig
from spyro_sdk.errors import ValidationError
from spyro_sdk.guards.limiter import DUST, JITTER, LATE, RateLimiter, TooLong
from spyro_sdk.guards.quota import Quota

RATE, BURST = 4.0, 5  # tokens a second, tokens
CONFIG = RateLimitConfig(requests_per_minute=RATE * 60, burst_size=BURST)


class Clock:
    """A clock that moves when told, or when somebody sleeps by it."""

    def __init__(self, now=50.0):
        self.now = now
        self.naps = []

    def __call__(self):
        return self.now

    async def sleep(self, seconds):
        self.naps.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def limiter(clock):
    return RateLimiter(CONFIG, clock=clock, sleep=clock.sleep)


def here(config=CONFIG, **how):
    """A limiter that lives by the clock of the running loop."""
    return RateLimiter(config, clock=asyncio.get_running_loop().time, **how)


async def empty(limiter):
    while limiter.get_available_tokens() >= 1:
        assert await limiter.acquire() == 0


# what one caller sees


@pytest.mark.parametrize("config", [CONFIG, RateLimitConfig(100), RateLimitConfig(7, 3)])
@pytest.mark.parametrize("start", [50.0, 123_456.789])
def test_a_new_bucket_is_full_and_grants_the_burst_at_once(config, start):
    clock = Clock(start)
    limiter = RateLimiter(config, clock=clock, sleep=clock.sleep)

    async def main():
        assert limiter.get_available_tokens() == config.burst
        assert [await limiter.acquire() for _ in range(config.burst)] == [0] * config.burst
        assert limiter.get_available_tokens() == pytest.approx(0, abs=1e-6)

    asyncio.run(main())
    assert clock.naps == []


def test_an_empty_bucket_makes_wait_until_a_token_is_there(limiter, clock):
    async def main():
        await empty(limiter)
        return [await limiter.acquire() for _ in range(3)]

    assert asyncio.run(main()) == pytest.approx([1 / RATE] * 3)
    assert clock.now == pytest.approx(50 + 3 / RATE)


def test_several_tokens_are_waited_for_together(limiter):
    async def main():
        await limiter.acquire(BURST)
        return await limiter.acquire(3)

    assert asyncio.run(main()) == pytest.approx(3 / RATE)


def test_the_bucket_refills_at_the_rate_up_to_the_burst(limiter, clock):
    asyncio.run(limiter.acquire(BURST))
    clock.now += 0.5
    assert limiter.get_available_tokens() == pytest.approx(0.5 * RATE)
    clock.now += 3600
    assert limiter.get_available_tokens() == BURST


@pytest.mark.parametrize("tokens", [0, -1, BURST + 1, math.nan])
def test_what_the_bucket_never_holds_is_refused_by_both_numbers(limiter, tokens):
    with pytest.raises(ValidationError, match=rf"acquire {tokens} tokens.* {BURST} ") as caught:
        asyncio.run(limiter.acquire(tokens))
    assert caught.value.field == "tokens"
    assert limiter.get_available_tokens() == BURST


@pytest.mark.parametrize("start", [0.0, 1e-3, 1e7, 1.8e9])
@pytest.mark.parametrize("config", [RateLimitConfig(100), RateLimitConfig(7, 3), RateLimitConfig(1e6, 1)])
def test_rounding_errors_never_make_a_nap_that_leads_nowhere(start, config):
    clock = Clock(start)
    limiter = RateLimiter(config, clock=clock, sleep=clock.sleep)

    async def main():
        for _ in range(300):
            await limiter.acquire()

    asyncio.run(main())
    assert len(clock.naps) <= 600
    assert clock.now - start == pytest.approx((300 - config.burst) / config.rate, rel=1e-2)


def test_a_wait_may_take_days(limiter, clock):
    limiter.drain(400_000)
    assert asyncio.run(limiter.acquire()) == pytest.approx(400_000 + 1 / RATE)


# the requests of the last minute


def test_the_current_rate_counts_the_requests_of_the_last_minute(limiter, clock):
    asyncio.run(limiter.acquire(3))
    clock.now += 30
    asyncio.run(limiter.acquire())
    assert limiter.get_current_rate() == 2
    clock.now += 30
    assert limiter.get_current_rate() == 1
    clock.now += 30
    assert limiter.get_current_rate() == 0
    assert len(limiter.request_times) == 2  # only who grants forgets: another thread may be asking
    asyncio.run(limiter.acquire())
    assert limiter.request_times == deque([clock.now])


def test_the_history_tells_the_requests_of_each_second(limiter, clock):
    assert limiter.get_history() == [0] * 60
    asyncio.run(limiter.acquire(3))
    asyncio.run(limiter.acquire())
    clock.now += 2.5
    asyncio.run(limiter.acquire())
    assert limiter.get_history() == [0] * 57 + [2, 0, 1]
    clock.now += 59
    assert limiter.get_history() == [1] + [0] * 59
    clock.now += 1
    assert limiter.get_history() == [0] * 60


def test_a_request_granted_while_the_history_is_told_is_left_to_the_next(limiter, clock):
    asyncio.run(limiter.acquire())
    clock.now -= 1
    assert limiter.get_history() == [0] * 60


def test_the_times_of_requests_are_forgotten_without_anybody_asking(limiter, clock):
    async def main():
        for _ in range(2000):
            await limiter.acquire()

    asyncio.run(main())
    assert len(limiter.request_times) <= RATE * 60 + BURST


# letting the bucket recover


def test_wait_if_needed_lets_a_nearly_empty_bucket_become_half_full(limiter):
    async def main():
        assert await limiter.wait_if_needed() == 0
        await limiter.acquire(BURST - 1)
        assert await limiter.wait_if_needed() == 0  # a fifth is left
        await limiter.acquire()
        return await limiter.wait_if_needed()

    assert asyncio.run(main()) == pytest.approx(BURST / 2 / RATE)
    assert limiter.get_available_tokens() == pytest.approx(BURST / 2)
    assert limiter.get_current_rate() == 2


def test_less_than_a_fifth_is_nearly_empty(clock):
    limiter = RateLimiter(RateLimitConfig(600, 12), clock=clock, sleep=clock.sleep)
    asyncio.run(limiter.acquire(10))
    assert asyncio.run(limiter.wait_if_needed()) == pytest.approx(0.4)


def test_wait_if_needed_is_not_starved_by_those_who_come_later(virtually):
    async def main():
        limiter = here()
        await empty(limiter)

        async def greedy():
            while True:
                await limiter.acquire()

        others = [asyncio.create_task(greedy()) for _ in range(3)]
        waited = await limiter.wait_if_needed()
        for other in others:
            other.cancel()
        return waited

    assert virtually(main) == pytest.approx(BURST / 2 / RATE, abs=1e-5)


# what the service says


def test_a_drain_pauses_also_those_who_wait_already(virtually):
    async def main():
        limiter = here()
        await empty(limiter)
        waiting = [asyncio.create_task(limiter.acquire()) for _ in range(2)]
        await asyncio.sleep(0.1)
        limiter.drain(10)
        assert limiter.get_available_tokens() == 0
        return [await waiter for waiter in waiting]

    assert virtually(main) == pytest.approx([10.1 + 1 / RATE, 10.1 + 2 / RATE], abs=1e-5)


def test_a_shorter_drain_never_shortens_a_longer_one(limiter, clock):
    limiter.drain(10)
    limiter.drain(1)
    clock.now += 10
    assert limiter.get_available_tokens() == 0
    clock.now += 1 / RATE
    assert limiter.get_available_tokens() == pytest.approx(1)


@pytest.mark.parametrize("seconds", [0, -3, math.nan])
def test_a_drain_of_no_time_empties_the_bucket(limiter, clock, seconds):
    limiter.drain(seconds)
    assert limiter.get_available_tokens() == 0
    clock.now += 1 / RATE
    assert limiter.get_available_tokens() == pytest.approx(1)


def test_the_bucket_goes_down_to_what_the_service_says_is_left(limiter):
    limiter.learn(Quota(100, 2, 30.0))
    assert limiter.get_available_tokens() == pytest.approx(2)
    limiter.learn(Quota(100, 5, 30.0))  # an answer that was overtaken gives nothing back
    assert limiter.get_available_tokens() == pytest.approx(2)

    async def main():
        return [await limiter.acquire() for _ in range(3)]

    assert asyncio.run(main()) == pytest.approx([0, 0, 1 / RATE])


def test_nothing_left_drains_until_the_reset(limiter, clock):
    limiter.learn(Quota(100, 0, 20.0))
    assert asyncio.run(limiter.acquire()) == pytest.approx(20 + 1 / RATE)


def test_nothing_left_without_a_reset_only_empties_the_bucket(limiter):
    limiter.learn(Quota(None, 0, None))
    assert asyncio.run(limiter.acquire()) == pytest.approx(1 / RATE)


def test_the_wait_is_told_before_it_is_waited(limiter):
    assert limiter.get_wait_time() == 0
    limiter.learn(Quota(100, 0, 20.0))
    assert limiter.get_wait_time() == pytest.approx(20 + 1 / RATE)


def test_plenty_left_changes_nothing(limiter):
    limiter.learn(Quota(5000, 4999, 3000.0))
    assert limiter.get_available_tokens() == BURST


@pytest.mark.parametrize("nonsense", [-1.0, 0.0, math.nan, math.inf])
def test_numbers_that_make_no_sense_are_ignored(limiter, nonsense):
    limiter.learn(Quota(-5, -1, 60.0, 60.0))
    limiter.learn(Quota(0, 1000, nonsense, 60.0))
    limiter.learn(Quota(10, 1000, nonsense, nonsense))
    assert limiter.get_available_tokens() == BURST
    asyncio.run(limiter.acquire(BURST))
    assert asyncio.run(limiter.acquire()) == pytest.approx(1 / RATE)


def test_a_slower_quota_becomes_the_rate_and_a_faster_one_never_exceeds_ours(limiter):
    async def pace():
        await empty(limiter)
        return await limiter.acquire()

    limiter.learn(Quota(60, 59, None, 60.0))
    assert limiter.get_available_tokens() == BURST
    assert asyncio.run(pace()) == pytest.approx(1.0)
    limiter.learn(Quota(120, 100, None, 60.0))
    assert asyncio.run(pace()) == pytest.approx(0.5)
    limiter.learn(Quota(60_000, 50_000, None, 60.0))
    assert asyncio.run(pace()) == pytest.approx(1 / RATE)


def test_a_slower_rate_keeps_tokens_and_does_not_stretch_a_drain(limiter, clock):
    asyncio.run(limiter.acquire(2))
    limiter.learn(Quota(6, 5, None, 60.0))
    assert limiter.get_available_tokens() == pytest.approx(3)
    limiter.drain(7)
    limiter.learn(Quota(60, 50, None, 60.0))
    assert asyncio.run(limiter.acquire()) == pytest.approx(7 + 1)


def test_a_quota_of_a_day_is_a_stock_and_not_a_pace(limiter):
    limiter.learn(Quota(1000, 900, 40_000.0, 86_400.0))
    asyncio.run(limiter.acquire(BURST))
    assert asyncio.run(limiter.acquire()) == pytest.approx(1 / RATE)


def test_no_window_that_the_service_announced_holds_more_than_it_allows(limiter, clock):
    async def main():
        for _ in range(3):
            await limiter.acquire()
        limiter.learn(Quota(4, 1, 1.0, 1.0))
        assert limiter.get_available_tokens() == 1  # of the bucket's 2 one has room in this second
        granted = []
        for _ in range(9):
            await limiter.acquire()
            granted.append(clock.now - 50)
        return granted

    assert asyncio.run(main()) == pytest.approx([0, *[1] * 4, *[2] * 4], abs=1e-5)


def test_what_we_used_ourselves_comes_back_when_it_is_old_enough(limiter, clock):
    async def main():
        limiter.learn(Quota(4, 4, None, 1.0))
        for _ in range(4):
            await limiter.acquire()
        limiter.learn(Quota(4, 0, 5.0, 1.0))  # no drain: all four are ours
        return await limiter.acquire()

    assert asyncio.run(main()) == pytest.approx(1.0)


@pytest.mark.parametrize(("used_by_us", "wait"), [(3, 5 + 1 / RATE), (4, 1.0)])
def test_what_others_used_comes_back_at_the_reset(limiter, used_by_us, wait):
    async def main():
        limiter.learn(Quota(4, 4, None, 1.0))
        for _ in range(used_by_us):
            await limiter.acquire()
        limiter.learn(Quota(4, 0, 5.0, 1.0))
        return await limiter.acquire()

    assert asyncio.run(main()) == pytest.approx(wait)


def test_a_quota_of_the_same_size_for_another_window_is_another(limiter):
    async def main():
        limiter.learn(Quota(4, 4, None, 1.0))
        for _ in range(4):
            await limiter.acquire()
        limiter.learn(Quota(4, 0, 900.0, 86_400.0))  # used up for the day
        return await limiter.acquire()

    assert asyncio.run(main()) == pytest.approx(900 + 1 / RATE)


def test_a_window_longer_than_our_memory_is_a_pace_alone(limiter):
    async def main():
        limiter.learn(Quota(360, 300, None, 120.0))
        assert limiter.get_available_tokens() == pytest.approx(BURST)
        await limiter.acquire(BURST)
        return await limiter.acquire()

    assert asyncio.run(main()) == pytest.approx(1 / 3)


def test_a_quota_of_one_request_is_heeded(limiter):
    limiter.learn(Quota(1, 1, None, 10.0))

    async def main():
        return [await limiter.acquire() for _ in range(2)]

    assert asyncio.run(main()) == pytest.approx([0, 10])


def test_a_reset_that_never_comes_is_not_waited_for(limiter):
    limiter.learn(Quota(100, 0, math.inf))
    assert asyncio.run(limiter.acquire()) == pytest.approx(1 / RATE)


@pytest.mark.parametrize(("ago", "wait"), [(1.09, 0), (1.11, 5 + 1 / RATE)])
def test_an_answer_tells_what_was_a_tenth_of_a_window_ago_at_most(limiter, clock, ago, wait):
    async def main():
        limiter.learn(Quota(4, 4, None, 1.0))
        for _ in range(4):
            await limiter.acquire()
        clock.now += ago
        limiter.learn(Quota(4, 0, 5.0, 1.0))  # all four are ours, if they were counted then
        return await limiter.acquire()

    assert asyncio.run(main()) == pytest.approx(wait)


def test_a_window_of_a_minute_is_counted_and_an_hour_is_a_pace(clock):
    limiter = RateLimiter(RateLimitConfig(6000, 100), jitter=0.5, clock=clock, sleep=clock.sleep)

    async def main():
        limiter.learn(Quota(2, 2, None, 60.0))
        await limiter.acquire()
        await limiter.acquire()
        return await limiter.acquire()

    assert asyncio.run(main()) == pytest.approx(60.5)
    slow = RateLimiter(CONFIG, clock=clock, sleep=clock.sleep)
    slow.learn(Quota(3600, 3600, None, 3600.0))
    asyncio.run(slow.acquire(BURST))
    assert asyncio.run(slow.acquire()) == pytest.approx(1.0)


def test_the_same_window_told_again_does_not_forget_what_was_sent_in_it(limiter):
    async def main():
        limiter.learn(Quota(2, 2, None, 10.0))
        await limiter.acquire()
        limiter.request_times.clear()  # as after a minute
        limiter.learn(Quota(2, 1, None, 10.0))
        await limiter.acquire()
        return await limiter.acquire()

    assert asyncio.run(main()) == pytest.approx(10)


def test_another_window_counts_what_was_sent_before(limiter):
    async def main():
        limiter.learn(Quota(4, 4, None, 1.0))
        await limiter.acquire(2)
        limiter.learn(Quota(1, 1, None, 20.0))
        return await limiter.acquire()

    assert asyncio.run(main()) == pytest.approx(20)


# patience


def test_who_has_no_patience_is_told_how_long_it_would_be(limiter, clock):
    async def main():
        await empty(limiter)
        with pytest.raises(TooLong) as caught:
            await limiter.acquire(patience=0.2)
        return caught.value.seconds, await limiter.acquire(patience=1 / RATE)

    told, waited = asyncio.run(main())
    assert told == pytest.approx(1 / RATE)
    assert waited == pytest.approx(1 / RATE)


def test_a_pause_that_begins_while_one_waits_may_be_too_long_as_well(limiter, clock):
    async def drained(seconds):
        clock.now += 0.1
        limiter.drain(30)
        await asyncio.sleep(0)

    limiter._sleep = drained

    async def main():
        await empty(limiter)
        with pytest.raises(TooLong) as caught:
            await limiter.acquire(patience=1.0)
        return caught.value.seconds

    assert asyncio.run(main()) == pytest.approx(30 + 1 / RATE)
    assert limiter._waiting == 0


def test_jitter_makes_seconds_and_windows_longer(clock):
    limiter = RateLimiter(RateLimitConfig(240, 1), jitter=0.1, clock=clock, sleep=clock.sleep)

    async def main():
        waits = [await limiter.acquire() for _ in range(3)]
        limiter.learn(Quota(2, 1, None, 2.0))
        return [*waits, *[await limiter.acquire() for _ in range(3)]]

    quarter, pace = 1.1 / 4, 2.1 / 2
    later = [2.1 - quarter, pace - LATE, pace + LATE]  # the first waited for the window: the next comes early
    assert asyncio.run(main()) == pytest.approx([0, quarter, quarter, *later], abs=1e-5)


def test_the_rate_of_the_last_minute_is_exact_though_more_is_remembered(clock):
    limiter = RateLimiter(CONFIG, jitter=1.0, clock=clock, sleep=clock.sleep)
    asyncio.run(limiter.acquire())
    clock.now += 60.5
    asyncio.run(limiter.acquire())
    assert limiter.get_current_rate() == 1
    assert len(limiter.request_times) == 2


@pytest.mark.parametrize("window_told", [True, False])
@settings(deadline=None, max_examples=30)
@given(limit=st.integers(1, 60), callers=st.integers(1, 8), latencies=st.lists(st.integers(1, 9), min_size=1))
@example(limit=49, callers=1, latencies=[1, 4, 9, 6, 8, 1, 9, 9, 3, 3, 6])
def test_an_honest_service_is_overrun_by_no_more_than_what_is_on_its_way(
    virtually, window_told, limit, callers, latencies
):
    window = 30.0

    async def main():
        limiter, clock = here(), asyncio.get_running_loop().time
        served = [0] * 20  # requests in each window of the service
        latency = cycle(latencies)

        async def caller():
            while clock() < 1000 + 5 * window:
                await limiter.acquire()
                at = int((clock() + DUST - 1000) / window)  # nobody waits for a rounding error
                served[at] += 1
                resets_at, remaining = 1000 + (at + 1) * window, max(0, limit - served[at])
                await asyncio.sleep(next(latency) / 10)  # answers overtake each other
                told = window if window_told else None
                limiter.learn(Quota(limit, remaining, resets_at - clock(), told))

        async with asyncio.TaskGroup() as tasks:
            for _ in range(callers):
                tasks.create_task(caller())
        return served

    served = virtually(main)
    assert max(served) <= limit + callers - 1
    assert sum(served) <= RATE * 6 * window + BURST


# many callers


def test_waiters_keep_their_order(virtually):
    async def main():
        limiter, order = here(), []
        await empty(limiter)

        async def wait(number, tokens):
            await limiter.acquire(tokens)
            order.append(number)

        async with asyncio.TaskGroup() as tasks:
            for number in range(20):
                tasks.create_task(wait(number, 1 + number % BURST))
        return order

    assert virtually(main) == list(range(20))


def test_a_newcomer_does_not_overtake_a_waiter_who_wants_more(virtually):
    async def main():
        limiter, order = here(), []
        await limiter.acquire(BURST - 1)

        async def wait(name, tokens):
            await limiter.acquire(tokens)
            order.append(name)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(wait("wants 3", 3))
            await asyncio.sleep(0)
            tasks.create_task(wait("wants 1, which is there", 1))
        return order

    assert virtually(main) == ["wants 3", "wants 1, which is there"]


def test_a_cancelled_waiter_costs_nothing_and_delays_nobody(virtually):
    async def main():
        limiter, clock = here(), asyncio.get_running_loop().time
        await limiter.acquire(BURST)
        start = clock()
        first, second, third = (asyncio.create_task(limiter.acquire(n)) for n in (BURST, BURST, 1))
        await asyncio.sleep(0.5)
        second.cancel()
        await asyncio.sleep(0.25)
        first.cancel()
        await third
        return clock() - start

    assert virtually(main) == pytest.approx(0.75)  # three tokens had come by then


def test_a_limiter_made_outside_a_loop_serves_one_run_after_another():
    limiter = RateLimiter(RateLimitConfig(60_000, 2))  # by the real clock, a token a millisecond

    async def abandon():
        limiter.drain(0.005)
        waiting = [asyncio.create_task(limiter.acquire()) for _ in range(3)]
        await asyncio.sleep(0)
        return waiting  # the end of the run cancels them

    async def queue():
        return await asyncio.gather(*(limiter.acquire() for _ in range(3)))

    assert all(task.cancelled() for task in asyncio.run(abandon()))
    assert asyncio.run(queue())[-1] > 0.001
    assert limiter.get_current_rate() == 3


@pytest.mark.parametrize("late", [0.0, 0.005])
def test_many_waiters_use_the_allowance_and_never_exceed_it(virtually, late):
    seconds = 120

    async def main():
        clock, granted = asyncio.get_running_loop().time, []
        limiter = here(sleep=lambda wait: asyncio.sleep(wait + late))

        async def caller(number):
            while clock() < 1000 + seconds:
                try:
                    async with asyncio.timeout(0.3 + number % 7):  # many give up
                        await limiter.acquire()
                        granted.append(clock())
                except TimeoutError:
                    pass

        async with asyncio.TaskGroup() as tasks:
            for number in range(50):
                tasks.create_task(caller(number))
        return granted

    granted = virtually(main)
    assert_within_allowance([(at, 1) for at in granted])
    assert sum(at < 1000 + seconds for at in granted) >= 0.99 * (RATE * seconds + BURST)


@settings(deadline=None, max_examples=50)
@given(
    rate=st.sampled_from([1.0, 4.0, 40.0, 100.0, 150.0]),
    lateness=st.lists(st.integers(0, 30).map(lambda tenths: tenths / 1e4), min_size=1, max_size=20),
    callers=st.integers(1, 16),
)
def test_with_a_burst_of_one_late_wakes_cost_nothing_and_bring_little(virtually, rate, lateness, callers):
    async def main():
        clock, granted, late = asyncio.get_running_loop().time, [], cycle(lateness)
        limiter = here(RateLimitConfig(rate * 60, 1), sleep=lambda wait: asyncio.sleep(wait + next(late)))

        async def caller():
            while clock() < 1000 + 100 / rate:
                await limiter.acquire()
                granted.append(clock())

        async with asyncio.TaskGroup() as tasks:
            for _ in range(callers):
                tasks.create_task(caller())
        return [at for at in granted if at < 1000 + 100 / rate]

    granted = virtually(main)
    assert len(granted) >= 99
    for first, start in enumerate(granted):
        for count, at in enumerate(granted[first:], 1):
            assert count <= rate * (at - start + LATE) + 1 + 1e-3
    for start, at in zip(granted, granted[ceil(rate) :], strict=False):
        assert at - start >= ceil(rate) / rate - 1e-5  # no second has one more for it


@pytest.mark.parametrize("per_minute", [1e300, 6e9])
def test_a_rate_beyond_all_services_costs_no_memory(clock, per_minute):
    limiter = RateLimiter(RateLimitConfig(per_minute, 3), clock=clock, sleep=clock.sleep)
    limiter.learn(Quota(10**30, 10**30, None, 1.0))

    async def main():
        return [await limiter.acquire() for _ in range(100)]

    assert max(asyncio.run(main())) < 0.01


def test_the_same_news_at_every_answer_takes_nothing_away(virtually):
    async def main():
        clock, late = asyncio.get_running_loop().time, cycle([0.018, *[0.0] * 16])
        limiter = here(RateLimitConfig(6000, 1), sleep=lambda wait: asyncio.sleep(wait + next(late)))

        async def caller():
            for _ in range(100):
                await limiter.acquire()
                limiter.learn(Quota(100, 100, None, 1.0))

        await asyncio.gather(*(caller() for _ in range(4)))
        return clock() - 1000

    assert virtually(main) == pytest.approx(399 / 100, rel=0.03)


def test_a_wake_that_is_very_late_is_made_up_for_in_part(clock):
    async def sleep(seconds):
        clock.now += seconds + 1.0

    limiter = RateLimiter(RateLimitConfig(240, 1), clock=clock, sleep=sleep)

    async def main():
        await limiter.acquire()
        await limiter.acquire()
        return limiter.get_wait_time()

    assert asyncio.run(main()) == pytest.approx(1 / RATE - LATE)


# schedules


@dataclass
class Call:
    tokens: int
    patience: float | None
    came: float = math.nan
    left: float = math.nan
    granted: bool = False


@dataclass
class Drain:
    seconds: float
    at: float = math.nan


gaps = st.integers(0, 8).map(lambda quarters: quarters / 4)
calls = st.builds(Call, st.integers(1, BURST), st.none() | st.integers(1, 12).map(lambda n: n / 5))
drains = st.builds(Drain, st.integers(0, 12).map(lambda n: n / 4))
schedules = st.lists(st.tuples(gaps, calls | calls | calls | drains), max_size=18)


async def play(schedule):
    limiter, clock = here(), asyncio.get_running_loop().time

    async def make(call):
        call.came = clock()
        try:
            async with asyncio.timeout(call.patience):
                await limiter.acquire(call.tokens)
                call.granted = True
        except TimeoutError:
            pass
        call.left = clock()

    async with asyncio.TaskGroup() as tasks:
        for gap, step in schedule:
            await asyncio.sleep(gap)
            if isinstance(step, Call):
                tasks.create_task(make(step))
            else:
                await asyncio.sleep(0.0137)  # never at the same instant as a grant or another call
                step.at = clock()
                limiter.drain(step.seconds)
                await asyncio.sleep(0.0029)


def assert_within_allowance(granted):
    """In no window are more granted than rate * t + burst."""
    for first, (start, _) in enumerate(granted):
        total = 0
        for at, tokens in granted[first:]:
            total += tokens
            assert total <= RATE * (at - start) + BURST + 1e-3


def assert_as_early_as_allowed(calls, drains):
    """Replay a schedule in a bucket of the plainest kind; each call left the line when it should have."""
    held, since, line_free = float(BURST), 1000.0, 1000.0
    drains = deque(drains)
    for call in calls:
        head = max(call.came, line_free)  # when it came to stand first in line
        while True:
            due = max(head, since + (call.tokens - held) / RATE)
            if not drains or drains[0].at >= min(due, call.left):
                break
            drain = drains.popleft()
            held, since = 0.0, max(since, drain.at + drain.seconds)
        if call.granted:
            assert call.left == pytest.approx(due, abs=1e-5)
            held, since = min(float(BURST), held + (due - since) * RATE) - call.tokens, due
        else:
            assert call.left <= due + 1e-5
        line_free = max(line_free, call.left)


@settings(deadline=None, max_examples=300)
@given(schedules)
def test_any_schedule_is_served_in_order_within_the_allowance_and_without_delay(virtually, schedule):
    virtually(lambda: play(schedule))
    calls = [step for _, step in schedule if isinstance(step, Call)]
    drains = [step for _, step in schedule if isinstance(step, Drain)]
    granted = [(call.left, call.tokens) for call in calls if call.granted]
    assert granted == sorted(granted, key=lambda grant: grant[0])
    assert_within_allowance(granted)
    assert_as_early_as_allowed(calls, drains)
    for drain in drains:
        assert not any(drain.at < at < drain.at + drain.seconds for at, _ in granted)


quotas = st.builds(
    Quota,
    st.none() | st.integers(-1, 1000),
    st.integers(-1, 20),
    st.none() | st.floats(-1, 10) | st.just(math.nan),
    st.none() | st.floats(-1, 100) | st.just(math.nan),
)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(gaps, st.integers(1, BURST), st.none() | quotas), max_size=12))
def test_whatever_a_service_says_the_allowance_holds_and_every_caller_is_served(virtually, steps):
    async def main():
        limiter, clock, granted = here(), asyncio.get_running_loop().time, []
        for gap, tokens, quota in steps:
            await asyncio.sleep(gap)
            if quota:
                limiter.learn(quota)
            assert 0 <= limiter.get_available_tokens() <= BURST
            await limiter.acquire(tokens)
            granted.append((clock(), tokens))
        return granted

    granted = virtually(main)
    assert len(granted) == len(steps)
    assert_within_allowance(granted)


# patience


def test_who_would_have_to_wait_too_long_is_told_at_once(clock, limiter):
    limiter.drain(60)
    with pytest.raises(TooLong) as told:
        asyncio.run(limiter.acquire(patience=59))
    assert told.value.seconds == pytest.approx(60 + 1 / RATE)
    assert clock.naps == []
    assert asyncio.run(limiter.acquire(patience=61)) == pytest.approx(60 + 1 / RATE)


def test_who_waits_already_is_told_when_it_becomes_too_long(virtually):
    async def main():
        limiter, loop = here(), asyncio.get_running_loop()
        await empty(limiter)
        waiting = [asyncio.create_task(limiter.acquire(patience=5)) for _ in range(3)]
        await asyncio.sleep(0.1)
        limiter.drain(3600)
        started = loop.time()
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(it) for it in outcomes] == [TooLong] * 3
        assert loop.time() - started < 1
        assert await limiter.acquire() > 3500

    virtually(main)


def test_who_would_have_to_wait_too_long_is_told_before_his_turn_in_the_line(virtually):
    async def main():
        limiter, loop = here(), asyncio.get_running_loop()
        limiter.drain(60)
        first = asyncio.create_task(limiter.acquire())
        await asyncio.sleep(0)
        started = loop.time()
        with pytest.raises(TooLong) as told:
            await limiter.acquire(patience=5)
        assert loop.time() == started
        await first
        return told.value.seconds

    assert virtually(main) == pytest.approx(60 + 1 / RATE)


def test_what_is_allowed_for_jitter_costs_a_fortieth_of_the_pace_at_the_most(clock):
    limiter = RateLimiter(CONFIG, jitter=JITTER, clock=clock, sleep=clock.sleep)
    asyncio.run(limiter.acquire(BURST))
    assert 1 / RATE < asyncio.run(limiter.acquire()) < 1.025 / RATE


def test_of_a_window_of_more_than_an_hour_no_pace_is_made(limiter):
    limiter.learn(Quota(3600, 3600, None, 3600.5))
    asyncio.run(limiter.acquire(BURST))
    assert asyncio.run(limiter.acquire()) == pytest.approx(1 / RATE)


@pytest.mark.parametrize(("ago", "wait"), [(4.39, 0), (4.41, 5 + 1)])
def test_of_a_longer_window_a_tenth_is_longer(limiter, clock, ago, wait):
    async def main():
        limiter.learn(Quota(4, 4, None, 4.0))
        for _ in range(4):
            await limiter.acquire()
        clock.now += ago
        limiter.learn(Quota(4, 0, 5.0, 4.0))
        return await limiter.acquire()

    assert asyncio.run(main()) == pytest.approx(wait)


def test_the_one_that_another_has_used_is_not_there_for_us(limiter):
    limiter.learn(Quota(4, 4, None, 1.0))
    assert limiter.get_available_tokens() == 4
    limiter.learn(Quota(4, 3, None, 1.0))
    assert limiter.get_available_tokens() == pytest.approx(3)


def test_with_the_end_of_a_window_its_room_is_there(limiter, clock):
    limiter.learn(Quota(4, 4, None, 1.0))
    for _ in range(4):
        asyncio.run(limiter.acquire())
    assert limiter.get_available_tokens() == 0
    clock.now += 1.0
    assert limiter.get_available_tokens() == 4


def test_what_we_used_ourselves_is_ours_with_jitter_as_well(clock):
    limiter = RateLimiter(CONFIG, jitter=0.1, clock=clock, sleep=clock.sleep)

    async def main():
        limiter.learn(Quota(4, 4, None, 1.0))
        for _ in range(4):
            await limiter.acquire()
        limiter.learn(Quota(4, 0, 5.0, 1.0))
        return await limiter.acquire()

    assert asyncio.run(main()) == pytest.approx(1.1)


def test_what_we_used_ourselves_takes_nothing_from_a_bucket_that_is_full_again(limiter, clock):
    limiter.learn(Quota(4, 4, None, 1.0))
    asyncio.run(limiter.acquire())
    clock.now += 0.875
    limiter.learn(Quota(4, 3, None, 1.0))
    clock.now += 0.125  # now that one is back too
    assert limiter.get_available_tokens() == 4
