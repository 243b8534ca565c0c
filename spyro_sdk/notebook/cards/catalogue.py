"""The card of what a service offers."""

from __future__ import annotations

from typing import Final

from ...catalogue import Catalogue
from ...entity import Entity
from ..card import Card, Node, code, folded, line, listing, muted, strong

MOST: Final = 25  # entities that are shown at once


def card(catalogue: Catalogue) -> Card:
    """Names and labels, and about how many records there are of each."""
    rows = [(strong(it.name), it.label, _count(catalogue, it)) for it in catalogue[:MOST]]
    headings, told = ["name", "label", "records"], 3 if catalogue.counts else 2
    shown = listing(headings[:told], [row[:told] for row in rows], right=[2], faint=[1]) if rows else None
    return Card(
        _title(catalogue.heading),
        "waiting" if catalogue.search and catalogue.search.is_near else "plain",
        aside="" if catalogue.counts is not None or not catalogue else "counts=True asks for their records",
        body=[shown, folded(catalogue.names[MOST:], ".names has all"), _hint(catalogue)],
    )


def _count(catalogue: Catalogue, entity: Entity) -> str:
    return catalogue.count_of(entity.name).partition(" record")[0]  # the column is called so


def _title(heading: str) -> str:
    return heading[:1].upper() + heading[1:]


def _hint(catalogue: Catalogue) -> Node:
    if catalogue.search is None and len(catalogue) > MOST:
        return line(code('.entities("word")'), " ", muted("finds those with a word in their name or label"))
    return None
