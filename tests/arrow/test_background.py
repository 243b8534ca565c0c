"""Writing overlaps with fetching, within bounds, and neither outlives the other."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
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
                disk.is_asked.set()
                assert disk.is_free.wait(30)
                super().write(batch)

        return Slow(path, Parquet(row_group_rows=10))


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


@pytest.mark.parametrize("is_first", [True, False])
def test_a_caller_who_cancels_is_told_so_even_where_the_disk_fails_too(path: Path, is_first: bool) -> None:
    disk = Disk()

    class Fails(Sink):
        def write(self, batch: pa.RecordBatch) -> None:
            disk.is_asked.set()
            assert disk.is_free.wait(30)
            raise ExportError("the disk is gone")

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

    sink = Background(Fails(path, Parquet()))
    with pytest.raises(ExportError), sink:
        blocking.run(cancel_while_it_fails)


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
