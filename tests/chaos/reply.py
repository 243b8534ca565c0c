"""An answer as its bytes go out: whole, in chunks, cut anywhere, slowly, or without an end."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

CHUNK = 97  # bytes of a chunk: no multiple of anything
BLOCK = 1 << 18  # bytes written at once of what has no end

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Reply:
    """An answer, and what becomes of it on its way."""

    status: int = 200
    headers: Headers = ()
    body: bytes = b""
    framing: Literal["length", "chunked", "close"] = "length"
    cut: float | None = None
    """Bytes, head and all, after which no more go out; or, as a float, the part of all that does."""
    ending: Literal["keep", "close", "reset", "silence"] = "keep"
    """What is done after the last byte that goes out."""
    slow_from: float | None = None
    """The byte from which on one goes out at a time, from the end where it is negative; or a part of all."""
    pause: float = 0.0  # seconds between these
    endless: bytes = b""
    """What is sent again and again behind the body."""

    def having(self, *headers: tuple[str, str]) -> Reply:
        """With these headers, in the place of those that are called the same."""
        names = {name.lower() for name, _ in headers}
        kept = tuple(it for it in self.headers if it[0].lower() not in names)
        return replace(self, headers=kept + headers)

    def header(self, name: str) -> str | None:
        return next((text for known, text in self.headers if known.lower() == name), None)

    def zipped(self, encoding: str) -> Reply:
        """With its body packed once more."""
        packed = gzip.compress(self.body, 1, mtime=0) if encoding == "gzip" else zlib.compress(self.body, 1)
        known = self.header("content-encoding")
        names = f"{known}, {encoding}" if known else encoding
        return replace(self.having(("Content-Encoding", names)), body=packed)

    def written(self) -> bytes:
        """All bytes, if nothing came between."""
        return self._head() + self._framed()

    def on_the_wire(self) -> bytes:
        """The bytes that really go out, but for those without an end."""
        whole = self.written()
        return whole[: _place(self.cut, whole)]

    def in_pieces(self) -> tuple[bytes, bytes]:
        """Those that go out at once, and those that go out one by one."""
        whole = self.on_the_wire()
        slow = len(whole) if self.slow_from is None else _place(self.slow_from, whole)
        return whole[:slow], whole[slow:]

    def _head(self) -> bytes:
        lines = [f"HTTP/1.1 {self.status} So"]
        lines += [f"{name}: {text}" for name, text in self.headers]
        if self.framing == "length" and not self.endless and self.header("content-length") is None:
            lines.append(f"Content-Length: {len(self.body)}")
        if self.framing == "chunked":
            lines.append("Transfer-Encoding: chunked")
        if self.framing == "close":
            lines.append("Connection: close")
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def _framed(self) -> bytes:
        return b"".join(chunks(self.body)) if self.framing == "chunked" else self.body


def _place(at: float | None, whole: bytes) -> int | None:
    """A place in an answer, told as a number, or as a part of it."""
    return int(at * len(whole)) if isinstance(at, float) else at


def chunks(body: bytes) -> Iterator[bytes]:
    """A body in chunks, with the one that ends it."""
    for at in range(0, len(body), CHUNK):
        piece = body[at : at + CHUNK]
        yield b"%x\r\n%b\r\n" % (len(piece), piece)
    yield b"0\r\n\r\n"
