"""How batches lie in an Arrow IPC file, also called Feather."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa

from .option import one_of

COMPRESSIONS = ("lz4", "zstd", "none")


@dataclass(frozen=True)
class Ipc:
    """Batches lie there as they lie in memory; uncompressed ones can be used without being read."""

    compression: str = "lz4"
    """lz4, as pandas and pyarrow write Feather: it costs next to no time."""
    group_rows: int = 50_000

    def __post_init__(self) -> None:
        one_of("compression", self.compression, COMPRESSIONS)

    def storable(self, schema: pa.Schema) -> pa.Schema:
        """Any schema is."""
        return schema

    def writer(self, file: pa.NativeFile, first: pa.Table) -> IpcWriter:
        """Begin a file."""
        options = pa.ipc.IpcWriteOptions(compression=None if self.compression == "none" else self.compression)
        return IpcWriter(pa.ipc.new_file(file, first.schema, options=options))

    def groups(self, file: pa.NativeFile) -> Iterator[pa.Table]:
        """Read a file, batch by batch."""
        with pa.ipc.open_file(file) as reader:
            for number in range(reader.num_record_batches):
                yield pa.Table.from_batches([reader.get_batch(number)])


class IpcWriter:
    """Writes a batch for each table; the format has no room for metadata at its end."""

    def __init__(self, writer: pa.ipc.RecordBatchFileWriter) -> None:
        self._writer = writer

    def write(self, table: pa.Table) -> None:
        """Write `table` as one batch."""
        self._writer.write_table(table.combine_chunks())

    def close(self, metadata: Mapping[str, str]) -> None:
        """Write the footer."""
        self._writer.close()
