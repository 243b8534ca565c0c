"""A draft takes its place when it is whole."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from spyro_sdk.arrow.draft import Draft, allow_the_same, check_writable, explained, lock, sync_folder
from spyro_sdk.errors import ExportError, ValidationError

from .rows import names, open_descriptors, without_rights_of_root


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rows.parquet"


def test_a_draft_that_is_published_replaces_the_older_file_with_its_permissions(path: Path) -> None:
    path.write_bytes(b"old")
    path.chmod(0o600)
    draft = Draft(path)
    assert names(path.parent) == sorted([draft.path.name, path.name])
    draft.path.write_bytes(b"new")
    assert path.read_bytes() == b"old"
    draft.publish()
    assert draft.path == path
    with path.open("rb") as file:
        assert lock(file.fileno()), "nobody holds it any more"
    draft.remove()  # there is nothing left to remove
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert names(path.parent) == [path.name]


def test_a_draft_that_does_not_reach_the_disk_leaves_the_older_file(path: Path) -> None:
    path.write_bytes(b"old")
    draft = Draft(path, sync=failing(errno.EIO))
    with pytest.raises(ExportError, match=os.strerror(errno.EIO)) as caught, explained(path):
        draft.publish()
    assert str(path) in str(caught.value)
    draft.remove()
    assert path.read_bytes() == b"old"
    assert names(path.parent) == [path.name]


def failing(code: int) -> Callable[[object], None]:
    """What a disk does that cannot."""

    def fail(_: object) -> None:
        raise OSError(code, os.strerror(code))

    return fail


@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOTSUP])
def test_a_disk_that_syncs_no_folders_is_written_all_the_same(tmp_path: Path, code: int) -> None:
    sync_folder(tmp_path, sync=failing(code))


def test_a_folder_that_does_not_reach_the_disk_is_told(tmp_path: Path) -> None:
    before = open_descriptors()
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        sync_folder(tmp_path, sync=failing(errno.EIO))
    assert open_descriptors() == before


def test_a_disk_without_permissions_is_written_all_the_same(path: Path) -> None:
    def refused(old: Path, new: Path) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted", new)

    allow_the_same(path, path.with_name("new"), copy=refused)


def test_a_draft_that_is_removed_leaves_the_older_file(path: Path) -> None:
    path.write_bytes(b"old")
    Draft(path).remove()
    assert path.read_bytes() == b"old"
    assert names(path.parent) == [path.name]


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="the folder does not exist: create it") as caught:
        check_writable(tmp_path / "no" / "rows.parquet")
    assert str(tmp_path / "no" / "rows.parquet") in str(caught.value)
    assert "create it" in str(caught.value.hint)


def test_a_folder_that_is_a_file(path: Path) -> None:
    path.touch()
    with pytest.raises(ExportError, match="is a file, not a folder"):
        check_writable(path / "rows.parquet")


def test_a_path_that_is_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="it is a folder: add a file name"):
        check_writable(tmp_path)


def test_what_is_no_path_at_all() -> None:
    with pytest.raises(ValidationError, match="path=3 cannot be") as caught:
        check_writable(3)  # type: ignore[arg-type]
    assert caught.value.field == "path"


def test_an_error_of_the_disk_is_told_once_and_in_its_own_words(path: Path) -> None:
    told: dict[OSError, str] = {
        OSError(errno.EIO, "it hums"): f"{path} cannot be written: it hums",
        OSError("it hums"): f"{path} cannot be written: it hums",
        ExportError("it is told"): "it is told",
    }
    for error, words in told.items():
        with pytest.raises(ExportError) as caught, explained(path):
            raise error
        assert str(caught.value) == words
        assert caught.value.hint is None


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Windows has other permissions")
def test_a_folder_nobody_may_write_in(path: Path) -> None:
    path.parent.chmod(0o500)
    try:
        with without_rights_of_root(), pytest.raises(ExportError, match="you may not write there"):
            check_writable(path)
    finally:
        path.parent.chmod(0o700)


def test_a_name_too_long_says_so(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=os.strerror(errno.ENAMETOOLONG)):
        check_writable(tmp_path / ("x" * 250))


def test_checking_leaves_nothing_and_follows_links(path: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    path.symlink_to(tmp_path / "data" / "real.parquet")
    assert check_writable(path) == (tmp_path / "data" / "real.parquet").resolve()
    assert names(tmp_path / "data") == []


def test_a_home_folder_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))  # drafts are swept there: not in anybody's own
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert check_writable("~/rows.parquet") == Path(os.path.realpath(tmp_path / "rows.parquet"))


def test_the_draft_of_a_run_that_lives_is_not_swept(path: Path) -> None:
    draft = Draft(path)
    os.utime(draft.path, (0, 0))
    check_writable(path)
    assert draft.path.exists()
    draft.remove()


def test_old_drafts_of_this_file_alone_are_swept(path: Path) -> None:
    ours, folder = (path.with_name(f".rows.parquet.{code}.tmp") for code in ("0123abcd", "4567cdef"))
    others = [path.with_name(name) for name in (".other.parquet.0123abcd.tmp", ".rows.parquet.backup.tmp")]
    for file in (ours, *others):
        file.touch()
    folder.mkdir()
    (folder / "part-0.parquet").touch()
    check_writable(path)
    assert ours.exists()  # it was written a moment ago
    for entry in (ours, folder, *others):
        os.utime(entry, (0, 0))
    before = open_descriptors()
    check_writable(path)
    assert names(path.parent) == sorted(file.name for file in others)
    assert open_descriptors() == before
