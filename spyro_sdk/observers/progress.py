"""A progress line in a terminal."""

from __future__ import annotations

from typing import Any, TextIO

from ..events import Event, FetchFinished, FetchStarted, PageArrived, Retried


class ProgressLine:
    """Observer: one line of tqdm for each fetch, on standard error."""

    def __init__(self, file: TextIO | None = None) -> None:
        self._file = file
        self._bars: dict[str, Any] = {}

    def __call__(self, event: Event) -> None:
        match event:
            case FetchStarted():
                self._close(event.entity)
                self._bars[event.entity] = self._bar(event.entity)
            case PageArrived() if event.entity in self._bars:
                bar = self._bars[event.entity]
                bar.total = event.total
                bar.update(event.rows)
            case Retried():
                for bar in self._bars.values():
                    bar.set_postfix_str(f"{event.reason}; again in {event.seconds:.1f} s")
            case FetchFinished():
                self._close(event.entity)

    def _close(self, entity: str) -> None:
        if entity in self._bars:
            self._bars.pop(entity).close()

    def _bar(self, entity: str) -> Any:
        from tqdm import tqdm

        return tqdm(desc=entity, unit=" records", unit_scale=True, file=self._file, mininterval=0.2)
