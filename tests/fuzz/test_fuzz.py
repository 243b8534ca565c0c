"""What `make fuzz` does at length, in short: some hundred inputs for each parser, always the same."""

from __future__ import annotations

import random
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from . import __main__ as driver
from .drawing import LARGEST, Failure, failure_of, first_failure, inputs
from .edits import ODD, Edit, drawn, edited
from .found import FOUND
from .seeds import SEEDS, WORDS, pieces
from .targets import TARGETS

EDITS = st.builds(
    Edit,
    st.integers(0, 6),
    st.integers(0, 1 << 16),
    st.integers(0, 255),
    st.sampled_from(ODD) | st.binary(max_size=4),
)


@pytest.mark.parametrize("name", TARGETS)
@settings(
    deadline=None,
    max_examples=200,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(st.data())
def test_a_parser_stands_whatever_comes(name: str, data: st.DataObject) -> None:
    seed = data.draw(st.sampled_from(SEEDS[name]) | st.binary(max_size=64))
    known = (
        Edit(0, 0, 0, b"")
        if name not in WORDS
        else data.draw(
            st.builds(Edit, st.just(0), st.integers(0, 1 << 16), st.just(0), st.sampled_from(WORDS[name]))
        )
    )
    TARGETS[name](edited(seed, [known, *data.draw(st.lists(EDITS, max_size=4))]))


@pytest.mark.parametrize("name", TARGETS)
def test_the_inputs_to_begin_with_show_nothing_wrong(name: str) -> None:
    assert [failure_of(name, seed) for seed in SEEDS[name]] == [None] * len(SEEDS[name])


@pytest.mark.parametrize(("name", "data"), FOUND, ids=[f"{name}-{data[:12]!r}" for name, data in FOUND])
def test_what_was_wrong_once_is_right(name: str, data: bytes) -> None:
    assert failure_of(name, data) is None


def test_every_target_has_seeds_and_words() -> None:
    assert SEEDS.keys() == WORDS.keys() == TARGETS.keys()
    assert all(len(seed) < LARGEST // 2 for seeds in SEEDS.values() for seed in seeds)


# -- the machine itself -----------------------------------------------------------------------------------


def test_the_same_seed_draws_the_same_inputs() -> None:
    once, again, other = (list(inputs("quota", 50, seed)) for seed in (1, 1, 2))
    assert once == again != other
    assert once[: len(SEEDS["quota"])] == list(SEEDS["quota"])


def test_edits_change_a_text_and_leave_an_end_to_it() -> None:
    dice = random.Random(1)
    many = {drawn(dice, [b"[1, 2]", b"{}"], pieces("page")) for _ in range(500)}
    assert len(many) > 300
    assert max(map(len, many)) < LARGEST
    assert [Edit(kind, 2, 3, b"xy").of(b"abcdefgh") for kind in range(7)] == [
        *(b"abxycdefgh", b"abxyefgh", b"abfgh", b"abcdecdecdefgh", b"ab", b"abkdefgh", b"ab\3defgh"),
    ]


def test_what_is_wrong_is_told_with_its_input(tmp_path: Path) -> None:
    def broken(data: bytes) -> None:
        assert b"\xff" not in data

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(TARGETS, "quota", broken)
        failure = first_failure("quota", 5000, 3, tmp_path)
    assert failure is not None
    assert b"\xff" in failure.data
    assert "AssertionError" in failure.why
    kept = (tmp_path / "quota").read_bytes()
    assert kept[4 : 4 + int.from_bytes(kept[:4])] == failure.data


def test_a_slow_input_is_wrong_too() -> None:
    ticks = iter([0.0, 11.0])
    assert failure_of("quota", b"", clock=lambda: next(ticks)) == Failure(b"", "it took 11.0 s")


@pytest.mark.parametrize("engine", ["drawing"])
def test_a_run_is_reported(engine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert driver.report(driver.Run("retry_after", 20, 1, engine), tmp_path)
    assert "retry_after" in (said := capsys.readouterr().out)
    assert "20 inputs" in said


def test_a_failed_run_leaves_its_input_and_says_how_to_repeat_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "retry_after").write_bytes(b"\0\0\0\3abcdef")
    run = SimpleNamespace(
        name="retry_after", count=9, seed=7, engine="drawing", ended=lambda folder: (77, 0.1, "ValueError")
    )
    assert not driver.report(run, tmp_path)  # type: ignore[arg-type]
    said = capsys.readouterr().out
    assert "FAILED with seed 7 on b'abc'" in said
    (kept,) = driver.KEPT.iterdir()
    assert kept.read_bytes() == b"abc"
    assert driver.again("retry_after", str(kept)) == 0
