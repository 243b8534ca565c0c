"""The first records of a table: a DataFrame that a notebook shows as a card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa

from ..shown import Shown
from .frame import to_pandas


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the first records come from."""

    entity: str
    types: Mapping[str, str]
    """The Arrow type of each column."""


class Head(Shown, pd.DataFrame):
    """A DataFrame that knows what it is the beginning of. What is made of it, copies too, is a plain one."""

    _spyro_origin: Origin
    """Under a name that no column has: a column can be read as an attribute."""

    @property
    def _constructor(self) -> type[pd.DataFrame]:
        return pd.DataFrame

    def __reduce__(self) -> Any:
        return pd.DataFrame, (pd.DataFrame(self),)


def head_of(table: pa.Table, entity: str) -> Head:
    """The whole of a small table, as the beginning of an entity."""
    head = Head(to_pandas(table))
    origin = Origin(entity, {field.name: str(field.type) for field in table.schema})
    object.__setattr__(head, "_spyro_origin", origin)  # pandas would look for a column of that name
    return head


def origin_of(head: Head) -> Origin:
    """Where the first records come from."""
    return head._spyro_origin
