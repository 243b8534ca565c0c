"""Run a program of this machine for what it writes: no shell, a time limit, nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress

import anyio
from anyio.abc import Process

KILL = getattr(os, "killpg", os.kill)  # Windows has no groups: there the program alone is ended
HARD = getattr(signal, "SIGKILL", signal.SIGTERM)
MOST = 1 << 20  # bytes; more than this is not read


async def output(command: Sequence[str], environment: Mapping[str, str], timeout: float) -> bytes:  # noqa: ASYNC109
    """What the program writes to its standard output, whether it ends well or not.

    Raises `builtins.TimeoutError` after `timeout` seconds, `OSError` where it cannot be run, `ValueError`
    where it writes too much. However this ends, the program has ended too, with all that it has started.
    """
    process = await anyio.open_process(
        command,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
        start_new_session=os.name == "posix",
    )
    try:
        with anyio.fail_after(timeout):
            return await _read(process)
    finally:
        _end(process)
        with anyio.CancelScope(shield=True):
            await process.aclose()


async def _read(process: Process) -> bytes:
    assert process.stdout is not None  # it is a pipe
    came = bytearray()
    async for chunk in process.stdout:
        came += chunk
        if len(came) > MOST:
            raise ValueError(f"it writes more than {MOST} bytes")
    await process.wait()
    return bytes(came)


def _end(process: Process) -> None:
    """End the program and its children, if it has not ended yet: `sf` is a script that starts another."""
    if process.returncode is None:
        with suppress(ProcessLookupError):  # it has ended since
            KILL(process.pid, HARD)
