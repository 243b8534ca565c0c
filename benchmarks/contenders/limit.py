"""The limit: aiohttp follows the pages and throws them away, still packed."""

from __future__ import annotations

import asyncio
import re
import zlib

import aiohttp
from stopwatch import ADDRESS, HEADERS, QUERY, QUESTION, look_at_bytes, measure

NEXT = re.compile(rb'"nextRecordsUrl":"([^"]+)"')  # stands before the records
HEAD = 300  # bytes in which it does


def next_page(start: bytes, encoding: str | None) -> str | None:
    """The address of the next page, from the first bytes of this one."""
    head = zlib.decompressobj(31).decompress(start, HEAD) if encoding == "gzip" else start[:HEAD]
    found = NEXT.search(head)
    return found[1].decode() if found else None


async def read_all() -> int:
    """Read every page; return the bytes in them."""
    size, params = 0, {"q": QUESTION}
    path: str | None = QUERY
    async with aiohttp.ClientSession(ADDRESS, headers=HEADERS, auto_decompress=False) as session:
        while path:
            async with session.get(path, params=params) as answer:
                start = await answer.content.readany()
                size += len(start)
                async for chunk in answer.content.iter_any():
                    size += len(chunk)
            path, params = next_page(start, answer.headers.get("Content-Encoding")), {}
    return size


measure(lambda: asyncio.run(read_all()), look_at_bytes)
