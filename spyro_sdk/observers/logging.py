"""Events as log records of the logger `spyro_sdk`."""

from __future__ import annotations

import logging

from ..events import (
    CircuitChanged,
    Event,
    FetchCutShort,
    FetchFinished,
    FetchResumed,
    LoginBorrowed,
    PageSizeShrunk,
    PagingRepaired,
    ResumeLost,
    Retried,
    RetryRefused,
    RoadTaken,
    SchemaChanged,
    TokenNotKept,
    TokenRenewed,
    TotalChanged,
    WatermarkLost,
    WatermarkNotKept,
)

LEVELS: dict[type[Event], int] = {
    Retried: logging.WARNING,
    RetryRefused: logging.WARNING,
    CircuitChanged: logging.WARNING,
    SchemaChanged: logging.WARNING,
    TokenNotKept: logging.WARNING,
    PagingRepaired: logging.WARNING,
    FetchCutShort: logging.WARNING,
    TotalChanged: logging.WARNING,
    ResumeLost: logging.WARNING,
    WatermarkLost: logging.WARNING,
    WatermarkNotKept: logging.WARNING,
    PageSizeShrunk: logging.INFO,
    LoginBorrowed: logging.INFO,
    TokenRenewed: logging.INFO,
    RoadTaken: logging.INFO,
    FetchResumed: logging.INFO,
    FetchFinished: logging.INFO,
}
"""Every other event is logged at DEBUG."""


def words(event: Event) -> str:
    """What happened, in a sentence."""
    match event:
        case Retried():
            said = f"attempt {event.attempt} failed, again in {event.seconds:.1f} s: {event.reason}"
        case RetryRefused():
            said = f"a call failed for good: {event.reason}"
        case CircuitChanged():
            said = f"the circuit breaker is {event.state}"
        case SchemaChanged():
            said = f"{event.entity}.{event.column} is {event.now}, announced was {event.was}"
        case PagingRepaired():
            said = f"{event.entity} changed while it was read: {event.what}"
        case TotalChanged():
            said = (
                f"{event.entity} had {event.least:,} to {event.most:,} records while it was read; whether the"
                " service's cursor keeps its place meanwhile is not known"
            )
        case PageSizeShrunk():
            said = f"{event.entity} comes {event.now:,} records at a time; {event.was:,} were refused"
        case LoginBorrowed():
            said = f"signed in to {event.url} as {event.username}, by the login of {event.program}"
        case TokenRenewed():
            said = "a new access token was given to us"
        case TokenNotKept():
            said = f"the new access token serves this process alone, it could not be kept: {event.reason}"
        case RoadTaken():
            said = f"{event.entity} is fetched by {event.api}: {event.reason}"
        case WatermarkLost():
            said = f"everything of {event.entity} is fetched, its watermark cannot be read: {event.reason}"
        case WatermarkNotKept():
            said = f"the next increment of {event.entity} begins where this one did: {event.reason}"
        case FetchResumed():
            said = f"{event.entity} goes on after {event.rows:,} records, which an earlier run has left"
        case ResumeLost():
            said = f"everything of {event.entity} is fetched, an earlier run is of no use: {event.reason}"
        case FetchCutShort():
            said = f"{event.entity} is incomplete: {event.missing}"
        case FetchFinished():
            how = f"failed: {event.error}" if event.error else "is complete"
            said = f"{event.entity} {how} ({event.rows:,} records, {event.seconds:.1f} s)"
        case _:
            return repr(event)
    return f"{event.connector}: {said}"


class Log:
    """Observer: writes each event to a logger, in words and as `record.event`."""

    def __init__(self, logger: logging.Logger | None = None) -> None:
        self._logger = logger or logging.getLogger("spyro_sdk")

    def __call__(self, event: Event) -> None:
        level = LEVELS.get(type(event), logging.DEBUG)
        if self._logger.isEnabledFor(level):
            self._logger.log(level, "%s", words(event), extra={"event": event})
