"""Hears a browser that comes back to this machine from a sign-in (RFC 8252 §7.3)."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from html import escape

from ..errors import SignInError
from ..secret import Secret
from .app import App

LONGEST = 1 << 14  # bytes of a request's head; a code is some hundred
PATIENCE = 10.0  # seconds in which a request must have come, and its answer be taken

PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title></head>
<body style="font: 1.1rem/1.5 sans-serif; max-width: 34rem; margin: 4rem auto; padding: 0 1rem">
<h1 style="font-size: 1.4rem">{title}</h1>
<p>{words}</p>
</body>
</html>
"""
WELCOME = "The sign-in goes on where you began it: go back there."
HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
    "Connection": "close",
}

Read = Callable[[Secret], str]
"""The code in a query; raises `SignInError`."""


class Loopback:
    """Answers one request for one path; whatever else comes is not found."""

    def __init__(self, app: App, port: int) -> None:
        self.redirect_uri = app.redirect_uri(port)
        self._path, self._host = app.redirect_path, _usual(self.redirect_uri.split("/")[2])
        self._read: Read | None = None
        self._code: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._talks: set[asyncio.StreamWriter] = set()
        self._servers: list[asyncio.Server] = []

    def expect(self, read: Read) -> None:
        """Hear the next browser that comes, and no other; until then none is heard."""
        self._read = read

    async def code(self) -> str:
        """Wait for the browser, and return the code with which it comes; raises what `read` does."""
        return await self._code

    async def open(self, *sockets: socket.socket) -> None:
        """Begin to listen."""
        for it in sockets:
            self._servers.append(await asyncio.start_server(self._talk, sock=it, limit=LONGEST))

    def close(self) -> None:
        """Close all sockets at once."""
        for server in self._servers:
            server.close()
        for writer in self._talks:
            writer.transport.abort()
        if self._code.done() and not self._code.cancelled():
            self._code.exception()  # seen, whoever came first

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._talks.add(writer)
        result: str | SignInError | None = None
        with suppress(OSError, ValueError, EOFError, asyncio.LimitOverrunError):  # it left, or is no browser
            async with asyncio.timeout(PATIENCE):
                head = await reader.readuntil(b"\r\n\r\n")
                status, page, result = self._answered(head.decode("latin-1"))
                writer.write(_message(status, page))
                await writer.drain()
        writer.close()
        self._talks.discard(writer)
        if result is not None:
            self._settle(result)

    def _settle(self, result: str | SignInError) -> None:
        if self._code.done():
            return
        if isinstance(result, SignInError):
            self._code.set_exception(result)
        else:
            self._code.set_result(result)

    def _answered(self, head: str) -> tuple[str, str, str | SignInError | None]:
        """The answer to a request, and what it means: a code, an error, or nothing at all."""
        method, target, _ = head.split("\r\n", 1)[0].split(" ")
        path, _, query = target.partition("?")
        if (method, path) != ("GET", self._path) or not self._is_for_us(head):
            return "404 Not Found", _page("There is nothing here", "This is not the page you want."), None
        if (read := self._read) is None:
            return "410 Gone", _page("This sign-in is over", "Go back and look there how it ended."), None
        self._read = None
        try:
            return "200 OK", _page("You may close this window", WELCOME), read(Secret(query))
        except SignInError as error:
            words = f"{error}. You may close this window; to go on, {error.hint}."
            # without the frames that led to it, which hold the query
            return "400 Bad Request", _page("This did not work", words), error.with_traceback(None)

    def _is_for_us(self, head: str) -> bool:
        """Whether the request names our own host: another name may have been made to lead here."""
        lines = (line.partition(":") for line in head.split("\r\n")[1:])
        return [_usual(text.strip()) for name, _, text in lines if name.lower() == "host"] == [self._host]


@asynccontextmanager
async def listening(app: App) -> AsyncIterator[Loopback]:
    """Listen on the app's port, or any free one, of this machine alone, and stop at the end.

    `SignInError` where another program has the port.
    """
    first = _reserved(socket.AF_INET, "127.0.0.1", app.redirect_port or 0)
    if first is None:
        raise SignInError(
            f"port {app.redirect_port or 'of any number'} of 127.0.0.1, where the browser is to come back,"
            " cannot be listened on: another program has it",
            error_code="port_taken",
            hint="end what uses it, or sign in with auth_mode='paste'",
        )
    port = first.getsockname()[1]
    # nobody else shall hear a browser that tries the other address family
    second = _reserved(socket.AF_INET6, "::1", port)
    door = Loopback(app, port)
    try:
        await door.open(*filter(None, (first, second)))
        yield door
    finally:
        door.close()


def _reserved(family: socket.AddressFamily, host: str, port: int) -> socket.socket | None:
    """A socket that has the port for itself; None where that cannot be."""
    try:
        it = socket.socket(family, socket.SOCK_STREAM)
    except OSError:
        return None
    # elsewhere than on Windows it allows to listen again soon after, and never two at once
    option = "SO_EXCLUSIVEADDRUSE" if os.name == "nt" else "SO_REUSEADDR"
    try:
        it.setsockopt(socket.SOL_SOCKET, getattr(socket, option), 1)
        it.bind((host, port))
        it.listen()
    except OSError:
        it.close()
        return None
    return it


def _usual(host: str) -> str:
    """A host as all spell it."""
    return host.lower().removesuffix(":80")


def _page(title: str, words: str) -> str:
    return PAGE.format(title=escape(title), words=escape(words))


def _message(status: str, page: str) -> bytes:
    body = page.encode()
    headers = {**HEADERS, "Content-Length": str(len(body))}
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {text}" for name, text in headers.items()), "", ""]
    return "\r\n".join(lines).encode() + body
