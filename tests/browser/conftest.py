"""JupyterLab in headless Chromium: one server, one browser and one tab for all tests; a kernel for each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page

from .lab import OLDER, Lab, jupyterlab
from .notebook import Notebook, opened, paint, sent, written
from .screen import Screen, chromium, screen

Open = Callable[..., Notebook]
Send = Callable[[Notebook], Notebook]


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    assert OLDER.is_dir(), "ipykernel 6 is not there: `make browser` installs it"
    with jupyterlab(tmp_path_factory.mktemp("home")) as it:
        yield it


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as it:
        yield it


@pytest.fixture(scope="session")
def the_screen(browser: Browser, lab: Lab) -> Iterator[Screen]:
    with screen(browser, lab) as it:
        yield it


@pytest.fixture
def page(the_screen: Screen) -> Iterator[Page]:
    """JupyterLab's page. No test makes it ask anybody: the server brings all that is shown."""
    the_screen.forget()
    yield the_screen.page
    assert the_screen.strangers() == []


@pytest.fixture
def kernel() -> str:
    """Which kernel a test runs on, unless it says."""
    return "ipykernel7"


@pytest.fixture
def notebook(lab: Lab, page: Page, kernel: str, request: pytest.FixtureRequest) -> Iterator[Open]:
    """Open a notebook with the given cells; it is closed afterwards."""
    there: list[Notebook] = []

    def open_with(*cells: str) -> Notebook:
        name = re.sub(r"\W+", "-", request.node.name).strip("-")
        path = written(lab.folder / f"{name}-{len(there)}.ipynb", cells, kernel)
        there.append(opened(page, path, kernel))
        return there[-1]

    yield open_with
    for it in there:
        it.close()
    paint(page, "light")


@pytest.fixture
def sent_to_somebody(page: Page, kernel: str) -> Iterator[Send]:
    """Open what was saved as somebody else would, who does not trust it."""
    there: list[Notebook] = []

    def open_copy(notebook: Notebook) -> Notebook:
        there.append(opened(page, sent(notebook.file), kernel))
        return there[-1]

    yield open_copy
    for it in there:
        it.close()
