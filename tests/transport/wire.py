"""Services that write what each test wants to the socket, byte by byte."""

import asyncio
from contextlib import asynccontextmanager, suppress


@asynccontextmanager
async def running(talk, *, context=None):
    """Let `talk` have each connection; yield the address, and end what is left at the end."""
    tasks, talking = set(), set()

    async def have(reader, writer):
        tasks.add(task := asyncio.current_task())
        talking.add(task)
        try:
            await talk(reader, writer)
        except (asyncio.CancelledError, asyncio.IncompleteReadError, OSError):
            pass  # one of us has gone away
        finally:
            talking.discard(task)
            if context:
                writer.transport.abort()  # else it waits for a farewell, for which nobody listens
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    server = await asyncio.start_server(have, "127.0.0.1", 0, ssl=context)
    try:
        yield f"http{'s' if context else ''}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in talking:
            task.cancel()
        await asyncio.gather(*tasks)
        for _ in range(100):  # those whose handshake has failed have no task
            if not has_clients(server):
                break
            await asyncio.sleep(0.01)


def has_clients(server):
    """Whether a transport of its is open: until Python 3.12 it says so to nobody."""
    return bool(getattr(server, "_clients", None) or getattr(server, "_active_count", 0))


class Service:
    """Writes `reply` to each connection; `received` are the requests, head and body apart."""

    def __init__(self, reply, closes):
        self.reply, self.closes = reply, closes
        self.received = []
        self.connections = 0

    async def __call__(self, reader, writer):
        self.connections += 1
        while head := await reader.readuntil(b"\r\n\r\n"):
            size = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0] or 0)
            self.received.append((head.decode(), await reader.readexactly(size)))
            if self.reply is None:
                await reader.read()  # until one of us goes away
                break
            writer.write(self.reply)
            await writer.drain()
            if self.closes:
                break


@asynccontextmanager
async def serving(reply, *, closes=True, context=None):
    """A service that says the same to everybody; None: nothing at all."""
    service = Service(reply, closes)
    async with running(service, context=context) as service.url:
        yield service


def ok(body=b"", *headers):
    lines = [b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join([*lines, b"", body])


@asynccontextmanager
async def halting(status, start, rest):
    """A service that stops after the first bytes of a body, until it is told to go on."""
    go_on = asyncio.Event()

    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        head = (
            f"HTTP/1.1 {status} So\r\nContent-Length: {len(start + rest)}\r\nContent-Encoding: gzip\r\n\r\n"
        )
        writer.write(head.encode() + start)
        await writer.drain()
        await go_on.wait()
        writer.write(rest)
        await writer.drain()

    async with running(answer) as url:
        yield f"{url}/", go_on
