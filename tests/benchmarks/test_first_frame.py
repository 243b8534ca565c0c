"""The first frame is timed, imports included, in an interpreter and in a notebook, and checked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import first_frame
import pytest
from contest import Service, Terms, serve

in_cells = partial(first_frame.seconds_of_cells, 0.0)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TMPDIR", str(tmp_path_factory.mktemp("rendered")))
        with serve(Terms(10, page=200)) as service:
            yield service


def test_the_figures_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    first_frame.main(["--rounds=1"])
    said = capsys.readouterr().out.splitlines()
    titles = list(first_frame.TITLES.values())
    assert said[0] == "a first table of 200 records, 0 ms an answer; rounds: 1"
    assert [line[:54].strip() for line in said[1:]] == [
        "in a fresh interpreter",
        *titles,
        "in two cells of a fresh notebook, 0 s between them",
        *titles[1:],
    ]
    assert said[3].endswith("1.00 (1.00–1.00)")
    assert said[7].endswith("1.00 (1.00–1.00)")


@pytest.mark.parametrize("script", ["first_ours", "first_described"])
def test_both_ways_arrive(service: Service, script: str) -> None:
    assert first_frame.seconds(service, script) > 0
    assert in_cells(service, script) > 0


def test_a_frame_of_something_else_ends_it(service: Service) -> None:
    other = replace(service, check="7/x")
    for measure in (first_frame.seconds, in_cells):
        with pytest.raises(RuntimeError, match=r"first_loop said '10 \d+\\n', not '10 7\\n'"):
            measure(other, "first_loop")


def test_a_script_that_fails_ends_it(service: Service) -> None:
    nobody = replace(service, address="http://127.0.0.1:1")
    with pytest.raises(RuntimeError, match=r"first_loop said ''(.|\n)*ConnectionError"):
        first_frame.seconds(nobody, "first_loop")
    with pytest.raises(RuntimeError, match="ConnectionError"):
        in_cells(nobody, "first_loop")


def test_the_pause_between_cells_does_not_count(service: Service) -> None:
    started = time.perf_counter()
    took = first_frame.seconds_of_cells(0.5, service, "first_loop")
    assert took < time.perf_counter() - started - 0.5
