"""A run poured into a file: it goes on where an earlier one ended, and says where it comes from."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from .arrow.background import Background
from .arrow.journal import Journal, remove_left
from .arrow.sink import Sink
from .entity import Query, decided
from .errors import ValidationError
from .resume import Recipe, Resume
from .runs import Run, say
from .taking import ROADS
from .words import counted
from .workers import in_worker


def check_resume(resume: bool, *, is_increment: bool) -> None:
    """Raise `ValidationError` where it makes no sense to go on where an earlier run ended."""
    if decided("resume", resume) and is_increment:
        raise ValidationError(
            "resume=True cannot be with since='last': an increment that failed begins again where it did",
            "resume",
            resume,
            hint="leave out resume",
        )


@dataclass(frozen=True, slots=True)
class Export:
    """A run, the sink that `make` makes for it, and who remembers what had arrived when it fails."""

    run: Run
    make: Callable[..., Sink]
    keeping: Callable[..., AbstractContextManager[None]]

    def into(self, target: Path, *, resume: bool) -> int:
        """Pour everything into the sink, whose file is `target`; return the rows."""
        if not resume:
            rows = self._poured(None)
            if self.run.taking.missing is None:
                remove_left(target)
        else:
            with Journal(target) as journal:
                rows = self._poured(journal)
                if self.run.taking.missing is None:
                    journal.remove()
                else:
                    journal.stay()
        self.run.settle()
        return rows

    def _poured(self, journal: Journal | None) -> int:
        """Fill the sink, and return its rows; with a journal go on from there."""
        with self.run as run, _going_on_later(journal):
            query, schema = run.call(run.prepared)
            if journal is not None:
                query = run.call(self._resuming, journal, query, schema)
            sink = Background(self.make(schema=schema, metadata=self._provenance(query.resume)))
            with self.keeping(run, sink.keep, lambda: sink.batches, lambda: sink.rows), sink:
                run.call(sink.pour, lambda: run.taking.batches(query))
                sink.note({**run.taking.marks, **_resumed(query.resume)})
        return sink.rows

    async def _resuming(self, journal: Journal, query: Query, schema: pa.Schema | None) -> Query:
        """The query, asked from where the journal ends."""
        resume = Resume(journal, self._recipe(schema), self.run.connector._emit)
        await in_worker(resume.open)
        return replace(query, resume=resume)

    def _recipe(self, schema: pa.Schema | None) -> Recipe:
        """What makes two runs those of one export."""
        connector = self.run.connector
        words = {name: it for name, it in self.run.told.items() if name == "limit" or name not in ROADS}
        return Recipe(connector.config, connector.identity, words, schema, lambda: connector.secrets)

    def _provenance(self, resume: Resume | None) -> dict[str, str]:
        return {
            "source": self.run.connector.name,
            "entity": self.run.query.entity,
            "query": json.dumps(self.run.told, ensure_ascii=False),
            "api": self.run.connector.api,
            "started": resume.started if resume else datetime.now(UTC).isoformat(timespec="seconds"),
        }


@contextmanager
def _going_on_later(journal: Journal | None) -> Iterator[None]:
    """Say in an error how to go on, where that is possible."""
    try:
        yield
    except BaseException as error:
        if journal is not None and journal.has_place:
            kept = counted(journal.sure, "record")
            say(error, f"the same call goes on after {kept}, kept in {journal.path}")
        raise


def _resumed(resume: Resume | None) -> dict[str, str]:
    """When it went on where another run had ended; nothing where it did not."""
    return {} if resume is None or resume.resumed is None else {"resumed": resume.resumed}
