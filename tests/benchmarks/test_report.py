"""What was measured is kept, and the page shows what was kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import claims
import picture
import pytest
import report
import tables
from contest import CONTENDERS, Ceiling, Run, Terms
from results import Outcome, Results, load
from scenarios import SCENARIOS

RUN = Run(1.0, 0.5, 100.0, 300.0, 100.0, granted=100, share=0.98)


def outcome(name: str) -> Outcome:
    """One in which ours take a second, and the others twenty."""
    scenario = SCENARIOS[name]
    runs = {it: [_run(it)] * 3 for it in scenario.names}
    return Outcome(scenario.terms, 94_000_000, Ceiling(5e6, 0.0002), runs)


def _run(name: str) -> Run:
    return RUN if CONTENDERS[name].is_ours else replace(RUN, seconds=20.0, size=None)


@pytest.fixture
def results() -> Results:
    return Results("2026-01-01", "a machine", {name: outcome(name) for name in SCENARIOS})


def test_what_was_measured_is_read_as_it_was_written(results: Results, tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    file.write_text(results.to_json(), encoding="utf-8")
    assert load(file) == results


def test_a_scenario_is_measured_and_kept_with_the_others(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    for name, rounds in (("million", 2), ("announced", 1)):
        report.main([f"--to={file}", f"--rounds={rounds}", "--records-divided-by=400", "--only", name])
    kept = load(file).outcomes
    assert list(kept) == ["million", "announced"]
    assert len(kept["million"].runs["limit"]) == 2
    assert len(kept["announced"].runs["pages"]) == 1
    assert kept["million"].terms.records == 2_500
    assert kept["announced"].terms.wires == ("items",)


def test_every_scenario_names_contenders_of_its_wires_and_compares_with_one_of_them() -> None:
    for name, it in SCENARIOS.items():
        assert it.base in it.names, name
        assert {CONTENDERS[who].wire for who in it.names} == set(it.terms.wires), name


def test_the_tables_show_every_run(results: Results) -> None:
    said = list(tables.tables(results))
    assert said[0] == "On 2026-01-01: a machine."
    for name, it in SCENARIOS.items():
        assert f"### {it.title}" in said, name
    row = next(line for line in said if line.startswith("| spyro_sdk to_pandas |"))
    assert row == "| spyro_sdk to_pandas | 100,000 | 0.50 | 300 | 200 | 100 | 20.00 (20.00–20.00) |"
    limited = next(line for line in said if line.startswith("| aiohttp, 16 at once, Retry-After |"))
    assert "| 100 | 0 | 0.980 | 1.00 (1.00–1.00) |" in limited


def test_a_claim_says_what_was_wanted_what_came_and_whether_that_is_enough(results: Results) -> None:
    said = list(claims.lines(results))
    assert len(said) == len(claims.CLAIMS) + 2
    assert "| to_pandas, times the loop | ≥ 10 | 20 | yes |" in said
    assert "| to_pandas, times airbyte-cdk | ≥ 30 | 20 | **no** |" in said
    assert "| share of the allowance used | ≥ 0.97 | 0.98 | yes |" in said
    assert "| requests refused | ≤ 0 | 0 | yes |" in said
    assert "| declared, times dlt's RESTClient | ≥ 10 | 20 | yes |" in said
    assert "| to_pandas, peak over the DataFrame's size, 500,000 records | ≤ 2 | 3 | **no** |" in said
    assert "| to_parquet, peak of 1,000,000 records over 100,000 | ≤ 1.3 | 1 | yes |" in said
    # one second for a hundred answers of 150 ms
    assert "| 150 ms, one page after the other, times the sum of latencies | ≤ 1.05 | 0.0667 | yes |" in said


def test_a_claim_is_made_only_of_what_was_measured(results: Results) -> None:
    few = Results(results.date, results.versions, {"gzip": results.outcomes["gzip"]})
    assert len(list(claims.lines(few))) == 2


def test_the_picture_shows_what_was_measured_and_no_limit_that_hides_the_rest(results: Results) -> None:
    shown = picture.panels(results)
    assert len(shown) == 5
    assert "limit" not in shown[0].bars
    assert shown[0].bars["to_pandas"] == 100_000
    assert "items-limit" in shown[2].bars
    assert shown[4].bars["loop"] == 300
    few = Results(results.date, results.versions, {"bulk": results.outcomes["bulk"]})
    assert [panel.title for panel in picture.panels(few)] == ["records a second, Bulk API 2.0"]


def test_terms_are_said_to_the_service_in_full() -> None:
    terms = Terms(10, page=5, latency=1.5, packs=True, rate=3, announces=True, wires=("items", "bulk"))
    assert terms.options == [
        "--records=10",
        "--page=5",
        "--latency=1.5",
        "--rate=3",
        "--gzip",
        "--announce",
        "--wires",
        "items",
        "bulk",
    ]
