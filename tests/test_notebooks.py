"""The notebooks run with nobody there, and what is saved in them is what they show."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
import pytest

from spyro_sdk import demo

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
LINK = re.compile(r"\]\(([^)\s]+)\)")
HOME = re.compile(r"/(?:home|root|Users|tmp|work|var)/|[A-Z]:\\\\")
"""How the path of a file on somebody's machine begins."""
TOKEN = re.compile(r"Bearer\s+\S{8}|00D\w{12,15}!|\b5Aep[\w-]|\bcode=\w|gh[oprsu]_[\w-]{8}")
"""What a token of the demos looks like, and a code that is worth one."""
GLANCE = re.compile(r"\.(count|head)\(")
"""Calls of which a card is shown only where they take longer than a moment."""

notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=[it.stem for it in NOTEBOOKS])


@pytest.fixture(scope="module")
def redraw() -> ModuleType:
    spec = importlib.util.spec_from_file_location("redraw", ROOT / "notebooks" / "redraw.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


def code(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def kinds(cell: Any) -> list[tuple[str, ...]]:
    """What a cell shows, in kind, without chance: the order, how many pieces, if a glance took long."""
    found = sorted({kind_of(output) for output in cell.outputs})
    return [it for it in found if it[0] != "display_data"] if GLANCE.search(cell.source) else found


def kind_of(output: Any) -> tuple[str, ...]:
    match output.output_type:
        case "stream":
            return ("stream", output.name)
        case "error":
            return ("error", output.ename)
        case other:
            return (other, *sorted(output.data))


def shown(notebook: Any) -> Iterator[str]:
    """All that the cells show, as text."""
    for cell in code(notebook):
        for output in cell.outputs:
            yield from map(str, (output.get("text", ""), *output.get("traceback", ())))
            yield from map(str, output.get("data", {}).values())


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of what the kernel's client is made of
@notebook
def test_what_is_saved_is_what_is_shown_today(path: Path, redraw: ModuleType) -> None:
    saved, today = code(read(path)), code(redraw.ran(path))
    assert [it.source for it in saved] == [it.source for it in today]
    for before, now in zip(saved, today, strict=True):
        assert kinds(before) == kinds(now), f"`make notebooks` draws it again: {now.source}"


@notebook
def test_what_is_saved_holds_no_secret_no_path_and_no_widget(path: Path) -> None:
    saved = read(path)
    nbformat.validate(saved)
    assert "widgets" not in saved.metadata
    text = "\n".join(shown(saved))
    assert "widget-view" not in text
    assert TOKEN.findall(text) == []
    assert HOME.findall(text) == []


@notebook
def test_every_cell_was_run_once_from_the_top(path: Path) -> None:
    cells = code(read(path))
    assert [it.execution_count for it in cells] == list(range(1, len(cells) + 1))


@notebook
def test_only_a_cell_that_says_so_fails(path: Path) -> None:
    for cell in code(read(path)):
        fails = any(it.output_type == "error" for it in cell.outputs)
        assert fails == ("raises-exception" in cell.metadata.get("tags", ()))


@notebook
def test_a_notebook_tells_a_story(path: Path) -> None:
    saved = read(path)
    assert saved.cells[0].source.startswith("# ")
    told = sum(cell.cell_type == "markdown" for cell in saved.cells)
    assert told >= len(saved.cells) / 3


@notebook
def test_links_lead_somewhere(path: Path) -> None:
    for cell in read(path).cells:
        for link in LINK.findall(cell.source if cell.cell_type == "markdown" else ""):
            assert link.startswith("https://") or (path.parent / link).resolve().exists(), link


def test_the_first_notebooks_numbers_are_right() -> None:
    texts = list(shown(read(NOTEBOOKS[0])))
    assert "(2000, 26)" in texts
    assert "True" in texts


@pytest.mark.parametrize("service", ["salesforce", "github"])
def test_a_token_of_the_demo_would_be_found(service: str) -> None:
    known = demo.start(service, records=50).credentials
    tokens = [text for name, text in known.items() if name.endswith("_token")]
    assert tokens
    assert all(map(TOKEN.search, tokens))
