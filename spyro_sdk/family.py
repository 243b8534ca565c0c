"""The records of a child entity: one list of them for each record of its parent, read as if it were one."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any, Generic, TypeAlias, TypeVar
from urllib.parse import quote

import anyio
import pyarrow as pa
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from .arrow.select import column_at
from .entity import Entity, Parent
from .errors import DataFetchError
from .pages import Page

T = TypeVar("T")
Line: TypeAlias = tuple[asyncio.Task[None], MemoryObjectSendStream[T], MemoryObjectReceiveStream[T]]
AskChildren: TypeAlias = Callable[[pa.RecordBatch, int | None, Callable[[], int]], AsyncGenerator[Page, None]]
"""The pages of one parent's list: whose, how many records will do, how many lists are being read."""

WAITING = 1  # pages of a list that wait until the lists before it are handed on
PLACEHOLDER = re.compile(r"\{(\w+)\}")


def needed(parent: Parent) -> tuple[str, ...]:
    """The parent's columns that its children are asked for with, or given."""
    names = [*parent.fields.values(), *parent.include.values()]
    return tuple(dict.fromkeys(name.partition(".")[0] for name in names))


def filled(entity: Entity, row: pa.RecordBatch) -> Entity:
    """The child of one parent, which is a batch of one row: its values in the place of placeholders.

    Raises `DataFetchError` where it lacks such a value, or where that would lead to another path.
    """
    assert entity.parent is not None
    values = {name: _value(entity, row, path) for name, path in entity.parent.fields.items()}

    def in_path(found: re.Match[str]) -> str:
        return quote(_step(entity, values[found[1]])) if found[1] in values else found[0]

    def as_is(text: str) -> str:
        return PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), text)

    return replace(
        entity,
        path=PLACEHOLDER.sub(in_path, entity.path),
        params={name: as_is(text) for name, text in entity.params.items()},
        body=None if entity.body is None else _mapped(as_is, entity.body),
    )


def kind_at(schema: pa.Schema, path: str) -> pa.DataType | None:
    """The type of the column at a dotted path; None where the schema has none."""
    found = column_at(pa.RecordBatch.from_pylist([], schema), path)
    return None if found is None else found.type


def included(batch: pa.RecordBatch, parent: Parent, row: pa.RecordBatch) -> pa.RecordBatch:
    """The children of one parent, each with the columns that it is to have of it."""
    for name, path in parent.include.items():
        values = pa.repeat(_cell(row, path), batch.num_rows)
        if name in batch.schema.names:
            batch = batch.drop_columns([name])
        batch = batch.append_column(name, values)
    return batch


class Children:
    """The pages of each parent's list, one list behind the other.

    Several lists are read at once, unless `enough` records are to come of as few requests as will do.
    """

    def __init__(self, ask: AskChildren, at_once: Callable[[], int], enough: int | None = None) -> None:
        self._ask, self._left = ask, enough
        self._lists = Lists[Page](at_once if enough is None else lambda: 1)

    async def of(self, parents: AsyncGenerator[pa.RecordBatch, None]) -> AsyncGenerator[Page, None]:
        """The pages of the children of all these."""
        async with (
            aclosing(parents),
            aclosing(self._each(parents)) as sources,
            aclosing(self._lists.read(sources)) as pages,
        ):
            async for page in pages:
                if self._left is not None:
                    self._left -= page.rows
                yield page

    async def _each(
        self, parents: AsyncGenerator[pa.RecordBatch, None]
    ) -> AsyncGenerator[AsyncGenerator[Page, None], None]:
        async for batch in parents:
            for number in range(batch.num_rows):
                yield self._ask(batch.slice(number, 1), self._left, lambda: self._lists.running)


class Lists(Generic[T]):
    """Several sources read as if they were one, each a little ahead by a task of its own."""

    def __init__(self, at_once: Callable[[], int]) -> None:
        self._at_once = at_once
        self._line: deque[Line[T]] = deque()

    @property
    def running(self) -> int:
        """How many are being read."""
        return sum(not task.done() for task, *_ in self._line)

    async def read(self, sources: AsyncIterator[AsyncGenerator[T, None]]) -> AsyncGenerator[T, None]:
        """All that the sources give, one behind the other. What one raises comes out in its turn."""
        is_over = False
        try:
            while not is_over or self._line:
                while not is_over and len(self._line) < max(1, self._at_once()):
                    source = await anext(sources, None)
                    is_over = source is None
                    if source is not None:
                        self._line.append(_begun(source))
                if self._line:
                    task, _, items = self._line[0]
                    with items:
                        async for item in items:
                            yield item
                    await task  # which raises what went wrong
                    self._line.popleft()
        finally:
            await self._abandon()

    async def _abandon(self) -> None:
        """Cancel what nobody waits for any more, and see it end."""
        for task, into, items in self._line:
            task.cancel()
            into.close()
            items.close()
        if self._line:
            with anyio.CancelScope(shield=True):
                await asyncio.gather(*(task for task, *_ in self._line), return_exceptions=True)


def _begun(source: AsyncGenerator[T, None]) -> Line[T]:
    """A source, and the task that reads it."""
    into, items = anyio.create_memory_object_stream[T](WAITING)
    return asyncio.create_task(_pour(source, into)), into, items


async def _pour(source: AsyncGenerator[T, None], into: MemoryObjectSendStream[T]) -> None:
    async with into, aclosing(source):
        async for item in source:
            await into.send(item)


def _cell(row: pa.RecordBatch, path: str) -> pa.Scalar:
    """The value at a dotted path in a batch of one row; null where a step is missing."""
    found = column_at(row, path)
    return pa.scalar(None) if found is None else found[0]


def _value(entity: Entity, row: pa.RecordBatch, path: str) -> str:
    """A value of the parent as it is written into an address."""
    value = _cell(row, path).as_py()
    if isinstance(value, bool) or value in (None, "") or not isinstance(value, str | int | float):
        raise DataFetchError(
            f"{entity.name} cannot be asked for: a {_parent(entity)} has {value!r} at {path!r},"
            " which makes no address",
            entity.name,
        )
    return str(value)


def _step(entity: Entity, value: str) -> str:
    """A value that may stand in a path, slashes and all; not one that would lead out of it."""
    if {".", ".."} & {*value.split("/")}:
        raise DataFetchError(
            f"{entity.name} cannot be asked for: {value!r} of a {_parent(entity)} leads to another path",
            entity.name,
        )
    return value


def _parent(entity: Entity) -> str:
    return entity.parent.entity if entity.parent else ""


def _mapped(change: Callable[[str], str], value: Any) -> Any:
    """A JSON value with each of its texts changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {name: _mapped(change, it) for name, it in value.items()}
    return [_mapped(change, it) for it in value] if isinstance(value, list | tuple) else value
