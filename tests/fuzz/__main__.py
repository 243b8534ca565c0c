"""Fuzz every parser with so many inputs each, on all cores; `make fuzz` runs it.

python -m tests.fuzz [--count 1000000] [--seed 1] [NAME ...]
python -m tests.fuzz --again INPUT NAME
"""

from __future__ import annotations

import argparse
import os
import secrets
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from .. import environment  # noqa: F401
from .drawing import failure_of
from .targets import TARGETS

ENGINE = "guided" if find_spec("atheris") else "drawing"
SHOWN = 30  # last lines of what a failed run said
KEPT = Path("fuzz-failures")


@dataclass(frozen=True)
class Run:
    """One target with so many inputs."""

    name: str
    count: int
    seed: int
    engine: str = ENGINE

    def ended(self, folder: Path) -> tuple[int, float, str]:
        """How it ended, the seconds it took, and what it said."""
        command = [sys.executable, "-m", f"tests.fuzz.{self.engine}"]
        command += [self.name, str(self.count), str(self.seed), str(folder)]
        begun = time.perf_counter()
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        return done.returncode, time.perf_counter() - begun, done.stdout.decode(errors="replace")


def failed_on(run: Run, folder: Path) -> bytes:
    """The input on which a run has ended; b"" where it ended before one."""
    place = folder / run.name
    data = place.read_bytes() if place.exists() else b""
    return data[4 : 4 + int.from_bytes(data[:4])] if run.engine == "drawing" else data


def report(run: Run, folder: Path) -> bool:
    """Run a target, say how it went, and return whether it went well."""
    code, seconds, said = run.ended(folder)
    if code == 0:
        print(f"{run.name:14} {run.count:>11,} inputs {seconds:8.0f} s {run.count / seconds:9,.0f} a second")
        return True
    KEPT.mkdir(exist_ok=True)
    data, place = failed_on(run, folder), KEPT / f"{run.name}-{secrets.token_hex(4)}"
    place.write_bytes(data)
    last = "\n".join(said.rstrip().splitlines()[-SHOWN:])
    print(f"{run.name:14} FAILED with seed {run.seed} on {data[:200]!r}\n{last}")
    print(f"again: {sys.executable} -m tests.fuzz --again {place} {run.name}", flush=True)
    return False


def again(name: str, place: str) -> int:
    """Try one input again; 1 where it still shows something wrong."""
    failure = failure_of(name, Path(place).read_bytes())
    print(failure.why if failure else f"{name}: nothing is wrong with it any more")
    return 1 if failure else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(TARGETS))
    parser.add_argument("--count", type=int, default=1_000_000, help="inputs for each (%(default)s)")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1 << 31), help="by chance, and told")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--again", metavar="INPUT", help="a file that a failure has left")
    asked = parser.parse_args()
    if asked.again:
        return again(asked.names[0], asked.again)
    runs = [Run(name, asked.count, asked.seed) for name in asked.names or TARGETS]
    print(f"{len(runs)} targets, {asked.count:,} inputs each, {ENGINE}, seed {asked.seed}", flush=True)
    with TemporaryDirectory() as folder, ThreadPoolExecutor(asked.processes) as pool:
        went_well = list(pool.map(lambda run: report(run, Path(folder)), runs))
    print(f"{sum(went_well)} of {len(runs)} found nothing wrong")
    return 0 if all(went_well) else 1


if __name__ == "__main__":
    sys.exit(main())
