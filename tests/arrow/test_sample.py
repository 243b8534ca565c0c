"""What is learned from the first records of a page is what all of them say, or the page is refused."""

import json

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spyro_sdk.arrow.decode import decode, open_body
from spyro_sdk.arrow.fast import Refused
from spyro_sdk.arrow.sample import MOST, START, read

from .test_roads import ENVELOPES, PAGES, assert_same, exactly, outcome, thoroughly


@thoroughly
@given(PAGES, st.integers(0, 3))
def test_what_is_taken_is_what_the_exact_road_finds(page, most):
    try:
        found = read(page.encode(), most=most)
    except Refused:
        return
    assert_same(found, exactly(page.encode(), "", None, False))


@thoroughly
@given(PAGES, ENVELOPES, st.booleans())
def test_a_page_that_nobody_described_is_decoded_as_on_the_exact_road(page, envelope, closed):
    path, around = envelope
    text = (around % page).encode()
    found = outcome(lambda: decode(open_body(text, None, path), None, closed=closed))
    assert_same(found, exactly(text, path, None, closed))


def row(number):
    return {
        "id": number,
        "name": f"n{number}",
        "owner": {"name": "Ana", "tags": ["a", None]},
        "rate": number / 8,
    }


def test_a_usual_page_is_not_refused():
    rows = [row(number) for number in range(2_000)]
    for indent in (None, 2):
        found = read(json.dumps(rows, indent=indent).encode())
        assert found.to_pylist() == rows
        assert found.schema.field("rate").type == pa.float64()


@pytest.mark.parametrize(
    "late",
    [
        {"new": 1},
        {"id": 0.5},
        {"id": "x"},
        {"owner": {"new": 1}},
        {"nothing": 1},
        {"id": 2**63},
        {"name": None, "x": 0},
    ],
)
def test_what_turns_up_later_makes_another_road_take_the_page(late):
    rows = [{**row(number), "nothing": None} for number in range(MOST + 1)]
    text = json.dumps([*rows, late]).encode()
    with pytest.raises(Refused):
        read(text)
    assert_same(decode(open_body(text, None), None), exactly(text, "", None, False))


def test_a_null_that_turns_up_later_is_none_of_the_matter():
    rows = [*(row(number) for number in range(MOST)), dict.fromkeys(row(0)), {}]
    found = read(json.dumps(rows).encode())
    assert_same(found, exactly(json.dumps(rows).encode(), "", None, False))


def test_records_that_are_long_are_learned_from_as_far_as_they_are_whole():
    rows = [{"id": 1, "text": "ü" * (START // 3)}, {"id": 2, "text": "x" * START}]
    assert read(json.dumps(rows, ensure_ascii=False).encode()).to_pylist() == rows


@pytest.mark.parametrize(
    "text", ['[{"a":"\\ud800"}]', '[{"a":' + "[" * 200_000, '[{"a":' + "9" * 5000 + "}]", "[1]", '[{"a":1},]']
)
def test_what_cannot_be_learned_from_is_refused(text):
    with pytest.raises(Refused):
        read(text.encode())
