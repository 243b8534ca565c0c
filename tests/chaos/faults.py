"""The faults: each is data, and says what becomes of which answer, and how often."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from spyro_sdk.demo.http import Request

from .reply import Reply

LOGIN_PAGE = b"<!DOCTYPE html><html><head><title>Login</title></head><body>Who are you?</body></html>"
ALWAYS = 1_000_000  # times
DEEP = 200_000  # levels
LONG = 64 << 10  # bytes of a header
MEMBER = 1 << 24  # bytes that one member of a bomb unzips to
MANNERS = ("bom", "zipped", "framed")
"""No faults, but other ways to send what is sent: whatever becomes of an answer, it goes out so as well."""
STALE = ("closed", "length")
"""What may leave a line behind that looks as if it could be used: whoever does loses an attempt."""


@dataclass(frozen=True)
class Fault:
    """What becomes of the answer for a page, the first so many times."""

    kind: str
    page: int = 2
    """Counted from 1 in the order of the list, whenever it is asked for; 0 for any."""
    times: int = 1
    given: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        told = "".join(f" {name}={value!r:.40}" for name, value in self.given.items())
        return f"{self.kind}{told} on page {self.page or 'any'} ×{self.times}"


@dataclass(frozen=True)
class Scene:
    """Where a fault happens."""

    request: Request
    page: int
    elsewhere: str
    """The address of somebody else."""
    sent: Mapping[int, Reply]
    """The good answer for each page, as far as they were asked for."""


Spoil = Callable[..., Reply]
KINDS: dict[str, Spoil] = {}


def kind(spoil: Spoil) -> Spoil:
    """Enter a fault by its name."""
    KINDS[spoil.__name__] = spoil
    return spoil


def spoilt(fault: Fault, reply: Reply, scene: Scene) -> Reply:
    return KINDS[fault.kind](reply, scene, **fault.given)


# -- on the wire --------------------------------------------------------------------------------------


@kind
def status(reply: Reply, scene: Scene, status: int, body: bytes = b"{}", **headers: str) -> Reply:
    """Another answer."""
    named = tuple((name.replace("_", "-"), text) for name, text in headers.items())
    return Reply(status, (("Content-Type", "application/json"), *named), body)


@kind
def headers(reply: Reply, scene: Scene, **headers: str) -> Reply:
    """More headers on a good answer."""
    return reply.having(*((name.replace("_", "-"), text) for name, text in headers.items()))


@kind
def raw_headers(reply: Reply, scene: Scene, pairs: list[tuple[str, str]], status: int = 200) -> Reply:
    """Another status with headers some of which come twice."""
    body = reply.body if status == 200 else b"{}"
    return replace(reply, status=status, headers=reply.headers + tuple(pairs), body=body)


@kind
def cut(reply: Reply, scene: Scene, at: float = 0.5, ending: str = "close", framing: str = "length") -> Reply:
    """Nothing more after a byte, which is told as a number, or as a part of all."""
    return replace(reply, framing=framing, ending=ending, cut=at)


@kind
def framed(reply: Reply, scene: Scene, framing: str) -> Reply:
    """No fault: another way to say where the body ends."""
    return replace(reply, framing=framing)


@kind
def length(reply: Reply, scene: Scene, off: int) -> Reply:
    """A `Content-Length` that is wrong."""
    return replace(reply.having(("Content-Length", str(len(reply.body) + off))), ending="close")


@kind
def closed(reply: Reply, scene: Scene) -> Reply:
    """A good answer, after which the line is closed without a word: the next one to use it has bad luck."""
    return replace(reply, ending="close")


@kind
def slow(reply: Reply, scene: Scene, at: float = 0.5, pause: float = 0.05) -> Reply:
    """One byte at a time from there on, told as a number, from the end if negative, or as a part of all."""
    return replace(reply, slow_from=at, pause=pause)


@kind
def silence(reply: Reply, scene: Scene, at: float = 0.0) -> Reply:
    """Nothing more, and the line stays open."""
    return replace(reply, cut=at, ending="silence")


@kind
def zipped(reply: Reply, scene: Scene, encodings: str = "gzip") -> Reply:
    """No fault: packed, so often and so as is said."""
    for name in encodings.split(","):
        reply = reply.zipped(name)
    return reply


# -- instead of records -------------------------------------------------------------------------------


@kind
def body(reply: Reply, scene: Scene, content: bytes, content_type: str = "application/json") -> Reply:
    """Another body with a good status."""
    return replace(reply.having(("Content-Type", content_type)), body=content)


@kind
def login_page(reply: Reply, scene: Scene) -> Reply:
    return body(reply, scene, LOGIN_PAGE, "text/html")


@kind
def errors(reply: Reply, scene: Scene, path: str = "", **said: Any) -> Reply:
    """An error in a 200: instead of the records at `path`, or beside an empty list there."""
    payload = json.loads(reply.body) if path else {"data": None}
    if path:
        put(payload, path, [])
    return replace(reply, body=json.dumps({**payload, **said}).encode())


# -- in the text --------------------------------------------------------------------------------------


@kind
def replaced(reply: Reply, scene: Scene, old: bytes, new: bytes) -> Reply:
    """Some bytes of the body are others, the first time they are there."""
    return replace(reply, body=reply.body.replace(old, new, 1))


@kind
def bom(reply: Reply, scene: Scene) -> Reply:
    return replace(reply, body=b"\xef\xbb\xbf" + reply.body)


@kind
def deep(reply: Reply, scene: Scene, levels: int = DEEP) -> Reply:
    """A value that is nested very deep, in a body that is whole."""
    return replaced(reply, scene, b'"nothing":null', b'"nothing":' + b"[" * levels + b"]" * levels)


# -- too much -----------------------------------------------------------------------------------------


@cache
def bomb(size: int) -> bytes:
    """A gzip body that unzips to so many bytes of nothing."""
    return gzip.compress(b" " * MEMBER, 9, mtime=0) * (size // MEMBER)


@cache
def deflated_bomb(size: int) -> bytes:
    """The same in one stream, as zlib has it; its check sum is wrong, which nobody should come to see."""
    packer = zlib.compressobj(9)
    start = packer.compress(b" " * MEMBER) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(b" " * MEMBER) + packer.flush(zlib.Z_FULL_FLUSH)
    return start + block * (size // MEMBER - 1) + packer.flush()


@kind
def bombed(reply: Reply, scene: Scene, encoding: str = "gzip", size: int = 1 << 30) -> Reply:
    """A small body that unzips to a gigabyte."""
    packed = {"gzip": bomb, "deflate": deflated_bomb}[encoding](size)
    return replace(reply.having(("Content-Encoding", encoding)), body=packed)


@kind
def stacked(reply: Reply, scene: Scene, times: int) -> Reply:
    """A bomb that is packed again, so that it is smaller still."""
    reply = bombed(reply, scene)
    for _ in range(times - 1):
        reply = reply.zipped("gzip")
    return reply


@kind
def encoded(reply: Reply, scene: Scene, encoding: str) -> Reply:
    """Said to be packed as it is not."""
    return reply.having(("Content-Encoding", encoding))


@kind
def endless(reply: Reply, scene: Scene, what: bytes = b'{"id":1},', framing: str = "close") -> Reply:
    """Never an end."""
    start = reply.body[: reply.body.find(b"[{") + 1]
    if framing == "chunked":
        what *= 1_000
        what = b"%x\r\n%b\r\n" % (len(what), what)
        start = b""
    announced = (("Transfer-Encoding", "chunked"),) if framing == "chunked" else ()
    return replace(reply.having(*announced), body=start, endless=what, ending="close")


@kind
def endless_head(reply: Reply, scene: Scene) -> Reply:
    """Headers without an end."""
    return replace(reply, cut=20, endless=b"\r\nX-More: and more")


# -- where to go on -----------------------------------------------------------------------------------


@kind
def again(reply: Reply, scene: Scene, page: int) -> Reply:
    """What was answered for an earlier page, with all that it says of the next."""
    return scene.sent.get(page, reply)


@kind
def edited(reply: Reply, scene: Scene, **paths: Any) -> Reply:
    """Other values at these paths of the payload; `/` leads into an object."""
    payload = json.loads(reply.body)
    for path, value in paths.items():
        put(payload, path, value)
    return replace(reply, body=written(payload))


@kind
def rows(reply: Reply, scene: Scene, path: str, change: Callable[[list[Any]], list[Any]]) -> Reply:
    """Other records at a path, '' where the answer is the list of them."""
    payload = json.loads(reply.body)
    found = change(at(payload, path))
    if path:
        put(payload, path, found)
    return replace(reply, body=written(payload if path else found))


@kind
def in_between(reply: Reply, scene: Scene, records: str, following: str, more: str = "") -> Reply:
    """No record, and a way to this very page; `more` is where it says that there is more."""
    way = asked_again(scene.request, following)
    empty = rows(reply, scene, records, lambda found: [])
    empty = edited(empty, scene, **{more: True}) if more else empty
    if following.startswith("header:"):
        return empty.having(("Link", f'<{way}>; rel="next"'))
    return edited(empty, scene, **{following.removeprefix("token:").partition("=")[0]: way})


def asked_again(request: Request, following: str) -> str:
    """What leads to the page of a request: its address, or the token in it."""
    if following.startswith("token:"):
        return dict(parse_qsl(urlsplit(request.target).query))[following.partition("=")[2]] + "~"
    return f"http://{request.headers['host']}{request.target}~"


@kind
def linked(reply: Reply, scene: Scene, following: str, to: str) -> Reply:
    """A link to somebody else; `{elsewhere}` and `{target}` stand for who it is, and what is asked for."""
    if following.startswith("header:"):
        return reply.having(("Link", f'<{_way(to, scene)}>; rel="next"'))
    return edited(reply, scene, **{following: _way(to, scene)})


@kind
def redirected(reply: Reply, scene: Scene, to: str, status: int = 302) -> Reply:
    return Reply(status, (("Location", _way(to, scene)),))


def _way(to: str, scene: Scene) -> str:
    request = scene.request
    return to.format(elsewhere=scene.elsewhere, target=request.target, host=request.headers["host"])


def at(payload: Any, path: str) -> Any:
    for step in filter(None, path.split("/")):
        payload = payload[step]
    return payload


def put(payload: Any, path: str, value: Any) -> None:
    *outer, name = path.split("/")
    at(payload, "/".join(outer))[name] = value


def written(payload: Any) -> bytes:
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
