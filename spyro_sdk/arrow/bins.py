"""How numbers are spread, counted as they come and before their range is known.

A bin is as wide as a power of two, and begins at a multiple of it. So the bins of a wider range are made of
those of a narrower one, and the counts are the same in whichever order, and in how many batches, the numbers
come.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, TypeAlias

import numpy as np

MOST = 20  # bins
DIGITS = 50  # bits of a bin's number, which a float holds exactly
NARROWEST, GREATEST = -1074, sys.float_info.max  # the smallest float is 2^-1074

Numbers: TypeAlias = "np.ndarray[Any, np.dtype[np.float64]]"
"""Finite numbers."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many numbers lie where: bins of one width, side by side."""

    counts: tuple[int, ...]
    edges: tuple[float, ...]
    """Where each bin begins, which is in it, and where the last one ends.

    Moments are in seconds from 1970 (UTC), times of day in seconds from midnight.
    """


@dataclass
class Bins:
    """Numbers that have been counted."""

    whole: bool = False
    """Whether all of them are whole, for which no bin is narrower than 1."""
    low: float = math.inf
    high: float = -math.inf
    exponent: int = 0
    """The power of two that is the width of a bin."""
    counted: Counter[int] = field(default_factory=Counter)
    """How many there are in the bin that begins at so many widths."""

    def add(self, numbers: Numbers) -> None:
        """Count some more."""
        if not len(numbers):
            return
        self._widen(float(numbers.min()), float(numbers.max()))
        places, counts = np.unique(np.floor_divide(numbers, 2.0**self.exponent), return_counts=True)
        for place, count in zip(places.tolist(), counts.tolist(), strict=True):
            self.counted[int(place)] += count

    def include(self, other: Bins) -> None:
        """Count what another has counted."""
        if other.counted:
            self._widen(other.low, other.high)
            self._add(other.counted, other.exponent)

    def told(self) -> Histogram | None:
        """The counts from the smallest number to the greatest; None where there is no number."""
        if not self.counted:
            return None
        first, last = min(self.counted), max(self.counted)
        width = 2.0**self.exponent
        counts = tuple(self.counted[it] for it in range(first, last + 1))
        edges = [min(max(it * width, -GREATEST), GREATEST) for it in range(first, last + 2)]
        return Histogram(counts, tuple(edges))

    def _widen(self, low: float, high: float) -> None:
        self.low, self.high = min(self.low, low), max(self.high, high)
        counted, was = self.counted, self.exponent
        self.exponent, self.counted = _fitting(self.low, self.high, self.whole), Counter()
        self._add(counted, was)

    def _add(self, counted: Counter[int], exponent: int) -> None:
        """Add counts of bins whose width is another; a narrower one than theirs only where they are whole."""
        wider = self.exponent - exponent
        for place, count in counted.items():
            self.counted[place >> wider if wider >= 0 else place << -wider] += count


def _fitting(low: float, high: float, whole: bool) -> int:
    """The exponent of the narrowest width with which there are not too many bins."""
    narrowest = max(math.frexp(max(abs(low), abs(high)))[1] - DIGITS, NARROWEST, *([0] if whole else []))
    span = high / MOST - low / MOST
    least = max(narrowest, math.frexp(span)[1] - 2 if span else narrowest)
    return next(it for it in chain(range(least, 1025)) if high // 2.0**it - low // 2.0**it < MOST)
