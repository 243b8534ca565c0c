"""Find Chromium; install it where that is ours to do.

    python tests/browser/chromium.py

Root on Debian gets it from Debian's packages. Everybody else is told how to get it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "microsoft-edge")
ELSEWHERE = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
HOW = """\
The tests in a browser need Chromium, and there is none here. To install it:
  Debian          apt-get install chromium fonts-dejavu-core
  Fedora          dnf install chromium
  Ubuntu          snap install chromium
  macOS           brew install --cask chromium
Or name one that is elsewhere: SPYRO_BROWSER=/path/to/chromium make test
Or leave these tests out: SPYRO_BROWSER=none make test"""
UPDATE = ("apt-get", "update", "-qq")
INSTALL = (
    *("apt-get", "install", "-y", "-qq", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300"),
    *("chromium", "fonts-dejavu-core"),
)

Which = Callable[[str], str | None]


def found(environ: Mapping[str, str] = os.environ, which: Which = shutil.which) -> str | None:
    """The path of a Chromium, Chrome or Edge; None where there is none, or not the one that was named."""
    named = environ.get("SPYRO_BROWSER")
    wanted = (named,) if named else (*NAMES, *ELSEWHERE)
    return next(filter(None, map(which, wanted)), None)


def we_are_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def may_install(
    environ: Mapping[str, str] = os.environ, which: Which = shutil.which, *, is_root: bool = we_are_root()
) -> bool:
    """Whether we are root on a Debian, and nobody named a browser of their own."""
    return is_root and which("apt-get") is not None and not environ.get("SPYRO_BROWSER")


def install() -> None:
    """Install it, and the font in which the pictures are drawn."""
    print("Installing Chromium for the tests in a browser …", flush=True)  # noqa: T201
    for command in (UPDATE, INSTALL):
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(command, env=quiet, stdout=subprocess.DEVNULL, check=False)


if __name__ == "__main__":
    if found() is None and may_install():
        install()
    if found() is None:
        sys.exit(HOW)
