"""The compiled road reads what the exact road would read, in the schema as it is, or refuses it."""

import json
import platform
import random
import struct
import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spyro_sdk.arrow.compiled import built, give_back, read
from spyro_sdk.arrow.exact import DEEPEST, parse, to_batch
from spyro_sdk.arrow.fast import Refused, is_list

from ..programs import COMPILER
from .test_roads import BOOLS, NAMES, NULLS, STAMP, STRINGS, lists, sent, thoroughly

MONEY = pa.decimal128(10, 2)
STAMPS = {unit: pa.timestamp(unit, "UTC") for unit in ("s", "ms", "us", "ns")}


def test_it_is_built_where_tests_run():
    assert built() is not None, f"pip found no compiler when it installed spyro_sdk.\n{COMPILER.how}"


def test_without_a_compiler_every_page_is_refused():
    assert built("spyro_sdk.arrow.no_such_module") is None
    with pytest.raises(Refused, match="no compiler"):
        read(b"[]", pa.schema([]), reader=None)


KEPT = """
import re
from pathlib import Path
import pyarrow as pa
from spyro_sdk.arrow.compiled import give_back, read

def held():  # bytes
    return int(re.search(r"VmRSS:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024

schema = pa.schema([("kept", pa.string()), ("let_go", pa.string())])
text = b"[" + b",".join(b'{"kept":"%040d","let_go":"%040d"}' % (n, n) for n in range(1000)) + b"]"
pages = [read(text, schema) for _ in range(500)]
kept = [page["kept"] for page in pages]
let_go = sum(page["let_go"].nbytes for page in pages)
del pages
before = held()
give_back()
print((before - held()) / let_go)
"""


def test_columns_that_are_let_go_are_given_back_although_others_lie_among_them():
    give_back(None)  # of which there is nothing where nothing is compiled
    if platform.libc_ver()[0] == "glibc":
        done = subprocess.run([sys.executable, "-c", KEPT], capture_output=True, text=True, check=True)
        assert 0.5 < float(done.stdout) < 1.2
    else:
        give_back()


def by_both(text, kind, closed=False):
    """The batch of the one column `a`, which both roads must give."""
    schema = kind if isinstance(kind, pa.Schema) else pa.schema([("a", kind)])
    found = read(text, schema, closed=closed)
    expected = to_batch(parse(text, keep_digits=True), schema, closed=closed)
    found.validate(full=True)
    assert found.schema.equals(expected.schema, check_metadata=True)
    assert repr(found.to_pylist()) == repr(expected.to_pylist())
    return found


def values(texts, kind):
    """What a column holds of values that are written so."""
    rows = ",".join(f'{{"a":{text}}}' for text in texts)
    return read(f"[{rows}]".encode(), pa.schema([("a", kind)]))["a"].to_pylist()


def is_refused(text, kind):
    try:
        values([text], kind)
    except Refused:
        return True
    return False


# --- one value -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "kind", "value"),
    [
        ("true", pa.bool_(), True),
        ("false", pa.bool_(), False),
        ("-9223372036854775808", pa.int64(), -(2**63)),
        ("9223372036854775807", pa.int64(), 2**63 - 1),
        ("18446744073709551615", pa.uint64(), 2**64 - 1),
        ("-128", pa.int8(), -128),
        ("255", pa.uint8(), 255),
        ("-32768", pa.int16(), -32768),
        ("4294967295", pa.uint32(), 2**32 - 1),
        ("-0", pa.int64(), 0),
        ("-0", pa.uint8(), 0),
        ("9007199254740992", pa.float64(), 2.0**53),
        ("1E+5", pa.float64(), 1e5),
        ("-1.5e-3", pa.float64(), -1.5e-3),
        ("5e-324", pa.float64(), 5e-324),
        ("1.7976931348623157e308", pa.float64(), 1.7976931348623157e308),
        ("1e22", pa.float64(), 1e22),
        ("9007199254740993.0", pa.float64(), 2.0**53),
        ("0.000", pa.float64(), 0.0),
        ("-0.0", pa.float64(), -0.0),
        ("-0", pa.float64(), 0.0),
        ("-0e9999999999999999999", pa.float64(), -0.0),
        ('""', pa.string(), ""),
        ('"a\\u0000\\ud83d\\ude00\\/ü\\"\\\\\\b\\f\\n\\r\\t"', pa.string(), 'a\0😀/ü"\\\b\f\n\r\t'),
        ('"\\u00FC\\u20ac\\uFFFF"', pa.string(), "ü€\uffff"),
        ("12.50", MONEY, Decimal("12.50")),
        ("-12.500", MONEY, Decimal("-12.50")),
        ("1e3", MONEY, Decimal("1000.00")),
        ("99999999.99", MONEY, Decimal("99999999.99")),
        ("1200e-2", MONEY, Decimal("12.00")),
        ("123456789012345678", pa.decimal128(38, 0), Decimal("123456789012345678")),
        ('"2024-02-29"', pa.date32(), date(2024, 2, 29)),
        ('"2024-02-29T12:00:00.000+0000"', STAMP, datetime(2024, 2, 29, 12, tzinfo=UTC)),
        ('"2024-02-29 12:00:00.5-01:30"', STAMP, datetime(2024, 2, 29, 13, 30, 0, 500_000, tzinfo=UTC)),
        ('"2024-02-29T12:00:00.1230Z"', STAMP, datetime(2024, 2, 29, 12, 0, 0, 123_000, tzinfo=UTC)),
        ('"2024-02-29T12:00:00+02"', STAMPS["s"], datetime(2024, 2, 29, 10, tzinfo=UTC)),
        ('"9999-12-31T23:59:59.999999Z"', STAMPS["us"], datetime.max.replace(tzinfo=UTC)),
        ('"2024-02-29T12:00:00"', pa.timestamp("s"), datetime(2024, 2, 29, 12)),
        ('"12:34:56Z"', pa.time64("us"), time(12, 34, 56)),
        ('"23:59:59.999"', pa.time32("ms"), time(23, 59, 59, 999_000)),
        ('"00:00:00.000"', pa.time32("s"), time(0)),
        ("null", pa.null(), None),
        ("null", pa.date32(), None),
        ("{}", pa.struct([]), {}),
        ("[]", pa.list_(pa.string()), []),
        ("[null,null]", pa.list_(pa.null()), [None, None]),
        ("[null,[1]]", pa.list_(pa.list_(pa.int64())), [None, [1]]),
        ('{"b":"2024-02-29"}', pa.struct([("b", pa.date32())]), {"b": date(2024, 2, 29)}),
        ('[{"b":1.25},null]', pa.list_(pa.struct([("b", MONEY)])), [{"b": Decimal("1.25")}, None]),
    ],
)
def test_a_value_that_fits_is_read(written, kind, value):
    found = by_both(f'[{{"a":{written}}},{{}},{{"a":null}}]'.encode(), kind)
    assert found["a"].to_pylist() == [value, None, None]
    assert found.schema.field("a").type == kind


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("9007199254740993", pa.float64()),
        ("1" * 400, pa.float64()),
        ("1e400", pa.float64()),
        ("1e-400", pa.float64()),
        (f"0.{'1' * 200}", pa.float64()),
        ("Infinity", pa.float64()),
        ("NaN", pa.float64()),
        ('"1"', pa.float64()),
        ("9223372036854775808", pa.int64()),
        ("18446744073709551616", pa.uint64()),
        ("1" * 400, pa.int64()),
        ("-1", pa.uint8()),
        ("2.0", pa.int64()),
        ("1e2", pa.int64()),
        ("128", pa.int8()),
        ("01", pa.int64()),
        ("-", pa.int64()),
        ("+1", pa.int64()),
        ("1.", pa.float64()),
        (".5", pa.float64()),
        ("1e", pa.float64()),
        ("1e+", pa.float64()),
        ("1", pa.bool_()),
        ("tru", pa.bool_()),
        ("1", pa.string()),
        ('{"b":1}', pa.string()),
        ('"\\ud83d"', pa.string()),
        ('"\\ud83d\\n"', pa.string()),
        ('"\\ud83d\\u0041"', pa.string()),
        ('"\\udc00"', pa.string()),
        ('"\\u00g0"', pa.string()),
        ('"\\u00"', pa.string()),
        ('"\\x"', pa.string()),
        ('"\t"', pa.string()),
        ("1.505", MONEY),
        ("123456789", MONEY),
        ("1e50", MONEY),
        ("1e18", MONEY),
        ("1e-50", MONEY),
        ("1" * 30, MONEY),
        ("1" * 19, pa.decimal128(38, 0)),
        ('"12.5"', MONEY),
        ("1", pa.null()),
        ("1", pa.date32()),
        ('"2026-01-3"', pa.date32()),
        ('"2026-01-3x"', pa.date32()),
        ('"2026/01/31"', pa.date32()),
        ('"2026-13-01"', pa.date32()),
        ('"2026-00-01"', pa.date32()),
        ('"2026-01-00"', pa.date32()),
        ('"2026-02-29"', pa.date32()),
        ('"0000-01-01"', pa.date32()),
        ('"2026-01\\u002d31"', pa.date32()),
        ('"2026-01-31"', STAMP),
        ('"2026-01-31X12:00:00Z"', STAMP),
        ('"2026-01-31T12:00Z"', STAMP),
        ('"2026-01-31T12:00:00"', STAMP),
        ('"2026-01-31T12:00:00.Z"', STAMP),
        ('"2026-01-31T12:00:00.1234Z"', STAMP),
        ('"2026-01-31T12:00:60Z"', STAMP),
        ('"2026-01-31T24:00:00Z"', STAMP),
        ('"2026-01-31T12:00:00+24:00"', STAMP),
        ('"2026-01-31T12:00:00+2:00"', STAMP),
        ('"2026-01-31T12:00:00+02x00"', STAMP),
        ('"2026-01-31T12:00:00Z"', pa.timestamp("s")),
        ('"0001-01-01T00:00:00+01:00"', STAMP),
        ('"9999-12-31T23:59:59-01:00"', STAMP),
        ('"1677-12-31T23:59:59Z"', STAMPS["ns"]),
        ('"2262-01-01T00:00:00+01:00"', STAMPS["ns"]),
        ('"24:00:00"', pa.time64("us")),
        ('"12:34"', pa.time64("us")),
        ('"12:34:56+01"', pa.time64("us")),
        ('"12-34-56"', pa.time64("us")),
        ("1.5", pa.list_(pa.float64())),
        ("[1", pa.list_(pa.int64())),
        ("[1,]", pa.list_(pa.int64())),
        ('{"b":1}', pa.struct([])),
        ('{"b":1,}', pa.struct([("b", pa.int64())])),
        ('{"b" 1}', pa.struct([("b", pa.int64())])),
        ("{b:1}", pa.struct([("b", pa.int64())])),
        ("null", pa.float32()),
        ("null", pa.binary()),
        ("null", pa.large_string()),
        ("null", pa.duration("s")),
        ("null", pa.decimal256(50, 2)),
        ("null", pa.decimal128(10, -2)),
        ("null", pa.decimal128(38, 30)),
        ("null", pa.dictionary(pa.int8(), pa.string())),
        ("null", pa.uuid()),
        ("null", pa.list_(pa.uuid())),
        ("null", pa.struct([("b", pa.int8()), ("b", pa.int8())])),
        ("null", pa.struct([("\0", pa.int8())])),
        ("null", pa.struct([(str(number), pa.int8()) for number in range(1001)])),
    ],
)
def test_a_value_in_doubt_is_refused(written, kind):
    with pytest.raises(Refused):
        read(f'[{{"a":{written}}},{{"a":null}}]'.encode(), pa.schema([("a", kind)]))


# --- every value ---------------------------------------------------------------------------------------


def test_doubles_are_the_nearest_ones():
    dice = random.Random(1)
    doubles = [struct.unpack("<d", dice.randbytes(8))[0] for _ in range(20_000)]
    texts = [repr(it) for it in doubles if it == it and abs(it) != float("inf")]
    texts += [f"{dice.randrange(10**19)}e{dice.randrange(-40, 40)}" for _ in range(20_000)]
    texts += [f"{dice.randrange(2**53, 2**64) * 2 + 1}.{'0' * places}" for places in range(1, 40)]
    texts += ["1.00000000000000011102230246251565404236316680908203125", "2.2250738585072011e-308"]
    assert values(texts, pa.float64()) == list(map(float, texts))


def test_every_tenth_day_is_read_and_the_ends_of_all_months_are_right():
    days = [date.fromordinal(it) for it in range(1, date.max.toordinal(), 10)]
    assert values([f'"{day}"' for day in days], pa.date32()) == days
    for year in (1, 4, 100, 400, 1900, 2000, 2023, 2024, 9999):
        for month in range(1, 13):
            last = (
                (date(year, month, 28) + timedelta(4)).replace(day=1) if (year, month) < (9999, 12) else None
            )
            length = (last - timedelta(1)).day if last else 31
            assert values([f'"{year:04}-{month:02}-{length}"'], pa.date32()) == [date(year, month, length)]
            assert is_refused(f'"{year:04}-{month:02}-{length + 1}"', pa.date32())


def test_a_text_is_read_whatever_stands_at_which_place():
    for odd in ('"', "\\", "\n", "/", "ü", "€", "😀", "\x7f"):
        texts = ["x" * before + odd + "y" * behind for before in range(40) for behind in (0, 1, 17)]
        for ascii_only in (False, True):
            written = [json.dumps(text, ensure_ascii=ascii_only) for text in texts]
            assert values(written, pa.string()) == texts


def test_a_control_character_is_refused_wherever_it_stands():
    for code in range(32):
        for before in range(20):
            assert is_refused(f'"{"x" * before}{chr(code)}"', pa.string())


def test_exactly_what_is_utf8_is_read():
    def is_utf8(sequence):
        try:
            return sequence.decode()
        except UnicodeDecodeError:
            return None

    edges = (0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC2, 0xE0, 0xED, 0xF0, 0xF4, 0xFF)
    firsts = [bytes([first]) for first in range(0x80, 0x100)]
    found = [*firsts]
    for _ in range(3):
        firsts = [first + bytes([edge]) for first in firsts for edge in edges if is_utf8(first) is None]
        found += firsts
        firsts = [
            first for first in firsts if first[0] >= 0xC0 and all(0x80 <= it < 0xC0 for it in first[1:])
        ]
    schema = pa.schema([("a", pa.string())])
    for sequence in found:
        try:
            batch = read(b'[{"a":"' + sequence + b'"}]', schema)
        except Refused:
            assert is_utf8(sequence) is None or min(sequence) < 0x20, sequence
        else:
            assert batch["a"].to_pylist() == [is_utf8(sequence)]


# --- what stands around values -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        *(b"", b"[", b"]", b"{}", b"null", b"[null]", b"[1]", b"[[]]", b'[{"a":1},null]', b'[{"a":1,"a":1}]'),
        *(b'[{"a":null,"a":1}]', b'[{"a":1},]', b'[{"a":1}', b'[{"a":1}]]', b'[{"a":1}],[{"a":1}]', b"[{]"),
        *(
            b'[{"a":1}] ',
            b'[{"a":1}]\0',
            b'[{"a":1} // x\n]',
            b'[{"a"}]',
            b'[{"a',
            b'[{"a\\',
            b'[{"a":"',
            b"[{,}]",
        ),
        *(b'[{"a":1 "b":2}]', b'\xef\xbb\xbf[{"a":1}]'),
    ],
)
def test_what_is_not_one_list_of_objects_is_refused(text):
    schema = pa.schema([("a", pa.int64())])
    for closed in (False, True):
        with pytest.raises(Refused):
            read(text, schema, closed=closed)


def test_a_page_that_is_cut_anywhere_is_refused():
    schema = pa.schema(
        [("a", pa.string()), ("b", pa.list_(pa.float64())), ("c", pa.struct([("d", pa.bool_())]))]
    )
    text = b'[{"a":"x\\u20ac\xc3\xbc","b":[1.5e3,-2],"c":{"d":true},"x":[{"y":[null,"z"]}]},{"c":null}]'
    assert by_both(text, schema, closed=True).num_rows == 2
    for end in range(len(text)):
        with pytest.raises(Refused):
            read(text[:end], schema, closed=True)
        with pytest.raises(Refused):
            read(memoryview(text)[:end], schema, closed=True)  # the rest of it is there, and none of ours


def test_a_list_of_objects_is_known_without_its_columns():
    assert is_list(b'[{"a":[{"b":1}],"c":2},{}]', read)
    assert not is_list(b'[{"a":1}],"more":[{"a":1}]', read)


@pytest.mark.parametrize("space", [b"", b" ", b"\n", b"\r\n", b"\r", b"\t", b" \n\t\r\n"])
def test_space_between_values_is_no_part_of_them(space):
    parts = [
        *(b"[", b"{", b'"x"', b":", b"[", b"1", b",", b"{", b"}", b"]", b",", b'"a"', b":", b'"x y"', b"}")
    ]
    parts += [b",", b"{", b"}", b"]"]
    assert by_both(space.join(parts), pa.string(), closed=True).to_pylist() == [{"a": "x y"}, {"a": None}]


def test_a_field_that_the_schema_does_not_know_is_refused_or_left_out_where_it_is_closed():
    text = b'[{"a":{"b":1,"x":[{"y":1}]},"x":{"y":2}},{"a":null}]'
    kind = pa.struct([("b", pa.int64())])
    with pytest.raises(Refused, match="not in the schema"):
        read(text, pa.schema([("a", kind)]))
    assert by_both(text, kind, closed=True).to_pylist() == [{"a": {"b": 1}}, {"a": None}]


@pytest.mark.parametrize(
    "left_out",
    [
        *('"x\\n\\ud83d\\ude00ü"', "-1.5e+300", "1e999", "true", "false", "null", "[]", "{}", "[[],{}]"),
        *('{"y":1,"y":2}', '[1,{"y":[2,{"z":null}]},"w"]', "[" * 64 + "]" * 64, "9" * 5000),
    ],
)
def test_what_is_left_out_may_be_any_json(left_out):
    text = f'[{{"x":{left_out},"a":1}},{{"a":2,"x":{left_out}}}]'.encode()
    assert read(text, pa.schema([("a", pa.int64())]), closed=True)["a"].to_pylist() == [1, 2]


@pytest.mark.parametrize(
    "left_out",
    [
        *(
            "x",
            "nul",
            "-NaN",
            "01",
            "1.",
            '"\xff"',
            '"\t"',
            '"\\x"',
            '"\\ud83d"',
            "[",
            "{",
            "[1,]",
            '{"y":1,}',
        ),
        *("[1}", '{"y":1]', "{1:2}", '{"y"}', "{,}", "[1 2]", '{"y":1 "z":2}', "[" * 66 + "]" * 66, ""),
    ],
)
def test_what_is_left_out_must_be_json_all_the_same(left_out):
    with pytest.raises(Refused):
        read(f'[{{"x":{left_out},"a":1}}]'.encode("latin-1"), pa.schema([("a", pa.int64())]), closed=True)


# --- columns -------------------------------------------------------------------------------------------


def test_a_null_where_none_is_allowed_is_refused_and_all_else_keeps_its_schema():
    inner = pa.field("b", pa.int64(), nullable=False, metadata={"label": "B"})
    item = pa.field("element", pa.int64(), nullable=False)
    fields = [
        pa.field("id", pa.int64(), nullable=False, metadata={"label": "Id"}),
        pa.field("one", pa.struct([inner])),
        pa.field("many", pa.list_(item)),
    ]
    schema = pa.schema(fields, metadata={"source": "demo"})
    text = b'[{"id":1,"one":{"b":1},"many":[1]},{"id":2,"one":{"b":2}}]'
    assert by_both(text, schema).schema.equals(schema, check_metadata=True)
    for odd in (b'"id":null', b'"one":{"b":null}', b'"one":{}', b'"one":null', b'"many":[null]', b""):
        row = b",".join(filter(None, [odd, b"" if b'"id"' in odd or not odd else b'"id":3']))
        with pytest.raises(Refused, match="null"):
            read(b"[{" + row + b"}]", schema)


def test_columns_of_any_length_know_their_nulls():
    schema = pa.schema([("a", pa.bool_()), ("b", pa.string()), ("c", pa.list_(pa.int8())), ("d", pa.null())])
    dice = random.Random(7)
    for count in (*range(20), 63, 64, 65, 127, 128, 129, 1000):
        rows = [{"a": True, "b": "x", "c": [1, 2], "d": None} for _ in range(count)]
        for row in rows:
            row |= {name: None for name in row if dice.random() < 0.2}
        batch = by_both(json.dumps(rows).encode(), schema)
        assert batch.to_pylist() == rows
        assert [it.null_count for it in batch.columns] == [
            sum(row[name] is None for row in rows) for name in schema.names
        ]


def test_columns_that_a_page_lacks_are_nulls_and_so_are_all_where_there_is_no_column():
    schema = pa.schema([("a", pa.int64()), ("b", pa.list_(pa.struct([("c", pa.date32())])))])
    assert by_both(b"[{},{}]", schema).to_pylist() == [{"a": None, "b": None}] * 2
    assert by_both(b"[{},{}]", pa.schema([])).num_rows == 2
    assert by_both(b"[]", pa.schema([])).num_rows == 0
    assert by_both(b"[]", schema).schema == schema


def test_names_are_taken_as_they_are_in_any_order():
    schema = pa.schema(
        [(name, pa.string()) for name in ("", "a.b", '"', "\\", "ü", "r", "😀", "\x7f", "a", "ab")]
    )
    row = {name: f"<{name}>" for name in schema.names}
    dice = random.Random(3)
    for ensure_ascii in (False, True):
        for _ in range(20):
            names = dice.sample(schema.names, len(row))
            text = json.dumps([{name: row[name] for name in names}] * 2, ensure_ascii=ensure_ascii).encode()
            assert by_both(text, schema).to_pylist() == [row] * 2


def test_a_name_that_a_c_string_cannot_hold_is_refused():
    with pytest.raises(Refused, match="zero byte"):
        read(b'[{"":1}]', pa.schema([("\0", pa.int64())]))


def test_a_schema_with_one_name_twice_is_refused():
    with pytest.raises(Refused, match="twice"):
        read(b'[{"a":1}]', pa.schema([("a", pa.int64()), ("a", pa.int64())]))


def test_a_thousand_columns_and_more_are_read():
    schema = pa.schema([(f"c{number}", pa.int64()) for number in range(1500)])
    rows = [dict.fromkeys(schema.names, 7)]
    assert read(json.dumps(rows).encode(), schema).to_pylist() == rows


def nested(levels, kind):
    for _ in range(levels):
        kind = pa.list_(kind)
    return kind


def test_levels_that_the_exact_road_keeps_as_text_are_refused():
    text = "[" * DEEPEST + "1" + "]" * DEEPEST
    by_both(f'[{{"a":{text}}}]'.encode(), nested(DEEPEST, pa.int64()))
    for kind in (nested(DEEPEST + 1, pa.int64()), nested(DEEPEST, pa.struct([]))):
        with pytest.raises(Refused, match="nested so deep"):
            read(f'[{{"a":[{text}]}}]'.encode(), pa.schema([("a", kind)]))


def test_each_column_outlives_the_text_the_batch_and_the_others():
    text = bytearray(json.dumps([{"a": "x" * 40, "b": [n], "c": {"d": n}} for n in range(500)]).encode())
    kinds = {"a": pa.string(), "b": pa.list_(pa.int64()), "c": pa.struct([("d", pa.int64())])}
    batch = read(bytes(text), pa.schema(list(kinds.items())))
    columns = dict(zip(kinds, batch.columns, strict=True))
    del batch
    text[:] = b"\0" * len(text)
    inner = columns.pop("c").field("d")
    assert inner.to_pylist() == list(range(500))
    assert columns.pop("b").flatten().to_pylist() == list(range(500))
    assert set(columns.pop("a").to_pylist()) == {"x" * 40}


PLAIN = {
    pa.string(): STRINGS,
    pa.bool_(): BOOLS,
    pa.int16(): st.integers(-(2**15), 2**15 - 1).map(str),
    pa.uint64(): st.integers(0, 2**64 - 1).map(str),
    pa.int64(): st.integers(-(2**63), 2**63 - 1).map(str),
    pa.float64(): st.floats(allow_nan=False, allow_infinity=False).map(repr)
    | st.integers(-(2**53), 2**53).map(str),
    MONEY: st.decimals(-(10**7), 10**7, places=2).map(str),
    pa.date32(): st.dates().map('"{}"'.format),
    pa.time64("us"): st.times().map(lambda it: f'"{it.isoformat("auto")}Z"'),
    STAMPS["us"]: st.datetimes().map(lambda it: f'"{it.isoformat("T")}+0000"'),
    pa.timestamp("ns"): st.datetimes(datetime(1678, 1, 1), datetime(2261, 12, 31)).map(lambda it: f'"{it}"'),
    pa.null(): NULLS,
    pa.list_(pa.list_(pa.string())): lists(lists(STRINGS | NULLS) | NULLS),
    pa.struct([("a", pa.int8())]): sent('{"a":7} {} {"a":null}'),
}


@thoroughly
@given(st.dictionaries(NAMES, st.sampled_from([*PLAIN]), max_size=4), st.data())
def test_a_page_that_fits_its_schema_is_not_refused(kinds, data):
    rows = data.draw(st.lists(st.sets(st.sampled_from([*kinds])) if kinds else st.just(set()), max_size=9))
    records = [
        "{" + ",".join(f"{json.dumps(name)}:{data.draw(PLAIN[kinds[name]] | NULLS)}" for name in names) + "}"
        for names in rows
    ]
    by_both(f"[{','.join(records)}]".encode(), pa.schema(list(kinds.items())))
