"""Batches become a CSV file.

CSV says nothing of types, cannot be made wider, and does not tell `null` from what merely looks empty. So the
rows go into two files at once: the CSV, and beside it what can be read back exactly. Where a later batch
brings a new column the CSV is written again from there.
"""

from __future__ import annotations

import gzip
import os
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from ..errors import ValidationError
from .draft import Draft
from .ipc import Ipc
from .option import one_of
from .schema import Column, texts
from .sink import Growing, Sink

COMPRESSIONS = ("none", "gzip", "zstd")
FORMULAS = ("keep", "escape")
SUFFIXES = {".gz": "gzip", ".zst": "zstd"}
GZIP_LEVEL = 6  # gzip's own; 9 takes twice as long to save a hundredth
FORMULA = r"^[=+\-@\t\r]"
"""How a text begins that Excel, LibreOffice or Google Sheets may take for a formula; see
https://owasp.org/www-community/attacks/CSV_Injection"""


@dataclass(frozen=True)
class Csv:
    """UTF-8, a header, lines that end in a line feed; null is nothing at all, an empty text is `""`."""

    compression: str | None = None
    """None: by the name of the file, `.gz` or `.zst`."""
    delimiter: str = ","
    formulas: str = "keep"
    group_rows: int = 50_000

    def __post_init__(self) -> None:
        if self.compression is not None:
            one_of("compression", self.compression, COMPRESSIONS)
        one_of("formulas", self.formulas, FORMULAS)
        if not _is_delimiter(self.delimiter):
            raise ValidationError(
                f"delimiter={self.delimiter!r} cannot be: it must be one character, such as ',' ';' or '\\t'",
                "delimiter",
                self.delimiter,
            )

    def compression_of(self, path: Path) -> str:
        """How a file of that name is compressed."""
        return self.compression or SUFFIXES.get(path.suffix.lower(), "none")

    def lines(self, table: pa.Table) -> pa.Table:
        """The table in texts and what is written as itself."""
        columns = [self._cells(column) for column in table.columns]
        if len(columns) == 1:
            columns = [_visible(columns[0])]
        return pa.table(columns, [self._title(name) for name in table.schema.names])

    def _cells(self, column: Column) -> Column:
        if pa.types.is_timestamp(column.type) or pa.types.is_nested(column.type):
            return pa.chunked_array([texts(chunk) for chunk in column.chunks], pa.string())
        if self.formulas == "escape" and pa.types.is_string(column.type):
            return pc.if_else(
                pc.match_substring_regex(column, FORMULA),
                pc.binary_join_element_wise("'", column, ""),
                column,
            )
        return column

    def _title(self, name: str) -> str:
        return cast(str, self._cells(pa.chunked_array([[name]], pa.string()))[0].as_py())


class CsvSink(Sink):
    """A `Sink` whose file is a CSV."""

    def __init__(self, path: str | os.PathLike[str], csv: Csv, **about: Any) -> None:
        super().__init__(path, _spool(csv), **about)
        self._csv = csv

    def _begin(self, first: pa.Table) -> Growing:
        return _GrowingCsv(self.path, self._csv, first)


class _GrowingCsv(Growing):
    """A CSV that is being written, and beside it the same rows as they are."""

    def __init__(self, target: Path, csv: Csv, first: pa.Table) -> None:
        super().__init__(target, _spool(csv), first)
        self._csv = csv
        with ExitStack() as undo:
            undo.callback(super().remove)
            self._lines = Draft(target)
            undo.callback(self._lines.remove)
            self._open(csv.lines(first.slice(0, 0)).schema)
            undo.pop_all()

    def write(self, table: pa.Table) -> None:
        """Add rows; to the CSV first, so that what cannot be written there is not counted as written."""
        self._writer_of_lines.write_table(self._csv.lines(table))
        super().write(table)

    def publish(self, metadata: Any) -> None:
        """Put the CSV in its place; the other file has served."""
        self._close_lines()
        self._lines.publish()
        super().remove()

    def remove(self) -> None:
        """Take the names of both away."""
        with suppress(OSError, pa.ArrowException):
            self._close_lines()
        self._lines.remove()
        super().remove()

    def _open(self, schema: pa.Schema) -> None:
        self._streams = ExitStack()
        with self._streams:
            file = self._streams.enter_context(pa.OSFile(str(self._lines.path), "wb"))
            stream = self._streams.enter_context(_packed(file, self._csv.compression_of(self._lines.target)))
            options = pacsv.WriteOptions(delimiter=self._csv.delimiter)
            self._writer_of_lines = pacsv.CSVWriter(stream, schema, write_options=options)
            self._streams.enter_context(self._writer_of_lines)
            self._streams = self._streams.pop_all()

    def _close_lines(self) -> None:
        self._streams.close()


def _spool(csv: Csv) -> Ipc:
    """How the rows lie in the file beside."""
    return Ipc(group_rows=csv.group_rows)


def _packed(file: Any, compression: str) -> Any:
    """What packs into `file`, and is closed before it."""
    if compression == "gzip":
        return gzip.GzipFile("", "wb", GZIP_LEVEL, cast(IO[bytes], file), mtime=0)
    if compression == "zstd":
        return pa.CompressedOutputStream(file, "zstd")
    return file


def _is_delimiter(text: Any) -> bool:
    return isinstance(text, str) and len(text) == 1 and text.isascii() and text not in '"\r\n\0'


def _visible(column: Column) -> Column:
    """A lone column without nulls: a line of nothing is no line to most readers."""
    return pc.fill_null(column.cast(pa.string()), "")
