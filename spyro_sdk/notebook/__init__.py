"""What a notebook shows, and how it plugs itself in.

Where to look
    theme, card, charts    colors and sizes, the parts of a card, small pictures
    cards                  one module for each thing that is shown

Nothing here is imported before a notebook is there, and ipywidgets not before a panel is drawn.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

from .. import shown


class NotebookWing:
    """Draws cards."""

    def draw(self, thing: object) -> str | None:
        """The card of a thing as HTML; None where it has none."""
        cards = import_module(".cards", __name__)
        card = cards.card_of(thing)
        return None if card is None else str(card.to_html())

    def person(self) -> Any:
        """Nobody beyond who is at the terminal."""
        return None

    def progress(self) -> Any:
        """Nothing beyond the terminal's line."""
        return None


def plug() -> None:
    """Show things in the notebook in which we run; does nothing where there is none."""
    if shell() is not None or "marimo" in sys.modules:
        shown.plug(NotebookWing())


def shell() -> Any:
    """IPython's shell, a kernel's or a terminal's; None where it does not run."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None
