"""One pool of connections for all that asks the same account."""

from __future__ import annotations

import asyncio
import builtins
from weakref import WeakKeyDictionary, WeakValueDictionary

from ..config import ConnectorConfig
from ..errors import ConnectionError
from ..http import Request, Response
from .opening import OpeningTransport

SETTINGS = ("headers", "max_body", "pool_size", "timeout", "verify_ssl")
"""What a pool is made with: an account that is asked with another of these gets another pool."""


class _Pool:
    """A transport, and how many hold a share in it."""

    def __init__(self, config: ConnectorConfig) -> None:
        self.send = OpeningTransport(config)
        self.shares = 0


_pools: WeakKeyDictionary[asyncio.AbstractEventLoop, WeakValueDictionary[bytes, _Pool]] = WeakKeyDictionary()
"""The open pools of each event loop, to which their sockets belong; the shares keep them alive."""


class SharedTransport:
    """A share in the pool of an account, opened with the first of them and closed with the last; a `Send`.

    Made on the event loop whose pool it shares. Closing it ends what it still waits for, and disturbs no
    other share.
    """

    def __init__(self, config: ConnectorConfig) -> None:
        self._name, self._key = config.name, config.fingerprint(*SETTINGS)
        self._pools = _pools.setdefault(asyncio.get_running_loop(), WeakValueDictionary())
        pool = self._pools.get(self._key) or _Pool(config)
        pool.shares += 1
        self._pool: _Pool | None = pool
        self._pools[self._key] = pool
        self._waiting: set[asyncio.Timeout] = set()

    async def __call__(self, request: Request) -> Response:
        """Send a request and read the whole answer; raise `ConnectionError` when none comes."""
        if self._pool is None:
            raise self._closed()
        scope = asyncio.timeout(None)
        self._waiting.add(scope)
        try:
            async with scope:
                return await self._pool.send(request)
        except builtins.TimeoutError:
            if scope.expired():
                raise self._closed() from None
            raise
        finally:
            self._waiting.discard(scope)

    async def close(self) -> None:
        """Give the share back; a second time does nothing."""
        pool, self._pool = self._pool, None
        if pool is None:
            return
        for scope in self._waiting:
            scope.reschedule(0.0)
        pool.shares -= 1
        if not pool.shares:
            del self._pools[self._key]
            await pool.send.close()

    def _closed(self) -> ConnectionError:
        return ConnectionError(f"the connection to {self._name} was closed", connector=self._name)
