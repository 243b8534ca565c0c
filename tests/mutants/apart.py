"""Mutants run where they can do no harm: of all files they can write those in a folder of their own alone.

A mutant of what removes files removes others than it should. Bubblewrap gives the whole run a view of the
machine in which everything can be read and nothing written, but for temporary files that end with it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from ..programs import BUBBLEWRAP

ROOT: Final = str(Path(__file__).parents[2])
SIGN: Final = "SPYRO_MUTANTS_APART"
OWN: Final = "/tmp"  # in which nothing is of before, and of which nothing stays
VIEW: Final = (
    *("--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", OWN),
    *("--ro-bind", ROOT, ROOT, "--chdir", ROOT),  # or what is tried is not there where it is in OWN itself
    *("--unshare-net", "--unshare-pid", "--die-with-parent"),
    *("--setenv", SIGN, "1", "--setenv", "TMPDIR", OWN, "--setenv", "PYTHONPYCACHEPREFIX", f"{OWN}/cache"),
)
"""What a run sees: no network either, but for this machine's own."""


def command(program: str, arguments: Sequence[str]) -> list[str]:
    """How the same is run apart."""
    return [program, *VIEW, sys.executable, "-m", __package__, *arguments]


def go_apart(arguments: Sequence[str], environ: Mapping[str, str] = os.environ) -> None:
    """Go on apart, unless we are there; says how to get Bubblewrap where it is missing."""
    if environ.get(SIGN):
        if os.access(__file__, os.W_OK):
            sys.exit(f"{SIGN} is set, and yet files can be written here: unset it")
    elif (program := BUBBLEWRAP.found()) is None:
        sys.exit(BUBBLEWRAP.how)
    else:
        os.execv(program, command(program, arguments))
