"""The stop button ends a fetch at once, and what had arrived is kept."""

from __future__ import annotations

import pytest

from .conftest import Open
from .lab import KERNELS

CONNECT = """
import spyro_sdk as spyro
sf = spyro.connect("salesforce", demo={"records": 20_000, "latency": 100}, page_size=500)
customers = sf.fetch("Customer", columns=["name"], api="rest")
customers.count()
"""
AT_ONCE = 0.5 + 0.3  # seconds: what is promised, and what it takes to measure it on a busy machine


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_stop_button_stops_a_fetch_and_keeps_what_came(notebook: Open, kernel: str) -> None:
    it = notebook(CONNECT, "customers.to_arrow()", "customers.partial.num_rows", "customers.count()")
    it.run(0)
    it.start(1)
    it.page.wait_for_timeout(1000)
    assert it.stop(1) < AT_ONCE
    assert 0 < int(it.run(2).inner_text().split()[-1]) < 20_000
    assert it.run(3).inner_text().split()[-1] == "20000"
