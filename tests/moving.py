"""A list that changes while it is read, page by page, in every style there is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pyarrow as pa

from spyro_sdk.errors import IntegrityError
from spyro_sdk.http import Request
from spyro_sdk.pages import Bounds, Foresee, Habits, Page, Pages, Way, keys_of
from spyro_sdk.paging import Answer, Counted, Foreseeing, LinkHeader, NextLink

URL = "https://acme.example/items"

Change = tuple[bool, float]
"""Whether a record is added, or else removed, and where: 0 is the front of the list, 1 its end."""


@dataclass
class Shelf:
    """The list: it changes between one answer and the next."""

    count: int
    changes: Sequence[Sequence[Change]] = ()
    """What happens before each answer."""
    cap: int | None = None
    """Records that are sent at once, however many are asked for."""
    says_total: bool = False
    steps: Sequence[int] = ()
    """How long each answer takes, in turns of the event loop."""
    asked: list[Any] = field(default_factory=list)
    answered: int = 0
    items: list[int] = field(init=False)
    stayed: set[int] = field(init=False)
    """The records that were there all the time."""

    def __post_init__(self) -> None:
        self.items = list(range(self.count))
        self.stayed = set(self.items)
        self._next = self.count

    def change(self) -> None:
        """Let happen what happens before the next answer."""
        due = self.changes[self.answered] if self.answered < len(self.changes) else ()
        self.answered += 1
        for is_added, where in due:
            self.alter(is_added, where)

    def alter(self, is_added: bool, where: float) -> None:
        """Add a record, or remove one."""
        if is_added:
            self.items.insert(round(where * len(self.items)), self._next)
            self._next += 1
        elif self.items:
            self.stayed.discard(self.items.pop(min(int(where * len(self.items)), len(self.items) - 1)))

    def window(self, start: int, size: int) -> list[int]:
        """The records from one on."""
        return self.items[max(0, start) : max(0, start) + min(size, self.cap or size)]


def params_of(request: Request) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(request.address).query))


def by_offset(shelf: Shelf, asked: dict[str, str]) -> tuple[list[int], Any, str]:
    return shelf.window(int(asked["offset"]), int(asked["limit"])), {}, ""


def by_number(shelf: Shelf, asked: dict[str, str]) -> tuple[list[int], Any, str]:
    size = min(int(asked["per_page"]), shelf.cap or int(asked["per_page"]))
    return shelf.window(size * (int(asked["page"]) - 1), size), {}, ""


def by_link(shelf: Shelf, asked: dict[str, str]) -> tuple[list[int], Any, str]:
    page, size = int(asked.get("page", 1)), int(asked["per_page"])
    size = min(size, shelf.cap or size)
    rows = shelf.window(size * (page - 1), size)
    link = f"/items?page={page + 1}&per_page={asked['per_page']}" if size * page < len(shelf.items) else None
    return rows, {"next": link}, f"<{link}>; rel=next" if link else ""


def by_key(shelf: Shelf, asked: dict[str, str]) -> tuple[list[int], Any, str]:
    after = asked.get("after")
    rows = sorted(item for item in shelf.items if after is None or item > int(after))
    size = min(int(asked["limit"]), shelf.cap or int(asked["limit"]))
    return rows[:size], {"after": rows[size - 1] if len(rows) > size else None}, ""


@dataclass
class Reader:
    """Reads a shelf in a style, as a connector does."""

    shelf: Shelf
    paging: Any
    serve: Callable[[Shelf, dict[str, str]], tuple[list[int], Any, str]]
    size: int = 10
    key: str | None = "id"
    under_way: int = 4
    habits: Habits = field(default_factory=Habits)
    told: list[str] = field(default_factory=list)

    async def ask(self, request: Request, foresee: Foresee) -> Page:
        shelf = self.shelf
        shelf.asked.append(params_of(request))
        for _ in range(shelf.steps[len(shelf.asked) % len(shelf.steps)] if shelf.steps else 0):
            await asyncio.sleep(0)
        shelf.change()
        rows, payload, link = self.serve(shelf, params_of(request))
        foresee(payload)
        total = len(shelf.items) if shelf.says_total else None
        batch = pa.record_batch({"id": pa.array(rows, pa.int64())})
        last = rows[-1] if rows else None
        answer = Answer(payload, len(rows), {"link": link} if link else {}, last, total)
        more = answer.flag(getattr(self.paging, "more", None))
        page = Page(batch, len(rows), self.paging.next(request, answer), total, last, 100, has_more=more)
        return replace(page, keys=keys_of(batch, self.key), request=request)

    def pages(self) -> Pages:
        paging = self.paging
        follows = isinstance(paging, NextLink | LinkHeader) and not paging.is_stable
        way = Way(
            paging.ahead if isinstance(paging, Foreseeing) else None,
            paging if isinstance(paging, Counted) else None,
            (paging.size_param or "") if follows else None,
            self.habits,
            self.told.append,
        )
        return Pages(self.ask, way, Bounds(lambda: self.under_way, self.size), lost)

    async def ids(self, seen: list[int]) -> list[int]:
        """The ids of all records; those that came before an error are in `seen`."""
        async with aclosing(self.pages().read(self.paging.first(Request(URL), self.size))) as found:
            async for page in found:
                assert page.rows == page.batch.num_rows
                seen += page.batch["id"].to_pylist()
        return seen


def lost(what: str) -> IntegrityError:
    return IntegrityError(what)


def read(reader: Reader) -> tuple[list[int], IntegrityError | None]:
    """What comes, and the error that it ends with."""
    seen: list[int] = []
    try:
        asyncio.run(reader.ids(seen))
    except IntegrityError as error:
        return seen, error
    return seen, None
