"""Where a cell's outputs are shown, and replaced."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol
from uuid import uuid4


class Screen(Protocol):
    """What shows outputs. Each has an identifier, by which it may be replaced."""

    def show(self, output: str, html: str, text: str) -> None:
        """Add an output to the cell that runs; to be called in its thread."""
        ...

    def replace(self, output: str, html: str, text: str) -> None:
        """Show something else in its place."""
        ...

    def panel(self, output: str, html: str) -> Panel | None:
        """Add an output that is drawn anew without leaving a trace; None where there is no such thing."""
        ...


class Panel(Protocol):
    """An output that is drawn again and again."""

    def draw(self, html: str) -> None:
        """Draw what it shows from now on."""
        ...

    def close(self) -> None:
        """Take it away, with all that a saved file might keep of it."""
        ...


class KernelScreen:
    """The outputs of the notebook whose kernel we are in."""

    def show(self, output: str, html: str, text: str) -> None:
        """Add an output to the cell that runs."""
        _ipython().display({"text/html": html, "text/plain": text}, raw=True, display_id=output)

    def replace(self, output: str, html: str, text: str) -> None:
        """Show something else in its place, whichever cell it is in, from whichever thread."""
        _ipython().update_display({"text/html": html, "text/plain": text}, raw=True, display_id=output)

    def panel(self, output: str, html: str) -> WidgetPanel | None:
        """Add a widget; None where ipywidgets is not installed."""
        return WidgetPanel(output, html) if find_spec("ipywidgets") else None


class WidgetPanel:
    """A panel of ipywidgets."""

    def __init__(self, output: str, html: str) -> None:
        widgets: Any = import_module("ipywidgets")
        place = widgets.Layout(width="100%", margin="0", padding="0 20px 0 0")  # where Jupyter has HTML
        self._widget = widgets.HTML(html, layout=place)
        _ipython().display(self._widget, display_id=output)

    def draw(self, html: str) -> None:
        """Draw what it shows from now on."""
        self._widget.value = html

    def close(self) -> None:
        """Close the widget and what belongs to it: a saved file keeps every model that is open."""
        for it in (self._widget.style, self._widget.layout, self._widget):
            it.close()


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let the stop button, where it is pressed meanwhile, stop what comes after the body."""
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield
        return
    stops: list[Any] = []
    signal.signal(signal.SIGINT, lambda *stop: stops.append(stop))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if stops:
            before(*stops[0])


def _ipython() -> Any:
    """What displays; it has no types."""
    return import_module("IPython.display")


def new_output() -> str:
    """An identifier for an output."""
    return uuid4().hex
