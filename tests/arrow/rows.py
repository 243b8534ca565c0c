"""Small batches, and what stands in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa


def batch(**columns: Any) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict({name: pa.array(values) for name, values in columns.items()})


def numbers(first: int, count: int) -> pa.RecordBatch:
    return batch(n=list(range(first, first + count)))


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())
