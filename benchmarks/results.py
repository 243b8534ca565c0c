"""What was measured: kept as JSON, asked in figures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from contest import Ceiling, Run, Terms, middle, ratios


@dataclass(frozen=True)
class Outcome:
    """What one scenario gave."""

    terms: Terms
    size: int  # bytes that a reader gets
    ceiling: Ceiling
    runs: dict[str, list[Run]]
    """The counted runs of each contender, round by round."""

    def speed(self, name: str) -> float:
        """Records a second, the median."""
        return median(self.terms.records / run.seconds for run in self.runs[name])

    def middle(self, name: str) -> dict[str, float | None]:
        """The median of each figure."""
        return middle(self.runs[name])

    def ratios(self, base: str, name: str) -> Sequence[float]:
        """How many times as fast as the base, round by round."""
        return ratios(self.runs[base], self.runs[name])

    def ratio(self, base: str, name: str) -> float:
        """The same, the median."""
        return median(self.ratios(base, name))

    def needed(self, name: str) -> float:
        """Megabytes of the peak that were not there before the fetch."""
        return median(run.peak - run.before for run in self.runs[name])


@dataclass(frozen=True)
class Results:
    """What all scenarios gave."""

    date: str
    versions: str
    outcomes: dict[str, Outcome]

    def to_json(self) -> str:
        """All of it, as text."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"

    def with_outcome(self, name: str, outcome: Outcome) -> Results:
        """These, and one more."""
        return Results(self.date, self.versions, self.outcomes | {name: outcome})


def load(path: Path) -> Results:
    """Read what `to_json` wrote."""
    told = json.loads(path.read_text(encoding="utf-8"))
    return Results(
        told["date"], told["versions"], {name: _outcome(it) for name, it in told["outcomes"].items()}
    )


def _outcome(it: dict[str, Any]) -> Outcome:
    terms = Terms(**it["terms"] | {"wires": tuple(it["terms"]["wires"])})
    runs = {name: [Run(**run) for run in own] for name, own in it["runs"].items()}
    return Outcome(terms, it["size"], Ceiling(**it["ceiling"]), runs)
