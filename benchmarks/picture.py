"""The picture of docs/performance.md, from what was measured.

python benchmarks/picture.py [RESULTS [PICTURE]]
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contest import CONTENDERS
from results import Results, load

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results.json"
PICTURE = HERE.parent / "docs" / "pictures" / "performance.svg"
OURS, THEIRS, LIMIT = "#1f6feb", "#8c959f", "#d0d7de"
STYLE = {
    "svg.hashsalt": "spyro",  # the same results, the same file
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


@dataclass(frozen=True)
class Panel:
    """One row of bars."""

    title: str
    bars: Mapping[str, float]
    """By contender, in the order in which they stand from top to bottom."""


def panels(results: Results) -> list[Panel]:
    """What the picture shows, as far as it was measured."""
    return [
        Panel(title, {name: figure(results, scenario, name) for name in _names(results, scenario)})
        for title, scenario, figure in (
            ("records a second into a table, no latency", "plain", _speed),
            ("records a second, 150 ms an answer", "latency-150", _speed),
            ("records a second, 150 ms an answer, addresses computable", "computable", _speed),
            ("records a second, Bulk API 2.0", "bulk", _speed),
            ("peak memory in MB, no latency", "plain", _peak),
        )
        if scenario in results.outcomes
    ]


def _names(results: Results, scenario: str) -> list[str]:
    """The limit is left out: beside it nothing else could be seen."""
    runs = results.outcomes[scenario].runs
    return [name for name in runs if not (scenario in ("plain", "bulk") and name.endswith("limit"))]


def _speed(results: Results, scenario: str, name: str) -> float:
    return results.outcomes[scenario].speed(name)


def _peak(results: Results, scenario: str, name: str) -> float:
    return results.outcomes[scenario].middle(name)["peak"] or 0.0


def draw(results: Results, path: Path) -> None:
    """Draw it."""
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    shown = panels(results)
    heights = [len(panel.bars) + 1.5 for panel in shown]
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(
            len(shown), figsize=(8, 0.24 * sum(heights)), height_ratios=heights, squeeze=False
        )
        for axis, panel in zip(axes[:, 0], shown, strict=True):
            _bars(axis, panel)
        figure.tight_layout()
        figure.savefig(path, format="svg", facecolor="white", metadata={"Date": None})
        plt.close(figure)


def _bars(axis: Any, panel: Panel) -> None:
    titles = [CONTENDERS[name].title for name in panel.bars]
    bars = axis.barh(titles, list(panel.bars.values()), color=[_color(name) for name in panel.bars])
    axis.bar_label(bars, fmt="{:,.0f}", padding=3)
    axis.set_title(panel.title, loc="left", fontsize=10, fontweight="bold")
    axis.invert_yaxis()
    axis.set_xticks([])
    axis.margins(x=0.12)
    axis.spines["bottom"].set_visible(False)


def _color(name: str) -> str:
    if name.endswith("limit"):
        return LIMIT
    return OURS if CONTENDERS[name].is_ours else THEIRS


if __name__ == "__main__":
    given = [Path(it) for it in sys.argv[1:]]
    results, picture = [*given, *(RESULTS, PICTURE)[len(given) :]]
    draw(load(results), picture)
