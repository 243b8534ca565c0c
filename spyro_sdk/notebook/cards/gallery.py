"""The card of the connectors that are installed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import htpy as h

from ...gallery import Exhibit, Gallery, State
from ...words import counted
from ..card import Card, Node, code, line, muted, pill, strong, tile, tiles
from ..theme import Tone

MOST: Final = 6  # connectors with a box of their own
TONES: Final[Mapping[State, Tone]] = {
    "ready": "good",
    "needs sign-in": "waiting",
    "needs credentials": "waiting",
    "needs settings": "waiting",
    "broken": "bad",
}


def card(gallery: Gallery) -> Card:
    """Each with what it is, how to sign in, its pace, and whether it is ready."""
    boxes = [_box(it) for it in gallery.exhibits[:MOST]]
    others = ", ".join(gallery[MOST:])
    more = line(muted(f"and {counted(len(gallery) - MOST, 'more connector')}: {others}")) if others else None
    return Card(counted(len(gallery), "connector"), aside="spyro.connect(name)", body=[tiles(*boxes), more])


def _box(it: Exhibit) -> Node:
    said = [it.what, f"Sign in by {', or '.join(it.ways)}" if it.ways else "", it.pace]
    demo = h.div[muted("demo: "), code(f'spyro.connect("{it.name}", demo=True)')] if it.has_demo else None
    return tile(
        h.div(style="display:flex;justify-content:space-between;gap:8px;margin-bottom:4px")[
            strong(it.name), pill(it.state, TONES[it.state])
        ],
        [h.div[words] if place == 0 else h.div[muted(words)] for place, words in enumerate(said) if words],
        h.div(style="margin-top:4px")[it.why],
        demo,
    )
