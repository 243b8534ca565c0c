"""A notebook's kernel asks at the notebook's own prompt, keeps nothing of it, and is free afterwards."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from spyro_sdk.demo.authority import visitor
from spyro_sdk.demo.server import Service, serve

from ..people import browse

ROOT = Path(__file__).parents[2]
BEGIN = """
import os
import spyro_sdk as spyro
to = dict(base_url=os.environ["AT"], client_id=os.environ["AS"])
"""
LOGIN = "print(spyro.login('salesforce', patience={patience}, **to).who)"


class Notebook:
    """A kernel, and who sits before it."""

    def __init__(self, client: BlockingKernelClient) -> None:
        self.client = client
        self.shown = ""
        self.asked: list[dict[str, Any]] = []

    def run(self, code: str, typed: Callable[[], str | None] | None = None) -> str:
        """Run a cell; return what it showed. `typed` is what a person answers; None: nothing at all."""
        self.shown, self.asked = "", []

        def asks(message: dict[str, Any]) -> None:
            self.asked.append(message["content"])
            answer = typed() if typed else ""
            if answer is not None:
                self.client.input(answer)

        self.client.execute_interactive(
            code, allow_stdin=typed is not None, stdin_hook=asks, output_hook=self._shows, timeout=60
        )
        return self.shown

    def address(self) -> str:
        """The page that is to be opened; what is shown may come later than the question."""
        while not (found := re.search(r"^  (http.*)$", self.shown, re.MULTILINE)):
            self._shows(self.client.get_iopub_msg(timeout=20))
        return found[1]

    def _shows(self, message: dict[str, Any]) -> None:
        content = message["content"]
        self.shown += content.get("text", "") + "".join(content.get("traceback", []))


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with serve(records=50, wide_records=1) as it:
        yield it


@pytest.fixture(scope="module")
def notebook(service: Service) -> Iterator[Notebook]:
    manager = KernelManager(kernel_name="python3")
    own = {"AT": service.base_url, "AS": service.credentials["client_id"], "JUPYTERHUB_USER": "ana"}
    manager.start_kernel(cwd=str(ROOT), env={**os.environ, **own, "PYTHONPATH": str(ROOT)})
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        it = Notebook(client)
        assert it.run(BEGIN) == ""
        yield it
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def code_in(address: str) -> str:
    return address.partition("code=")[2].partition("&")[0]


def test_what_is_pasted_is_neither_shown_nor_kept(notebook: Notebook) -> None:
    pasted: list[str] = []

    def typed() -> str:
        pasted.append(visitor.sign_in(notebook.address()))
        return pasted[0]

    shown = notebook.run(LOGIN.format(patience=30), typed)
    assert "never-was.example" in shown
    assert [it["password"] for it in notebook.asked] == [True]
    code = code_in(pasted[0])
    assert code
    assert code not in shown
    assert code not in notebook.run("print(globals(), get_ipython().history_manager.input_hist_raw)")


def test_a_browser_that_gets_through_ends_the_prompt(notebook: Notebook) -> None:
    def typed() -> None:
        there = visitor.sign_in(notebook.address())
        threading.Thread(target=browse, args=[there]).start()

    shown = notebook.run(LOGIN.format(patience=30), typed)
    assert "never-was.example" in shown
    assert "Traceback" not in shown
    assert len(notebook.asked) == 1
    assert notebook.run("print(input('name? '))", lambda: "Ana") == "Ana\n"


def test_the_end_of_the_time_ends_the_prompt(notebook: Notebook) -> None:
    shown = notebook.run(LOGIN.format(patience=0.5), lambda: None)
    assert "nobody signed in within 0 seconds" in shown
    assert "KeyboardInterrupt" not in shown
    assert notebook.run("print('free')") == "free\n"


def test_a_run_without_anybody_asks_nobody(notebook: Notebook) -> None:
    shown = notebook.run(LOGIN.format(patience=30))
    assert "SignInNeeded" in shown
    assert "there is nobody to ask here" in shown
    assert notebook.asked == []
