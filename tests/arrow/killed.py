"""Kills exports at random moments, and says what they left; a program for tests to run.

python -m tests.arrow.killed KIND FOLDER TIMES SEED

Half of them die by their own hand before a line of the code that writes, drawn by lot; half at a moment drawn
by lot, wherever they are then. The next one looks first whether the old or the new table stands there, whole.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

import pandas  # noqa: F401  # pyarrow imports it with the first array: here once for all children
import pyarrow as pa
import pyarrow.acero
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from spyro_sdk.arrow import csv, draft, folder, ipc, parquet, partition, parts, sink
from spyro_sdk.arrow.csv import Csv, CsvSink
from spyro_sdk.arrow.ipc import Ipc
from spyro_sdk.arrow.parquet import Parquet
from spyro_sdk.arrow.partition import PartitionedSink
from spyro_sdk.arrow.sink import Sink

from ..dying import Killer, let_be, lines_of
from .rows import batch

ROWS = 3000
KINDS: dict[str, tuple[Callable[[Path], Sink], Callable[[Path], pa.Table]]] = {
    "parquet": (lambda path: Sink(path, Parquet(row_group_rows=1000)), pq.read_table),
    "ipc": (lambda path: Sink(path, Ipc(group_rows=1000)), lambda path: pa.ipc.open_file(path).read_all()),
    "csv": (lambda path: CsvSink(path, Csv()), pacsv.read_csv),
    "partitions": (lambda path: PartitionedSink(path, Parquet(), ["k"]), pq.read_table),
}
FILES = frozenset(it.__file__ for it in (csv, draft, folder, ipc, parquet, partition, parts, sink))


def write(make: Callable[[Path], Sink], path: Path, number: int) -> None:
    """Export a table that says its number in each row; its second half makes it wider."""
    with make(path) as into:
        for first in range(0, ROWS, 1000):
            into.write(batch(n=[number] * 1000, k=list(range(4)) * 250, x=[None if first else 1] * 1000))
        into.write(batch(n=[number], k=[0], x=[0.5]))


def standing(read: Callable[[Path], pa.Table], path: Path) -> int:
    """The number of the table that stands there; -1 where none does, or half of one."""
    if not path.exists():
        return -1
    table = read(path)
    numbers = table["n"].unique().to_pylist()
    return numbers[0] if table.num_rows == ROWS + 1 and len(numbers) == 1 else -1


@dataclass(kw_only=True)
class Exports(Killer):
    """Lets exports begin one after the other, and ends each."""

    kind: str
    path: Path
    last: int = 0
    """The number of the table that stood there when it was last looked at."""

    def measure(self) -> None:
        """Export some times, and let it end well."""
        self.lines = self.run(0, let_be, line=sys.maxsize)
        begun = time.perf_counter()
        self.run(0, let_be)
        self.seconds = time.perf_counter() - begun

    def kill(self, number: int) -> None:
        """Begin export `number`, and kill it."""
        then, line = self.drawn()
        self.run(number, then, line)

    def run(self, number: int, then: Callable[[int], None], line: int = 0) -> int:
        """Let a child export, and do something to it when it begins; return the lines that it says it ran."""
        ours, theirs = os.pipe()
        if not (child := os.fork()):
            with os.fdopen(theirs, "w") as out:
                self.export(number, out, line)
            os._exit(0)
        os.close(theirs)
        with os.fdopen(ours) as said:
            self.look(number, said.readline())
            then(child)
            last = said.read()
        died = os.waitpid(child, 0)[1]
        self.found["ended" if last else "killed"] += bool(number)
        if not last and died != signal.SIGKILL:
            self.found["failed"] += 1
        return int(last or 0)

    def export(self, number: int, out: IO[str], line: int) -> None:
        """Say what stands there, export, and say how many lines that took."""
        make, read = KINDS[self.kind]
        print(standing(read, self.path), file=out, flush=True)
        print(lines_of(partial(write, make, self.path, number), FILES, line), file=out, flush=True)

    def look(self, number: int, said: str) -> None:
        """Judge what the export before this one has left."""
        stands, before = int(said or -2), number - 1
        if before > 0:
            self.found["new" if stands == before else "old" if stands == self.last else "lost"] += 1
        self.last = stands


def main(kind: str, where: Path, times: int, seed: int) -> dict[str, int]:
    """How often what was found."""
    killer = Exports(kind=kind, path=where / "rows", lot=random.Random(seed))
    killer.measure()
    for number in range(1, times + 1):
        killer.kill(number)
    killer.run(times + 1, let_be)  # which looks at what the last one left
    killer.found["ended"] -= 1
    return {**killer.found, "left": len(list(where.glob(".rows.*"))), "lines": killer.lines}


if __name__ == "__main__":
    json.dump(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])), sys.stdout)
