"""Send requests with httpcore."""

from __future__ import annotations

import asyncio
import builtins
import logging
import os
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from functools import lru_cache
from urllib.parse import quote, urlsplit
from urllib.request import getproxies

import httpcore

from ..config import ConnectorConfig
from ..errors import ConnectorError
from ..http import Request, Response, origin
from .faults import CLOSED, CUT_SHORT, NO_HTTP, senseless, too_late, unanswered, untrusted
from .headers import by_name, usual
from .size import check_size
from .ways import Way, Ways

AS_IT_IS = "".join(map(chr, range(0x21, 0x7F)))
"""Characters of a path and a query that go out as they are."""
LONGEST = 63  # characters between two dots of a host's name

LOGGERS = ("httpcore.connection", "httpcore.http11")
"""Who writes all headers into logs."""
_is_ours: ContextVar[bool] = ContextVar("spyro_httpcore", default=False)


def not_ours(_: logging.LogRecord) -> bool:
    """Leave out what is told of our requests; that of others stays."""
    return not _is_ours.get()


for _name in LOGGERS:
    logging.getLogger(_name).addFilter(not_ours)


class HttpcoreTransport:
    """A pool of connections for each origin; a `Send`. Bodies are handed on as they came, compressed or not.

    It behaves as `AiohttpTransport` does, and is imported in a quarter of the time; but pages take it longer.
    It knows no proxies, and no users in an address: `can_send` says so.
    """

    def __init__(
        self,
        config: ConnectorConfig,
        *,
        environment: Mapping[str, str] = os.environ,
        proxies: Callable[[], Mapping[str, str]] = getproxies,
    ) -> None:
        self._config, self._ways = config, Ways(config, environment, proxies)
        self._usual = usual(config)
        self._pools: dict[str, httpcore.AsyncConnectionPool] = {}

    async def can_send(self, request: Request) -> bool:
        """Whether nothing about a request is beyond us."""
        home = origin(request.url)
        return "@" not in request.url and (await self._ways.to(home)).proxy is None

    async def __call__(self, request: Request) -> Response:
        """Send a request and read the whole answer; raise `ConnectionError` when none comes.

        `ConfigurationError` where it cannot be sent at all, such as for a header with a line break;
        `LimitError` as soon as it is known to be bigger than `max_body`.
        """
        errand, pool = _Errand(self._config, request), await self._pool(origin(request.url))
        ours = _is_ours.set(True)
        try:
            async with asyncio.timeout(self._config.timeout):
                return await errand.run(pool, self._usual)
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError, ValueError) as error:
            problem = translated(error, self._config.name, request, is_midway=errand.is_answered)
        finally:
            _is_ours.reset(ours)
        raise problem  # here, so that what it stands for, which may show headers of ours, is not its context

    async def close(self) -> None:
        """Give back the connections."""
        while self._pools:
            await self._pools.popitem()[1].aclose()

    async def _pool(self, home: str) -> httpcore.AsyncConnectionPool:
        way = await self._ways.to(home)
        if home not in self._pools:
            self._pools[home] = httpcore.AsyncConnectionPool(
                ssl_context=_context(way) if home.startswith("https:") else None,
                max_connections=self._config.pool_size,
            )
        return self._pools[home]


class _Errand:
    """One request on its way."""

    def __init__(self, config: ConnectorConfig, request: Request) -> None:
        self._config, self._request = config, request
        self.is_answered = False

    async def run(self, pool: httpcore.AsyncConnectionPool, usual: Mapping[str, str]) -> Response:
        """Send it, and read the whole answer."""
        request = self._request
        headers = {name.lower(): (name, text) for name, text in [*usual.items(), *request.headers.items()]}
        async with pool.stream(
            request.method,
            _url(request.address),
            headers=[(name.encode(), text.encode()) for name, text in headers.values()],
            content=request.body or None,
        ) as answer:
            self.is_answered = True
            came = by_name((name.decode("latin-1"), _text(text)) for name, text in answer.headers)
            return Response(answer.status, came, await self._body(answer, came))

    async def _body(self, answer: httpcore.Response, headers: Mapping[str, str]) -> bytes:
        """The whole body; of a good one the first bytes are told to who wants to know."""
        check_size(int(headers.get("content-length", 0)), self._config, self._request)
        chunks, size = list[bytes](), 0
        async for chunk in answer.aiter_stream():
            if not chunks:
                self._hear(answer, chunk, headers)
            size += len(chunk)
            check_size(size, self._config, self._request)
            chunks.append(chunk)
        if not chunks:
            self._hear(answer, b"", headers)
        return b"".join(chunks)

    def _hear(self, answer: httpcore.Response, start: bytes, headers: Mapping[str, str]) -> None:
        if self._request.heard is not None and answer.status == 200:
            self._request.heard(start, headers.get("content-encoding"))


def _url(address: str) -> httpcore.URL:
    """An address in its parts; `ValueError` for what is none."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    host = host if host.isascii() else host.encode("idna").decode()
    if parts.scheme not in ("http", "https") or not all(0 < len(it) <= LONGEST for it in host.split(".")):
        raise ValueError
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return httpcore.URL(
        scheme=parts.scheme,
        host=host,
        port=parts.port,
        target=quote(target, safe=AS_IT_IS, errors="surrogatepass"),
    )


def _context(way: Way) -> ssl.SSLContext:
    """What checks certificates."""
    return way.trust if isinstance(way.trust, ssl.SSLContext) else _made(checks=way.trust)


@lru_cache(maxsize=2)
def _made(*, checks: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not checks:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _text(header: bytes) -> str:
    return header.decode("utf-8", "surrogateescape")


def translated(error: BaseException, name: str, request: Request, *, is_midway: bool) -> ConnectorError:
    """Our error for one of httpcore's; `is_midway`: the answer had begun."""
    below = list(_below(error))
    if isinstance(error, builtins.TimeoutError):
        return too_late(name, request)
    if any(isinstance(it, ssl.SSLCertVerificationError) for it in below):
        return untrusted(name, request)
    if isinstance(error, ValueError | httpcore.LocalProtocolError):
        return senseless(name, request)
    return unanswered(name, request, CUT_SHORT if is_midway else _reason(error, below))


def _reason(error: BaseException, below: list[BaseException]) -> str:
    """What went wrong, in words without an address."""
    if isinstance(error, httpcore.RemoteProtocolError):
        return CLOSED if len(below) == 1 else NO_HTTP  # else h11 says what it met
    words = [it.strerror for it in below if isinstance(it, OSError) and it.strerror]
    return words[-1] if words else "the connection broke"


def _below(error: BaseException | None) -> Iterator[BaseException]:
    """The error, and those that it was made of, the outermost first."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
