"""The compiled road of a page: what is fast without being lax, where a compiler was there to build it.

`_json.c` reads the text of the records once, into the buffers that Arrow takes over, without the lock of the
interpreter. It takes what it reads exactly as the exact road would, in the schema as it is, and refuses all
else: a null where none is allowed, a value that would widen its column, a field that nobody knows, a number
or moment written in an unusual way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from types import ModuleType
from typing import Any, TypeAlias

import pyarrow as pa

from .fast import Refused
from .schema import Column, Kind, to_record_batch

Capsule: TypeAlias = Any
"""How a compiled module hands over what belongs to no Python object."""
Reader: TypeAlias = Callable[[bytes | memoryview, Capsule, bool], tuple[int, Sequence[Capsule]]]


def built(name: str = f"{__package__}._json") -> ModuleType | None:
    """The compiled module; None where no compiler was there when we were installed."""
    try:
        return import_module(name)
    except ImportError:
        return None


MODULE = built()
READER: Reader | None = getattr(MODULE, "read", None)


def give_back(module: ModuleType | None = MODULE) -> None:
    """Give the system back the memory of columns that were let go; takes some 20 ms, where there is much."""
    if module is not None:
        module.give_back()


def read(
    records: bytes | memoryview, schema: pa.Schema, *, closed: bool = False, reader: Reader | None = READER
) -> pa.RecordBatch:
    """Read the JSON text of a list of objects, as `exact.to_batch` would, or raise `Refused`.

    It takes the same as `fast.read`. The batch has `schema`, never a wider one. Where nothing is compiled,
    all is refused.
    """
    if reader is None:
        raise Refused("there was no compiler when spyro_sdk was installed")
    if not _is_plain(schema):
        raise Refused("a name holds a zero byte, or a type is an extension")
    try:
        rows, capsules = reader(records, schema.__arrow_c_schema__(), closed)
    except ValueError as error:
        raise Refused(str(error)) from None
    columns = [_column(*each) for each in zip(schema.types, capsules, strict=True)]
    return to_record_batch(columns, schema, rows)


@dataclass(frozen=True, slots=True)
class _Column:
    """A column in the form in which pyarrow takes it over; each by itself, so that each can be let go."""

    kind: Kind
    capsule: Capsule

    def __arrow_c_array__(self, requested_schema: Capsule = None) -> tuple[Capsule, Capsule]:
        return self.kind.__arrow_c_schema__(), self.capsule


def _column(kind: Kind, capsule: Capsule) -> Column:
    return pa.array(_Column(kind, capsule))


@lru_cache(maxsize=64)
def _is_plain(schema: pa.Schema) -> bool:
    """Whether a C string can hold each name, and each type is what its format says."""
    return all(map(_is_plain_field, schema))


def _is_plain_field(field: pa.Field[Any]) -> bool:
    kind: Kind = field.type
    inner = [kind.field(place) for place in range(kind.num_fields)]
    return (
        "\0" not in field.name
        and not isinstance(kind, pa.BaseExtensionType)
        and all(map(_is_plain_field, inner))
    )
