"""What a CSV says is what was fetched."""

from __future__ import annotations

import csv
import gzip
import io
import math
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spyro_sdk.arrow.csv import Csv, CsvSink
from spyro_sdk.errors import ExportError, ValidationError

from .rows import batch, fill, interrupt, names, numbers, open_descriptors
from .test_sink import no_file_over


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rows.csv"


def written(path: Path, *batches: pa.RecordBatch, form: Csv | None = None) -> str:
    with CsvSink(path, form or Csv()) as sink:
        for each in batches:
            sink.write(each)
    assert names(path.parent) == [path.name]
    return path.read_bytes().decode()


def test_each_type_is_written_so_that_others_read_it(path: Path) -> None:
    values: dict[str, Any] = {
        "s": pa.array(["a", "", None, 'say "hi"', "two\nlines"]),
        "i": pa.array([1, None, -3, 2**63 - 1, 0]),
        "f": pa.array([1.0, 0.1, None, 1e300, -0.5]),
        "b": pa.array([True, None, False, True, True]),
        "day": pa.array([date(2026, 1, 31), None, date(1, 1, 1), date(9999, 12, 31), date(1970, 1, 1)]),
        "at": pa.array([datetime(2026, 1, 31, 12, tzinfo=UTC), *[None] * 4], pa.timestamp("ms", "UTC")),
        "local": pa.array([datetime(2026, 1, 31, 12), *[None] * 4], pa.timestamp("us")),
        "clock": pa.array([time(12, 30), *[None] * 4], pa.time64("us")),
        "money": pa.array([Decimal("1.500000"), *[None] * 4], pa.decimal128(38, 6)),
        "address": pa.array([{"city": "Łódź", "zip": None}, *[None] * 4]),
        "tags": pa.array([["a", 'b"'], [], None, None, None]),
        "nothing": pa.nulls(5),
    }
    assert written(path, pa.RecordBatch.from_pydict(values)) == (
        '"s","i","f","b","day","at","local","clock","money","address","tags","nothing"\n'
        '"a",1,1,true,2026-01-31,"2026-01-31T12:00:00.000Z","2026-01-31T12:00:00.000000",12:30:00.000000,'
        '1.500000,"{""city"":""Łódź"",""zip"":null}","[""a"",""b\\""""]",\n'
        '"",,0.1,,,,,,,,"[]",\n'
        ",-3,,false,0001-01-01,,,,,,,\n"
        '"say ""hi""",9223372036854775807,1e+300,true,9999-12-31,,,,,,,\n'
        '"two\nlines",0,-0.5,true,1970-01-01,,,,,,,\n'
    )
    frame = pd.read_csv(path, keep_default_na=False, na_values={"i": [""]})
    assert frame["s"].tolist() == ["a", "", "", 'say "hi"', "two\nlines"]
    assert datetime.fromisoformat(frame["at"][0]) == datetime(2026, 1, 31, 12, tzinfo=UTC)


TEXTS = st.none() | st.text(st.characters(exclude_characters="\0", codec="utf-8"))
FLOATS = st.none() | st.floats(allow_nan=False)
INTS = st.none() | st.integers(-(2**63), 2**63 - 1)
ROWS = st.lists(st.tuples(TEXTS, INTS, FLOATS), min_size=1, max_size=20)


@settings(max_examples=150, deadline=None)
@given(rows=ROWS, delimiter=st.sampled_from(",;\t|"), cut=st.integers(0, 20))
def test_texts_and_numbers_come_back_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, rows: Any, delimiter: str, cut: int
) -> None:
    kinds = pa.schema([("s", pa.string()), ("i", pa.int64()), ("f", pa.float64())])
    path = tmp_path_factory.mktemp("csv") / "rows.csv"
    parts = [
        pa.RecordBatch.from_pylist([dict(zip(kinds.names, row, strict=True)) for row in part], kinds)
        for part in (rows[:cut], rows[cut:])
    ]
    written(path, *parts, form=Csv(delimiter=delimiter))
    read = pacsv.read_csv(
        path,
        parse_options=pacsv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        convert_options=pacsv.ConvertOptions(
            column_types=kinds, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False
        ),
    )
    assert read.to_pydict() == pa.Table.from_batches(parts).to_pydict()
    with path.open(encoding="utf-8", newline="") as file:  # and for a reader who knows no null
        lines = list(csv.reader(file, delimiter=delimiter))
    assert [line[0] for line in lines[1:]] == [row[0] or "" for row in rows]


@settings(max_examples=50, deadline=None)
@given(values=st.lists(TEXTS | FLOATS.filter(lambda value: value is None), min_size=1, max_size=20))
def test_a_lone_column_has_a_line_for_each_row(
    tmp_path_factory: pytest.TempPathFactory, values: list[str | None]
) -> None:
    path = tmp_path_factory.mktemp("csv") / "rows.csv"
    written(path, pa.RecordBatch.from_pydict({"s": pa.array(values, pa.string())}))
    with path.open(encoding="utf-8", newline="") as file:
        assert [row["s"] for row in csv.DictReader(file)] == [value or "" for value in values]


def test_a_lone_column_of_numbers_has_a_line_for_each_row_too(path: Path) -> None:
    assert written(path, batch(n=[1, None, 3])) == '"n"\n"1"\n""\n"3"\n'


def test_what_is_no_number_says_so(path: Path) -> None:
    text = written(path, batch(f=[math.nan, math.inf, -math.inf], n=[1, 2, 3]))
    assert text == '"f","n"\nnan,1\ninf,2\n-inf,3\n'


def test_no_rows_give_a_header_and_no_columns_nothing(path: Path) -> None:
    with CsvSink(path, Csv(), schema=pa.schema([("a", pa.int64()), ("at", pa.timestamp("s"))])):
        pass
    assert path.read_text() == '"a","at"\n'
    assert written(path) == ""


def test_texts_that_a_spreadsheet_might_run_are_escaped_on_request(path: Path) -> None:
    evil = batch(
        **{
            "=name": ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "a=b", "", None],
            "n": [-1, 2, 3, 4, 5, 6, 7, 8, 9],
            "j": [["=1"]] * 9,
        }
    )
    assert list(csv.reader(io.StringIO(written(path, evil))))[1] == ["=1+1", "-1", '["=1"]']
    lines = list(csv.reader(io.StringIO(written(path, evil, form=Csv(formulas="escape")), newline="")))
    assert [line[0] for line in lines] == [
        "'=name", "'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\tx", "'\rx", "a=b", "", "",
    ]  # fmt: skip
    assert lines[1][1:] == ["-1", '["=1"]']  # a number is no formula, and JSON begins with a bracket


def test_a_new_column_and_a_wider_one_are_in_all_lines(path: Path) -> None:
    pages = (batch(n=[1, 2]), batch(n=[0.5], s=["x"]), batch(s=["y"]))
    with CsvSink(path, Csv(group_rows=1)) as sink:
        for page in pages:
            sink.write(page)
    assert path.read_text() == '"n","s"\n1,\n2,\n0.5,"x"\n,"y"\n'
    assert names(path.parent) == ["rows.csv"]


@pytest.mark.parametrize(
    ("name", "compression", "read"),
    [
        ("rows.csv.gz", None, lambda data: gzip.decompress(data)),
        ("rows.csv.GZ", None, lambda data: gzip.decompress(data)),
        ("rows.csv", "gzip", lambda data: gzip.decompress(data)),
        ("rows.csv.zst", None, lambda data: pa.CompressedInputStream(pa.BufferReader(data), "zstd").read()),
        ("rows.csv.gz", "none", lambda data: data),
    ],
)
def test_the_name_or_the_option_says_how_it_is_packed(
    tmp_path: Path, name: str, compression: str | None, read: Any
) -> None:
    path = tmp_path / name
    with CsvSink(path, Csv(compression)) as sink:
        sink.write(numbers(0, 3))
        sink.write(batch(s=["x"]))
    assert read(path.read_bytes()) == b'"n","s"\n0,\n1,\n2,\n,"x"\n'


def test_what_is_packed_says_neither_when_nor_where(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv.gz"
    with CsvSink(path, Csv()) as sink:
        sink.write(numbers(0, 3))
    flags, when = path.read_bytes()[3], path.read_bytes()[4:8]
    assert (flags, when) == (0, bytes(4))


def test_what_is_removed_holds_nothing_open(path: Path) -> None:
    before = open_descriptors()
    growing = CsvSink(path, Csv())._begin(pa.table({"n": [1]}))
    growing.remove()
    assert open_descriptors() == before
    assert names(path.parent) == []


def test_a_letter_may_be_between_the_columns(path: Path) -> None:
    assert written(path, batch(a=[1], b=[2]), form=Csv(delimiter="X")) == '"a"X"b"\n1X2\n'


def test_after_a_failure_the_rows_are_kept_as_they_came(path: Path) -> None:
    path.write_bytes(b"old")
    sink = CsvSink(path, Csv(formulas="escape", group_rows=1))
    came = [batch(s=["=1", ""], at=[datetime(2026, 1, 31), None]), batch(m=[{"a": [1]}])]
    with pytest.raises(KeyboardInterrupt):
        fill(sink, *came, then=interrupt)
    kept = sink.keep()
    assert kept is not None
    assert kept.to_pydict() == {
        "s": ["=1", "", None],
        "at": [datetime(2026, 1, 31), None, None],
        "m": [None, None, {"a": [1]}],
    }
    assert path.read_bytes() == b"old"
    assert names(path.parent) == ["rows.csv"]


@pytest.mark.parametrize("size", [0, 200_000])
def test_a_full_disk_loses_no_row_that_came(path: Path, size: int) -> None:
    path.write_bytes(b"old")
    sink = CsvSink(path, Csv())
    with no_file_over(size), pytest.raises(ExportError, match="no file may be so big there"):
        fill(sink, *(numbers(first, 50_000) for first in range(0, 1_000_000, 50_000)))
    kept = sink.keep()
    assert kept is not None
    assert kept["n"].to_pylist() == list(range(sink.rows))
    assert path.read_bytes() == b"old"
    assert names(path.parent) == ["rows.csv"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"compression": "zip"}, "compression='zip' cannot be: it must be one of none, gzip, zstd"),
        ({"formulas": True}, "formulas=True cannot be: it must be one of keep, escape"),
        ({"delimiter": ""}, "delimiter='' cannot be: it must be one character"),
        ({"delimiter": "::"}, "delimiter='::' cannot be"),
        ({"delimiter": '"'}, "delimiter='\"' cannot be"),
        ({"delimiter": "§"}, "delimiter='§' cannot be"),
        ({"delimiter": None}, "delimiter=None cannot be"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message) as caught:
        Csv(**options)
    assert caught.value.field == next(iter(options))
