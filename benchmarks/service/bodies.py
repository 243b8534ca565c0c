"""Every answer rendered before the first request, into one file that is mapped into memory.

A file is kept in the temporary folder, under a name that follows from what is in it and from the code that
wrote it, so that a second run with the same options starts at once.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import mmap
import os
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .records import DATA, TYPES, record

CHUNKS = (20_000, 50_000)
"""Records in a result of a bulk job: what the service chooses, and what clients ask for."""
FOLDER = Path(tempfile.gettempdir(), "spyro-benchmarks")
WIRES = ("salesforce", "items", "bulk")

Parts = tuple[bytes | memoryview, ...]
Span = tuple[int, int]
"""Where a body starts in the file, and its bytes."""


@dataclass(frozen=True)
class Wanted:
    """What is to be rendered."""

    wire: str
    records: int
    page: int
    """Records in a page, or in a block of CSV: the smallest part that a bulk result consists of."""
    packs: bool
    """Whether there are gzipped bodies too."""

    def path(self, folder: Path) -> Path:
        """Where in the folder it is kept."""
        code = b"".join(Path(__file__).with_name(name).read_bytes() for name in ("records.py", "bodies.py"))
        key = hashlib.sha256(repr(self).encode() + code).hexdigest()[:16]
        return folder / f"{self.wire}-{self.records}-{key}"

    @property
    def starts(self) -> range:
        """The number of each page's first record."""
        return range(0, self.records, self.page)


@dataclass(frozen=True)
class Index:
    """Where the bodies stand in the file, and what a reader must arrive at."""

    plain: list[Span]
    """Page after page, or block of CSV after block."""
    packed: dict[str, Span]
    """Gzipped, by `start-count`."""
    check: str
    """The sum of `NumberOfEmployees`, and a hash of the ids in their order."""


class Bodies:
    """The rendered bodies of one wire."""

    def __init__(self, wanted: Wanted, folder: Path = FOLDER) -> None:
        path = wanted.path(folder)
        if not path.with_suffix(".json").exists():
            render(wanted, path)
        told = json.loads(path.with_suffix(".json").read_text())
        self.wanted = wanted
        self.index = Index([tuple(span) for span in told["plain"]], told["packed"], told["check"])
        with path.open("rb") as file:
            self._whole = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        for _ in self._whole[:: mmap.PAGESIZE]:
            """Touch it, so that it is in memory now and not read from a disk later."""

    def plain(self, start: int, count: int) -> memoryview:
        """The pages or blocks that hold so many records from `start` on; empty behind the end."""
        spans = self.index.plain[start // self.wanted.page : -(-(start + count) // self.wanted.page)]
        return self._whole[spans[0][0] : sum(spans[-1])] if spans else memoryview(b"")

    def packed(self, start: int, count: int) -> memoryview | None:
        """The same, gzipped, if so much was gzipped together."""
        found = self.index.packed.get(_key(start, min(count, self.wanted.records - start)))
        return self._whole[found[0] : sum(found)] if found else None

    def sent(self, start: int, count: int, *, takes_gzip: bool) -> tuple[Parts, bool]:
        """What goes out for these records, in parts, and whether it is gzipped."""
        packed = self.packed(start, count) if takes_gzip else None
        if packed is not None:
            return (packed,), True
        head = (HEADER,) if self.wanted.wire == "bulk" else ()
        return (*head, self.plain(start, count)), False

    @property
    def step(self) -> int:
        """Records in each answer of those that hold everything between them."""
        return CHUNKS[0] if self.wanted.wire == "bulk" else self.wanted.page

    def size(self) -> int:
        """Bytes that a reader of everything gets who takes gzip."""
        starts = range(0, self.wanted.records, self.step)
        return sum(len(part) for start in starts for part in self.sent(start, self.step, takes_gzip=True)[0])


def render(wanted: Wanted, path: Path) -> None:
    """Write the bodies, then the index, which says that they are complete."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    write = _csv if wanted.wire == "bulk" else _pages
    rough = path.with_suffix(f".{os.getpid()}")
    with rough.open("wb") as file:
        index = write(wanted, file)
    rough.rename(path)
    rough.write_text(json.dumps(asdict(index)))
    rough.rename(path.with_suffix(".json"))


def _key(start: int, count: int) -> str:
    return f"{start}-{count}"


class Sum:
    """Sums up the records that pass."""

    def __init__(self) -> None:
        self._employees, self._ids = 0, hashlib.sha256()

    def rows(self, wanted: Wanted, start: int) -> list[dict[str, Any]]:
        """The records of the page that starts there."""
        rows = [record(number) for number in range(start, min(start + wanted.page, wanted.records))]
        self._employees += sum(row["NumberOfEmployees"] or 0 for row in rows)
        self._ids.update("".join(row["Id"] for row in rows).encode())
        return rows

    @property
    def check(self) -> str:
        """What a reader of all of them must arrive at."""
        return f"{self._employees}/{self._ids.hexdigest()[:16]}"


def _pages(wanted: Wanted, file: io.BufferedWriter) -> Index:
    plain, packed, check = [], {}, Sum()
    for start in wanted.starts:
        rows = check.rows(wanted, start)
        body = as_json(_envelope(wanted, start, rows))
        plain.append(_written(file, body))
        if wanted.packs:
            packed[_key(start, len(rows))] = _written(file, gzip.compress(body, 6))
    return Index(plain, packed, check.check)


def _envelope(wanted: Wanted, start: int, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """A page: what stands before its records, then these."""
    end = start + wanted.page
    has_more = end < wanted.records
    if wanted.wire == "items":
        return {"total": wanted.records, "next": f"after-{end}" if has_more else None, "items": rows}
    more = {"nextRecordsUrl": f"{DATA}/query/01g000000000001AAA-{end}"} if has_more else {}
    return {
        "totalSize": wanted.records,
        "done": not has_more,
        **more,
        "records": [{"attributes": _attributes(row["Id"]), **row} for row in rows],
    }


def _attributes(key: str) -> dict[str, str]:
    return {"type": "Account", "url": f"{DATA}/sobjects/Account/{key}"}


def _csv(wanted: Wanted, file: io.BufferedWriter) -> Index:
    """Blocks of CSV one behind the other, then whole results gzipped: the header belongs to these."""
    check = Sum()
    plain = [_written(file, as_csv(check.rows(wanted, start))) for start in wanted.starts]
    packed = {key: _written(file, body) for key, body in _results(wanted)} if wanted.packs else {}
    return Index(plain, packed, check.check)


def _results(wanted: Wanted) -> Iterator[tuple[str, bytes]]:
    for chunk in CHUNKS:
        for start in range(0, wanted.records, chunk):
            count = min(chunk, wanted.records - start)
            rows = [record(number) for number in range(start, start + count)]
            yield _key(start, count), gzip.compress(HEADER + as_csv(rows), 6)


def _written(file: io.BufferedWriter, body: bytes) -> Span:
    start = file.tell()
    file.write(body)
    return start, len(body)


def as_json(value: Any) -> bytes:
    """JSON as compact as services send it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def as_csv(rows: list[dict[str, Any]]) -> bytes:
    """CSV as a bulk job sends it: every value quoted, nothing where there is none, times in UTC."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([_cell(value) for value in row.values()] for row in rows)
    return text.getvalue().encode()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return value.replace(".000+0000", ".000Z") if isinstance(value, str) else value


HEADER = as_csv([{name: name for name in TYPES}])
