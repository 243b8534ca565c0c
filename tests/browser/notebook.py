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

PANEL = """path => [...window.jupyterapp.shell.widgets('main')].find(it => it.context?.path === path)"""
"""The notebook's own object in JupyterLab, which tells what the page does not: whether a kernel is there."""
OPEN = """async ([path, kernel]) => {
    const panel = await window.jupyterapp.commands.execute('docmanager:open', {path, kernel: {name: kernel}});
    await panel.context.ready;
    await panel.sessionContext.ready;
    return panel.id;
}"""
IS_CONNECTED = f"""path => {{
    const kernel = ({PANEL})(path).sessionContext.session?.kernel;
    return kernel?.connectionStatus === 'connected' && kernel.status === 'idle';
}}"""
SELECT = f"""([path, cell]) => {{
    const panel = ({PANEL})(path);
    window.jupyterapp.shell.activateById(panel.id);
    panel.content.activeCellIndex = cell;
    panel.content.deselectAll();
}}"""
RUN = "() => { window.jupyterapp.commands.execute('notebook:run-cell'); }"
HAS_RUN = f"""([path, cell]) => {{
    const model = ({PANEL})(path).content.widgets[cell].model;
    return model.executionState === 'idle' && model.executionCount !== null;
}}"""
WATCH = f"""([path, cell]) => {{
    const node = ({PANEL})(path).content.widgets[cell].node;
    const seen = window.seen = [];
    const look = () => {{
        const output = node.querySelector('.jp-OutputArea');
        const text = output?.innerText.trim() ?? '';
        if (text !== seen.at(-1)?.text) seen.push({{text, height: output?.offsetHeight ?? 0, at: performance.now()}});
    }};
    look();
    window.watching?.disconnect();
    window.watching = new MutationObserver(look);
    window.watching.observe(node, {{subtree: true, childList: true, characterData: true, attributes: true}});
}}"""
STOP = f"""([path, cell]) => new Promise(resolve => {{
    const panel = ({PANEL})(path), model = panel.content.widgets[cell].model, begun = performance.now();
    const look = () => model.executionState === 'idle' ? resolve(performance.now() - begun) : setTimeout(look, 5);
    panel.toolbar.node.querySelector('[data-command="notebook:interrupt-kernel"]').click();
    look();
}})"""
SAVE = f"""async path => {{
    await ({PANEL})(path).context.save();
}}"""
TRUSTED = f"path => ({PANEL})(path).content.widgets.every(it => it.model.type !== 'code' || it.model.trusted)"
CLOSE = f"""async path => {{
    const panel = ({PANEL})(path);
    await panel.sessionContext.shutdown();
    panel.dispose();
}}"""
CHANGE_THEME = """async name => {
    await window.jupyterapp.commands.execute('apputils:change-theme', {theme: name});
}"""
HAS_THEME = "light => document.body.dataset.jpThemeLight === String(light)"


@dataclass(frozen=True)
class Frame:
    """What an output showed for a while."""

    text: str
    height: int  # pixels
    at: float  # milliseconds


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

    def run_all(self) -> None:
        """Run one cell after the other."""
        for cell in range(self.page.locator(f"#{self.id} .jp-Cell").count()):
            self.run(cell)

    def start(self, cell: int = 0) -> Locator:
        """Run a cell, and do not wait for it; return its output."""
        self.page.evaluate(SELECT, [self.file.name, cell])
        self.page.evaluate(RUN)
        return self.output(cell)

    def wait(self, cell: int = 0) -> None:
        """Wait until a cell has run."""
        self.page.wait_for_function(HAS_RUN, arg=[self.file.name, cell], timeout=PATIENCE)

    def cell(self, number: int) -> Locator:
        """A cell with its code and its output."""
        return self.page.locator(f"#{self.id} .jp-Cell").nth(number)

    def output(self, cell: int = 0) -> Locator:
        """What a cell shows under its code."""
        return self.cell(cell).locator(".jp-OutputArea")

    def watch(self, cell: int = 0) -> None:
        """Note each state of a cell's output from now on, as a person would see it."""
        self.page.evaluate(WATCH, [self.file.name, cell])

    def seen(self) -> list[Frame]:
        """What was noted since `watch`."""
        return [Frame(**it) for it in self.page.evaluate("() => window.seen")]

    def stop(self, cell: int = 0) -> float:
        """Press the stop button; return the seconds until the cell ended."""
        taken: float = self.page.evaluate(STOP, [self.file.name, cell])
        return taken / 1000

    def type(self, cell: int, text: str) -> None:
        """Type at the end of a cell."""
        self.page.evaluate(SELECT, [self.file.name, cell])
        self.cell(cell).locator(".cm-content").click()
        self.page.keyboard.press("Control+End")
        self.page.keyboard.type(text)

    def completed(self) -> list[str]:
        """Press Tab; return what is offered."""
        self.page.keyboard.press("Tab")
        popup = self.page.locator(".jp-Completer:not(.lm-mod-hidden)")
        popup.wait_for(timeout=PATIENCE)
        return popup.locator(".jp-Completer-match").all_inner_texts()

    def save(self) -> str:
        """Save it; return the text of the file."""
        self.page.evaluate(SAVE, self.file.name)
        return self.file.read_text(encoding="utf-8")

    def is_trusted(self) -> bool:
        """Whether all its outputs are shown as they are; else scripts and styles are taken out."""
        return bool(self.page.evaluate(TRUSTED, self.file.name))

    def close(self) -> None:
        """Close it, and end its kernel."""
        self.page.evaluate(CLOSE, self.file.name)


def written(path: Path, cells: tuple[str, ...], kernel: str) -> Path:
    """Write a notebook with these cells."""
    notebook: Any = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(it) for it in cells])  # type: ignore[no-untyped-call]
    notebook.metadata["kernelspec"] = {"name": kernel, "display_name": kernel, "language": "python"}
    nbformat.write(notebook, path)
    return path


def sent(path: Path) -> Path:
    """A copy as somebody else would get it: JupyterLab does not know it, and shows nothing of it but what is safe."""
    notebook: Any = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    notebook.metadata["title"] = "A copy"
    copy = path.with_name(f"sent-{path.name}")
    nbformat.write(notebook, copy)
    return copy


def opened(page: Page, path: Path, kernel: str) -> Notebook:
    """Open a notebook with a kernel that is ready."""
    it = Notebook(page, path, page.evaluate(OPEN, [path.name, kernel]))
    page.wait_for_function(IS_CONNECTED, arg=path.name, timeout=PATIENCE)
    return it


def paint(page: Page, theme: Theme) -> None:
    """Change the theme."""
    page.evaluate(CHANGE_THEME, f"JupyterLab {theme.title()}")
    page.wait_for_function(HAS_THEME, arg=theme == "light")
