"""The table says who was measured, how fast they were, and beside whom."""

from __future__ import annotations

import pytest
import side_by_side
from contest import Run


def test_the_table_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    side_by_side.main(["--records=2000", "--rounds=1", "--only", "loop"])
    said = capfd.readouterr().out
    assert "Python 3." in said
    assert "2,000 records, 1.9 MB in 1 pages, plain, 0 ms an answer; rounds: 1" in said
    assert "ms of CPU for a page" in said
    assert "it is not the bottleneck: the fastest contender takes" in said
    assert said.splitlines()[-1].endswith("1.00 (1.00–1.00)")


def test_ratios_have_their_spread() -> None:
    base, own = [Run(it, 0, 0, 0, None) for it in (1.0, 2.0, 4.0)], [Run(0.5, 0, 0, 0, None)] * 3
    assert side_by_side.spread(base, own).split() == ["4.00", "(2.00–8.00)"]


def test_without_the_base_there_are_no_ratios() -> None:
    _, line = side_by_side.table({"limit": [Run(0.5, 0.25, 10, 20, None, served=0.125)]}, 1000)
    assert line.split()[-4:] == ["2,000", "0.25", "20", "0.12"]


def test_who_needs_minutes_runs_only_when_asked_for() -> None:
    assert not side_by_side.SLOW & set(side_by_side._options([]).only)
    assert side_by_side._options(["--only", "dlt-pipeline"]).only == ["dlt-pipeline"]
