"""Import what a fetch will need while nobody waits for it, and quickly where somebody does.

pandas takes longer to import than a small fetch takes altogether: the first fetch of a process would wait for
both, one after the other.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from types import ModuleType
from typing import Final

PATIENCE: Final = 5.0  # seconds that a fork, or the interpreter's end, waits for an import

_begun: dict[str, threading.Thread] = {}
_turn = threading.RLock()  # one imports at a time: two would hinder each other with each file they read


def begin(*modules: str, by: Callable[[str], object] | None = None) -> None:
    """Import modules in a daemon thread, one after the other, once in a process; return at once.

    Those that are there, or on their way, are left alone. Raises nothing: what cannot be imported there
    cannot be imported where it is needed either, and there somebody can be told.
    """
    missing = [it for it in modules if it not in sys.modules and it not in _begun]
    if not missing:
        return
    thread = threading.Thread(
        target=_import, args=(missing, by or load), name=f"spyro-import-{missing[0]}", daemon=True
    )
    _begun.update(dict.fromkeys(missing, thread))
    with suppress(RuntimeError):  # there are no more threads, or will be none: the interpreter is ending
        thread.start()


def _import(modules: Sequence[str], by: Callable[[str], object]) -> None:
    for module in modules:
        with suppress(Exception):
            by(module)


def load(module: str) -> ModuleType:
    """Import a module; where it is not there yet, undisturbed, and not in the middle of a fork."""
    if module in sys.modules:
        return import_module(module)  # another thread may not be done with it
    with _turn, undisturbed():
        return import_module(module)


class _Collector:
    """The garbage collector, which stands aside while anybody imports."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._imports = 0
        self._usual = gc.get_threshold()

    def leave(self) -> None:
        """Look at nothing, for now."""
        with self._lock:
            self._imports += 1
            if self._imports == 1:
                self._usual = gc.get_threshold()
                gc.set_threshold(0)

    def come_back(self) -> None:
        """Go on after the last import, unless somebody has said meanwhile when to collect.

        What was imported counts as old: it is looked at with the next full collection, and not at once.
        """
        with self._lock:
            self._imports = max(self._imports - 1, 0)
            if self._imports or gc.get_threshold()[0]:
                return
            if not gc.get_freeze_count():  # else what somebody has frozen would thaw
                gc.freeze()
                gc.unfreeze()
            gc.set_threshold(*self._usual)

    def start_anew(self) -> None:
        """Forget who imported in the process that forked."""
        self._lock = threading.Lock()
        if self._imports:
            self._imports = 1
            self.come_back()


_collector = _Collector()


@contextmanager
def undisturbed() -> Generator[None, None, None]:
    """Import without the garbage collector: modules stay, and it would look through them time and again."""
    _collector.leave()
    try:
        yield
    finally:
        _collector.come_back()


def _settle() -> None:
    """Wait for what is under way."""
    for thread in set(_begun.values()):
        if thread.is_alive():
            thread.join(PATIENCE)


class _Fork:
    """Forks when nobody imports: in the child, the lock on a half-imported module would stay locked."""

    def __init__(self) -> None:
        self._has_turn = False

    def before(self) -> None:
        """Let whoever imports come to an end, and nobody else begin."""
        self._has_turn = _turn.acquire(timeout=PATIENCE)

    def after(self) -> None:
        """Let others go on."""
        if self._has_turn:
            _turn.release()

    def in_child(self) -> None:
        """Begin anew: there are no threads here, and whoever took too long still has the old turn."""
        global _turn
        _turn = threading.RLock()
        _begun.clear()
        _collector.start_anew()


atexit.register(_settle)
if hasattr(os, "register_at_fork"):  # pragma: no branch  # Windows has no fork
    _fork = _Fork()
    os.register_at_fork(before=_fork.before, after_in_parent=_fork.after, after_in_child=_fork.in_child)
