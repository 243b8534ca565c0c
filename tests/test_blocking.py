"""The bridge holds with real threads, real processes, real Ctrl-C."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import importlib.util
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import traceback
import weakref
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from itertools import count, islice
from pathlib import Path
from types import FrameType
from typing import Any

import anyio
import anyio.to_thread
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spyro_sdk import blocking

ROOT = Path(__file__).parents[1]
fork_only = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

name: contextvars.ContextVar[str] = contextvars.ContextVar("name", default="nobody")


class Boom(Exception):
    """What goes wrong in these tests."""


class Interrupted(BaseException):
    """What a signal raises in the waiting thread."""


class Log(list[str]):
    """What happened on the loop's thread, in order."""

    async def sleeper(self, seconds: float = 60) -> None:
        """Sleep; when cancelled, clean up as real code does: awaiting."""
        self.append("started")
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            self.append("cancelled")
            await asyncio.sleep(0.01)
            self.append("cleaned up")
            raise

    async def slow_to_clean_up(self) -> None:
        self.append("started")
        try:
            await asyncio.sleep(60)
        finally:
            self.append("cancelled")
            await asyncio.sleep(0.3)
            self.append("cleaned up")

    async def stubborn(self) -> None:
        """Ignore cancellation until released."""
        self.append("started")
        while "released" not in self:
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(0.01)

    async def busy(self) -> None:
        """Keep the loop's thread from doing anything else until released."""
        self.append("started")
        self.wait_for("released")

    async def numbers(self) -> AsyncGenerator[int, None]:
        """Count without end."""
        try:
            for number in count():
                self.append(f"made {number}")
                yield number
        finally:
            await asyncio.sleep(0.01)
            self.append("cleaned up")

    def wait_for(self, entry: str) -> None:
        deadline = time.monotonic() + 5
        while entry not in self:
            assert time.monotonic() < deadline, f"never {entry}: {self}"
            time.sleep(0.001)


async def answer(value: object = 42) -> object:
    await asyncio.sleep(0)
    return value


async def fail(error: BaseException) -> None:
    await asyncio.sleep(0)
    raise error


async def thread_id() -> int:
    return threading.get_ident()


async def upto(stop: int) -> AsyncGenerator[int, None]:
    for number in range(stop):
        yield number


@contextmanager
def interrupted(log: Log, *entries: str, within: float = 0.5, at_least: float = 0) -> Iterator[None]:
    """Raise `Interrupted` in this thread, by a signal as Ctrl-C does, soon after each entry in the log.

    It must come out of the body so many seconds after the first signal.
    """

    def stop(signum: int, frame: FrameType | None) -> None:
        times.append(time.monotonic())
        raise Interrupted

    def send() -> None:
        for entry in entries:
            log.wait_for(entry)
            time.sleep(0.03)
            os.kill(os.getpid(), signal.SIGUSR1)

    times: list[float] = []
    sender = threading.Thread(target=send)
    before = signal.signal(signal.SIGUSR1, stop)
    try:
        sender.start()
        with pytest.raises(Interrupted):
            yield
        assert at_least <= time.monotonic() - times[0] < within
    finally:
        sender.join()
        signal.signal(signal.SIGUSR1, before)


@contextmanager
def takes(at_most: float, at_least: float = 0) -> Iterator[None]:
    start = time.monotonic()
    yield
    assert at_least <= time.monotonic() - start < at_most


@pytest.fixture
def alone() -> Iterator[Any]:
    """The module once more, with a loop of its own that a test may break."""
    spec = importlib.util.spec_from_file_location("spyro_sdk.blocking_alone", blocking.__file__)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    module._end()


class TestRun:
    def test_returns_what_the_function_returns(self) -> None:
        assert blocking.run(answer) == 42
        assert blocking.run(answer, None) is None

    def test_an_exception_passes_through_with_its_traceback(self) -> None:
        error = Boom("no such thing")
        with pytest.raises(Boom) as caught:
            blocking.run(fail, error)
        assert caught.value is error
        frames = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
        assert frames[0] == "test_an_exception_passes_through_with_its_traceback"
        assert frames[-1] == "fail"
        assert len(frames) <= 5

    def test_a_timeout_of_the_function_is_its_answer(self) -> None:
        with pytest.raises(TimeoutError), takes(at_most=1):
            blocking.run(fail, TimeoutError())

    @pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError()])
    def test_no_exception_ends_the_loop(self, error: BaseException) -> None:
        before = blocking.run(thread_id)
        with pytest.raises(type(error)):
            blocking.run(fail, error)
        assert blocking.run(thread_id) == before

    def test_a_raised_error_is_freed_without_the_collector(self) -> None:
        async def stumble() -> None:
            raise Boom

        def ask() -> weakref.ref[Boom]:
            try:
                blocking.run(stumble)
            except Boom as error:
                return weakref.ref(error)
            raise AssertionError

        gc.disable()
        try:
            error = ask()
            blocking.run(answer)  # the loop has let go of the call before
            assert error() is None
        finally:
            gc.enable()

    def test_works_inside_a_running_loop(self) -> None:
        async def cell() -> object:
            return blocking.run(answer)

        assert asyncio.run(cell()) == 42

    def test_many_threads_share_one_loop(self) -> None:
        seen: list[int] = []
        threads = [threading.Thread(target=lambda: seen.append(blocking.run(thread_id))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert seen == [blocking.run(thread_id)] * 8
        assert seen[0] != threading.get_ident()

    def test_calls_of_several_threads_run_side_by_side(self) -> None:
        async def meet() -> None:
            async with both:
                here.append(1)
                both.notify()
                await both.wait_for(lambda: len(here) == 2)

        here: list[int] = []
        both = asyncio.Condition()
        thread = threading.Thread(target=blocking.run, args=(meet,))
        thread.start()
        blocking.run(meet)
        thread.join()

    def test_the_loops_own_thread_is_refused(self) -> None:
        async def observer() -> None:
            blocking.run(answer)

        with pytest.raises(RuntimeError, match=r"own thread cannot wait.*await the connector's methods"):
            blocking.run(observer)

    @pytest.mark.parametrize("to_thread", [asyncio.to_thread, anyio.to_thread.run_sync])
    def test_a_worker_thread_may_ask_back(self, to_thread: Any) -> None:
        assert blocking.run(to_thread, blocking.run, answer) == 42

    def test_a_worker_threads_error_comes_back(self) -> None:
        def job() -> None:
            raise Boom

        with pytest.raises(Boom):
            blocking.run(asyncio.to_thread, job)

    def test_context_variables_are_carried_over_as_a_copy(self) -> None:
        async def rename() -> str:
            before = name.get()
            name.set("the loop's")
            return before

        token = name.set("the caller's")
        try:
            assert blocking.run(rename) == "the caller's"
            assert name.get() == "the caller's"
        finally:
            name.reset(token)
        assert blocking.run(rename) == "nobody"


class TestInterruptedRun:
    def test_is_cancelled_and_cleaned_up_before_control_returns(self) -> None:
        log = Log()
        with interrupted(log, "started"):
            blocking.run(log.sleeper)
        assert log == ["started", "cancelled", "cleaned up"]
        assert blocking.run(answer) == 42

    def test_returns_in_time_though_cancellation_is_ignored(self) -> None:
        log = Log()
        with interrupted(log, "started", at_least=blocking.GRACE):
            blocking.run(log.stubborn)
        log.append("released")
        assert blocking.run(answer) == 42

    def test_returns_in_time_though_the_loop_is_busy(self) -> None:
        log = Log()
        with interrupted(log, "started", at_least=blocking.GRACE):
            blocking.run(log.busy)
        log.append("released")
        assert blocking.run(answer) == 42

    def test_a_second_interrupt_ends_the_wait_for_the_clean_up(self) -> None:
        log = Log()
        with interrupted(log, "started", "cancelled", within=0.3):
            blocking.run(log.slow_to_clean_up)
        assert log == ["started", "cancelled"]
        log.wait_for("cleaned up")
        assert blocking.run(answer) == 42

    def test_a_call_cancelled_before_its_first_step_has_ended(self) -> None:
        log, other = Log(), Log()
        thread = threading.Thread(target=blocking.run, args=(log.busy,))
        thread.start()
        log.wait_for("started")
        with interrupted(log, "started", at_least=blocking.GRACE):
            blocking.run(other.sleeper)  # begun and cancelled in one turn of the loop
        log.append("released")
        thread.join()
        assert blocking.run(answer) == 42
        assert other == []

    def test_a_call_interrupted_before_it_was_handed_over_never_runs(self) -> None:
        log = Log()
        work = blocking._Work(blocking._running_loop(), log.sleeper)
        work.leave()
        assert blocking.run(answer) == 42
        assert log == []


class TestMeanwhile:
    """What the waiting thread does while it waits."""

    def test_is_called_in_the_waiting_thread_again_and_again(self) -> None:
        async def until_seen() -> None:
            await anyio.to_thread.run_sync(threads.acquire)
            await anyio.to_thread.run_sync(threads.acquire)

        def seen() -> None:
            assert threading.get_ident() == waiting
            threads.release()

        waiting, threads = threading.get_ident(), threading.Semaphore(0)
        blocking.run(until_seen, meanwhile=seen)

    def test_is_not_called_for_what_is_there_at_once(self) -> None:
        def never() -> None:
            raise AssertionError

        assert blocking.run(answer, meanwhile=never) == 42
        assert list(blocking.iterate(partial(upto, 3), meanwhile=never)) == [0, 1, 2]

    def test_is_called_while_an_item_is_waited_for(self) -> None:
        async def slow() -> AsyncGenerator[int, None]:
            await anyio.to_thread.run_sync(seen.acquire)
            yield 1

        seen = threading.Semaphore(0)
        assert list(blocking.iterate(slow, meanwhile=seen.release)) == [1]

    def test_a_failure_of_it_is_logged_once_and_the_call_goes_on(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        def broken() -> None:
            calls.append(1)
            raise Boom("mine")

        calls: list[int] = []
        with caplog.at_level("ERROR", "spyro_sdk.blocking"):
            assert blocking.run(asyncio.sleep, 0.18, 42, meanwhile=broken) == 42
        (record,) = caplog.records
        assert "broken" in record.getMessage()
        assert record.exc_info
        assert record.exc_info[0] is Boom
        assert calls == [1]

    def test_an_interrupt_in_it_stops_the_call(self) -> None:
        def stopped() -> None:
            raise KeyboardInterrupt

        log = Log()
        with pytest.raises(KeyboardInterrupt), takes(at_most=0.5):
            blocking.run(log.sleeper, meanwhile=stopped)
        assert log == ["started", "cancelled", "cleaned up"]


class TestConverse:
    """What only the waiting thread can do is done by it."""

    def test_returns_what_the_function_returns(self) -> None:
        async def plain(value: int, here: Any) -> int:
            return value

        assert blocking.converse(plain, 42) == 42

    def test_the_waiting_thread_does_what_it_is_asked_to(self) -> None:
        async def ask(here: Any) -> tuple[int, int]:
            return await here(threading.get_ident), await thread_id()

        mine, its = blocking.converse(ask)
        assert mine == threading.get_ident() != its

    def test_what_that_raises_is_raised_where_it_was_asked_for(self) -> None:
        def broken() -> None:
            raise Boom

        async def ask(here: Any) -> str:
            with pytest.raises(Boom):
                await here(broken)
            return "went on"

        assert blocking.converse(ask) == "went on"

    def test_an_exception_of_the_function_passes_through(self) -> None:
        async def ask(here: Any) -> None:
            await here(int, "7")
            raise Boom

        with pytest.raises(Boom):
            blocking.converse(ask)

    def test_an_interrupt_ends_it_all_and_is_cleaned_up(self) -> None:
        log = Log()

        async def ask(here: Any) -> None:
            await here(log.append, "asked")
            await log.sleeper()

        with interrupted(log, "started"):
            blocking.converse(ask)
        assert log == ["asked", "started", "cancelled", "cleaned up"]

    def test_an_interrupt_of_what_it_does_ends_it_all(self) -> None:
        log = Log()

        def start() -> None:
            log.append("started")
            log.wait_for("never")

        async def begin(here: Any) -> None:
            try:
                await here(start)
            except asyncio.CancelledError:
                log.append("cancelled")
                raise

        with interrupted(log, "started"):
            blocking.converse(begin)
        log.wait_for("cancelled")

    def test_what_nobody_waits_for_any_more_is_not_done(self) -> None:
        log = Log()

        async def ask(here: Any) -> None:
            first = asyncio.ensure_future(here(time.sleep, 0.1))
            second = asyncio.ensure_future(here(log.append, "done in vain"))
            await asyncio.sleep(0)
            second.cancel()
            await first
            await here(log.append, "done")

        blocking.converse(ask)
        assert log == ["done"]

    def test_an_answer_that_comes_too_late_is_dropped(self) -> None:
        log = Log()

        def slow() -> None:
            log.append("started")
            log.wait_for("given up")

        async def ask(here: Any) -> str:
            asking = asyncio.ensure_future(here(slow))
            await asyncio.to_thread(log.wait_for, "started")
            asking.cancel()
            log.append("given up")
            await asyncio.sleep(0.02)
            return "went on"

        assert blocking.converse(ask) == "went on"

    def test_an_answer_after_the_loops_end_is_dropped(self) -> None:
        loop = asyncio.new_event_loop()
        job = blocking._Job(int, loop.create_future())
        loop.close()
        job.act()
        assert not job.outcome.done()

    def test_the_loops_own_thread_is_refused(self) -> None:
        async def nested() -> None:
            blocking.converse(answer)

        with pytest.raises(RuntimeError, match="own thread cannot wait for itself"):
            blocking.run(nested)


class TestIterate:
    def test_hands_over_every_item_in_order(self) -> None:
        assert list(blocking.iterate(lambda: upto(1000))) == list(range(1000))

    def test_any_value_is_an_item(self) -> None:
        async def odd() -> AsyncGenerator[object, None]:
            yield None
            yield StopIteration
            yield Boom()

        assert [type(item) for item in blocking.iterate(odd)] == [type(None), type, Boom]

    def test_nothing_runs_before_the_first_next(self) -> None:
        log = Log()
        with closing(blocking.iterate(log.numbers)):
            blocking.run(answer)
        assert log == []

    @settings(max_examples=60, deadline=None)
    @given(size=st.integers(0, 12), taken=st.integers(0, 14), ahead=st.integers(0, 5))
    def test_stays_within_its_bound_and_always_cleans_up(self, size: int, taken: int, ahead: int) -> None:
        async def source() -> AsyncGenerator[int, None]:
            try:
                for number in range(size):
                    log.append(f"made {number}")
                    yield number
            finally:
                log.append("cleaned up")

        log = Log()
        with closing(blocking.iterate(source, ahead=ahead)) as numbers:
            assert list(islice(numbers, taken)) == list(range(min(size, taken)))
            if taken > 0:
                for _ in range(20):  # more turns of the loop than a runaway needs
                    blocking.run(answer)
                expected = min(size, taken + ahead)
                assert [entry for entry in log if entry != "cleaned up"] == [
                    f"made {number}" for number in range(expected)
                ]
        assert log.count("cleaned up") == (taken > 0)

    def test_a_negative_bound_is_refused(self) -> None:
        with pytest.raises(ValueError, match="0"):
            next(blocking.iterate(lambda: upto(1), ahead=-1))

    def test_one_task_owns_the_generator(self) -> None:
        async def tasks() -> AsyncGenerator[object, None]:
            try:
                for _ in range(3):
                    yield asyncio.current_task()
            finally:
                last.append(asyncio.current_task())

        last: list[object] = []
        with closing(blocking.iterate(tasks, ahead=0)) as seen:
            first = next(seen)
            assert next(seen) is first
        assert last == [first]

    def test_an_error_comes_after_the_items_before_it(self) -> None:
        async def broken() -> AsyncGenerator[int, None]:
            yield 1
            yield 2
            raise Boom

        seen: list[int] = []
        with pytest.raises(Boom):
            seen.extend(blocking.iterate(broken, ahead=5))
        assert seen == [1, 2]

    def test_an_error_in_the_source_itself_is_raised(self) -> None:
        def source() -> AsyncGenerator[int, None]:
            raise Boom

        with pytest.raises(Boom):
            next(blocking.iterate(source))

    def test_context_variables_are_carried_over(self) -> None:
        async def names() -> AsyncGenerator[str, None]:
            yield name.get()

        token = name.set("the caller's")
        try:
            assert list(blocking.iterate(names)) == ["the caller's"]
        finally:
            name.reset(token)

    def test_works_inside_a_running_loop(self) -> None:
        async def cell() -> list[int]:
            return list(blocking.iterate(lambda: upto(5)))

        assert asyncio.run(cell()) == [0, 1, 2, 3, 4]

    def test_iterators_may_be_interleaved(self) -> None:
        pairs = zip(blocking.iterate(lambda: upto(50)), blocking.iterate(lambda: upto(50)), strict=True)
        assert all(left == right for left, right in pairs)

    def test_an_iterator_may_change_threads(self) -> None:
        numbers = blocking.iterate(lambda: upto(4))
        seen = [next(numbers)]
        thread = threading.Thread(target=lambda: seen.append(next(numbers)))
        thread.start()
        thread.join()
        assert [*seen, *numbers] == [0, 1, 2, 3]

    def test_the_loops_own_thread_is_refused(self) -> None:
        async def observer() -> int:
            return next(numbers)

        numbers = blocking.iterate(lambda: upto(4))
        with pytest.raises(RuntimeError, match="own thread"):
            blocking.run(observer)
        numbers = blocking.iterate(lambda: upto(4))
        next(numbers)
        with pytest.raises(RuntimeError, match="own thread"):
            blocking.run(observer)

    def test_handing_over_does_not_wait_for_the_next_look(self) -> None:
        with takes(at_most=200 * blocking.SLICE / 5):
            assert len(list(blocking.iterate(lambda: upto(200), ahead=0))) == 200

    def test_ten_thousand_items_take_no_seconds(self) -> None:
        with takes(at_most=3):  # 0.2 s where nothing else runs
            assert sum(1 for _ in blocking.iterate(lambda: upto(10_000))) == 10_000

    def test_a_silent_source_is_waited_for(self) -> None:
        async def slow() -> AsyncGenerator[int, None]:
            await asyncio.sleep(2.5 * blocking.SLICE)
            yield 1

        assert list(blocking.iterate(slow)) == [1]


class TestScopesInAGenerator:
    """Waiting for the caller counts as waiting at the `yield`."""

    @pytest.mark.parametrize("timeout", [asyncio.timeout, anyio.fail_after])
    def test_a_timeout_passes_while_the_caller_is_slow(self, timeout: Any) -> None:
        async def source() -> AsyncGenerator[int, None]:
            async with _as_async(timeout(0.02)):
                yield 1
                yield 2

        numbers = blocking.iterate(source, ahead=0)
        assert next(numbers) == 1
        time.sleep(0.04)
        with pytest.raises(TimeoutError):
            next(numbers)

    def test_a_generator_may_go_on_after_its_timeout(self) -> None:
        async def source() -> AsyncGenerator[str, None]:
            with anyio.move_on_after(0.02):
                yield "in time"
                yield "late"
            yield "after all"

        words = blocking.iterate(source, ahead=0)
        assert next(words) == "in time"
        time.sleep(0.04)
        assert list(words) == ["after all"]

    def test_a_task_groups_error_arrives_as_itself(self) -> None:
        async def source() -> AsyncGenerator[int, None]:
            async with asyncio.TaskGroup() as group:
                yield 1
                group.create_task(fail(Boom("read ahead")))
                yield 2
                yield 3

        numbers = blocking.iterate(source, ahead=0)
        assert [next(numbers), next(numbers)] == [1, 2]
        time.sleep(0.02)
        with pytest.raises(ExceptionGroup) as caught:
            next(numbers)
        assert [type(error) for error in caught.value.exceptions] == [Boom]


class _as_async:  # noqa: N801  # reads as a verb
    """Enter a scope, asynchronous or not, with `async with`."""

    def __init__(self, scope: Any) -> None:
        self.scope = scope

    async def __aenter__(self) -> object:
        if hasattr(self.scope, "__aenter__"):
            return await self.scope.__aenter__()
        return self.scope.__enter__()

    async def __aexit__(self, *error: object) -> object:
        if hasattr(self.scope, "__aexit__"):
            return await self.scope.__aexit__(*error)
        return self.scope.__exit__(*error)


class TestLeavingEarly:
    """Traffic has stopped when the loop is left, however it is left."""

    def test_by_break(self) -> None:
        log = Log()
        for number in blocking.iterate(log.numbers):
            if number == 2:
                break
        assert log[-1] == "cleaned up"

    def test_by_an_exception(self) -> None:
        def stumble() -> None:
            for _ in blocking.iterate(log.numbers):
                raise Boom

        log = Log()
        with pytest.raises(Boom):
            stumble()
        assert log[-1] == "cleaned up"

    def test_by_close(self) -> None:
        log = Log()
        numbers = blocking.iterate(log.numbers)
        next(numbers)
        numbers.close()
        assert log[-1] == "cleaned up"
        assert list(numbers) == []

    def test_by_dropping_the_iterator(self) -> None:
        log = Log()
        numbers = blocking.iterate(log.numbers)
        next(numbers)
        del numbers
        assert log[-1] == "cleaned up"

    def test_by_the_collector(self) -> None:
        log = Log()
        circle: list[object] = [blocking.iterate(log.numbers)]
        circle.append(circle)
        next(circle[0])  # type: ignore[call-overload]
        del circle
        gc.collect()
        assert log[-1] == "cleaned up"

    def test_on_the_loops_own_thread_without_waiting(self) -> None:
        async def drop() -> None:
            box.clear()
            assert "cleaned up" not in log

        log = Log()
        box = [blocking.iterate(log.numbers)]
        next(box[0])
        with takes(at_most=blocking.GRACE):
            blocking.run(drop)
        log.wait_for("cleaned up")

    def test_by_an_interrupt_while_waiting(self) -> None:
        async def stalls() -> AsyncGenerator[int, None]:
            yield 1
            await log.sleeper()

        log, seen = Log(), list[int]()
        with interrupted(log, "started"):
            seen.extend(blocking.iterate(stalls))
        assert seen == [1]
        assert log == ["started", "cancelled", "cleaned up"]

    def test_a_generator_that_will_not_stop_is_stopped(self) -> None:
        async def stubborn() -> AsyncGenerator[int, None]:
            try:
                for number in count():
                    log.append("made")
                    with suppress(asyncio.CancelledError):
                        yield number
            finally:
                log.append("cleaned up")

        log = Log()
        with takes(at_most=blocking.GRACE), closing(blocking.iterate(stubborn, ahead=0)) as numbers:
            next(numbers)
        assert log == ["made", "made", "cleaned up"]

    def test_frees_what_was_read_ahead_without_the_collector(self) -> None:
        async def source() -> AsyncGenerator[Boom, None]:
            while True:
                item = Boom()
                made.append(weakref.ref(item))
                yield item
                del item

        made: list[weakref.ref[Boom]] = []
        gc.disable()
        try:
            with closing(blocking.iterate(source)) as items:
                next(items)
            blocking.run(answer)  # the loop has let go of the call before
            assert [item() for item in made] == [None] * len(made)
        finally:
            gc.enable()

    def test_the_clean_up_is_never_cancelled_itself(self) -> None:
        async def source() -> AsyncGenerator[int, None]:
            try:
                for number in count():
                    yield number
                    await asyncio.sleep(0)
            finally:
                log.append("begun")
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                log.append("ended")

        log = Log()
        for _ in range(200):  # leave at any point of its round
            with closing(blocking.iterate(source)) as numbers:
                next(numbers), next(numbers)
        assert log == ["begun", "ended"] * 200

    def test_an_error_in_the_clean_up_does_not_reach_who_left(self) -> None:
        async def source() -> AsyncGenerator[int, None]:
            try:
                yield 1
            finally:
                raise Boom

        with closing(blocking.iterate(source)) as numbers:
            assert next(numbers) == 1


class TestFinish:
    def test_waits_for_the_clean_up(self) -> None:
        async def close(what: str) -> None:
            await asyncio.sleep(0.01)
            log.append(f"{what} closed")

        log = Log()
        blocking.run(answer)
        blocking.finish(close, "session")
        assert log == ["session closed"]

    @pytest.mark.parametrize("error", [Boom(), SystemExit(), asyncio.CancelledError()])
    def test_raises_nothing(self, error: BaseException) -> None:
        blocking.finish(fail, error)

    def test_waits_only_so_long(self) -> None:
        log = Log()
        with takes(at_most=2, at_least=blocking.FAREWELL):
            blocking.finish(log.sleeper)
        assert log[-1] == "cleaned up"

    def test_on_the_loops_own_thread_only_schedules(self) -> None:
        async def collect() -> None:
            blocking.finish(close)
            assert log == []

        async def close() -> None:
            log.append("closed")

        log = Log()
        blocking.run(collect)
        log.wait_for("closed")

    def test_starts_no_loop_to_end_something(self, alone: Any) -> None:
        log = Log()
        alone.finish(log.sleeper)
        assert log == []
        assert alone._loop is None

    def test_a_collected_owner_is_cleaned_up_after(self) -> None:
        async def close(what: str) -> None:
            log.append(f"{what} closed")

        log, owner = Log(), Boom()
        finalizer = blocking.when_gone(owner, close, "session")
        blocking.run(answer)
        assert finalizer.alive
        del owner
        assert log == ["session closed"]
        assert not finalizer.alive


class TestTheEnd:
    def test_cancels_all_work_and_ends_the_thread(self, alone: Any) -> None:
        log = Log()
        numbers = alone.iterate(log.numbers)
        next(numbers)
        ident = alone.run(thread_id)
        alone._end()
        assert log[-1] == "cleaned up"
        assert ident not in [thread.ident for thread in threading.enumerate()]

    def test_a_clean_up_under_way_is_awaited(self, alone: Any) -> None:
        log = Log()
        with interrupted(log, "started", "cancelled"):
            alone.run(log.slow_to_clean_up)
        alone._end()
        assert log == ["started", "cancelled", "cleaned up"]

    def test_nothing_can_be_asked_after_it(self, alone: Any) -> None:
        log = Log()
        numbers = alone.iterate(log.numbers)
        next(numbers)
        alone._end()
        with pytest.raises(RuntimeError, match="interpreter is ending"):
            alone.run(answer)
        with pytest.raises(RuntimeError, match="interpreter is ending"):
            next(numbers)
        with pytest.raises(RuntimeError, match="interpreter is ending"):
            next(alone.iterate(log.numbers))
        alone.finish(log.sleeper)
        assert "started" not in log

    def test_a_daemon_thread_that_waits_is_left_waiting(self, alone: Any) -> None:
        def wait(ask: Callable[[], object]) -> None:
            try:
                ask()
            finally:
                ended.append("ended")

        log, ended = Log(), Log()
        asks: list[Callable[[], object]] = [
            lambda: alone.run(log.sleeper),
            lambda: list(alone.iterate(log.numbers, ahead=0)),
        ]
        for ask in asks:
            threading.Thread(target=wait, args=(ask,), daemon=True).start()
        log.wait_for("started")
        log.wait_for("made 9")
        alone._end()
        time.sleep(2 * blocking.SLICE)
        assert ended == []

    def test_does_not_wait_for_what_will_not_end(self, alone: Any) -> None:
        log = Log()
        with interrupted(log, "started"):
            alone.run(log.stubborn)
        with takes(at_most=2.5, at_least=blocking.FAREWELL):
            alone._end()
        log.append("released")

    def test_a_loop_that_broke_is_replaced(self, alone: Any) -> None:
        async def break_it() -> None:
            asyncio.get_running_loop().call_soon(sys.exit)
            await asyncio.sleep(60)

        log = Log()
        numbers = alone.iterate(log.numbers)
        next(numbers)
        with pytest.raises(RuntimeError, match="loop is gone"):
            alone.run(break_it)
        log.wait_for("cleaned up")
        with pytest.raises(RuntimeError, match="loop is gone"):
            next(numbers)
        assert alone.run(answer) == 42

    def test_no_thread_to_be_had_is_an_error_that_passes(self, alone: Any) -> None:
        before = threading.stack_size(2**62)  # more than any system maps
        try:
            with pytest.raises(RuntimeError, match="thread"):
                alone.run(answer)
        finally:
            threading.stack_size(before)
        assert alone.run(answer) == 42

    def test_a_forked_child_begins_anew_whoever_held_the_lock(self, alone: Any) -> None:
        before = alone.run(thread_id)
        log, owner = Log(), Boom()
        alone.when_gone(owner, log.sleeper)
        with alone._lock:
            alone._forget()  # what the child calls
            assert alone.run(thread_id) != before
        del owner  # its clean-up is the parent's
        assert log == []
        alone._inherited[0].stop()


# ---------------------------------------------------------------- whole processes

PRELUDE = """
import asyncio, atexit, logging, multiprocessing, os, signal, sys, threading, time, warnings, weakref
from spyro_sdk import blocking

# asyncio's debug mode notes slow steps: on a busy machine, an import is one
logging.getLogger("asyncio").addFilter(lambda record: "took" not in record.msg)
signal.signal(signal.SIGINT, signal.default_int_handler)  # a parent may have it ignored

async def answer():
    await asyncio.sleep(0)
    return 42

async def numbers():
    number = 0
    try:
        while True:
            yield number
            number += 1
            await asyncio.sleep(0.001)
    finally:
        await asyncio.sleep(0.01)
        print("cleaned up", flush=True)

async def sleeper(started=threading.Event()):
    print("started", flush=True)
    started.set()
    try:
        await asyncio.sleep(60)
    finally:
        await asyncio.sleep(0.01)
        print("cleaned up", flush=True)

async def stubborn():
    print("started", flush=True)
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            pass

def daemon(function):
    threading.Thread(target=function, daemon=True).start()
"""


def start(script: str) -> subprocess.Popen[str]:
    """Run a script where every warning is an error, and asyncio looks twice."""
    return subprocess.Popen(
        [sys.executable, "-X", "dev", "-W", "error", "-c", PRELUDE + textwrap.dedent(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


def run_script(script: str, status: int = 0, stderr: str = "") -> list[str]:
    """Run a script to its end; return the lines it printed."""
    with start(script) as process:
        try:
            out, err = process.communicate(timeout=20)
        finally:
            process.kill()
    assert err == "" or (stderr and err.endswith(stderr))
    assert process.returncode == status
    return out.splitlines()


class TestCtrlC:
    """Sent to a process of its own."""

    def stop(self, script: str, *, again: bool = False) -> list[str]:
        """Send Ctrl-C once `started` is printed; return what was printed after it."""
        with start(script) as process:
            assert process.stdout
            try:
                while process.stdout.readline() != "started\n":
                    assert process.poll() is None
                time.sleep(0.02)
                process.send_signal(signal.SIGINT)
                if again:
                    time.sleep(0.1)
                    process.send_signal(signal.SIGINT)
                out, err = process.communicate(timeout=20)
            finally:
                process.kill()
        assert err == ""
        assert process.returncode == 0
        return out.splitlines()

    def test_stops_a_call_and_the_next_one_works(self) -> None:
        assert self.stop(
            """
            try:
                blocking.run(sleeper)
            except KeyboardInterrupt:
                print("stopped", blocking.run(answer))
            """
        ) == ["cleaned up", "stopped 42"]

    def test_stops_an_iteration_and_keeps_what_came(self) -> None:
        assert self.stop(
            """
            async def stalls():
                for number in range(3):
                    yield number
                await sleeper()

            kept = []
            try:
                for number in blocking.iterate(stalls):
                    kept.append(number)
            except KeyboardInterrupt:
                print("stopped", kept, blocking.run(answer))
            """
        ) == ["cleaned up", "stopped [0, 1, 2] 42"]

    @pytest.mark.parametrize("again", [False, True])
    def test_gives_control_back_in_time_whatever_the_work_does(self, again: bool) -> None:
        (line,) = self.stop(
            """
            def interrupted(signum, frame):
                times.append(time.monotonic())
                raise KeyboardInterrupt
            times = []
            signal.signal(signal.SIGINT, interrupted)
            try:
                blocking.run(stubborn)
            except KeyboardInterrupt:
                print(time.monotonic() - times[0], blocking.run(answer))
            """,
            again=again,
        )
        seconds, found = line.split()
        assert float(seconds) < (0.3 if again else 0.5)
        assert found == "42"

    def test_unhandled_ends_the_process_cleanly(self) -> None:
        with start("blocking.run(sleeper)") as process:
            assert process.stdout
            assert process.stdout.readline() == "started\n"
            time.sleep(0.02)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=20)
        assert out == "cleaned up\n"
        assert err.startswith("Traceback")
        assert err.endswith("\nKeyboardInterrupt\n")
        assert "destroyed" not in err
        assert "Exception ignored" not in err


class TestTheInterpretersEnd:
    """No task, thread, socket or warning is left, and nothing is waited for in vain."""

    def test_after_plain_use(self) -> None:
        assert run_script("print(blocking.run(answer))") == ["42"]

    def test_while_a_daemon_thread_waits_for_a_call(self) -> None:
        assert run_script(
            """
            started = threading.Event()
            daemon(lambda: blocking.run(sleeper, started))
            started.wait()
            """
        ) == ["started", "cleaned up"]

    @pytest.mark.parametrize(
        "ask", ["list(blocking.iterate(numbers))", "[blocking.run(answer) for _ in iter(int, 1)]"]
    )
    def test_while_a_daemon_thread_is_busy_asking(self, ask: str) -> None:
        run_script(f"daemon(lambda: {ask}); time.sleep(0.1)")

    def test_waits_for_a_thread_that_is_no_daemon(self) -> None:
        assert run_script(
            """
            async def slow():
                await asyncio.sleep(0.2)
                print("done")
            blocking.run(answer)  # from Python 3.12 on no thread may start once the main one has ended
            threading.Thread(target=blocking.run, args=(slow,)).start()
            """
        ) == ["done"]

    def test_by_sys_exit_in_a_loop_body(self) -> None:
        script = """
            for number in blocking.iterate(numbers):
                if number == 2:
                    sys.exit(3)
            """
        assert run_script(script, status=3) == ["cleaned up"]

    def test_by_an_exception_in_a_loop_body(self) -> None:
        script = """
            for number in blocking.iterate(numbers):
                raise LookupError("mine")
            """
        assert run_script(script, status=1, stderr="LookupError: mine\n") == ["cleaned up"]

    @pytest.mark.parametrize("holder", ["it", "it, circle = None, [it]; circle.append(circle)"])
    def test_with_an_iterator_left_open(self, holder: str) -> None:
        assert run_script(f"it = blocking.iterate(numbers); next(it); {holder}") == ["cleaned up"]

    def test_cleans_up_what_was_opened_before_the_loop_started(self) -> None:
        assert run_script(
            """
            class Connection: pass
            async def close(what):
                await asyncio.sleep(0.01)
                print(what, "closed")
            first = Connection()
            blocking.when_gone(first, close, "first")
            blocking.run(answer)
            second = Connection()
            blocking.when_gone(second, close, "second")
            """
        ) == ["second closed", "first closed"]

    def test_closes_sockets(self) -> None:
        assert run_script(
            """
            started = threading.Event()
            async def talk():
                async def serve(reader, writer):
                    try:
                        await reader.read()
                    except asyncio.CancelledError:
                        pass  # Python 3.11 logs a handler that was cancelled
                    finally:
                        writer.close()
                async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
                    address = server.sockets[0].getsockname()
                    reader, writer = await asyncio.open_connection(*address)
                    try:
                        started.set()
                        await reader.read()
                    finally:
                        writer.close()
                        await writer.wait_closed()
                        print("closed")
            daemon(lambda: blocking.run(talk))
            started.wait()
            """
        ) == ["closed"]

    def test_does_not_wait_for_work_that_will_not_end(self) -> None:
        with takes(at_most=6):
            run_script("daemon(lambda: blocking.run(stubborn)); time.sleep(0.1)")

    def test_does_not_wait_for_a_shielded_task(self) -> None:
        with takes(at_most=6):
            run_script(
                """
                import anyio
                async def shielded():
                    with anyio.CancelScope(shield=True):
                        started.set()
                        await asyncio.shield(asyncio.Event().wait())
                started = threading.Event()
                daemon(lambda: blocking.run(shielded))
                started.wait()
                """
            )

    @pytest.mark.parametrize("to_thread", ["asyncio.to_thread", "anyio.to_thread.run_sync"])
    def test_does_not_wait_for_a_stuck_worker_thread(self, to_thread: str) -> None:
        with takes(at_most=6):
            run_script(
                f"""
                import anyio.to_thread
                def stick():
                    stuck.set()
                    time.sleep(60)
                stuck = threading.Event()
                daemon(lambda: blocking.run({to_thread}, stick))
                stuck.wait()
                """
            )

    @pytest.mark.parametrize("to_thread", ["asyncio.to_thread", "anyio.to_thread.run_sync"])
    def test_after_worker_threads(self, to_thread: str) -> None:
        assert run_script(
            f"""
            import anyio.to_thread
            print(blocking.run({to_thread}, int, "7"))
            """
        ) == ["7"]

    def test_an_exit_callback_that_comes_too_late_is_told(self) -> None:
        (line,) = run_script(
            """
            def late():
                try:
                    blocking.run(answer)
                except RuntimeError as error:
                    print(error)
            blocking.run(answer)
            # before the finalizers', which are called together from one exit callback
            atexit._clear()
            atexit.register(late)
            atexit.register(weakref.finalize._exitfunc)
            """
        )
        assert line == "the interpreter is ending: nothing more can be asked"


@fork_only
class TestFork:
    """A child has a loop of its own, and leaves its parent's alone."""

    FORK = """
        warnings.simplefilter("ignore")  # Python 3.12 warns of forks beside threads: that is the point here
        def in_child(function):
            pid = os.fork()
            if pid == 0:
                function()
                sys.stdout.flush()
                sys.exit(0)
            status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            print("parent", status, blocking.run(answer))
        """

    def fork(self, script: str) -> list[str]:
        return run_script(textwrap.dedent(self.FORK) + textwrap.dedent(script))

    def test_a_child_starts_a_loop_at_first_use(self) -> None:
        assert self.fork(
            """
            blocking.run(answer)
            in_child(lambda: print("child", blocking.run(answer), list(zip(blocking.iterate(numbers), "ab"))))
            """
        ) == ["cleaned up", "child 42 [(0, 'a'), (1, 'b')]", "parent 0 42"]

    def test_a_child_that_asks_nothing_ends_cleanly(self) -> None:
        assert self.fork("blocking.run(answer); in_child(lambda: None)") == ["parent 0 42"]

    def test_the_loop_may_be_busy(self) -> None:
        assert (
            self.fork(
                """
            daemon(lambda: list(blocking.iterate(numbers)))
            daemon(lambda: [blocking.run(answer) for _ in iter(int, 1)])
            time.sleep(0.05)
            for _ in range(5):
                in_child(lambda: blocking.run(answer))
            """
            )[:5]
            == ["parent 0 42"] * 5
        )

    def test_the_lock_may_be_held_by_another_thread(self) -> None:
        assert self.fork(
            """
            def hold():
                with blocking._lock:
                    held.set()
                    release.wait()
            held, release = threading.Event(), threading.Event()
            daemon(hold)
            held.wait()
            pid = os.fork()
            if pid == 0:
                print("child", blocking.run(answer), flush=True)
                sys.exit(0)
            os.waitpid(pid, 0)
            release.set()
            print("parent", blocking.run(answer))
            """
        ) == ["child 42", "parent 42"]

    def test_an_inherited_iterator_is_refused_and_left_alone(self) -> None:
        assert self.fork(
            """
            def child():
                try:
                    next(it)
                except RuntimeError as error:
                    print(str(error)[:22])
                it.close()
            it = blocking.iterate(numbers)
            next(it)
            in_child(child)
            print(next(it))
            it.close()
            """
        ) == ["the event loop is gone", "parent 0 42", "1", "cleaned up"]

    def test_a_child_leaves_its_parents_clean_up_to_the_parent(self) -> None:
        assert self.fork(
            """
            class Connection: pass
            async def close():
                print("closed by", "parent" if os.getpid() == home else "child")
            home = os.getpid()
            connection = Connection()
            blocking.when_gone(connection, close)
            blocking.run(answer)
            in_child(lambda: blocking.run(answer))
            """
        ) == ["parent 0 42", "closed by parent"]

    def test_multiprocessing_by_fork_works(self) -> None:
        assert self.fork(
            """
            daemon(lambda: list(blocking.iterate(numbers)))
            time.sleep(0.05)
            with multiprocessing.get_context("fork").Pool(2) as pool:
                print(pool.map(blocking.run, [answer] * 4))
            print(blocking.run(answer))
            """
        )[:2] == ["[42, 42, 42, 42]", "42"]


def test_importing_the_bridge_starts_nothing() -> None:
    assert run_script("print(threading.active_count(), 'anyio' in sys.modules)") == ["1 False"]
