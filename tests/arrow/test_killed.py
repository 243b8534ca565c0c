"""An export that is killed leaves the old table or the new one, and nothing that stays."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from .killed import KINDS, standing, write
from .rows import names

KILLS = 50  # of each kind of file
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("kind", KINDS)
def test_an_export_killed_at_any_moment_leaves_the_old_or_the_new_table(tmp_path: Path, kind: str) -> None:
    seed = random.SystemRandom().getrandbits(32)
    command = [sys.executable, "-m", "tests.arrow.killed", kind, str(tmp_path), str(KILLS), str(seed)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    told = f"{' '.join(command[1:])}: {found} {done.stderr}"
    assert found.get("lost", 0) == found.get("failed", 0) == 0, told
    assert found["old"] + found["new"] == KILLS, told
    assert found["killed"] > KILLS // 5, told
    assert found["left"], told

    for draft in tmp_path.glob(".rows.*"):  # a minute later
        os.utime(draft, (0, 0))
    make, read = KINDS[kind]
    write(make, tmp_path / "rows", 12345)
    assert standing(read, tmp_path / "rows") == 12345
    assert names(tmp_path) == ["rows"]


def test_half_a_table_or_none_is_noticed(tmp_path: Path) -> None:
    make, read = KINDS["csv"]
    path = tmp_path / "rows"
    assert standing(read, path) == -1
    write(make, path, 7)
    assert standing(read, path) == 7
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    assert standing(read, path) == -1
