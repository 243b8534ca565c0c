"""aiosalesforce: its `query`, and a DataFrame of the records."""

from __future__ import annotations

import asyncio

import httpx
import pandas as pd
from aiosalesforce import Salesforce
from aiosalesforce.auth import ClientCredentialsFlow
from stopwatch import ADDRESS, QUESTION, look_at, measure


class Local(httpx.AsyncHTTPTransport):
    """Sends to the service what was meant for Salesforce's own addresses, which are all that it takes."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send it."""
        request.url = httpx.URL(ADDRESS).copy_with(raw_path=request.url.raw_path)
        return await super().handle_async_request(request)


async def read_all() -> pd.DataFrame:
    """Sign in, gather the records."""
    async with httpx.AsyncClient(transport=Local(), timeout=60) as client:
        sf = Salesforce(
            client,
            base_url="https://acme.my.salesforce.com",
            auth=ClientCredentialsFlow("id", "secret"),
            version="67.0",
        )
        records = [record async for record in sf.query(QUESTION)]
    return pd.DataFrame(records).drop(columns="attributes")


measure(lambda: asyncio.run(read_all()), look_at)
