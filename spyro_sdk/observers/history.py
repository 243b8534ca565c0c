"""How many requests there were in each of the last seconds."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from typing import Final, TypeVar

T = TypeVar("T")

SECONDS: Final = 120  # that are remembered


class History:
    """Counts by whole seconds, of the last two minutes. One thread adds, any may read."""

    def __init__(self) -> None:
        self._counts: deque[tuple[int, int]] = deque(maxlen=SECONDS)  # second, count

    def add(self, now: float) -> None:
        """Count one more at `now`, in seconds; where the clock was set back, the history begins anew."""
        second, (newest, count) = int(now), self._counts[-1] if self._counts else (-1, 0)
        if second == newest:
            self._counts[-1] = (second, count + 1)
            return
        if second < newest:
            self._counts.clear()
        self._counts.append((second, 1))

    def until(self, now: float) -> list[int]:
        """The counts of the last 120 seconds, oldest first; the last is that of the second that runs."""
        counts = dict(copied(self._counts))
        return [counts.get(int(now) - ago, 0) for ago in reversed(range(SECONDS))]


def copied(growing: Iterable[T]) -> list[T]:
    """A copy, also while another thread adds to it."""
    while True:
        with suppress(RuntimeError):  # it grew while it was copied
            return list(growing)
