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


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize(
    ("begun", "offered"),
    [
        ('sf.fetch("Cu', "Customer"),
        ('sf["Opp', "Opportunity"),
        ('sf.describe("Log', "LoginHistory"),
        ('sf.fetch("Customer", columns=["annual_', "annual_revenue"),
    ],
)
def test_tab_offers_what_the_service_has(notebook: Open, kernel: str, begun: str, offered: str) -> None:
    it = notebook(CONNECT, "")
    it.run(0)
    it.type(1, begun)
    assert any(offered in each for each in it.completed())
