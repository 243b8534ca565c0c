"""The first records of a table: a DataFrame that a notebook shows as a card."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa

from ..shown import Shown
from .frame import to_pandas


class Head(Shown, pd.DataFrame):
    """A DataFrame that knows what it is the beginning of. What is made of it, copies too, is a plain one."""

    _internal_names = (*pd.DataFrame._internal_names, "entity", "types")  # noqa: RUF012  # no columns
    _internal_names_set = set(_internal_names)  # noqa: RUF012

    entity: str
    """Whose records these are."""
    types: dict[str, str]
    """The Arrow type of each column."""

    @property
    def _constructor(self) -> type[pd.DataFrame]:
        return pd.DataFrame

    def __reduce__(self) -> Any:
        return pd.DataFrame(self).__reduce_ex__(2)


def head_of(table: pa.Table, entity: str) -> Head:
    """The whole of a small table, as the beginning of an entity."""
    head = Head(to_pandas(table))
    head.entity, head.types = entity, {field.name: str(field.type) for field in table.schema}
    return head
