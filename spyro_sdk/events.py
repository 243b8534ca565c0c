"""What a connector tells its observers while it works.

Events are facts in the past tense, and the only way out for what happens underneath. An observer is any
callable that takes one event, returns at once and keeps its own state: the statistics, a log line and a
progress bar are observers. It is called in the thread of the event loop, or of a worker.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import count
from typing import TypeAlias

logger = logging.getLogger(__name__)

_fetch: ContextVar[int | None] = ContextVar("fetch", default=None)
_call: ContextVar[int | None] = ContextVar("call", default=None)
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Event:
    """`fetch` and `call` say what it is part of; they tell apart what goes on at the same time."""

    connector: str
    fetch: int | None = field(default_factory=_fetch.get, kw_only=True, compare=False, repr=False)
    call: int | None = field(default_factory=_call.get, kw_only=True, compare=False, repr=False)


class Connected(Event):
    """The connector can be asked."""

    __slots__ = ()


class Disconnected(Event):
    """The connector gave back what it held."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Attempted(Event):
    """One call of the service ended, well (`error` is None) or badly."""

    seconds: float
    error: str | None
    error_type: str | None = None


@dataclass(frozen=True, slots=True)
class Sent(Event):
    """A request goes out over the wire."""

    method: str
    server: str  # the host's name
    port: int


@dataclass(frozen=True, slots=True)
class Received(Event):
    """An answer came over the wire."""

    status: int
    size: int  # bytes of body, as they came
    seconds: float
    entity: str = ""  # whose records were asked for, as the caller calls it; '' for anything else
    date: float | None = None  # the service's own time, in seconds since the epoch, if it said


@dataclass(frozen=True, slots=True)
class Waited(Event):
    """A call stood in the rate limiter's queue."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Retried(Event):
    """A failed call will be made again after `seconds`."""

    attempt: int  # 1 for the first that failed
    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class RetryRefused(Event):
    """A failed call was not made again, since the connection's retry budget is spent."""

    reason: str


@dataclass(frozen=True, slots=True)
class CircuitChanged(Event):
    """The circuit breaker is now `closed`, `open` or `half-open`."""

    state: str


class TokenRenewed(Event):
    """A new access token was given to us."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class TokenNotKept(Event):
    """A new access token could not be written to the token store; it serves this process alone."""

    reason: str


@dataclass(frozen=True, slots=True)
class LoginBorrowed(Event):
    """Another program on this machine gave us the token of its login."""

    program: str
    username: str
    url: str  # where that user is signed in


@dataclass(frozen=True, slots=True)
class QuotaSeen(Event):
    """The service said how much of its quota is left."""

    limit: int | None  # requests in the whole window
    remaining: int  # requests
    resets_in: float | None  # seconds


@dataclass(frozen=True, slots=True)
class FetchStarted(Event):
    """The records of an entity were asked for."""

    entity: str


@dataclass(frozen=True, slots=True)
class PageArrived(Event):
    """A page of an entity arrived."""

    entity: str
    rows: int
    total: int | None  # records of the whole fetch, if the service said


@dataclass(frozen=True, slots=True)
class PageSizeShrunk(Event):
    """The service refused pages of a size; from here on it is asked for smaller ones."""

    entity: str
    was: int  # records
    now: int  # records


@dataclass(frozen=True, slots=True)
class PagingRepaired(Event):
    """Records were added or removed while they were read; each that stayed comes once all the same."""

    entity: str
    what: str  # what was seen, and done, in words


@dataclass(frozen=True, slots=True)
class TotalChanged(Event):
    """The service announced other numbers of records while they were read by a cursor or link of its own.

    Whether each that stayed came exactly once is up to what that cursor stands for.
    """

    entity: str
    least: int  # records
    most: int  # records


@dataclass(frozen=True, slots=True)
class SchemaChanged(Event):
    """A column turned out wider than was said before; no value was lost."""

    entity: str
    column: str
    was: str  # an Arrow type; "absent" for a column nobody had announced
    now: str


@dataclass(frozen=True, slots=True)
class RoadTaken(Event):
    """A fetch goes another way than page by page, or had to give that up."""

    entity: str
    api: str  # what `fetch` calls it: "bulk" or "rest"
    reason: str


@dataclass(frozen=True, slots=True)
class WatermarkLost(Event):
    """How far the increments of an entity had come can no longer be read: everything is fetched again."""

    entity: str
    reason: str


@dataclass(frozen=True, slots=True)
class WatermarkNotKept(Event):
    """How far an increment came could not be written; the next one begins where this one did."""

    entity: str
    reason: str


@dataclass(frozen=True, slots=True)
class FetchResumed(Event):
    """An export goes on where an earlier run of it ended."""

    entity: str
    rows: int  # that are kept from there
    read: int  # records that had arrived for these, before `where` and `limit`
    pages: int  # that need not be asked for again


@dataclass(frozen=True, slots=True)
class ResumeLost(Event):
    """What an earlier run of an export has left is of no use: everything is fetched again."""

    entity: str
    reason: str


@dataclass(frozen=True, slots=True)
class FetchCutShort(Event):
    """A fetch failed midway, and its caller takes what had come: `on_error="partial"`."""

    entity: str
    rows: int  # that had come, and are handed over
    missing: str  # what did not, in words


@dataclass(frozen=True, slots=True)
class FetchFinished(Event):
    """A fetch ended; `error` is None when it read to the end."""

    entity: str
    rows: int
    seconds: float
    error: str | None
    error_type: str | None = None


Observer: TypeAlias = Callable[[Event], None]


def new_number() -> int:
    """A number for a fetch or a call, that no other in this process has."""
    return next(_numbers)


@contextmanager
def of_fetch(number: int) -> Iterator[None]:
    """Have all events made inside be part of a fetch. To be left before an async generator yields."""
    token = _fetch.set(number)
    try:
        yield
    finally:
        _fetch.reset(token)


@contextmanager
def of_call() -> Iterator[None]:
    """Have all events made inside be part of a call of its own."""
    token = _call.set(new_number())
    try:
        yield
    finally:
        _call.reset(token)


_listening: ContextVar[tuple[Observer, ...]] = ContextVar("listening", default=())
"""Who hears, beside the connector's own observers, what the running task has it do."""


@contextmanager
def listening(*observers: Observer) -> Iterator[None]:
    """Have these observers told as well what happens inside: here, and in the tasks and workers begun here.

    What others ask the same connector meanwhile is not heard. Enter it where the work is awaited, in a task
    of its own; in the body of an async generator it would also listen to whoever iterates.
    """
    token = _listening.set((*_listening.get(), *observers))
    try:
        yield
    finally:
        _listening.reset(token)


def tell(observers: Sequence[Observer], event: Event) -> None:
    """Call each observer, and who is `listening`; one that raises is logged, never obeyed."""
    pass_on((*observers, *_listening.get()), event)


def pass_on(observers: Sequence[Observer], event: Event) -> None:
    """Call each observer with what somebody was told: whoever is `listening` has heard it already."""
    for observer in observers:
        try:
            observer(event)
        except Exception:
            logger.exception("observer %r failed on %s", observer, type(event).__name__)
