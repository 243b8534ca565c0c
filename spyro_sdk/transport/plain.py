"""Send requests with the standard library's `http.client`, in threads."""

from __future__ import annotations

import asyncio
import builtins
import ssl
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from http.client import (
    HTTPConnection,
    HTTPException,
    HTTPResponse,
    HTTPSConnection,
    IncompleteRead,
    InvalidURL,
    RemoteDisconnected,
)
from selectors import EVENT_READ, DefaultSelector
from socket import SHUT_RDWR, socket
from urllib.parse import SplitResult, quote, urlsplit

from ..config import ConnectorConfig
from ..errors import ConnectorError
from ..http import Request, Response, origin
from .faults import CLOSED, CUT_SHORT, NO_HTTP, senseless, too_late, unanswered, untrusted
from .headers import by_name, usual
from .size import check_size
from .thread import in_thread
from .trust import context_of
from .ways import Way, Ways

AS_IT_IS = "".join(map(chr, range(0x21, 0x7F)))
"""Characters of a path and a query that go out as they are."""
LONGEST = 63  # characters between two dots of a host's name
PIECE = 1 << 20  # bytes read at once
CONNECT = 5.0  # seconds that an address of a host has; then the next is tried


class PlainTransport:
    """Connections to each origin, which are used again; a `Send`. Bodies are handed on as they came.

    It behaves as `AiohttpTransport` does, and costs nothing to import; but pages take it longer. It knows no
    proxies, and no users in an address: `can_send` says so.
    """

    def __init__(self, config: ConnectorConfig, ways: Ways | None = None) -> None:
        self._config, self._ways = config, ways or Ways(config)
        self._room = asyncio.Semaphore(config.pool_size)
        self._idle: defaultdict[str, list[HTTPConnection]] = defaultdict(list)
        self._is_closed = False

    async def can_send(self, request: Request) -> bool:
        """Whether nothing about a request is beyond us."""
        home = origin(request.url)
        return "@" not in request.url and (await self._ways.to(home)).proxy is None

    async def __call__(self, request: Request) -> Response:
        """Send a request and read the whole answer; raise `ConnectionError` when none comes.

        `ConfigurationError` where it cannot be sent at all, such as for a header with a line break;
        `LimitError` as soon as it is known to be bigger than `max_body`. When we are cancelled, or it takes
        too long, the thread is left to end by itself.
        """
        home = origin(request.url)
        errand = _Errand(self._config, request, await self._ways.to(home))
        try:
            async with asyncio.timeout(self._config.timeout), self._room:
                errand.connection = self._taken(home)
                response = await in_thread(errand.run)
        except (HTTPException, OSError, ValueError) as error:
            problem = translated(error, self._config.name, request)
        else:
            self._keep(home, errand)
            return response
        finally:
            errand.leave()
        raise problem  # here, so that what it stands for, which may show headers of ours, is not its context

    async def close(self) -> None:
        """Give back the connections."""
        self._is_closed = True
        while self._idle:
            for connection in self._idle.popitem()[1]:
                connection.close()

    def _taken(self, home: str) -> HTTPConnection | None:
        """A connection that waits for more; one at which something has come since is at its end."""
        while self._idle[home]:
            connection = self._idle[home].pop()
            if not _is_readable(connection.sock):
                return connection
            connection.close()
        return None

    def _keep(self, home: str, errand: _Errand) -> None:
        if errand.connection and errand.connection.sock and not self._is_closed:
            self._idle[home].append(errand.connection)
            errand.connection = None


class _Errand:
    """One request on its way through a thread, which may be left alone with it."""

    def __init__(self, config: ConnectorConfig, request: Request, way: Way) -> None:
        self._config, self._request, self._way = config, request, way
        self._loop = asyncio.get_running_loop()
        self._is_left = self._has_ended = False
        self.connection: HTTPConnection | None = None
        """What it goes through; None before there is one, and where it has been kept for others."""
        self._socket: socket | None = None  # which outlives a connection that ends with its answer

    def run(self) -> Response:
        """Send it, and read the whole answer, in the thread."""
        try:
            return self._sent()
        finally:
            self._has_ended = True
            if self._is_left:
                self._close()

    def leave(self) -> None:
        """Close what was not kept, and let the thread end soon. Called on the loop's thread."""
        self._is_left = True
        if self._has_ended:
            self._close()
        elif self._socket is not None:
            with suppress(OSError):  # it has ended this very moment
                self._socket.shutdown(SHUT_RDWR)

    def _close(self) -> None:
        if self.connection is not None:
            self.connection.close()

    def _sent(self) -> Response:
        request, parts = self._request, _parts(self._request.address)
        connection = self.connection = self.connection or self._opened(parts)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        target = quote(target, safe=AS_IT_IS, errors="surrogatepass")
        connection.putrequest(request.method, target, skip_accept_encoding=True)
        for name, text in self._headers():
            connection.putheader(name, text.encode())
        if connection.sock is None:
            connection.connect()
        self._socket = sock = connection.sock
        sock.settimeout(self._config.timeout)
        if self._is_left:  # while it was connected: then nothing need be asked
            raise ConnectionAbortedError
        connection.endheaders(request.body or None)
        with connection.getresponse() as answer:
            headers = by_name((name, _text(text)) for name, text in answer.getheaders())
            return Response(answer.status, headers, self._body(answer, headers))

    def _opened(self, parts: SplitResult) -> HTTPConnection:
        host, timeout = parts.hostname or "", min(CONNECT, self._config.timeout)
        if parts.scheme == "https":
            return HTTPSConnection(host, parts.port, timeout=timeout, context=context_of(self._way.trust))
        return HTTPConnection(host, parts.port, timeout=timeout)

    def _headers(self) -> Iterator[tuple[str, str]]:
        """Ours, and those of the request, which count."""
        request, own = self._request, dict[str, str]()
        if request.body or request.method != "GET":
            own["Content-Length"] = str(len(request.body))
        if request.body:
            own["Content-Type"] = "application/octet-stream"
        every = [*usual(self._config).items(), *own.items(), *request.headers.items()]
        yield from {name.lower(): (name, text) for name, text in every}.values()

    def _body(self, answer: HTTPResponse, headers: Mapping[str, str]) -> bytes:
        """The whole body; of a good one the first bytes are told to who wants to know."""
        check_size(answer.length or 0, self._config, self._request)
        chunks, size = [answer.read1(PIECE)], 0
        if self._request.heard is not None and answer.status == 200:
            with suppress(RuntimeError):  # the loop has ended meanwhile
                self._loop.call_soon_threadsafe(
                    self._request.heard, chunks[0], headers.get("content-encoding")
                )
        while chunks[-1] and not self._is_left:
            size += len(chunks[-1])
            check_size(size, self._config, self._request)
            chunks.append(answer.read1(PIECE))
        if answer.length:  # so much is missing
            raise IncompleteRead(b"")
        return b"".join(chunks)


def _parts(address: str) -> SplitResult:
    """An address in its parts; `ValueError` for what is none."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    host = host if host.isascii() else host.encode("idna").decode()
    is_host = all(0 < len(label) <= LONGEST for label in host.split("."))
    if parts.scheme not in ("http", "https") or not is_host or parts.port == 0:
        raise ValueError
    return parts


def _is_readable(sock: socket) -> bool:
    """Whether something has come, or the end."""
    with DefaultSelector() as selector:
        selector.register(sock, EVENT_READ)
        return bool(selector.select(0))


def _text(header: str) -> str:
    """A header's text, which `http.client` takes for Latin-1."""
    return header.encode("latin-1").decode("utf-8", "surrogateescape")


def translated(error: BaseException, name: str, request: Request) -> ConnectorError:
    """Our error for one of http.client, or of the socket."""
    if isinstance(error, builtins.TimeoutError):
        return too_late(name, request)
    if isinstance(error, ssl.SSLCertVerificationError):
        return untrusted(name, request)
    if isinstance(error, InvalidURL) or (isinstance(error, ValueError) and not isinstance(error, OSError)):
        return senseless(name, request)
    return unanswered(name, request, _reason(error))


def _reason(error: BaseException) -> str:
    """What went wrong, in words without an address."""
    match error:
        case RemoteDisconnected():
            return CLOSED
        case IncompleteRead():
            return CUT_SHORT
        case HTTPException():
            return NO_HTTP
        case OSError(strerror=str(said)):
            return said
    return "the connection broke"
