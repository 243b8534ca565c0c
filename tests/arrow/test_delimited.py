"""CSV gives the same tables as JSON, however it is quoted, zipped and cut."""

import csv
import gzip
import io
import json
import zlib
from datetime import time
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spyro_sdk.arrow import delimited
from spyro_sdk.arrow.exact import column, parse
from spyro_sdk.arrow.schema import unify
from spyro_sdk.errors import DecodeError

TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=6) | st.sampled_from(
    [
        '"',
        '""',
        ",",
        "\n",
        "\r\n",
        "\r",
        " ",
        "NULL",
        "null",
        "NaN",
        "true",
        "0x10",
        '",\n"',
        "Ünïcode 🙂",
        "\x00",
        "#",
        "'",
    ]
)
KEY = st.text("aZ0", min_size=1, max_size=4)
WORD = TEXT.filter(lambda text: delimited.REAL.fullmatch(text) is None and text not in ("true", "false"))
INTS = st.integers(-3, 3) | st.sampled_from(
    [2**53 - 1, 2**53, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63), 2**63, 10**30, 10**40]
)
REALS = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(
    [0.0, -0.0, 5e-324, 1.7976931348623157e308, 0.1, 100.0, 1e23, 2.0**53, -1.5]
)
MOMENTS = st.datetimes().map(
    lambda it: it.isoformat(timespec="milliseconds").zfill(23) + "Z"
) | st.sampled_from(
    [
        "2026-01-31T12:34:56.000+0000",
        "2026-01-31T12:34:56.123456Z",
        "2026-01-31T12:34:56.5+05:30",
        "0001-01-01T00:00:00.000Z",
        "0001-01-01T00:00:00+01:00",
        "0000-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999Z",
        "9999-12-31T23:59:59.999-01:00",
        "2026-01-31T12:34:56",
        "2026-01-31",
    ]
)
DAYS = st.dates().map(str) | st.sampled_from(["2026-02-30", "0000-01-01", "2026-01-31T00:00:00Z"])
TIMES = st.times().map(lambda it: it.isoformat(timespec="milliseconds") + "Z") | st.just("25:00:00.000Z")
KINDS = {
    pa.string(): TEXT,
    pa.bool_(): st.booleans(),
    pa.int64(): INTS,
    pa.int32(): INTS,
    pa.float64(): REALS | INTS,
    pa.float32(): REALS,
    pa.decimal128(18, 2): INTS | st.decimals(-(10**6), 10**6, places=2).map(float) | REALS,
    pa.decimal128(38, 6): REALS,
    pa.date32(): DAYS,
    pa.timestamp("ms", "UTC"): MOMENTS,
    pa.timestamp("ns", "UTC"): MOMENTS,
    pa.time64("us"): TIMES,
}


@st.composite
def columns(draw):
    """A type, and the values of a column, of which one or other may not fit."""
    kind = draw(st.sampled_from(list(KINDS)))
    values = KINDS[kind] | (WORD if draw(st.integers(0, 3)) == 0 else st.nothing())
    return kind, draw(st.lists(st.none() | values, max_size=6))


def written(value):
    """A value as it stands in CSV: text as it is, all else as in JSON."""
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


def sheet(rows, names=None, **dialect):
    """Rows as CSV in bytes."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, **{"lineterminator": "\n", "quoting": csv.QUOTE_ALL, **dialect})
    writer.writerows([*([names] if names else []), *rows])
    return out.getvalue().encode()


def read(body, names, encoding=None, **how):
    return [row for batch in delimited.texts(body, encoding, names, **how) for row in batch.to_pylist()]


@settings(max_examples=1500, deadline=None)
@given(columns())
def test_the_same_values_give_the_same_column_as_by_json(given_column):
    kind, values = given_column
    sent = parse(json.dumps(values).encode(), keep_digits=pa.types.is_decimal(kind))
    texts = pa.array([None if value is None else written(value) for value in values], pa.string())
    found, expected = delimited.typed(texts, kind), column(sent, kind)
    found.validate(full=True)
    assert found.type == expected.type
    assert found.equals(expected) or found.to_pylist() == expected.to_pylist()


@settings(max_examples=500, deadline=None)
@given(
    st.lists(st.tuples(KEY, st.none() | TEXT, st.none() | TEXT), max_size=8),
    st.booleans(),
    st.sampled_from([("\n", csv.QUOTE_ALL), ("\r\n", csv.QUOTE_MINIMAL)]),
    st.integers(1, 60),
    st.sampled_from([None, "gzip", "deflate"]),
)
def test_every_text_survives_quotes_line_breaks_and_cuts(rows, has_header, dialect, block, encoding):
    names = ["Id", "A.b", "C"]
    body = sheet(rows, names if has_header else None, lineterminator=dialect[0], quoting=dialect[1])
    zipped = {"gzip": gzip.compress, "deflate": zlib.compress}.get(encoding, bytes)(body)
    found = read(zipped, names, encoding, block=block)
    assert [tuple(row.values()) for row in found] == [tuple(text or None for text in row) for row in rows]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"\xef\xbb\xbf\n\r\nId\n1\n", ["1"]),  # lines of nothing, and the header behind them
        (b"\xef\xbb\xbf\n", []),
        (b"1\n\n\n\n2\n\n", ["1", "2"]),
        (b"1\n ", ["1", " "]),
        (b"\xef\xbb\xbf1\n\xef\xbb\xbf2\n", ["1", "\ufeff2"]),
    ],
)
@pytest.mark.parametrize("block", [1, delimited.BLOCK])
def test_what_is_near_a_cut_is_neither_dropped_nor_taken_for_a_record(body, found, block):
    assert [row["Id"] for row in read(body, ["Id"], block=block)] == found


@pytest.mark.parametrize("header", [["c", "A", "Id"], ["Id", "A", "C"]])
def test_columns_are_found_by_their_names_in_whatever_order(header):
    body = sheet([["1", "2", "3"]], header)
    (row,) = read(body, ["Id", "A", "C"])
    assert row == {name: "123"[[it.lower() for it in header].index(name.lower())] for name in row}


@pytest.mark.parametrize("body", [b"", b"\n", b'"Id","Name"\n', gzip.compress(b"", mtime=0)])
def test_no_records_are_none(body):
    assert read(body, ["Id", "Name"], "gzip" if body[:1] == b"\x1f" else None) == []


def test_a_record_longer_than_a_block_stays_whole():
    rows = [["1", "x\n" * 5000], ["2", "y"]]
    assert read(sheet(rows), ["Id", "Name"], block=100) == [
        {"Id": "1", "Name": "x\n" * 5000},
        {"Id": "2", "Name": "y"},
    ]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'"1","2","3"\n', "no CSV of 2 columns"),
        (b"<!DOCTYPE html>\n<html>\n", "It begins '<!DOCTYPE html>"),
        (b'"1","\xff"\n', "in UTF-8"),
        (b'"1","2"\n"3"', "no CSV of 2 columns"),
        (b'"1","2"\n"3","half a ce', "cut short within quotes"),
        (
            b'"1","2"\n"3","half \xc3\xa9"\n4 "x,"half a ce\n',
            "cut short within quotes",
        ),  # the quotes are even
        (gzip.compress(b'"1","2"\n', mtime=0)[:-9], "cut short"),
        (gzip.compress(b'"1","2"\n', mtime=0)[:-8] + b"12345678", "damaged"),
    ],
)
def test_what_is_no_whole_csv_is_none(body, words):
    with pytest.raises(DecodeError, match=words):
        read(body, ["Id", "Name"], "gzip" if body[:1] == b"\x1f" else None)


def test_an_encoding_that_nobody_asked_for_is_refused():
    with pytest.raises(DecodeError, match="only gzip and deflate"):
        read(b"", ["Id"], "br")


MONEY = pa.decimal128(18, 2)


@pytest.mark.parametrize(
    ("kind", "texts", "expected"),
    [
        (pa.int64(), ["0x10", "1"], pa.array(["0x10", "1"])),
        (pa.int64(), ["007"], pa.array([7])),
        (pa.int64(), ["5.0", None], pa.array([5, None])),
        (pa.float64(), ["1.0E7", "1.5E-4", "0.000"], pa.array([1e7, 1.5e-4, 0.0])),
        (pa.float64(), ["1e-400"], pa.array(["1E-400"])),
        (pa.float64(), ["nan"], pa.array(["nan"])),
        (pa.float64(), ["1e400", "1"], pa.array(["1E+400", "1"])),
        (pa.float64(), ["9" * 5000], pa.array(["9" * 5000])),
        (pa.int64(), ["1e999999999999", "1"], pa.array(["1E+999999999999", "1"])),
        (pa.float64(), ["1e-99999999999999999999", "1"], pa.array(["1e-99999999999999999999", "1"])),
        (
            MONEY,
            ["1e99999999999999999999", "0e99999999999999999999"],
            pa.array(["1e99999999999999999999", "0"]),
        ),
        (pa.float64(), ["9007199254740993", "1.5"], pa.array(["9007199254740993", "1.5"])),
        (
            pa.decimal128(18, 2),
            ["1.0E7", "0.10"],
            pa.array(["10000000.00", "0.10"]).cast(pa.decimal128(18, 2)),
        ),
        (pa.decimal128(4, 2), ["1.234"], pa.array(["1.234"]).cast(pa.decimal128(5, 3))),
        (pa.list_(pa.string()), ["a;b", None, "c"], pa.array([["a", "b"], None, ["c"]])),
        (pa.list_(pa.int64()), ["1;2"], pa.array([[1, 2]])),
        (pa.list_(pa.int64()), ["1;x"], pa.array([["1", "x"]])),
        (pa.list_(pa.struct([("a", pa.int64())])), ["1"], pa.array([["1"]])),
        (pa.bool_(), ["true", None, "false"], pa.array([True, None, False])),
        (pa.bool_(), ["true", "yes"], pa.array(["true", "yes"])),
        (pa.time64("us"), ["12:30:00.5Z"], pa.array([time(12, 30, 0, 500_000)])),
    ],
)
def test_a_text_becomes_what_it_says(kind, texts, expected):
    found = delimited.typed(pa.array(texts, pa.string()), kind)
    assert found.type == expected.type
    assert found.to_pylist() == expected.to_pylist()


def test_records_get_the_types_of_a_schema_or_wider_ones():
    schema = pa.schema(
        [pa.field("Id", pa.string(), False), ("N", pa.int64()), ("At", pa.date32())], {b"a": b"b"}
    )
    body = sheet([["1", "5", "2026-01-31"], ["2", "x", ""]])
    (batch,) = [delimited.to_batch(it, schema) for it in delimited.texts(body, None, schema.names)]
    assert batch.schema == schema.set(1, pa.field("N", pa.string()))
    assert batch.schema.metadata == schema.metadata
    assert unify([batch])["N"].to_pylist() == ["5", "x"]


def test_a_cell_that_must_not_be_empty_and_is_makes_its_column_nullable():
    schema = pa.schema([pa.field("Id", pa.string(), False)])
    (batch,) = delimited.texts(sheet([["1", "x"], ["", "y"]]), None, ["Id", "Name"])
    assert delimited.to_batch(batch, schema).schema.field("Id").nullable


@pytest.mark.parametrize(
    ("number", "becomes"),
    [
        ("0e-40000000", Decimal("0.00")),
        ("1.500e-00001", Decimal("0.15")),
        ("12.340000000000000000000000", Decimal("12.34")),
        ("1e-4000000", "1e-4000000"),
        ("1e-41", "1E-41"),
        ("0." + "0" * 40 + "1", "1E-41"),
        ("-1e-10", Decimal("-1e-10")),
        ("none.00000000000000000000", "none.00000000000000000000"),
        ("sNaN.e-10", "sNaN.e-10"),
    ],
)
def test_a_number_of_which_arrow_makes_another_decimal_is_kept(number, becomes):
    values = delimited.typed(pa.array([number, None]), pa.decimal128(18, 2))
    assert values.to_pylist() == [becomes, None]
