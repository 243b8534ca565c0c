"""The Content-Encoding of a body is undone, and no bomb fills the memory."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeAlias

from ..errors import DecodeError, LimitError

ZIPPED = frozenset({"gzip", "x-gzip", "deflate"})
PAGE_LIMIT = 1 << 30  # bytes of one page, unzipped
RATIO = 100
"""Bytes out of each byte in that a page of records may have; a bomb has 200 to 1,000."""
UNSUSPICIOUS = 32 << 20  # bytes that may come out before the ratio is looked at
SLICE = 1 << 16  # bytes unzipped at a time
PIECE = 1 << 20  # bytes of memory asked for at a time
MOST_TIMES = 4  # that a body may be packed; who does it twice is rare
START = 1 << 16  # bytes that are unzipped of a body which is not complete

Zip: TypeAlias = Any
"""A module with zlib's `decompressobj` and `error`."""


def fastest(name: str = "isal.isal_zlib") -> Zip:
    """The module `name`, which unzips several times as fast as zlib, or zlib where there is none."""
    try:
        return import_module(name)
    except ImportError:
        return zlib


FASTEST = fastest()


def inflate(body: bytes, encoding: str | None, *, limit: int = PAGE_LIMIT, unzip: Zip = FASTEST) -> bytes:
    """Undo the Content-Encoding of a body; raise `DecodeError` for one that is damaged.

    `LimitError` before more than `limit` bytes are out, or more than any page of records is zipped: of a
    body that is packed again and again the bytes that came count.
    """
    names = _names(encoding)
    if len(names) > MOST_TIMES:
        raise LimitError(f"the body is packed {len(names):,} times; {MOST_TIMES} are enough")
    bounds = _Bounds(limit, len(body))
    for name in reversed(names):
        body = _inflate(body, name, bounds, unzip)
    return body


def pieces(body: bytes, encoding: str | None, *, limit: int = PAGE_LIMIT) -> Iterable[bytes]:
    """Undo the Content-Encoding of a body a little at a time; raise as `inflate` does."""
    match _names(encoding):
        case [name] if name in ZIPPED:
            return _pieces(body, name, _Bounds(limit, len(body)), FASTEST)
    return (inflate(body, encoding, limit=limit),)


def beginning(start: bytes, encoding: str | None, *, unzip: Zip = FASTEST) -> bytes:
    """Unzip what has come of a body that is not complete, some kB at most; b"" where that cannot be done."""
    match _names(encoding):
        case ["identity"]:
            return start[:START]
        case [name] if name in ZIPPED:
            try:
                return bytes(unzip.decompressobj(_window(start, name)).decompress(start, START))
            except unzip.error:
                return b""
    return b""


def _names(encoding: str | None) -> list[str]:
    return [name.strip() or "identity" for name in (encoding or "").lower().split(",")]


@dataclass(frozen=True, slots=True)
class _Bounds:
    """How much may come out."""

    limit: int  # bytes
    came: int  # bytes of the body as it came, however often it was packed

    def check(self, size: int, read: int) -> None:
        """Raise `LimitError` where `size` bytes are too many to come out of those that were read."""
        if size > self.limit:
            raise LimitError(f"the body unzips to more than {self.limit:,} bytes, which is max_body")
        if size > max(UNSUSPICIOUS, RATIO * min(read, self.came)):
            raise LimitError(f"the body unzips to more than {RATIO} times its size: no page of records does")


def _inflate(body: bytes, encoding: str, bounds: _Bounds, unzip: Zip) -> bytes:
    if encoding == "identity":
        bounds.check(len(body), len(body))
        return body
    if encoding not in ZIPPED:
        raise DecodeError(f"the body is encoded as {encoding[:60]!r}; only gzip and deflate can be read")
    return b"".join(_pieces(body, encoding, bounds, unzip))


def _pieces(body: bytes, encoding: str, bounds: _Bounds, unzip: Zip) -> Iterable[bytes]:
    try:
        yield from _unzipped(body, encoding, bounds, unzip)
    except unzip.error as error:
        raise DecodeError(f"the {encoding} body is damaged: {error}") from None


def _unzipped(body: bytes, encoding: str, bounds: _Bounds, unzip: Zip) -> Iterable[bytes]:
    """Unzip a little at a time, so that a bomb is known before it fills the memory."""
    member = unzip.decompressobj(_window(body, encoding))
    size, at = 0, 0
    while at < len(body):
        tail = body[at : at + SLICE]
        at += len(tail)
        piece = None
        while not member.eof and (tail or piece):
            piece = member.decompress(tail, PIECE)
            tail = member.unconsumed_tail
            size += len(piece)
            bounds.check(size, at)
            yield piece
        if member.eof:
            at -= len(member.unused_data)
            if not body[at : at + 1].strip(b"\0") and not body[at:].strip(b"\0"):  # some pad with zeros
                return
            member = unzip.decompressobj(_window(body, encoding))  # gzip members may follow each other
    raise DecodeError(f"the {encoding} body is cut short after {len(body):,} bytes")


def _window(body: bytes, encoding: str) -> int:
    """What zlib calls wbits; `deflate` is sent with a zlib header or, against RFC 9110 §8.4.1.2, without."""
    if encoding != "deflate":
        return 31
    header = int.from_bytes(body[:2])
    return 15 if header % 31 == 0 and header >> 8 & 15 == 8 else -15  # RFC 1950 §2.2
