"""How far the pages of a fetch have come, in what JSON knows, and how to go on from there.

Of a request only that is told in which it differs from the first of all: what each of them has, a secret
perhaps, is not written down.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final, TypeAlias

from ..arrow.mark import Mark, Place
from ..http import Request
from ..paging import Counted, Offset, PageNumber
from .courses import Course, Lost, Tally
from .once import Once
from .overlapping import Overlapping
from .page import Page, Way, records
from .seams import remembered
from .straight import Straight

TAIL: Final = 100
"""Records of a page that are kept as they came, to see whether those that come again are the same."""

Told: TypeAlias = dict[str, Any]


@dataclass(slots=True)
class Reached:
    """How far the pages have come."""

    tally: Tally
    course: Course
    once: Once = field(default_factory=Once)
    page: Page | None = None
    """The last one, its records as they came; None before the first."""
    next: Request | None = None
    """What is asked for after it."""


@dataclass(frozen=True, slots=True)
class GoingOn:
    """Tells how far the pages have come that `first` begins, and goes on from there."""

    way: Way
    first: Request
    lost: Lost

    def mark(self, reached: Reached) -> Mark:
        """What is kept of a page: where to go on, and what tells whether something was lost there."""
        page = reached.page
        assert page is not None
        tally = {it.name: getattr(reached.tally, it.name) for it in fields(Tally) if it.name != "came"}
        held = getattr(reached.course, "held", None)
        tail = records(page) if held is None else held
        place = {
            "next": reached.next and told(reached.next, self.first),
            "tally": tally,
            "course": self._told(reached.course),
            "size": self.way.habits.size,
            "is_exact": self.way.habits.is_exact,
        }
        is_sure = place["course"] is not None
        return Mark(
            place if is_sure else None, page.rows, page.keys, tail.slice(max(0, tail.num_rows - TAIL))
        )

    def reached(self, place: Place, marks: Iterable[Mark]) -> Reached:
        """How far they had come at a place; `marks`: of all pages up to there."""
        habits, course, once = self.way.habits, place["course"], Once()
        habits.size, habits.is_exact = place["size"], place["is_exact"]
        known, last = None, Mark()
        for last in marks:
            once.see(last.keys)
            if last.keys is not None and course["known"]:
                so_far = last.keys.slice(0, 0) if known is None else known
                known = remembered(so_far, last.keys, course["known"])
        tally = Tally(**place["tally"])
        following = place["next"] and renewed(place["next"], self.first)
        return Reached(tally, self._course(course, tally, known, last.tail), once, next=following)

    def _told(self, course: Course) -> Told | None:
        """What leads on; None where it is not sure yet whether it will."""
        if isinstance(course, Straight):
            before = course.before
            return {
                "known": None if course.known is None else len(course.known),
                "stride": course.stride,
                "empty": course.empty,
                "asked": before and before.request and told(before.request, self.first),
                "has_more": before and before.has_more,
            }
        if not isinstance(course, Overlapping) or not self.way.habits.is_exact:
            return None
        return {
            "known": len(course.known),
            "size": course.size,
            "place": course.place,
            "template": told(course.request, self.first),
            "counted": None if self.way.counted is course.counted else _counted_told(course.counted),
        }

    def _course(self, said: Told, tally: Tally, known: Any, tail: Any) -> Course:
        straight = Straight(self.way, tally, self.lost)
        if "template" not in said:
            straight.known, straight.held, straight.stride = known, tail, said["stride"]
            request = said["asked"] and renewed(said["asked"], self.first)
            straight.empty = said["empty"]
            straight.before = Page(
                tail, tail.num_rows, keys=known, has_more=said["has_more"], request=request
            )
            return straight
        counted = self.way.counted if said["counted"] is None else _counted(said["counted"])
        assert counted is not None
        return Overlapping(
            counted,
            said["size"],
            renewed(said["template"], self.first),
            Page(tail, tail.num_rows, keys=known),
            known,
            tally,
            self.way.habits,
            self.lost,
            straight,
            said["place"],
        )


def told(request: Request, first: Request) -> Told:
    """What tells a request from the first, in what JSON knows."""
    return {
        "url": request.url,
        "params": _others(request.params, first.params),
        "left_out": [name for name in first.params if name not in request.params],
        "headers": _others(request.headers, first.headers),
        "body": None if request.body == first.body else request.body.decode(errors="surrogateescape"),
        "noted": request.noted,
    }


def renewed(said: Told, first: Request) -> Request:
    """The request that was told."""
    kept = {name: it for name, it in first.params.items() if name not in said["left_out"]}
    body = first.body if said["body"] is None else said["body"].encode(errors="surrogateescape")
    return replace(
        first,
        url=said["url"],
        params={**kept, **said["params"]},
        headers={**first.headers, **said["headers"]},
        body=body,
        noted=said["noted"],
    )


def _others(these: Mapping[str, str], first: Mapping[str, str]) -> dict[str, str]:
    return {name: it for name, it in these.items() if first.get(name) != it}


def _counted_told(counted: Counted) -> list[Any]:
    """How links count."""
    assert isinstance(counted, Offset | PageNumber)
    return [isinstance(counted, Offset), counted.param, counted.size_param, counted.start]


def _counted(said: list[Any]) -> Counted:
    is_offset, param, size_param, start = said
    return (Offset if is_offset else PageNumber)(param, size_param, start)
