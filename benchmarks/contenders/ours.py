"""spyro_sdk: to a DataFrame, to an Arrow table, or to a Parquet file, by the third argument."""

from __future__ import annotations

import os
import sys
import tempfile
from typing import Any

import aiohttp  # noqa: F401  # what the others import before the clock starts, is imported here too
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from stopwatch import ADDRESS, look_at, measure

import spyro_sdk as spyro
from spyro_sdk.connectors.salesforce import Salesforce

ACTION = sys.argv[3]
CHECKED = ["Id", "NumberOfEmployees"]
SETTINGS: dict[str, Any] = {
    "base_url": ADDRESS,
    "access_token": "token",
    "progress": False,
    "rate_limit": 1e6,  # a minute: the default is what Salesforce bears, and would be all that is measured
    "burst_size": 1_000,
}


def fetch() -> Any:
    """Connect, describe, fetch."""
    with spyro.connect(Salesforce, **SETTINGS) as sf:
        accounts = sf.fetch("Account")
        if ACTION != "to_parquet":
            return getattr(accounts, ACTION)()
        path = os.path.join(tempfile.mkdtemp(), "accounts.parquet")
        accounts.to_parquet(path)
        return path


def look(result: Any) -> tuple[int, str]:
    """The count and the check of any of the three results; a file is removed."""
    if isinstance(result, str):
        path, result = result, pq.read_table(result, columns=CHECKED)
        os.remove(path)
        os.rmdir(os.path.dirname(path))
    frame = result.select(CHECKED).to_pandas() if isinstance(result, pa.Table) else result
    assert isinstance(frame, pd.DataFrame)
    return look_at(frame)


measure(fetch, look)
