"""A JupyterLab of the tests' own: on this machine alone, in a home that is empty, with two kernels."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SERVER = Path(__file__).with_name("server.py")
OLDER = Path(sys.prefix, "ipykernel6")
"""Where `make browser` puts ipykernel 6."""
KERNELS = {"ipykernel7": (ROOT,), "ipykernel6": (OLDER, ROOT)}
"""Each kernel by its name, and where it looks for modules first."""
KEPT = ("PATH", "LANG", "TMPDIR", "SPYRO_TOKEN_STORE")
"""What the server has of our environment: no hub, and no account of anybody."""
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {"windowingMode": "none"},  # cells out of sight stay in the page
}
PATIENCE = 60.0  # seconds


@dataclass(frozen=True)
class Lab:
    """A server that runs."""

    address: str
    token: str
    folder: Path
    """What it shows of the disk."""
    process: subprocess.Popen[bytes]

    @property
    def front_door(self) -> str:
        """The page to open first."""
        return f"{self.address}/lab?token={self.token}&reset"

    def is_up(self) -> bool:
        """Whether it answers."""
        connection = HTTPConnection(self.address.removeprefix("http://"), timeout=5)
        try:
            connection.request("GET", "/api/status", headers={"Authorization": f"token {self.token}"})
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()


@contextmanager
def jupyterlab(home: Path) -> Iterator[Lab]:
    """Start a server whose files are all in `home`; end it afterwards."""
    furnish(home)
    (folder := home / "notebooks").mkdir()
    port, token = free_port(), secrets.token_hex(16)
    with (home / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, str(SERVER), *flags(port, token, folder)],
            cwd=folder,
            env=environment(home),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,  # a terminal's Ctrl-C is not for it
        )
    lab = Lab(f"http://127.0.0.1:{port}", token, folder, process)
    try:
        wait_for(lab, home / "server.log")
        yield lab
    finally:
        end(process)


def flags(port: int, token: str, folder: Path) -> list[str]:
    """What the server is told."""
    return [
        "--no-browser",
        "--allow-root",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--IdentityProvider.token={token}",
        f"--ServerApp.root_dir={folder}",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.news_url=''",
        "--LabApp.extension_manager=readonly",
        "--LabApp.expose_app_in_browser=True",
    ]


def environment(home: Path) -> dict[str, str]:
    """A person's, who has just moved in. Their browser is a program that shows nothing, and goes well."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    own = {"HOME": home, "JUPYTER_PATH": home / "share", "JUPYTERLAB_SETTINGS_DIR": home / "settings"}
    return {**kept, **{name: str(path) for name, path in own.items()}, "BROWSER": "true"}


def furnish(home: Path) -> None:
    """Write the settings, and a description of each kernel."""
    for name, settings in SETTINGS.items():
        write(home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings", settings)
    for name, paths in KERNELS.items():
        write(home / "share" / "kernels" / name / "kernel.json", kernel(name, paths))


def kernel(name: str, paths: tuple[Path, ...]) -> Mapping[str, Any]:
    """How a kernel is started that looks for modules in `paths` first."""
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    path = os.pathsep.join(map(str, paths))
    return {"argv": command, "display_name": name, "language": "python", "env": {"PYTHONPATH": path}}


def write(path: Path, contents: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(contents), encoding="utf-8")


def free_port() -> int:
    with socket.socket() as it:
        it.bind(("127.0.0.1", 0))
        port: int = it.getsockname()[1]
        return port


def wait_for(lab: Lab, log: Path) -> None:
    """Return once it answers; raise what it wrote if it ended or takes too long."""
    until = time.monotonic() + PATIENCE
    while not lab.is_up():
        if lab.process.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"JupyterLab did not start:\n{log.read_text(encoding='utf-8')[-3000:]}")
        time.sleep(0.1)


def end(process: subprocess.Popen[bytes]) -> None:
    """End it as it would end without us."""
    assert process.stdin
    process.stdin.close()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
