"""The stage stands: two kernels, cells that run, a stop button, a file, somebody who does not trust it."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .conftest import Open, Send
from .lab import KERNELS, ROOT
from .screen import Screen

both = pytest.mark.parametrize("kernel", KERNELS)
WAIT = """
import threading
print("begun", flush=True)
try:
    while not threading.Event().wait(0.05): pass
except KeyboardInterrupt:
    print("ended")
"""
DRAW = """
from IPython.display import HTML
HTML('<p style="color: #333" onclick="go()">words</p><style>.x { color: red }</style>')
"""


@both
def test_a_kernel_is_of_the_generation_that_it_says(notebook: Open, kernel: str) -> None:
    output = notebook("import ipykernel; print(ipykernel.__version__)").run()
    assert output.inner_text().startswith(kernel.removeprefix("ipykernel"))


def test_a_kernel_runs_what_stands_in_this_folder(notebook: Open) -> None:
    output = notebook("import spyro_sdk; print(spyro_sdk.__file__)").run()
    assert output.inner_text().strip() == str(ROOT / "spyro_sdk" / "__init__.py")


@both
def test_the_stop_button_stops_a_cell(notebook: Open, kernel: str) -> None:
    it = notebook(WAIT)
    it.watch()
    it.start().get_by_text("begun").wait_for()
    assert it.stop(0, "ended") < 1
    it.wait()
    assert it.output().inner_text().split() == ["begun", "ended"]
    assert [frame.text.split()[-1:] for frame in it.seen()] == [[], ["begun"], ["ended"]]


def test_what_somebody_else_sent_is_not_trusted(notebook: Open, sent_to_somebody: Send) -> None:
    it = notebook(DRAW)
    assert it.run().locator("[onclick]").count() == 1
    assert "<style>" in it.save()
    assert it.is_trusted()
    copy = sent_to_somebody(it)
    assert not copy.is_trusted()
    assert copy.output().get_by_text("words").is_visible()
    assert copy.output().locator("[onclick], style").count() == 0


def test_a_request_that_would_leave_this_machine_is_noticed(notebook: Open, the_screen: Screen) -> None:
    page = notebook().page
    assert any(it.startswith("ws://127.0.0.1") for it in the_screen.asked)
    assert any(it.startswith("http://127.0.0.1") for it in the_screen.asked)
    assert the_screen.strangers() == []
    for address in ("https://acme.example/", "http://127.0.0.1:9/"):
        assert page.evaluate("it => fetch(it).then(() => false, () => true)", address)
    assert the_screen.strangers() == ["https://acme.example/", "http://127.0.0.1:9/"]
    the_screen.forget()


PROGRAM = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from lab import jupyterlab
with jupyterlab(Path(sys.argv[2])) as lab:
    print(lab.address, flush=True)
    time.sleep(60)
"""


def test_a_server_ends_with_who_started_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(Path(__file__).parent), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8") as starter:
        assert starter.stdout
        port = int(starter.stdout.readline().rpartition(":")[2])
        assert answers(port)
        starter.kill()
        until = time.monotonic() + 15
        while answers(port) and time.monotonic() < until:
            time.sleep(0.05)
        assert not answers(port)


def answers(port: int) -> bool:
    with socket.socket() as it:
        return it.connect_ex(("127.0.0.1", port)) == 0
