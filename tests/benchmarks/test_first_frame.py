"""The first frame is timed from the start of a process to its end, and checked."""

from __future__ import annotations

from dataclasses import replace

import first_frame
import pytest
from contest import Terms, serve


def test_the_figures_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    first_frame.main(["--rounds=1"])
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "a first table of 200 records, 0 ms an answer; rounds: 1"
    assert [line[:34].strip() for line in said[2:]] == list(first_frame.TITLES.values())
    assert said[3].endswith("1.00 (1.00–1.00)")


def test_a_frame_of_something_else_ends_it() -> None:
    with serve(Terms(10, page=200)) as service:
        assert first_frame.seconds(service, "first_ours") > 0
        with pytest.raises(RuntimeError, match=r"first_loop said '10 \d+\\n', not '10 7\\n'"):
            first_frame.seconds(replace(service, check="7/x"), "first_loop")
        with pytest.raises(RuntimeError, match=r"first_loop said ''(.|\n)*ConnectionError"):
            first_frame.seconds(replace(service, address="http://127.0.0.1:1"), "first_loop")
