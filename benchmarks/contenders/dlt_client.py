"""dlt: its RESTClient, and a DataFrame of the dicts.

The third argument says how it pages: `-` by the links in the bodies of Salesforce's pages, `items` by the
numbers of a plain API's.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from dlt.sources.helpers.rest_client import RESTClient
from dlt.sources.helpers.rest_client.paginators import JSONLinkPaginator, PageNumberPaginator
from stopwatch import ACTION, ADDRESS, HEADERS, PAGE, QUERY, QUESTION, look_at, measure

LINKS = {
    "path": QUERY,
    "params": {"q": QUESTION},
    "paginator": JSONLinkPaginator("nextRecordsUrl"),
    "data_selector": "records",
}
NUMBERS = {
    "path": "/items",
    "params": {"per_page": PAGE},
    "paginator": PageNumberPaginator(base_page=1, total_path=None),
    "data_selector": "items",
}


def read_all() -> pd.DataFrame:
    """Follow the pages, gather the dicts."""
    records: list[dict[str, Any]] = []
    for page in RESTClient(ADDRESS, headers=HEADERS).paginate(**(NUMBERS if ACTION == "items" else LINKS)):
        records += page
    return pd.DataFrame(records).drop(columns="attributes", errors="ignore")


measure(read_all, look_at)
