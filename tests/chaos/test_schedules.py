"""Many faults in one fetch: all records once each and in order, or an error of ours, and in time."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from dataclasses import replace

import pytest

from .door import Door
from .faults import ALWAYS, KINDS, Fault
from .org import records
from .schedules import PLACES, Stage, drawn, main
from .service import Chaos

COUNT = int(os.environ.get("SPYRO_SCHEDULES", "2000"))
SHARE = 20  # schedules in each test


@pytest.fixture(scope="module")
def stage(chaos: Chaos) -> Iterator[Stage]:
    logging.disable()  # thousands of warnings, each of which pytest would keep
    with records() as store:
        yield Stage(chaos, store)
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("first", range(0, COUNT, SHARE))
def test_whatever_happens_the_records_are_right_or_an_error_says_that_they_are_not(
    stage: Stage, first: int
) -> None:
    for seed in range(first, min(first + SHARE, COUNT)):
        stage.play(drawn(seed))


def test_a_seed_gives_the_same_schedule_again() -> None:
    assert [str(drawn(seed)) for seed in range(50)] == [str(drawn(seed)) for seed in range(50)]


def test_schedules_have_all_that_can_go_wrong() -> None:
    """Every fault, every way to page, every door."""
    known = [drawn(seed) for seed in range(3_000)]
    assert {it.style for it in known} == set(PLACES)
    assert {fault.kind for it in known for fault in it.faults} == set(KINDS)
    assert {(bool(it.door.lasts), bool(it.door.busy), bool(it.door.quota)) for it in known} == {
        (False, False, False),
        (True, False, False),
        (True, True, False),
        (False, False, True),
    }
    assert any(it.door.forgets for it in known)
    assert max(len(it.faults) for it in known) > 8


def test_what_is_wrong_is_told_with_the_seed(stage: Stage) -> None:
    lasting = Fault("status", 2, ALWAYS, {"status": 500})
    schedule = replace(drawn(4), style="cursor", door=Door(), faults=(lasting,), heals=True)
    with pytest.raises(AssertionError, match=r"seed 4: cursor (.|\n)*status=500 on page 2(.|\n)*not healed"):
        stage.play(schedule)


def test_the_command_says_what_came_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(0, 3) == 0
    assert "3 schedules" in capsys.readouterr().out
