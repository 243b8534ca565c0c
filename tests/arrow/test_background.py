"""Writing overlaps with fetching, within bounds, and neither outlives the other."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import time
import weakref
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spyro_sdk import blocking
from spyro_sdk.arrow import background
from spyro_sdk.arrow.background import OVERHEAD, Background
from spyro_sdk.arrow.parquet import Parquet
from spyro_sdk.arrow.sink import Sink
from spyro_sdk.errors import ExportError

from .rows import batch, names, numbers


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rows.parquet"


class Disk:
    """Where a sink writes, or waits until it may."""

    def __init__(self) -> None:
        self.is_free = threading.Event()
        self.is_asked = threading.Event()

    def sink(self, path: Path) -> Sink:
        disk = self

        class Slow(Sink):
            def write(self, batch: pa.RecordBatch) -> None:
                disk.wait()
                super().write(batch)

        return Slow(path, Parquet(row_group_rows=10))

    def broken(self, path: Path) -> Sink:
        disk = self

        class Fails(Sink):
            def write(self, batch: pa.RecordBatch) -> None:
                disk.wait()
                raise ExportError("the disk is gone")

        return Fails(path, Parquet())

    def wait(self) -> None:
        self.is_asked.set()
        assert self.is_free.wait(30)


class Broken(Sink):
    """A sink that takes one batch."""

    def write(self, batch: pa.RecordBatch) -> None:
        super().write(batch)
        raise ExportError("the disk is gone")


class Pages:
    """A source that counts what it has given."""

    def __init__(self, *batches: pa.RecordBatch, then: Callable[[], Any] | None = None) -> None:
        self.batches, self.then = batches, then
        self.given = 0
        self.is_closed = False

    async def __call__(self) -> AsyncGenerator[pa.RecordBatch, None]:
        try:
            for each in self.batches:
                self.given += 1
                yield each
            if self.then is not None:
                await self.then()
        finally:
            self.is_closed = True


async def fails() -> None:
    raise RuntimeError("the service is gone")


async def hangs() -> None:
    await asyncio.Event().wait()


def sinks_at_work() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "spyro-sink"]


def until(claim: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not claim():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_all_that_is_poured_is_written_in_order(path: Path) -> None:
    pages = Pages(*(numbers(first, 7) for first in range(0, 70, 7)))
    with Background(Sink(path, Parquet(row_group_rows=20))) as sink:
        blocking.run(sink.pour, pages)
    assert (sink.rows, sink.batches) == (70, 10)
    assert pq.read_table(path)["n"].to_pylist() == list(range(70))
    assert pages.is_closed
    assert sinks_at_work() == []
    assert sink.keep() is None


@pytest.mark.parametrize("size", [0, 100_000])
def test_a_slow_disk_lets_no_more_wait_than_the_bound(path: Path, size: int) -> None:
    one = batch(s=["x" * size]) if size else pa.RecordBatch.from_pydict({})
    most = 10 * (one.nbytes + OVERHEAD)
    disk, pages = Disk(), Pages(*[one] * 200)
    with Background(disk.sink(path), most) as sink, ThreadPoolExecutor(1) as caller:
        done = caller.submit(blocking.run, sink.pour, pages)
        until(lambda: pages.given > 10)
        time.sleep(0.05)  # it could give more
        assert pages.given == 11
        disk.is_free.set()
        done.result(30)
    assert pages.given == 200
    assert sink.rows == (200 if size else 0)


def test_no_more_than_sixteen_megabytes_wait_unless_told_and_empty_batches_count_too(path: Path) -> None:
    disk, pages = Disk(), Pages(*[pa.RecordBatch.from_pydict({})] * 1100)

    async def given_before_it_waits() -> int:
        pouring = asyncio.create_task(sink.pour(pages))
        await asyncio.sleep(0)  # it goes on until it has to wait
        given = pages.given
        disk.is_free.set()
        await pouring
        return given

    with Background(disk.sink(path)) as sink:
        assert blocking.run(given_before_it_waits) == 1024 + 1
    assert pages.given == 1100


def test_the_sink_has_a_thread_of_its_own_for_which_no_program_that_ends_waits(path: Path) -> None:
    with Background(Sink(path, Parquet())):
        assert [it.daemon for it in threading.enumerate() if it.name == "spyro-sink"] == [True]


def test_what_is_noted_meanwhile_stands_at_the_end_of_the_file(path: Path) -> None:
    with Background(Sink(path, Parquet())) as sink:
        blocking.run(sink.pour, Pages(numbers(0, 3)))
        sink.note({"cursor": "x"})
    assert pq.read_metadata(path).metadata[b"spyro.cursor"] == b"x"


def test_a_disk_that_fails_stops_the_fetching_at_once(path: Path) -> None:
    pages = Pages(numbers(0, 3), then=hangs)
    started = time.monotonic()
    sink = Background(Broken(path, Parquet()))
    with pytest.raises(ExportError, match="the disk is gone"), sink:
        blocking.run(sink.pour, pages)
    assert time.monotonic() - started < 5
    assert pages.is_closed
    assert sinks_at_work() == []
    assert names(path.parent) == []
    kept = sink.keep()
    assert kept is not None
    assert kept["n"].to_pylist() == [0, 1, 2]


def test_a_source_that_does_not_listen_is_asked_for_no_more(path: Path) -> None:
    async def stubborn() -> AsyncGenerator[pa.RecordBatch, None]:
        yield numbers(0, 3)
        try:
            await hangs()
        except asyncio.CancelledError:
            yield numbers(3, 3)
        raise AssertionError("it was asked for more")

    sink = Background(Broken(path, Parquet()))
    with pytest.raises(ExportError), sink:
        blocking.run(sink.pour, stubborn)
    kept = sink.keep()
    assert kept is not None
    assert kept["n"].to_pylist() == [0, 1, 2, 3, 4, 5]  # what nobody came to take is kept as well


def test_a_path_that_cannot_be_written_is_told_even_if_it_was_found_too_early(tmp_path: Path) -> None:
    pages = Pages(numbers(0, 3))

    def pour_late() -> None:
        with Background(Sink(tmp_path, Parquet())) as sink:
            until(lambda: not sinks_at_work())
            blocking.run(sink.pour, pages)

    with pytest.raises(ExportError, match="is a folder"):
        pour_late()
    assert pages.given == 0


@pytest.mark.parametrize("count", [0, 3, 25])
def test_a_source_that_fails_leaves_the_old_file_and_the_rows(path: Path, count: int) -> None:
    path.write_bytes(b"old")
    sink = Background(Sink(path, Parquet(row_group_rows=10)))
    pages = Pages(*(numbers(first, 1) for first in range(count)), then=fails)
    with pytest.raises(RuntimeError, match="the service is gone"), sink:
        blocking.run(sink.pour, pages)
    assert path.read_bytes() == b"old"
    assert names(path.parent) == ["rows.parquet"]
    assert sinks_at_work() == []
    kept = sink.keep()
    assert kept is not None
    assert kept.num_rows == count


def test_who_leaves_waits_for_no_more_than_the_write_under_way(path: Path) -> None:
    disk = Disk()
    sink = Background(disk.sink(path))

    def leave() -> None:
        with sink:
            blocking.run(sink.pour, Pages(*(numbers(first, 5) for first in range(0, 50, 5))))
            assert disk.is_asked.wait(10)
            threading.Timer(0.05, disk.is_free.set).start()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        leave()
    assert names(path.parent) == []
    kept = sink.keep()
    assert kept is not None
    assert kept["n"].to_pylist() == list(range(50))
    assert sinks_at_work() == []


def test_who_leaves_while_the_sink_has_nothing_to_do_waits_for_nothing(path: Path) -> None:
    has_written = threading.Event()

    class Telling(Sink):
        def write(self, batch: pa.RecordBatch) -> None:
            super().write(batch)
            has_written.set()

    def leave() -> None:
        with Background(Telling(path, Parquet())) as sink:
            blocking.run(sink.pour, Pages(numbers(0, 3)))
            assert has_written.wait(10)
            time.sleep(0.05)  # it comes to wait for another
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        leave()
    assert sinks_at_work() == []


def test_who_leaves_while_the_file_is_rewritten_does_not_wait_for_all_of_it(path: Path) -> None:
    has_begun, has_given_up, read = threading.Event(), threading.Event(), [0]

    class Slow(Parquet):
        def groups(self, file: pa.NativeFile) -> Iterator[pa.Table]:
            has_begun.set()
            for group in super().groups(file):
                has_given_up.wait(10)
                read[0] += 1
                yield group

    class Telling(Sink):
        def give_up(self) -> None:
            super().give_up()
            has_given_up.set()

    def leave() -> None:
        with Background(Telling(path, Slow(row_group_rows=1))) as sink:
            blocking.run(sink.pour, Pages(numbers(0, 3), batch(n=["x"])))
            assert has_begun.wait(10)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        leave()
    assert read == [1]
    assert names(path.parent) == []


@pytest.mark.parametrize("is_first", [True, False])
def test_a_caller_who_cancels_is_told_so_even_where_the_disk_fails_too(path: Path, is_first: bool) -> None:
    disk = Disk()

    async def cancel_while_it_fails() -> None:
        task = asyncio.create_task(sink.pour(Pages(numbers(0, 3), then=hangs)))
        await asyncio.to_thread(disk.is_asked.wait, 30)
        if is_first:
            task.cancel()
        disk.is_free.set()
        until(lambda: not sinks_at_work())  # without awaiting: the loop cannot hear of it before we go on
        if not is_first:
            asyncio.get_running_loop().call_soon(task.cancel)
        with pytest.raises(asyncio.CancelledError):
            await task

    sink = Background(disk.broken(path))
    with pytest.raises(ExportError), sink:
        blocking.run(cancel_while_it_fails)


def test_a_disk_that_fails_after_the_last_batch_disturbs_nobody_who_goes_on(path: Path) -> None:
    disk = Disk()
    told: list[dict[str, Any]] = []

    async def pour_and_go_on() -> str:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
        await sink.pour(Pages(numbers(0, 3)))
        disk.is_free.set()
        until(lambda: not sinks_at_work())
        for _ in range(3):
            await asyncio.sleep(0)  # the loop hears that the sink has ended
        return "went on"

    sink = Background(disk.broken(path))
    with pytest.raises(ExportError, match="the disk is gone"), sink:
        assert asyncio.run(pour_and_go_on()) == "went on"
    assert told == []


def test_what_the_sink_raised_does_not_keep_it_in_memory(path: Path) -> None:
    def pour() -> weakref.ref[Background]:
        disk = Disk()
        sink = Background(disk.broken(path))
        with suppress(ExportError), sink:
            asyncio.run(sink.pour(Pages(numbers(0, 3))))
            disk.is_free.set()
        return weakref.ref(sink)

    gc.collect()
    gc.disable()
    try:
        assert pour()() is None
    finally:
        gc.enable()


def test_a_loop_that_is_gone_needs_no_telling(path: Path) -> None:
    sink = Background(Sink(path, Parquet()))
    with sink:
        asyncio.run(sink.pour(Pages(numbers(0, 3))))
    assert pq.read_table(path).num_rows == 3


def test_an_interrupt_at_any_line_leaves_the_rows_or_the_file(path: Path) -> None:
    with ThreadPoolExecutor(1) as thread:  # an error raised by a trace stays in its thread's exception state
        assert thread.submit(outcomes, path).result() == {"kept", "whole", "published"}


def outcomes(path: Path) -> set[str]:
    found, line = set(), 0
    while "whole" not in found:
        line += 1
        found.add(interrupted(path, line))
        assert sinks_at_work() == []
    return found


def interrupted(path: Path, line: int) -> str:
    """Write with a Ctrl-C at the `line`-th line that the caller's thread runs of `background.py`."""
    path.unlink(missing_ok=True)
    pages = Pages(*(batch(n=page) for page in ([0, 1], [2, 3], [4.0, 5.0], [6, 7], [8])))
    sink = Background(Sink(path, Parquet(row_group_rows=3)))
    before = sys.gettrace()
    try:
        sys.settrace(interrupting(line))
        with sink:
            blocking.run(sink.pour, pages)
        sys.settrace(before)
    except KeyboardInterrupt:
        sys.settrace(before)
        kept = sink.keep()
        if kept is None:
            assert pq.read_table(path)["n"].to_pylist() == list(range(9))
            return "published"
        assert names(path.parent) == []
        assert kept.to_pydict().get("n", []) == list(range(kept.num_rows))
        assert kept.num_rows == sink.rows
        return "kept"
    assert pq.read_table(path)["n"].to_pylist() == list(range(9))
    return "whole"


def interrupting(line: int) -> Callable[[FrameType, str, Any], Any]:
    left = line

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left
        if frame.f_code.co_filename != background.__file__:
            return None
        left -= event == "line"
        if left == 0 and event == "line":
            raise KeyboardInterrupt
        return trace

    return trace
