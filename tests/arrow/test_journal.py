"""A journal keeps each page that was written whole, and nothing else."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from spyro_sdk.arrow.journal import Journal, journal_of, remove_left
from spyro_sdk.arrow.mark import Mark
from spyro_sdk.errors import ExportError
from spyro_sdk.private import System

from .rows import batch, names, no_file_over

HEADER = {"it": "is ours"}


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "rows.parquet"


def mark(number: int, **more: Any) -> Mark:
    return Mark({"after": number}, 3, **more)


def page(number: int) -> pa.RecordBatch:
    return batch(n=[number] * 2, text=["a", None])


def filled(target: Path, *marks: Mark) -> Path:
    """A journal with a page for each of these."""
    with Journal(target) as journal:
        journal.start(HEADER)
        for number, each in enumerate(marks, 1):
            journal.append(page(number), each)
    return journal_of(target)


def restored(journal: Journal) -> list[pa.RecordBatch]:
    """The pages that are found."""
    assert journal.header() == HEADER
    journal.restore()
    return [journal.batch(number) for number in range(journal.pages)]


def test_what_was_kept_comes_back_as_it_was(target: Path) -> None:
    keys = pa.array(["a", "b"])
    schema = pa.schema([("x", pa.decimal128(9, 2))])
    marks = [mark(1, keys=keys, tail=page(7), columns=schema, seen=page(1).schema), Mark(), mark(3)]
    filled(target, *marks)
    with Journal(target) as journal:
        assert restored(journal) == [page(1), page(2), page(3)]
        assert list(journal.marks()) == marks
        assert (journal.pages, journal.rows, journal.read) == (3, 6, 6)
        assert journal.last == marks[-1]


def test_it_is_written_on_where_it_ended(target: Path) -> None:
    filled(target, mark(1))
    with Journal(target) as journal:
        assert restored(journal) == [page(1)]
        journal.append(page(2), mark(2))
    with Journal(target) as journal:
        assert restored(journal) == [page(1), page(2)]


def test_cut_at_any_byte_it_has_the_pages_that_are_whole(target: Path) -> None:
    ends = []
    with Journal(target) as journal:
        journal.start(HEADER)
        ends.append(journal.path.stat().st_size)
        for number in (1, 2, 3):
            journal.append(page(number), mark(number))
            ends.append(journal.path.stat().st_size)
    path = journal_of(target)
    content = path.read_bytes()
    for size in range(len(content) + 1):
        path.write_bytes(content[:size])
        path.chmod(0o600)
        whole = sum(end <= size for end in ends) - 1
        with Journal(target) as journal:
            found = journal.header()
            assert found == (HEADER if whole >= 0 else None if size else {})
            if whole >= 0:
                assert restored(journal) == [page(number) for number in range(1, whole + 1)]
            if whole > 0:
                assert path.stat().st_size == ends[whole]
                journal.append(page(9), mark(9))
                assert journal.batch(whole) == page(9)


def test_any_byte_that_is_another_ends_it_there(target: Path) -> None:
    path = filled(target, mark(1), mark(2))
    content = path.read_bytes()
    for place in range(0, len(content), 7):
        path.write_bytes(content[:place] + bytes([content[place] ^ 16]) + content[place + 1 :])
        path.chmod(0o600)
        with Journal(target) as journal:
            if journal.header() is not None:
                assert restored(journal) in ([], [page(1)])


def test_a_page_of_another_journal_is_none_of_its_own(target: Path, tmp_path: Path) -> None:
    first = filled(target, mark(1)).stat().st_size
    one, other = filled(target, mark(1), mark(2)), filled(tmp_path / "other", mark(5), mark(2))
    assert len(one.read_bytes()) == len(other.read_bytes())
    one.write_bytes(one.read_bytes()[:first] + other.read_bytes()[first:])
    with Journal(target) as journal:
        assert restored(journal) == [page(1)]


def test_pages_behind_the_last_place_are_cut_off(target: Path) -> None:
    filled(target, Mark(), mark(2), Mark(), mark(4))
    with Journal(target) as journal:
        assert len(restored(journal)) == 4
        journal.append(page(5), Mark(rows=3))
        assert (journal.pages, journal.rows, journal.sure) == (5, 10, 8)
    with Journal(target) as journal:
        assert len(restored(journal)) == 4
        assert journal.has_place


def test_one_that_nobody_could_go_on_from_is_taken_away(target: Path) -> None:
    filled(target, Mark(), Mark())
    assert names(target.parent) == []
    Journal(target).__exit__()
    assert names(target.parent) == []


def test_beginning_anew_forgets_all(target: Path) -> None:
    filled(target, mark(1), mark(2))
    with Journal(target) as journal:
        assert len(restored(journal)) == 2
        journal.start({"it": "is new"})
        assert (journal.pages, journal.has_place) == (0, False)
        journal.append(page(7), mark(7))
    with Journal(target) as journal:
        assert journal.header() == {"it": "is new"}
        journal.restore()
        assert journal.batch(0) == page(7)


def test_it_tells_whether_the_target_has_been_written_since(target: Path) -> None:
    filled(target, mark(1))
    target.write_bytes(b"new")
    target.unlink()
    with Journal(target) as journal:
        assert len(restored(journal)) == 1
        assert not journal.is_outlived
    for write in (lambda: target.write_bytes(b"newer"), lambda: target.write_bytes(b"the newest")):
        filled(target, mark(1), mark(2, keys=pa.array(["a"])))
        with Journal(target) as journal:
            assert not journal.is_outlived
            assert len(restored(journal)) == 2
            assert not journal.is_outlived
            write()
            assert journal.is_outlived
            journal.stay()
            assert not journal.is_outlived
            assert (journal.rows, journal.read, journal.sure) == (4, 6, 4)
            assert journal.last == mark(2, keys=pa.array([], pa.string())) or journal.last.rows == 0


def test_two_never_have_it_at_once(target: Path) -> None:
    with Journal(target), pytest.raises(ExportError, match="another run writes") as caught:
        Journal(target)
    assert caught.value.hint == "wait until that has ended, or write elsewhere"
    Journal(target).close()


def test_who_waited_for_one_that_is_taken_away_gets_another(target: Path) -> None:
    """Between opening and locking another run may end, and take away the file that is open."""
    taken = []

    def late(path: Path, flags: int, mode: int) -> int:
        file = os.open(path, flags, mode)
        if len(taken) < 2:
            taken.append(path.unlink())
        if len(taken) == 2:
            taken.append(path.touch(0o600))
        return file

    with Journal(target, System(open=late)) as journal:
        assert os.path.samestat(os.stat(journal.path), os.fstat(journal._file.fileno()))


@pytest.mark.skipif(os.name != "posix", reason="there are no modes")
def test_what_others_could_have_written_is_not_resumed(target: Path) -> None:
    path = filled(target, mark(1))
    with pytest.raises(ExportError, match="belongs to somebody else: nothing is resumed from there"):
        Journal(target, System(uid=lambda: os.getuid() + 1))
    path.chmod(0o640)
    with pytest.raises(ExportError, match="can be read by others") as caught:
        Journal(target)
    assert caught.value.hint == f"remove it: rm {path}"
    Journal(target, System(uid=None)).close()
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(ExportError, match="is no file"):
        Journal(target)
    path.unlink()
    path.symlink_to(target.parent / "elsewhere")
    with pytest.raises(ExportError, match="cannot be written"):
        Journal(target)
    assert names(target.parent) == [path.name]


def test_a_full_disk_leaves_what_came_before(target: Path) -> None:
    filled(target, mark(1))
    with Journal(target) as journal:
        assert len(restored(journal)) == 1
        size = journal.path.stat().st_size
        with no_file_over(size + 30), pytest.raises(ExportError, match="no file may be so big there"):
            journal.append(page(2), mark(2))
        assert journal.path.stat().st_size == size
        assert (journal.pages, journal.last) == (1, mark(1))
        journal.append(page(2), mark(2))
    with Journal(target) as journal:
        assert restored(journal) == [page(1), page(2)]


def test_what_comes_after_its_end_is_not_kept(target: Path) -> None:
    """A worker that was left alone may still write when the export has ended."""
    journal = Journal(target)
    journal.start(HEADER)
    journal.append(page(1), mark(1))
    journal.close()
    late = threading.Thread(target=journal.append, args=(page(2), mark(2)))
    late.start()
    late.join()
    journal.close()
    with Journal(target) as again:
        assert restored(again) == [page(1)]
        again.remove()
        again.remove()
    assert names(target.parent) == []


def test_leftovers_are_taken_away_but_not_from_under_a_run(target: Path) -> None:
    remove_left(target)
    filled(target, mark(1))
    with Journal(target) as journal:  # which nobody looks into
        remove_left(target)
    assert names(target.parent) == [journal.path.name]
    remove_left(target)
    assert names(target.parent) == []
