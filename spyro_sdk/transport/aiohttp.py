"""Send requests with aiohttp."""

from __future__ import annotations

import builtins

import aiohttp
from yarl import URL

from ..config import ConnectorConfig
from ..errors import ConnectorError
from ..http import Request, Response, origin
from .faults import CLOSED, CUT_SHORT, NO_HTTP, senseless, too_late, unanswered, untrusted
from .headers import by_name, usual
from .size import check_size
from .ways import Ways


class AiohttpTransport:
    """One pool of connections; a `Send`. Bodies are handed on as they came, compressed or not.

    It follows no redirect, retries nothing, keeps no cookie and reads no `.netrc`. It uses the proxies of the
    environment or the system, but for this machine, and the certificates that `trust.VARIABLES` name.
    """

    def __init__(self, config: ConnectorConfig, ways: Ways | None = None) -> None:
        self._config, self._ways = config, ways or Ways(config)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=config.pool_size),
            timeout=aiohttp.ClientTimeout(total=config.timeout),
            headers=usual(config),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,  # the worker that parses the page unzips it too
            read_bufsize=1 << 22,  # bytes; pages are megabytes
            trust_env=False,
        )
        # else aiohttp sends a GET twice, past limiter and statistics; it has no public switch
        self._session._retry_connection = False

    async def __call__(self, request: Request) -> Response:
        """Send a request and read the whole answer; raise `ConnectionError` when none comes.

        `ConfigurationError` where it cannot be sent at all, such as for a header with a line break;
        `LimitError` as soon as it is known to be bigger than `max_body`.
        """
        way = await self._ways.to(origin(request.url))
        try:
            async with self._session.request(
                request.method,
                URL(request.address, encoded=True),
                headers=dict(request.headers),
                data=request.body or None,
                allow_redirects=False,
                proxy=way.proxy,
                ssl=way.trust,
            ) as answer:
                body = await self._body(answer, request)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            problem = translated(error, self._config.name, request)
        else:
            return Response(answer.status, by_name(answer.headers.items()), body)
        raise problem  # here, so that what it stands for, which may show headers of ours, is not its context

    async def close(self) -> None:
        """Give back the connections."""
        await self._session.close()

    async def _body(self, answer: aiohttp.ClientResponse, request: Request) -> bytes:
        """The whole body; of a good one the first bytes are told to who wants to know."""
        check_size(answer.content_length or 0, self._config, request)
        chunks, size = [await answer.content.readany()], 0
        if request.heard is not None and answer.status == 200:
            request.heard(chunks[0], answer.headers.get("Content-Encoding"))
        while chunks[-1]:
            size += len(chunks[-1])
            check_size(size, self._config, request)
            chunks.append(await answer.content.readany())
        return b"".join(chunks)


def translated(error: BaseException, name: str, request: Request | None = None) -> ConnectorError:
    """Our error for one of aiohttp's, which may hold addresses and headers that are secret."""
    if isinstance(error, builtins.TimeoutError):
        return too_late(name, request)
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return untrusted(name, request)
    if isinstance(error, ValueError):
        return senseless(name, request)
    return unanswered(name, request, _reason(error))


def _reason(error: BaseException) -> str:
    """What went wrong, in words without an address."""
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return f"the proxy cannot be reached ({error.os_error.strerror or 'refused'})"
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy answered {error.status}"
    if isinstance(error, aiohttp.ClientConnectorError):
        return error.os_error.strerror or "the connection was refused"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return CLOSED
    if isinstance(error, aiohttp.ClientResponseError):
        return NO_HTTP
    if isinstance(error, aiohttp.ClientPayloadError):
        return CUT_SHORT
    if isinstance(error, OSError):
        return error.strerror or "the connection broke"
    return type(error).__name__
