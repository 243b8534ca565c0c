"""The queries that clients are still paging through."""

from __future__ import annotations

import threading
from array import array
from collections import OrderedDict
from dataclasses import dataclass

from spyro_sdk.demo.errors import ApiError, bad_request
from spyro_sdk.demo.ids import make_id
from spyro_sdk.demo.plan import Plan

MOST_OPEN = 10  # cursors a user may have: the eleventh releases the oldest


@dataclass
class Cursor:
    """The rowids of a query's records, as they were when it was first asked."""

    locator: str
    plan: Plan
    rowids: array[int]
    size: int
    total: int
    is_read: bool = False


class Cursors:
    """Keeps at most ten unread cursors of the org's only user, and the ten read last.

    A cursor read to its end no longer counts, but its last page can be asked for again.
    """

    def __init__(self) -> None:
        self._cursors: OrderedDict[str, Cursor] = OrderedDict()
        self._born = 0
        self._guard = threading.Lock()

    @property
    def open_count(self) -> int:
        """How many cursors have pages that nobody has read."""
        with self._guard:
            return sum(not cursor.is_read for cursor in self._cursors.values())

    def open(self, plan: Plan, rowids: array[int], size: int, total: int) -> Cursor:
        """Remember a query's records; the oldest cursor may be released for it."""
        with self._guard:
            self._born += 1
            cursor = Cursor(make_id("01g", self._born), plan, rowids, size, total)
            self._cursors[cursor.locator] = cursor
            self._release(is_read=False)
        return cursor

    def find(self, locator: str) -> Cursor:
        """Give a cursor; raises INVALID_QUERY_LOCATOR if it was released or never was."""
        with self._guard:
            if locator not in self._cursors:
                raise invalid_locator()
            return self._cursors[locator]

    def finish(self, cursor: Cursor) -> None:
        """Note that its last page went out."""
        with self._guard:
            cursor.is_read = True
            self._release(is_read=True)

    def release_all(self) -> None:
        """Forget every cursor."""
        with self._guard:
            self._cursors.clear()

    def _release(self, is_read: bool) -> None:
        alike = [cursor.locator for cursor in self._cursors.values() if cursor.is_read == is_read]
        for locator in alike[:-MOST_OPEN]:
            del self._cursors[locator]


def invalid_locator() -> ApiError:
    return bad_request("INVALID_QUERY_LOCATOR", "invalid query locator")
