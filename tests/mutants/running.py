"""The tests of a unit are run with a mutant in the place of a module, each time in a process of its own.

The process is forked from one that has imported all that is heavy and nothing of ours: so a run costs
little more than the tests themselves. Its home and its temporary files are in a folder of its own: a mutant
of what removes files removes those that it should not.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Final

from .units import APART

HEAVY: Final = (
    *("pytest", "hypothesis", "hypothesis.stateful", "anyio", "aiohttp", "backoff", "requests", "numpy"),
    *(
        "pyarrow",
        "pyarrow.compute",
        "pyarrow.json",
        "pyarrow.csv",
        "pyarrow.parquet",
        "pyarrow.ipc",
        "pandas",
    ),
    *("filelock", "platformdirs", "requests_oauthlib", "urllib3", "pydantic", "trustme"),
    *("anyio.pytest_plugin", "pytest_timeout", "_hypothesis_pytestplugin", "xml.etree.ElementTree", "pdb"),
    *("_pytest.junitxml", "_pytest.skipping", "_pytest.unittest", "_pytest.unraisableexception"),
)
FLAGS: Final = (
    *("-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:cov", "--timeout=0"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),  # of what is imported before
)
QUIET: Final = {"SPYRO_HYPOTHESIS": "mutants"}
PAUSE: Final = 0.01  # seconds between two looks


@dataclass(frozen=True)
class Instead(MetaPathFinder, Loader):
    """Gives a module other code than its file has."""

    name: str
    code: CodeType

    def find_spec(self, name: str, path: Any, target: ModuleType | None = None) -> ModuleSpec | None:
        if name != self.name or (spec := PathFinder.find_spec(name, path)) is None:
            return None
        spec.loader = self
        return spec

    def create_module(self, spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        exec(self.code, vars(module))


def warmed() -> None:
    """Import what every run needs."""
    os.environ |= QUIET
    for name in HEAVY:
        with suppress(ImportError):
            import_module(name)
    gc.collect()
    gc.freeze()  # or each run looks through all of it again


def name_of(path: Path) -> str:
    """What the module in a file below the current folder is called."""
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def passes(name: str, code: CodeType, tests: Sequence[str], limit: float) -> bool | None:
    """Whether the tests pass with this code in the place of the module's; None where they do not end."""
    with tempfile.TemporaryDirectory(prefix="mutant-", ignore_cleanup_errors=True) as home:
        Path(home).chmod(0o755)  # some tests do without the rights of root, and look for their files then
        return _ended(name, code, tests, limit, home)


def _ended(name: str, code: CodeType, tests: Sequence[str], limit: float, home: str) -> bool | None:
    child = os.fork()
    if not child:
        _move(home)
        _run(name, code, tests)
    until = time.monotonic() + limit
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status == 0
        if time.monotonic() > until:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return None
        time.sleep(PAUSE)


def _move(home: str) -> None:
    """Have all that looks for the user's files look here."""
    for variable in [it for it in os.environ if it.startswith("XDG_")]:
        del os.environ[variable]
    os.environ |= {"HOME": home, "TMPDIR": home}
    tempfile.tempdir = home


def _run(name: str, code: CodeType, tests: Sequence[str]) -> None:
    """Run the tests, and end with 0 where all pass."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nothing, stream)
    sys.meta_path.insert(0, Instead(name, code))
    import pytest

    result: int = 1
    try:
        result = pytest.main([*FLAGS, *(f"--deselect={it}" for it in APART), *tests])
    finally:
        os._exit(int(result))
