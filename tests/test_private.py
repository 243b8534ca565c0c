import errno
import os
import stat
import threading
from contextlib import contextmanager

import pytest

from spyro_sdk.errors import TokenStoreError
from spyro_sdk.private import FORSAKEN, SAFELY, PrivateFolder, System

MOST = 1000


@pytest.fixture
def folder(tmp_path):
    return PrivateFolder(tmp_path / "above" / "ours")


@pytest.fixture
def umask():
    """Ours keeps nobody out, as long as the test lasts."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path):
    return stat.S_IMODE(path.lstat().st_mode)


def within(folder, **system):
    return PrivateFolder(folder.path, System(**system))


def failing(number):
    def fail(*arguments):
        raise OSError(number, os.strerror(number))

    return fail


@contextmanager
def refused(what, path, hint=""):
    with pytest.raises(TokenStoreError, match=what) as caught:
        yield
    assert caught.value.path == str(path)
    assert str(path) in str(caught.value)
    assert hint in caught.value.hint
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


# what is written


def test_what_was_written_is_read(folder):
    folder.replace("a", b"one")
    folder.replace("a", b"")
    assert folder.read("a", MOST) == b""
    folder.replace("a", b"x" * 300_000)
    assert folder.read("a", 1 << 20) == b"x" * 300_000
    assert folder.read("a", 10) == b"x" * 10
    assert os.listdir(folder.path) == ["a"]


def test_what_is_not_there_is_none(folder):
    assert folder.read("a", MOST) is None
    assert folder.names("") == []
    folder.remove("a")
    assert not folder.path.exists(), "who reads makes nothing"
    folder.replace("b", b"")
    assert folder.read("a", MOST) is None
    folder.remove("a")
    folder.remove("b")
    assert folder.names("") == []


def test_nothing_is_ever_open_to_others(folder, umask):
    opened = []

    def watched(path, flags, *made_as):
        opened.append((os.path.basename(path), flags, *made_as))
        file = os.open(path, flags, *made_as)
        assert not os.fstat(file).st_mode & 0o077
        return file

    it = within(folder, open=watched)
    it.replace("a", b"hush")
    with it.lockable("a.lock") as attempt:
        assert attempt()
    temporary, own, lock = opened
    assert temporary[0].startswith(".a.")
    assert temporary[1:] == (os.O_WRONLY | os.O_CREAT | os.O_EXCL | SAFELY, 0o600)
    assert own[0] == "ours"
    assert lock == ("a.lock", os.O_RDWR | os.O_CREAT | SAFELY, 0o600)
    assert SAFELY & os.O_NOFOLLOW
    assert (mode(folder.path / "a"), mode(folder.path / "a.lock")) == (0o600, 0o600)
    assert (mode(folder.path), mode(folder.path.parent)) == (0o700, 0o700)


def test_it_is_on_the_disk_before_it_takes_its_place(folder):
    done = []
    it = within(
        folder,
        fsync=lambda file: done.append("folder" if stat.S_ISDIR(os.fstat(file).st_mode) else "file"),
        replace=lambda fresh, place: (done.append("replace"), os.replace(fresh, place)),
    )
    it.replace("a", b"one")
    assert done == ["file", "replace", "folder"]
    it.remove("a")
    assert done[3:] == ["folder"]


@pytest.mark.parametrize("fails", ["open", "fsync", "replace"])
def test_a_failed_write_leaves_what_was_there_and_nothing_else(folder, fails):
    folder.replace("a", b"one")
    with refused("a cannot be written: No space left", folder.path / "a", "SPYRO_TOKEN_STORE"):
        within(folder, **{fails: failing(28)}).replace("a", b"two")
    assert folder.read("a", MOST) == b"one"
    assert os.listdir(folder.path) == ["a"]


def test_a_folder_that_cannot_be_written_is_told(folder):
    folder.replace("a", b"one")
    it = within(folder, open=failing(30))
    with refused("Read-only file system", folder.path / "a"):
        it.replace("a", b"two")
    with refused("cannot be opened", folder.path / "a.lock"), it.lockable("a.lock"):
        pytest.fail("no lock can be made")


def test_what_the_system_refuses_has_its_number_and_what_we_refuse_has_none(folder):
    with pytest.raises(TokenStoreError) as caught:
        within(folder, open=failing(30)).replace("a", b"two")
    assert caught.value.errno == 30
    folder.replace("a", b"one")
    (folder.path / "a").chmod(0o644)
    with pytest.raises(TokenStoreError) as caught:
        folder.read("a", MOST)
    assert caught.value.errno is None


def test_a_folder_below_a_file_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "ours"):
        it = PrivateFolder(path)
        for act in (
            lambda it=it: it.replace("a", b""),
            lambda it=it: it.read("a", 1),
            lambda it=it: it.names(""),
        ):
            with pytest.raises(TokenStoreError, match=r"no folder|Not a directory"):
                act()


def test_a_folder_that_leads_nowhere_is_told(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with refused("cannot be written", tmp_path / "link" / "a"):
        PrivateFolder(tmp_path / "link").replace("a", b"")


def test_a_folder_may_be_a_link_to_one_of_ours(tmp_path):
    (tmp_path / "real").mkdir(0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    PrivateFolder(tmp_path / "link").replace("a", b"one")
    assert PrivateFolder(tmp_path / "real").read("a", MOST) == b"one"


def test_a_busy_file_is_replaced_a_moment_later(folder):
    busy, slept = [1, 1], []

    def replace(fresh, place):
        if busy:
            busy.pop()
            raise PermissionError(13, "in use")
        os.replace(fresh, place)

    it = within(folder, replace=replace, pauses=(0.1, 0.2, 0.3), sleep=slept.append)
    it.replace("a", b"one")
    assert slept == [0.1, 0.2]
    assert folder.read("a", MOST) == b"one"
    busy[:] = [1] * 4
    with refused("in use", folder.path / "a"):
        it.replace("a", b"two")


# what is not safe


@pytest.mark.parametrize("open_to", [0o640, 0o604, 0o660, 0o666, 0o610, 0o601, 0o777])
def test_a_file_that_others_can_read_or_write_is_refused(folder, open_to):
    folder.replace("a", b"one")
    (folder.path / "a").chmod(open_to)
    with refused(f"read by others .*{open_to:04o}", folder.path / "a", f"chmod 600 {folder.path / 'a'}"):
        folder.read("a", MOST)
    (folder.path / "a").chmod(0o600)
    assert folder.read("a", MOST) == b"one", "what the hint says mends it"


def test_the_hint_can_be_pasted_where_a_path_has_spaces(tmp_path):
    it = PrivateFolder(tmp_path / "Ana's files")
    it.replace("a", b"one")
    (it.path / "a").chmod(0o644)
    with pytest.raises(TokenStoreError) as caught:
        it.read("a", MOST)
    assert f"chmod 600 '{tmp_path}/Ana'\"'\"'s files/a'" in caught.value.hint


def test_a_file_of_somebody_else_is_refused(folder):
    folder.replace("a", b"one")
    stranger = os.geteuid() + 1

    def fstat(file):
        it = list(os.fstat(file))
        it[stat.ST_UID] = stranger
        return os.stat_result(it)

    with refused(f"user {stranger}, and we are {os.geteuid()}", folder.path / "a", "folder of your own"):
        within(folder, fstat=fstat).read("a", MOST)


def test_a_folder_of_somebody_else_is_refused(folder):
    folder.replace("a", b"one")
    it = within(folder, uid=lambda: os.geteuid() + 1)
    for act in (
        lambda: it.read("a", 1),
        lambda: it.replace("a", b""),
        lambda: it.names(""),
        lambda: it.remove("a"),
    ):
        with pytest.raises(TokenStoreError, match="ours belongs to somebody else"):
            act()
    assert folder.read("a", MOST) == b"one"


@pytest.mark.parametrize("open_to", [0o720, 0o702, 0o777])
def test_a_folder_in_which_others_can_write_is_refused(folder, open_to):
    folder.replace("a", b"one")
    folder.path.chmod(open_to)
    for act in (lambda: folder.read("a", 1), lambda: folder.replace("a", b"")):
        with refused("can be written by others", folder.path, f"chmod 700 {folder.path}"):
            act()
    with refused("can be written by others", folder.path), folder.lockable("a.lock"):
        pytest.fail("it is not safe")
    folder.path.chmod(0o755)
    assert folder.read("a", MOST) == b"one", "its list of files is no secret"


def put_link(path, tmp_path):
    (tmp_path / "elsewhere").write_text("one")
    (tmp_path / "elsewhere").chmod(0o600)
    path.symlink_to(tmp_path / "elsewhere")


THINGS = {
    "link": (put_link, "is a symbolic link"),
    "dangling link": (lambda path, tmp_path: path.symlink_to(tmp_path / "nowhere"), "is a symbolic link"),
    "folder": (lambda path, tmp_path: path.mkdir(0o700), "is no file|Is a directory"),
    "pipe": (lambda path, tmp_path: os.mkfifo(path, 0o600), "is no file"),
}


@pytest.mark.parametrize("thing", THINGS)
def test_what_is_no_file_is_neither_read_nor_locked(folder, tmp_path, thing):
    put, what = THINGS[thing]
    folder.replace("b", b"")
    put(folder.path / "a", tmp_path)
    with refused(what, folder.path / "a"):
        folder.read("a", MOST)
    with refused(what, folder.path / "a"), folder.lockable("a"):
        pytest.fail("it is no file")


def test_a_link_in_the_place_of_a_file_is_replaced_and_not_followed(folder, tmp_path):
    folder.replace("b", b"")
    put_link(folder.path / "a", tmp_path)
    folder.replace("a", b"two")
    assert (tmp_path / "elsewhere").read_text() == "one"
    assert folder.read("a", MOST) == b"two"


def test_where_files_cannot_be_private_no_secret_is_written(folder):
    def fstat(file):  # as a stick of another system shows its files
        it = list(os.fstat(file))
        it[stat.ST_MODE] |= 0o777
        return os.stat_result(it)

    written = []
    it = within(folder, fstat=fstat, fsync=written.append)
    with pytest.raises(TokenStoreError, match="can be read by others"):
        it.replace("a", b"hush")
    assert (written, os.listdir(folder.path)) == ([], [])


def test_without_owners_and_modes_the_rest_holds(folder):
    it = within(folder, uid=None, fsync=lambda file: None)
    it.replace("a", b"one")
    (folder.path / "a").chmod(0o666)
    folder.path.chmod(0o777)
    assert it.read("a", MOST) == b"one"
    it.replace("a", b"two")
    it.remove("a")
    assert it.names("") == []


# what died


def test_what_dead_runs_left_is_removed(folder):
    folder.replace("a", b"one")
    left, young, other = (folder.path / name for name in (".a.00.tmp", ".b.11.tmp", ".config"))
    for path in (left, young, other):
        path.write_bytes(b"hush")
        os.utime(path, (1000.0, 1000.0))
    os.utime(young, (1001.0, 1001.0))
    it = within(folder, clock=lambda: 1000.5 + FORSAKEN)
    it.replace("a", b"two")
    assert sorted(os.listdir(folder.path)) == [".b.11.tmp", ".config", "a"]
    within(folder, clock=lambda: 1001.5 + FORSAKEN).remove("a")
    assert os.listdir(folder.path) == [".config"]


def test_what_another_process_swept_first_is_no_failure(folder):
    (folder.path).mkdir(0o700, parents=True)
    (folder.path / ".a.00.tmp").mkdir()
    within(folder, clock=lambda: 1e12).replace("a", b"one")
    assert folder.read("a", MOST) == b"one"


def test_hidden_files_are_not_listed(folder):
    for name in ("b.json", "a.json", "a.lock"):
        folder.replace(name, b"")
    (folder.path / ".a.json.00.tmp").write_bytes(b"")
    (folder.path / ".json").write_bytes(b"")
    assert folder.names(".json") == ["a.json", "b.json"]


# locks


def test_one_holds_a_lock_and_frees_it(folder):
    with folder.lockable("a.lock") as first, folder.lockable("a.lock") as second:
        assert first()
        assert not second()
        with folder.lockable("b.lock") as other:
            assert other()
    with folder.lockable("a.lock") as third:
        assert third()


def test_who_never_got_a_lock_frees_nothing(folder):
    with folder.lockable("a.lock") as first:
        assert first()
        with folder.lockable("a.lock") as second:
            assert not second()
        with folder.lockable("a.lock") as third:
            assert not third()


def test_threads_exclude_each_other(folder):
    inside, most = 0, []

    def work():
        nonlocal inside
        for _ in range(20):
            with folder.lockable("a.lock") as attempt:
                while not attempt():
                    pass
                inside += 1
                most.append(inside)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for it in threads:
        it.start()
    for it in threads:
        it.join()
    assert most == [1] * 80


def test_a_folder_made_by_another_process_first_is_taken(folder):
    """Both find it missing, and one is quicker."""

    class Raced(type(folder.path)):
        def exists(self, **how):
            found = super().exists(**how)
            if not found:
                os.mkdir(self, 0o700)
            return found

    it = PrivateFolder(Raced(folder.path))
    it.replace("a", b"one")
    assert folder.read("a", MOST) == b"one"


# what is written once


def test_what_is_written_once_stays(folder):
    assert folder.first("key", lambda: b"one", MOST) == b"one"
    assert folder.first("key", lambda: b"two", MOST) == b"one"
    assert mode(folder.path / "key") == 0o600
    assert os.listdir(folder.path) == ["key"]


def test_of_those_who_come_at_once_all_take_what_the_first_has_written(folder):
    def slow():
        folder.first("key", lambda: b"the other's", MOST)  # between our look and our writing
        return b"ours"

    assert folder.first("key", slow, MOST) == b"the other's"
    assert os.listdir(folder.path) == ["key"]


def test_what_is_written_once_tells_why_it_cannot_be(folder):
    with refused("cannot be written", folder.path / "key"):
        within(folder, fsync=failing(errno.ENOSPC)).first("key", lambda: b"one", MOST)
    assert os.listdir(folder.path) == []


def test_a_file_can_be_written_in_place(folder):
    file = folder.descriptor("state")
    os.write(file, b"abc")
    os.close(file)
    assert folder.read("state", MOST) == b"abc"
    assert mode(folder.path / "state") == 0o600
