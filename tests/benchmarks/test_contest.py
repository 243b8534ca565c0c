"""The benchmark measures what it says it does: every run is checked, nothing is left running."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import contest
import pytest
from contest import CONTENDERS, Ceiling, Contender, Run, Terms, ceiling, serve

HERE = Path(contest.__file__).parent
RECORDS = 4_000
RUN = Run(1.0, 0.5, 20.0, 100.0, None)


@pytest.mark.parametrize("packs", [False, True], ids=["plain", "gzip"])
def test_who_needs_nothing_more_arrives_at_what_the_service_announced(packs: bool) -> None:
    terms = Terms(RECORDS, packs=packs, wires=("salesforce", "items", "bulk"))
    names = ["limit", "to_pandas", "items-limit", "pages"] if packs else ["loop", "to_arrow", "bulk-limit"]
    with serve(terms) as service:
        names += ["items-loop", "items-declared"] if packs else ["to_parquet", "declared", "declared-found"]
        for name in [*names, "offsets"]:
            run = service.run(CONTENDERS[name])  # raises where the check differs
            assert run.seconds > 0
            assert run.peak > run.before > 10
            assert (run.size is None) == (name.endswith("limit") or name == "to_parquet")
            assert run.granted >= 2


def test_our_bulk_is_measured() -> None:
    with serve(Terms(RECORDS, wires=("bulk",))) as service:
        assert service.run(CONTENDERS["bulk"]).granted >= 4


def test_a_run_that_arrives_at_something_else_ends_the_benchmark() -> None:
    with serve(Terms(10)) as service:
        with pytest.raises(RuntimeError, match=r"loop.* arrived at \(10, '\d+/\w+'\), not \(10, '0/0'\)"):
            replace(service, check="0/0").run(CONTENDERS["loop"])
        with pytest.raises(RuntimeError, match=r"limit.* arrived at \(None, '\d+'\)"):
            replace(service, bytes={"salesforce": 1}).run(CONTENDERS["limit"])


def test_a_run_that_fails_ends_the_benchmark_and_says_why() -> None:
    with (
        serve(Terms(10)) as service,
        pytest.raises(RuntimeError, match=r"ceiling - failed:(.|\n)*ValueError"),
    ):
        service.run(Contender("", "ceiling"))


def test_the_latency_is_waited_for_on_each_page_and_not_by_the_ceiling() -> None:
    with serve(Terms(RECORDS, latency=50)) as service:
        assert service.run(CONTENDERS["limit"]).seconds >= 0.1
        top = ceiling(service, "salesforce", 1)
        assert top.speed > RECORDS / 0.1
        assert top.cost < 0.05


def test_what_the_service_refuses_is_counted_with_the_run() -> None:
    with serve(Terms(1_000, page=100, rate=5, wires=("items",))) as service:
        run = service.run(CONTENDERS["pages"])
    assert run.granted >= 10
    assert 0 < (run.share or 0) <= 2


def test_the_service_ends_when_its_stdin_closes() -> None:
    command = [sys.executable, "-m", "service", "--records=1"]
    with subprocess.Popen(command, cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline()
        process.stdin.close()
        assert process.wait(5) == 0


def test_a_service_that_does_not_start_is_told() -> None:
    with pytest.raises(RuntimeError, match="did not start"), serve(Terms(0)):
        pass


def test_they_take_turns_and_the_first_round_does_not_count() -> None:
    asked = []

    class Fake:
        def run(self, it: Contender) -> Run:
            asked.append(it.title)
            return RUN

    runs = contest.take_turns(Fake(), ["limit", "loop"], 2)
    assert asked == [CONTENDERS[name].title for name in ("limit", "loop")] * 3
    assert runs == {"limit": [RUN, RUN], "loop": [RUN, RUN]}


def test_ratios_are_taken_round_by_round() -> None:
    base = [replace(RUN, seconds=it) for it in (1.0, 2.0, 4.0)]
    assert contest.ratios(base, [replace(RUN, seconds=0.5)] * 3) == [2.0, 4.0, 8.0]


def test_the_middle_of_what_was_not_measured_is_nothing() -> None:
    it = contest.middle([replace(RUN, cpu=1.0), replace(RUN, cpu=3.0), replace(RUN, cpu=2.0)])
    assert (it["cpu"], it["size"], it["granted"]) == (2.0, None, 0)


def test_a_service_near_its_ceiling_is_told() -> None:
    top = Ceiling(100, 0)
    assert "is not" in top.verdict({"limit": 95, "loop": 30})
    assert "takes 30.0% of that, the limit 95.0%" in top.verdict({"limit": 95, "loop": 30})
    assert "may be the bottleneck" in top.verdict({"items-limit": 95, "items-loop": 80})
    assert "may be the bottleneck" in top.verdict({"limit": 95})


def test_who_is_not_installed_is_left_out_and_named(capsys: pytest.CaptureFixture[str]) -> None:
    among = {
        "loop": Contender("", "", needs="requests"),
        "other": Contender("", "", needs="no_such"),
        "apart": Contender("", "", needs="apart", python=Path("/no/such/python")),
        "there": Contender("", "", needs="no_such", python=Path(sys.executable).parent),
    }
    assert contest.present(list(among), among) == ["loop", "there"]
    said = capsys.readouterr().out.splitlines()
    assert said == [
        "left out: other, since no_such is not installed",
        "left out: apart, since apart is not installed",
    ]


def test_every_contender_has_a_script_that_says_what_it_is() -> None:
    for it in CONTENDERS.values():
        assert (HERE / "contenders" / f"{it.script}.py").read_text().startswith('"""'), it.script


def test_every_distribution_is_pinned() -> None:
    for file in ("requirements.txt", "requirements-airbyte.txt"):
        lines = [line.split("#")[0].strip() for line in (HERE / file).read_text().splitlines()]
        assert all("==" in line for line in lines if line), file


def test_what_is_measured_is_what_stands_beside_the_benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)
    assert contest.environment(PAGE="5")["PYTHONPATH"] == str(HERE.parent)
    monkeypatch.setenv("PYTHONPATH", "/first")
    it = contest.environment(PAGE="5")
    assert (it["PYTHONPATH"].split(os.pathsep), it["PAGE"]) == (["/first", str(HERE.parent)], "5")
    assert it["NO_PROXY"] == "127.0.0.1"


def test_what_is_measured_is_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    assert "PYTHONDONTWRITEBYTECODE" not in contest.environment()
