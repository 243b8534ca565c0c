"""Many faults in one fetch: all records once each and in order, or an error of ours, and in time."""

from __future__ import annotations

import os

import pytest

from .schedules import drawn, main, play
from .service import Chaos

COUNT = int(os.environ.get("SPYRO_SCHEDULES", "300"))
SHARE = 20  # schedules in each test


@pytest.mark.parametrize("first", range(0, COUNT, SHARE))
def test_whatever_happens_the_records_are_right_or_an_error_says_that_they_are_not(
    chaos: Chaos, first: int
) -> None:
    for seed in range(first, min(first + SHARE, COUNT)):
        play(chaos, drawn(seed))


def test_a_seed_gives_the_same_schedule_again() -> None:
    assert [str(drawn(seed)) for seed in range(50)] == [str(drawn(seed)) for seed in range(50)]


def test_the_command_says_what_came_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(0, 3) == 0
    assert "3 schedules" in capsys.readouterr().out
