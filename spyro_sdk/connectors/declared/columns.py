"""The types of columns, as a declaration writes them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from ...errors import did_you_mean

DECIMAL = re.compile(r"decimal\((\d+), *(\d+)\)")
MOST_DIGITS = 38

TYPES: Mapping[str, pa.DataType] = {
    "string": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us", "UTC"),
    "datetime": pa.timestamp("us"),
    "date": pa.date32(),
    "time": pa.time64("us"),
    "json": pa.string(),
}
"""What a declaration calls them. Objects and lists in a column of json are kept as their text."""

OTHERS: Mapping[str, str] = {
    "text": "string",
    "str": "string",
    "bigint": "integer",
    "int": "integer",
    "int64": "integer",
    "double": "number",
    "float": "number",
    "float64": "number",
    "bool": "boolean",
}
"""What dlt, Arrow and Python call the same types."""


def arrow_type(name: str) -> pa.DataType:
    """The type that a declaration calls so; `ValueError` naming all there are for another word."""
    if found := DECIMAL.fullmatch(name):
        return decimal(int(found[1]), int(found[2]))
    if name == "decimal":
        return decimal(MOST_DIGITS, 9)
    word = OTHERS.get(name, name)
    if word in TYPES:
        return TYPES[word]
    hint = did_you_mean(name, [*TYPES, *OTHERS, "decimal"])
    raise ValueError(f"one of {', '.join(TYPES)}, decimal or decimal(12, 2)" + (f" ({hint})" if hint else ""))


def decimal(digits: int, scale: int) -> pa.DataType:
    """So many digits, `scale` of them behind the point."""
    if not 1 <= digits <= MOST_DIGITS or scale > digits:
        raise ValueError(f"a decimal of 1 to {MOST_DIGITS} digits, of which not more stand behind the point")
    return pa.decimal128(digits, scale)


def hinted(hint: Any) -> pa.DataType | None:
    """The type that a hint of dlt's gives; None where it gives none."""
    if hint.data_type is None:
        return None
    if hint.data_type == "decimal" and hint.precision is not None:
        return decimal(hint.precision, hint.scale or 0)
    kind = arrow_type(hint.data_type)
    return TYPES["datetime"] if kind == TYPES["timestamp"] and not hint.timezone else kind
