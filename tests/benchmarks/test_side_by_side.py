"""The benchmark measures what it says it does: every run is checked, nothing is left running."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from dataclasses import replace
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote

import pytest

from benchmarks import side_by_side
from benchmarks.side_by_side import Contender, Run, Service, serve
from spyro_sdk.connectors.salesforce.describe import long_id

ROOT = Path(__file__).resolve().parents[2]
RECORDS = 4_000


@pytest.mark.parametrize("packs", [False, True], ids=["plain", "gzip"])
def test_who_needs_nothing_more_arrives_at_what_the_service_announced(packs: bool) -> None:
    names = ["limit", "to_pandas"] if packs else ["limit", "loop", "to_parquet"]
    with serve(RECORDS, 0, packs=packs) as service:
        for name in names:
            it = side_by_side.CONTENDERS[name]
            run = service.run(it.script, it.action)  # raises where the check differs
            assert run.seconds > 0
            assert run.peak > 10


def test_a_run_that_arrives_at_something_else_ends_the_benchmark() -> None:
    with serve(10, 0, packs=False) as service:
        with pytest.raises(RuntimeError, match=r"loop.* arrived at \(10, '\d+/\w+'\), not \(10, '0/0'\)"):
            replace(service, check="0/0").run("loop", "")
        with pytest.raises(RuntimeError, match=r"limit.* arrived at \(None, '\d+'\)"):
            replace(service, bytes=service.bytes + 1).run("limit", "")


def test_a_run_that_fails_ends_the_benchmark_and_says_why() -> None:
    with (
        serve(10, 0, packs=False) as service,
        pytest.raises(RuntimeError, match=r"ceiling - failed:(.|\n)*ValueError"),
    ):
        service.run("ceiling", "-")


def test_the_service_answers_its_own_question_only() -> None:
    with serve(10, 0, packs=False) as service:
        assert ask(service, "SELECT COUNT() FROM Account")["totalSize"] == 10
        page = ask(service, service.question)
        assert (page["totalSize"], page["done"], len(page["records"])) == (10, True, 10)
        assert all(key == long_id(key[:15]) for key in [row["Id"] for row in page["records"]])
        with pytest.raises(HTTPError, match="400"):
            ask(service, service.question + " LIMIT 5")


def ask(service: Service, question: str) -> dict:
    address = f"{service.address}/services/data/v67.0/query?q={quote(question)}"
    with urllib.request.urlopen(address) as answer:
        return json.load(answer)


def test_the_latency_is_waited_for_on_each_page_and_not_by_the_ceiling() -> None:
    with serve(RECORDS, 50, packs=False) as service:
        assert service.run("limit", "").seconds >= 0.1
        assert service.run("ceiling", "2").seconds < 0.1


def test_the_service_ends_when_its_stdin_closes() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "service.py"), "--records=1"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline()
        process.stdin.close()
        assert process.wait(5) == 0


def test_the_table_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    side_by_side.main(["--records=2000", "--rounds=1", "--only", "loop"])
    said = capfd.readouterr().out
    assert "Python 3." in said
    assert "2,000 records, 1.9 MB in 1 pages, plain, 0 ms a page; rounds: 1" in said
    assert "it is not the bottleneck: the fastest contender takes" in said
    assert said.splitlines()[-1].endswith("1.00 (1.00–1.00)")


def test_ratios_are_taken_round_by_round() -> None:
    base = [Run(1.0, 0, 0), Run(2.0, 0, 0), Run(4.0, 0, 0)]
    own = [Run(0.5, 0, 0), Run(0.5, 0, 0), Run(0.5, 0, 0)]
    assert side_by_side.spread(base, own).split() == ["4.00", "(2.00–8.00)"]


def test_without_the_loop_there_are_no_ratios() -> None:
    _, line = side_by_side.table({"limit": [Run(0.5, 0.25, 20)]}, 1000)
    assert line.split()[-3:] == ["2,000", "0.25", "20"]


def test_a_service_near_its_ceiling_is_told() -> None:
    assert "is not" in side_by_side.verdict(100, {"limit": 95, "loop": 30})
    assert "takes 30.0% of that, the limit 95.0%" in side_by_side.verdict(100, {"limit": 95, "loop": 30})
    assert "may be the bottleneck" in side_by_side.verdict(100, {"limit": 95, "loop": 80})
    assert "may be the bottleneck" in side_by_side.verdict(100, {"limit": 95})


def test_who_is_not_installed_is_left_out_and_named(capsys: pytest.CaptureFixture[str]) -> None:
    among = {"loop": Contender("", "", needs="requests"), "other": Contender("", "", needs="no_such")}
    assert side_by_side.present(["loop", "other"], among) == ["loop"]
    assert capsys.readouterr().out == "left out: other, since no_such is not installed\n"
