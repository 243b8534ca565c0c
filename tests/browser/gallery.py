"""The cards, each with the cell that shows it: looked at in both themes, and drawn for the documents."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from playwright.sync_api import Locator

from .notebook import Notebook

T = TypeVar("T")

BEGIN = r"""
import contextlib, os, signal
from pathlib import Path

import spyro_sdk as spyro
from spyro_sdk.demo.guest import Guest
from spyro_sdk.demo.server import Service, Settings

service = Service(Settings(records=12_000, latency=10))
service.start()
credentials = {name: service.credentials[name] for name in ("client_id", "client_secret")}
Path("connections.toml").write_text(
    '[acme]\nconnector = "salesforce"\nbase_url = "https://acme.my.salesforce.com"\nclient_id = "3MVG9"\n'
    'client_secret = { env = "ACME_SECRET" }\n[github]\naccess_token = { keyring = "github" }\n'
)
os.environ["SPYRO_CONFIG_FOLDER"] = str(Path.cwd())
pages = iter(())

def stop_in_time(event):
    "Press the stop button when so many pages have come."
    if type(event).__name__ == "PageArrived" and next(pages, None) == 0:
        signal.raise_signal(signal.SIGINT)

sf = spyro.connect("salesforce", base_url=service.base_url, page_size=500, retry_delay=0.1,
                   observers=[stop_in_time], **credentials)
customers = sf.fetch("Customer", columns=["id", "name", "industry", "annual_revenue", "employee_count"],
                     where="annual_revenue > 1e6 or annual_revenue is null", since="2021-01-01", api="rest")
"""


class Exhibit(NamedTuple):
    """A card by its name, and the cell that shows it."""

    name: str
    code: str
    shows: str
    """What is in it, as a regular expression."""
    card: str = ""
    """The module that draws it, where that is not called so."""
    is_live: bool = False
    """Whether it is there only while the cell runs, which is then stopped."""


EXHIBITS = (
    Exhibit("gallery", "spyro.connectors()", "salesforce"),
    Exhibit("connection", "sf", "salesforce"),
    Exhibit("catalogue", "sf.entities(counts=True)", "Customer"),
    Exhibit("schema", 'sf.describe("Customer")', "annual_revenue"),
    Exhibit("sample", 'sf.describe("Contact", sample=True)', "first_name", "schema"),
    Exhibit("fetch", "customers", "employee_count"),
    Exhibit("plan", "customers.explain()", "ORDER BY Id"),
    Exhibit(
        "fetching",
        "service.delay(0.15); customers.to_arrow()",
        r"page ([4-9]|\d\d) of",
        is_live=True,
    ),
    Exhibit("fetched", "table = customers.to_arrow()", "Customer fetched"),
    Exhibit(
        "retried",
        """
service.delay(0.01)
service.fail(2, after=3)
service.html(1, after=6)
table = customers.to_arrow()
""",
        "3 retries",
        "fetched",
    ),
    Exhibit(
        "stopped",
        """
pages = iter(range(8, -1, -1))
with contextlib.suppress(KeyboardInterrupt):
    customers.to_arrow()
""",
        "fetch.partial",
        "fetched",
    ),
    Exhibit(
        "failed",
        """
service.fail(9, after=6)
with contextlib.suppress(spyro.ConnectorError):
    customers.to_arrow()
service.behave()
""",
        "Customer failed",
        "fetched",
    ),
    Exhibit(
        "several",
        """
for industry in ("Energy", "Banking", "Biotechnology"):
    sf.fetch("Customer", where=f"industry = '{industry}'").to_arrow()
""",
        "3 fetches",
        "fetched",
    ),
    Exhibit("head", "customers.head()", "employee_count"),
    Exhibit("quality", "customers.profile()", "annual_revenue"),
    Exhibit("error", 'sf.fetch("Custmer").to_pandas()', "did you mean 'Customer'"),
    Exhibit("stats", "sf.stats", "requests"),
    Exhibit("rate_limit", "sf.rate_limit", "1,200"),
    Exhibit("all_stats", "spyro.stats()", "salesforce"),
    Exhibit(
        "sign_in",
        'spyro.connect("salesforce", demo={"records": 51}, auth_mode="browser")',
        "sign-in page",
        is_live=True,
    ),
    Exhibit(
        "signed_in", 'spyro.login("salesforce", demo={"records": 50}, person=Guest())', "never-was.example"
    ),
    Exhibit("profiles", "spyro.profiles()", "ACME_SECRET"),
    Exhibit("signed_out", 'spyro.logout("salesforce", demo={"records": 50})', "salesforce"),
)


def cells() -> tuple[str, ...]:
    """A notebook in which all of them are shown, one after the other."""
    return (BEGIN, *(it.code.strip() for it in EXHIBITS))


def visit(notebook: Notebook, look: Callable[[Exhibit, Locator], T]) -> dict[str, T]:
    """Run the cells, and look at what each shows, without the number beside it; return what was seen."""
    notebook.run(0)
    return {it.name: _seen(notebook, cell, it, look) for cell, it in enumerate(EXHIBITS, start=1)}


def spot(notebook: Notebook, exhibit: Exhibit) -> Locator:
    """Where an exhibit hangs once its cell has run."""
    return notebook.output(EXHIBITS.index(exhibit) + 1).locator(".jp-OutputArea-output").last


def _seen(notebook: Notebook, cell: int, exhibit: Exhibit, look: Callable[[Exhibit, Locator], T]) -> T:
    output = notebook.start(cell)
    if not exhibit.is_live:
        notebook.wait(cell)
        return look(exhibit, spot(notebook, exhibit))
    place = output.locator(".jp-OutputArea-output", has_text=re.compile(exhibit.shows))
    place.wait_for()
    seen = look(exhibit, place)
    notebook.interrupt()
    notebook.wait(cell)
    return seen
