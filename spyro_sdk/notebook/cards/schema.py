"""The card of an entity's columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pyarrow as pa

from ...arrow.quality import Quality
from ...entity import Column, EntitySchema
from ...words import counted, percent
from ..card import Card, Node, folded, line, listing, muted, strong
from .quality import spread

MOST: Final = 33  # columns that are all shown
FIRST: Final = 25  # columns that are shown of more


def card(schema: EntitySchema) -> Card:
    """Each column with its type and what else is known of it; with a sample how its values are spread."""
    sampled = [] if schema.sample is None else ["missing", "spread"]
    headings, numbers = ["column", "type", *sampled, ""], [2] if sampled else []
    first = len(schema) if len(schema) <= MOST else FIRST
    rows = [_row(schema, it) for it in schema.columns[:first]]
    return Card(
        schema.entity,
        aside=schema.label if schema.label != schema.entity else "",
        body=[
            line(_coverage(schema)),
            _sample(schema),
            listing(headings, rows, right=numbers, faint=[len(headings) - 1]) if rows else None,
            folded(schema.names[first:], ".names has all"),
        ],
    )


def _row(schema: EntitySchema, column: Column) -> Sequence[Node]:
    name = muted(column.name) if column.is_empty else strong(column.name)
    return [name, kind(column.type), *_values(schema.sample, column.name), schema.told_of(column)]


def _values(sample: Quality | None, name: str) -> list[Node]:
    """How many values of a column are missing, and how the others are spread."""
    if sample is None:
        return []
    for found in sample:
        if found.name == name:
            return [percent(found.null_share), spread(found, height=16, most=1)]
    return ["", ""]


def _sample(schema: EntitySchema) -> Node:
    """Of how many records the values are told."""
    if schema.sample is None:
        return None
    return line(muted(f"values of {counted(schema.sample.rows, 'record')}"))


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
