"""How callers who do not await run the async engine.

One daemon thread runs one event loop for the whole process, so that a notebook, whose own loop is busy
running the cell, waits for it like any other caller. A caller who stops waiting (Ctrl-C, a notebook's
stop button, `break`) cancels what it waited for, and goes on after a moment even where that is ignored.

The loop is asyncio's own. An anyio `BlockingPortal` cannot be left within a bounded time, hangs the forked
child that drops it, and cancels a clean-up again at each of its awaits.
"""

from __future__ import annotations

import asyncio
import logging
import os
import queue
import sys
import threading
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import aclosing, suppress
from functools import partial
from typing import Any, Final, Generic, ParamSpec, TypeVar

from .shown import brief

P = ParamSpec("P")
T = TypeVar("T")

logger = logging.getLogger(__name__)

SLICE: Final = 0.05  # seconds a wait lasts before it looks up: Windows sees Ctrl-C only in between
GRACE: Final = 0.4  # seconds a cancelled call has for its clean-up before its caller goes on
FAREWELL: Final = 1.5  # seconds for a finalizer, and for the loop at the interpreter's end


def run(
    function: Callable[..., Awaitable[T]], *args: object, meanwhile: Callable[[], object] | None = None
) -> T:
    """Call an async function on the loop's thread and wait for what it returns or raises.

    It sees a copy of the caller's context variables. Whatever is raised in the waiting thread, such as
    `KeyboardInterrupt`, cancels it. On the loop's own thread, raises `RuntimeError`.

    `meanwhile` is called in the waiting thread, some twenty times a second, and must return at once. An
    exception in it is logged, and it is not called again.
    """
    work = _Work(_running_loop(), partial(function, *args), meanwhile)
    try:
        work.start()
        return work.result()
    finally:
        work.leave()


def converse(function: Callable[..., Awaitable[T]], *args: object) -> T:
    """Call an async function as `run` does, with one more argument: `here`.

    `await here(plain_function, *its_args)` has the waiting thread call it, for what only that can do: ask at
    a terminal, draw in a notebook, be interrupted. What it raises is raised there; `KeyboardInterrupt` and
    the like end the whole call.
    """
    desk = _Desk()
    work = _Work(_running_loop(), partial(function, *args, desk.here))
    try:
        work.start()
        while not work.ended.is_set():
            desk.serve()
            work.check()
        return work.result()
    finally:
        work.leave()


def iterate(
    source: Callable[[], AsyncGenerator[T, None]],
    *,
    ahead: int = 2,
    meanwhile: Callable[[], object] | None = None,
) -> Generator[T, None, None]:
    """Iterate over an async generator, which stays at most `ahead` items before the caller.

    Nothing runs before the first `next`. One task owns the generator from its first item to its last, and
    waiting for the caller counts as waiting at its `yield`, so that time-outs and task groups in it hold.
    However the iterator is left, the generator is cancelled and its clean-up awaited for a moment; use
    `contextlib.closing` where something else may keep the iterator alive. `meanwhile` is called as by `run`,
    while the caller waits for an item.
    """
    hatch = _Hatch(_running_loop(), source, ahead, meanwhile)
    try:
        hatch.start()
        while not isinstance(item := hatch.take(), _End):
            yield item
        hatch.result()
    finally:
        hatch.leave()


def finish(function: Callable[..., Awaitable[object]], *args: object) -> None:
    """Call an async clean-up from a finalizer: wait briefly, raise nothing.

    Does nothing where no loop runs any more. On the loop's own thread, where the garbage collector may
    call it too, the clean-up is only scheduled.
    """
    loop = _loop  # no lock: the collector may have interrupted the very thread that holds it
    if loop is None or not loop.is_alive():
        return
    work = _Work(loop, partial(function, *args))
    work.start()
    if not loop.is_here():
        work.ended.wait(FAREWELL)
        work.leave()


def when_gone(
    owner: object, clean_up: Callable[..., Awaitable[object]], *args: object
) -> weakref.finalize[[], Any]:
    """Let `finish` call `clean_up` once `owner` is collected, or the interpreter ends.

    Neither the function nor its arguments may refer to `owner`. A forked child leaves the clean-up to its
    parent: they share the sockets, and closing them in one would disturb the other.
    """
    forks = len(_inherited)

    def finish_at_home() -> None:
        if forks == len(_inherited):
            finish(clean_up, *args)

    return weakref.finalize(owner, finish_at_home)


class _Work(Generic[T]):
    """One async call on the loop's thread, seen from the thread that waits for it."""

    def __init__(
        self,
        loop: _Loop,
        function: Callable[[], Awaitable[T]],
        meanwhile: Callable[[], object] | None = None,
    ) -> None:
        self.ended = threading.Event()
        self.left = False
        self._loop = loop
        self._function = function
        self._meanwhile = meanwhile
        self._task: asyncio.Task[None] | None = None
        self._value: T
        self._error: BaseException | None = None

    def start(self) -> None:
        self._loop.soon(self._begin)

    def result(self) -> T:
        """Wait for the end; return or raise what the function did."""
        while not self.ended.wait(SLICE):
            self.look_up()
        self._loop.check()  # it may have ended because the interpreter does
        if self._error is None:
            return self._value
        try:
            raise self._error
        finally:
            self._error = None  # its traceback holds us: let both go

    def check(self) -> None:
        """Raise if nothing would ever come of waiting."""
        self._loop.check()

    def look_up(self) -> None:
        """Do what is to be done between two slices of waiting."""
        self.check()
        if self._meanwhile is None:
            return
        try:
            self._meanwhile()
        except Exception:
            logger.exception("%r failed, and is not called again", self._meanwhile)
            self._meanwhile = None

    def leave(self) -> None:
        """Cancel what still runs, and give its clean-up a moment."""
        if isinstance(stop := sys.exception(), KeyboardInterrupt):
            brief(stop)
        if self.ended.is_set() or not self._loop.is_alive():
            return
        self._loop.soon(self._cancel)
        if not self._loop.is_here():  # the collector may drop an iterator anywhere
            self.ended.wait(GRACE)

    def _begin(self) -> None:
        self._loop.works.add(self)
        self._task = asyncio.create_task(self._act())
        self._task.add_done_callback(self._end)  # called even if the task is cancelled before its first step

    async def _act(self) -> None:
        try:
            self._value = await self._function()
        except BaseException as error:  # noqa: BLE001  # SystemExit too: it would end the loop for everybody
            if not self.left:  # else nobody asks for it
                self._error = error

    def _cancel(self) -> None:
        self.left = True  # not before: who sees it may begin a clean-up, and be cancelled in that
        if self._task is not None:
            self._task.cancel()

    def _end(self, _: asyncio.Task[None]) -> None:
        self._loop.works.discard(self)
        del self._function  # it may hold us
        self.ended.set()


class _Desk:
    """Where a thread that waits for an async call does what that asks of it."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()

    async def here(self, function: Callable[..., Any], *args: object) -> Any:
        """What the function returns, called in the waiting thread."""
        job = _Job(partial(function, *args), asyncio.get_running_loop().create_future())
        self._jobs.put(job)
        return await job.outcome

    def serve(self) -> None:
        """Do the next job, if one comes in a moment."""
        with suppress(queue.Empty):
            self._jobs.get(timeout=SLICE).act()


class _Job:
    """A function that is called in one thread and awaited in another."""

    def __init__(self, function: Callable[[], Any], outcome: asyncio.Future[Any]) -> None:
        self.function, self.outcome = function, outcome

    def act(self) -> None:
        if self.outcome.done():  # nobody waits for it any more
            return
        try:
            result = self.function()
        except Exception as error:  # noqa: BLE001  # handed to whoever awaits the job
            self._soon(self.outcome.set_exception, error)
        else:
            self._soon(self.outcome.set_result, result)

    def _soon(self, settle: Callable[[Any], None], outcome: Any) -> None:
        def settled() -> None:
            if not self.outcome.done():
                settle(outcome)

        with suppress(RuntimeError):  # the loop is gone, and with it whoever waits
            self.outcome.get_loop().call_soon_threadsafe(settled)


class _End:
    """What comes after the last item."""


class _Hatch(_Work[None], Generic[T]):
    """Where the items of an async generator change threads."""

    def __init__(
        self,
        loop: _Loop,
        source: Callable[[], AsyncGenerator[T, None]],
        ahead: int,
        meanwhile: Callable[[], object] | None,
    ) -> None:
        super().__init__(loop, self._fill, meanwhile)
        self._source = source
        self._room = asyncio.Semaphore(ahead)
        self._items: queue.SimpleQueue[T | _End] = queue.SimpleQueue()

    def take(self) -> T | _End:
        """Ask for one more item, and wait for the next."""
        self._loop.check()
        self._loop.soon(self._room.release)
        while True:
            with suppress(queue.Empty):
                return self._items.get(timeout=SLICE)
            self.look_up()

    async def _fill(self) -> None:
        """Put in an item for each that was asked for, and `ahead` more."""
        try:
            async with aclosing(self._source()) as stream:
                while True:
                    self._items.put(await self._next(stream))
        except StopAsyncIteration:
            pass
        finally:
            self._items.put(_End())

    async def _next(self, stream: AsyncGenerator[T, None]) -> T:
        if self.left:  # the generator was cancelled, and went on regardless
            await stream.aclose()
        else:
            try:
                await self._room.acquire()
            except asyncio.CancelledError as cancelled:
                return await stream.athrow(cancelled)  # a scope in the generator may have sent it
        return await anext(stream)


class _Loop:
    """An event loop on a daemon thread of its own."""

    def __init__(self) -> None:
        self.works: set[_Work[Any]] = set()  # asyncio itself keeps no task alive
        self._loop = asyncio.new_event_loop()
        self._loop.set_default_executor(DaemonThreads())
        self._stop = asyncio.Event()
        self._open = True
        self._thread = threading.Thread(target=self._serve, name="spyro-loop", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:  # there are no more threads, or will be none: the interpreter is ending
            self._loop.close()
            raise

    def is_here(self) -> bool:
        """Whether this is the loop's own thread."""
        return threading.get_ident() == self._thread.ident

    def is_alive(self) -> bool:
        """Whether it takes work; a forked child has the object but not the thread."""
        return self._open and not _ended and self._thread.is_alive()

    def check(self) -> None:
        """Raise if nothing would ever come of waiting."""
        if _ended:
            _rest()
        if not self.is_alive():
            raise RuntimeError("the event loop is gone, or stayed in the process that forked: start again")
        if self.is_here():
            raise RuntimeError(
                "the event loop's own thread cannot wait for itself: observers and connectors must not call"
                " the synchronous face (await the connector's methods, or use another thread)"
            )

    def soon(self, callback: Callable[[], object]) -> None:
        """Have it called on the loop's thread; never waits, however busy that is."""
        with suppress(RuntimeError):  # closed a moment ago: whoever waits will see
            self._loop.call_soon_threadsafe(callback)

    def stop(self) -> None:
        """Cancel all work and end the thread, unless that takes too long."""
        self.soon(self._stop.set)
        self._thread.join(FAREWELL)

    def _serve(self) -> None:
        with suppress(SystemExit, KeyboardInterrupt):  # from a callback; the next caller gets a new loop
            self._loop.run_until_complete(self._stop.wait())
        self._open = False
        self._loop.run_until_complete(_cancel_all())
        self._loop.close()


async def _cancel_all() -> None:
    """Do what `asyncio.run` does at its end, short of waiting for the executor."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        if not task.cancelling():  # else it is at its clean-up
            task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()


class DaemonThreads(ThreadPoolExecutor):
    """A thread for each job, such as a host's look-up, so that the interpreter's end waits for none."""

    def submit(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()  # from here on it cannot be cancelled

        def job() -> None:
            try:
                future.set_result(function(*args, **kwargs))
            except BaseException as error:  # noqa: BLE001  # handed to whoever awaits the job
                future.set_exception(error)

        threading.Thread(target=job, name="spyro-job", daemon=True).start()
        return future


_lock = threading.Lock()
_loop: _Loop | None = None
_inherited: list[_Loop | None] = []
_ended = False


def _running_loop() -> _Loop:
    """The process's loop, started on first use."""
    global _loop
    if _ended:
        _rest()
    with _lock:
        if _loop is None or not _loop.is_alive():
            _loop = _Loop()
        loop = _loop
    loop.check()
    return loop


def _rest() -> None:
    """Answer a caller who outlives the loop."""
    if threading.current_thread().daemon:  # about to be stopped where it stands: no error on the way
        threading.Event().wait()
    raise RuntimeError("the interpreter is ending: nothing more can be asked")


def _end() -> None:
    global _ended
    _ended = True
    if _loop is not None:
        _loop.stop()


def _forget() -> None:
    """Begin anew in a forked child, where threads are gone and locks stay locked.

    The parent's loop is kept, unused: closing it here would deafen it there, for they share its selector.
    """
    global _loop, _lock
    _inherited.append(_loop)
    _loop, _lock = None, threading.Lock()


# Finalizers run at exit, the youngest first: whoever has one is cleaned up before the loop stops.
weakref.finalize(run, _end)
if hasattr(os, "register_at_fork"):  # pragma: no branch  # Windows has no fork
    os.register_at_fork(after_in_child=_forget)
