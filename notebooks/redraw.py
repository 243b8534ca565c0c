"""Run the notebooks, and keep what they show in them.

    python notebooks/redraw.py 01-first-table.ipynb

Without a name all of them are run, one after the other.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).resolve().parent
PATIENCE = 120  # seconds for a cell
KEPT = ("tags",)
"""What of a cell's metadata is kept: what a run adds says when it ran, which is news each time."""


def ran(path: Path) -> Any:
    """The notebook with what its cells show now. It runs in a folder of its own."""
    notebook: Any = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        where = {"metadata": {"path": folder}}
        NotebookClient(notebook, timeout=PATIENCE, resources=where).execute(env=environment(folder))
    for cell in notebook.cells:
        cell.metadata = {name: it for name, it in cell.metadata.items() if name in KEPT}
        if "outputs" in cell:
            cell.outputs = without_home(cell.outputs)
    return notebook


def without_home(shown: Any) -> Any:
    """What is shown, with `~` for whoever's home that was."""
    if isinstance(shown, dict):
        return type(shown)({name: without_home(it) for name, it in shown.items()})
    if isinstance(shown, list):
        return [without_home(it) for it in shown]
    return shown.replace(str(Path.home()), "~") if isinstance(shown, str) else shown


def environment(folder: str) -> dict[str, str]:
    """Ours without what is set for spyro_sdk, so that the same is shown on every machine."""
    ours = {name: text for name, text in os.environ.items() if not name.startswith("SPYRO_")}
    return {**ours, "PYTHONPATH": str(HERE.parent), "IPYTHONDIR": folder, "SPYRO_TOKEN_STORE": "none"}


def wanted(names: list[str]) -> Iterator[Path]:
    """The notebooks of these names; all without any."""
    yield from (HERE / name for name in names) if names else sorted(HERE.glob("*.ipynb"))


if __name__ == "__main__":
    for path in wanted(sys.argv[1:]):
        nbformat.write(ran(path), path)
