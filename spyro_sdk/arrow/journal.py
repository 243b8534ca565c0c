"""What has come of a fetch, page by page, in a file from which a later run goes on.

A frame for each page: its records, and where to go on after it. Reading stops at the first frame that is torn
or wrong, and the file is cut there: of a run that was killed while it wrote, that page alone is lost.
"""

from __future__ import annotations

import json
import os
import stat
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from shlex import quote
from typing import Any, Final, Self

import pyarrow as pa

from ..errors import ExportError
from ..private import BINARY, SAFELY, System, try_lock, unlock
from .draft import explained
from .mark import Mark

MAGIC: Final = b"spyro resume\n"
FRAME: Final = struct.Struct(">Q16s")
"""How many bytes a body has, and a digest of it that takes in the frame before."""
HEAD: Final = struct.Struct(">I")
"""How many bytes of a body are JSON; the rest is batches."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a page lies in the file."""

    start: int
    stop: int
    digest: bytes
    rows: int  # records that are kept
    read: int  # records that had arrived
    has_place: bool
    stood: list[int] | None
    """What stood at the target then; see `_standing`."""


class Journal:
    """The journal of an export to `target`, locked for as long as it is open.

    `ExportError` where it cannot be written, another run has it, or others could have written it. All but
    `close` may be called in a worker thread.
    """

    def __init__(self, target: Path, system: System | None = None) -> None:
        self.path, self._target = journal_of(target), target
        self.last = Mark()
        """How far it has come; there is a place where it was restored, and no page came since."""
        self._frames: list[Frame] = []
        self._end, self._digest = 0, b""
        self._guard = threading.RLock()
        self._is_open = True
        with explained(self.path):
            self._file = os.fdopen(_locked(self.path, system or System()), "r+b", buffering=0)
            self._is_known = not self._size  # what is in it

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Close it; it is taken away where it is known that nobody could go on from it."""
        if self.has_place or not self._is_known:
            self.close()
        else:
            self.remove()

    @property
    def has_place(self) -> bool:
        """Whether a later run can go on from it."""
        return any(frame.has_place for frame in self._frames)

    @property
    def sure(self) -> int:
        """Records up to the last place: those that a later run need not read again."""
        places = [number for number, frame in enumerate(self._frames, 1) if frame.has_place]
        return sum(frame.rows for frame in self._frames[: max(places, default=0)])

    @property
    def pages(self) -> int:
        """Frames that are kept, one for each page."""
        return len(self._frames)

    @property
    def asked(self) -> int:
        """Pages among these that had records."""
        return sum(frame.read > 0 for frame in self._frames)

    @property
    def rows(self) -> int:
        """Records that are kept."""
        return sum(frame.rows for frame in self._frames)

    @property
    def read(self) -> int:
        """Records that had arrived for these, before some of them were chosen."""
        return sum(frame.read for frame in self._frames)

    @property
    def is_outlived(self) -> bool:
        """Whether the target has been written since the last page came: a run has ended well."""
        stands = _standing(self._target)  # a file that somebody has taken away says nothing
        return bool(self._frames) and stands not in (None, self._frames[-1].stood)

    def header(self) -> dict[str, Any] | None:
        """What it says of itself, {} where it is new; None where it is damaged, or no journal at all."""
        with self._guard, explained(self.path):
            self._forget()
            if not self._size:
                return {}
            self._file.seek(0)
            body = self._body() if self._file.read(len(MAGIC)) == MAGIC else None
            return None if body is None else dict(json.loads(body))

    def restore(self) -> None:
        """Find the pages that came before; the `header` has been read.

        What comes after the last place to go on from is cut off, and so is all that is damaged.
        """
        self._is_known = True
        with self._guard, explained(self.path):
            while (body := self._body()) is not None:
                self._took(body)
            while self._frames and not self._frames[-1].has_place:
                cut = self._frames.pop()
                self._end = cut.start - FRAME.size
            if self._frames:
                self._digest = self._frames[-1].digest
                self.last = _mark(self._at(self._frames[-1]))
                self._file.truncate(self._end)

    def start(self, header: Mapping[str, Any]) -> None:
        """Begin anew, with nothing but this."""
        self._is_known = True
        with self._guard, explained(self.path):
            self._forget()
            self._file.truncate(0)
            self._end = 0
            self._add(json.dumps(header).encode(), MAGIC)

    def append(self, batch: pa.RecordBatch, mark: Mark) -> None:
        """Keep a page; where it cannot be written, what came before it stays as it is."""
        body = _body(batch, mark, _standing(self._target))
        with self._guard, explained(self.path):
            if self._is_open:  # the fetch may have been stopped while we waited for our turn
                self._add(body)
                self._took(body)
                self.last = mark

    def stay(self) -> None:
        """Take note that the target has been written, and that what is kept is of use all the same."""
        keys = None if self.last.keys is None else self.last.keys.slice(0, 0)
        self.append(_nothing(pa.schema([])), replace(self.last, rows=0, keys=keys))

    def marks(self) -> Iterator[Mark]:
        """How far it had come with each page."""
        return (_mark(self._at(frame)) for frame in list(self._frames))

    def batch(self, number: int) -> pa.RecordBatch:
        """The records of a page, counted from 0."""
        return _records(self._at(self._frames[number]))

    def remove(self) -> None:
        """Take it away; where the system keeps the name of a file in use, it is empty."""
        with self._guard, suppress(OSError):
            if self._is_open:
                self._file.truncate(0)
                self.path.unlink()
        self.close()

    def close(self) -> None:
        """Let others have it."""
        with self._guard:
            if self._is_open:
                self._is_open = False
                unlock(self._file.fileno())  # a forked child may have the same file open
                self._file.close()

    # -- how it is done -------------------------------------------------------------------------------

    @property
    def _size(self) -> int:
        return os.fstat(self._file.fileno()).st_size

    def _forget(self) -> None:
        self._frames, self.last = [], Mark()
        self._end, self._digest = len(MAGIC), b""

    def _body(self) -> bytes | None:
        """The body of the frame at the end of what was read; None where none is whole and right."""
        self._file.seek(self._end)
        start = self._file.read(FRAME.size)
        if len(start) < FRAME.size:
            return None
        size, digest = FRAME.unpack(start)
        if size > self._size - self._file.tell():
            return None
        body = self._file.read(size)
        if _digest(body, self._digest) != digest:
            return None
        self._end, self._digest = self._file.tell(), digest
        return body

    def _add(self, body: bytes, before: bytes = b"") -> None:
        """Write a frame behind the last, or nothing at all."""
        digest = _digest(body, self._digest)
        try:
            self._file.seek(self._end)
            _write(self._file.fileno(), before + FRAME.pack(len(body), digest) + body)
        except BaseException:
            with suppress(OSError):
                self._file.truncate(self._end)
            raise
        self._end, self._digest = self._file.tell(), digest

    def _took(self, body: bytes) -> None:
        """Take down the page that was read or written last."""
        head, _ = _parts(body)
        frame = Frame(
            self._end - len(body),
            self._end,
            self._digest,
            head["kept"],
            head["rows"],
            head["place"] is not None,
            head["stood"],
        )
        self._frames.append(frame)

    def _at(self, frame: Frame) -> bytes:
        with self._guard, explained(self.path):
            self._file.seek(frame.start)
            return self._file.read(frame.stop - frame.start)


def journal_of(target: Path) -> Path:
    """Where the journal of an export to `target` is."""
    return target.with_name(f".{target.name}.resume")


def remove_left(target: Path) -> None:
    """Take away what an earlier run has left, unless a run is writing it now."""
    if os.path.lexists(journal_of(target)):
        with suppress(ExportError):
            Journal(target).remove()


def _locked(path: Path, system: System) -> int:
    """The file, ours alone: another run may take away the one that we wait for, and make another."""
    while True:
        file = system.open(path, os.O_RDWR | os.O_CREAT | SAFELY | BINARY, 0o600)
        try:
            _check(path, system.fstat(file), system)
            if not try_lock(file):
                raise ExportError(
                    f"{path} is in use: another run writes what it stands beside",
                    hint="wait until that has ended, or write elsewhere",
                )
            if _is_there(file, path):
                return file
        except BaseException:
            os.close(file)
            raise
        os.close(file)


def _is_there(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), os.lstat(path))
    except FileNotFoundError:
        return False


def _check(path: Path, it: os.stat_result, system: System) -> None:
    """Refuse what somebody else could have written."""
    what = ""
    if not stat.S_ISREG(it.st_mode):
        what = "is no file"
    elif system.uid and it.st_uid != system.uid():
        what = "belongs to somebody else"
    elif system.uid and it.st_mode & 0o077:
        what = "can be read by others"
    if what:
        raise ExportError(
            f"{path} {what}: nothing is resumed from there", hint=f"remove it: rm {quote(str(path))}"
        )


def _standing(target: Path) -> list[int] | None:
    """What tells a file, or a folder, from another that takes its place; None where there is none."""
    try:
        it = target.stat()
    except OSError:
        return None
    return [it.st_mtime_ns, it.st_size]


def _digest(body: bytes, before: bytes) -> bytes:
    return blake2b(body, key=before, digest_size=16).digest()


def _write(file: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(file, left) :]


# -- a page as bytes ----------------------------------------------------------------------------------


def _body(batch: pa.RecordBatch, mark: Mark, stood: list[int] | None) -> bytes:
    """A page as the body of a frame."""
    keys = None if mark.keys is None else pa.RecordBatch.from_arrays([mark.keys], ["keys"])
    schemas = (None if it is None else _nothing(it) for it in (mark.columns, mark.seen))
    parts = [b"" if it is None else _packed(it) for it in (keys, mark.tail, *schemas)]
    sizes = [len(part) for part in parts]
    said = {"place": mark.place, "rows": mark.rows, "kept": batch.num_rows, "sizes": sizes, "stood": stood}
    head = json.dumps(said).encode()
    return b"".join([HEAD.pack(len(head)), head, *parts, _packed(batch)])


def _parts(body: bytes) -> tuple[dict[str, Any], list[memoryview]]:
    """What a page says, and its batches, each as it was packed; the last are its records."""
    (size,) = HEAD.unpack_from(body)
    said, rest = json.loads(body[HEAD.size : HEAD.size + size]), memoryview(body)[HEAD.size + size :]
    parts = []
    for length in said["sizes"]:
        parts.append(rest[:length])
        rest = rest[length:]
    return said, [*parts, rest]


def _records(body: bytes) -> pa.RecordBatch:
    return _unpacked(_parts(body)[1][-1])


def _mark(body: bytes) -> Mark:
    said, parts = _parts(body)
    keys, tail, columns, seen = (_unpacked(part) if len(part) else None for part in parts[:-1])
    return Mark(
        said["place"],
        said["rows"],
        None if keys is None else keys["keys"],
        tail,
        None if columns is None else columns.schema,
        None if seen is None else seen.schema,
    )


def _packed(batch: pa.RecordBatch) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue().to_pybytes())


def _unpacked(packed: memoryview) -> pa.RecordBatch:
    with pa.ipc.open_stream(packed) as reader:
        return reader.read_next_batch()


def _nothing(schema: pa.Schema) -> pa.RecordBatch:
    """No record, in these columns."""
    return pa.RecordBatch.from_pylist([], schema)
