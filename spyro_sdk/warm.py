"""Import what a fetch will need while the service is being asked.

pandas takes longer to import than a small fetch takes altogether: the first fetch of a process would wait for
both, one after the other.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import Final

PATIENCE: Final = 5.0  # seconds that a fork, or the interpreter's end, waits for an import

_begun: dict[str, threading.Thread] = {}


def begin(module: str, *, load: Callable[[str], object] = import_module) -> None:
    """Import a module in a daemon thread, once in a process; return at once.

    Raises nothing: what cannot be imported there cannot be imported where it is needed either, and there
    somebody can be told.
    """
    if module in sys.modules or module in _begun:
        return
    thread = threading.Thread(target=_load, args=(module, load), name=f"spyro-import-{module}", daemon=True)
    _begun[module] = thread
    with suppress(RuntimeError):  # there are no more threads, or will be none: the interpreter is ending
        thread.start()


def _load(module: str, load: Callable[[str], object]) -> None:
    with suppress(Exception):
        load(module)


def _settle() -> None:
    """Wait for what is under way: in a forked child, the lock on a half-imported module stays locked."""
    for thread in list(_begun.values()):
        if thread.is_alive():
            thread.join(PATIENCE)


atexit.register(_settle)
if hasattr(os, "register_at_fork"):  # pragma: no branch  # Windows has no fork
    os.register_at_fork(before=_settle)
