"""Rows 12 to 14: a line that breaks, ends too early, or hardly moves."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from spyro_sdk.errors import ConnectionError, ConnectorError, DecodeError, TimeoutError

from .faults import ALWAYS, Fault
from .runs import assert_exact, assert_right, fetch
from .service import Chaos
from .styles import STYLES, Style

EVERY = pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
FRAMINGS = ("length", "chunked", "close")
SMALL = replace(STYLES["cursor"], api=replace(STYLES["cursor"].api, count=12), size=3)
"""Pages of some 1,400 bytes, of which each can be the last."""
EACH = int(os.environ.get("SPYRO_SWEEP", "41"))  # bytes between two that are tried


@EVERY
@pytest.mark.parametrize("framing", FRAMINGS)
def test_any_framing_is_read(chaos: Chaos, style: Style, framing: str) -> None:
    assert_exact(fetch(chaos, style, Fault("framed", 0, ALWAYS, {"framing": framing})), style)


@pytest.mark.parametrize("ending", ["close", "reset"])
@pytest.mark.parametrize("framing", FRAMINGS)
def test_row_12_a_line_that_breaks_at_any_byte_costs_nothing(chaos: Chaos, framing: str, ending: str) -> None:
    for at in range(0, 1_600, EACH):
        cuts = [
            Fault("cut", page, 1, {"at": at + page, "framing": framing, "ending": ending}) for page in (2, 4)
        ]
        assert_exact(fetch(chaos, SMALL, *cuts, page_size=SMALL.size), SMALL)


@EVERY
@pytest.mark.parametrize("ending", ["close", "reset"])
@pytest.mark.parametrize("framing", FRAMINGS)
def test_row_13_a_body_cut_short_is_asked_for_again(
    chaos: Chaos, style: Style, framing: str, ending: str
) -> None:
    run = fetch(chaos, style, Fault("cut", 3, 2, {"at": 0.6, "framing": framing, "ending": ending}))
    assert run.spoilt == 2
    assert_exact(run, style)


@EVERY
@pytest.mark.parametrize("framing", FRAMINGS)
def test_row_13_one_that_is_always_cut_short_is_an_error(chaos: Chaos, style: Style, framing: str) -> None:
    run = fetch(chaos, style, Fault("cut", 3, ALWAYS, {"at": 0.6, "framing": framing}), concurrency=1)
    assert isinstance(run.error, ConnectionError | DecodeError)


@EVERY
@pytest.mark.parametrize("off", [-300, -1, 1, 300])
def test_row_13_a_wrong_length_costs_nothing(chaos: Chaos, style: Style, off: int) -> None:
    assert_exact(fetch(chaos, style, Fault("length", given={"off": off})), style)


@EVERY
@pytest.mark.parametrize("at", [0.001, 0.02, 0.7], ids=["status", "head", "body"])
@pytest.mark.parametrize("kind", ["slow", "silence"])
def test_row_14_an_attempt_has_a_deadline_whatever_trickles_in(
    chaos: Chaos, style: Style, kind: str, at: float
) -> None:
    run = fetch(chaos, style, Fault(kind, 2, ALWAYS, {"at": at}), timeout=0.12, retry_count=1, concurrency=1)
    assert isinstance(run.error, TimeoutError)
    assert run.seconds < 2 * 0.12 + 1


@EVERY
def test_row_14_what_is_late_once_is_asked_for_again(chaos: Chaos, style: Style) -> None:
    assert_exact(fetch(chaos, style, Fault("slow", 2, 1), timeout=0.15), style)


@pytest.mark.parametrize("what", ["long line", "endless"])
def test_headers_without_measure_are_an_error(chaos: Chaos, what: str) -> None:
    style = STYLES["next link"]
    huge = {
        "long line": Fault("headers", 2, ALWAYS, {"X_Long": "x" * (64 << 10)}),
        "endless": Fault("endless_head", 2, ALWAYS),
    }
    run = fetch(chaos, style, huge[what])
    assert isinstance(run.error, ConnectorError)
    assert run.seconds < 2


def test_a_body_longer_than_was_announced_spoils_no_other_answer(chaos: Chaos) -> None:
    for style in STYLES.values():
        assert_right(fetch(chaos, style, Fault("length", 0, 3, {"off": -200})), style)
