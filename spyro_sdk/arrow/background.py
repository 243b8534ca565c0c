"""A sink that works in a thread of its own, so that fetching and writing overlap."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, aclosing, suppress
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Final, Self

import pyarrow as pa

from .schema import unify
from .sink import GivenUp, Sink

WAITING_BYTES = 16 << 20
"""Memory that batches on their way to the sink may take before no more are fetched: some 20 pages of 2,000
records. More would not make it faster, since what is waiting is only there to bridge the writing of a row
group."""
OVERHEAD = 16 << 10  # bytes that a batch takes beside its values, so that empty ones cannot pile up either
SLICE: Final = 0.05  # seconds a wait lasts before it looks up: Windows sees Ctrl-C only in between


class Background(AbstractContextManager["Background"]):
    """Hands batches to `sink` in a thread that lives as long as the `with` block.

    Leaving the block well waits until the sink has finished, and raises what it raised; leaving it with an
    error makes the sink give up. Ctrl-C stops the waiting thread only, so that the sink is never cut in two.
    """

    def __init__(self, sink: Sink, most_bytes: int = WAITING_BYTES) -> None:
        self.rows = self.batches = 0
        """What was handed over, taken by the sink or not."""
        self._sink = sink
        self._most_bytes = most_bytes
        self._bytes = 0  # handed over and not yet taken; counted by the loop's thread alone
        self._items: SimpleQueue[pa.RecordBatch | None] = SimpleQueue()  # None: no more will come
        self._error: BaseException | None = None
        self._is_left = self._has_ended = self._has_cancelled = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Any] | None = None
        self._room = asyncio.Event()
        self._thread = threading.Thread(target=self._work, name="spyro-sink", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._items.put(None)
                self._join()
        finally:
            self._stop()
        if kind is None and self._error is not None:
            try:
                raise self._error
            finally:
                self._error = None  # its traceback holds us: let both go

    async def pour(self, source: Callable[[], AsyncGenerator[pa.RecordBatch, None]]) -> None:
        """Give the sink what `source` yields; end early, and quietly, when the sink has failed."""
        task = self._task = asyncio.current_task()
        assert task is not None
        self._loop = asyncio.get_running_loop()
        try:
            if not self._has_ended:
                await self._feed(source)
        except GivenUp:
            pass
        except asyncio.CancelledError:
            if not self._has_cancelled or task.uncancel():
                raise  # it is the caller who does not want to wait
        finally:
            self._task = None

    def note(self, metadata: Mapping[str, str]) -> None:
        """Have the sink write these at the end of its file too; before the block is left."""
        self._sink.note(metadata)

    async def _feed(self, source: Callable[[], AsyncGenerator[pa.RecordBatch, None]]) -> None:
        async with aclosing(source()) as batches:
            async for batch in batches:
                self._hand_over(batch)
                await self._has_room()

    async def _has_room(self) -> None:
        """Wait until the sink can take more; raise `GivenUp` when it never will."""
        while self._bytes > self._most_bytes and not self._has_ended:
            self._room.clear()
            await self._room.wait()
        if self._has_ended:  # and the source did not listen when it was told
            raise GivenUp

    def keep(self) -> pa.Table | None:
        """Give the rows that were handed over, as far as they can be read; after the `with` block.

        None where the file is in its place: it has them.
        """
        self._stop()
        taken = self._sink.keep()
        return None if taken is None else unify([*taken.to_batches(), *self._left()], taken.schema)

    def _left(self) -> Iterator[pa.RecordBatch]:
        """What the sink has not come to take."""
        with suppress(Empty):
            while True:
                if (batch := self._items.get_nowait()) is not None:
                    yield batch

    def _hand_over(self, batch: pa.RecordBatch) -> None:
        self.rows += batch.num_rows
        self.batches += 1
        self._bytes += _size(batch)
        self._items.put(batch)

    def _work(self) -> None:
        try:
            with self._sink as sink:
                while not self._is_left and (batch := self._items.get()) is not None:
                    sink.write(batch)
                    self._tell(self._taken, _size(batch))
                if self._is_left:
                    raise GivenUp
        except GivenUp:
            pass
        except BaseException as error:  # noqa: BLE001  # raised again in the thread that waits
            self._error = error
        finally:
            self._has_ended = True
            self._tell(self._end)

    def _tell(self, callback: Callable[..., None], *args: Any) -> None:
        """Let the loop's thread know."""
        if self._loop is not None:
            with suppress(RuntimeError):  # it is closed: the interpreter is ending
                self._loop.call_soon_threadsafe(callback, *args)

    def _taken(self, size: int) -> None:
        self._bytes -= size
        self._room.set()

    def _end(self) -> None:
        """Stop fetching what nobody takes."""
        if self._task is not None:
            self._has_cancelled = self._task.cancel()

    def _stop(self) -> None:
        """Let the sink give up unless it is done."""
        self._is_left = True
        self._sink.give_up()
        self._items.put(None)
        self._join()

    def _join(self) -> None:
        while self._thread.is_alive():
            self._thread.join(SLICE)


def _size(batch: pa.RecordBatch) -> int:
    return int(batch.nbytes) + OVERHEAD
