"""The fetches of one cell, summed up."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from math import inf
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
    incomplete: int = 0
    rows: int = 0
    received: int = 0  # bytes
    requests: int = 0
    retries: int = 0
    began: float = inf  # by the clock of the runs, in seconds
    over: float = 0.0

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
        self.incomplete += run.outcome == "incomplete"
        self.rows += run.rows if run.given is None else run.given
        self.received += run.received
        self.requests += run.requests
        self.retries += run.retries
        self.began = min(self.began, run.began)
        self.over = max(self.over, run.began + run.seconds)

    def forget(self, run: Running) -> None:
        """Leave one out."""
        if run in self.running:
            self.running.remove(run)

    @property
    def seconds(self) -> float:
        """From the first that began to the last that ended; 0 before one has."""
        return max(0.0, self.over - self.began)

    @property
    def summary(self) -> str:
        """All that have ended, in words."""
        said = ["1 fetch" if self.ended == 1 else f"{self.ended:,} fetches"]
        said += [counted(self.rows, "record"), lasting(self.seconds), size(self.received)]
        said += [f"{self.failed:,} failed"] if self.failed else []
        said += [f"{self.stopped:,} stopped"] if self.stopped else []
        said += [f"{self.incomplete:,} incomplete"] if self.incomplete else []
        return ", ".join(said)

    def __str__(self) -> str:
        """Each of the last in a line, under the sums where there are several."""
        runs = (*self.last, *self.running)
        lines = [line for run in runs for line in (str(run), *run.remarks)]
        return "\n".join(lines if self.ended < 2 else [self.summary, *lines])
