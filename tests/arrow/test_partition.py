"""What is distributed over folders reads back as it was."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spyro_sdk.arrow import partition
from spyro_sdk.arrow.hive import NULL
from spyro_sdk.arrow.parquet import Parquet
from spyro_sdk.arrow.partition import PartitionedSink
from spyro_sdk.arrow.parts import Parts
from spyro_sdk.arrow.sink import GivenUp
from spyro_sdk.errors import ExportError, ValidationError

from .rows import batch, fill, interrupt, names, numbers
from .test_sink import no_file_over


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "table"


def write(path: Path, by: list[str], *batches: pa.RecordBatch, form: Parquet | None = None) -> int:
    with PartitionedSink(path, form or Parquet(), by) as sink:
        for each in batches:
            sink.write(each)
    return sink.rows


def read(path: Path, schema: pa.Schema, by: list[str]) -> pa.Table:
    keys = pa.schema([schema.field(name) for name in by])
    whole = ds.dataset(path, schema=schema, partitioning=ds.partitioning(keys, flavor="hive"))
    return whole.to_table()


def files(path: Path) -> list[str]:
    return sorted(str(file.relative_to(path)) for file in path.rglob("*.parquet"))


def test_each_value_has_a_folder(path: Path) -> None:
    rows = batch(country=["DE", "FR", None, "DE"], n=[1, 2, 3, 4])
    assert write(path, ["country"], rows) == 4
    assert files(path) == [
        "country=DE/part-0.parquet",
        "country=FR/part-0.parquet",
        "country=__HIVE_DEFAULT_PARTITION__/part-0.parquet",
    ]
    assert pq.ParquetFile(path / "country=DE" / "part-0.parquet").read().to_pydict() == {"n": [1, 4]}
    assert names(path.parent) == ["table"]


def test_other_readers_take_it_too(path: Path) -> None:
    write(path, ["country"], batch(country=["DE", "a b/c", "DE", None], n=[1, 2, 4, 5]))
    pattern = f"{path}/**/*.parquet"
    query = "SELECT country, n FROM read_parquet(?, hive_partitioning=true, hive_types_autocast=false)"
    wanted = {("DE", 1), ("DE", 4), ("a b/c", 2), (None, 5)}
    assert set(duckdb.execute(query, [pattern]).fetchall()) == wanted
    assert set(pl.read_parquet(pattern, hive_partitioning=True)[["country", "n"]].rows()) == wanted


TEXTS = st.none() | st.text(st.characters(codec="utf-8"), max_size=8).filter(lambda text: text != NULL)
DAYS = st.none() | st.dates()
ROWS = st.lists(st.tuples(TEXTS, DAYS, st.none() | st.booleans(), st.integers(-9, 9)), max_size=12)
SCHEMA = pa.schema([("s", pa.string()), ("d", pa.date32()), ("b", pa.bool_()), ("n", pa.int64())])


@settings(max_examples=60, deadline=None)
@given(rows=ROWS, by=st.permutations(SCHEMA.names), depth=st.integers(1, 3), cut=st.integers(0, 12))
def test_any_values_come_back_and_nothing_stands_outside(
    tmp_path_factory: pytest.TempPathFactory, rows: Any, by: list[str], depth: int, cut: int
) -> None:
    path = tmp_path_factory.mktemp("parts") / "table"
    records = [dict(zip(SCHEMA.names, row, strict=True)) for row in rows]
    parts = [pa.RecordBatch.from_pylist(part, SCHEMA) for part in (records[:cut], records[cut:])]
    with PartitionedSink(path, Parquet(), by[:depth], schema=SCHEMA) as sink:
        for part in parts:
            sink.write(part)
    found = read(path, SCHEMA, by[:depth]).to_pylist()
    assert Counter(map(repr, found)) == Counter(map(repr, records))
    assert names(path.parent) == ["table"]
    assert all(len(Path(file).parts) == depth + 1 for file in files(path) if rows)


@pytest.mark.parametrize(
    "value",
    [
        "/",
        "..",
        ".",
        "a/../../b",
        "=",
        "a=b",
        "\0",
        "\n",
        " ",
        "a.",
        "%41",
        "Łódź",
        "C:\\x",
        "*?",
        "null",
        "",
    ],
)
def test_no_value_leads_out_of_the_folder(path: Path, value: str) -> None:
    rows = batch(k=[value, None], n=[1, 2])
    write(path, ["k"], rows)
    assert names(path.parent) == ["table"]
    assert len(names(path)) == 2
    found = read(path, rows.schema, ["k"]).sort_by("n")
    assert found["k"].to_pylist() == [value, None]


def test_a_value_too_long_for_a_folder_is_an_export_error(path: Path) -> None:
    sink = PartitionedSink(path, Parquet(), ["k"])
    with pytest.raises(ExportError, match="File name too long"):
        fill(sink, batch(k=["x" * 300], n=[1]))
    kept = sink.keep()
    assert kept is not None
    assert kept.num_rows == 1
    assert names(path.parent) == []


def test_types_that_widen_late_are_the_same_in_every_file(path: Path) -> None:
    pages = (batch(k=[1], x=[1]), batch(k=[2], x=[0.5], new=["y"]), batch(k=["a"], x=[3]))
    write(path, ["k"], *pages)
    for name in files(path):
        assert pq.read_schema(path / name).names == ["x", "new"]
    whole = pa.schema([("k", pa.string()), ("x", pa.float64()), ("new", pa.string())])
    assert sorted(map(str, read(path, whole, ["k"]).to_pylist())) == [
        "{'k': '1', 'x': 1.0, 'new': None}",
        "{'k': '2', 'x': 0.5, 'new': 'y'}",
        "{'k': 'a', 'x': 3.0, 'new': None}",
    ]


def test_an_object_without_keys_is_its_text_there_too(path: Path) -> None:
    write(path, ["k"], batch(k=[1], m=[{}]))
    assert pq.ParquetFile(path / files(path)[0]).read()["m"].to_pylist() == ["{}"]


def test_no_rows_give_a_folder_that_knows_its_columns(path: Path) -> None:
    schema = pa.schema([("k", pa.string()), ("n", pa.int64())])
    with PartitionedSink(path, Parquet(), ["k"], schema=schema):
        pass
    assert files(path) == ["part-0.parquet"]
    assert read(path, schema, ["k"]).num_rows == 0
    write(path, ["k"], batch(k=["a"], n=[1]))  # and can be replaced
    assert files(path) == ["k=a/part-0.parquet"]


def test_each_file_says_where_it_comes_from(path: Path) -> None:
    with PartitionedSink(path, Parquet("snappy"), ["k"], metadata={"source": "demo"}) as sink:
        sink.write(batch(k=["a", "b"], n=[1, 2]))
    for name in files(path):
        said = pq.read_metadata(path / name).metadata
        assert (said[b"spyro.source"], said[b"spyro.rows"]) == (b"demo", b"2")
        assert pq.read_metadata(path / name).row_group(0).column(0).compression == "SNAPPY"


def test_more_rows_than_a_row_group_become_several(path: Path) -> None:
    write(path, ["k"], *(batch(k=["a"] * 10, n=list(range(10))) for _ in range(3)), form=Parquet("zstd", 12))
    part = pq.read_metadata(path / "k=a" / "part-0.parquet")
    assert [part.row_group(i).num_rows for i in range(part.num_row_groups)] == [12, 12, 6]


def test_rows_wait_for_more_of_their_partition(tmp_path: Path) -> None:
    with Parts(tmp_path, Parquet(row_group_rows=20), {}) as parts:
        for first in range(0, 50, 5):
            parts.add("k=a", pa.table({"n": list(range(first, first + 5))}))
    part = pq.read_metadata(tmp_path / "k=a" / "part-0.parquet")
    assert [part.row_group(i).num_rows for i in range(part.num_row_groups)] == [20, 20, 10]


def test_the_open_files_and_the_waiting_rows_are_bounded(tmp_path: Path) -> None:
    rows = pa.table({"n": list(range(100))})
    with Parts(tmp_path, Parquet(), {"spyro.rows": "2000"}, most_open=3, most_bytes=4000) as parts:
        for turn in range(20):
            parts.add(f"k={turn % 10}", rows)
            assert len(parts._open) <= 3
            assert parts._bytes <= 4000
    assert sum(pq.read_metadata(tmp_path / name).num_rows for name in files(tmp_path)) == 2000
    assert any(name.endswith("part-1.parquet") for name in files(tmp_path))
    assert all(b"spyro.rows" in pq.read_metadata(tmp_path / name).metadata for name in files(tmp_path))


# --- what cannot be


def test_a_column_that_is_not_there_is_refused_before_the_first_row(path: Path) -> None:
    schema = pa.schema([("country", pa.string()), ("n", pa.int64())])
    with pytest.raises(ValidationError, match=r"has no column 'contry'.*mean 'country'"):
        PartitionedSink(path, Parquet(), ["contry"], schema=schema)
    with pytest.raises(ValidationError, match="has no column 'contry'"):
        write(path, ["contry"], batch(country=["DE"], n=[1]))  # with the first, where nobody described it
    with pytest.raises(ValidationError, match="has no column 'contry'"):
        write(path, ["contry"])
    assert names(path.parent) == []


@pytest.mark.parametrize(
    ("by", "pages"),
    [
        ("contry", [batch(country=["DE"], n=[1])]),
        ("k", [batch(k=[1], n=[1]), batch(k=[0.5], n=[2])]),
    ],
)
def test_what_cannot_be_distributed_is_refused_with_the_batch_that_shows_it(
    path: Path, by: str, pages: list[pa.RecordBatch]
) -> None:
    with pytest.raises(ValidationError):
        fill(PartitionedSink(path, Parquet(), [by]), *pages, then=lambda: pytest.fail("it was taken"))


def test_a_column_that_later_becomes_a_number_with_a_fraction_is_refused(path: Path) -> None:
    sink = PartitionedSink(path, Parquet(), ["k"])
    pages = (batch(k=[1], n=[1]), batch(n=[2]), batch(k=[0.5], n=[3]))  # the second has no such column: null
    with pytest.raises(ValidationError, match="cannot be partitioned by 'k', which is double"):
        fill(sink, *pages)
    kept = sink.keep()
    assert kept is not None
    assert kept.to_pydict() == {"k": [1.0, None, 0.5], "n": [1, 2, 3]}
    assert names(path.parent) == []


def test_too_many_values_are_refused_as_soon_as_they_are_seen(path: Path) -> None:
    most = partition.MOST_PARTITIONS
    sink = PartitionedSink(path, Parquet(), ["id"])
    pages = [
        batch(id=list(range(first, first + 1000)), n=[0] * 1000) for first in range(0, most + 2000, 1000)
    ]
    with pytest.raises(ValidationError, match="makes more than 10,000 folders: choose columns") as caught:
        fill(sink, *pages)
    assert caught.value.field == "partition_by"
    assert sink.rows == most + 1000


def test_the_text_that_stands_for_null_is_refused(path: Path) -> None:
    with pytest.raises(ExportError, match="stands for null"):
        write(path, ["k"], batch(k=["a", NULL], n=[1, 2]))
    assert names(path.parent) == []


def test_a_folder_that_is_not_ours_is_refused_before_the_first_row(path: Path) -> None:
    path.mkdir()
    (path / "thesis.doc").touch()
    with pytest.raises(ExportError, match=r"no fetch has written thesis.doc in it"):
        write(path, ["k"], batch(k=["a"], n=[1]))
    assert names(path) == ["thesis.doc"]


def test_after_a_failure_the_old_folder_is_as_it_was_and_the_rows_are_kept(path: Path) -> None:
    write(path, ["k"], batch(k=["old"], n=[1]))
    sink = PartitionedSink(path, Parquet(), ["k"])
    with pytest.raises(KeyboardInterrupt):
        fill(sink, batch(k=["new"], n=[2]), then=interrupt)
    assert files(path) == ["k=old/part-0.parquet"]
    assert names(path.parent) == ["table"]
    kept = sink.keep()
    assert kept is not None
    assert kept.to_pydict() == {"k": ["new"], "n": [2]}


def test_who_gives_up_while_it_is_distributed_leaves_the_old_folder(path: Path) -> None:
    write(path, ["k"], batch(k=["old"], n=[1]))
    sink = PartitionedSink(path, Parquet(), ["k"])
    with pytest.raises(GivenUp):
        fill(sink, batch(k=["new"], n=[2]), then=sink.give_up)
    assert files(path) == ["k=old/part-0.parquet"]
    assert names(path.parent) == ["table"]
    kept = sink.keep()
    assert kept is not None
    assert kept.num_rows == 1


def test_a_full_disk_leaves_the_old_folder_and_nothing_else(path: Path) -> None:
    write(path, ["k"], batch(k=["old"], n=[1]))
    sink = PartitionedSink(path, Parquet("none"), ["k"])
    page = batch(k=["new"] * 40_000, n=[7] * 40_000)  # packed in the first file, and not in the second
    with no_file_over(50_000), pytest.raises(ExportError, match="no file may be so big there"):
        fill(sink, page)
    assert files(path) == ["k=old/part-0.parquet"]
    assert names(path.parent) == ["table"]


def test_a_column_of_nothing_is_one_folder(path: Path) -> None:
    rows = pa.RecordBatch.from_pydict({"k": pa.nulls(2), "n": pa.array([1, 2])})
    write(path, ["k"], rows)
    assert files(path) == [f"k={NULL}/part-0.parquet"]


def test_days_name_folders_as_people_write_them(path: Path) -> None:
    write(path, ["d", "b"], batch(d=[date(2026, 1, 31)], b=[True], n=[1]))
    assert files(path) == ["d=2026-01-31/b=true/part-0.parquet"]


def test_rows_keep_their_order_within_a_folder(path: Path) -> None:
    pages = [numbers(first, 50).append_column("k", pa.array([0, 1] * 25)) for first in range(0, 500, 50)]
    write(path, ["k"], *pages)
    for name in files(path):
        values = pq.ParquetFile(path / name).read()["n"].to_pylist()
        assert values == sorted(values)
        assert len(values) == 250
