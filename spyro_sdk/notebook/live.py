"""Statistics that stay true while the output that shows them is there.

Such an output is plain HTML that is drawn anew after events: what is saved is its last state, and no widget.
"""

from __future__ import annotations

import logging
import threading
import time
import weakref
from collections.abc import Callable
from functools import partial
from secrets import token_hex
from typing import Any, Final, Protocol, TypeAlias

from .. import shown
from ..events import Disconnected, Event, Observer

logger = logging.getLogger(__name__)

BETWEEN: Final = 0.5  # seconds from one drawing to the next, at least
MOST: Final = 8  # outputs that are live at once: the newest
SHOWN: Final = (
    ("spyro_sdk.observers.stats", "Stats"),
    ("spyro_sdk.rate_limit", "RateLimit"),
    ("spyro_sdk.all_stats", "AllStats"),
)
"""What is shown live, by its module and name."""

Bundle: TypeAlias = dict[str, str]


class Told(Protocol):
    """What changes with events, and tells them on."""

    @property
    def is_connected(self) -> bool:
        """Whether anything will change any more."""
        ...

    def observe(self, observer: Observer) -> None: ...

    def leave(self, observer: Observer) -> None: ...


Show: TypeAlias = Callable[[Bundle, bool], object]
"""Shows something in an output: the first time (False), or in place of what was there (True)."""
Later: TypeAlias = Callable[[float, Callable[[], None]], object]


def later(seconds: float, act: Callable[[], None]) -> None:
    """Do something in a thread of its own: a drawing waits for the kernel, which the loop never should."""
    timer = threading.Timer(seconds, act)
    timer.daemon, timer.name = True, "spyro-drawing"
    timer.start()


class Output:
    """One output. It is drawn anew after an event, and once more after the last of many."""

    cell = run = ""
    """Where it stands, and which run of the cell has put it there."""

    def __init__(self, thing: Told, show: Show, later: Later, clock: Callable[[], float]) -> None:
        self._thing, self._show = thing, show
        self._later, self._clock = later, clock
        self._is_live = True
        self._drawn_at = -BETWEEN
        self._is_due = False
        self._drawing = threading.Lock()

    def begin(self) -> None:
        """Show it, and from now on what becomes of it."""
        with self._drawing:
            self._thing.observe(self)  # first: what happens from here on is drawn
            self._drawn_at = self._clock()
            self._show(_drawn(self._thing), False)

    def end(self) -> None:
        """Leave it as it is."""
        self._is_live = False
        self._thing.leave(self)

    def __call__(self, event: Event) -> None:
        """Have it drawn soon, unless that is about to happen."""
        if self._is_due:
            return
        self._is_due = True
        wait = 0.0 if isinstance(event, Disconnected) else self._drawn_at + BETWEEN - self._clock()
        try:
            self._later(max(wait, 0.0), self._draw)
        except RuntimeError:  # there are no more threads: the interpreter is ending
            self.end()

    def _draw(self) -> None:
        """Draw what is so now; whatever goes wrong ends it without a word, for no fetch is to know."""
        try:
            with self._drawing:
                self._is_due = False  # what happens while we draw is drawn again
                self._drawn_at = self._clock()
                is_last = not self._thing.is_connected
                if self._is_live:
                    self._show(_drawn(self._thing), True)
            if is_last:
                self.end()
        except Exception:  # the kernel may be ending
            logger.debug("an output is not drawn any more", exc_info=True)
            self.end()


class Outputs:
    """The live outputs of a notebook: of each cell those of its last run, and of those the newest few."""

    def __init__(
        self,
        shell: Any,
        *,
        later: Later = later,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._shell, self._later, self._clock = shell, later, clock
        self._living: list[weakref.ref[Output]] = []  # the oldest first

    def show(self, thing: Told) -> None:
        """Show a thing live; `NotImplementedError` where it will not change, or nobody will see that."""
        if not (thing.is_connected and is_watched(self._shell)):
            raise NotImplementedError  # IPython shows it the usual way
        output = Output(thing, partial(self._publish, token_hex(16)), self._later, self._clock)
        output.cell, output.run = _place(self._shell)
        self._take_in(output)
        output.begin()

    def _publish(self, name: str, bundle: Bundle, again: bool) -> None:
        self._shell.display_pub.publish(
            data=bundle, metadata={}, transient={"display_id": name}, update=again
        )

    def _take_in(self, output: Output) -> None:
        """Let go of those whose outputs are gone, and of the oldest."""
        living = [it for reference in self._living if (it := reference()) is not None]
        kept = [it for it in living if it.cell != output.cell or it.run == output.run][1 - MOST :]
        for it in living:
            if it not in kept:
                it.end()
        self._living = [weakref.ref(it) for it in [*kept, output]]


def plug(shell: Any) -> None:
    """Show statistics live in the kernel of this shell; does nothing where there is none."""
    if getattr(shell, "kernel", None) is not None:
        formatter, outputs = shell.display_formatter.ipython_display_formatter, Outputs(shell)
        for module, name in SHOWN:
            formatter.for_type_by_name(module, name, outputs.show)


def is_watched(shell: Any) -> bool:
    """Whether somebody sits before the notebook: one that runs by itself gets no input from anybody."""
    return bool(getattr(shell.kernel, "_allow_stdin", False))


def _place(shell: Any) -> tuple[str, str]:
    """The cell that runs, and its run; the run stands for the cell where a front end does not name it."""
    parent = shell.get_parent()
    run = str(parent.get("header", {}).get("msg_id"))
    return str(parent.get("metadata", {}).get("cellId") or run), run


def _drawn(thing: object) -> Bundle:
    wing = shown.wing()
    html = None if wing is None else wing.draw(thing)
    return {"text/plain": repr(thing), **({} if html is None else {"text/html": html})}
