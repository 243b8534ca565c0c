"""The fetches of one cell, summed up."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from ..observers.running import Running
from ..words import counted, lasting, size

LAST: Final = 5  # fetches that are told one by one


@dataclass
class CellRuns:
    """What a cell has fetched, and is fetching. The last few are kept, the others are in the sums alone."""

    running: list[Running] = field(default_factory=list)
    last: deque[Running] = field(default_factory=lambda: deque(maxlen=LAST))
    ended: int = 0
    failed: int = 0
    stopped: int = 0
    rows: int = 0
    received: int = 0  # bytes
    requests: int = 0
    retries: int = 0
    seconds: float = 0.0

    def begin(self, run: Running) -> None:
        """Take note of one more."""
        self.running.append(run)

    def end(self, run: Running) -> None:
        """Add what came of one."""
        self.forget(run)
        self.last.append(run)
        self.ended += 1
        self.failed += run.outcome == "failed"
        self.stopped += run.outcome == "stopped"
        self.rows += run.rows if run.given is None else run.given
        self.received += run.received
        self.requests += run.requests
        self.retries += run.retries
        self.seconds += run.seconds

    def forget(self, run: Running) -> None:
        """Leave one out."""
        if run in self.running:
            self.running.remove(run)

    @property
    def summary(self) -> str:
        """All that have ended, in words."""
        said = [counted(self.ended, "fetch") if self.ended == 1 else f"{self.ended:,} fetches"]
        said += [counted(self.rows, "record"), lasting(self.seconds), size(self.received)]
        said += [f"{counted(number, what)}" for number, what in self._troubles if number]
        return ", ".join(said)

    @property
    def _troubles(self) -> list[tuple[int, str]]:
        return [(self.failed, "failure"), (self.stopped, "stop")]

    def __str__(self) -> str:
        """Each of the last in a line, under the sums where there are several."""
        lines = [str(run) for run in (*self.last, *self.running)]
        return "\n".join(lines if self.ended < 2 else [self.summary, *lines])
