"""The panel of a running fetch moves while its cell is blocked, and ends as a card that can be kept."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser

from .conftest import Open, Send
from .lab import KERNELS
from .legibility import read
from .notebook import Frame

CONNECT = """
import spyro_sdk as spyro
sf = spyro.connect("salesforce", demo={"records": 12_000, "latency": 60}, page_size=500)
customers = sf.fetch("Customer", columns=["name", "industry"], api="rest")
customers.count()
"""
FETCH = "table = customers.to_arrow()"
MANY = """
for industry in sf.describe("Account")["Industry"].values[:7]:
    sf.fetch("Customer", columns=["name"], where=f"industry = '{industry}'").to_arrow()
"""
ONE_LINE = 20  # pixels
RUNNING = re.compile(r"Fetching Customer.*?([\d,]+) of 12,000 records", re.DOTALL)


def running(frames: list[Frame]) -> list[Frame]:
    """Those in which the panel was seen."""
    return [it for it in frames if RUNNING.search(it.text)]


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_panel_moves_in_its_place_while_the_cell_is_blocked(notebook: Open, kernel: str) -> None:
    it = notebook(CONNECT, FETCH)
    it.run(0)
    it.watch(1)
    output = it.run(1)
    output.get_by_text("Customer fetched").wait_for()
    frames = running(it.seen())
    counts = [int(RUNNING.findall(frame.text)[0].replace(",", "")) for frame in frames]
    assert len(set(counts)) >= 3
    assert counts == sorted(counts)
    heights = [frame.height for frame in frames]
    assert max(heights) - min(heights) <= ONE_LINE
    places = [(frame.left, frame.width) for frame in it.seen() if frame.width]
    assert len(set(places[1:])) == 1  # the card's too; the first is seen before JupyterLab has laid it out
    assert "12,000 records" in output.inner_text()
    assert output.locator(".jupyter-widgets").count() == 0
    saved = it.save()
    assert "widget-view" not in saved
    assert "widgets" not in nbformat.reads(saved, as_version=4).metadata


def test_the_card_outlives_the_kernel_and_trust(
    notebook: Open, sent_to_somebody: Send, browser: Browser, tmp_path: Path
) -> None:
    it = notebook(CONNECT, FETCH)
    it.run(0)
    told = it.run(1).inner_text()
    it.save()
    copy = sent_to_somebody(it)
    assert not copy.is_trusted()
    assert copy.output(1).inner_text() == told
    assert [each for each in read(copy.output(1)) if not each.is_enough] == []
    assert told in published(browser, it.file, tmp_path)


def published(browser: Browser, notebook: Path, folder: Path) -> str:
    """What a browser without a network shows of the page that nbconvert makes."""
    command = [sys.executable, "-m", "nbconvert", "--to", "html", "--output-dir", str(folder), str(notebook)]
    subprocess.run(command, check=True, capture_output=True)
    page = browser.new_page(offline=True)
    try:
        page.set_content((folder / f"{notebook.stem}.html").read_text(encoding="utf-8"))
        return page.locator("body").inner_text()
    finally:
        page.close()


def test_many_fetches_of_a_cell_are_summed_up_in_one_card(notebook: Open) -> None:
    it = notebook(CONNECT, MANY)
    it.run(0)
    output = it.run(1)
    output.get_by_text("7 fetches").wait_for()
    assert output.locator(".jp-OutputArea-output").count() == 1


def test_a_glance_shows_no_panel(notebook: Open) -> None:
    it = notebook(CONNECT, "customers.head(3); None")
    it.run(0)
    it.watch(1)
    it.run(1)
    assert [frame.text for frame in it.seen()] == [""]


def test_progress_can_be_switched_off(notebook: Open) -> None:
    it = notebook(CONNECT, "table = customers.to_arrow(progress=False)")
    it.run(0)
    it.watch(1)
    it.run(1)
    assert [frame.text for frame in it.seen()] == [""]
