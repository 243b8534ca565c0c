"""Exports killed by the thousand, and whether what they leave is right; `make chaos` runs it.

python -m tests.arrow.kills [COUNT [SEED]]
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from .killed import KINDS, standing, write
from .rows import names

COUNT = 2_000
SHOWN = 2_000  # last characters of what a failed run said
ROOT = Path(__file__).parents[2]


def played(kind: str, folder: Path, times: int, seed: int) -> dict[str, int]:
    """Kill so many exports; say what was found. An `AssertionError` tells the command that does it again."""
    command = [sys.executable, "-m", "tests.arrow.killed", kind, str(folder), str(times), str(seed)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60 + times, check=False)
    told = f"{' '.join(command[1:])}: {done.stdout} {done.stderr[-SHOWN:]}"
    assert done.returncode == 0, told
    found: dict[str, int] = json.loads(done.stdout)
    assert found.get("lost", 0) == found.get("failed", 0) == 0, told
    assert found["old"] + found["new"] == times, told
    assert found["killed"] > times // 5, told
    assert found["left"], told
    _assert_swept(kind, folder, told)
    return found


def _assert_swept(kind: str, folder: Path, told: str) -> None:
    """The next export removes what the killed ones have left, once it is a minute old."""
    for draft in folder.glob(".rows.*"):
        os.utime(draft, (0, 0))
    make, read = KINDS[kind]
    write(make, folder / "rows", 12345)
    assert standing(read, folder / "rows") == 12345, told
    assert names(folder) == ["rows"], told


def main(count: int, seed: int, kinds: Sequence[str] = tuple(KINDS)) -> int:
    """Kill so many exports, of each kind of file as many; return of how many kinds some went wrong."""
    print(f"{count:,} exports are killed, seed {seed}", flush=True)  # noqa: T201
    return sum(not _went_well(kind, count // len(kinds), seed) for kind in kinds)


def _went_well(kind: str, times: int, seed: int) -> bool:
    begun = time.monotonic()
    with TemporaryDirectory() as folder:
        try:
            found = str(played(kind, Path(folder), times, seed))
        except (AssertionError, subprocess.TimeoutExpired) as error:
            found = f"WRONG: {error}"
    print(f"{kind:12} {times:,} in {time.monotonic() - begun:.0f} s: {found}", flush=True)  # noqa: T201
    return not found.startswith("WRONG")


if __name__ == "__main__":
    given = [int(it) for it in sys.argv[1:]]
    sys.exit(main(given[0] if given else COUNT, given[1] if len(given) > 1 else random.getrandbits(32)) != 0)
