"""Which road a fetch takes, by what it is thought to cost: REST pages, or a job of the Bulk API.

The figures are rough: an org, a network and an hour are not another. They only have to tell a small fetch,
for which a job is not worth its start, from a big one.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, takewhile
from math import ceil

from ...plan import Road
from .pace import CHUNK, pauses

REST, BULK, AUTO = "rest", "bulk", "auto"
ROADS = (REST, BULK, AUTO)

PAGE_SECONDS = 0.7  # a REST page of 2,000 records, from asking for it to having it
START_SECONDS = 10.0  # until Salesforce has queued and begun a job
JOB_RATE = 10_000  # records a second that a job finds and sends
MOST_ROWS = 10**10  # more no org has; whoever announces more shall not keep us counting
SHARE = 0.1  # of the requests left; a fetch by REST shall not take more where a job takes fewer
LISTED = 5  # chunks in one list of result pages
ASKED = "asked for"
UNKNOWN = "rest, or bulk where the first page announces so many records that it is better"


@dataclass(frozen=True, slots=True)
class Case:
    """What is known of a fetch before its road is chosen."""

    wish: str = AUTO
    """What the caller asked for."""
    closed: str = ""
    """Why no job will do, in words; '' where it will."""
    page_size: int = 2000  # records
    calls_a_page: int = 1
    at_once: int = 1  # pages that are on their way side by side
    left: int | None = None
    """Requests left of the quota, if Salesforce said."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The road that is taken, and why."""

    api: str | None
    """None where that is not known before the first page has come."""
    why: str
    roads: tuple[Road, ...] = ()


def chosen(case: Case, rows: int | None) -> Choice:
    """Take a job where it is quicker, or where REST would use more than a tenth of the requests left.

    A caller who names a road has it. `rows`: the records of the fetch; None where nobody has counted them.
    """
    if rows is None:
        return _named(case, ()) or Choice(None, UNKNOWN)
    rows = min(rows, MOST_ROWS)
    rest, bulk = by_rest(case, rows), by_bulk(case, rows)
    roads = (rest,) if case.closed else (rest, bulk)
    if named := _named(case, roads):
        return named
    if bulk.seconds < rest.seconds:
        return Choice(BULK, "it is quicker", roads)
    if case.left is not None and rest.calls > SHARE * case.left and bulk.calls < rest.calls:
        return Choice(BULK, f"rest would take more than {SHARE:.0%} of the requests left", roads)
    return Choice(REST, "it is quicker", roads)


def _named(case: Case, roads: tuple[Road, ...]) -> Choice | None:
    """The road that the caller named, or the only one that is open."""
    if case.wish != AUTO:
        return Choice(case.wish, ASKED, roads)
    return Choice(REST, case.closed, roads) if case.closed else None


def by_rest(case: Case, rows: int) -> Road:
    """What a fetch of so many records costs by REST pages."""
    calls = max(1, ceil(rows / case.page_size)) * case.calls_a_page
    return Road(REST, calls, calls * PAGE_SECONDS / case.at_once)


def by_bulk(case: Case, rows: int) -> Road:
    """What it costs by a job: created, looked at, listed, read, deleted; and the page that announced it."""
    seconds = START_SECONDS + rows / JOB_RATE
    looks = 1 + sum(1 for _ in takewhile(lambda passed: passed < seconds, accumulate(pauses(lambda *_: 1.0))))
    chunks = ceil(rows / CHUNK)
    probe = 1 if case.wish == AUTO else 0
    return Road(BULK, probe + 2 + looks + ceil(chunks / LISTED) + chunks, seconds)
