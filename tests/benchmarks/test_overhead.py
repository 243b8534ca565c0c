"""What we cost is told as a share of a page's time."""

from __future__ import annotations

import overhead
import pytest


def test_the_figures_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    overhead.main(["--records=2000", "--rounds=1", "--repeats=100"])
    said = capsys.readouterr().out.splitlines()
    assert [line[:34].strip() for line in said[:-1]] == [
        "a page of 2,000 records to Arrow",
        "guards (retry, breaker, limiter)",
        "events to Stats",
        "events to logging",
        "events to the progress line",
        "all of them",
    ]
    assert all(line.endswith("%") for line in said[1:-1])
    assert said[-1].startswith("with progress=True, 1 turns: ")
