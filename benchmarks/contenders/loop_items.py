"""What one writes by hand for numbered pages: `requests` in a loop, and a DataFrame of the dicts."""

from __future__ import annotations

from typing import Any

import pandas as pd
import requests
from stopwatch import ADDRESS, HEADERS, PAGE, look_at, measure


def read_all() -> pd.DataFrame:
    """Ask for page after page until there are as many records as announced."""
    records: list[dict[str, Any]] = []
    total, number = 1, 0
    with requests.Session() as session:
        session.headers.update(HEADERS)
        while len(records) < total:
            number += 1
            page = session.get(f"{ADDRESS}/items", params={"page": number, "per_page": PAGE}).json()
            records += page["items"]
            total = page["total"]
    return pd.DataFrame(records)


measure(read_all, look_at)
