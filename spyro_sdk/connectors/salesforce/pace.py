"""How often a job of the Bulk API is looked at, and how many records are taken of its results at once."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

FIRST_PAUSE, LONGEST_PAUSE, GROWTH = 0.05, 10.0, 2.0  # seconds before a look at a job
CHUNK = 50_000  # records in a chunk of its results, where we have a say


def pauses(uniform: Callable[[float, float], float] = random.uniform) -> Iterator[float]:
    """Seconds to wait before each look at a job: growing, and never quite those of another client."""
    pause = FIRST_PAUSE
    while True:
        yield pause * uniform(1.0, 1.2)
        pause = min(pause * GROWTH, LONGEST_PAUSE)
