"""Where a fetch goes on after a crash, and how far it has come: what an export hands to the connector."""

from __future__ import annotations

import json
import os
import re
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import blake2b, pbkdf2_hmac
from typing import Any, Final, TypeAlias
from urllib.parse import unquote_plus

import pyarrow as pa

from . import __version__
from .arrow.journal import Journal
from .arrow.mark import Mark, Place
from .config import ConnectorConfig
from .entity import Query
from .errors import DataFetchError, IntegrityError
from .events import Event, FetchResumed, ResumeLost
from .forms import without
from .secret import SECRET_NAME
from .workers import in_worker

FORM: Final = 1  # of the journal
ROUNDS: Final = 100_000
"""Of the digest of the account: whoever reads it is not to try out passwords."""
REFUSED: Final = (400, 404, 410, 422)
"""Statuses with which a service says that it does not know a place any more."""
PARAMETER: Final = re.compile(r"[?&;]([^=&#\s\"]+)=")
USER: Final = re.compile(r"://[^/\"?#]*@")
PAGING: Final = re.compile(r"page|next|cursor|contin|after|start|skip|scroll|^token$", re.IGNORECASE)
"""Names of parameters which say where a page begins; a `token` that is ours is known as a secret."""
ANEW: Final = {
    "form": "another version of spyro_sdk began it",
    "version": "another version of spyro_sdk began it",
    "query": "it is of another fetch",
    "connector": "it is of another fetch",
    "schema": "the columns are not what they were",
    "account": "it is of another account, or of other credentials",
}
"""Why a journal is of no use, by what of its header is another now."""

Read: TypeAlias = Callable[[Query], AsyncGenerator[pa.RecordBatch, None]]


class LostPlace(Exception):
    """The place is none for what is asked now."""


@dataclass(frozen=True)
class Recipe:
    """What makes the records of one export those of another run of it."""

    config: ConnectorConfig
    who: str
    """What tells the account from others beyond its configuration."""
    words: Mapping[str, Any]
    """The arguments of `fetch` that tell its records from those of another."""
    schema: pa.Schema | None
    secrets: Callable[[], Iterable[str]]
    """What is not written into a journal."""

    def header(self, salt: bytes, started: str) -> dict[str, Any]:
        """What a journal says of itself."""
        account = self.config.fingerprint(key=salt) + self.who.encode()
        return {
            "form": FORM,
            "version": __version__,
            "connector": self.config.name,
            "query": dict(self.words),
            "schema": _digest(b"" if self.schema is None else str(self.schema).encode(), salt),
            "account": pbkdf2_hmac("sha256", account, salt, ROUNDS).hex(),
            "salt": salt.hex(),
            "started": started,
        }

    def misfit(self, header: Mapping[str, Any] | None) -> str | None:
        """Why a journal with this header is of no use, in words; None where it is."""
        try:
            ours = self.header(bytes.fromhex(header["salt"]), header["started"]) if header else None
        except (KeyError, TypeError, ValueError):
            ours = None
        if header is None or ours is None:
            return "it is damaged"
        return next((why for name, why in ANEW.items() if header.get(name) != ours[name]), None)


class Resume:
    """Where to begin, and whom to tell how far it has come; its journal is open.

    A connector that can go on from a place asks `go_on` where to begin, and tells `reached` before it hands
    on a page.
    """

    def __init__(
        self,
        journal: Journal,
        recipe: Recipe,
        tell: Callable[[Event], None],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._journal, self._recipe, self._tell, self._now = journal, recipe, tell, now
        self._header: Mapping[str, Any] = {}
        self._asked = ""
        self._is_heeded = False
        self._pending: Mark | None = None
        self.resumed: str | None = None
        """When this run went on, in ISO; None where it began at the beginning."""

    def open(self) -> None:
        """See what the journal holds, and begin it anew where that is of no use; called in a worker."""
        found = self._journal.header()
        why = None if found == {} else self._recipe.misfit(found)
        if found and why is None:
            self._header = found
            self._journal.restore()
            if self._journal.is_outlived:
                why = "the file has been written since"
                self._begin()
        if not self._journal.has_place:
            self._begin()
        if why is not None:
            self._lost(why)

    # -- what a connector asks and tells --------------------------------------------------------------

    def go_on(self, asked: str = "") -> Place | None:
        """Where to begin; None for the beginning. Whoever asks begins there.

        `asked`: all that the place relies on. `LostPlace` where that is another than it was.
        """
        self._is_heeded, self._asked = True, _digest(asked.encode(), self._salt)
        place = self._journal.last.place
        if place is not None and place["asked"] != self._asked:
            raise LostPlace("it is asked for in another way now")
        return place

    @property
    def last(self) -> Mark:
        """How far it has come."""
        return self._journal.last

    @property
    def read(self) -> int:
        """Records that have arrived."""
        return self._journal.read

    def marks(self) -> Iterator[Mark]:
        """How far it had come with each page."""
        return self._journal.marks()

    def reached(self, mark: Mark) -> None:
        """Take down how far it has come with the page that is handed on next."""
        self._pending = mark

    async def keep(self, batch: pa.RecordBatch, seen: pa.Schema | None) -> None:
        """Write what was chosen of a page into the journal, unless the connector cannot go on from one."""
        mark, self._pending = self._pending or Mark(), None
        if self._is_heeded:
            await in_worker(self._write, batch, replace(mark, seen=seen))

    # -- what is handed on ----------------------------------------------------------------------------

    @property
    def started(self) -> str:
        """When the first run began, in ISO."""
        return str(self._header["started"])

    async def batches(self, read: Read, query: Query) -> AsyncGenerator[pa.RecordBatch, None]:
        """What is in the journal, and what `read` gives from there on; or all that it gives."""
        try:
            found = self._further(read, query) if self._journal.has_place else read(query)
            async with aclosing(found) as batches:
                async for batch in batches:
                    yield batch
        except IntegrityError:
            await in_worker(self._begin)  # what came before is not to be relied on either
            raise

    async def _further(self, read: Read, query: Query) -> AsyncGenerator[pa.RecordBatch, None]:
        """What is kept, once the first of what comes after it shows that it is of use; else all anew."""
        kept = self._journal.pages
        left = None if query.limit is None else query.limit - self._journal.rows
        resumed = self._told(query.entity)
        async with aclosing(read(replace(query, limit=left))) as batches:
            try:
                first = await anext(batches, None)
                is_heeded = self._is_heeded or left == 0
                why = None if is_heeded else "the connector cannot go on from a place"
            except Exception as error:
                why = self._useless(error, kept)
                if why is None:
                    async for batch in self._kept(resumed, kept):
                        yield batch
                    raise
            if why is None:
                async for batch in self._kept(resumed, kept):
                    yield batch
                if first is not None:
                    yield first
                async for batch in batches:
                    yield batch
                return
        await in_worker(self._begin)
        self._lost(why)
        async with aclosing(read(query)) as batches:
            async for batch in batches:
                yield batch

    def _useless(self, error: Exception, kept: int) -> str | None:
        """Why what is kept is of no use, by how the first request after it failed; None where it is."""
        if isinstance(error, LostPlace):
            return str(error)
        is_refused = isinstance(error, DataFetchError) and error.status in REFUSED
        is_first = self._journal.pages == kept
        return str(error) if is_first and (is_refused or isinstance(error, IntegrityError)) else None

    def _told(self, entity: str) -> FetchResumed:
        """What is told when it goes on."""
        it = self._journal
        return FetchResumed(self._name, entity, it.rows, it.read, it.asked)

    async def _kept(self, resumed: FetchResumed, pages: int) -> AsyncGenerator[pa.RecordBatch, None]:
        """The records of so many pages."""
        self.resumed = self._now().isoformat(timespec="seconds")
        self._tell(resumed)
        for number in range(pages):
            batch = await in_worker(self._journal.batch, number)
            if batch.num_rows:
                yield batch

    # -- inside ---------------------------------------------------------------------------------------

    @property
    def _name(self) -> str:
        return self._recipe.config.name

    @property
    def _salt(self) -> bytes:
        return bytes.fromhex(self._header["salt"])

    def _begin(self) -> None:
        """Begin the journal anew; called in a worker thread."""
        now = self._now().isoformat(timespec="seconds")
        self._header = self._recipe.header(os.urandom(16), now)
        self._journal.start(self._header)
        self._pending = None

    def _lost(self, why: str) -> None:
        self._tell(ResumeLost(self._name, self._recipe.words["entity"], why))

    def _write(self, batch: pa.RecordBatch, mark: Mark) -> None:
        place = None if mark.place is None else {**mark.place, "asked": self._asked}
        self._journal.append(batch, replace(mark, place=place if self._is_safe(place) else None))

    def _is_safe(self, place: Place | None) -> bool:
        """Whether a place can be written down, and no secret with it."""
        try:
            text = json.dumps(place)
        except (TypeError, ValueError):
            return False
        names = [unquote_plus(name) for name in PARAMETER.findall(text)]
        if USER.search(text) or any(SECRET_NAME.search(it) and not PAGING.search(it) for it in names):
            return False
        return without(text, self._recipe.secrets()) == text


def _digest(what: bytes, salt: bytes) -> str:
    return blake2b(what, key=salt, digest_size=16).hexdigest()
