"""Requests that wait in a thread of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import copy_context
from functools import partial

from ..blocking import DaemonThreads
from ..http import Response

THREADS = DaemonThreads()


async def in_thread(function: Callable[[], Response]) -> Response:
    """Call in a thread of its own, for which nobody waits who is cancelled, nor the interpreter's end."""
    call = partial(copy_context().run, function)
    return await asyncio.get_running_loop().run_in_executor(THREADS, call)
