"""Work that would hold up the event loop."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

import anyio
import anyio.to_thread
from anyio.lowlevel import RunVar

T = TypeVar("T")
_workers: RunVar[anyio.CapacityLimiter] = RunVar("spyro_workers")  # of one event loop


async def in_worker(function: Callable[..., T], *args: Any) -> T:
    """Call in a worker thread, of which there is one more than processors: one may wait for its next turn.

    When we are cancelled it is left to end by itself.
    """
    try:
        workers = _workers.get()
    except LookupError:
        _workers.set(workers := anyio.CapacityLimiter(1 + (os.cpu_count() or 1)))
    return await anyio.to_thread.run_sync(function, *args, abandon_on_cancel=True, limiter=workers)
