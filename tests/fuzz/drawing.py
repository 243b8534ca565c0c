"""Fuzzing with a die alone, where nothing guides it: any system, any Python.

python -m tests.fuzz.drawing NAME COUNT SEED FOLDER
"""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from mmap import mmap
from pathlib import Path
from random import Random

from .edits import drawn
from .seeds import SEEDS, pieces
from .targets import TARGETS

SLOWEST = 10.0  # seconds that one input may take
WRONG = 77  # what libFuzzer ends with, too
LARGEST = 1 << 16  # bytes of an input, and of its length before it


@dataclass(frozen=True)
class Failure:
    """An input that shows something wrong."""

    data: bytes
    why: str


def failure_of(name: str, data: bytes, clock: Callable[[], float] = time.perf_counter) -> Failure | None:
    """What is wrong with what a target makes of an input; None where nothing is."""
    begun = clock()
    try:
        TARGETS[name](data)
    except Exception:
        return Failure(data, traceback.format_exc())
    took = clock() - begun
    return Failure(data, f"it took {took:.1f} s") if took > SLOWEST else None


def inputs(name: str, count: int, seed: int) -> Iterator[bytes]:
    """So many inputs of a target, the same for the same seed; first the good ones that the others come of."""
    dice, seeds, words = Random(f"{name} {seed}"), SEEDS[name], pieces(name)
    yield from seeds[:count]
    for _ in range(count - len(seeds)):
        yield drawn(dice, seeds, words)


def first_failure(name: str, count: int, seed: int, folder: Path) -> Failure | None:
    """The first of so many inputs that shows something wrong.

    Each is written into `folder` before it is tried: one that ends the process is known by that.
    """
    place = folder / name
    place.write_bytes(bytes(LARGEST))
    with place.open("r+b") as file, mmap(file.fileno(), LARGEST) as memory:
        for data in inputs(name, count, seed):
            memory[: len(data) + 4] = len(data).to_bytes(4) + data
            if failure := failure_of(name, data):
                return failure
    return None


if __name__ == "__main__":
    which, many, start, where = sys.argv[1:]
    if found := first_failure(which, int(many), int(start), Path(where)):
        print(found.why)
        sys.exit(WRONG)
