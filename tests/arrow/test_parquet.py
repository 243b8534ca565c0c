"""A Parquet file is whole, or not there at all."""

import errno
import os
import resource
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spyro_sdk.arrow import parquet
from spyro_sdk.arrow.parquet import ParquetSink, check_writable, storable
from spyro_sdk.errors import ExportError


def batch(**columns):
    return pa.RecordBatch.from_pydict({name: pa.array(values) for name, values in columns.items()})


def numbers(first, count):
    return batch(n=list(range(first, first + count)))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "rows.parquet"


def names(path):
    return sorted(entry.name for entry in path.parent.iterdir())


# --- what is written -----------------------------------------------------------------------------------


def test_batches_become_row_groups_of_one_file(path):
    with ParquetSink(path, row_group_rows=25) as sink:
        for first in range(0, 100, 10):
            sink.write(numbers(first, 10))
    assert (sink.rows, sink.batches) == (100, 10)
    assert pq.read_table(path)["n"].to_pylist() == list(range(100))
    groups = pq.read_metadata(path)
    assert [groups.row_group(i).num_rows for i in range(groups.num_row_groups)] == [25, 5, 25, 5, 25, 5, 10]
    assert names(path) == ["rows.parquet"]


def test_few_rows_of_much_memory_are_written_early(path, tmp_path):
    wide = batch(s=["x" * (100 << 20)])
    with ParquetSink(path) as sink:
        for _ in range(3):
            sink.write(wide)
        (draft,) = tmp_path.glob(".rows.parquet.*.tmp")
        assert draft.stat().st_size > 1000
    assert pq.read_metadata(path).num_rows == 3


def test_no_batches_give_an_empty_file_of_the_schema(path):
    schema = pa.schema([pa.field("id", pa.string(), nullable=False), ("at", pa.timestamp("us", "UTC"))])
    with ParquetSink(path, schema=schema):
        pass
    assert pq.read_table(path).num_rows == 0
    assert pq.read_schema(path).equals(schema)


def test_no_batches_and_no_schema_give_an_empty_file(path):
    with ParquetSink(path):
        pass
    assert pq.read_table(path).num_columns == 0


def test_the_file_says_where_it_comes_from(path):
    at = datetime(2026, 1, 31, 12, tzinfo=UTC)
    schema = pa.schema([("n", pa.int64())], {"label": "numbers"})
    with ParquetSink(path, schema=schema, metadata={"source": "demo"}, now=lambda: at) as sink:
        sink.write(numbers(0, 3))
        sink.metadata["pages"] = "1"
    said = pq.read_metadata(path).metadata
    assert {key: said[key] for key in said if key.startswith(b"spyro.")} == {
        b"spyro.source": b"demo",
        b"spyro.pages": b"1",
        b"spyro.rows": b"3",
        b"spyro.finished": b"2026-01-31T12:00:00+00:00",
    }
    assert said[b"label"] == b"numbers"
    assert pq.read_schema(path).metadata == {b"label": b"numbers", b"spyro.source": b"demo"}


def test_only_texts_that_repeat_have_a_dictionary(path):
    with ParquetSink(path, compression="snappy") as sink:
        sink.write(batch(id=[str(n) for n in range(1000)], kind=["a", "b"] * 500, n=[1] * 1000))
    group = pq.read_metadata(path).row_group(0)
    assert [group.column(i).has_dictionary_page for i in range(3)] == [False, True, False]
    assert group.column(0).compression == "SNAPPY"


def test_types_that_parquet_has_not_are_written_as_it_can():
    kinds = {
        "empty": pa.struct([]),
        "nested": pa.list_(pa.struct([("e", pa.struct([])), ("t", pa.timestamp("s", "UTC"))])),
        "time": pa.time32("s"),
        "n": pa.int64(),
    }
    found = storable(pa.schema(list(kinds.items()), {"k": "v"}))
    assert found.metadata == {b"k": b"v"}
    assert found.types == [
        pa.string(),
        pa.list_(pa.struct([("e", pa.string()), ("t", pa.timestamp("ms", "UTC"))])),
        pa.time32("ms"),
        pa.int64(),
    ]


def test_an_object_without_keys_is_its_text(path):
    with ParquetSink(path, row_group_rows=1) as sink:
        sink.write(batch(m=[{}, None]))
        sink.write(batch(m=[{"a": 1}]))
    assert pq.read_table(path)["m"].to_pylist() == ["{}", None, '{"a":1}']


# --- wider batches -------------------------------------------------------------------------------------


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
def test_a_wider_batch_makes_the_whole_file_wider(path, pages, values):
    with ParquetSink(path, row_group_rows=1, metadata={"source": "demo"}) as sink:
        for page in pages:
            sink.write(batch(x=page))
    assert pq.read_table(path)["x"].to_pylist() == values
    assert pq.read_metadata(path).num_row_groups == len(pages)
    assert pq.read_metadata(path).metadata[b"spyro.source"] == b"demo"
    assert names(path) == ["rows.parquet"]


def test_a_column_that_appears_late_is_null_before(path):
    with ParquetSink(path, row_group_rows=2) as sink:
        sink.write(numbers(0, 2))
        sink.write(batch(n=[2], s=["x"]))
    assert pq.read_table(path).to_pylist() == [{"n": 0, "s": None}, {"n": 1, "s": None}, {"n": 2, "s": "x"}]


def test_rows_without_columns_count_once_a_column_appears(path):
    empty = pa.RecordBatch.from_struct_array(pa.array([{}, {}], pa.struct([])))
    with ParquetSink(path, row_group_rows=1) as sink:
        sink.write(empty)
        sink.write(numbers(0, 1))
        sink.write(empty)
    assert pq.read_table(path)["n"].to_pylist() == [None, None, 0, None, None]


# --- failure -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_after_a_failure_the_old_file_is_as_it_was(path, error):
    path.write_bytes(b"old")

    def fails(sink):
        sink.write(numbers(0, 25))
        raise error

    with pytest.raises(error), ParquetSink(path, row_group_rows=10) as sink:
        fails(sink)
    assert path.read_bytes() == b"old"
    assert names(path) == ["rows.parquet"]


@pytest.mark.parametrize("inside", [True, False])
@pytest.mark.parametrize("count", [0, 5, 25])
def test_after_a_failure_the_rows_can_be_kept(path, inside, count):
    sink = ParquetSink(path, row_group_rows=10)

    def fail_after_writing():
        with sink:
            for first in range(count):
                sink.write(numbers(first, 1))
            if inside:
                assert sink.keep().num_rows == count
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_after_writing()
    assert names(path) == []
    kept = sink.keep()
    assert kept.num_rows == count
    assert count == 0 or kept["n"].to_pylist() == list(range(count))


def test_what_is_kept_has_the_types_of_all_of_it(path):
    sink = ParquetSink(path, row_group_rows=2)

    def fail_after_writing():
        with sink:
            sink.write(batch(x=[1, 2]))
            sink.write(batch(x=[0.5]))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_after_writing()
    assert sink.keep()["x"].to_pylist() == [1.0, 2.0, 0.5]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # files the collector closes
def test_an_interrupt_at_any_line_leaves_the_rows_or_the_file(path):
    with ThreadPoolExecutor(1) as thread:  # an error raised by a trace stays in its thread's exception state
        assert thread.submit(_outcomes, path).result() == {"kept", "published", "whole"}


def _outcomes(path):
    outcomes, line = set(), 0
    while "whole" not in outcomes:
        line += 1
        outcomes.add(_interrupted(path, line))
    return outcomes


def _interrupted(path, line):
    """Write with a Ctrl-C at the `line`-th line that `parquet.py` runs."""
    for left in path.parent.iterdir():
        left.unlink()  # a second interrupt, in the midst of cleaning up, leaves what the next run sweeps
    sink, given = ParquetSink(path, row_group_rows=3), []
    before = sys.gettrace()
    sys.settrace(_interrupting(line))
    try:
        with sink:
            for page in ([0, 1], [2, 3], [4.0, 5.0], [6, 7], [8]):
                given += page
                sink.write(batch(n=page))
    except KeyboardInterrupt:
        if not path.exists():
            kept = sink.keep().to_pydict().get("n", [])
            assert kept == given[: len(kept)]
            assert len(kept) >= sink.rows
            return "kept"
        assert pq.read_table(path)["n"].to_pylist() == list(range(9))
        return "published"
    finally:
        sys.settrace(before)
    return "whole"


def _interrupting(line):
    left = line

    def trace(frame, event, _):
        nonlocal left
        if frame.f_code.co_filename != parquet.__file__:
            return None
        left -= event == "line"
        if left == 0 and event == "line":
            raise KeyboardInterrupt
        return trace

    return trace


@contextmanager
def no_file_over(size):
    """What a full disk does, without filling one."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def write_a_million(sink):
    with sink:
        for first in range(0, 1_000_000, 50_000):
            sink.write(numbers(first, 50_000))


@pytest.mark.parametrize(("size", "kept"), [(0, 100_000), (100_000, 100_000), (2_000_000, 100_000)])
def test_a_full_disk_is_an_export_error_and_leaves_nothing(path, size, kept):
    path.write_bytes(b"old")
    sink = ParquetSink(path, compression="none")
    with no_file_over(size), pytest.raises(ExportError, match="no file may be so big there") as caught:
        write_a_million(sink)
    assert str(path) in str(caught.value)
    assert sink.keep().num_rows == kept
    assert path.read_bytes() == b"old"
    assert names(path) == ["rows.parquet"]


def test_a_disk_that_fills_with_the_last_byte_is_an_export_error_too(path):
    write_a_million(ParquetSink(path))
    size = path.stat().st_size
    path.write_bytes(b"old")
    with no_file_over(size - 1), pytest.raises(ExportError):
        write_a_million(ParquetSink(path))
    assert path.read_bytes() == b"old"
    assert names(path) == ["rows.parquet"]


KILLED = """
import sys
import pyarrow as pa
from spyro_sdk.arrow.parquet import ParquetSink
with ParquetSink(sys.argv[1], row_group_rows=1000) as sink:
    while True:
        sink.write(pa.RecordBatch.from_pydict({"n": list(range(1000))}))
        print(sink.rows, flush=True)
"""


def test_what_a_killed_process_left_is_swept_by_the_next(path):
    path.write_bytes(b"old")
    with subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE) as process:
        for _ in range(3):
            process.stdout.readline()
        (draft,) = path.parent.glob(".rows.parquet.*.tmp")
        os.utime(draft, (0, 0))
        check_writable(path)
        assert draft.exists()  # its process lives
        process.kill()
    assert path.read_bytes() == b"old"
    os.utime(draft)
    check_writable(path)
    assert draft.exists()  # it was written a moment ago
    os.utime(draft, (0, 0))
    other = path.with_name(".other.parquet.1234.tmp")
    other.touch()
    os.utime(other, (0, 0))
    check_writable(path)
    assert names(path) == [other.name, "rows.parquet"]


# --- before --------------------------------------------------------------------------------------------


def test_a_folder_that_does_not_exist(tmp_path):
    with pytest.raises(ExportError, match="the folder does not exist: create it") as caught:
        check_writable(tmp_path / "no" / "rows.parquet")
    assert str(tmp_path / "no" / "rows.parquet") in str(caught.value)
    assert "create it" in caught.value.hint


def test_a_folder_that_is_a_file(path):
    path.touch()
    with pytest.raises(ExportError, match="is a file, not a folder"):
        check_writable(path / "rows.parquet")


def test_a_path_that_is_a_folder(tmp_path):
    with pytest.raises(ExportError, match="it is a folder: add a file name"):
        check_writable(tmp_path)
    with pytest.raises(ExportError), ParquetSink(tmp_path):
        pass


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Windows has other permissions")
def test_a_folder_nobody_may_write_in(path):
    me = os.geteuid()
    path.parent.chmod(0o500)
    if me == 0:
        os.seteuid(65534)  # root may write anywhere
    try:
        with pytest.raises(ExportError, match="you may not write there"):
            check_writable(path)
    finally:
        os.seteuid(me)
        path.parent.chmod(0o700)


def test_a_name_too_long_says_so(tmp_path):
    with pytest.raises(ExportError, match=os.strerror(errno.ENAMETOOLONG)):
        check_writable(tmp_path / ("x" * 250))


def test_checking_leaves_nothing_and_follows_links(path, tmp_path):
    (tmp_path / "data").mkdir()
    path.symlink_to(tmp_path / "data" / "real.parquet")
    assert check_writable(path) == (tmp_path / "data" / "real.parquet").resolve()
    with ParquetSink(path) as sink:
        sink.write(numbers(0, 3))
    assert path.is_symlink()
    assert pq.read_table(tmp_path / "data" / "real.parquet").num_rows == 3


def test_a_home_folder_is_understood(path):
    assert check_writable("~/rows.parquet").parent == Path(os.path.realpath(Path.home()))


def test_the_new_file_has_the_permissions_of_the_old(path):
    path.touch(mode=0o600)
    with ParquetSink(path) as sink:
        sink.write(numbers(0, 3))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_vanishes_under_the_sink_is_an_export_error(path):
    def write_and_lose_it():
        with ParquetSink(path, row_group_rows=1) as sink:
            sink.write(numbers(0, 3))
            next(path.parent.glob(".*.tmp")).unlink()

    with pytest.raises(ExportError, match="cannot be written"):
        write_and_lose_it()
    assert names(path) == []


def test_the_old_draft_of_a_run_that_lives_is_not_swept(path):
    with ParquetSink(path, row_group_rows=1) as slow:
        slow.write(numbers(0, 3))
        (draft,) = path.parent.glob(".*.tmp")
        os.utime(draft, (0, 0))
        check_writable(path)
        assert draft.exists()
    assert pq.read_table(path).num_rows == 3
