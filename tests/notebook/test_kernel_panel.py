"""In a real kernel: what is sent while a fetch runs, and what a saved notebook keeps of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from spyro_sdk.demo.server import Service, serve

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning"
)  # of what the kernel's client is made of

CONNECT = """
import os
import subprocess
import sys
import spyro_sdk as spyro
sf = spyro.connect("salesforce", base_url=os.environ["AT"], access_token=os.environ["TOKEN"],
                   api="rest", rate_limit=600, burst_size=2, page_size=200)
fetch = sf.fetch("Account", columns=["Id"])
"""


class Notebook:
    """A kernel, before which somebody sits, and all that it sent."""

    def __init__(self, manager: KernelManager, client: BlockingKernelClient) -> None:
        self.manager, self.client = manager, client
        self.sent: list[dict[str, Any]] = []

    def run(self, code: str, *, stops_when: str = "never") -> None:
        """Run a cell; press the stop button when something of that kind has been sent."""
        self.sent = []

        def heard(message: dict[str, Any]) -> None:
            self.sent.append(message)
            if message["msg_type"] == stops_when and self.kinds().count(stops_when) == 1:
                self.manager.interrupt_kernel()

        self.client.execute_interactive(code, allow_stdin=True, output_hook=heard, timeout=60)

    def kinds(self) -> list[str]:
        return [it["msg_type"] for it in self.sent]

    def cards(self) -> list[str]:
        """The HTML of each output, as it was shown or shown anew."""
        data = [it["content"].get("data", {}) for it in self.sent if "display_data" in it["msg_type"]]
        return [it["text/html"] for it in data if "text/html" in it]

    def frames(self) -> list[str]:
        """What the widget was drawn with."""
        states = [it["content"]["data"].get("state", {}) for it in self.sent if it["msg_type"] == "comm_msg"]
        return [state["value"] for state in states if "value" in state]


@pytest.fixture(scope="module")
def org() -> Iterator[Service]:
    with serve(records=3000, seed=5) as service:
        yield service


@pytest.fixture(scope="module")
def environment(org: Service) -> dict[str, str]:
    known = {name: text for name, text in os.environ.items() if not name.startswith("SPYRO_")}
    own = {"PYTHONPATH": str(ROOT), "AT": org.base_url, "TOKEN": org.credentials["access_token"]}
    return {**known, **own, "SPYRO_TOKEN_STORE": "none"}


@pytest.fixture(scope="module")
def notebook(environment: dict[str, str]) -> Iterator[Notebook]:
    manager = KernelManager()
    manager.start_kernel(env=environment)
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        notebook = Notebook(manager, client)
        notebook.run(CONNECT)
        yield notebook
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_a_long_fetch_is_drawn_by_a_widget_that_leaves_no_trace(notebook: Notebook) -> None:
    notebook.run("table = fetch.to_arrow()")
    assert notebook.kinds().count("display_data") == 1
    assert notebook.kinds().count("update_display_data") == 1
    assert notebook.kinds().count("comm_open") == notebook.kinds().count("comm_close") == 3
    assert any("Fetching Account" in frame for frame in notebook.frames())
    (card,) = notebook.cards()
    assert "Account fetched" in card
    assert "stream" not in notebook.kinds()
    shown = [it["content"] for it in notebook.sent if "display_data" in it["msg_type"]]
    assert shown[0]["transient"] == shown[1]["transient"]
    assert "fetched: 3,000 records" in shown[1]["data"]["text/plain"]


def test_the_stop_button_leaves_a_card_of_what_is_kept(notebook: Notebook) -> None:
    notebook.run("fetch.to_arrow()", stops_when="comm_open")
    assert "KeyboardInterrupt" in [it["content"].get("ename") for it in notebook.sent]
    (card,) = notebook.cards()
    assert "Account stopped" in card
    assert "fetch.partial.to_pandas()" in card
    assert notebook.kinds().count("comm_open") == notebook.kinds().count("comm_close")
    notebook.run("print(fetch.partial.num_rows)")
    (said,) = [it["content"]["text"] for it in notebook.sent if it["msg_type"] == "stream"]
    assert 0 < int(said) < 3000


def test_many_fetches_have_one_output(notebook: Notebook) -> None:
    notebook.run("for _ in range(4): sf.fetch('User').to_arrow()")
    assert notebook.kinds().count("display_data") == 1
    assert "4 fetches" in notebook.cards()[-1]
    notebook.run("sf.fetch('User').to_arrow()")
    assert notebook.kinds().count("display_data") == 1
    assert "User fetched" in notebook.cards()[-1]


def test_fetches_of_threads_are_shown_in_the_cell_that_began_them(notebook: Notebook) -> None:
    notebook.run(
        """
        import threading
        threads = [threading.Thread(target=sf.fetch("User").to_arrow) for _ in range(3)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        """
    )
    assert notebook.kinds().count("display_data") == 1
    assert "3 fetches" in notebook.cards()[-1]


def test_a_quick_glance_and_what_is_not_to_be_shown_show_nothing(notebook: Notebook) -> None:
    notebook.run("x = sf.fetch('User').count(); y = sf.fetch('User').to_arrow(progress=False)")
    assert "display_data" not in notebook.kinds()
    assert "stream" not in notebook.kinds()


def test_without_ipywidgets_the_output_is_drawn_again(notebook: Notebook) -> None:
    notebook.run("import sys; sys.modules['ipywidgets'] = None")
    notebook.run("table = fetch.to_arrow()")
    assert "comm_open" not in notebook.kinds()
    assert "Fetching Account" in notebook.cards()[0]
    assert "Account fetched" in notebook.cards()[-1]


ALONE = """
import sys, nbformat
from nbclient import NotebookClient
notebook = nbformat.reads(sys.stdin.read(), as_version=4)
NotebookClient(notebook, timeout=60).execute()
print(nbformat.writes(notebook))
"""


def test_a_notebook_that_runs_alone_keeps_the_card_and_no_trace_of_a_widget(
    environment: dict[str, str],
) -> None:
    cells = [nbformat.v4.new_code_cell(code) for code in (CONNECT, "table = fetch.to_arrow()")]
    written = nbformat.writes(nbformat.v4.new_notebook(cells=cells))
    command = [sys.executable, "-c", ALONE]
    done = subprocess.run(
        command, input=written, env=environment, capture_output=True, text=True, check=True, timeout=90
    )
    (output,) = json.loads(done.stdout)["cells"][1]["outputs"]
    assert "Account fetched" in "".join(output["data"]["text/html"])
    assert "widget" not in done.stdout
    assert environment["TOKEN"] not in done.stdout
