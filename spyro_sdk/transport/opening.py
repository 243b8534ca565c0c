"""The first requests of a process go another way than the rest.

aiohttp moves pages several times as fast as `http.client`, and takes longer to import than a small fetch
takes altogether. So the first requests are sent by `http.client`, and aiohttp is imported for who sends more.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ..config import ConnectorConfig
from ..errors import ConnectionError
from ..http import Request, Response, Send
from ..warm import load
from ..workers import in_worker
from .plain import PlainTransport
from .ways import Ways

if TYPE_CHECKING:
    from .aiohttp import AiohttpTransport

FIRST = 4  # requests: what there is, the columns of an entity, a page, and one more
FULL = f"{__package__}.aiohttp"


class OpeningTransport:
    """Sends by `http.client` as long as aiohttp is not there, and not needed; a `Send`."""

    def __init__(self, config: ConnectorConfig) -> None:
        self._config, self._ways = config, Ways(config)
        self._plain = PlainTransport(config, self._ways)
        self._full: AiohttpTransport | None = None
        self._sent = 0

    async def __call__(self, request: Request) -> Response:
        """Send a request and read the whole answer; raise `ConnectionError` when none comes."""
        send = await self._sender(request)
        try:
            return await send(request)
        except ConnectionError:
            self._sent = FIRST  # aiohttp may fare better, such as where the first address of a host is dead
            raise

    async def close(self) -> None:
        """Give back the connections."""
        await self._plain.close()
        if self._full is not None:
            await self._full.close()

    async def _sender(self, request: Request) -> Send:
        if self._full is None:
            self._sent += 1
            is_early = self._sent <= FIRST and "aiohttp" not in sys.modules
            if is_early and await self._plain.can_send(request):
                return self._plain
            full = await in_worker(load, FULL)
            if self._full is None:
                self._full = full.AiohttpTransport(self._config, self._ways)
                await self._plain.close()  # an account has one pool; what is under way there comes to its end
        return self._full
