"""A kernel that asks a service as an account that it shares with others; a program for tests to run.

    python kernel.py ADDRESS FOLDER

For each line of its input it asks once and writes the status: `restart` with nothing in memory, `go on` with
the token that it has.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

from spyro_sdk.auth.oauth import OAuth, Renewal
from spyro_sdk.auth.tokens import Account, FileStore
from spyro_sdk.config import ConnectorConfig
from spyro_sdk.http import Request, Send
from spyro_sdk.transport.aiohttp import AiohttpTransport

ACCOUNT = Account("acme", "https://login.acme.example", "app")


def signing(address: str, folder: Path) -> OAuth:
    return OAuth(None, store=FileStore(folder), account=ACCOUNT, refresh=Renewal(f"{address}/token", "app"))


def transport() -> aclosing[AiohttpTransport]:
    it = AiohttpTransport(ConnectorConfig("acme", auth_type="none", timeout=10.0))
    it.aclose = it.close
    return aclosing(it)


async def status(auth: OAuth, send: Send, address: str) -> int:
    """Ask once, and after a 401 once more, as connectors do."""
    request = Request(f"{address}/data")
    signed = await auth.sign(request, send)
    answer = await send(signed)
    if answer.status == 401 and await auth.renew(signed):
        answer = await send(await auth.sign(request, send))
    return answer.status


async def serve(address: str, signing: Callable[[], OAuth]) -> None:
    auth = signing()
    async with transport() as send:
        while line := await asyncio.to_thread(sys.stdin.readline):
            if line.strip() == "restart":
                auth = signing()
            sys.stdout.write(f"{await status(auth, send, address)}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], lambda: signing(sys.argv[1], Path(sys.argv[2]))))
