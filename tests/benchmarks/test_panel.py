"""What the panel costs is told as a share of the fetch."""

from __future__ import annotations

import panel
import pytest

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning"
)  # of what the kernel's client is made of


def test_the_figures_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    panel.main(["--records=2000", "--rounds=1"])
    _, *lines, verdict = capsys.readouterr().out.splitlines()
    assert [line[:34].strip() for line in lines] == [
        "2,000 records, 50 ms an answer",
        "2,000 records, 0 ms an answer",
        "20,000 records, 0 ms an answer",
    ]
    for line in lines:
        assert int(line.split()[-2]) >= 1  # it was drawn
    assert verdict.startswith("at most 2 %: ")


def test_the_share_is_that_of_each_turn() -> None:
    silent = [panel.Seconds(1.0, 0.01), panel.Seconds(2.0, 0.01)]
    shown = [panel.Seconds(1.01, 0.03), panel.Seconds(1.98, 0.01)]
    it = panel.Turns(silent, shown)
    assert it.slower == [pytest.approx(1), pytest.approx(-1)]
    assert it.work == [pytest.approx(2), pytest.approx(0)]
