"""The card of an entity's columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pyarrow as pa

from ...entity import Column, EntitySchema
from ...words import percent
from ..card import Card, Node, folded, line, listing, muted, strong

MOST: Final = 33  # columns that are all shown
FIRST: Final = 25  # columns that are shown of more


def card(schema: EntitySchema) -> Card:
    """Each column with its type and what else is known of it; with a sample how its values are spread."""
    sample = getattr(schema, "sample", None)
    headings = ["column", "type", "", *(["null", "values"] if sample is not None else [])]
    first = len(schema) if len(schema) <= MOST else FIRST
    rows = [_row(schema, it, sample) for it in schema.columns[:first]]
    return Card(
        schema.entity,
        aside=schema.label if schema.label != schema.entity else "",
        body=[
            line(_coverage(schema)),
            listing(headings, rows, right=[3], faint=[2]) if rows else None,
            folded(schema.names[first:], ".names has all"),
        ],
    )


def _row(schema: EntitySchema, column: Column, sample: Any) -> Sequence[Node]:
    name = muted(column.name) if column.is_empty else strong(column.name)
    told: list[Node] = [name, kind(column.type), schema.told_of(column)]
    if sample is None:
        return told
    spread = sample[column.name]
    return [*told, percent(spread.nulls), spread.histogram]


def _coverage(schema: EntitySchema) -> Node:
    """Of how many canonical columns the service has something."""
    if not schema.native:
        return muted(schema.heading)
    return [
        strong(f"{schema.filled:,} of {len(schema):,} columns"),
        muted(f" are filled from {schema.native}"),
    ]


def kind(of: pa.DataType) -> str:
    """A type in few words."""
    if pa.types.is_struct(of):
        return f"struct of {of.num_fields}"
    if pa.types.is_list(of):
        return f"list of {kind(of.value_type)}"
    return str(of)
