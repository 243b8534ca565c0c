"""spyro_sdk: by the road that the third argument names first, to what it names next.

The roads are Salesforce's `rest` and `bulk`, and, declared as docs/write-a-connector.md shows, a service of
one's own whose pages are asked for by `page` or `offset`.
"""

from __future__ import annotations

import os
import tempfile
from typing import Any, ClassVar

import anyio
import pandas as pd
import platformdirs  # noqa: F401  # what the others import before the clock starts, is imported here too
import pyarrow as pa
import pyarrow.parquet as pq
from stopwatch import ACTION, ADDRESS, ALLOWED, PAGE, Found, look_at, measure

import spyro_sdk as spyro
from spyro_sdk import connect, exporting  # noqa: F401  # with all behind them, which waits to be asked for
from spyro_sdk.arrow import partition  # noqa: F401
from spyro_sdk.connectors.salesforce import Salesforce, sheet  # noqa: F401
from spyro_sdk.paging import Offset, PageNumber
from spyro_sdk.transport import aiohttp  # noqa: F401

ROAD, SINK = ACTION.split()
CHECKED = ["Id", "NumberOfEmployees"]
MEGABYTE = 10**6
TEXT, TIME = pa.string(), pa.timestamp("ms", "UTC")
COLUMNS = {
    "Id": TEXT,
    "IsDeleted": pa.bool_(),
    "Name": TEXT,
    "Type": TEXT,
    "ParentId": TEXT,
    "BillingStreet": TEXT,
    "BillingCity": TEXT,
    "BillingState": TEXT,
    "BillingPostalCode": TEXT,
    "BillingCountry": TEXT,
    "Phone": TEXT,
    "Website": TEXT,
    "Industry": TEXT,
    "AnnualRevenue": pa.float64(),
    "NumberOfEmployees": pa.int64(),
    "Description": TEXT,
    "Rating": TEXT,
    "OwnerId": TEXT,
    "CreatedDate": TIME,
    "CreatedById": TEXT,
    "LastModifiedDate": TIME,
    "LastModifiedById": TEXT,
    "SystemModstamp": TIME,
    "LastActivityDate": pa.date32(),
    "AccountSource": TEXT,
    "Health_Score__c": pa.float64(),
}
BY = {"page": PageNumber(is_stable=True), "offset": Offset(is_stable=True)}
"""The service has whole pages only, and nobody changes it: pages need not overlap."""


class Directory(spyro.RestConnector):
    """A plain REST API with one list."""

    name = "directory"
    credentials: ClassVar = (("base_url", "access_token"),)
    defaults: ClassVar = {"auth_type": "bearer"}
    offers: ClassVar = (
        spyro.Entity(
            "Account",
            path="/items",
            records="items",
            total="total",
            paging=BY.get(ROAD, BY["page"]),
            key="Id",
            schema=pa.schema(COLUMNS),
        ),
    )


def settings() -> dict[str, Any]:
    """What a user would set: the rate that the service grants, evenly, since it counts every second."""
    rate = {"rate_limit": 1e6, "burst_size": 1_000}  # requests a minute, and at once
    if ALLOWED:
        rate = {"rate_limit": ALLOWED * 60, "burst_size": 1}
    return {"base_url": ADDRESS, "access_token": "token", "page_size": PAGE, "progress": False, **rate}


def fetch() -> Any:
    """Connect, describe, fetch."""
    road = {} if ROAD in BY else {"api": ROAD}
    with connect(Directory if ROAD in BY else Salesforce, **settings()) as service:
        accounts = service.fetch("Account", **road)
        if SINK != "to_parquet":
            return getattr(accounts, SINK)()
        path = os.path.join(tempfile.mkdtemp(), "accounts.parquet")
        accounts.to_parquet(path)
        return path


def look(result: Any) -> Found:
    """What is found in any of the three results; a file is removed."""
    if isinstance(result, pd.DataFrame):
        return look_at(result)
    size = result.nbytes / MEGABYTE if isinstance(result, pa.Table) else None
    table = _read(result) if isinstance(result, str) else result
    return *look_at(table.select(CHECKED).to_pandas())[:2], size


def _read(path: str) -> pa.Table:
    table = pq.read_table(path, columns=CHECKED)
    os.remove(path)
    os.rmdir(os.path.dirname(path))
    return table


anyio.run(anyio.sleep, 0)  # which imports what it needs when it first runs
measure(fetch, look)
