"""Find a program that tests need; install it where that is ours to do.

    python -m tests.programs bubblewrap chromium compiler redis

Root on Debian gets it from Debian's packages. Everybody else is told how to get it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

UPDATE: Final = ("apt-get", "update", "-qq")
INSTALL: Final = (
    "apt-get",
    "install",
    "-y",
    "-qq",
    "--no-install-recommends",
    "-o",
    "DPkg::Lock::Timeout=300",
)

Which = Callable[[str], str | None]


def headers_of_python() -> bool:
    """Whether what is compiled for this Python finds its headers."""
    return Path(sysconfig.get_path("include"), "Python.h").exists()


def we_are_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


@dataclass(frozen=True)
class Program:
    """A program, the names under which it may be there, and how to get it."""

    names: tuple[str, ...]
    packages: tuple[str, ...]
    """Debian's."""
    how: str
    variable: str = ""
    """Which names another one, if any does."""
    is_complete: Callable[[], bool] = lambda: True
    """Whether what it cannot work without is there too."""

    def found(self, environ: Mapping[str, str] = os.environ, which: Which = shutil.which) -> str | None:
        """Its path; None where there is none, or not the one that was named, or where it is of no use."""
        if not self.is_complete():
            return None
        named = environ.get(self.variable)
        return next(filter(None, map(which, (named,) if named else self.names)), None)

    def may_be_installed(
        self,
        environ: Mapping[str, str] = os.environ,
        which: Which = shutil.which,
        *,
        is_root: bool = we_are_root(),
    ) -> bool:
        """Whether we are root on a Debian, and nobody named one of their own."""
        return is_root and which("apt-get") is not None and not environ.get(self.variable)

    def install(self) -> None:
        """Install it, and say so."""
        print(f"Installing {', '.join(self.packages)} for the tests …", flush=True)  # noqa: T201
        for command in (UPDATE, (*INSTALL, *self.packages)):
            quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
            subprocess.run(command, env=quiet, stdout=subprocess.DEVNULL, check=False)


CHROMIUM: Final = Program(
    (
        *("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "microsoft-edge"),
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
    ),
    ("chromium", "fonts-dejavu-core"),
    """\
The tests in a browser need Chromium, and there is none here. To install it:
  Debian          apt-get install chromium fonts-dejavu-core
  Fedora          dnf install chromium
  Ubuntu          snap install chromium
  macOS           brew install --cask chromium
Or name one that is elsewhere: SPYRO_BROWSER=/path/to/chromium make test
Or leave these tests out: SPYRO_BROWSER=none make test""",
    "SPYRO_BROWSER",
)
REDIS: Final = Program(
    ("redis-server", "valkey-server"),
    ("redis-server",),
    """\
The tests of the rate limit that machines share need a Redis server, and there is none here. To install it:
  Debian, Ubuntu  apt-get install redis-server
  Fedora          dnf install valkey
  macOS           brew install redis""",
)
BUBBLEWRAP: Final = Program(
    ("bwrap",),
    ("bubblewrap",),
    """\
Mutants run where they can write no file of yours. Bubblewrap sees to that, and there is none here; it needs a
Linux. To install it:
  Debian, Ubuntu  apt-get install bubblewrap
  Fedora          dnf install bubblewrap""",
)
COMPILER: Final = Program(
    ("cc", "gcc", "clang"),
    ("gcc", "libc6-dev", "python3-dev"),
    """\
The decoder of pages is compiled, which needs a C compiler and the headers of this Python; one of them is not
here. spyro_sdk works without, by pyarrow.json, but its tests and benchmarks want it. To install both:
  Debian, Ubuntu  apt-get install gcc libc6-dev python3-dev
  Fedora          dnf install gcc python3-devel
  macOS           xcode-select --install""",
    is_complete=headers_of_python,
)
PROGRAMS: Final = {"bubblewrap": BUBBLEWRAP, "chromium": CHROMIUM, "compiler": COMPILER, "redis": REDIS}


def main(names: list[str]) -> str | None:
    """See that the programs are there; how to get the first that is not."""
    for program in (PROGRAMS[name] for name in names):
        if program.found() is None and program.may_be_installed():
            program.install()
        if program.found() is None:
            return program.how
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
