"""Signing in from a cell: the link in it, the service's pages in a second tab, and back again."""

from __future__ import annotations

import re

from .conftest import Open
from .notebook import Notebook

CONNECT = """
import spyro_sdk as spyro
sf = spyro.connect("salesforce", demo={"records": 50, "seed": 3}, auth_mode="browser")
"""
SECRET = re.compile(r"00D\w{12,15}!|\b5Aep[\w-]|code=|code_challenge|state=")
"""How the demo's tokens begin, and what stands in addresses of a sign-in."""


def in_a_second_tab(it: Notebook) -> None:
    """Run the first cell, and do what its card says."""
    link = it.start().get_by_role("link", name="Open the sign-in page")
    with it.page.context.expect_page() as opened:
        link.click()
    tab = opened.value
    tab.get_by_role("button", name="Log in").click()
    tab.get_by_role("button", name="Allow").click()
    tab.get_by_text("close").wait_for()
    tab.close()
    it.wait()


def test_a_person_signs_in_in_a_second_tab(notebook: Open) -> None:
    it = notebook(CONNECT, "sf.fetch('Customer').count()")
    in_a_second_tab(it)
    assert "signed in" in it.output().inner_text()
    assert it.output().get_by_role("link").count() == 0
    assert it.run(1).inner_text().strip().endswith("50")
    assert SECRET.findall(it.save()) == []


def test_where_no_browser_opens_by_itself_the_next_cell_runs_all_the_same(notebook: Open) -> None:
    it = notebook("import os; del os.environ['BROWSER']\n" + CONNECT, "sf.fetch('Customer').count()")
    in_a_second_tab(it)
    assert it.output().locator("input").count() == 0
    assert it.run(1).inner_text().strip().endswith("50")
    assert it.page.get_by_text("pending input").count() == 0
