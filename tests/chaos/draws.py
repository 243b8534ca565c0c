"""What may happen in a schedule, drawn by lot: faults of each kind, and who is let in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any, TypeAlias

from .door import Door, Quota

A_DAY = 86_400.0  # seconds
ENOUGH = 50  # requests, more than any fetch of a schedule takes

Drawn: TypeAlias = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Place:
    """What stands where in the answers that are spoilt."""

    records: str = ""
    following: str = ""
    """As a style has it."""
    total: str = ""
    more: str = ""
    is_ours: bool = True
    """Whether these are the tests' own records, of which the text is known."""


Draw: TypeAlias = Callable[[Random, Place], Drawn]


def one(pick: Random, draws: dict[Draw, float], place: Place) -> Drawn:
    """One of the draws, by their weights."""
    (draw,) = pick.choices(list(draws), list(draws.values()))
    return draw(pick, place)


# -- what passes --------------------------------------------------------------------------------------


def _status(pick: Random, place: Place) -> Drawn:
    code = pick.choice([408, 429, 500, 502, 503, 504])
    waits = pick.choice([None, "0", "0.01", "soon", "-1", "NaN", "Thu, 01 Jan 1970 00:00:00 GMT"])
    return "status", {"status": code} if waits is None else {"status": code, "Retry_After": waits}


def _dialect(pick: Random, place: Place) -> Drawn:
    """Too many requests, as services say it that have no 429."""
    ways: list[dict[str, Any]] = [
        {"status": 403, "X_RateLimit_Remaining": "0", "Retry_After": "0"},
        {"status": 420, "Retry_After": "0.01"},
        {"status": 403, "body": b'{"message":"too many requests, slow down"}', "Retry_After": "0"},
        {"status": 400, "body": b'{"__type":"ThrottlingException","message":"Rate exceeded"}'},
    ]
    return "status", pick.choice(ways if place.is_ours else ways[:2])


def _told_twice(pick: Random, place: Place) -> Drawn:
    pairs = [("Retry-After", pick.choice(["86400", "soon"])), ("Retry-After", "0")]
    return "raw_headers", {"status": pick.choice([429, 503]), "pairs": pairs}


def _cut(pick: Random, place: Place) -> Drawn:
    ending, framing = pick.choice(["close", "reset"]), pick.choice(["length", "chunked", "close"])
    return "cut", {"at": pick.random(), "ending": ending, "framing": framing}


def _body(pick: Random, place: Place) -> Drawn:
    known = [
        b"",
        b" ",
        b"null",
        b"0",
        b"{}",
        b'"x"',
        b"[1]",
        b"<html>",
        b"[[]]",
        b'{"error":"x"}',
        b"\xff\xfe",
    ]
    return "body", {"content": pick.choice(known)}


def _error(pick: Random, place: Place) -> Drawn:
    return "errors", {"errors": pick.choice([["no"], [{"message": "no"}], "no"])}


def _text(pick: Random, place: Place) -> Drawn:
    wrong = [b"\xff", b"\\ud800", b"\n", b"\x00"]
    return "replaced", {"old": b'"name":"', "new": b'"name":"' + pick.choice(wrong)}


def _number(pick: Random, place: Place) -> Drawn:
    wrong = [b"9" * 5_000, b"1e99999999999999999999", b"[" * 5_000, b"-", b"01", b"nul"]
    return "replaced", {"old": b'"nothing":null', "new": b'"nothing":' + pick.choice(wrong)}


def _deep(pick: Random, place: Place) -> Drawn:
    return "deep", {"levels": pick.choice([3_000, 30_000])}


def _length(pick: Random, place: Place) -> Drawn:
    return "length", {"off": pick.choice([-1, 1]) * pick.randrange(1, 1_000)}


def _encoded(pick: Random, place: Place) -> Drawn:
    return "encoded", {"encoding": pick.choice(["gzip", "deflate", "br", "zstd", "gzip, gzip"])}


def _slow(pick: Random, place: Place) -> Drawn:
    return "slow", {"at": -pick.randrange(1, 40), "pause": 0.001}


def _silence(pick: Random, place: Place) -> Drawn:
    return "silence", {"at": pick.random()}


def _long_head(pick: Random, place: Place) -> Drawn:
    return "headers", {"X_Long": "x" * (64 << 10)}


def _always(kind: str) -> Draw:
    return lambda pick, place: (kind, {})


ON_THE_LINE: dict[Draw, float] = {
    _cut: 6,
    _status: 4,
    _body: 4,
    _length: 3,
    _encoded: 3,
    _dialect: 2,
    _always("login_page"): 2,
    _told_twice: 1,
    _always("closed"): 1,
    _slow: 0.5,
    _long_head: 0.3,
    _always("endless_head"): 0.3,
    _silence: 0.1,  # each costs half a second
}
"""What does not matter as long as it passes, whatever is sent."""
IN_THE_TEXT: dict[Draw, float] = {_text: 3, _number: 3, _deep: 0.3, _error: 2}
"""The same in records of our own."""


def _in_between(pick: Random, place: Place) -> Drawn:
    return "in_between", {"records": place.records, "following": place.following, "more": place.more}


def healing(pick: Random, place: Place) -> Drawn:
    """A fault that costs nothing as long as it passes."""
    draws = ON_THE_LINE | (IN_THE_TEXT if place.is_ours else {})
    if place.is_ours and place.following:
        draws |= {_in_between: 2}
    return one(pick, draws, place)


# -- what lasts ---------------------------------------------------------------------------------------


def _again(pick: Random, place: Place) -> Drawn:
    return "again", {"page": pick.randrange(1, 4)}


def _fewer(pick: Random, place: Place) -> Drawn:
    kept = pick.randrange(15)
    return "rows", {"path": place.records, "change": lambda found: found[:kept]}


def _twice(pick: Random, place: Place) -> Drawn:
    count = pick.randrange(1, 5)
    return "rows", {"path": place.records, "change": lambda found: [*found[count:], *found[-count:]]}


def _total(pick: Random, place: Place) -> Drawn:
    return "edited", {place.total: pick.choice([0, 1, 59, 61, 10**9])}


def _refused(pick: Random, place: Place) -> Drawn:
    return "status", {"status": pick.choice([400, 401, 403, 405, 409, 410, 422, 451, 501])}


def _too_long(pick: Random, place: Place) -> Drawn:
    return "status", {"status": pick.choice([429, 503]), "Retry_After": "86400"}


def _away(pick: Random, place: Place) -> Drawn:
    return "redirected", {"to": "{elsewhere}{target}", "status": pick.choice([301, 302, 307, 308])}


def _linked(pick: Random, place: Place) -> Drawn:
    ways = [
        "{elsewhere}{target}",
        "https://{host}{target}",
        "file:///etc/passwd",
        "http://[::1",
        "//evil.example",
    ]
    return "linked", {"following": place.following, "to": pick.choice(ways)}


def _bomb(pick: Random, place: Place) -> Drawn:
    return "bombed", {"size": 1 << 27, "encoding": pick.choice(["gzip", "deflate"])}


def _packed_bomb(pick: Random, place: Place) -> Drawn:
    return "stacked", {"times": 2}


def _endless(pick: Random, place: Place) -> Drawn:
    return "endless", {"framing": pick.choice(["close", "chunked"])}


HARMFUL: dict[Draw, float] = {
    _again: 4,
    _refused: 4,
    _away: 3,
    _too_long: 2,
    _bomb: 0.2,
    _packed_bomb: 0.1,
    _endless: 0.2,
}
"""What may be an error, and never a wrong result."""
OF_RECORDS: dict[Draw, float] = {_twice: 4}
TELLING: dict[Draw, float] = {_fewer: 4, _total: 4}
"""The same, where the service says how many records there are."""
LEADING: dict[Draw, float] = {_linked: 3}
"""The same, where it says how to go on with a link."""


def harmful(pick: Random, place: Place) -> Drawn:
    """A fault that lasts, of which an error may come, and never a wrong result."""
    draws = dict(HARMFUL)
    if place.records or place.is_ours:
        draws |= OF_RECORDS
    if place.total:
        draws |= TELLING
    if place.following and not place.following.startswith("token:"):
        draws |= LEADING
    return one(pick, draws, place)


def manner(pick: Random, place: Place) -> Drawn:
    """No fault, but another way to send all that comes."""
    way = pick.random()
    if way < 0.1:
        return "bom", {}
    if way < 0.5:
        return "framed", {"framing": pick.choice(["chunked", "close"])}
    return "zipped", {"encodings": pick.choice(["gzip", "deflate", "gzip,gzip"])}


# -- at the door --------------------------------------------------------------------------------------


def tokens(pick: Random, lanes: int | None) -> Door:
    """Tokens that end on the way; where many requests go at once, once only: each may meet that."""
    if lanes == 1:
        lasts = tuple(pick.randrange(3, 6) for _ in range(pick.randrange(1, 4)))
    else:
        lasts = (pick.randrange(1, 9),)
    return Door(lasts, pick.choice([0, 0, 1]))


def short_quota(pick: Random, lanes: int | None) -> Door:
    """Fewer requests at a time than are wanted, and more soon."""
    return Door(quota=Quota(pick.randrange(10, 14), pick.choice([0.03, 0.06])))


def long_quota(pick: Random, lanes: int | None) -> Door:
    """What is left of today's requests: enough, or not."""
    return Door(quota=Quota(pick.choice([2, 3, 5, ENOUGH, 10 * ENOUGH]), A_DAY, is_told=True))


def forgotten(pick: Random, lanes: int | None) -> Door:
    """Cursors that are over on the way, and tokens perhaps too."""
    return replace(tokens(pick, lanes) if pick.random() < 0.5 else Door(), forgets=pick.randrange(2, 9))
