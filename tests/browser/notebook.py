"""A notebook that is open in JupyterLab, and what a person does with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import nbformat
from playwright.sync_api import Locator, Page

PATIENCE = 30_000  # milliseconds
Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")

CALL = "([name, given]) => window.lab[name](...given)"
"""Calls what is in lab.js."""


@dataclass(frozen=True)
class Frame:
    """What an output showed for a while."""

    text: str
    height: int  # pixels
    left: float  # pixels, of the card in it
    width: float  # pixels, of the card in it; 0 where there is none
    at: float  # seconds


@dataclass(frozen=True)
class Notebook:
    """Cells are counted from 0."""

    page: Page
    file: Path
    id: str
    """Of its panel in the page."""

    def run(self, cell: int = 0) -> Locator:
        """Run a cell to its end; return its output."""
        self.start(cell)
        self.wait(cell)
        return self.output(cell)

    def start(self, cell: int = 0) -> Locator:
        """Run a cell, and do not wait for it; return its output."""
        self._do("start", cell)
        return self.output(cell)

    def wait(self, cell: int = 0) -> None:
        """Wait until a cell has run."""
        until(self.page, "hasRun", self.file.name, cell)

    def cell(self, number: int) -> Locator:
        """A cell with its code and its output."""
        return self.page.locator(f"#{self.id} .jp-Cell").nth(number)

    def output(self, cell: int = 0) -> Locator:
        """What a cell shows under its code."""
        return self.cell(cell).locator(".jp-OutputArea")

    def watch(self, cell: int = 0) -> None:
        """Note each state of a cell's output from now on, as a person would see it."""
        self._do("watch", cell)

    def seen(self) -> list[Frame]:
        """What was noted since `watch`."""
        return [Frame(**it) for it in self.page.evaluate("() => window.lab.seen")]

    def interrupt(self) -> None:
        """Press the stop button."""
        self.page.locator(f"#{self.id} [data-command='notebook:interrupt-kernel']").click()

    def stop(self, cell: int, shows: str) -> float:
        """Press the stop button; return the seconds until the cell's output shows a text."""
        self._do("timeStop", cell, shows)
        self.interrupt()
        until(self.page, "hasStopped")
        return float(self.page.evaluate("() => window.lab.stopped"))

    def type(self, cell: int, text: str) -> None:
        """Type at the end of a cell."""
        self._do("select", cell)
        self.cell(cell).locator(".cm-content").click()
        self.page.keyboard.press("Control+End")
        self.page.keyboard.type(text)

    def completed(self) -> list[str]:
        """Press Tab; return what is offered."""
        self.page.keyboard.press("Tab")
        popup = self.page.locator(".jp-Completer:not(.lm-mod-hidden)")
        popup.wait_for(timeout=PATIENCE)
        offered = popup.locator(".jp-Completer-match").all_inner_texts()
        self.page.keyboard.press("Escape")
        return offered

    def save(self) -> str:
        """Save it; return the text of the file."""
        self._do("save")
        return self.file.read_text(encoding="utf-8")

    def is_trusted(self) -> bool:
        """Whether all its outputs are shown as they are; else scripts and styles are taken out."""
        return bool(self._do("isTrusted"))

    def close(self) -> None:
        """Close it, and end its kernel."""
        self._do("close")

    def _do(self, name: str, *given: object) -> Any:
        return self.page.evaluate(CALL, [name, [self.file.name, *given]])


def until(page: Page, claim: str, *given: object) -> None:
    """Wait until something is so."""
    page.wait_for_function(
        CALL, arg=[claim, given], timeout=PATIENCE, polling=50
    )  # also in a tab at the back


def written(path: Path, cells: tuple[str, ...], kernel: str) -> Path:
    """Write a notebook with these cells."""
    made = [nbformat.v4.new_code_cell(it) for it in cells]  # type: ignore[no-untyped-call]
    notebook: Any = nbformat.v4.new_notebook(cells=made)  # type: ignore[no-untyped-call]
    notebook.metadata["kernelspec"] = {"name": kernel, "display_name": kernel, "language": "python"}
    nbformat.write(notebook, path)
    return path


def sent(path: Path) -> Path:
    """A copy as somebody else would get it: JupyterLab does not know it, and takes out what may be unsafe."""
    notebook: Any = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    notebook.metadata["title"] = "A copy"
    copy = path.with_name(f"sent-{path.name}")
    nbformat.write(notebook, copy)
    return copy


def opened(page: Page, path: Path, kernel: str) -> Notebook:
    """Open a notebook with a kernel that is ready."""
    it = Notebook(page, path, page.evaluate(CALL, ["open", [path.name, kernel]]))
    until(page, "isConnected", path.name)
    return it


def paint(page: Page, theme: Theme) -> None:
    """Change the theme."""
    name = f"JupyterLab {theme.title()}"
    page.evaluate(CALL, ["paint", [name]])
    until(page, "hasTheme", name)
