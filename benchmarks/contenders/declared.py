"""spyro_sdk: a source that is declared and not programmed, of which the third argument says which.

It is told where the list is, and finds out the rest: the records, their key, how the next page is asked for.
Of the plain API nothing tells that its pages have numbers, so that this is declared too.
"""

from __future__ import annotations

from typing import Any

import aiohttp  # noqa: F401  # what the others import before the clock starts, is imported here too
import pandas as pd
from stopwatch import ACTION, ADDRESS, PAGE, QUERY, QUESTION, look_at, measure

import spyro_sdk as spyro

SOURCES: dict[str, Any] = {
    "account": {"path": QUERY, "params": {"q": QUESTION}},
    "items": {
        "path": "/items",
        "paging": {"type": "page_number", "base_page": 1, "size_param": "per_page"},
    },
}


def fetch() -> pd.DataFrame:
    """Connect, find out, fetch."""
    rate = {"rate_limit": 1e6, "burst_size": 1_000}  # requests a minute, and at once
    settings = {"base_url": ADDRESS, "access_token": "token", "page_size": PAGE, "progress": False, **rate}
    with spyro.connect("rest", entities={ACTION: SOURCES[ACTION]}, **settings) as service:
        return service.fetch(ACTION).to_pandas()


measure(fetch, look_at)
