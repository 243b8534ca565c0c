"""20,000 records of many types, which may come and go between two requests."""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random
from typing import Any

Record = dict[str, Any]
Shape = Callable[[Record], Record]
"""What an API makes of a record before it sends it."""

COUNT = 20_000
SEED = 20_26
TYPED_FROM = 4_000  # records before which `rank` is null
START = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = (
    "Zoë Übermut",
    "日本語 株式会社",
    "O'Brien & Söhne",
    'the "quoted" one',
    "back\\slash",
    "line\nbreak and tab\t.",
    "emoji 🦜👩‍👩‍👧",
    "e\u0301 in two signs",
    "العربية",
    "\u2028 a line to JavaScript",
    "",
    "  spaces  ",
    "12",
    "null",
    "2026-01-01",
)


def record(key: int, rank: int) -> Record:
    """The record with this key; `rank` counts from the store's first."""
    pick = Random(key)
    made = START + timedelta(seconds=37 * rank)
    return {
        "id": key,
        "name": f"{pick.choice(NAMES)} {key}" if rank % 7 else pick.choice(NAMES),
        "quantity": None if rank % 11 == 3 else pick.randrange(-50, 5_000),
        "serial": 2**53 + key,
        "weight": rank % 5 if rank % 3 else pick.random() * 1_000,
        "amount": f"{pick.randrange(10**7) / 100:.2f}",
        "active": pick.random() < 0.5,
        "day": made.date().isoformat(),
        "created_at": made.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "updated_at": (made + timedelta(milliseconds=rank % 1_000)).isoformat(timespec="milliseconds"),
        "address": {
            "city": pick.choice(NAMES),
            "zip": f"{pick.randrange(100_000):05}",
            "geo": None if rank % 4 else {"lat": pick.random() * 90, "lon": pick.random() * 180},
        },
        "lines": [{"sku": f"S-{pick.randrange(999)}", "count": n} for n in range(rank % 3)],
        "tags": pick.sample(["red", "green", "blau", "größer"], rank % 4),
        "rank": None if rank < TYPED_FROM else rank,
        "nothing": None,
    }


@cache
def records(count: int = COUNT) -> tuple[Record, ...]:
    """So many records whose keys grow, with gaps."""
    pick, key, made = Random(SEED), 1_000, []
    for rank in range(count):
        key += pick.choice((1, 1, 2, 3, 10))
        made.append(record(key, rank))
    return tuple(made)


def as_it_is(record: Record) -> Record:
    return record


@cache
def texts(shape: Shape, count: int) -> dict[int, bytes]:
    """The JSON of each record, by key."""
    return {it["id"]: as_json(shape(it)) for it in records(count)}


def as_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


class Store:
    """The records of one API in the order of their keys, or in that turned round."""

    def __init__(self, count: int = COUNT, shape: Shape = as_it_is, *, newest_first: bool = False) -> None:
        self.shape, self.newest_first = shape, newest_first
        self._texts = dict(texts(shape, count))
        self._places = sorted(self._place(key) for key in self._texts)

    def __len__(self) -> int:
        return len(self._places)

    @property
    def keys(self) -> list[int]:
        """In the order in which the API lists them."""
        return [abs(place) for place in self._places]

    def cut(self, start: int, count: int) -> list[int]:
        """The keys of `count` records from the place `start` on."""
        return [abs(place) for place in self._places[start : start + count]]

    def after(self, key: int) -> int:
        """The place of the first record that stands behind `key`, which need not be there any more."""
        return bisect_right(self._places, self._place(key))

    def written(self, keys: Iterable[int]) -> list[bytes]:
        """The JSON of these records."""
        return [self._texts[key] for key in keys]

    def insert(self, record: Record) -> None:
        self._texts[record["id"]] = as_json(self.shape(record))
        insort(self._places, self._place(record["id"]))

    def delete(self, key: int) -> None:
        del self._texts[key]
        del self._places[bisect_left(self._places, self._place(key))]

    def _place(self, key: int) -> int:
        return -key if self.newest_first else key


class Churn:
    """Inserts and deletes records before each so many requests, the same with each seed."""

    def __init__(self, seed: int, *, every: int = 3, inserts: int = 1, deletes: int = 1) -> None:
        self._pick = Random(seed)
        self._every, self._inserts, self._deletes = every, inserts, deletes
        self.inserted: set[int] = set()
        self.deleted: set[int] = set()

    def __call__(self, store: Store, number: int) -> None:
        """Change the store before its request `number`, which counts from 1; never before the first."""
        if number > 1 and number % self._every == 0:
            for _ in range(self._inserts):
                self._insert(store)
            for _ in range(self._deletes):
                self._delete(store)

    def stable(self, keys: Sequence[int]) -> set[int]:
        """Those of the keys that were there all the time."""
        return set(keys) - self.inserted - self.deleted

    def _insert(self, store: Store) -> None:
        taken = self.deleted.union(store.keys)
        low, high = min(taken), max(taken)
        while (key := self._pick.randint(low, high + 50)) in taken:
            """Look for a gap."""
        store.insert(record(key, TYPED_FROM + key))
        self.inserted.add(key)

    def _delete(self, store: Store) -> None:
        key = self._pick.choice(store.keys)
        store.delete(key)
        self.deleted.add(key)
