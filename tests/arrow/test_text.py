"""What a value is called where it has to be text."""

import json
from collections import OrderedDict
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import IntEnum, StrEnum
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spyro_sdk.arrow.text import FARTHEST, cell_text, decimal, double, json_text, plain
from spyro_sdk.errors import DecodeError

ATOMS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(ATOMS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))


@given(VALUES)
def test_json_text_reads_back_as_the_value(value):
    assert json.loads(json_text(value)) == value


@given(VALUES)
def test_json_text_is_what_json_itself_writes(value):
    assert json_text(value) == json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@pytest.mark.parametrize("digits", ["1.50", "12345678901234567890.123456789", "1E+400", "-0.00"])
def test_a_decimal_keeps_all_its_digits(digits):
    assert json_text({"a": [Decimal(digits)]}) == f'{{"a":[{digits}]}}'


def test_a_text_cell_is_the_text_itself():
    assert [cell_text(value) for value in ("a", None, True, 12, [1, "a"])] == [
        "a",
        None,
        "true",
        "12",
        '[1,"a"]',
    ]


class Colour(StrEnum):
    RED = "red"


class Level(IntEnum):
    LOW = 1


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Colour.RED, "red"),
        (Level.LOW, 1),
        (OrderedDict(a=1), {"a": 1}),
        ((1, 2), [1, 2]),
        (datetime(2026, 1, 31, 12, tzinfo=UTC), "2026-01-31T12:00:00+00:00"),
        (date(2026, 1, 31), "2026-01-31"),
        (time(12, 34), "12:34:00"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Decimal("1.5"), Decimal("1.5")),
    ],
)
def test_what_a_vendors_client_yields_becomes_json(value, expected):
    assert plain(value) == expected
    assert type(plain(value)) is type(expected)
    assert json_text([value]) == json_text([expected])


@pytest.mark.parametrize("value", [b"bytes", {1, 2}, object(), 1j])
def test_what_has_no_text_is_refused_by_name(value):
    with pytest.raises(DecodeError, match=f"a record holds a {type(value).__name__}"):
        json_text({"a": value})


def test_a_key_that_is_no_text_is_refused():
    with pytest.raises(DecodeError, match="the key 1, which is not a text"):
        json_text({1: 2})


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1e-400", Decimal("1E+400"), Decimal("Infinity")])
def test_no_number_becomes_infinity_or_zero(number):
    with pytest.raises(ValueError, match="beyond the range"):
        double(number)


@pytest.mark.parametrize(
    "number", ["0.1", "0", "-0.0", "0e5", Decimal("2.5"), "1.7976931348623157e308", "5e-324"]
)
def test_a_number_in_range_is_the_nearest_float(number):
    assert double(number) == float(number)


def test_a_decimal_is_bounded_where_arrow_would_crash():
    assert decimal(f"1e-{FARTHEST}") == Decimal(f"1e-{FARTHEST}")
    assert decimal(f"0e-{FARTHEST + 1}") == decimal("0e-40000000") == 0
    with pytest.raises(ValueError, match="beyond all bounds"):
        decimal(f"1e-{FARTHEST + 1}")
