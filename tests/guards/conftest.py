"""Time that passes only when nobody has anything to do."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import pytest

T = TypeVar("T")


class Leap(selectors.DefaultSelector):
    """Instead of waiting, moves the clock; raises when everybody waits for nothing."""

    now = 1000.0

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise AssertionError("all tasks wait, and nothing will ever wake them")
        self.now += timeout
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.leap = Leap()
        super().__init__(self.leap)

    def time(self) -> float:
        return self.leap.now


def run_virtually(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main())


@pytest.fixture(scope="session")
def virtually() -> Callable[[Callable[[], Coroutine[Any, Any, T]]], T]:
    """Run a coroutine function on a loop whose sleeps take no time; `loop.time` is its clock."""
    return run_virtually
