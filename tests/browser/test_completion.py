"""Tab offers what the service has: entities and columns, as JupyterLab asks the kernel for them."""

from __future__ import annotations

import pytest

from .conftest import Open
from .lab import KERNELS

CONNECT = """
import spyro_sdk as spyro
sf = spyro.connect("salesforce", demo={"records": 50})
sf.entities()
sf.describe("Customer")
"""


OFFERED = {
    'sf.fetch("Cu': "Customer",
    'sf["Opp': "Opportunity",
    'sf.describe("Log': "LoginHistory",
    'sf.fetch("Customer", columns=["annual_': "annual_revenue",
}


@pytest.mark.parametrize("kernel", KERNELS)
def test_tab_offers_what_the_service_has(notebook: Open, kernel: str) -> None:
    it = notebook(CONNECT, *("" for _ in OFFERED))
    it.run(0)
    for cell, (begun, offered) in enumerate(OFFERED.items(), start=1):
        it.type(cell, begun)
        assert any(offered in each for each in it.completed()), begun
