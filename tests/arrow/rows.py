"""Small batches, what stands in a folder, what is open, a disk that is full, and one that is not ours."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
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


@contextmanager
def no_file_over(size: int) -> Iterator[None]:
    """What a full disk does, without filling one."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def without_rights_of_root() -> Iterator[None]:
    """Be somebody who may not read and write everywhere."""
    me = os.geteuid()
    with suppress(PermissionError):  # others have no such rights; nor has root without its capabilities
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(me)


def open_descriptors() -> set[int]:
    """Those of this process, the first few hundred."""
    found = set()
    for descriptor in range(512):
        with suppress(OSError):
            os.fstat(descriptor)
            found.add(descriptor)
    return found
