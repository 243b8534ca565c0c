"""An export that is killed at any moment goes on, again and again, and makes what one run makes."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from .apis.api import serve
from .apis.apis import APIS

KILLS, COUNT, SIZE = 24, 300, 15
ROOT = Path(__file__).parents[1]


def test_killed_at_any_moment_it_goes_on_and_reads_at_most_a_page_again(tmp_path: Path) -> None:
    seed = random.SystemRandom().getrandbits(32)
    with serve(replace(APIS["offset without a total"], count=COUNT)) as service:
        command = [sys.executable, "-m", "tests.killed_on_the_way", service.base_url, str(tmp_path)]
        command += [str(KILLS), str(seed)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=110)
        asked = len(service.asked)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    told = f"{' '.join(command[1:])}: {found} {done.stderr}"
    assert found.get("wrong", 0) == found.get("failed", 0) == found["left"] == 0, told
    assert found["killed"] == KILLS, told
    assert found["right"] >= found["ended"], told
    pages = COUNT // SIZE + 4
    whole_runs = found["right"] + 1
    assert asked <= whole_runs * pages + KILLS * 3, told  # a page again, and those under way
