"""The limit where addresses are known before: aiohttp asks for several at once, and throws away what comes.

The third argument says what is asked for: `items`, or the results of a `bulk` job.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
from stopwatch import ACTION, ADDRESS, HEADERS, IN_FLIGHT, PAGE, QUESTION, look_at_bytes, measure

JOBS = "/services/data/v67.0/jobs/query"


async def item_pages(session: aiohttp.ClientSession) -> list[str]:
    """The addresses of all pages: the first page says how many there are, and is asked for again."""
    told = await _json(session, "GET", f"/items?page=1&per_page={PAGE}")
    return [f"/items?page={number + 1}&per_page={PAGE}" for number in range(-(-told["total"] // PAGE))]


async def bulk_results(session: aiohttp.ClientSession) -> list[str]:
    """The addresses of all results of a job, once that is done."""
    job = (await _json(session, "POST", JOBS, json={"operation": "query", "query": QUESTION}))["id"]
    while (await _json(session, "GET", f"{JOBS}/{job}"))["state"] != "JobComplete":  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    found, path = [], f"{JOBS}/{job}/resultPages"
    while path:
        told = await _json(session, "GET", path)
        found += [page["resultUrl"] for page in told["resultPages"]]
        path = told.get("nextRecordsUrl")
    return found


async def _json(session: aiohttp.ClientSession, method: str, path: str, **options: Any) -> Any:
    headers = {"Accept-Encoding": "identity"}
    async with session.request(method, path, headers=headers, **options) as answer:
        return await answer.json()


async def read_all(addresses: Callable[[aiohttp.ClientSession], Awaitable[list[str]]]) -> int:
    """Read every page; return the bytes in them."""
    turns = asyncio.Semaphore(IN_FLIGHT)
    async with aiohttp.ClientSession(ADDRESS, headers=HEADERS, auto_decompress=False) as session:

        async def size(path: str) -> int:
            async with turns, session.get(path) as answer:
                return sum([len(chunk) async for chunk in answer.content.iter_any()])

        return sum(await asyncio.gather(*map(size, await addresses(session))))


WAYS = {"items": item_pages, "bulk": bulk_results}
measure(lambda: asyncio.run(read_all(WAYS[ACTION])), look_at_bytes)
