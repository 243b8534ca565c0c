"""The fast road reads what the exact road would read, or refuses it."""

import json
from datetime import UTC, date, datetime, time
from decimal import Decimal

import pyarrow as pa
import pytest

from spyro_sdk.arrow.exact import DEEPEST, parse, to_batch
from spyro_sdk.arrow.fast import ZEROS, Refused, holds_tiny, is_list, read

MONEY = pa.decimal128(10, 2)


def by_both(text, kind, closed=False):
    """The batch of the one column `a`, which both roads must give."""
    schema = kind if isinstance(kind, pa.Schema) else pa.schema([("a", kind)])
    found = read(text, schema, closed=closed)
    expected = to_batch(parse(text, keep_digits=True), schema, closed=closed)
    found.validate(full=True)
    assert found.schema.equals(expected.schema, check_metadata=True)
    assert repr(found.to_pylist()) == repr(expected.to_pylist())
    return found


@pytest.mark.parametrize(
    ("sent", "kind", "value"),
    [
        ("true", pa.bool_(), True),
        ("-9223372036854775808", pa.int64(), -(2**63)),
        ("18446744073709551615", pa.uint64(), 2**64 - 1),
        ("-128", pa.int8(), -128),
        ("9007199254740991", pa.float64(), 2.0**53 - 1),
        ("1E+5", pa.float64(), 1e5),
        ("5e-324", pa.float64(), 5e-324),
        ("0.000", pa.float64(), 0.0),
        ('"a\\u0000\\ud83d\\ude00\\/ü"', pa.string(), "a\0😀/ü"),
        ("12.50", MONEY, Decimal("12.50")),
        ("12.500", MONEY, Decimal("12.50")),
        ("1e3", MONEY, Decimal("1000.00")),
        ('"12.5"', MONEY, Decimal("12.50")),
        ("1234567890123456789.1234567", pa.decimal128(38, 7), Decimal("1234567890123456789.1234567")),
        ('"2024-02-29"', pa.date32(), date(2024, 2, 29)),
        ('"2024-02-29T12:00:00.000+0000"', pa.timestamp("ms", "UTC"), datetime(2024, 2, 29, 12, tzinfo=UTC)),
        ('"2024-02-29T12:00:00"', pa.timestamp("s"), datetime(2024, 2, 29, 12)),
        ('"12:34:56Z"', pa.time64("us"), time(12, 34, 56)),
        ("null", pa.null(), None),
        ("null", pa.date32(), None),
        ("{}", pa.struct([]), {}),
        ("[null,[1]]", pa.list_(pa.list_(pa.int64())), [None, [1]]),
        ('{"b":"2024-02-29"}', pa.struct([("b", pa.date32())]), {"b": date(2024, 2, 29)}),
        ('[{"b":1.25},null]', pa.list_(pa.struct([("b", MONEY)])), [{"b": Decimal("1.25")}, None]),
    ],
)
def test_a_value_that_fits_is_read(sent, kind, value):
    found = by_both(f'[{{"a":{sent}}},{{}},{{"a":null}}]'.encode(), kind)
    assert found.to_pylist() == [{"a": value}, {"a": None}, {"a": None}]
    assert found.schema.field("a").type == kind


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        ("9007199254740992", pa.float64()),  # 2^53 + 1 would be read as this
        ("9007199254740993", pa.float64()),
        ("-9007199254740993", pa.float64()),
        ("1" * 400, pa.float64()),
        ("1e400", pa.float64()),
        ("Infinity", pa.float64()),
        ("Inf", pa.float64()),
        ("NaN", pa.float64()),
        ("-NaN", pa.float64()),
        ("-0", pa.float64()),
        ("1e-400", pa.float64()),
        (f"-0.{'0' * 400}1", pa.float64()),
        (f"0.{'1' * 60}e-330", pa.float64()),
        ("9223372036854775808", pa.int64()),
        ("2.0", pa.int64()),
        ("2.5", pa.int64()),
        ("1e2", pa.int64()),
        ('"12"', pa.int64()),
        ("128", pa.int8()),
        ("1", pa.bool_()),
        ("1", pa.string()),
        ("[1]", pa.string()),
        ('{"b":1}', pa.string()),
        ('"\\ud83d"', pa.string()),
        ('"\\udc00"', pa.string()),
        ('"\t"', pa.string()),
        ("1.505", MONEY),
        ("123456789", MONEY),
        ('""', MONEY),
        ('"1_0"', MONEY),
        ("1", pa.null()),
        ("1", pa.date32()),
        ("1", pa.timestamp("ms")),
        ("1.5", pa.list_(pa.float64())),
        ("[9007199254740993]", pa.list_(pa.float64())),
        ('{"b":-0}', pa.struct([("b", pa.float64())])),
        ('{"b":1}', pa.struct([])),
        ('{"b":1,"c":2}', pa.struct([("b", pa.int64())])),
        ("[null,null]", pa.list_(pa.null())),
        ("[[null,null]]", pa.list_(pa.list_(pa.null()))),
        ("null", pa.float32()),
        ("null", pa.binary()),
        ("null", pa.large_string()),
        ("null", pa.struct([("b", pa.int8()), ("b", pa.int8())])),
        ("null", pa.struct([(str(number), pa.int8()) for number in range(1001)])),
    ],
)
def test_a_value_in_doubt_is_refused(sent, kind):
    with pytest.raises(Refused):
        read(f'[{{"a":{sent}}},{{"a":null}}]'.encode(), pa.schema([("a", kind)]))


@pytest.mark.parametrize(
    ("sent", "kind", "becomes"),
    [
        ("2026-02-30", pa.date32(), pa.string()),
        ("0000-01-01", pa.date32(), pa.string()),
        ("2026-01-31T12:00:00", pa.timestamp("ms", "UTC"), pa.string()),
        ("2026-01-31T12:00:00.123456Z", pa.timestamp("ms", "UTC"), pa.timestamp("us", "UTC")),
        ("24:00:00", pa.time64("us"), pa.string()),
    ],
)
def test_a_text_that_does_not_fit_widens_the_column_as_on_the_exact_road(sent, kind, becomes):
    assert by_both(f'[{{"a":"{sent}"}},{{}}]'.encode(), kind).schema.field("a").type == becomes
    nested = by_both(f'[{{"a":["{sent}"]}},{{}}]'.encode(), pa.list_(kind))
    assert nested.schema.field("a").type == pa.list_(becomes)


@pytest.mark.parametrize(
    "text",
    [
        b"[null]",
        b"[1]",
        b"[[]]",
        b'[{"a":1},null]',
        b'[{"a":1,"a":1}]',
        b'[{"a":null,"a":1}]',
        b'[{"a":1},]',
        b'[{"a":1}',
        b'[{"a":1}]]',
        b'[{"a":1}],[{"a":1}]',
        b'[{"a":1}],"more":[{"a":1}]',
        b'[{"a":1}]],"more":[[{"a":1}]',
        b'[{"a":1}],null],"more":[[{"a":1}]',
        b'[{"a":1}],[]],"more":[[{"a":1}]',
        b'[{"a":1}],[{}]],"more":[[{"a":1}]',
        b'[{"a":1}]],"r":[[{"a":1}]',
        b'[{"a":1}]]}{"r":[[{"a":1}]',
        b'[{"a":1}]]}\n{"r":[[{"a":1}]',
        b'[{"a":1}]\0',
        b'[{"a":1}] x',
        b'[{"a":1} // x\n]',
    ],
)
def test_what_is_not_one_list_of_objects_is_refused(text):
    schema = pa.schema([("a", pa.int64())])
    for closed in (False, True):
        with pytest.raises(Refused):
            read(text, schema, closed=closed)
        with pytest.raises(Refused):
            read(text.replace(b"1", b'"1"'), pa.schema([("a", pa.string())]), closed=closed)


def test_a_list_of_objects_is_known_without_its_columns():
    assert is_list(b'[{"a":[{"b":1}],"c":2},{}]')
    assert not is_list(b'[{"a":1}],"more":[{"a":1}]')


def test_bytes_that_are_no_utf8_are_refused_in_any_column():
    schema = pa.schema([("a", pa.string())])
    broken = [b'[{"a":"\xff"}]', b'[{"a":"\xed\xa0\x80"}]', b'[{"a":"\xc0\x80"}]', b'[{}],[{"a":"\xff"}]']
    for text in broken:
        with pytest.raises(Refused):
            read(text, schema)
        with pytest.raises(Refused):
            read(text.replace(b'"a"', b'"b"'), schema, closed=True)


@pytest.mark.parametrize("space", [b"", b" ", b"\n", b"\r\n", b"\r", b"\t", b" \n\t\r\n"])
def test_space_between_values_is_no_part_of_them(space):
    parts = [b"[", b"{", b'"a"', b":", b'"x y"', b"}", b",", b"{", b"}", b"]"]
    assert by_both(space.join(parts), pa.string()).to_pylist() == [{"a": "x y"}, {"a": None}]


def test_a_page_of_many_lines_is_read_in_one_piece():
    rows = [{"a": number, "b": ["x" * 50]} for number in range(20_000)]
    schema = pa.schema([("a", pa.int64()), ("b", pa.list_(pa.string()))])
    assert read(json.dumps(rows, indent=4).encode(), schema).to_pylist() == rows


def test_a_field_that_the_schema_does_not_know_is_refused_or_left_out_where_it_is_closed():
    text = b'[{"a":{"b":1,"x":[{"y":1}]},"x":{"y":2}},{"a":null}]'
    kind = pa.struct([("b", pa.int64())])
    with pytest.raises(Refused):
        read(text, pa.schema([("a", kind)]))
    assert by_both(text, kind, closed=True).to_pylist() == [{"a": {"b": 1}}, {"a": None}]


def test_what_stands_in_a_field_that_is_left_out_is_not_looked_at():
    text = b'[{"x":{"y":1,"y":2},"a":1,"z":-NaN}]'
    assert read(text, pa.schema([("a", pa.int64())]), closed=True).to_pylist() == [{"a": 1}]


def test_fields_are_nullable_where_a_null_is_and_keep_what_the_schema_says_else():
    inner = pa.field("b", pa.int64(), nullable=False, metadata={"label": "B"})
    item = pa.field("element", pa.int64(), nullable=False)
    schema = pa.schema(
        [
            pa.field("id", pa.int64(), nullable=False, metadata={"label": "Id"}),
            pa.field("full", pa.struct([inner]), nullable=False),
            pa.field("holes", pa.struct([inner]), nullable=False),
            pa.field("list", pa.list_(item), nullable=False),
            pa.field("gaps", pa.list_(item), nullable=False),
            pa.field("gone", pa.struct([inner]), nullable=False),
        ],
        metadata={"source": "demo"},
    )
    text = (
        b'[{"id":1,"full":{"b":1},"holes":{"b":1},"list":[1],"gaps":[1,null]},'
        b'{"id":2,"full":{"b":2},"holes":null,"list":[],"gaps":[]}]'
    )
    found = by_both(text, schema).schema
    assert found.metadata == schema.metadata
    assert [field.nullable for field in found] == [False, False, True, False, False, True]
    assert [found.field(name).type.field(0).nullable for name in ("full", "holes")] == [False, True]
    assert [found.field(name).type.field(0).nullable for name in ("list", "gaps")] == [False, True]
    assert by_both(b"[]", schema).schema.equals(schema, check_metadata=True)


def test_columns_that_a_page_lacks_are_nulls_and_so_are_all_where_there_is_no_column():
    schema = pa.schema([("a", pa.int64()), ("b", pa.list_(pa.struct([("c", pa.date32())])))])
    assert by_both(b"[{},{}]", schema).to_pylist() == [{"a": None, "b": None}] * 2
    assert by_both(b"[{},{}]", pa.schema([])).num_rows == 2
    assert by_both(b"[]", pa.schema([])).num_rows == 0


def test_names_are_taken_as_they_are():
    schema = pa.schema([(name, pa.string()) for name in ("", "a.b", '"', "\\", "ü", "\0", "r", "😀", "\x7f")])
    row = {name: f"<{name}>" for name in schema.names}
    for ensure_ascii in (False, True):
        text = json.dumps([row], ensure_ascii=ensure_ascii).encode()
        assert by_both(text, schema).to_pylist() == [row]


def test_a_schema_with_one_name_twice_is_refused():
    with pytest.raises(Refused, match="twice"):
        read(b'[{"a":1}]', pa.schema([("a", pa.int64()), ("a", pa.int64())]))


def nested(levels, kind):
    for _ in range(levels):
        kind = pa.list_(kind)
    return kind


def test_levels_that_the_exact_road_keeps_as_text_are_refused():
    text = "[" * DEEPEST + "1" + "]" * DEEPEST
    by_both(f'[{{"a":{text}}}]'.encode(), nested(DEEPEST, pa.int64()))
    for kind in (nested(DEEPEST + 1, pa.int64()), nested(DEEPEST, pa.struct([]))):
        with pytest.raises(Refused, match="not read fast"):
            read(f'[{{"a":[{text}]}}]'.encode(), pa.schema([("a", kind)]))


@pytest.mark.parametrize(
    ("text", "is_so"),
    [
        (b"[1e-400]", True),
        (b"[-1.5E-324]", True),
        (b'{"a": 12e-0330}', True),
        (b"[0." + b"1" * 39 + b"e-400]", True),
        (b"[" + b"1" * 39 + b"e-400]", True),
        (b"[-" + b"1" * 38 + b"e-400]", True),
        (b"[-" + b"1" * 39 + b"e-400]", True),
        (b"[-" + b"1" * 40 + b"e-400]", True),
        (b"[0." + ZEROS + b"1]", True),
        (b"1e-400", True),
        (b"", False),
        (b"e-", False),
        (b"[1e-99]", False),
        (b"[1e-12]", False),
        (b"[1e300]", False),
        (b'["123e4567-e89b-12d3-a456-e-42661417400e-400"]', False),
        (b'["01234567-012e-4123-89ab-0123456789ab","A-1e-400"]', False),
        (b'["e-mail", "E-123"]', False),
    ],
)
def test_numbers_that_floats_cannot_hold_are_seen_in_the_text(text, is_so):
    assert holds_tiny(text) is is_so


@pytest.mark.parametrize("number", ["0e-40000000", "1E-4000000", "-2.5e-41", "0." + "0" * 40 + "1"])
@pytest.mark.parametrize("nest", [lambda kind: kind, pa.list_, lambda kind: pa.struct([("b", kind)])])
def test_numbers_on_which_arrow_would_crash_are_refused_where_decimals_are_read(number, nest):
    schema = pa.schema([("a", nest(pa.decimal128(18, 2)))])
    with pytest.raises(Refused, match="more places than a decimal"):
        read(f'[{{"a": {number}}}]'.encode(), schema)


def test_a_text_that_looks_a_little_like_one_is_read():
    schema = pa.schema([("a", pa.decimal128(18, 2)), ("b", pa.string())])
    assert read(b'[{"a": 1e-2, "b": "re-open"}]', schema).to_pylist() == [
        {"a": Decimal("0.01"), "b": "re-open"}
    ]


def test_a_zero_beside_a_text_of_ids_is_read():
    text = b'[{"a":"01234567-012e-4123-89ab-0123456789ab","b":0},{"b":0.0},{"b":1e-99}]'
    assert by_both(text, pa.schema([("a", pa.string()), ("b", pa.float64())])).num_rows == 3
