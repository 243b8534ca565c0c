"""Dying before a line of the code, or at a moment, drawn by lot."""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from types import FrameType
from typing import Any


def lines_of(work: Callable[[], None], files: Collection[str], last: int = sys.maxsize) -> int:
    """Do it, and count the lines of these files that it runs, in all threads; die by `kill -9` at the last.

    Where that is 0, nothing is counted: it goes its own pace.
    """
    ran = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal ran
        if frame.f_code.co_filename not in files:
            return None
        if event == "line":
            ran += 1
            if ran == last:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    if last:
        threading.settrace(trace)
        sys.settrace(trace)
    work()
    sys.settrace(None)
    return ran


@dataclass(kw_only=True)
class Killer:
    """Draws how children die: half of them before a line of their own, half at a moment."""

    lot: random.Random
    lines: int = 0
    """That a child runs from its beginning to its end."""
    seconds: float = 0.0
    """That it takes."""
    found: Counter[str] = field(default_factory=Counter)

    def drawn(self) -> tuple[Callable[[int], None], int]:
        """What is done to a child, and the line before which it dies by itself; 0 for none."""
        if self.lot.random() < 0.5:
            return let_be, self.lot.randint(1, self.lines)
        return self.wait_and_kill, 0

    def wait_and_kill(self, child: int) -> None:
        time.sleep(self.lot.uniform(0, self.seconds))
        os.kill(child, signal.SIGKILL)


def let_be(child: int) -> None:
    """Do nothing to it."""
