"""JupyterLab in headless Chromium: one server, one browser and one page for all tests; a kernel for each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from .chromium import HOW, found
from .lab import OLDER, Lab, jupyterlab
from .notebook import PATIENCE, Notebook, opened, paint, sent, written

FLAGS = (
    "--no-sandbox",  # root may not use it
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--no-first-run",
)
HERE = Path(__file__).parent
SIZE = {"width": 1180, "height": 900}
IS_READY = "() => window.jupyterapp?.restored.then(() => true)"

Open = Callable[..., Notebook]


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    assert OLDER.is_dir(), "ipykernel 6 is not there: `make browser` installs it"
    with jupyterlab(tmp_path_factory.mktemp("home")) as it:
        yield it


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = found()
    assert path, HOW
    with sync_playwright() as it:
        browser = it.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport=SIZE)
    context.set_default_timeout(PATIENCE)
    for script in HERE.glob("*.js"):
        context.add_init_script(path=script)
    yield context
    context.close()


@pytest.fixture(scope="session")
def requests(context: BrowserContext) -> list[str]:
    """The addresses that the browser has asked for, of all tests so far."""
    asked: list[str] = []
    context.on("request", lambda it: asked.append(it.url))
    return asked


@pytest.fixture(scope="session")
def page(lab: Lab, context: BrowserContext, requests: list[str]) -> Page:
    """JupyterLab itself."""
    page = context.new_page()
    page.on("websocket", lambda it: requests.append(it.url))
    page.goto(lab.front_door)
    page.wait_for_function(IS_READY, timeout=2 * PATIENCE)
    return page


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
def sent_to_somebody(page: Page, kernel: str) -> Iterator[Callable[[Notebook], Notebook]]:
    """Open what was saved as somebody else would, who does not trust it."""
    there: list[Notebook] = []

    def open_copy(notebook: Notebook) -> Notebook:
        there.append(opened(page, sent(notebook.file), kernel))
        return there[-1]

    yield open_copy
    for it in there:
        it.close()


@pytest.fixture(autouse=True)
def stays_on_this_machine(request: pytest.FixtureRequest) -> Iterator[None]:
    """No test makes the browser ask anybody else: JupyterLab brings all that is shown, without a network."""
    if "requests" not in request.fixturenames:
        yield
        return
    requests: list[str] = request.getfixturevalue("requests")
    begun = len(requests)
    yield
    assert list(filter(leaves, requests[begun:])) == []


def leaves(address: str) -> bool:
    """Whether an address is not of this machine."""
    it = urlsplit(address)
    return it.scheme not in ("data", "blob", "about") and it.hostname != "127.0.0.1"
