"""The tables of docs/performance.md, from what was measured.

python benchmarks/tables.py [RESULTS]
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import claims
from contest import CONTENDERS
from results import Outcome, Results, load
from scenarios import SCENARIOS, Scenario

RESULTS = Path(__file__).with_name("results.json")


def tables(results: Results) -> Iterator[str]:
    """All of them, as lines of Markdown."""
    yield f"On {results.date}: {results.versions}."
    for name, outcome in results.outcomes.items():
        yield from ("", f"### {SCENARIOS[name].title}", "", *_table(SCENARIOS[name], outcome))
    yield from ("", "### What we hold ourselves to", "", *claims.lines(results))


def _table(scenario: Scenario, outcome: Outcome) -> Iterator[str]:
    terms, top = outcome.terms, outcome.ceiling
    speeds = {name: outcome.speed(name) for name in outcome.runs}
    rounds = len(outcome.runs[scenario.base])
    yield f"{terms.records:,} records, {outcome.size / 1e6:,.1f} MB, {rounds} rounds."
    yield f"The service gives {top.speed / 1e6:.1f} million records a second to one who only reads, and needs"
    yield f"{top.cost * 1e3:.2f} ms of CPU for each answer; {top.verdict(speeds)}."
    yield ""
    columns = ["", "records/s", "CPU s", "peak MB", "over imports", "result MB"]
    columns += ["requests", "refused", "share"] if terms.rate else []
    columns += [f"× {CONTENDERS[scenario.base].title} (least–most)"]
    yield _row(columns)
    yield "|" + "---|" * len(columns)
    for name in outcome.runs:
        yield _row([CONTENDERS[name].title, *_cells(outcome, name, scenario.base)])


def _cells(outcome: Outcome, name: str, base: str) -> Iterator[str]:
    it = outcome.middle(name)
    yield f"{outcome.speed(name):,.0f}"
    yield f"{it['cpu']:.2f}"
    yield f"{it['peak']:,.0f}"
    yield f"{outcome.needed(name):,.0f}"
    yield "" if it["size"] is None else f"{it['size']:,.0f}"
    if outcome.terms.rate:
        yield f"{it['granted']:,.0f}"
        yield f"{it['refused']:,.0f}"
        yield f"{it['share']:.3f}"
    found = outcome.ratios(base, name)
    yield f"{median(found):.2f} ({min(found):.2f}–{max(found):.2f})"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    print(*tables(load(Path(*sys.argv[1:2]) if sys.argv[1:] else RESULTS)), sep="\n")
