"""What a notebook shows, and how it plugs itself in.

Where to look
    theme, card, charts    colors and sizes, the parts of a card, small pictures
    cards, pace            one module for each thing that is shown, and the requests of each second
    live                   statistics that stay true while their output is there
    completion             names while they are typed
    person, sign_in        who is asked to sign in, and how far that is
    errors, steps          our errors in four lines, and what to do after each
    panel, cell, screen    a panel while the fetches of a cell run, what they are, and where it is drawn

Nothing here is imported before a notebook is there, and ipywidgets not before a panel is drawn.
"""

from __future__ import annotations

import sys
import traceback
from importlib import import_module
from types import ModuleType
from typing import Any

from .. import shown
from . import live

COLUMNS = "display.max_columns"


class NotebookWing:
    """Draws cards, tells errors, and asks whoever sits at the notebook."""

    def draw(self, thing: object) -> str | None:
        """The card of a thing as HTML; None where it has none."""
        cards = import_module(".cards", __name__)
        card = cards.card_of(thing)
        return None if card is None else str(card.to_html())

    def tell(self, error: BaseException) -> list[str]:
        """The lines of an error: a few, or the traceback where IPython does not run."""
        if (it := shell()) is None:
            return traceback.format_exception(error)
        errors = import_module(".errors", __name__)
        return list(errors.told(error, it))

    def person(self) -> Any:
        """Whoever sits before the kernel's notebook; None where no kernel runs."""
        if (kernel := getattr(shell(), "kernel", None)) is None:
            return None
        return import_module(".person", __name__).NotebookPerson(kernel)

    def progress(self) -> Any:
        """The panels of the cells; None where there is no kernel, such as in a terminal's IPython."""
        ipython = shell()
        return import_module(".panel", __name__).panels(ipython) if hasattr(ipython, "kernel") else None

    def imported(self, library: ModuleType) -> None:
        """Let pandas know that it is in a notebook: IPython shows itself only to what a running cell imports.

        Else it would take this for a terminal, and show as many columns as one has room for.
        """
        if library.__name__ == "pandas" and hasattr(shell(), "kernel") and not library.get_option(COLUMNS):
            library.set_option(COLUMNS, 20)


def plug() -> None:
    """Show things in the notebook in which we run; does nothing where there is none."""
    if shell() is not None or "marimo" in sys.modules:
        shown.plug(NotebookWing())
    if (ipython := shell()) is not None:
        import_module(".completion", __name__).plug(ipython)
        live.plug(ipython)


def shell() -> Any:
    """IPython's shell, a kernel's or a terminal's; None where it does not run."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None
