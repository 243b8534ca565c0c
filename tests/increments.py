"""Kills increments at random moments, and says whether they lost anything; a program for tests to run.

python -m tests.increments FOLDER TIMES SEED

Each run writes what is new into a file of its own. Most of them die by their own hand before a line of the
code that reads, writes and commits, drawn by lot, late ones rather than early ones; the others at a moment
drawn by lot, wherever they are then.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import pandas  # noqa: F401  # pyarrow imports it with the first array: here once for all children
import pyarrow.parquet as pq

import spyro_sdk as spyro
from spyro_sdk import exporting, increment, private, runs, taking, watermarks
from spyro_sdk.arrow import draft, sink

from .dying import lines_of
from .shop import SETTINGS, Model, Shop

NEW = 3  # records before each run
MODULES = (draft, exporting, increment, private, runs, sink, taking, watermarks)
FILES = frozenset(it.__file__ for it in MODULES)


def take(path: Path) -> None:
    """Write what is new."""
    with spyro.connect(Shop, **SETTINGS) as shop:
        shop.fetch("Order", since="last").to_parquet(path)


def run(path: Path, wait: float | None = None, line: int = sys.maxsize) -> int | None:
    """Take what is new in a child, which dies after `wait` seconds, or before line `line` of its own.

    Returns the lines that it ran; None where it died.
    """
    ours, theirs = os.pipe()
    if not (child := os.fork()):
        with os.fdopen(theirs, "w") as out:
            print(lines_of(partial(take, path), FILES, line), file=out, flush=True)
        os._exit(0)
    os.close(theirs)
    with os.fdopen(ours) as said:
        if wait is not None:
            time.sleep(wait)
            os.kill(child, signal.SIGKILL)
        ran = said.read()
    died = os.waitpid(child, 0)[1]
    assert died == (0 if ran else signal.SIGKILL), died
    return int(ran) if ran else None


def main(where: Path, times: int, seed: int) -> dict[str, Any]:
    """How many runs were killed, and the records that are missing in all that they wrote."""
    os.environ[watermarks.VARIABLE] = str(where / "marks")
    lot, model = random.Random(seed), Model()
    Shop.model = model

    def change() -> None:
        model.now += lot.randrange(30)
        for _ in range(NEW):
            model.put(len(model.rows))

    for name in ("first", "second"):  # which begins where the first one ended
        change()
        begun = time.perf_counter()
        lines = run(where / f"{name}.parquet") or 0
    seconds, killed = time.perf_counter() - begun, 0
    for number in range(times):
        change()
        wait = lot.uniform(0, seconds) if lot.random() < 0.25 else None
        line = round(lot.triangular(1, lines, lines)) if wait is None else sys.maxsize
        killed += run(where / f"{number}.parquet", wait, line) is None
    change()
    run(where / "last.parquet")
    files = list(where.glob("*.parquet"))
    came = {row["id"] for path in files for row in pq.read_table(path).to_pylist()}
    return {"killed": killed, "files": len(files), "missing": sorted(set(model.rows) - came)}


if __name__ == "__main__":
    json.dump(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])), sys.stdout)
