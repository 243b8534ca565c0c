"""JSON becomes Python values, and those a batch, each as it came."""

import json
import math
import sys
from collections import ChainMap
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spyro_sdk.arrow.exact import DEEPEST, column, parse, to_batch
from spyro_sdk.arrow.text import Digits
from spyro_sdk.errors import DecodeError

UTC_MS = pa.timestamp("ms", "UTC")


# --- parse ---------------------------------------------------------------------------------------------


def test_ints_of_any_size_are_exact():
    assert parse(b"[9007199254740993, 18446744073709551617, -1]") == [2**53 + 1, 2**64 + 1, -1]


def test_floats_remember_their_digits_on_request():
    found = parse(b'{"a": 0.10, "b": 1, "c": 1e3, "d": 1e400}', keep_digits=True)
    assert found == {"a": 0.1, "b": 1, "c": 1e3, "d": Decimal("1e400")}
    assert str(found["a"].exact) == "0.10"
    assert found["c"].exact == Decimal(1000)
    assert type(found["b"]) is int


def test_floats_that_remember_their_digits_are_ordinary_floats_but_in_a_decimal():
    sent = parse(b'{"a": 0.10, "b": [0.10], "c": {"d": 0.10}, "e": ["x", 0.10]}', keep_digits=True)
    found = to_batch([sent])
    assert found.schema.types[:2] == [pa.float64(), pa.list_(pa.float64())]
    assert found.to_pylist() == [{"a": 0.1, "b": [0.1], "c": {"d": 0.1}, "e": ["x", "0.1"]}]


@pytest.mark.parametrize("digits", ["1234567890123456.123456", "0.1000000000000000055511", "-1e-9"])
def test_a_decimal_has_the_digits_that_were_sent(digits):
    money = pa.decimal128(38, 22)
    sent = parse(f'[{digits}, {{"a": [{digits}]}}]'.encode(), keep_digits=True)
    assert column(sent[:1], money).to_pylist() == [Decimal(digits)]
    kind = pa.struct([("a", pa.list_(money))])
    assert column(sent[1:], kind).to_pylist() == [{"a": [Decimal(digits)]}]


def test_a_decimal_that_is_too_narrow_for_the_digits_sent_widens_to_hold_them():
    found = column([Digits("1.50500"), Digits("2.5"), None], pa.decimal128(10, 2))
    assert found.type == pa.decimal128(13, 5)
    assert found.to_pylist() == [Decimal("1.505"), Decimal("2.5"), None]


def test_a_byte_order_mark_is_no_part_of_the_text():
    assert parse(b"\xef\xbb\xbf[1]") == [1]


def test_a_number_beyond_floats_is_neither_infinity_nor_zero():
    assert parse(b"[1e400, 1e-400, 0.0, 1.5]") == [Decimal("1e400"), Decimal("1e-400"), 0.0, 1.5]


def test_what_python_writes_for_nan_is_read():
    nan, infinite = parse(b"[NaN, -Infinity]")
    assert math.isnan(nan)
    assert infinite == -math.inf


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "the body is empty"),
        (b"\xef\xbb\xbf \n", "the body is empty"),
        (b"<!DOCTYPE html><html><body>Sign in", "an HTML page, perhaps a login page"),
        (b"  <HTML lang='en'>", "an HTML page, perhaps a login page"),
        (b'<?xml version="1.0"?>', "XML"),
        (b"Service Unavailable", "some other text"),
        (b'{"records": [{"Id": "1"}, {"I', "cut short after 29 bytes"),
        (b'{"records": [1, 2', "cut short"),
        (b'{"records": [1, 2]\n\n', "cut short"),
        (b'{"a": 1 "b": 2}', "delimiter"),
        (b"[1] [2]", "Extra data"),
        (b'["r\xff\xfe"]', "not UTF-8 at byte 3 of 7"),
        (b"[" * 200_000, "nested too deep"),
        (b'{"a":' * 200_000, "nested too deep"),
        (b"[" + b"1" * 5000 + b"]", "a number that is beyond all bounds"),
        (b"[1e99999999999999999999]", "a number that is beyond all bounds"),
        (b"[-1e-99999999999999999999]", "a number that is beyond all bounds"),
    ],
)
def test_what_is_no_json_is_a_decode_error_that_shows_it(body, says):
    with pytest.raises(DecodeError, match=says) as caught:
        parse(body)
    assert repr(body[:60].decode(errors="replace")) in str(caught.value)
    assert len(str(caught.value)) < 320


@given(st.binary())
def test_any_bytes_give_a_value_or_a_decode_error(body):
    with suppress(DecodeError):
        parse(body)


def test_a_key_given_twice_with_two_values_is_refused():
    with pytest.raises(DecodeError, match="two values for the key 'a'"):
        parse(b'[{"a": 1, "b": 2, "a": 1.0}]')


def test_a_key_given_twice_with_one_value_is_that_value():
    assert parse(b'{"a": {"b": [1]}, "a": {"b": [1]}}') == {"a": {"b": [1]}}


# --- columns that were declared ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "declared"),
    [
        (["a", None, "ü"], pa.string()),
        ([True, None, False], pa.bool_()),
        ([1, None, -(2**63)], pa.int64()),
        ([255, 0], pa.uint8()),
        ([1.5, None, math.inf], pa.float64()),
        ([1, 2**53, 1.5], pa.float64()),
        ([[1, None], [], None], pa.list_(pa.int64())),
        ([[["a"]], [None]], pa.list_(pa.list_(pa.string()))),
        ([{"a": 1, "b": [True]}, None], pa.struct([("a", pa.int64()), ("b", pa.list_(pa.bool_()))])),
    ],
)
def test_values_that_fit_the_declared_type_keep_it(values, declared):
    found = column(values, declared)
    assert found.type == declared
    assert found.to_pylist() == values
    found.validate(full=True)


@pytest.mark.parametrize(
    ("values", "declared", "type_now", "now"),
    [
        ([1, 2.5], pa.int64(), pa.float64(), [1.0, 2.5]),  # pa.array would cut 2.5 down to 2
        ([3.0, 1, None], pa.int64(), pa.int64(), [3, 1, None]),
        ([Decimal("3.00"), 1], pa.int64(), pa.int64(), [3, 1]),
        ([Decimal("3.10"), 1], pa.int64(), pa.decimal128(21, 2), [Decimal("3.10"), Decimal("1.00")]),
        ([2**60, 3.0], pa.int64(), pa.int64(), [2**60, 3]),
        ([3.686353906167617e16], pa.int64(), pa.float64(), [3.686353906167617e16]),  # …170 was sent, not …168
        ([2**60, 3.5], pa.int64(), pa.string(), [str(2**60), "3.5"]),
        ([math.nan, 1], pa.int64(), pa.float64(), [math.nan, 1.0]),
        ([math.inf], pa.int64(), pa.float64(), [math.inf]),
        ([True, 1], pa.int64(), pa.string(), ["true", "1"]),
        ([True], pa.int64(), pa.string(), ["true"]),
        (["12"], pa.int64(), pa.string(), ["12"]),
        ([300], pa.int8(), pa.int64(), [300]),
        ([-1], pa.uint8(), pa.int64(), [-1]),
        ([2**63], pa.int64(), pa.decimal128(38, 0), [Decimal(2**63)]),
        ([10**38], pa.int64(), pa.string(), [str(10**38)]),
        ([Decimal("1e7000000"), 1], pa.int64(), pa.string(), ["1E+7000000", "1"]),  # no int of so many digits
        ([2**53 + 1], pa.float64(), pa.string(), [str(2**53 + 1)]),  # 2^53 + 1 is no float
        ([True], pa.float64(), pa.string(), ["true"]),  # pa.array would make it 1.0
        ([0.1], pa.float32(), pa.float64(), [0.1]),  # no float32 is 0.1
        ([Decimal("0.1"), 2], pa.float64(), pa.float64(), [0.1, 2.0]),
        ([Decimal("1e400")], pa.float64(), pa.string(), ["1E+400"]),
        ([1], pa.bool_(), pa.string(), ["1"]),
        (["true"], pa.bool_(), pa.string(), ["true"]),
        ([1, True, 1.5, "a", None], pa.string(), pa.string(), ["1", "true", "1.5", "a", None]),
        ([{"a": 1}, [None, "x"]], pa.string(), pa.string(), ['{"a":1}', '[null,"x"]']),
        ([{"a": 1}, {"a": 2}], pa.string(), pa.string(), ['{"a":1}', '{"a":2}']),
        (["abc"], pa.list_(pa.string()), pa.string(), ["abc"]),  # pa.array would make it a, b, c
        ([{"a": 1}], pa.list_(pa.int64()), pa.string(), ['{"a":1}']),
        ([[1, "x"]], pa.list_(pa.int64()), pa.list_(pa.string()), [["1", "x"]]),
        ([[1]], pa.struct([("a", pa.int64())]), pa.string(), ["[1]"]),
        (["a"], pa.binary(), pa.string(), ["a"]),
        (["a"], pa.null(), pa.string(), ["a"]),
    ],
)
def test_a_value_that_does_not_fit_widens_the_column(values, declared, type_now, now):
    found = column(values, declared)
    assert found.type == type_now
    assert list(map(repr, found.to_pylist())) == list(map(repr, now))


@pytest.mark.parametrize(
    ("values", "now"),
    [
        ([1, 0.1, "12.50", Decimal("3.140"), None], ["1.00", "0.10", "12.50", "3.14", None]),
        (["1e3", "-0.5", "99999999.99"], ["1000.00", "-0.50", "99999999.99"]),
    ],
)
def test_decimals_come_from_numbers_and_their_texts(values, now):
    found = column(values, pa.decimal128(10, 2))
    assert found.type == pa.decimal128(10, 2)
    assert found.to_pylist() == [value and Decimal(value) for value in now]


@pytest.mark.parametrize(
    "values",
    [
        ["1.505"],
        [0.125],
        ["123456789.5"],
        ["abc"],
        ["1_0"],
        [" 1"],
        [""],
        ["\u0661"],
        [math.nan],
        [True],
        ["1,5"],
    ],
)
def test_a_decimal_is_never_rounded(values):
    found = column(values, pa.decimal128(10, 2))
    assert found.type == pa.string()
    assert found.to_pylist() == [value if isinstance(value, str) else json.dumps(value) for value in values]


@pytest.mark.parametrize(
    "text",
    [
        "0." + "1" * 39,  # more places than a decimal has
        "-1." + "0" * 38 + "1",
        "1e-39",  # more places, written short
        "-2.5e-40000000",
        "1" * 40 + "e-20",  # more digits
        "1e-x",  # looks a little like one
    ],
)
def test_a_number_of_more_places_than_a_decimal_has_stays_a_text(text):
    assert column([text, "1.5"], pa.decimal128(10, 2)).to_pylist() == [text, "1.5"]


@pytest.mark.parametrize(
    ("text", "number"),
    [("0e-40000000", "0"), ("1." + "0" * 60, "1"), ("25e-20", "25e-20"), ("-1e-38", "-1e-38")],
)
def test_a_number_of_many_places_that_a_decimal_has_is_read(text, number):
    found = column([text, None], pa.decimal128(38, 38) if "e-38" in number else pa.decimal128(38, 20))
    assert found.to_pylist() == [Decimal(number), None]


def test_a_decimal_of_more_digits_makes_the_column_bigger():
    assert column([Decimal("1.505")], pa.decimal128(10, 2)).type == pa.decimal128(11, 3)
    assert column([10**9], pa.decimal128(10, 2)).to_pylist() == [Decimal(10**9)]


def test_unknown_keys_of_an_object_widen_it():
    found = column([{"a": 1, "b": "x"}, {"c": None}, None], pa.struct([("a", pa.int32())]))
    assert found.type == pa.struct([("a", pa.int32()), ("b", pa.string()), ("c", pa.null())])
    assert found.to_pylist() == [{"a": 1, "b": "x", "c": None}, {"a": None, "b": None, "c": None}, None]


def test_a_misfit_deep_inside_widens_that_place_alone():
    declared = pa.struct([("a", pa.list_(pa.struct([("n", pa.int64())]))), ("b", pa.int64())])
    found = column([{"a": [{"n": 1}, {"n": "x"}], "b": 2}], declared)
    assert found.type == pa.struct([("a", pa.list_(pa.struct([("n", pa.string())]))), ("b", pa.int64())])
    assert found.to_pylist() == [{"a": [{"n": "1"}, {"n": "x"}], "b": 2}]


def test_a_column_without_any_value_has_its_declared_type():
    for declared in (
        pa.int64(),
        UTC_MS,
        pa.struct([]),
        pa.struct([("a", pa.int64())]),
        pa.list_(pa.date32()),
    ):
        assert column([None, None], declared).type == declared
        assert column([], declared).type == declared


# --- columns that nobody declared ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "inferred"),
    [
        ([None], pa.null()),
        ([True, None], pa.bool_()),
        ([1, 2**63 - 1], pa.int64()),
        ([1, 2**63], pa.decimal128(38, 0)),
        ([10**38], pa.string()),
        ([10**4000], pa.string()),
        ([1, 1.5], pa.float64()),
        ([1, True], pa.string()),
        ([1.5, True], pa.string()),
        ([2**53 + 1, 1.5], pa.string()),
        ([2**70, 1.5], pa.string()),
        ([Decimal("1.5"), Decimal("10.25"), 7], pa.decimal128(4, 2)),
        ([Decimal("1e50")], pa.string()),
        ([Decimal("1.5"), 10**38], pa.string()),
        ([Decimal("1.5"), math.nan], pa.string()),
        ([Decimal("NaN")], pa.string()),
        (["2026-01-31T00:00:00Z"], pa.string()),
        ([[], None], pa.list_(pa.null())),
        ([[1], [1.5]], pa.list_(pa.float64())),
        ([[1], ["x"]], pa.list_(pa.string())),
        ([{}], pa.struct([])),
        ([{"a": 1}, {"b": "x"}], pa.struct([("a", pa.int64()), ("b", pa.string())])),
        ([{"a": 1}, [1]], pa.string()),
        ([{"a": 1}, "x"], pa.string()),
    ],
)
def test_the_narrowest_type_that_holds_all_values_is_found(values, inferred):
    found = column(values)
    assert found.type == inferred
    assert len(found) == len(values)
    found.validate(full=True)


def test_a_mixed_column_holds_the_json_of_each_value():
    found = column([1, 1.0, True, None, "a", [1, {"b": None}], 2**70, 1e16, math.nan, math.inf])
    expected = ["1", "1.0", "true", None, "a", '[1,{"b":null}]', str(2**70), "1e+16", "NaN", "Infinity"]
    assert found.to_pylist() == expected


def test_what_is_nested_very_deep_is_kept_as_text():
    value = 7
    for _ in range(DEEPEST + 3):
        value = [value]
    found = column([value])
    for _ in range(DEEPEST):
        found = found.flatten()
    assert found.to_pylist() == ["[[[7]]]"]


def test_an_object_of_a_thousand_keys_and_more_is_kept_as_text():
    values = [{f"key{number}": number} for number in range(1001)]
    assert column(values).to_pylist() == [json.dumps(value, separators=(",", ":")) for value in values]
    assert pa.types.is_struct(column(values[:1000]).type)


# --- batches -------------------------------------------------------------------------------------------

SCHEMA = pa.schema(
    [
        pa.field("Id", pa.string(), nullable=False),
        pa.field("Born", pa.date32(), metadata={"label": "Birthday"}),
    ],
    metadata={"source": "demo"},
)


def test_declared_columns_come_first_and_unknown_ones_as_they_appear():
    found = to_batch([{"X": 1, "Id": "a"}, {"Z": 2, "Y": 3, "Id": "b"}, {"W": None, "Id": "c"}], SCHEMA)
    assert found.schema.names == ["Id", "Born", "X", "Z", "Y", "W"]
    assert found["Born"].type == pa.date32()
    assert found["Born"].null_count == 3
    assert found.to_pylist()[1] == {"Id": "b", "Born": None, "X": None, "Z": 2, "Y": 3, "W": None}


def test_the_schema_comes_back_whole():
    found = to_batch([{"Id": "a", "Born": "2000-01-01"}], SCHEMA)
    assert found.schema.equals(SCHEMA, check_metadata=True)


def test_a_null_where_none_may_be_makes_the_column_nullable():
    assert to_batch([{"Id": None}], SCHEMA).schema.field("Id").nullable
    assert to_batch([{}], SCHEMA).schema.field("Id").nullable
    assert not to_batch([], SCHEMA).schema.field("Id").nullable


def test_no_rows_give_an_empty_batch_of_the_schema():
    assert to_batch([], SCHEMA).num_rows == 0
    assert to_batch([], SCHEMA).schema.equals(SCHEMA, check_metadata=True)
    assert to_batch([]).schema == pa.schema([])


def test_rows_without_any_column_are_still_rows():
    assert to_batch([{}, {}]).num_rows == 2


def test_columns_missing_from_the_first_row_are_kept():  # pa.Table.from_pylist drops them
    assert to_batch([{"a": 1}, {"b": 2}]).to_pylist() == [{"a": 1, "b": None}, {"a": None, "b": 2}]


def test_rows_may_be_any_mapping_and_hold_what_clients_yield():
    rows = [ChainMap({"at": datetime(2026, 1, 31, tzinfo=UTC), "on": date(2026, 1, 31), "in": ({"a": 1},)})]
    found = to_batch(rows, pa.schema([("at", UTC_MS), ("on", pa.date32())]))
    assert found.to_pylist() == [{"at": rows[0]["at"], "on": rows[0]["on"], "in": [{"a": 1}]}]


@pytest.mark.parametrize(
    "row", [{"a": "\ud83d"}, {"\ud83d": 1}, {"a": [{"b": "x\udc00"}]}, {"a": 1, "b": {"\ud83d": 1}}]
)
def test_half_a_character_is_an_error_that_shows_it(row):
    with pytest.raises(DecodeError, match=r"half a character.*other columns"):
        to_batch([row], pa.schema([("a", pa.string())]))
    with pytest.raises(DecodeError, match=r"\\ud"):
        to_batch([row])


@pytest.mark.parametrize("row", [{1: 2}, {"a": {1: 2}}])
def test_a_key_that_is_no_text_is_an_error(row):
    with pytest.raises(DecodeError, match="the key 1"):
        to_batch([row])


def test_a_record_nested_deeper_than_python_can_go_is_an_error():
    deep = {"a": 1}
    for _ in range(sys.getrecursionlimit() + 100):
        deep = {"a": deep}
    with pytest.raises(DecodeError, match="nested too deep"):
        to_batch([deep])


def test_two_fetches_of_one_page_give_the_same_batch():
    body = json.dumps(
        [{"Id": str(n), "n": n, "f": n / 7, "l": [n], "s": {"x": None}} for n in range(100)]
    ).encode()
    assert to_batch(parse(body), SCHEMA).equals(to_batch(parse(body), SCHEMA))
