"""Services that never were, spoken over real HTTP on loopback, so that nobody needs an account to try."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import weakref
from pathlib import Path
from types import TracebackType
from typing import IO

__all__ = ["SERVICES", "DemoProcess", "start"]

SERVICES = {"salesforce": "spyro_sdk.demo.server", "github": "spyro_sdk.demo.github.server"}
"""The module of each service: its `Settings`, what they mean (`HELP`), and how it is run (`serve`)."""
PATIENCE = 5.0  # seconds that a child has to end by itself
SECRET_NAME = re.compile("credential|key|passw|secret|token", re.IGNORECASE)
"""Names of variables that the child has no use for."""
_running: dict[tuple[object, ...], DemoProcess] = {}
_guard = threading.Lock()


class DemoProcess:
    """A demo service in a child process, which ends with its parent, `stop()` or its `with` block."""

    def __init__(self, arguments: list[str]) -> None:
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by _end
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", "spyro_sdk.demo", "--announce", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=_environment(),
            start_new_session=True,  # a terminal's Ctrl-C is not for it
        )
        self.stop = weakref.finalize(self, _end, self._process, self._errors, os.getpid())
        self.credentials: dict[str, str] = self._hear()
        self.base_url: str = self.credentials.pop("base_url")

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether the child still runs, and is ours rather than inherited by a fork."""
        return self.stop.alive and self._process.poll() is None

    def __enter__(self) -> DemoProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<DemoProcess {self.base_url} {'running' if self.is_alive else 'stopped'}>"

    def _hear(self) -> dict[str, str]:
        """Read the child's announcement."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            self._errors.seek(0)
            words = self._errors.read().decode(errors="replace").strip()
            self.stop()
            raise RuntimeError(f"the demo service did not start:\n{words}")
        return {str(name): str(value) for name, value in json.loads(line).items()}


def start(service: str = "salesforce", **options: float | bool) -> DemoProcess:
    """Start a demo service in a child process, or return the running one started with the same words.

    `options` are those of `python -m spyro_sdk.demo --help`, with underscores, such as `records` and `seed`.
    Raises RuntimeError with the child's complaint if it does not start.
    """
    flags = _flags({"service": service, **options})
    key = (os.getpid(), *sorted(flags))
    with _guard:
        running = _running.get(key)
        if running is None or not running.is_alive:
            running = _running[key] = DemoProcess(flags)
        return running


def _flags(settings: dict[str, str | float | bool]) -> list[str]:
    flags = {"--" + name.replace("_", "-"): value for name, value in settings.items() if value is not False}
    return [flag if value is True else f"{flag}={value}" for flag, value in flags.items()]


def _environment() -> dict[str, str]:
    """The parent's without its secrets; the child finds this very package, wherever the parent found it."""
    home = str(Path(__file__).resolve().parents[2])
    path = [home, *filter(None, [os.environ.get("PYTHONPATH")])]
    kept = {name: text for name, text in os.environ.items() if not SECRET_NAME.search(name)}
    return {**kept, "PYTHONPATH": os.pathsep.join(path)}


def _end(process: subprocess.Popen[bytes], errors: IO[bytes], owner: int) -> None:
    """Close the child's stdin, which ends it, and gather it up; in a fork of the parent leave it alone."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    errors.close()
    if os.getpid() != owner:
        process.returncode = 0  # it is not ours to wait for, and Popen need not warn that we did not
        return
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
