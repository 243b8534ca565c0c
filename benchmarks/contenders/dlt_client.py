"""dlt: its RESTClient with the paginator for links in the body, and a DataFrame of the dicts."""

from __future__ import annotations

from typing import Any

import pandas as pd
from dlt.sources.helpers.rest_client import RESTClient
from dlt.sources.helpers.rest_client.paginators import JSONLinkPaginator
from stopwatch import ADDRESS, HEADERS, QUERY, QUESTION, look_at, measure


def read_all() -> pd.DataFrame:
    """Follow the pages, gather the dicts."""
    records: list[dict[str, Any]] = []
    client = RESTClient(ADDRESS, headers=HEADERS, paginator=JSONLinkPaginator("nextRecordsUrl"))
    for page in client.paginate(QUERY, params={"q": QUESTION}, data_selector="records"):
        records += page
    return pd.DataFrame(records).drop(columns="attributes")


measure(read_all, look_at)
