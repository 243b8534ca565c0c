"""Imports: done while something else is waited for, and undisturbed by the garbage collector."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
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
        warm.begin("once", by=load)
    thread = ended("once")
    assert loaded == [("once", thread)]
    assert thread.daemon
    assert thread is not threading.current_thread()


def test_several_are_imported_one_after_the_other_whatever_becomes_of_the_first() -> None:
    loaded: list[str] = []

    def load(module: str) -> None:
        loaded.append(module)
        raise ImportError

    warm.begin("the first", "the next", by=load)
    ended("the first")
    assert loaded == ["the first", "the next"]
    warm.begin("sys", "the first", "one more", by=load)
    ended("one more")
    assert loaded == ["the first", "the next", "one more"]


def test_nobody_waits_for_an_import_that_is_under_way() -> None:
    goes_on = threading.Event()
    warm.begin("slow", by=lambda module: goes_on.wait(10))
    assert warm._begun["slow"].is_alive()
    goes_on.set()
    assert not ended("slow").is_alive()


def test_who_ends_or_forks_waits_for_what_is_under_way() -> None:
    begun = threading.Event()

    def load(module: str) -> None:
        begun.set()
        time.sleep(0.05)

    warm.begin("waited for", by=load)
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


MINE = """
import asyncio, sys, time
from spyro_sdk import BaseConnector, connect, connection, warm

class Mine(BaseConnector):
    seconds = 0.0
    async def connect(self): await asyncio.sleep(self.seconds)
    async def fetch_data(self, entity_type, since=None, filters=None):
        yield {"id": 1}

assert "pandas" not in sys.modules and not warm._begun
"""
CONNECTED = f"""{MINE}
connection.IDLE = 0.0
mine = connect(Mine, auth_type="none")
while not all(it in warm._begun and warm._begun[it].ident for it in ("pandas", "aiohttp")):
    time.sleep(0.001)
"""
SLOW = f"""{MINE}
connection.IDLE, connection.SLOW = 1e6, 0.01
Mine.seconds = 0.5
mine = connect(Mine, auth_type="none")
"""
QUICK = f"""{MINE}
connection.IDLE = connection.SLOW = 1e6
mine = connect(Mine, auth_type="none")
"""
PRINT_IT = "print('pandas' in sys.modules, 'aiohttp' in sys.modules)"


def test_what_a_fetch_needs_is_on_its_way_when_nobody_has_fetched_for_a_moment() -> None:
    both = "for it in warm._begun.values(): it.join()"
    assert run(f"{CONNECTED}{both}\n{PRINT_IT}") == "True True"


def test_pandas_is_on_its_way_while_a_slow_service_is_waited_for() -> None:
    assert run(f"{SLOW}warm._begun['pandas'].join(); {PRINT_IT}") == "True False"


def test_a_fetch_that_follows_at_once_imports_pandas_itself() -> None:
    frame = "frame = mine.fetch('x').to_pandas()"
    assert run(f"{QUICK}{frame}; print(len(frame), warm._begun)") == "1 {}"


def test_nothing_is_on_its_way_for_who_names_something_else() -> None:
    named = "import spyro_sdk; from spyro_sdk import ConnectorError, Entity, warm; print(warm._begun)"
    assert run(named) == "{}"


def test_a_process_may_end_while_an_import_is_under_way() -> None:
    assert run(CONNECTED) == ""


# -- the garbage collector ------------------------------------------------------------------------------


@pytest.fixture
def usual() -> Iterator[tuple[int, int, int]]:
    """Thresholds of the collector that nobody else has."""
    before = gc.get_threshold()
    gc.set_threshold(701, 11, 12)
    yield (701, 11, 12)
    gc.set_threshold(*before)


def test_nothing_is_collected_while_anybody_imports(usual: tuple[int, int, int]) -> None:
    with warm.undisturbed():
        with warm.undisturbed():
            assert gc.get_threshold()[0] == 0
        assert gc.get_threshold()[0] == 0  # somebody still does
    assert gc.get_threshold() == usual


def test_it_is_collected_again_after_an_import_that_failed(usual: tuple[int, int, int]) -> None:
    with pytest.raises(ImportError), warm.undisturbed():
        raise ImportError
    assert gc.get_threshold() == usual


def test_who_says_meanwhile_when_to_collect_is_heeded(usual: tuple[int, int, int]) -> None:
    with warm.undisturbed():
        gc.set_threshold(500, 5, 5)
    assert gc.get_threshold() == (500, 5, 5)


def test_what_was_imported_counts_as_old_and_is_collected_with_the_next_full_collection() -> None:
    gc.collect()
    with warm.undisturbed():
        kept: list[object] = [[]]
        lost: list[object] = []
        lost.append(lost)
        number = id(lost)
        del lost
    assert not any(it is kept for it in gc.get_objects(generation=0))
    assert any(id(it) == number for it in gc.get_objects(generation=2))
    gc.collect()
    assert not any(id(it) == number for it in gc.get_objects())


def test_what_somebody_has_frozen_does_not_thaw() -> None:
    gc.freeze()
    try:
        with warm.undisturbed():
            pass
        assert gc.get_freeze_count()
    finally:
        gc.unfreeze()


def test_what_is_there_already_is_loaded_without_ado(usual: tuple[int, int, int]) -> None:
    gc.collect()
    young: list[object] = [[]]
    assert warm.load("sys") is sys
    assert any(it is young for it in gc.get_objects(generation=0))
    assert gc.get_threshold() == usual


def test_one_imports_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "spyro_importing", [], raising=False)
    for name in ("spyro_one", "spyro_other"):
        (tmp_path / f"{name}.py").write_text(
            "import sys, time\n"
            "sys.spyro_importing.append('begins')\ntime.sleep(0.05)\nsys.spyro_importing.append('ends')\n"
        )
    warm.begin("spyro_one")
    warm.begin("spyro_other")
    for name in ("spyro_one", "spyro_other"):
        ended(name)
    assert vars(sys)["spyro_importing"] == ["begins", "ends"] * 2


@fork_only
def test_a_fork_waits_for_an_import_in_whichever_thread(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text("import sys, time\nsys.begun = True\ntime.sleep(0.3)\nvalue = 7\n")
    script = f"""
import gc, os, sys, threading, time
from spyro_sdk import warm
sys.path.insert(0, {str(tmp_path)!r})
thresholds = gc.get_threshold()
thread = threading.Thread(target=warm.load, args=("slow",))
thread.start()
while not hasattr(sys, "begun"): time.sleep(0.001)
child = os.fork()
if not child:
    import slow
    warm.begin("wave")
    warm._begun["wave"].join()
    os._exit(slow.value if gc.get_threshold() == thresholds and "wave" in sys.modules else 8)
thread.join()
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert run(script) == "7"


@fork_only
def test_a_child_collects_though_somebody_imported_when_its_parent_forked() -> None:
    script = """
import gc, os, threading
from spyro_sdk import warm
thresholds, inside, leave = gc.get_threshold(), threading.Event(), threading.Event()
def imports():
    with warm.undisturbed():
        inside.set()
        leave.wait(10)
thread = threading.Thread(target=imports)
thread.start()
inside.wait(10)
child = os.fork()
if not child:
    assert gc.get_threshold() == thresholds
    with warm.undisturbed():
        assert gc.get_threshold()[0] == 0
    os._exit(7 if gc.get_threshold() == thresholds else 8)
leave.set()
thread.join()
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), gc.get_threshold() == thresholds)
"""
    assert run(script) == "7 True"


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
