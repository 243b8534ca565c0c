"""Small batches, what stands in a folder, and what is open."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa

from spyro_sdk.arrow.sink import Sink


def batch(**columns: Any) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict({name: pa.array(values) for name, values in columns.items()})


def numbers(first: int, count: int) -> pa.RecordBatch:
    return batch(n=list(range(first, first + count)))


def fill(sink: Sink, *batches: pa.RecordBatch, then: Callable[[], object] = lambda: None) -> None:
    """Write the batches, and do one thing more before the `with` block ends."""
    with sink:
        for each in batches:
            sink.write(each)
        then()


def interrupt() -> None:
    raise KeyboardInterrupt


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def open_descriptors() -> set[int]:
    """Those of this process, the first few hundred."""
    found = set()
    for descriptor in range(512):
        with suppress(OSError):
            os.fstat(descriptor)
            found.add(descriptor)
    return found
