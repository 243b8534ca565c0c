"""Schedules of many faults at once, the same with each seed.

To repeat one: `python -m tests.chaos.schedules 4711`; to play a thousand from 0 on: `… 0 1000`.
"""

from __future__ import annotations

import logging
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import pyarrow as pa

import spyro_sdk as spyro
from spyro_sdk.connectors.salesforce.chunks import AHEAD
from spyro_sdk.demo.store import Store
from spyro_sdk.errors import CircuitOpenError, ConfigurationError, ConnectorError
from tests.apis.api import OPEN

from .. import environment  # noqa: F401
from .behind import PagesIn
from .door import Door, Porter
from .draws import ENOUGH, Place, forgotten, harmful, healing, long_quota, manner, short_quota, tokens
from .faults import ALWAYS, STALE, Fault
from .org import RECORDS, Org, records
from .runs import FAST, Run, assert_exact, fetch, run, served
from .service import Chaos, serving
from .styles import STYLES

RETRIES = 2
PAGES = 5  # some of which are beyond the end
DEADLINE = 6.0  # seconds that any of them may take
MOST = 150  # requests that any of them may take
MOST_BYTES = 4 << 20  # of an answer, unzipped
LANES = 10  # requests that may be under way when the first of them is refused
TOLD = 1_000  # schedules after which it is said how far it came

MAY_BE = (CircuitOpenError, ConfigurationError)
"""What may come of faults that pass: too many at once, or two first answers that look as if the declaration
were wrong."""

BULK = "Salesforce, bulk"
JSON = Place("records", "nextRecordsUrl", "totalSize", is_ours=False)
ORGS: dict[str, tuple[dict[str, Any], str, str, Place]] = {
    "Salesforce": ({"api": "rest"}, "Account", "/query", JSON),
    "Salesforce, canonical": ({"api": "rest"}, "Customer", "/query", JSON),
    BULK: ({"api": "bulk"}, "Account", "/results|locator", Place(is_ours=False)),
}
"""For each way to read Salesforce the settings, the entity, what the addresses of its pages have in them, and
what stands where in these."""
PLACES = {name: Place(it.records, it.following, it.total, it.more) for name, it in STYLES.items()}
PLACES |= {name: place for name, (_, _, _, place) in ORGS.items()}


@dataclass(frozen=True)
class Schedule:
    """What happens in one fetch."""

    seed: int
    style: str
    settings: dict[str, Any]
    faults: tuple[Fault, ...]
    door: Door
    heals: bool
    """Whether all records must come, since no fault lasts."""

    def __str__(self) -> str:
        told = "; ".join(map(str, self.faults)) or "nothing"
        return f"seed {self.seed}: {self.style} {self.settings} {self.door}: {told}"


def drawn(seed: int) -> Schedule:
    """The schedule of a seed."""
    pick = Random(seed)
    name = pick.choice(sorted(PLACES))
    place = PLACES[name]
    lanes = pick.choice([None, 1, 2, 8])
    faults = [fault for page in _pages(pick) for fault in _passing(pick, place, page)]
    if pick.random() < 0.5:
        faults.append(Fault(*_spread(manner(pick, place))))
    door = _door(pick, name, lanes)
    heals = pick.random() < 0.6
    if not heals:
        kind, given = harmful(pick, place)
        faults.insert(0, Fault(kind, pick.randrange(1, PAGES), ALWAYS, given))
    settings = {
        "concurrency": lanes,
        "retry_count": _retries(faults, door),
        "timeout": _timeout(faults),
        "max_body": MOST_BYTES,
    }
    is_enough = door.quota is None or door.quota.seconds < 1 or door.quota.most >= ENOUGH
    return Schedule(seed, name, settings, tuple(faults), door, heals and is_enough)


def _pages(pick: Random) -> list[int]:
    """The pages on which something passes."""
    return pick.sample(range(1, PAGES + 1), pick.randrange(1, PAGES + 1))


def _passing(pick: Random, place: Place, page: int) -> list[Fault]:
    """One fault or two on a page, so that as many attempts as are allowed are enough."""
    first, second = healing(pick, place), healing(pick, place)
    if pick.random() < 0.3 and page > 1:
        return [Fault(first[0], page, 1, first[1]), Fault(second[0], page, 1, second[1])]
    most = (
        1 if page == 1 and first[0] in ("body", "errors") else RETRIES
    )  # twice it is the declaration that looks wrong
    return [Fault(first[0], page, pick.randrange(1, most + 1), first[1])]


def _retries(faults: Sequence[Fault], door: Door) -> int:
    """As many as it takes: a line that is no good any more, or no token, costs an attempt of any page."""
    stale = sum(it.times for it in faults if it.kind in STALE)
    late = 2 if any(it.kind == "silence" for it in faults) else 0  # a busy machine may be late as well
    return RETRIES + door.busy + stale + late


def _timeout(faults: Sequence[Fault]) -> float:
    """Seconds for an attempt; few where it has to end one."""
    return 0.5 if any(it.kind == "silence" for it in faults) else 5.0


def _spread(drawn: tuple[str, dict[str, Any]]) -> tuple[str, int, int, dict[str, Any]]:
    return drawn[0], 0, ALWAYS, drawn[1]


def _door(pick: Random, name: str, lanes: int | None) -> Door:
    if pick.random() < 0.7:
        return Door()
    ways = [tokens, tokens, long_quota] + ([forgotten] if name in ORGS else [short_quota])
    return pick.choice(ways)(pick, AHEAD if name == BULK else lanes)


class Stage:
    """Where schedules are played."""

    def __init__(self, chaos: Chaos, store: Store) -> None:
        self._chaos, self._store = chaos, store
        self._known: dict[str, pa.Table] = {}

    def play(self, schedule: Schedule) -> Run:
        """Play one, and see that what comes of it is right; an `AssertionError` says which it was."""
        try:
            came = self._org(schedule) if schedule.style in ORGS else self._rest(schedule)
            assert came.seconds < DEADLINE, f"it took {came.seconds:.1f} s"
            assert len(came.seen) < MOST, f"it took {len(came.seen)} requests"
            assert came.error is None or not schedule.heals or isinstance(came.error, MAY_BE), (
                f"not healed: {came.error}"
            )
        except Exception as error:
            raise AssertionError(f"{schedule}\n{type(error).__name__}: {error}") from error
        return came

    def _rest(self, schedule: Schedule) -> Run:
        style, door = STYLES[schedule.style], schedule.door
        if door.lasts:
            style = replace(style, api=replace(style.api, door=OPEN))
        porter = Porter(served(style), door)
        wishes = {**schedule.settings, **porter.settings(self._chaos.base_url)}
        came = fetch(self._chaos, style, *schedule.faults, app=porter, **wishes)
        assert porter.misused == 0, "a refresh token was used twice"
        assert max(porter.refused, default=0) <= LANES, "it asked on though it was refused"
        if came.error is None:
            assert_exact(came, style)
        return came

    def _org(self, schedule: Schedule) -> Run:
        if schedule.style not in self._known:
            self._known[schedule.style] = self._untouched(schedule.style)
        org, came = self._asked(schedule.style, schedule.door, schedule.faults, schedule.settings)
        assert org.misused == 0, "a refresh token was used twice"
        if came.error is None:
            assert came.table == self._known[schedule.style], "not the records that are there"
        return came

    def _untouched(self, name: str) -> pa.Table:
        """What an org gives on a line without faults."""
        _, came = self._asked(name, Door(), (), {"concurrency": 1})
        assert came.table is not None, came.error
        assert came.table.num_rows == self._store.count("Account") == RECORDS
        return came.table

    def _asked(
        self, name: str, door: Door, faults: tuple[Fault, ...], wishes: dict[str, Any]
    ) -> tuple[Org, Run]:
        settings, entity, pages, _ = ORGS[name]
        org = Org(self._store, self._chaos.base_url, door)
        self._chaos.play(org, PagesIn(pages), faults)
        given = {**FAST, "page_size": 200, **settings, **org.settings, **wishes, "base_url": org.base_url}
        return org, run(self._chaos, lambda: spyro.connect("salesforce", **given), entity)


@contextmanager
def staged() -> Iterator[Stage]:
    """A stage with a service and an org of its own."""
    with serving() as chaos, records() as store:
        yield Stage(chaos, store)


def main(first: int, count: int) -> int:
    """Play so many from a seed on; say what came of them, and return how many were wrong."""
    outcomes: Counter[str] = Counter()
    started = time.monotonic()
    with staged() as stage:
        for seed in range(first, first + count):
            try:
                error: ConnectorError | None = stage.play(drawn(seed)).error
                outcomes["exact" if error is None else type(error).__name__] += 1
            except AssertionError as wrong:
                outcomes["WRONG"] += 1
                print(wrong, flush=True)  # noqa: T201
            if (seed - first + 1) % TOLD == 0 or seed == first + count - 1:
                _tell(seed - first + 1, time.monotonic() - started, outcomes)
    return outcomes["WRONG"]


def _tell(count: int, seconds: float, outcomes: Counter[str]) -> None:
    told = f"{count:,} schedules in {seconds:.0f} s, {count / seconds:.0f} a second: {dict(outcomes)}"
    print(told, flush=True)  # noqa: T201


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    numbers = [int(it) for it in sys.argv[1:]]
    sys.exit(main(numbers[0], numbers[1] if len(numbers) > 1 else 1) != 0)
