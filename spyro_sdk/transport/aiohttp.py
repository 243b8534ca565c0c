"""Send requests with aiohttp."""

from __future__ import annotations

import builtins
import os
import ssl
from collections.abc import Callable, Mapping
from typing import TypedDict
from urllib.request import getproxies

import aiohttp
from yarl import URL

from ..config import ConnectorConfig
from ..errors import CertificateError, ConfigurationError, ConnectionError, ConnectorError, TimeoutError
from ..http import Request, Response, origin, redacted
from ..secret import Unseen
from ..workers import in_worker
from .proxies import proxy_for
from .size import check_size
from .trust import chosen, trusted


class Way(TypedDict):
    """How to reach an origin."""

    proxy: str | None
    ssl: ssl.SSLContext | bool


LISTS = frozenset({"content-encoding", "link", "ratelimit", "ratelimit-policy"})
"""Headers that may come in several lines, which are then one list (RFC 9110 §5.3)."""


class AiohttpTransport:
    """One pool of connections; a `Send`. Bodies are handed on as they came, compressed or not.

    It follows no redirect, retries nothing, keeps no cookie and reads no `.netrc`. It uses the proxies of the
    environment or the system, but for this machine, and the certificates that `trust.VARIABLES` name.
    """

    def __init__(
        self,
        config: ConnectorConfig,
        *,
        environment: Mapping[str, str] = os.environ,
        proxies: Callable[[], Mapping[str, str]] = getproxies,
    ) -> None:
        environment = Unseen(environment)
        self._config, self._environment, self._proxies = config, environment, proxies
        self._ways: dict[str, Way] = {}
        if not isinstance(config.verify_ssl, bool):
            chosen(config)  # now, and not with the first request
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=config.pool_size),
            timeout=aiohttp.ClientTimeout(total=config.timeout),
            headers={"Accept-Encoding": "gzip, deflate", **config.headers},
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
        way = await self._way(origin(request.url))
        try:
            async with self._session.request(
                request.method,
                URL(request.address, encoded=True),
                headers=dict(request.headers),
                data=request.body or None,
                allow_redirects=False,
                **way,
            ) as answer:
                body = await self._body(answer, request)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            problem = translated(error, self._config.name, request)
        else:
            return Response(answer.status, _headers(answer.headers), body)
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

    async def _way(self, home: str) -> Way:
        """How to reach an origin, which is found out once."""
        if home not in self._ways:
            self._ways[home] = await in_worker(self._found, home)
        return self._ways[home]

    def _found(self, home: str) -> Way:
        trust = trusted(self._config, self._environment) if home.startswith("https:") else True
        return Way(proxy=proxy_for(home, self._proxies()), ssl=trust)


def _headers(sent: Mapping[str, str]) -> dict[str, str]:
    """The headers by their names in lower case; of one that came twice and is no list, the last."""
    headers: dict[str, str] = {}
    for name, text in ((name.lower(), text) for name, text in sent.items()):
        headers[name] = f"{headers[name]}, {text}" if name in LISTS and name in headers else text
    return headers


def translated(error: BaseException, name: str, request: Request | None = None) -> ConnectorError:
    """Our error for one of aiohttp's, which may hold addresses and headers that are secret."""
    where = f" at {redacted(request.url)}" if request else ""
    if isinstance(error, builtins.TimeoutError):
        return TimeoutError(f"{name} did not answer in time{where}", connector=name)
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return CertificateError(
            f"{name} showed a certificate that is not trusted{where}",
            connector=name,
            hint="behind a proxy that signs certificates, give verify_ssl the file with its own, or set"
            " SSL_CERT_FILE to it",
        )
    if isinstance(error, ValueError):
        return ConfigurationError(
            f"the request to {name}{where} cannot be sent: its address or a header makes no sense",
            connector=name,
        )
    return ConnectionError(f"no answer from {name}{where}: {_reason(error)}", connector=name)


def _reason(error: BaseException) -> str:
    """What went wrong, in words without an address."""
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return f"the proxy cannot be reached ({error.os_error.strerror or 'refused'})"
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy answered {error.status}"
    if isinstance(error, aiohttp.ClientConnectorError):
        return error.os_error.strerror or "the connection was refused"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "the connection was closed before an answer"
    if isinstance(error, aiohttp.ClientResponseError):
        return "it does not speak HTTP"
    if isinstance(error, aiohttp.ClientPayloadError):
        return "the answer was cut short"
    if isinstance(error, OSError):
        return error.strerror or "the connection broke"
    return type(error).__name__
