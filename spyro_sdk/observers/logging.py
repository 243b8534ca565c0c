"""Events as log records of the logger `spyro_sdk`."""

from __future__ import annotations

import logging

from ..events import CircuitChanged, Event, FetchFinished, Retried, SchemaChanged, TokenRenewed

LEVELS: dict[type[Event], int] = {
    Retried: logging.WARNING,
    CircuitChanged: logging.WARNING,
    SchemaChanged: logging.WARNING,
    TokenRenewed: logging.INFO,
    FetchFinished: logging.INFO,
}
"""Every other event is logged at DEBUG."""


class Log:
    """Observer: writes each event to a logger, its fields as text and as `record.event`."""

    def __init__(self, logger: logging.Logger | None = None) -> None:
        self._logger = logger or logging.getLogger("spyro_sdk")

    def __call__(self, event: Event) -> None:
        level = LEVELS.get(type(event), logging.DEBUG)
        if self._logger.isEnabledFor(level):
            self._logger.log(level, "%r", event, extra={"event": event})
