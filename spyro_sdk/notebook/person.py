"""A person at a notebook, who is asked to sign in by a card in the cell."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
import uuid
import webbrowser
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..auth import unseen
from ..auth.browser import opened
from ..auth.person import Invitation, remote_place
from ..secret import Unseen
from ..shown import Shown
from .sign_in import SignIn

logger = logging.getLogger(__name__)


def in_cell(thing: Shown, place: str, again: bool) -> None:
    """Show a thing in the cell; `again`: where the one before is, in any thread."""
    from IPython.display import display

    display(thing, display_id=place, update=again)  # type: ignore[no-untyped-call]


@dataclass
class NotebookPerson:
    """Whoever sits before a notebook.

    One that is run by papermill, nbclient or a schedule says that nobody will answer.
    """

    kernel: Any = field(repr=False)
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    platform: str = sys.platform
    browser: Callable[[str], bool] = webbrowser.open
    prompt: Callable[[str], str] = unseen.prompted
    display: Callable[[Shown, str, bool], None] = in_cell
    """Shows a thing under a name; the last one says whether it takes the place of what has that name."""
    clock: Callable[[], float] = time.time  # seconds since the epoch

    def __post_init__(self) -> None:
        self.environ = Unseen(self.environ)
        self._place: str | None = None

    @property
    def can_answer(self) -> bool:
        """Whether anybody is there."""
        return bool(getattr(self.kernel, "_allow_stdin", False))

    @property
    def is_remote(self) -> bool:
        """Whether the person's browser is on another machine than this process."""
        return remote_place(self.environ) is not None

    def show(self, card: Invitation) -> None:
        """Show the card; a second one takes the place of the first."""
        again, self._place = self._place is not None, self._place or uuid.uuid4().hex
        self.display(SignIn(card, card.until - self.clock()), self._place, again)

    def open(self, address: str) -> bool:
        """Open a browser, where there is a screen for it; else the card's link opens one, which is as good.

        So pasting is not prompted for: JupyterLab keeps a field that the kernel has given up, and runs no
        further cell until somebody presses Enter in it.
        """
        opened(address, self.environ, self.platform, self.browser)
        return True

    def ask_secret(self, prompt: str, over: threading.Event) -> str | None:
        """What is typed in below the cell, unseen; '' for nothing, None once `over` is set."""
        return unseen.interrupted(lambda: self.prompt(prompt), over)

    def waiting(self, card: Invitation, seconds: float) -> None:
        """Count down in the card."""
        self._replace(SignIn(card, seconds))

    def done(self, card: Invitation, error: BaseException | None) -> None:
        """Put how it ended into the place of the link and the code, so that no file keeps them."""
        self._replace(SignIn(card, 0.0, True, error))
        self._place = None

    def _replace(self, state: SignIn) -> None:
        """Draw the card anew; a page that does not take it must not end the sign-in."""
        try:
            self.display(state, self._place or "", True)
        except Exception:
            logger.exception("the card of the sign-in cannot be shown")
