"""What one writes by hand: `requests` in a loop, and a DataFrame of the dicts."""

from __future__ import annotations

from typing import Any

import pandas as pd
import requests
from stopwatch import ADDRESS, HEADERS, QUERY, QUESTION, look_at, measure


def read_all() -> pd.DataFrame:
    """Follow the pages, gather the dicts."""
    records: list[dict[str, Any]] = []
    with requests.Session() as session:
        session.headers.update(HEADERS)
        page = session.get(ADDRESS + QUERY, params={"q": QUESTION}).json()
        records += page["records"]
        while not page["done"]:
            page = session.get(ADDRESS + page["nextRecordsUrl"]).json()
            records += page["records"]
    return pd.DataFrame(records).drop(columns="attributes")


measure(read_all, look_at)
