"""Kills exports that go on at random moments, and says what came of them; a program for tests to run.

python -m tests.killed_on_the_way ADDRESS FOLDER TIMES SEED

Half of them die by their own hand before a line of the code that keeps what came, drawn by lot; half at a
moment drawn by lot. Each that comes to its end must have made what one run makes, and begins another.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas  # noqa: F401  # pyarrow imports it with the first array: here once for all children
import pyarrow.parquet as pq

from spyro_sdk import exporting, resume
from spyro_sdk.arrow import draft, journal, parquet, sink
from spyro_sdk.connection import Connection
from spyro_sdk.entity import Entity
from spyro_sdk.paging import Offset
from spyro_sdk.rest import RestConnector

from .dying import Killer, let_be, lines_of

FILES = frozenset(it.__file__ for it in (draft, exporting, journal, parquet, resume, sink))
OFFSET = Offset(param="skip", size_param="take")


class Described(RestConnector):
    """The connector of the list that is exported."""

    name = "described"
    offers = (Entity("items", "/items", "payload.rows", OFFSET, key="id"),)


@dataclass(kw_only=True)
class Exports(Killer):
    """Lets exports begin one after the other, and ends each."""

    base_url: str
    folder: Path

    def measure(self) -> None:
        """Export some times, and let it end well."""
        self.run("whole", let_be)
        self.run("measured", let_be, line=sys.maxsize)
        self.lines = int((self.folder / "lines").read_text())
        begun = time.perf_counter()
        self.run("measured", let_be)
        self.seconds = time.perf_counter() - begun

    def kill(self) -> None:
        """Begin an export, or go on with one, and kill it."""
        then, line = self.drawn()
        self.run("rows", then, line)

    def run(self, name: str, then: Callable[[int], None], line: int = 0) -> None:
        """Let a child export, and do something to it when it begins."""
        if not (child := os.fork()):
            self.export(self.folder / name, line)
            os._exit(0)
        then(child)
        died = os.waitpid(child, 0)[1]
        self.found["ended" if not died else "killed" if died == signal.SIGKILL else "failed"] += 1

    def export(self, path: Path, line: int) -> None:
        """Export, see that it is what one run makes, and take it away."""
        self.look(path)
        ran = lines_of(partial(self.go_on, path), FILES, line)
        if line == sys.maxsize:
            (self.folder / "lines").write_text(str(ran))
        if path.name != "whole":
            self.look(path)

    def go_on(self, path: Path) -> None:
        """Export, from where the last one came to."""
        pace = {"page_size": 15, "rate_limit": 60_000, "concurrency": 1}
        config = Described.configure(base_url=self.base_url, auth_type="none", **pace)
        with Connection(Described, config, progress=False) as connection:
            connection.fetch("items").to_parquet(path, row_group_rows=100, resume=True)

    def look(self, path: Path) -> None:
        """Say whether what stands there is right, and take it away."""
        if path.exists():
            is_same = pq.read_table(path).equals(pq.read_table(path.with_name("whole")))
            with (self.folder / "looks").open("a") as looks:
                looks.write("right\n" if is_same else "wrong\n")
            path.unlink()


def main(base_url: str, folder: Path, times: int, seed: int) -> dict[str, int]:
    """How often what was found."""
    killer = Exports(base_url=base_url, folder=folder, lot=random.Random(seed))
    killer.measure()
    killer.found.clear()
    while killer.found["killed"] < times and not killer.found["failed"]:
        killer.kill()
    killer.run("rows", let_be)
    looks = Counter((folder / "looks").read_text().split())
    left = [it.name for it in folder.iterdir() if it.name.endswith(".resume")]
    return {**killer.found, **looks, "left": len(left)}


if __name__ == "__main__":
    json.dump(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])), sys.stdout)
