"""What an API puts around the records of a page."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import urlencode

from .pagers import Cut, Params
from .store import as_json

MARK = "-- records --"
ABSENT = object()


@dataclass(frozen=True)
class Told:
    """What may be told of a page."""

    cut: Cut
    asked: Params
    origin: str
    """Scheme, host and port as the client wrote them."""

    @property
    def query(self) -> str | None:
        """That of the next page, with all that was asked for this one."""
        return None if self.cut.next is None else urlencode({**self.asked, **self.cut.next})


Word: TypeAlias = Callable[[Told], Any]


def absolute(told: Told) -> str | None:
    return told.query and f"{told.origin}/items?{told.query}"


def relative(told: Told) -> str | None:
    return told.query and f"/items?{told.query}"


def only_query(told: Told) -> str | None:
    return told.query and f"?{told.query}"


def token(told: Told) -> str | None:
    return None if told.cut.next is None else next(iter(told.cut.next.values()))


def more(told: Told) -> bool:
    return told.cut.next is not None


def no_more(told: Told) -> bool:
    return told.cut.next is None


def total(told: Told) -> int:
    return told.cut.total


def pages(told: Told) -> int:
    return told.cut.pages


def start(told: Told) -> int:
    return told.cut.after - len(told.cut.keys)


def size(told: Told) -> int:
    return told.cut.size


def always(value: Any) -> Word:
    return lambda told: value


def unless_last(word: Word) -> Word:
    """What stands there only where a page follows."""
    return lambda told: ABSENT if told.cut.next is None else word(told)


def link_header(told: Told) -> dict[str, str]:
    """As RFC 8288 has it, beside another link that leads elsewhere."""
    first = f'<{told.origin}/items>; rel="first"'
    following = absolute(told)
    return {"Link": f'<{following}>; rel="next", {first}' if following else first}


def no_headers(told: Told) -> dict[str, str]:
    return {}


def as_list(written: Mapping[int, bytes]) -> bytes:
    return b"[" + b",".join(written.values()) + b"]"


def by_key(written: Mapping[int, bytes]) -> bytes:
    return b"{" + b",".join(b'"%d":%b' % it for it in written.items()) + b"}"


@dataclass(frozen=True)
class Envelope:
    """Where in a body the records are, and what stands before and behind them; `/` leads into an object."""

    records: str = ""
    before: Mapping[str, Word] = field(default_factory=dict)
    behind: Mapping[str, Word] = field(default_factory=dict)
    headers: Callable[[Told], dict[str, str]] = no_headers
    write: Callable[[Mapping[int, bytes]], bytes] = as_list

    def body(self, told: Told, written: Mapping[int, bytes]) -> bytes:
        if not self.records:
            return self.write(written)
        payload: dict[str, Any] = {}
        for path, word in {**self.before, self.records: always(MARK), **self.behind}.items():
            _put(payload, path.split("/"), word(told))
        return as_json(payload).replace(json.dumps(MARK).encode(), self.write(written))


def _put(payload: dict[str, Any], path: list[str], value: Any) -> None:
    for step in path[:-1]:
        payload = payload.setdefault(step, {})
    if value is not ABSENT:
        payload[path[-1]] = value
