"""One panel a cell while its fetches run, and one card when they have ended."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from functools import cache
from typing import Any, Final

from ..observers.running import Running
from ..progress import is_plain
from .cards import fetched, fetching
from .cell import CellRuns
from .screen import KernelScreen, Panel, Screen, new_output, undisturbed

MOMENT: Final = 0.4  # seconds; what takes no longer gets no panel
FRAME: Final = 0.2  # seconds between two pictures at the least


def _is_main() -> bool:
    return threading.current_thread() is threading.main_thread()


class CellPanel:
    """Where the fetches of a cell are shown: live while one takes long, a card that can be saved afterwards.

    Outputs are added in the main thread alone, whose cell they belong to; they may be replaced in any.
    """

    def __init__(self, screen: Screen, is_main: Callable[[], bool], clock: Callable[[], float]) -> None:
        self.runs = CellRuns()
        self._screen, self._is_main, self._clock = screen, is_main, clock
        self._output = ""  # while nothing is shown
        self._panel: Panel | None = None
        self._is_live = self._is_stale = self._is_over = False
        self._drawn = clock() - FRAME  # when

    def draw(self) -> None:
        """Draw what is running, unless that was done a moment ago."""
        if not self._is_due() or not (self._output or self._is_main()):
            return
        self._is_live = self._is_stale = True
        html = fetching.card(self.runs).to_html()
        if self._panel is not None:
            self._panel.draw(html)
        elif self._output:
            self._screen.replace(self._output, html, str(self.runs))
        else:
            self._open(html)

    def settle(self) -> None:
        """Show what came of it; not where more is running, nor a moment after the one before."""
        self._is_stale = True
        if not self.runs.running and (self._is_live or self._is_over or self._is_due()):
            self.leave()

    def end(self) -> None:
        """Let the cell be over: what had gone on is shown as far as it came, and at once when it ends."""
        self._is_over = True
        self.leave()

    def leave(self) -> None:
        """Show a card that can be saved, where anything is to be shown."""
        if not self._is_stale or not (self._output or self._is_main()):
            return
        html, text = fetched.card(self.runs).to_html(), str(self.runs)
        try:
            if self._output:
                self._screen.replace(self._output, html, text)
            else:
                self._output = new_output()
                self._screen.show(self._output, html, text)
        finally:
            self._close()
        self._is_live = self._is_stale = False

    def _open(self, html: str) -> None:
        """Begin to be seen: as a widget, or as HTML where there is none."""
        with undisturbed():  # half a widget could not be closed
            self._output = new_output()
            self._panel = self._screen.panel(self._output, html)
            if self._panel is None:
                self._screen.show(self._output, html, str(self.runs))

    def _close(self) -> None:
        with undisturbed():
            panel, self._panel = self._panel, None
            if panel is not None:
                panel.close()

    def _is_due(self) -> bool:
        now = self._clock()
        is_due = now - self._drawn >= FRAME
        self._drawn = now if is_due else self._drawn
        return is_due


class Panels:
    """Progress: shows each run in the panel of its cell, from whichever thread it is told."""

    def __init__(
        self,
        screen: Screen,
        is_live: Callable[[], bool],
        *,
        is_main: Callable[[], bool] = _is_main,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`is_live`: whether a person watches; without one only the cards are shown."""
        self._screen, self._is_live, self._is_main, self._clock = screen, is_live, is_main, clock
        self._cell: CellPanel | None = None
        self._homes: dict[Running, CellPanel] = {}
        self._lock = threading.RLock()

    def begin(self, run: Running) -> None:
        """Take note of it; nothing is drawn yet."""
        with self._lock:
            if self._cell is None:
                self._cell = CellPanel(self._screen, self._is_main, self._clock)
            self._homes[run] = self._cell
            self._cell.runs.begin(run)

    def tick(self, run: Running) -> None:
        """Draw how far it is, if it takes longer than a moment."""
        if run.seconds >= MOMENT and self._is_live():
            with self._lock:
                self._homes[run].draw()

    def end(self, run: Running, error: BaseException | None) -> None:
        """Put a card in the panel's place."""
        with self._lock:
            cell = self._homes.pop(run)
            if is_plain(run, MOMENT):
                cell.runs.forget(run)
            else:
                cell.runs.end(run)
                cell.settle()

    def begin_cell(self, *_: Any) -> None:
        """Show what runs from now on in the cell that begins."""
        with self._lock:
            self._cell = None

    def end_cell(self, *_: Any) -> None:
        """Draw the last picture of the cell that ends, and of those before it that had gone on."""
        with self._lock:
            for cell in dict.fromkeys([*([self._cell] if self._cell else []), *self._homes.values()]):
                cell.end()
            self._cell = None


@cache
def panels(shell: Any) -> Panels:
    """The panels of the kernel that has this shell."""
    # what they say need not be logged to the page as well, unless logging was set up
    logging.getLogger("spyro_sdk").addHandler(logging.NullHandler())
    made = Panels(KernelScreen(), lambda: bool(shell.kernel._allow_stdin))
    shell.events.register("pre_run_cell", made.begin_cell)
    shell.events.register("post_run_cell", made.end_cell)
    return made
