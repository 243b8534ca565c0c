"""Rows are written into the files of their partitions, within bounds of memory and of open files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import pyarrow as pa

from .parquet import Parquet, ParquetWriter

MOST_OPEN = 64  # files: macOS allows a process 256
PARTS_BYTES = 64 << 20
"""Memory that rows may take while they wait for more of their partition."""


@dataclass
class Part:
    """One partition: the rows that wait for it, and its files."""

    folder: Path
    waiting: list[pa.Table] = field(default_factory=list)
    rows: int = 0
    bytes: int = 0
    files: int = 0
    file: Any = None
    writer: ParquetWriter | None = None


class Parts:
    """A context manager that writes rows into the partitions below `root`."""

    def __init__(
        self,
        root: Path,
        form: Parquet,
        metadata: Mapping[str, str],
        *,
        most_open: int = MOST_OPEN,
        most_bytes: int = PARTS_BYTES,
    ) -> None:
        self._most_open, self._most_bytes = most_open, most_bytes
        self._root, self._form, self._metadata = root, form, metadata
        self._parts: dict[str, Part] = {}
        self._open: dict[int, Part] = {}  # the one used longest ago first
        self._bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            for part in self._parts.values():
                self._flush(part)
        for part in list(self._open.values()):
            self._close(part)

    def add(self, folder: str, table: pa.Table) -> None:
        """Add rows to the partition in `folder`."""
        if folder not in self._parts:
            self._parts[folder] = Part(self._root / folder)
        part = self._parts[folder]
        part.waiting.append(table)
        part.rows += table.num_rows
        part.bytes += table.nbytes
        self._bytes += table.nbytes
        if part.rows >= self._form.row_group_rows:
            self._flush(part)
        if self._bytes > self._most_bytes:
            self._make_room()

    def _make_room(self) -> None:
        """Write the biggest, until half of what waits is gone."""
        for part in sorted(self._parts.values(), key=lambda part: part.bytes, reverse=True):
            if self._bytes > self._most_bytes // 2:
                self._flush(part)

    def _flush(self, part: Part) -> None:
        """Write what waits for a partition."""
        if part.waiting:
            table = pa.concat_tables(part.waiting)
            writer = self._writer(part, table)
            for first in range(0, max(part.rows, 1), self._form.row_group_rows):
                writer.write(table.slice(first, self._form.row_group_rows))
            self._bytes -= part.bytes
            part.waiting, part.rows, part.bytes = [], 0, 0

    def _writer(self, part: Part, first: pa.Table) -> ParquetWriter:
        self._open.pop(id(part), None)
        if part.writer is None:
            if len(self._open) >= self._most_open:
                self._close(next(iter(self._open.values())))
            part.folder.mkdir(parents=True, exist_ok=True)
            part.file = pa.OSFile(str(part.folder / f"part-{part.files}.parquet"), "wb")
            part.writer = self._form.writer(part.file, first)
            part.files += 1
        self._open[id(part)] = part
        return part.writer

    def _close(self, part: Part) -> None:
        del self._open[id(part)]
        with part.file:
            assert part.writer is not None
            part.writer.close(self._metadata)
        part.writer = None
