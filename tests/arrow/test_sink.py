"""A file of batches is whole, or not there at all, whatever its format."""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spyro_sdk.arrow.draft import Draft
from spyro_sdk.arrow.ipc import Ipc
from spyro_sdk.arrow.parquet import Parquet
from spyro_sdk.arrow.sink import Format, GivenUp, Growing, Sink
from spyro_sdk.errors import ExportError

from .rows import batch, fill, interrupt, names, no_file_over, numbers, open_descriptors

FORMATS: list[tuple[Callable[[int], Format], Callable[[Path], pa.Table]]] = [
    (lambda rows: Parquet(row_group_rows=rows), lambda path: pq.read_table(path)),
    (lambda rows: Ipc(group_rows=rows), lambda path: pa.ipc.open_file(path).read_all()),
]
both = pytest.mark.parametrize(("form", "read"), FORMATS, ids=["parquet", "ipc"])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rows.parquet"


def fail(sink: Sink, *batches: pa.RecordBatch) -> None:
    with pytest.raises(KeyboardInterrupt):
        fill(sink, *batches, then=interrupt)


# --- what is written -----------------------------------------------------------------------------------


@both
def test_batches_become_groups_of_one_size(path: Path, form: Any, read: Any) -> None:
    with Sink(path, form(25)) as sink:
        for first in range(0, 100, 10):
            sink.write(numbers(first, 10))
        sink.write(numbers(100, 60))
    assert (sink.rows, sink.batches, sink.is_published) == (160, 11, True)
    assert read(path)["n"].to_pylist() == [*range(100), *range(100, 160)]
    with pa.OSFile(str(path), "rb") as file:
        assert [group.num_rows for group in form(25).groups(file)] == [25] * 6 + [10]
    assert names(path.parent) == ["rows.parquet"]


@both
@pytest.mark.parametrize(("sizes", "groups"), [([24, 1, 24, 1], [25, 25]), ([24, 1, 24], [25, 24])])
def test_a_group_is_written_as_soon_as_it_is_full_and_not_before(
    path: Path, form: Any, read: Any, sizes: list[int], groups: list[int]
) -> None:
    drafts = []
    with Sink(path, form(25)) as sink:
        for size in sizes:
            sink.write(numbers(0, size))
            drafts.append(names(path.parent))
    assert drafts[0] == []
    assert len(drafts[1]) == 1
    assert drafts[1:] == [drafts[1]] * len(sizes[1:]), "it is one file all the time"
    with pa.OSFile(str(path), "rb") as file:
        assert [group.num_rows for group in form(25).groups(file)] == groups


@both
@pytest.mark.parametrize(("rows", "groups"), [(0, [[], [0]]), (1, [[1]])])
def test_few_rows_are_one_group(path: Path, form: Any, read: Any, rows: int, groups: list[list[int]]) -> None:
    fill(Sink(path, form(1)), numbers(0, rows))
    with pa.OSFile(str(path), "rb") as file:
        assert [group.num_rows for group in form(1).groups(file)] in groups


@both
def test_what_is_published_holds_nothing_open(path: Path, form: Any, read: Any) -> None:
    before = open_descriptors()
    sink = Sink(path, form(5))
    fill(sink, numbers(0, 12))
    assert sink.is_published
    assert open_descriptors() == before


@both
def test_what_is_removed_holds_nothing_open(path: Path, form: Any, read: Any) -> None:
    before = open_descriptors()
    growing = Growing(path, form(5), pa.table({"n": [1]}))
    growing.remove()
    assert open_descriptors() == before
    assert names(path.parent) == []


@both
def test_no_batches_give_an_empty_file_of_the_schema(path: Path, form: Any, read: Any) -> None:
    schema = pa.schema([pa.field("id", pa.string(), nullable=False), ("at", pa.timestamp("us", "UTC"))])
    with Sink(path, form(5), schema=schema):
        pass
    assert read(path).num_rows == 0
    assert read(path).schema.equals(schema)


@both
def test_no_batches_and_no_schema_give_an_empty_file(path: Path, form: Any, read: Any) -> None:
    with Sink(path, form(5)):
        pass
    assert read(path).num_columns == 0


@both
def test_the_file_says_where_it_comes_from(path: Path, form: Any, read: Any) -> None:
    schema = pa.schema([("n", pa.int64())], {"label": "numbers"})
    with Sink(path, form(5), schema=schema, metadata={"source": "demo"}) as sink:
        sink.write(numbers(0, 3))
    assert read(path).schema.metadata == {b"label": b"numbers", b"spyro.source": b"demo"}


def test_a_parquet_file_says_when_it_was_finished(path: Path) -> None:
    at = datetime(2026, 1, 31, 12, tzinfo=UTC)
    with Sink(path, Parquet(), metadata={"source": "demo"}, now=lambda: at) as sink:
        sink.write(numbers(0, 3))
    said = pq.read_metadata(path).metadata
    assert {key: said[key] for key in said if key.startswith(b"spyro.")} == {
        b"spyro.source": b"demo",
        b"spyro.rows": b"3",
        b"spyro.finished": b"2026-01-31T12:00:00+00:00",
    }


def test_what_is_noted_stands_at_the_end_of_the_file(path: Path) -> None:
    with Sink(path, Parquet(row_group_rows=1)) as sink:
        sink.note({"calls": "2"})
        sink.write(numbers(0, 3))
        sink.note({"cursor": "x", "calls": "3"})
    said = pq.read_metadata(path).metadata
    assert (said[b"spyro.calls"], said[b"spyro.cursor"]) == (b"3", b"x")


# --- wider batches -------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize(
    ("pages", "values"),
    [
        ([[1], [None], [0.5]], [1.0, None, 0.5]),
        ([[2**53 + 1], [0.5]], ["9007199254740993", "0.5"]),
        ([[0.5], [2**53 + 1]], ["0.5", "9007199254740993"]),
        ([[None], ["x"]], [None, "x"]),
        ([[True], [1], ["x"]], ["true", "1", "x"]),
        ([[{"a": 1}], [{"b": [2.5]}]], [{"a": 1, "b": None}, {"a": None, "b": [2.5]}]),
        ([[{"a": 2**53 + 1}], [{"a": 0.5}]], [{"a": "9007199254740993"}, {"a": "0.5"}]),
    ],
)
def test_a_wider_batch_makes_the_whole_file_wider(
    path: Path, form: Any, read: Any, pages: Any, values: Any
) -> None:
    with Sink(path, form(1), metadata={"source": "demo"}) as sink:
        for page in pages:
            sink.write(batch(x=page))
    assert read(path)["x"].to_pylist() == values
    assert read(path).schema.metadata[b"spyro.source"] == b"demo"
    assert names(path.parent) == ["rows.parquet"]


@both
def test_a_column_that_appears_late_is_null_before(path: Path, form: Any, read: Any) -> None:
    with Sink(path, form(2)) as sink:
        sink.write(numbers(0, 2))
        sink.write(batch(n=[2], s=["x"]))
    assert read(path).to_pylist() == [{"n": 0, "s": None}, {"n": 1, "s": None}, {"n": 2, "s": "x"}]


@both
def test_rows_without_columns_count_once_a_column_appears(path: Path, form: Any, read: Any) -> None:
    empty = pa.RecordBatch.from_struct_array(pa.array([{}, {}], pa.struct([])))
    with Sink(path, form(1)) as sink:
        sink.write(empty)
        assert names(path.parent) == []
        sink.write(numbers(0, 1))
        assert len(names(path.parent)) == 1
        sink.write(empty)
    assert read(path)["n"].to_pylist() == [None, None, 0, None, None]


# --- failure -------------------------------------------------------------------------------------------


@both
def test_after_a_failure_the_old_file_is_as_it_was(path: Path, form: Any, read: Any) -> None:
    path.write_bytes(b"old")
    fail(Sink(path, form(10)), numbers(0, 25))
    assert path.read_bytes() == b"old"
    assert names(path.parent) == ["rows.parquet"]


@both
@pytest.mark.parametrize("count", [0, 5, 25])
def test_after_a_failure_the_rows_can_be_kept(path: Path, form: Any, read: Any, count: int) -> None:
    sink = Sink(path, form(10))
    fail(sink, *(numbers(first, 1) for first in range(count)))
    assert names(path.parent) == []
    for _ in range(2):
        kept = sink.keep()
        assert kept is not None
        assert kept.num_rows == count
        assert count == 0 or kept["n"].to_pylist() == list(range(count))


@both
def test_what_is_kept_has_the_types_of_all_of_it(path: Path, form: Any, read: Any) -> None:
    sink = Sink(path, form(2))
    fail(sink, batch(x=[1, 2]), batch(x=[0.5]))
    kept = sink.keep()
    assert kept is not None
    assert kept["x"].to_pylist() == [1.0, 2.0, 0.5]


def test_what_is_published_is_not_kept_besides(path: Path) -> None:
    with Sink(path, Parquet()) as sink:
        sink.write(numbers(0, 3))
    assert sink.keep() is None


def test_a_sink_that_is_given_up_ends_within_a_rewriting(path: Path) -> None:
    sink = Sink(path, Parquet(row_group_rows=1))
    with pytest.raises(GivenUp):
        fill(sink, numbers(0, 3), then=lambda: (sink.give_up(), sink.write(batch(n=["x"]))))
    kept = sink.keep()
    assert kept is not None
    assert kept["n"].to_pylist() == ["0", "1", "2", "x"]
    assert names(path.parent) == []


def write_a_million(sink: Sink) -> None:
    with sink:
        for first in range(0, 1_000_000, 50_000):
            sink.write(numbers(first, 50_000))


@pytest.mark.parametrize(("size", "kept"), [(0, 100_000), (100_000, 100_000), (2_000_000, 100_000)])
def test_a_full_disk_is_an_export_error_and_leaves_nothing(path: Path, size: int, kept: int) -> None:
    path.write_bytes(b"old")
    sink = Sink(path, Parquet("none", 100_000))
    with no_file_over(size), pytest.raises(ExportError, match="no file may be so big there") as caught:
        write_a_million(sink)
    assert str(path) in str(caught.value)
    table = sink.keep()
    assert table is not None
    assert table.num_rows == kept
    assert path.read_bytes() == b"old"
    assert names(path.parent) == ["rows.parquet"]


def test_a_disk_that_fills_with_the_last_byte_is_an_export_error_too(path: Path) -> None:
    write_a_million(Sink(path, Parquet()))
    size = path.stat().st_size
    path.write_bytes(b"old")
    with no_file_over(size - 1), pytest.raises(ExportError):
        write_a_million(Sink(path, Parquet()))
    assert path.read_bytes() == b"old"
    assert names(path.parent) == ["rows.parquet"]


class Failing(Parquet):
    """A format whose disk fails at one of its writings, or with the file's end."""

    def __init__(self, code: int, at: int) -> None:
        super().__init__("none", 10)
        object.__setattr__(self, "failing", iter([*[None] * at, OSError(code, os.strerror(code))]))

    def writer(self, file: Any, first: pa.Table) -> Any:
        it, failing = super().writer(file, first), self.failing  # type: ignore[attr-defined]

        class Written:
            def write(self, table: pa.Table) -> None:
                _raise(next(failing, None))
                it.write(table)

            def close(self, metadata: Mapping[str, str]) -> None:
                it.close(metadata)
                _raise(next(failing, None))

        return Written()


def _raise(error: OSError | None) -> None:
    if error is not None:
        raise error


@pytest.mark.parametrize("at", [0, 1, 2, 3])
@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENOSPC, "the disk is full: free some space"),
        (errno.EDQUOT, "your quota on that disk is used up"),
        (errno.EROFS, "the disk is read-only: write elsewhere"),
        (errno.EIO, os.strerror(errno.EIO)),
    ],
)
def test_a_disk_that_fails_at_any_writing_is_an_export_error_and_leaves_the_old_file(
    path: Path, code: int, words: str, at: int
) -> None:
    path.write_bytes(b"old")
    pages = [numbers(first, 10) for first in range(0, 30, 10)]
    with pytest.raises(ExportError, match=words) as caught:
        fill(Sink(path, Failing(code, at)), *pages)
    assert str(path) in str(caught.value)
    assert path.read_bytes() == b"old"
    assert names(path.parent) == ["rows.parquet"]


class Unsynced(Sink):
    """A sink whose disk takes everything, and keeps nothing."""

    def _begin(self, first: pa.Table) -> Growing:
        return Growing(self.path, self._format, first, draft=partial(Draft, sync=self.sync))

    def sync(self, file: Any) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))


@both
def test_rows_that_do_not_reach_the_disk_are_kept_and_the_old_file_too(
    path: Path, form: Any, read: Any
) -> None:
    path.write_bytes(b"old")
    sink = Unsynced(path, form(10))
    with pytest.raises(ExportError, match=os.strerror(errno.EIO)):
        fill(sink, numbers(0, 25))
    assert path.read_bytes() == b"old"
    assert names(path.parent) == ["rows.parquet"]
    kept = sink.keep()
    assert kept is not None
    assert kept["n"].to_pylist() == list(range(25))


def test_a_file_that_vanishes_under_the_sink_is_an_export_error(path: Path) -> None:
    def write_and_lose_it() -> None:
        with Sink(path, Parquet(row_group_rows=1)) as sink:
            sink.write(numbers(0, 3))
            next(path.parent.glob(".*.tmp")).unlink()

    with pytest.raises(ExportError, match="cannot be written"):
        write_and_lose_it()
    assert names(path.parent) == []


def test_a_format_that_cannot_begin_leaves_nothing(path: Path) -> None:
    with pytest.raises(RuntimeError):
        fill(Sink(path, Refusing()), numbers(0, 3))
    assert names(path.parent) == []


class Refusing(Ipc):
    def writer(self, file: Any, first: pa.Table) -> Any:
        raise RuntimeError


def test_a_process_without_room_for_one_more_open_file_leaves_nothing(path: Path) -> None:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)
    last = os.open(os.devnull, os.O_RDONLY)
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (last + 2, most[1])
    )  # one more: the draft's, and none to write it
    try:
        with pytest.raises(OSError, match="Too many open files"):
            Growing(path, Parquet(), pa.table({"n": [1]}))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, most)
        os.close(last)
    assert names(path.parent) == []


def test_a_path_that_cannot_be_written_is_refused_before_the_first_row(tmp_path: Path) -> None:
    with pytest.raises(ExportError), Sink(tmp_path, Parquet()):
        raise AssertionError


def test_few_rows_of_much_memory_are_written_early(path: Path, tmp_path: Path) -> None:
    wide = batch(s=["x" * (64 << 20)])
    with Sink(path, Parquet()) as sink:
        sink.write(wide)
        assert names(tmp_path) == []
        sink.write(wide)
        (draft,) = tmp_path.glob(".rows.parquet.*.tmp")
        assert draft.stat().st_size > 1000
    assert pq.read_metadata(path).num_rows == 2
