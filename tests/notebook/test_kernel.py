"""In a real kernel: what a cell's error is, how a person signs in, and what of it is in the saved file."""

import json
import os
import re
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
from jupyter_client.manager import KernelManager

from spyro_sdk.demo.authority import visitor
from spyro_sdk.demo.github.server import serve as serve_github
from spyro_sdk.demo.github.signin import CLIENT_ID
from spyro_sdk.demo.server import serve

from ..people import browse

ROOT = Path(__file__).parents[2]
BEGIN = """
import os
import spyro_sdk as spyro
to = dict(base_url=os.environ["AT"], client_id=os.environ["AS"])
"""
LOGIN = "spyro.login('salesforce', patience={patience}, **to)"
BY_BROWSER = """
os.environ["BROWSER"] = "true"  # a program that says that it has opened the page
spyro.login('salesforce', patience=30, auth_mode='browser', **to)
"""
BY_CODE = """
spyro.login('github', patience=30, base_url='{}', client_id='{}', owner='acme')
"""


class Notebook:
    """A kernel, who sits before it, and what the file of the notebook would keep."""

    def __init__(self, client, interrupt):
        self.client, self.interrupt = client, interrupt
        self.outputs, self.asked, self.frames, self.follow = [], [], [], None

    def run(self, code, typed=None, answers=True, follow=None):
        """Run a cell; return what it has in the end.

        `typed` gives what a person answers at a prompt, `follow` does what the card asks for.
        """
        self.outputs, self.asked, self.frames, self.follow = [], [], [], follow

        def asks(message):
            self.asked.append(message["content"])
            answer = typed() if typed else ""
            if answer is not None:
                self.client.input(answer)

        self.client.execute_interactive(
            code, allow_stdin=answers, stdin_hook=asks, output_hook=self._shows, timeout=60
        )
        return self.kept

    @property
    def kept(self):
        """All that is in the file."""
        return json.dumps(self.outputs)

    @property
    def printed(self):
        """What the cell printed, which comes in as many pieces as it likes."""
        return "".join(it["text"] for it in self.outputs)

    @property
    def error(self):
        """The error of the cell, without colors."""
        [it] = [it for it in self.outputs if "traceback" in it]
        return re.sub(r"\x1b\[\d*m", "", "\n".join(it["traceback"]))

    def waits(self):
        """The card that waits for the person; it may come later than the question."""
        while True:
            for it in reversed(self.frames):
                if html := it.get("text/html"):
                    return html
            self._shows(self.client.get_iopub_msg(timeout=20))

    def address(self):
        """The page that is to be opened."""
        return re.search(r'href="([^"]+)"', self.waits())[1].replace("&amp;", "&")

    def _shows(self, message):
        kind, content = message["msg_type"], message["content"]
        place = content.get("transient", {}).get("display_id")
        self.frames.append(content.get("data", {}))
        if kind == "update_display_data":
            [old] = [it for it in self.outputs if it.get("place") == place]
            old["data"] = content["data"]
        elif kind in ("display_data", "execute_result"):
            self.outputs.append({"data": content["data"], "place": place})
        elif kind in ("stream", "error"):
            self.outputs.append(content)
        if self.follow and "href" in self.frames[-1].get("text/html", ""):
            follow, self.follow = self.follow, None
            follow()


@pytest.fixture(scope="module")
def service():
    with serve(records=50, wide_records=1) as it:
        yield it


@pytest.fixture(scope="module")
def hub():
    with serve_github(records=30, repositories=2, device_interval=0, device_waits=True) as it:
        yield it


@contextmanager
def opened(service):
    """A notebook that nothing has been run in."""
    manager = KernelManager(kernel_name="python3")
    own = {"AT": service.base_url, "AS": service.credentials["client_id"], "JUPYTERHUB_USER": "ana"}
    manager.start_kernel(cwd=str(ROOT), env={**os.environ, **own, "PYTHONPATH": str(ROOT)})
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        yield Notebook(client, manager.interrupt_kernel)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@pytest.fixture(scope="module")
def notebook(service):
    with opened(service) as it:
        assert it.run(BEGIN) == "[]"
        yield it


def code_in(address):
    return address.partition("code=")[2].partition("&")[0]


# -- errors -------------------------------------------------------------------------------------------


def test_an_error_is_four_lines_and_tb_has_the_rest(notebook):
    notebook.run("sf = spyro.connect('salesforce', demo={'records': 20})")
    notebook.run("sf.fetch('Custmer').to_pandas()")
    assert notebook.outputs[0]["ename"] == "UnknownEntityError"
    assert re.fullmatch(
        r"UnknownEntityError: salesforce has no entity 'Custmer'; it has .*\n.*\n"
        r"asked sf.fetch\('Custmer'\).to_pandas\(\)  \(In\[\d+\], line 1\)\n"
        r"hint  did you mean 'Customer'\?\n"
        r"next  sf.entities\(\) lists the names; %tb shows the whole traceback",
        notebook.error,
    )
    notebook.run("%tb")
    assert "Traceback (most recent call last)" in notebook.error
    notebook.run("1 / 0")
    assert "Traceback (most recent call last)" in notebook.error


def test_debug_finds_where_it_happened(notebook):
    notebook.run("def f():\n    there = 42\n    spyro.connect('acme')\nf()")
    keys = iter(["u"] * 6 + ["p there + 1"] + ["d", "p there + 1"] * 6 + ["q"])
    assert "43" in notebook.run("%debug", lambda: next(keys))


# -- what comes in the background ------------------------------------------------------------------------


AFTERWARDS = """
import os, threading
from pathlib import Path
import spyro_sdk as spyro
from spyro_sdk import warm
spyro.connect("salesforce", base_url=os.environ["AT"], access_token=os.environ["BY"])

def tell():
    while "pandas" not in warm._begun: threading.Event().wait(0.01)
    warm._begun["pandas"].join()
    Path(os.environ["DONE"]).touch()

threading.Thread(target=tell).start()
"""


def test_pandas_knows_where_it_is_though_no_cell_has_imported_it(service, tmp_path, monkeypatch):
    done = tmp_path / "done"
    monkeypatch.setenv("BY", service.credentials["access_token"])
    monkeypatch.setenv("DONE", str(done))
    with opened(service) as notebook:
        notebook.run(AFTERWARDS)
        for _ in range(1000):  # while no cell runs
            if done.exists():
                break
            threading.Event().wait(0.01)
        notebook.run("import pandas; print(pandas.get_option('display.max_columns'))")
        assert notebook.printed == "20\n"


# -- a person signs in --------------------------------------------------------------------------------


def test_what_is_pasted_is_neither_shown_nor_kept(notebook):
    pasted = []

    def typed():
        pasted.append(visitor.sign_in(notebook.address()))
        return pasted[0]

    kept = notebook.run(LOGIN.format(patience=30), typed)
    assert any("Paste it into the field below" in it.get("text/html", "") for it in notebook.frames)
    assert [it["password"] for it in notebook.asked] == [True]
    assert "never-was.example" in kept
    assert "signed in" in kept
    code = code_in(pasted[0])
    assert code
    assert code not in kept
    assert "/authorize" not in kept
    assert "href" not in kept
    seen = notebook.run("print(globals(), get_ipython().history_manager.input_hist_raw)")
    assert code not in seen


def test_a_browser_that_gets_through_ends_the_prompt(notebook):
    def typed():
        there = visitor.sign_in(notebook.address())
        threading.Thread(target=browse, args=[there]).start()

    kept = notebook.run(LOGIN.format(patience=30), typed)
    assert "never-was.example" in kept
    assert "Traceback" not in kept
    assert "/authorize" not in kept
    assert len(notebook.asked) == 1
    notebook.run("print(input('name? '))", lambda: "Ana")
    assert notebook.printed == "Ana\n"


def test_a_browser_on_this_machine_needs_no_paste(notebook):
    kept = notebook.run(BY_BROWSER, follow=lambda: browse(visitor.sign_in(notebook.address())))
    assert any("unless it has opened by itself" in it.get("text/html", "") for it in notebook.frames)
    assert notebook.asked == []
    assert "never-was.example" in kept
    assert "/authorize" not in kept


def test_a_code_is_entered_elsewhere_and_not_kept(notebook, hub):
    codes = []

    def follow():
        codes.extend(re.findall(r">(\w{4}-\w{4})<", notebook.waits()))
        visitor.type_code(notebook.address(), codes[0])

    kept = notebook.run(BY_CODE.format(hub.base_url, CLIENT_ID), follow=follow)
    assert "read:org" in kept
    assert "signed in" in kept
    assert codes[0] not in kept
    assert "gho_" not in kept
    assert "/login/device" not in kept
    assert "href" not in kept


def test_a_code_that_is_refused_is_not_kept_either(notebook, hub):
    codes = []

    def follow():
        codes.extend(re.findall(r">(\w{4}-\w{4})<", notebook.waits()))
        visitor.type_code(notebook.address(), codes[0], allow=False)

    kept = notebook.run(BY_CODE.format(hub.base_url, CLIENT_ID), follow=follow)
    assert notebook.error.startswith("SignInError: the sign-in was refused")
    assert "next  spyro.login('github') asks you again" in notebook.error
    assert ">refused<" in notebook.outputs[0]["data"]["text/html"]
    assert codes[0] not in kept
    assert "/login/device" not in kept


def test_the_stop_button_leaves_a_card_that_says_so(notebook):
    kept = notebook.run(BY_BROWSER, follow=notebook.interrupt)
    assert ">stopped<" in notebook.outputs[0]["data"]["text/html"]
    assert notebook.outputs[-1]["ename"] == "KeyboardInterrupt"
    assert notebook.error.startswith("KeyboardInterrupt: stopped\nasked ")
    assert "/authorize" not in kept


def test_the_end_of_the_time_ends_the_prompt(notebook):
    kept = notebook.run(LOGIN.format(patience=0.5), lambda: None)
    assert "nobody signed in within 0 seconds" in kept
    assert "timed out" in kept
    assert "/authorize" not in kept
    assert "KeyboardInterrupt" not in kept
    assert notebook.error.startswith("SignInError")
    notebook.run("print('free')")
    assert notebook.printed == "free\n"


def test_a_run_without_anybody_asks_nobody(notebook):
    notebook.run(LOGIN.format(patience=30), answers=False)
    assert notebook.error.startswith("SignInNeeded")
    assert "there is nobody to ask here" in notebook.error.replace("\n", " ")
    assert [it.keys() for it in notebook.outputs if "data" in it] == []
    assert notebook.asked == []
