"""What the folders of a partitioned table are called: `country=DE/year=2026`, as Hive did and others do.

Names and values are percent-encoded, so that no value leads out of the folder; pyarrow, Polars, DuckDB and
Spark decode them. Null is `__HIVE_DEFAULT_PARTITION__`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import pyarrow as pa

from ..entity import unknown_column
from ..errors import ExportError, ValidationError
from .schema import Kind

NULL = "__HIVE_DEFAULT_PARTITION__"


class Folders:
    """Names the folder for each combination of values; `names` are those of the columns, outermost first."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = [_encoded(name) for name in names]
        self._known: dict[tuple[str | None, ...], str] = {}
        self._taken: set[str] = set()  # in small letters

    def of(self, values: tuple[str | None, ...]) -> str:
        """The path of the folder below that of the table.

        Some disks take `de` for `DE`: the second to come is written in codes alone.
        """
        if not values:
            return ""
        if values not in self._known:
            parent = self.of(values[:-1])
            self._known[values] = self._free(
                f"{parent}/{self._names[len(values) - 1]}=".lstrip("/"), values[-1]
            )
        return self._known[values]

    def _free(self, start: str, value: str | None) -> str:
        if value is None:
            return start + NULL
        path = start + _encoded(value)
        if path.lower() in self._taken or value.upper() == NULL:
            path = start + "".join(f"%{byte:02X}" for byte in value.encode())
        self._taken.add(path.lower())
        return path


def asked(by: Any) -> tuple[str, ...]:
    """The columns to partition by; `ValidationError` for what cannot be any."""
    names = (by,) if isinstance(by, str) else tuple(by) if isinstance(by, list | tuple) else ()
    if not names or len(set(names)) < len(names) or not all(isinstance(name, str) and name for name in names):
        raise ValidationError(
            f"partition_by={by!r} cannot be: it must be the name of a column, or a list of different ones",
            "partition_by",
            by,
        )
    return names


def check_columns(by: Sequence[str], schema: pa.Schema, what: str) -> None:
    """Raise `ValidationError` unless `what`, which has the columns of `schema`, can be partitioned so."""
    for name in by:
        if name not in schema.names:
            raise _about(by, str(unknown_column(what, name, schema.names)))
        if not _can_name(kind := schema.field(name).type):
            raise _about(
                by,
                f"{what} cannot be partitioned by {name!r}, which is {kind}: choose a column of texts,"
                " whole numbers, days, or true and false",
            )
    if len(by) == len(schema):
        raise _about(by, f"partition_by={list(by)!r} leaves no column for the files: ask for more columns")


def check_value(value: Any) -> None:
    """Raise `ExportError` for the one text that readers take for null."""
    if value == NULL:
        raise ExportError(
            f"the text {NULL!r} cannot name a folder: it stands for null there; leave it out by `where`"
        )


def _can_name(kind: Kind) -> bool:
    return any(
        is_kind(kind)
        for is_kind in (
            pa.types.is_string,
            pa.types.is_integer,
            pa.types.is_date32,
            pa.types.is_boolean,
            pa.types.is_null,
        )
    )


def _about(by: Sequence[str], message: str) -> ValidationError:
    return ValidationError(message, "partition_by", list(by))


def _encoded(text: str) -> str:
    """Percent-encoded; a dot at the end too, which Windows would drop."""
    encoded = quote(text, safe="")
    return encoded[:-1] + "%2E" if encoded.endswith(".") else encoded
