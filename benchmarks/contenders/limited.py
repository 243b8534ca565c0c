"""Numbered pages from a service that allows so many requests a second: aiohttp, sixteen at a time.

The third argument says how the limit is kept: by `aiolimiter`, told what the service allows; or by `retry`,
which asks as fast as it can, and where the service says Retry-After nobody asks before that is over.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

import aiohttp
import pandas as pd
from aiolimiter import AsyncLimiter
from stopwatch import ACTION, ADDRESS, ALLOWED, HEADERS, IN_FLIGHT, PAGE, look_at, measure

Turn = AbstractAsyncContextManager[None]


class Reader:
    """Reads pages; what one of its requests is told to wait, all wait."""

    def __init__(self, session: aiohttp.ClientSession, turn: Turn) -> None:
        self._session, self._turn = session, turn
        self._places = asyncio.Semaphore(IN_FLIGHT)
        self._not_before = 0.0

    async def page(self, number: int) -> dict[str, Any]:
        """One page, asked for until it comes."""
        params = {"page": number, "per_page": PAGE}
        while True:
            async with self._places:
                await asyncio.sleep(max(0.0, self._not_before - time.monotonic()))
                async with self._turn, self._session.get("/items", params=params) as answer:
                    if answer.status != 429:
                        answer.raise_for_status()
                        return await answer.json()
                    wait = float(answer.headers["Retry-After"])
                    self._not_before = max(self._not_before, time.monotonic() + wait)


async def read_all() -> pd.DataFrame:
    """The first page says how many there are; then all others at once."""
    turn: Turn = AsyncLimiter(ALLOWED, 1) if ACTION == "aiolimiter" else nullcontext()
    async with aiohttp.ClientSession(ADDRESS, headers=HEADERS) as session:
        reader = Reader(session, turn)
        first = await reader.page(1)
        numbers = range(2, -(-first["total"] // PAGE) + 1)
        pages = [first, *await asyncio.gather(*map(reader.page, numbers))]
    return pd.DataFrame([record for page in pages for record in page["items"]])


measure(lambda: asyncio.run(read_all()), look_at)
