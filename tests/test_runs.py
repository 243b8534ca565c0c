"""A run is heard, shown while it goes on, and its end is told, however that comes."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio
import pytest

from spyro_sdk import blocking, shown
from spyro_sdk.connection import Connection
from spyro_sdk.connector import BaseConnector
from spyro_sdk.entity import Query
from spyro_sdk.errors import DataFetchError, ValidationError
from spyro_sdk.events import listening
from spyro_sdk.fetch import Fetch
from spyro_sdk.observers.running import Running
from spyro_sdk.progress import Progress
from spyro_sdk.runs import Run

fork_only = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


class Acme(BaseConnector):
    """A service with nine records, three a page; it may fail, or take its time, after some."""

    name = "acme"
    fails_after = 99
    waits_after = 99
    goes_on = threading.Event()

    async def connect(self) -> None:
        """Nothing to open."""

    async def fetch_data(
        self, entity_type: str, since: Any = None, filters: Any = None
    ) -> AsyncIterator[dict[str, Any]]:
        """Count."""
        for number in range(9):
            if number == self.waits_after:
                await anyio.to_thread.run_sync(self.goes_on.wait)
            if number == self.fails_after:
                raise DataFetchError("it broke", entity_type)
            yield {"id": number, "name": str(number)}


class Shows:
    """Progress that remembers what it was told, and in which threads."""

    def __init__(self) -> None:
        self.said: list[tuple[Any, ...]] = []
        self.threads: set[int] = set()
        self.runs: list[Running] = []
        self.breaks_at = ""
        self.interrupts_at = ""
        self.at_tick = lambda: None

    def begin(self, run: Running) -> None:
        """Remember."""
        self.runs.append(run)
        self._told("begin", run.outcome)

    def tick(self, run: Running) -> None:
        """Remember."""
        self._told("tick", run.rows)
        self.at_tick()

    def end(self, run: Running, error: BaseException | None) -> None:
        """Remember."""
        self._told("end", run.outcome, run.given, run.kept)

    @property
    def ends(self) -> list[tuple[Any, ...]]:
        """What was told but for the ticks."""
        return [it for it in self.said if it[0] != "tick"]

    def _told(self, step: str, *said: Any) -> None:
        self.said.append((step, *said))
        self.threads.add(threading.get_ident())
        if step == self.breaks_at:
            raise ZeroDivisionError("mine")
        if step == self.interrupts_at:
            raise KeyboardInterrupt


class Wing:
    """A notebook's wing that shows runs as it is told to."""

    def __init__(self, shows: Progress) -> None:
        self.shows = shows

    def draw(self, thing: object) -> None:
        """Draw nothing."""

    def person(self) -> None:
        """Nobody."""

    def progress(self) -> Progress:
        """Whatever it was made with."""
        return self.shows


@pytest.fixture
def shows() -> Iterator[Shows]:
    shows = Shows()
    shown.plug(Wing(shows))
    yield shows
    shown.plug(None)


@pytest.fixture
def fetch(shows: Shows) -> Iterator[Fetch]:
    with connection(Acme) as acme:
        yield acme.fetch("Customer")


@pytest.fixture
def failing(shows: Shows) -> Iterator[Fetch]:
    with connection(type("Failing", (Acme,), {"fails_after": 7})) as acme:
        yield acme.fetch("Customer")


def connection(kind: type[BaseConnector], **more: Any) -> Connection:
    return Connection(kind, kind.configure(auth_type="none", page_size=3), progress=True, **more)


DONE = [("begin", "running"), ("end", "done", 9, None)]


@pytest.mark.parametrize(
    "take",
    [
        lambda it, path: it.to_arrow(),
        lambda it, path: it.to_pandas(),
        lambda it, path: it.to_polars(),
        lambda it, path: it.to_duckdb(),
        lambda it, path: it.to_parquet(path / "x.parquet"),
        lambda it, path: it.to_parquet(path / "folder", partition_by="id"),
        lambda it, path: it.to_csv(path / "x.csv"),
        lambda it, path: it.to_ipc(path / "x.arrow"),
        lambda it, path: list(it.batches()),
        lambda it, path: list(it.records()),
        lambda it, path: list(it),
        lambda it, path: it.head(9),
        lambda it, path: it.count(),
    ],
)
def test_every_way_to_run_a_fetch_is_shown_once(fetch: Fetch, shows: Shows, take: Any, tmp_path: Any) -> None:
    take(fetch, tmp_path)
    assert shows.ends == DONE
    (run,) = shows.runs
    assert (run.rows, run.pages, run.asked.connector, run.asked.entity) == (9, 3, "acme", "Customer")
    assert shows.threads == {threading.get_ident()}


def test_what_each_run_is_about_is_told(fetch: Fetch, shows: Shows) -> None:
    fetch.head(2)
    fetch.count()
    fetch.to_arrow()
    assert [(run.asked.act, run.asked.limit) for run in shows.runs] == [
        ("head", 2),
        ("count", None),
        ("fetch", None),
    ]


def test_only_without_a_filter_a_limit_is_what_comes(shows: Shows) -> None:
    with connection(Acme) as acme:
        acme.fetch("Customer", limit=5).to_arrow()
        acme.fetch("Customer", limit=5, where="id > 3").to_arrow()
    assert [run.asked.limit for run in shows.runs] == [5, None]


@pytest.mark.parametrize(
    "take",
    [
        lambda it, path, **how: it.to_arrow(**how),
        lambda it, path, **how: it.to_pandas(**how),
        lambda it, path, **how: it.to_polars(**how),
        lambda it, path, **how: it.to_duckdb(**how),
        lambda it, path, **how: it.to_parquet(path / "x.parquet", **how),
        lambda it, path, **how: it.to_parquet(path / "folder", partition_by="id", **how),
        lambda it, path, **how: it.to_csv(path / "x.csv", **how),
        lambda it, path, **how: it.to_ipc(path / "x.arrow", **how),
        lambda it, path, **how: list(it.batches(**how)),
        lambda it, path, **how: list(it.records(**how)),
        lambda it, path, **how: it.head(**how),
        lambda it, path, **how: it.count(**how),
    ],
)
def test_each_call_may_say_whether_it_is_shown(fetch: Fetch, shows: Shows, take: Any, tmp_path: Any) -> None:
    take(fetch, tmp_path, progress=False)
    assert shows.said == []
    with pytest.raises(ValidationError, match="progress='no' cannot be"):
        take(fetch, tmp_path, progress="no")
    fetch._progress = False
    take(fetch, tmp_path, progress=True)
    assert shows.ends[0] == ("begin", "running")


def test_a_failure_is_told_with_what_is_kept(failing: Fetch, shows: Shows) -> None:
    with pytest.raises(DataFetchError, match=r"fetch\.partial has them"):
        failing.to_arrow()
    assert shows.ends == [("begin", "running"), ("end", "failed", 6, 6)]
    assert "it broke; 6 records in 2 pages had arrived" in shows.runs[0].error


def test_a_file_that_fails_is_told_with_what_is_kept(failing: Fetch, shows: Shows, tmp_path: Any) -> None:
    with pytest.raises(DataFetchError):
        failing.to_parquet(tmp_path / "x.parquet")
    assert shows.ends[-1] == ("end", "failed", 6, 6)


def test_a_loop_that_fails_says_so(failing: Fetch, shows: Shows) -> None:
    with pytest.raises(DataFetchError):
        list(failing.batches())
    assert shows.ends[-1] == ("end", "failed", 6, None)


def test_a_loop_that_is_left_says_so(fetch: Fetch, shows: Shows) -> None:
    for batch in fetch.batches():
        assert batch.num_rows == 3
        break
    assert shows.ends == [("begin", "running"), ("end", "left", 3, None)]


def test_a_loop_begins_with_its_first_batch_and_ticks_with_each(fetch: Fetch, shows: Shows) -> None:
    batches = fetch.batches()
    assert shows.said == []
    next(iter(batches))
    assert [it[0] for it in shows.said] == ["begin", "tick"]
    assert len(list(batches)) == 2
    assert [it[0] for it in shows.said].count("tick") >= 3


def test_a_stream_is_shown_by_whoever_reads_it(shows: Shows) -> None:
    import polars
    import pyarrow as pa

    class Described(Acme):
        """With columns that are known beforehand."""

        async def schema_of(self, query: Query) -> pa.Schema:
            return pa.schema({"id": pa.int64(), "name": pa.string()})

    with connection(Described) as acme:
        assert polars.DataFrame(acme.fetch("Customer")).height == 9
    assert shows.ends == DONE


def test_a_wait_is_shown_in_the_thread_that_waits_and_may_be_stopped(shows: Shows) -> None:
    def stop() -> None:
        if shows.said.count(("tick", 3)) == 2:
            raise KeyboardInterrupt

    kind = type("Slow", (Acme,), {"waits_after": 5, "goes_on": threading.Event()})
    shows.at_tick = stop  # type: ignore[assignment]
    with connection(kind) as acme:
        fetch = acme.fetch("Customer")
        try:
            with pytest.raises(KeyboardInterrupt):
                fetch.to_arrow()
        finally:
            kind.goes_on.set()
    assert shows.threads == {threading.get_ident()}
    assert shows.ends[-1] == ("end", "stopped", 3, 3)
    assert fetch.partial is not None
    assert fetch.partial.num_rows == 3


@pytest.mark.parametrize("step", ["begin", "tick", "end"])
def test_progress_that_fails_is_logged_once_and_the_fetch_goes_on(
    fetch: Fetch, shows: Shows, step: str, caplog: pytest.LogCaptureFixture
) -> None:
    shows.breaks_at = step
    with caplog.at_level(logging.ERROR, "spyro_sdk.runs"):
        assert sum(batch.num_rows for batch in fetch.batches()) == 9
    (record,) = caplog.records
    assert record.getMessage() == "the progress of Customer cannot be shown"
    assert shows.said[-1][0] == step


def test_an_interrupt_while_progress_is_drawn_stops_the_fetch(fetch: Fetch, shows: Shows) -> None:
    shows.interrupts_at = "tick"
    with pytest.raises(KeyboardInterrupt):
        list(fetch.batches())
    assert shows.ends[-1][:2] == ("end", "stopped")


def test_two_runs_at_once_hear_their_own(fetch: Fetch, shows: Shows) -> None:
    one, other = fetch.batches(), fetch.batches()
    next(iter(one))
    next(iter(other))
    assert len(list(one)) == len(list(other)) == 2
    assert [(run.rows, run.pages, run.given) for run in shows.runs] == [(9, 3, 9)] * 2


def test_many_threads_hear_their_own(fetch: Fetch, shows: Shows) -> None:
    threads = [threading.Thread(target=fetch.to_arrow) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [(run.rows, run.given) for run in shows.runs] == [(9, 9)] * 6


def test_the_caller_hears_no_more_than_he_asked_for(fetch: Fetch, shows: Shows) -> None:
    heard: list[Any] = []
    fetch.to_arrow()
    for _ in fetch.batches():
        with listening(heard.append):
            blocking.run(anyio.sleep, 0)
    assert heard == []


@fork_only
def test_a_forked_child_leaves_what_is_shown_to_its_parent(shows: Shows) -> None:
    with connection(Acme) as acme:
        run = Run(acme._live(), Query.ask("Customer"), shows)
    run._process += 1  # as a child sees it
    with run:
        pass
    assert shows.said == []
