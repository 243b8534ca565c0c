"""Pages are asked for ahead, and wait in line until it is their turn."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import anyio

from ..errors import ConnectorError
from ..http import Request
from .page import Ahead, Ask, Page, identity


@dataclass(slots=True, eq=False)
class Turn:
    """A page that was asked for, and what is known of the next."""

    request: Request
    next: Request | None
    is_computed: bool
    """Whether the next is told by the request alone: nobody knows yet that there is one."""
    task: asyncio.Task[Page] = field(init=False)


class Line:
    """The pages that were asked for and are not taken yet, in their order."""

    def __init__(self, ask: Ask, ahead: Ahead, has_room: Callable[[Turn, int], bool]) -> None:
        self._ask, self._ahead, self._has_room = ask, ahead, has_room
        self._turns: deque[Turn] = deque()
        self._tasks: set[asyncio.Task[Page]] = set()

    @property
    def first(self) -> Turn | None:
        """Whose turn it is."""
        return self._turns[0] if self._turns else None

    @property
    def last(self) -> Turn | None:
        """Who came last."""
        return self._turns[-1] if self._turns else None

    def turn(self, request: Request) -> Turn:
        """Whose turn it is; when nobody is in line, the page of `request` is asked for."""
        if not self._turns:
            self._start(request)
        return self._turns[0]

    def took(self) -> None:
        """Let the next have its turn."""
        self._turns.popleft()

    def go_on(self, upcoming: Request) -> None:
        """Ask for a page, unless it is in line, and for as many more as are known and have room."""
        if not self._turns:
            self._start(upcoming)
        self._extend()

    def drop(self) -> None:
        """Forget all that was asked for."""
        for turn in self._turns:
            turn.task.cancel()
        self._turns.clear()

    async def leave(self) -> None:
        """Cancel what nobody waits for any more, and see it end."""
        self.drop()
        if self._tasks:
            with anyio.CancelScope(shield=True):
                await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, request: Request) -> None:
        """Ask for a page."""
        following = self._told(request, None)
        turn = Turn(request, following, following is not None)
        turn.task = asyncio.create_task(self._ask(request, partial(self._foresee, turn)))
        turn.task.add_done_callback(self._tasks.discard)
        turn.task.add_done_callback(_looked_at)
        self._tasks.add(turn.task)
        self._turns.append(turn)

    def _foresee(self, turn: Turn, payload: Any) -> None:
        """Ask for the page after the last, when what came of that tells its address."""
        if turn.next is None and turn is self.last:
            turn.next = self._told(turn.request, payload)
            self._extend()

    def _told(self, request: Request, payload: Any) -> Request | None:
        """The next request as far as it can be told; what makes no sense is found out by the page itself."""
        with suppress(ConnectorError, ValueError, TypeError, LookupError):
            return self._ahead(request, payload)
        return None

    def _extend(self) -> None:
        """Ask for as many pages more as are known and have room."""
        while (last := self.last) and last.next is not None and self._has_room(last, len(self._turns)):
            if any(identity(turn.request) == identity(last.next) for turn in self._turns):
                return
            self._start(last.next)


def _looked_at(task: asyncio.Task[Page]) -> None:
    """Take note of an error, which nobody else may look at: its page turned out not to be one."""
    if not task.cancelled():
        task.exception()
