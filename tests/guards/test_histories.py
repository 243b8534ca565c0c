"""Limiters through any history: callers who leave, pauses, what a service says, processes that die."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from bisect import bisect_right
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from spyro_sdk.config import RateLimitConfig
from spyro_sdk.guards.account import BUCKETS
from spyro_sdk.guards.bucket import FileBucket
from spyro_sdk.guards.limiter import DUST, FORMER, LATE, RateLimiter
from spyro_sdk.guards.quota import Quota
from spyro_sdk.guards.together import TogetherLimiter
from spyro_sdk.private import PrivateFolder

from .conftest import VirtualLoop

SECONDS = st.sampled_from([0.0, 0.01, 0.1, 0.25, 0.9, 1.0, 3.0, 20.0])


class Callers(RuleBasedStateMachine):
    """What all limiters have in common; time passes by a clock of its own."""

    def __init__(self):
        super().__init__()
        self.loop = VirtualLoop()
        self.granted = []  # (when, tokens), in the order in which they were granted
        self.waiting = []  # tasks
        self.paused_until = 0.0

    def now(self):
        return self.loop.time()

    def run(self, work):
        return self.loop.run_until_complete(work)

    def begin(self, limiter, tokens):
        async def take():
            since = self.now()
            waited = await limiter.acquire(tokens)
            assert waited >= 0
            assert abs(since + waited - self.now()) < 1e-6
            assert self.now() >= self.paused_until - DUST
            self.granted.append((self.now(), tokens))

        task = self.loop.create_task(take())
        self.waiting.append(task)
        self.run(asyncio.sleep(0))
        return task

    def settle(self):
        """Look at who is done; what went wrong in a task is raised here."""
        done = [task for task in self.waiting if task.done()]
        self.waiting = [task for task in self.waiting if not task.done()]
        for task in done:
            if not task.cancelled():
                task.result()

    @rule(seconds=SECONDS)
    def time_passes(self, seconds):
        self.run(asyncio.sleep(seconds))

    @precondition(lambda self: self.waiting)
    @rule(which=st.integers(0, 99))
    def somebody_leaves(self, which):
        task = self.waiting.pop(which % len(self.waiting))
        task.cancel()
        self.run(asyncio.wait([task]))
        assert task.cancelled() or task.result() is None

    @invariant()
    def nobody_has_failed(self):
        self.settle()

    def assert_never_over(self, rate, burst):
        """In any time no more tokens than it brings, and those that the bucket holds."""
        for last, (until, _) in enumerate(self.granted):
            some = 0
            for since, tokens in reversed(self.granted[: last + 1]):
                some += tokens
                assert some <= rate * (until - since + LATE) + burst + 1e-6

    def teardown(self):
        try:
            left = self.waiting
            if left:  # whoever waits has his turn, and nobody waits for ever
                self.run(asyncio.wait(left))
            self.settle()
            self.at_the_end()
        finally:
            self.loop.close()

    def at_the_end(self):
        raise NotImplementedError


class OneLimiter(Callers):
    """A limiter of one process."""

    @initialize(rate=st.sampled_from([0.5, 4.0, 100.0]), burst=st.sampled_from([1, 3, 10]))
    def made(self, rate, burst):
        self.rate, self.burst = rate, burst
        self.limiter = RateLimiter(RateLimitConfig(rate * 60, burst), clock=self.now, sleep=asyncio.sleep)
        self.order, self.begun = [], 0
        self.told = []  # (since when, requests, seconds)

    @rule(tokens=st.integers(1, 10))
    def somebody_comes(self, tokens):
        number, self.begun = self.begun, self.begun + 1
        task = self.begin(self.limiter, min(tokens, self.burst))
        task.add_done_callback(lambda task: None if task.cancelled() else self.order.append(number))

    @rule(seconds=SECONDS)
    def all_pause(self, seconds):
        self.limiter.drain(seconds)
        self.paused_until = max(self.paused_until, self.now() + seconds)

    @rule(limit=st.integers(1, 20), remaining=st.integers(0, 20), resets_in=st.none() | SECONDS)
    def the_service_says_what_is_left(self, limit, remaining, resets_in):
        before = self.limiter.get_available_tokens()
        self.limiter.learn(Quota(limit, remaining, resets_in))
        assert self.limiter.get_available_tokens() <= before + 1e-6
        if not self.is_ours(limit - remaining, limit):
            assert self.limiter.get_available_tokens() <= remaining + 1e-6

    def is_ours(self, used, limit):
        """Whether we have used it ourselves, of the window last announced, and so know when it comes back."""
        if not self.told or self.told[-1][1] != limit:
            return False
        since = self.now() - FORMER * self.told[-1][2]
        return used <= sum(at > since for at, _ in self.granted)

    @rule(limit=st.integers(1, 20), window=st.sampled_from([1.0, 10.0, 60.0]))
    def the_service_announces_a_window(self, limit, window):
        self.limiter.learn(Quota(limit, limit, None, window))
        self.told.append((self.now(), limit, window))

    @invariant()
    def what_is_told_makes_sense(self):
        if hasattr(self, "limiter"):
            available, wait = self.limiter.get_available_tokens(), self.limiter.get_wait_time()
            assert 0 <= available <= self.burst
            assert wait >= 0
            assert wait <= DUST or available < 1 + 1e-6
            assert self.limiter.get_current_rate() == sum(at > self.now() - 60 for at, _ in self.granted)

    def at_the_end(self):
        if not hasattr(self, "limiter"):
            return
        assert self.order == sorted(self.order), "somebody was passed by"
        self.assert_never_over(self.rate, self.burst)
        ends = [since for since, _, _ in self.told[1:]] + [self.now() + 1]
        times = [at for at, _ in self.granted]
        for (since, limit, window), end in zip(self.told, ends, strict=False):
            for last, at in enumerate(times):
                if since < at <= end:  # as long as that was what it said
                    first = bisect_right(times, at - window + 1e-6)
                    held = sum(since <= it for it in times[first : last + 1])
                    assert held <= limit, "an announced window held too many"


class ManyProcesses(Callers):
    """Limiters that share a bucket in a file, of which each may die and come back."""

    @initialize(rate=st.sampled_from([2.0, 50.0]), burst=st.sampled_from([1, 4]), count=st.integers(1, 4))
    def made(self, rate, burst, count):
        self.rate, self.burst = rate, burst
        self.place = Path(tempfile.mkdtemp())
        self.buckets, self.limiters, self.mine = [], [], []
        for _ in range(count):
            self.buckets.append(self.bucket())
            self.limiters.append(self.process(self.buckets[-1]))
            self.mine.append([])

    def bucket(self):
        return FileBucket(PrivateFolder(self.place / "b", purpose=BUCKETS), "a", self.burst, clock=self.now)

    def process(self, bucket):
        config = RateLimitConfig(self.rate * 60, self.burst)
        return TogetherLimiter(config, bucket, clock=self.now, sleep=asyncio.sleep)

    @rule(which=st.integers(0, 9), tokens=st.integers(1, 4))
    def somebody_comes(self, which, tokens):
        which %= len(self.limiters)
        self.mine[which].append(self.begin(self.limiters[which], min(tokens, self.burst)))

    @rule(which=st.integers(0, 9), seconds=SECONDS)
    def one_is_told_to_pause(self, which, seconds):
        self.limiters[which % len(self.limiters)].drain(seconds)
        self.paused_until = max(self.paused_until, self.now() + seconds)

    @rule(which=st.integers(0, 9))
    def one_dies(self, which):
        """Whoever waited in it is gone, and gives nothing back."""
        which %= len(self.limiters)
        self.buckets[which].give_back = lambda *given: None
        for task in self.mine[which]:
            task.cancel()
        self.run(asyncio.sleep(0))
        self.settle()
        self.mine[which].clear()
        self.buckets[which].state.close()
        self.buckets[which] = self.bucket()
        self.limiters[which] = self.process(self.buckets[which])

    def at_the_end(self):
        if hasattr(self, "place"):
            self.assert_never_over(self.rate, self.burst)
            for bucket in self.buckets:
                bucket.state.close()
            shutil.rmtree(self.place)


TestOneLimiter = OneLimiter.TestCase
TestManyProcesses = ManyProcesses.TestCase
TestOneLimiter.settings = TestManyProcesses.settings = settings(deadline=None)
