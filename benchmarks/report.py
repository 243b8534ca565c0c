"""Measure all that docs/performance.md shows, and keep it.

    python benchmarks/report.py [--only SCENARIO …] [--rounds N] [--records-divided-by N] [--to FILE]

Takes about an hour. What was measured is written after each scenario; `--only` measures some of them anew and
leaves the others. `tables.py` and `picture.py` make of it what the page shows.
"""

from __future__ import annotations

import argparse
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import side_by_side
from contest import AIRBYTE, CONTENDERS, ceiling, present, serve, take_turns
from results import Outcome, Results, load
from scenarios import SCENARIOS, Scenario

RESULTS = Path(__file__).with_name("results.json")


def measure(scenario: Scenario) -> Outcome:
    """Run one scenario."""
    names = present(scenario.names)
    wire = CONTENDERS[scenario.base].wire
    with serve(scenario.terms) as service:
        top = ceiling(service, wire, scenario.rounds)
        runs = take_turns(service, names, scenario.rounds)
        return Outcome(scenario.terms, service.bytes[wire], top, runs)


def versions() -> str:
    """The machine, and what was measured on it, also what lives in an environment of its own."""
    if not AIRBYTE.exists():
        return side_by_side.versions()
    asked = "from importlib.metadata import version as v; print(v('airbyte-cdk'), 'with pandas', v('pandas'))"
    told = subprocess.check_output([AIRBYTE, "-c", asked], encoding="utf-8")  # noqa: S603
    return f"{side_by_side.versions()}, airbyte-cdk {told.strip()}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write."""
    it = _options(arguments)
    today = datetime.now(UTC).date().isoformat()
    kept = load(it.to).outcomes if it.only and it.to.exists() else {}
    results = Results(today, versions(), kept)
    for name in it.only or SCENARIOS:
        scenario = _smaller(SCENARIOS[name], it)
        print(f"{name}: {scenario.title}, {scenario.terms.records:,} records", flush=True)
        outcome = measure(scenario)
        print(*side_by_side.table(outcome.runs, outcome.terms.records, scenario.base), sep="\n", flush=True)
        results = results.with_outcome(name, outcome)
        it.to.write_text(results.to_json(), encoding="utf-8")


def _smaller(scenario: Scenario, it: Any) -> Scenario:
    terms = replace(scenario.terms, records=scenario.terms.records // it.records_divided_by)
    return replace(scenario, terms=terms, rounds=it.rounds or scenario.rounds)


def _options(arguments: Sequence[str] | None) -> Any:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=list(SCENARIOS), metavar="SCENARIO")
    parser.add_argument("--rounds", type=int, help="instead of as many as each scenario asks for")
    parser.add_argument("--records-divided-by", type=int, default=1, metavar="N", help="for a quick look")
    parser.add_argument("--to", type=Path, default=RESULTS)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
