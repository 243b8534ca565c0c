"""How the child process lives and dies."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from typing import Any

import pytest

from spyro_sdk.demo import DemoProcess, _end, start
from tests.demo.conftest import VERSION, Client

PARENT = (
    "from spyro_sdk.demo import start; import time;"
    "d = start(records=10); print(d.pid, flush=True); time.sleep(60)"
)
SHORT = "from spyro_sdk.demo import start; print(start(records=10).pid)"


def is_running(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def ends(pid: int, within: float = 5.0) -> bool:
    deadline = time.monotonic() + within
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not is_running(pid)


def test_the_child_answers_until_it_is_stopped() -> None:
    with start(records=20, seed=101, batch_limit=10) as demo:
        assert len(Client(demo).ask("SELECT Id FROM Account").records) == 10
        assert demo.is_alive
    assert not demo.is_alive
    assert ends(demo.pid)
    demo.stop()  # twice does no harm


def test_the_same_words_give_the_same_child() -> None:
    with start(records=20, seed=102) as demo:
        assert start(seed=102, records=20) is demo
        with start(records=21, seed=102) as other:
            assert other.pid != demo.pid
    with start(records=20, seed=102) as again:
        assert again is not demo
        assert Client(again).get(f"{VERSION}/limits").status == 200


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="needs /proc")
def test_the_child_dies_with_a_parent_that_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert is_running(pid)
        parent.send_signal(signal.SIGKILL)
    assert ends(pid)


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="needs /proc")
def test_the_child_is_stopped_at_exit_without_a_warning() -> None:
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", SHORT]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert done.stderr == ""
    assert ends(int(done.stdout))


def test_a_child_that_cannot_start_says_why() -> None:
    with pytest.raises(RuntimeError, match="unrecognized arguments: --colour=3"):
        start(records=10, colour=3)


@pytest.mark.parametrize(
    "option", ["records", "wide_records", "batch_limit", "daily_limit", "port", "bulk_chunk"]
)
@pytest.mark.parametrize("amount", [-3, 1.5, [3], None, "many"])
def test_what_is_counted_is_a_whole_number(option: str, amount: Any) -> None:
    flag = "--" + option.replace("_", "-")
    with pytest.raises(
        RuntimeError, match=f"argument {flag}: .* cannot be: it must be a whole number from 0"
    ):
        start(**{option: amount})


def test_a_fork_of_the_parent_leaves_the_child_alone() -> None:
    command = [sys.executable, "-c", "input()"]
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)
        _end(process, errors, owner=os.getppid())
        assert process.returncode == 0  # or Popen would warn of a child that nobody waited for
    os.waitpid(process.pid, 0)


def test_importing_it_is_cheap() -> None:
    code = "import sys, spyro_sdk.demo; print({'sqlite3', 'http.server', 'argparse'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_person_at_a_terminal_is_told_how_to_reach_it() -> None:
    command = [sys.executable, "-m", "spyro_sdk.demo", "--records", "10"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        assert demo.stderr is not None
        lines = [demo.stdout.readline() for _ in range(16)]
        demo.send_signal(signal.SIGINT)
        assert demo.wait(10) == 0
        assert demo.stderr.read() == ""
    assert "http://127.0.0.1:" in lines[0]
    assert any(line.startswith("curl") for line in lines)


def test_serving_in_process_leaves_nothing_open() -> None:
    code = (
        "import urllib.request, gc\n"
        "from spyro_sdk.demo.server import serve\n"
        "with serve(records=10) as service:\n"
        "    urllib.request.urlopen(service.base_url + '/services/data/').close()\n"
        "gc.collect()\n"
    )
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""


def test_the_announcement_is_one_line_of_json() -> None:
    demo = DemoProcess(["--records=5"])
    with demo, urllib.request.urlopen(demo.base_url + "/services/data/") as response:
        assert json.load(response)
    assert set(demo.credentials) == {
        "client_id",
        "client_secret",
        "access_token",
        "refresh_token",
        "username",
    }
