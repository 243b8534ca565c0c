"""A folder takes its place as a whole, and replaces nothing that is not ours."""

from __future__ import annotations

import ctypes
import errno
import os
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spyro_sdk.arrow import folder
from spyro_sdk.arrow.draft import explained
from spyro_sdk.arrow.folder import FolderDraft, check_folder
from spyro_sdk.errors import ExportError

from .rows import names, open_descriptors, without_rights_of_root


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "table"


def put(path: Path, *, ours: bool = True) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with pq.ParquetWriter(path, pa.schema([("n", pa.int64())])) as writer:
        if ours:
            writer.add_key_value_metadata({"spyro.rows": "0"})
    return path


def test_a_folder_appears_when_it_is_published(path: Path) -> None:
    draft = FolderDraft(path)
    put(draft.path / "k=1" / "part-0.parquet")
    assert not path.exists()
    draft.publish()
    assert names(path) == ["k=1"]
    assert names(path.parent) == ["table"]


@pytest.mark.parametrize("can_exchange", [True, False])
def test_an_older_folder_is_replaced_with_its_permissions(path: Path, can_exchange: bool) -> None:
    put(path / "k=1" / "part-0.parquet")
    path.chmod(0o700)
    draft = FolderDraft(path)
    put(draft.path / "k=2" / "part-0.parquet")
    draft.publish() if can_exchange else draft.publish(exchange=lambda new, old: False)
    assert names(path) == ["k=2"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert names(path.parent) == ["table"]


def test_an_older_folder_comes_back_where_the_new_one_cannot_take_its_place(path: Path) -> None:
    put(path / "k=1" / "part-0.parquet")
    draft = FolderDraft(path)

    def loses_it(new: Path, old: Path) -> bool:
        new.rmdir()
        return False

    with pytest.raises(OSError, match="No such file") as caught:
        draft.publish(exchange=loses_it)
    assert Path(caught.value.filename) == draft.path, "it is the new one that is missing"
    draft.remove()
    assert names(path) == ["k=1"]
    assert names(path.parent) == ["table"]


def test_a_folder_that_does_not_reach_the_disk_leaves_the_older_one(path: Path) -> None:
    def full(file: IO[bytes]) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), file.name)

    put(path / "k=1" / "part-0.parquet")
    draft = FolderDraft(path)
    put(draft.path / "k=2" / "part-0.parquet")
    with pytest.raises(ExportError, match="the disk is full: free some space"), explained(path):
        draft.publish(sync=full)
    draft.remove()
    assert names(path) == ["k=1"]
    assert names(path.parent) == ["table"]


def test_a_system_that_cannot_exchange_says_so(path: Path) -> None:
    path.mkdir()
    assert not folder.exchanged(path.with_name("nothing"), path)
    assert not folder.exchanged(path, path, library=partial(ctypes.CDLL, "no such library"))
    assert not folder.exchanged(path, path, library=object)


ASKED = {
    "darwin": ("renamex_np", b"/a", b"/b", 2),  # RENAME_SWAP
    "linux": ("renameat2", -100, b"/a", -100, b"/b", 2),  # RENAME_EXCHANGE
}


@pytest.mark.parametrize("platform", ASKED)
@pytest.mark.parametrize("failed", [0, -1])
def test_each_system_is_asked_in_its_own_way(platform: str, failed: int) -> None:
    asked: list[tuple[object, ...]] = []

    class Library:
        def __getattr__(self, name: str) -> Callable[..., int]:
            return lambda *args: asked.append((name, *args)) or failed  # type: ignore[func-returns-value]

    done = folder.exchanged(Path("/a"), Path("/b"), library=Library, platform=platform)
    assert done is (failed == 0)
    assert asked == [ASKED[platform]]


def test_the_draft_of_a_run_that_lives_is_not_swept(path: Path) -> None:
    draft = FolderDraft(path)
    os.utime(draft.path, (0, 0))
    check_folder(path)
    assert draft.path.exists()
    draft.remove()


def test_a_draft_that_is_removed_or_published_holds_nothing_open(path: Path) -> None:
    before = open_descriptors()
    FolderDraft(path).remove()
    FolderDraft(path).publish()
    assert open_descriptors() == before


def test_a_folder_that_is_removed_leaves_the_older_one(path: Path) -> None:
    put(path / "k=1" / "part-0.parquet")
    draft = FolderDraft(path)
    put(draft.path / "k=2" / "part-0.parquet")
    draft.remove()
    draft.remove()
    assert names(path) == ["k=1"]
    assert names(path.parent) == ["table"]


def test_an_earlier_export_an_empty_folder_and_nothing_can_be_replaced(path: Path) -> None:
    assert check_folder(path) == path.resolve()
    path.mkdir()
    check_folder(path)
    (path / "k=1").mkdir()
    check_folder(path)
    put(path / "k=1" / "part-0.parquet")
    put(path / "k=1" / "part-10.parquet")
    check_folder(path)
    assert names(path.parent) == ["table"]


@pytest.mark.parametrize("name", ["notes.txt", "k=1/part-0.parquet.bak", ".hidden", "k=1/part-x.parquet"])
def test_a_folder_with_other_files_is_refused(path: Path, name: str) -> None:
    put(path / "k=1" / "part-0.parquet")
    (path / name).touch()
    with pytest.raises(ExportError, match="cannot be replaced: no fetch has written") as caught:
        check_folder(path)
    assert name in str(caught.value)
    assert "choose another folder, or remove it yourself" in str(caught.value)
    assert (path / name).exists()


def test_parts_that_others_wrote_are_not_ours(path: Path) -> None:
    part = put(path / "k=1" / "part-0.parquet", ours=False)
    with pytest.raises(ExportError, match="no fetch has written"):
        check_folder(path)
    part.write_bytes(b"no parquet at all")
    with pytest.raises(ExportError, match="no fetch has written"):
        check_folder(path)


def test_a_copy_of_a_part_under_another_name_is_not_ours(path: Path) -> None:
    put(path / "k=1" / "copy.parquet")
    with pytest.raises(ExportError, match="no fetch has written"):
        check_folder(path)


def test_a_path_that_is_a_file_is_refused(path: Path) -> None:
    path.touch()
    with pytest.raises(ExportError, match="it is a file: remove it, or choose another name"):
        check_folder(path)


def test_a_folder_where_a_disk_is_mounted_is_refused() -> None:
    with pytest.raises(ExportError, match="a disk is mounted there: choose a folder within it"):
        check_folder("/")


def test_a_folder_that_stands_nowhere_is_refused(path: Path) -> None:
    with pytest.raises(ExportError, match="the folder does not exist: create it"):
        check_folder(path / "below" / "another")


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Windows has other permissions")
def test_a_folder_that_nobody_may_look_into_is_refused(path: Path) -> None:
    (path / "k=1").mkdir(parents=True)
    (path / "k=1").chmod(0o000)
    path.parent.chmod(0o777)
    for above in path.parents[1:5]:
        above.chmod(0o755) if above.name.startswith(("pytest-", "popen-")) else None
    try:
        with (
            without_rights_of_root(),
            pytest.raises(ExportError, match="you may not write there") as caught,
        ):
            check_folder(path)
    finally:
        (path / "k=1").chmod(0o700)
    assert isinstance(caught.value.__cause__, PermissionError)
    assert caught.value.__cause__.filename == str(path / "k=1")
