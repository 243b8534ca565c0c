"""An export that is killed leaves the old table or the new one, and nothing that stays."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from . import kills
from .killed import KINDS, standing, write

KILLS = 50  # of each kind of file


@pytest.mark.parametrize("kind", KINDS)
def test_an_export_killed_at_any_moment_leaves_the_old_or_the_new_table(tmp_path: Path, kind: str) -> None:
    kills.played(kind, tmp_path, KILLS, random.SystemRandom().getrandbits(32))


def test_half_a_table_or_none_is_noticed(tmp_path: Path) -> None:
    make, read = KINDS["csv"]
    path = tmp_path / "rows"
    assert standing(read, path) == -1
    write(make, path, 7)
    assert standing(read, path) == 7
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    assert standing(read, path) == -1


def test_the_command_says_what_it_found_and_with_which_seed(capsys: pytest.CaptureFixture[str]) -> None:
    assert kills.main(20, 17, ["csv"]) == 0
    assert capsys.readouterr().out.startswith("20 exports are killed, seed 17\ncsv          20 in ")
