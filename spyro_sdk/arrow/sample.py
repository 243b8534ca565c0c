"""The columns of a page that nobody has described are learned from its first records.

What comes after these must fit: then the page is read by the compiled road, and its columns are those that
the exact road would find, which looks at every record. A field that turns up later, a first value in a column
of nulls, a fraction among ints: for all such the page is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from ..errors import DecodeError
from . import compiled
from .exact import to_batch
from .fast import Refused

START = 1 << 16  # bytes of a page in which the first records are looked for
MOST = 100  # records that are looked at
OBJECT = re.compile(r"\s*[\[,]\s*(?=\{)")
DECODER = json.JSONDecoder()


def read(records: bytes | memoryview, *, most: int = MOST, road: Any = compiled.read) -> pa.RecordBatch:
    """Read the JSON text of a list of objects as the exact road would without a schema, or raise `Refused`.

    Its columns are those of the first `most` records.
    """
    try:
        schema = to_batch(_first(bytes(records[:START]).decode(errors="replace"), most)).schema
    except DecodeError as error:
        raise Refused(str(error)) from None
    batch: pa.RecordBatch = road(records, schema)
    return batch


def _first(text: str, most: int) -> list[Mapping[str, Any]]:
    """The records at the beginning of a list, up to the first that is not whole, or wrong."""
    rows: list[Mapping[str, Any]] = []
    end = 0
    while len(rows) < most and (begin := OBJECT.match(text, end)):
        try:
            row, end = DECODER.raw_decode(text, begin.end())
        except (ValueError, RecursionError):
            break
        rows.append(row)
    return rows
