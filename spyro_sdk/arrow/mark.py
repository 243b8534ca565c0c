"""How far a fetch has come with a page: what is kept of it, to go on from there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import pyarrow as pa

Place: TypeAlias = Mapping[str, Any]
"""Where to go on, in what JSON knows."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a fetch has come with a page."""

    place: Place | None = None
    """Where to go on after it; None where nobody can."""
    rows: int = 0  # records that it had when it arrived
    keys: pa.Array | None = None
    """The keys of those that were new."""
    tail: pa.RecordBatch | None = None
    """The last records of the page, as they came."""
    columns: pa.Schema | None = None
    """The columns as they stood in the bodies so far."""
    seen: pa.Schema | None = None
    """The columns that were handed on so far, before some of them were chosen."""
