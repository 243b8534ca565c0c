"""Imports that are done while something else is waited for."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from spyro_sdk import warm

ROOT = Path(__file__).parents[1]
fork_only = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


def ended(module: str) -> threading.Thread:
    """The thread that imported a module."""
    thread = warm._begun[module]
    thread.join(10)
    return thread


def test_a_module_is_imported_once_in_a_daemon_thread() -> None:
    loaded: list[tuple[str, threading.Thread]] = []

    def load(module: str) -> None:
        loaded.append((module, threading.current_thread()))

    for _ in range(3):
        warm.begin("once", load=load)
    thread = ended("once")
    assert loaded == [("once", thread)]
    assert thread.daemon
    assert thread is not threading.current_thread()


def test_nobody_waits_for_an_import_that_is_under_way() -> None:
    goes_on = threading.Event()
    warm.begin("slow", load=lambda module: goes_on.wait(10))
    assert warm._begun["slow"].is_alive()
    goes_on.set()
    assert not ended("slow").is_alive()


def test_who_ends_or_forks_waits_for_what_is_under_way() -> None:
    begun = threading.Event()

    def load(module: str) -> None:
        begun.set()
        time.sleep(0.05)

    warm.begin("waited for", load=load)
    begun.wait(10)
    warm._settle()
    assert not warm._begun["waited for"].is_alive()
    warm._settle()  # there is nothing to wait for


def test_what_is_imported_already_takes_no_thread() -> None:
    warm.begin("sys")
    assert "sys" not in warm._begun


def test_an_import_that_fails_is_left_to_who_needs_it(capsys: pytest.CaptureFixture[str]) -> None:
    warm.begin("there_is_no_such_module")
    assert not ended("there_is_no_such_module").is_alive()
    assert capsys.readouterr() == ("", "")


def run(script: str) -> str:
    """What a script in a process of its own prints; every warning is an error there."""
    command = [sys.executable, "-W", "error", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60, check=True)
    assert done.stderr == ""
    return done.stdout.strip()


CONNECTED = """
import sys
from spyro_sdk import BaseConnector, connect, warm

class Mine(BaseConnector):
    async def connect(self): pass
    async def fetch_data(self, entity_type, since=None, filters=None):
        yield {"id": 1}

assert "pandas" not in sys.modules and list(warm._begun) == ["aiohttp"]
mine = connect(Mine, auth_type="none")
"""


def test_pandas_is_on_its_way_once_connected() -> None:
    print_it = (
        "warm._begun['pandas'].join(); print('pandas' in sys.modules, len(mine.fetch('x').to_pandas()))"
    )
    assert run(CONNECTED + print_it) == "True 1"


def test_aiohttp_is_on_its_way_once_connect_is_named() -> None:
    named = "import sys; from spyro_sdk import connect, warm; warm._begun['aiohttp'].join(); "
    assert run(named + "print('aiohttp' in sys.modules)") == "True"


def test_nothing_is_on_its_way_for_who_names_something_else() -> None:
    named = "import spyro_sdk; from spyro_sdk import ConnectorError, Entity, warm; print(warm._begun)"
    assert run(named) == "{}"


def test_a_process_may_end_while_an_import_is_under_way() -> None:
    assert run(CONNECTED) == ""


@fork_only
def test_a_forked_child_never_meets_a_module_that_is_half_imported() -> None:
    forked = """
import os
child = os.fork()
if not child:
    import pandas
    os._exit(7 if pandas.DataFrame else 8)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert run(CONNECTED + forked) == "7"
