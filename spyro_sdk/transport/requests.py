"""Send requests through a `requests.Session` that the user brings."""

from __future__ import annotations

import asyncio
import builtins
import logging
import ssl
from collections.abc import Iterator, Mapping
from contextlib import suppress
from contextvars import ContextVar
from http.client import HTTPException, IncompleteRead, RemoteDisconnected
from typing import Any

import requests
import urllib3.exceptions
from requests.auth import AuthBase
from requests.structures import CaseInsensitiveDict

from ..config import ConnectorConfig
from ..errors import ConfigurationError, ConnectionError, ConnectorError
from ..http import Request, Response, redacted
from .faults import CLOSED, CUT_SHORT, NO_HTTP, senseless, too_late, unanswered, untrusted
from .size import check_size
from .thread import in_thread

FIRST = 1 << 16  # bytes of a body, at most, that are told of before the rest is read
REST = 1 << 20  # bytes read at once; whoever is left looks up in between
ENCODED = ("content-encoding", "content-length", "transfer-encoding")
"""Headers that do not hold for a body which requests has decoded."""

OF_THE_WAY = (requests.RequestException, urllib3.exceptions.HTTPError, UnicodeError)
TOO_LATE = (requests.Timeout, urllib3.exceptions.TimeoutError)
REFUSED = urllib3.exceptions.NewConnectionError  # a TimeoutError to urllib3, which it is not
SENSELESS = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidHeader,
    urllib3.exceptions.LocationValueError,
    UnicodeError,
)
"""What is raised for a request that cannot be sent."""

LOGGERS = ("urllib3.connectionpool", "urllib3.util.retry")
"""Who writes addresses into logs, with all that is in them."""
_is_ours: ContextVar[bool] = ContextVar("spyro_requests", default=False)


def hidden(record: logging.LogRecord) -> bool:
    """Hide what may be secret in the addresses of our requests; records of others stay as they are."""
    if _is_ours.get() and isinstance(record.args, tuple):
        record.args = tuple(redacted(it) if isinstance(it, str) and "?" in it else it for it in record.args)
    return True


for _name in LOGGERS:
    logging.getLogger(_name).addFilter(hidden)


class RequestsTransport:
    """A `Send` over somebody's `requests.Session`, in threads of its own; bodies are handed on as they came.

    The session's `auth`, `cert`, `verify`, `proxies`, `cookies`, `headers`, hooks and adapters are used as
    they are. No redirect is followed, nothing is mounted, and the session is never closed: it stays its
    owner's. At most `pool_size` requests use it at once.
    """

    def __init__(self, config: ConnectorConfig, session: requests.Session) -> None:
        check_session(session, config)
        self._config, self._session = config, session
        self._room = asyncio.Semaphore(config.pool_size)
        self._errands: dict[_Errand, asyncio.Timeout] = {}

    async def __call__(self, request: Request) -> Response:
        """Send a request and read the whole answer; raise `ConnectionError` when none comes.

        When we are cancelled, or it takes too long, the thread is left to end by itself.
        """
        errand = _Errand(self._session, self._config, request)
        try:
            async with asyncio.timeout(self._config.timeout) as scope:
                self._errands[errand] = scope
                async with self._room:
                    return await in_thread(errand.run)
        except builtins.TimeoutError:
            if not scope.expired():
                raise
        finally:
            self._errands.pop(errand, None)
            errand.leave()
        raise self._closed() if errand.is_ended else too_late(self._config.name, request)

    @property
    def secrets(self) -> list[str]:
        """What the session sends of its owner's, which a service may say again."""
        usual = requests.utils.default_headers()
        found = [text for name, text in self._session.headers.items() if text != usual.get(name)]
        found += [it.value for it in self._session.cookies if it.value]
        found += self._session.auth if isinstance(self._session.auth, tuple) else ()
        return [it.decode("latin-1") if isinstance(it, bytes) else str(it) for it in found]

    async def close(self) -> None:
        """End what still waits for an answer; the session stays open."""
        for errand, scope in self._errands.items():
            errand.is_ended = True
            with suppress(RuntimeError):  # it has expired, or been cancelled, this very moment
                scope.reschedule(0.0)

    def _closed(self) -> ConnectionError:
        name = self._config.name
        return ConnectionError(f"the connection to {name} was closed", connector=name)


def check_session(session: Any, config: ConnectorConfig) -> None:
    """Raise `ConfigurationError` unless it is a session, and no setting beside it would be ignored."""
    if not isinstance(session, requests.Session):
        what = "the class" if isinstance(session, type) else f"a {type(session).__name__}"
        raise ConfigurationError(
            f"session is {what}: give a requests.Session()", field="session", connector=config.name
        )
    if config.verify_ssl is not True:
        raise ConfigurationError(
            "verify_ssl and session are both given: set session.verify instead",
            field="verify_ssl",
            connector=config.name,
        )


class _Errand:
    """One request on its way through a thread, which may be left alone with it."""

    def __init__(self, session: requests.Session, config: ConnectorConfig, request: Request) -> None:
        self.is_ended = False  # by closing, not by the clock
        self._session, self._config, self._request = session, config, request
        self._loop = asyncio.get_running_loop()
        self._is_left = False
        self._raw: urllib3.HTTPResponse | None = None  # what the body is read from
        self._answer: requests.Response | None = None
        self._response: Response | None = None

    def run(self) -> Response:
        """Send and read, in the thread; no error of ours that it raises holds a secret."""
        _is_ours.set(True)
        try:
            outcome = self._outcome()
        finally:
            if self._answer is not None:  # a hook that raises leaves it open
                self._answer.close()
        if isinstance(outcome, ConnectorError):
            raise outcome  # here, so that what it stands for is not its context
        return outcome

    def leave(self) -> None:
        """Let the thread end soon: nobody waits for it any more. Called on the loop's thread."""
        self._is_left = True
        if self._raw is not None:
            with suppress(OSError, RuntimeError, ValueError):  # it has been read to its end
                self._raw.shutdown()

    def _outcome(self) -> Response | ConnectorError:
        """The response, or our error for what requests and urllib3 raise."""
        try:
            return self._sent()
        except OF_THE_WAY as error:
            return translated(error, self._config.name, self._request)
        except OSError as error:
            if error.errno is not None:  # not of requests, which gives no number
                raise
            return self._without_file()

    def _sent(self) -> Response:
        try:
            answer = self._asked()
        except requests.HTTPError as error:  # a hook of the session's has called raise_for_status
            if error.response is None:
                raise
            answer = error.response
        return self._response or self._read(answer)  # a session of an odd kind heeds no hooks

    def _asked(self) -> requests.Response:
        request = self._request
        return self._session.request(
            request.method,
            request.address,
            headers=self._headers(),
            data=request.body or None,
            auth=self._auth(),
            timeout=self._config.timeout,
            allow_redirects=False,
            hooks={"response": [self._came, *_hooks(self._session), self._taken]},
            stream=True,
        )

    def _headers(self) -> CaseInsensitiveDict[str]:
        """Ours over the configuration's over the session's; `inflate` knows these encodings alone."""
        headers = CaseInsensitiveDict({"Accept-Encoding": "gzip, deflate"})
        headers.update(self._config.headers)
        headers.update(self._request.headers)
        return headers

    def _auth(self) -> AuthBase | None:
        """What writes `Authorization` over anything that requests would find; None: the session's own."""
        is_signed = any(name.lower() == "authorization" for name in self._request.headers)
        if is_signed and self._session.auth:
            raise ConfigurationError(
                f"session.auth and the credentials for {self._config.name} would both write Authorization:"
                " leave one of them out (auth_type='none' where the session signs in)",
                field="session",
                connector=self._config.name,
            )
        if self._session.auth or (not is_signed and self._config.auth_type == "none"):
            return None
        return _Signed(self._request)

    def _came(self, answer: requests.Response, *_: Any, **__: Any) -> None:
        """The first hook: know the answer, whatever becomes of it."""
        self._answer, self._response = answer, None

    def _taken(self, answer: requests.Response, *_: Any, **__: Any) -> None:
        """The last hook: take the answer before requests can look where it would lead."""
        self._response = self._read(answer)
        answer.headers.pop("Location", None)

    def _read(self, answer: requests.Response) -> Response:
        headers = {name.lower(): text for name, text in answer.headers.items()}
        try:
            body = self._wired(answer.raw, answer.status_code, headers)
            if body is None:  # a hook or an adapter has read it before, and decoded it
                headers = {name: text for name, text in headers.items() if name not in ENCODED}
                body = self._read_before(answer)
                self._hear(answer.status_code, body, None)
        finally:
            answer.close()
        return Response(answer.status_code, headers, body)

    def _wired(self, raw: Any, status: int, headers: Mapping[str, str]) -> bytes | None:
        """The whole body as it was sent; None where there is none to be read any more."""
        if not isinstance(raw, urllib3.HTTPResponse) or raw.closed:
            return None
        if raw.tell():  # somebody has read a part of it
            raise self._without_body()
        self._raw = raw
        check_size(raw.length_remaining or 0, self._config, self._request)
        start = raw.read1(FIRST, decode_content=False)
        self._hear(status, start, headers.get("content-encoding"))
        return b"".join(self._chunks(raw, start))

    def _hear(self, status: int, start: bytes, encoding: str | None) -> None:
        """Tell the first bytes of a good answer, on the loop's thread."""
        if self._request.heard and status == 200:
            with suppress(RuntimeError):  # the loop has ended meanwhile
                self._loop.call_soon_threadsafe(self._request.heard, start, encoding)

    def _chunks(self, raw: urllib3.HTTPResponse, chunk: bytes) -> Iterator[bytes]:
        """What has come, and the rest."""
        size = 0
        while chunk:
            size += len(chunk)
            check_size(size, self._config, self._request)
            yield chunk
            chunk = b"" if self._is_left else raw.read(REST, decode_content=False)

    def _read_before(self, answer: requests.Response) -> bytes:
        try:
            body = answer.content or b""
        except RuntimeError:
            raise self._without_body() from None
        check_size(len(body), self._config, self._request)
        return body

    def _without_body(self) -> ConfigurationError:
        return ConfigurationError(
            "a hook of the session reads the body and does not keep it: let it use response.content",
            field="session",
            connector=self._config.name,
        )

    def _without_file(self) -> ConfigurationError:
        return ConfigurationError(
            "session.verify, session.cert or REQUESTS_CA_BUNDLE names a file that is not there",
            field="session",
            connector=self._config.name,
        )


class _Signed(AuthBase):
    """Writes the `Authorization` of a request, if it has one, so that requests looks for none in `.netrc`."""

    def __init__(self, request: Request) -> None:
        self._request = request

    def __call__(self, prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        for name, text in self._request.headers.items():
            if name.lower() == "authorization":
                prepared.headers[name] = text
        return prepared


def translated(error: Exception, name: str, request: Request) -> ConnectorError:
    """Our error for one of requests' or urllib3's, which may hold addresses and headers that are secret."""
    below = list(_below(error))
    if any(isinstance(it, TOO_LATE) and not isinstance(it, REFUSED) for it in below):
        return too_late(name, request)
    if any(isinstance(it, ssl.CertificateError) for it in below):
        return untrusted(name, request, "session.verify the file with its own")
    if isinstance(error, SENSELESS):
        return senseless(name, request, "its address, a header or the session's proxy")
    return unanswered(name, request, _reason(error, below))


def _reason(error: Exception, below: list[BaseException]) -> str:
    """What went wrong, in words without an address."""
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy refused, or is not there"
    if isinstance(error, requests.exceptions.RetryError):
        return "the retries of the session's own are used up"
    for it in below:
        if isinstance(it, RemoteDisconnected):
            return CLOSED
        if isinstance(it, IncompleteRead):
            return CUT_SHORT
        if isinstance(it, HTTPException):
            return NO_HTTP
        if isinstance(it, OSError) and it.strerror:
            return it.strerror
    return type(error).__name__


def _below(error: BaseException) -> Iterator[BaseException]:
    """The error, and those that it was made of, the outermost first."""
    waiting, seen = [error], set[int]()
    while waiting:
        it = waiting.pop(0)
        if id(it) in seen:
            continue
        seen.add(id(it))
        yield it
        parts = [*it.args, getattr(it, "reason", None), it.__cause__, it.__context__]
        waiting += [part for part in parts if isinstance(part, BaseException)]


def _hooks(session: requests.Session) -> list[Any]:
    """The hooks of the session's own, which are one or many."""
    own: Any = session.hooks.get("response") or []
    return [own] if callable(own) else list(own)
