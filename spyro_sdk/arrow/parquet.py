"""How batches lie in a Parquet file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from .option import at_least_one, one_of
from .schema import Kind, Metadata

SAMPLE = 10_000  # rows looked at to see whether a text repeats
COMPRESSIONS = ("zstd", "snappy", "lz4", "gzip", "brotli", "none")


@dataclass(frozen=True)
class Parquet:
    """A row group is compressed and written as soon as it is full.

    Parquet has no object without keys: a column of such is written as the text `{}`.
    """

    compression: str = "zstd"
    """zstd, in its level 1, makes half the file that snappy makes; a million records take a second."""
    row_group_rows: int = 50_000
    """Rows in each row group but the last. More make a file that is a little smaller and read in bigger
    pieces; two row groups may be in memory while one is written, so that memory grows with it."""

    def __post_init__(self) -> None:
        one_of("compression", self.compression, COMPRESSIONS)
        at_least_one("row_group_rows", self.row_group_rows)

    @property
    def group_rows(self) -> int:
        return self.row_group_rows

    def storable(self, schema: pa.Schema) -> pa.Schema:
        """The schema in types that Parquet has."""
        return storable(schema)

    def writer(self, file: Any, first: pa.Table) -> ParquetWriter:
        """Begin a file; texts that repeat in `first` are written as a dictionary."""
        return ParquetWriter(
            pq.ParquetWriter(
                file, first.schema, compression=self.compression, use_dictionary=_repeating(first)
            )
        )

    def groups(self, file: pa.NativeFile) -> Iterator[pa.Table]:
        """Read a file, row group by row group."""
        with pq.ParquetFile(file) as parquet:
            yield from map(parquet.read_row_group, range(parquet.num_row_groups))


class ParquetWriter:
    """Writes a row group for each table, and what is known at the end into the footer."""

    def __init__(self, writer: pq.ParquetWriter) -> None:
        self._writer = writer

    def write(self, table: pa.Table) -> None:
        """Write `table` as one row group."""
        self._writer.write_table(table, max(table.num_rows, 1))

    def close(self, metadata: Mapping[str, str]) -> None:
        """Write the footer."""
        if metadata:
            self._writer.add_key_value_metadata(dict(metadata))
        self._writer.close()


def storable(schema: pa.Schema) -> pa.Schema:
    """The schema in types that Parquet has: no object without keys, no moments in whole seconds."""
    metadata: Metadata = schema.metadata
    return pa.schema([field.with_type(_storable(field.type)) for field in schema], metadata)


def _storable(kind: Kind) -> Kind:
    if pa.types.is_list(kind):
        return pa.list_(kind.value_field.with_type(_storable(kind.value_type)))
    if pa.types.is_struct(kind) and kind.num_fields:
        return pa.struct([field.with_type(_storable(field.type)) for field in kind])
    if pa.types.is_struct(kind):
        return pa.string()
    if pa.types.is_timestamp(kind) and kind.unit == "s":
        return pa.timestamp("ms", kind.tz)
    return pa.time32("ms") if kind == pa.time32("s") else kind


def _repeating(table: pa.Table) -> list[str]:
    """The columns of texts that say the same again and again: a dictionary makes those small and fast."""
    sample = table.slice(0, SAMPLE)
    return [
        field.name
        for field in sample.schema
        if pa.types.is_string(field.type)
        and pc.count_distinct(sample[field.name]).as_py() * 10 <= sample.num_rows
    ]
