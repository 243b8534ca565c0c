"""Put mistakes into modules, one at a time, and see whether their tests notice; `make mutants` runs it.

python -m tests.mutants [--jobs N] [MODULE ...]
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from .apart import go_apart
from .judged import JUDGED
from .mutations import Mistake, mutants
from .running import name_of, passes, warmed
from .units import UNITS

WANTED = 0.9
LONGER = 5  # times as long as the tests of the true module may those of a mutant take
PATIENCE = 5.0  # seconds more


@dataclass(frozen=True)
class Score:
    """How the tests of a module did."""

    file: str
    killed: int
    survivors: list[Mistake]
    seconds: float

    @property
    def unjudged(self) -> list[Mistake]:
        """Those of which nobody has said why they do no harm."""
        known = JUDGED.get(self.file, {})
        return [it for it in self.survivors if known.get(it.source, {}).get(it.what) is None]

    @property
    def share(self) -> float:
        """Of all mutants those that were noticed."""
        return self.killed / max(1, self.killed + len(self.survivors))

    def __str__(self) -> str:
        total = self.killed + len(self.survivors)
        noticed = f"{self.killed:>4} of {total:>4} noticed, {self.share:6.1%}"
        left = f"{len(self.survivors)} survived, {len(self.unjudged)} of them not judged"
        return f"{self.file:34} {noticed}; {left}; {self.seconds:.0f} s"


def scored(file: str, tests: Sequence[str]) -> Score:
    """Try all mutants of a module."""
    path, source = Path(file), Path(file).read_text(encoding="utf-8")
    name, begun = name_of(path), time.perf_counter()
    place = str(path.absolute())  # where the code must say that it is from: there are tests that look
    if passes(name, compile(source, place, "exec", dont_inherit=True), tests, 600.0) is not True:
        sys.exit(f"{file}: its tests fail without any mutant: {' '.join(tests)}")
    limit = PATIENCE + LONGER * (time.perf_counter() - begun)
    killed, survivors = 0, []
    for mutant in mutants(source, place):
        if passes(name, mutant.code, tests, limit):
            survivors.append(mutant.mistake)
            print(f"  {file}:{mutant.mistake}", flush=True)
        else:
            killed += 1
    return Score(file, killed, survivors, time.perf_counter() - begun)


def scores(files: Sequence[str], jobs: int) -> list[Score]:
    """Try all mutants of the modules, of so many at once; tell each score as soon as it is known."""
    warmed()
    found = []
    with ProcessPoolExecutor(jobs, mp_context=get_context("fork")) as pool:
        for score in pool.map(scored, files, [UNITS[file] for file in files]):
            print(score, flush=True)
            found.append(score)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument(
        "files", nargs="*", metavar="MODULE", help="such as spyro_sdk/guards/retry.py; else all"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="modules at once")
    asked = parser.parse_args()
    go_apart(sys.argv[1:])
    found = scores(asked.files or list(UNITS), asked.jobs)
    killed, left = sum(it.killed for it in found), sum(len(it.survivors) for it in found)
    print(f"{killed:,} of {killed + left:,} mutants noticed: {killed / max(1, killed + left):.1%}")
    return 0 if killed >= WANTED * (killed + left) else 1


if __name__ == "__main__":
    sys.exit(main())
