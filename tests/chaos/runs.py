"""A fetch from the service under faults, and whether what came is right."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import pyarrow as pa

import spyro_sdk as spyro
from spyro_sdk.demo.http import App, Request, Response
from spyro_sdk.errors import ConnectorError
from tests.apis.api import Service as Served
from tests.apis.arrived import assert_arrived

from .faults import Fault
from .service import Chaos, PageOf, Seen
from .styles import SIZE, Style

KEY = re.compile(rb'"id":"?(\d+)')
RUNS = count()
"""Makes an account of each run, so that no limiter remembers the run before it."""
FAST = {
    "rate_limit": 60_000,
    "burst_size": 1_000,
    "retry_delay": 0.001,
    "retry_count": 2,
    "page_size": SIZE,
    "timeout": 5.0,
    "progress": False,
}


@dataclass(frozen=True)
class Run:
    """What came of a fetch."""

    table: pa.Table | None
    error: ConnectorError | None
    seconds: float
    seen: Sequence[Seen]
    chaos: Chaos

    @property
    def pages(self) -> list[int]:
        """The pages that were asked for, in their order."""
        return [it.page for it in self.seen if it.page is not None]

    @property
    def spoilt(self) -> int:
        """How many answers were."""
        return sum(it.fault is not None for it in self.seen)


def fetch(chaos: Chaos, style: Style, *faults: Fault, app: App | None = None, **settings: Any) -> Run:
    """Fetch all records of a declared source under faults; `app` answers, where it is not the style's own."""
    chaos.play(app or served(style), page_of(style), faults)
    entities = {"items": style.declared}
    account = {"base_url": chaos.base_url, "entities": entities, "custom_params": {"run": next(RUNS)}}
    given = {**account, **style.api.door.settings, **FAST, **settings}
    return run(chaos, lambda: spyro.connect("rest", **given), "items")


def run(chaos: Chaos, connect: Callable[[], spyro.Connection], entity: str) -> Run:
    """Fetch an entity; nobody is asked who must not be, and no line stays open."""
    table, error, started = None, None, time.monotonic()
    try:
        with connect() as connection:
            table = connection.fetch(entity).to_arrow()
    except ConnectorError as raised:
        error = raised
    seconds = time.monotonic() - started
    assert chaos.is_left(), "a connection stayed open"
    assert chaos.strangers == 0, "somebody else was asked"
    assert error is None or str(error), "an error without a word"
    return Run(table, error, seconds, list(chaos.seen), chaos)


def served(style: Style) -> Served:
    """The app that answers as a style does."""
    return Served(style.api, lambda store, number: None)


def page_of(style: Style) -> PageOf:
    """The page in which the last record of an answer stands: pages may overlap."""
    keys = served(style).store.keys
    places = {str(key).encode(): place for place, key in enumerate(keys)}

    def page(request: Request, answer: Response) -> int | None:
        found = KEY.findall(answer.body)
        return places[found[-1]] // style.size + 1 if found else None

    return page


def assert_exact(run: Run, style: Style) -> None:
    """Every record once, in the order of the service, each value as it was sent."""
    if run.error is not None:
        raise run.error
    assert run.table is not None
    assert_arrived(run.table, style.api.shape, style.api.count)
    keys = run.table["id"].to_pylist()
    assert keys == sorted(keys, reverse=style.api.newest_first)


def assert_right(run: Run, style: Style) -> None:
    """Exactly that, or an error of ours."""
    if run.error is None:
        assert_exact(run, style)
