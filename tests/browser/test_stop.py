"""The stop button ends a fetch at once, and what had arrived is kept."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator

from spyro_sdk.notebook.theme import LINES

from .conftest import Open
from .lab import KERNELS

CONNECT = """
import spyro_sdk as spyro
sf = spyro.connect("salesforce", demo={"records": 20_000, "latency": 100}, page_size=500)
customers = sf.fetch("Customer", columns=["name"], api="rest")
customers.count()
"""
PAGES = re.compile(r"[\d,]+ of 20,000 records · page [3-9]")
AT_ONCE = 0.5 + 0.3  # seconds: what is promised, and what it takes to measure it on a busy machine


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_stop_button_stops_a_fetch_and_keeps_what_came(notebook: Open, kernel: str) -> None:
    it = notebook(CONNECT, "customers.to_arrow()", "customers.partial.num_rows", "customers.count()")
    it.run(0)
    it.start(1).get_by_text(PAGES).wait_for()
    assert it.stop(1, "Customer stopped") < AT_ONCE
    it.wait(1)
    kept = int(it.run(2).inner_text().split()[-1])
    assert 0 < kept < 20_000
    assert f"What had arrived is kept, {kept:,} records: fetch.partial" in it.output(1).inner_text()
    assert edge(it.output(1)) == LINES["waiting"]
    assert it.run(3).inner_text().split()[-1] == "20000"


def edge(output: Locator) -> str:
    """The color of a card's edge."""
    card = output.locator("div[style*='border-left']").first
    color = card.evaluate("it => getComputedStyle(it).borderLeftColor")
    return "#" + "".join(f"{int(it):02x}" for it in re.findall(r"\d+", color))
