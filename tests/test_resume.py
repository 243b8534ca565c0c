"""An export goes on where an earlier run of it ended, and is what it would have been."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spyro_sdk import http
from spyro_sdk.arrow.journal import MAGIC, Journal
from spyro_sdk.arrow.mark import Mark
from spyro_sdk.config import ConnectorConfig, RateLimitConfig
from spyro_sdk.connection import Connection
from spyro_sdk.connector import BaseConnector
from spyro_sdk.connectors.declared import Declared
from spyro_sdk.demo.http import HttpServer, Request, Response
from spyro_sdk.entity import Entity, Query
from spyro_sdk.errors import (
    ConnectionError,
    ConnectorError,
    DataFetchError,
    ExportError,
    IncompleteWarning,
    IntegrityError,
    UnknownEntityError,
    ValidationError,
)
from spyro_sdk.events import FetchFinished, FetchResumed, PageArrived, PagingRepaired, ResumeLost
from spyro_sdk.guards.limiter import RateLimiter
from spyro_sdk.observers.running import Asked, Running
from spyro_sdk.paging import Answer, NextLink
from spyro_sdk.rest import RestConnector
from spyro_sdk.resume import Recipe, Resume

from .apis.api import Api, Service, serve
from .apis.apis import APIS
from .apis.pagers import Refusal, Whole
from .apis.store import Store, record
from .arrow.rows import names, no_file_over
from .stopping import Exports, assert_same, stopping

COUNT, SIZE, PAGES = 66, 15, 5
SECRET = "hunter2-hunter2-hunter2"
FAST: dict[str, Any] = {"rate_limit": 60_000, "retry_delay": 0.001, "retry_count": 0}
CORE = [
    "Link header, page numbers",
    "Link header, opaque cursors",
    "relative next link",
    "cursor with has-more",
    "cursor in the body of a POST",
    "keyset",
    "offset with a total",
    "offset without a total",
    "page number with a page count",
    "page number with nothing",
]
PAGED = [name for name, it in APIS.items() if it.entity and it.count and not isinstance(it.pager, Whole)]


class Lists:
    """Four pages of records, with links between them; each record says its version."""

    def __init__(self, query: Callable[[int], str] = lambda page: f"page={page}") -> None:
        self._query = query
        self.pages = {page: [10 * page + place for place in range(3)] for page in range(1, 5)}
        self.version = 1

    def __call__(self, request: Request) -> Response:
        page = int(request.query.get("page", 1))
        link = f"/items?{self._query(page + 1)}" if page < 4 else None
        rows = [{"id": key, "version": self.version} for key in self.pages[page]]
        return Response(200, json.dumps({"items": rows, "next": link}).encode())


class Linked(RestConnector):
    """The connector for these."""

    name = "linked"
    offers = (Entity("items", "/items", "items", NextLink("next"), key="id"),)


def linked(base_url: str, path: Path, **settings: Any) -> Exports:
    given = {"base_url": base_url, "auth_type": "none", "concurrency": 1, **FAST}
    return Exports(Linked, path, "items", **{**given, **settings})


@contextmanager
def running(app: Callable[[Request], Response]) -> Iterator[str]:
    server = HttpServer(app)
    server.start()
    try:
        yield server.base_url
    finally:
        server.stop()


def few(name: str) -> Api:
    return replace(APIS[name], count=COUNT)


def exports(service: Service, path: Path, **settings: Any) -> Exports:
    """Exports of what somebody has described by hand."""

    class Described(RestConnector):
        name = "described"
        offers = (service.api.entity,)

    given = {"base_url": service.base_url, "page_size": SIZE, "concurrency": 1}
    return Exports(Described, path, "items", **{**FAST, **given, **service.api.door.settings, **settings})


def asked(service: Service) -> list[str]:
    """The requests since this was called last, each once: one of a run that was stopped may come late."""
    found = dict.fromkeys(json.dumps(it, sort_keys=True) for it in service.asked)
    service.asked.clear()
    return [*found]


def check(service: Service, folder: Path, stops: Iterable[int]) -> None:
    """Stop after so many pages, go on, and see what was asked and what it made."""
    whole = exports(service, folder / "whole.parquet")
    whole.run(resume=False)
    every = asked(service)
    for stop in stops:
        parts = exports(service, folder / "parts.parquet")
        with pytest.raises(ConnectionError):
            parts.run(stop)
        delivered = asked(service)[:stop]
        parts.run()
        again = asked(service)
        assert_same(parts.path, whole.path)
        assert len({*delivered} & {*again}) <= 1, (stop, delivered, again)
        assert {*delivered, *again} == {*every}
        assert names(folder) == ["parts.parquet", "whole.parquet"]
        assert parts.told(ResumeLost) == []
        assert stop == 1 or len(parts.told(FetchResumed)) == 1


@pytest.mark.parametrize("name", CORE)
def test_after_a_stop_at_any_page_at_most_one_is_read_again(name: str, tmp_path: Path) -> None:
    with serve(few(name)) as service:
        check(service, tmp_path, range(1, PAGES + 1))


@pytest.mark.parametrize("name", [name for name in PAGED if name not in CORE])
def test_so_it_is_however_the_records_are_wrapped(name: str, tmp_path: Path) -> None:
    with serve(few(name)) as service:
        check(service, tmp_path, [2])


@pytest.mark.parametrize("name", ["cursor with has-more", "offset with a total"])
@pytest.mark.parametrize(
    "wishes",
    [
        {"limit": 50},
        {"where": "quantity > 1000"},
        {"where": "quantity > 1000", "limit": 30},
        {"columns": ["id", "rank", "name"]},
        {"columns": ["name"], "where": "active = true", "limit": 12},
    ],
    ids=str,
)
def test_it_counts_chooses_and_filters_as_one_run_does(
    name: str, wishes: dict[str, Any], tmp_path: Path
) -> None:
    with serve(few(name)) as service:
        whole = exports(service, tmp_path / "whole.parquet")
        whole.wishes = wishes
        rows = whole.run(resume=False)
        most = len(asked(service))
        for stop in (1, 2):
            parts = exports(service, tmp_path / "parts.parquet")
            parts.wishes = wishes
            with pytest.raises(ConnectionError):
                parts.run(stop)
            assert parts.run() == rows
            assert_same(parts.path, whole.path)
            assert len(asked(service)) <= most + 2  # a page again, and one that was on its way


def test_columns_that_grow_wider_are_as_wide_after_a_stop(tmp_path: Path) -> None:
    """`rank` is null in the first 4,000 records, and `weight` whole or not."""
    with serve(replace(few("cursor with has-more"), count=4_100)) as service:
        whole = exports(service, tmp_path / "whole.parquet", page_size=100)
        whole.run(resume=False)
        parts = exports(service, tmp_path / "parts.parquet", page_size=100)
        with pytest.raises(ConnectionError):
            parts.run(40)
        assert parts.run() == 4_100
        assert_same(parts.path, whole.path)


def test_many_stops_in_a_row_read_on_where_the_last_one_ended(tmp_path: Path) -> None:
    with serve(few("offset with a total")) as service:
        whole, parts = (exports(service, tmp_path / f"{name}.parquet") for name in ("whole", "parts"))
        whole.run(resume=False)
        for stop in (2, 3, 4, 5):
            with pytest.raises(ConnectionError):
                parts.run(stop)
        asked(service)
        assert parts.run() == COUNT
        assert len(asked(service)) == 0  # all had come
        assert_same(parts.path, whole.path)


def test_it_says_how_far_it_had_come(tmp_path: Path) -> None:
    with serve(few("keyset")) as service:
        parts = exports(service, tmp_path / "parts.parquet")
        with pytest.raises(ConnectionError) as caught:
            parts.run(2)
        words = f"the same call goes on after 30 records, kept in {parts.journal}"
        assert str(caught.value) == (
            f"it stopped; 30 records in 2 pages had arrived: fetch.partial has them; {words}"
        )
        assert names(tmp_path) == [".parts.parquet.resume"]
        assert parts.journal.stat().st_mode & 0o777 == 0o600
        with pytest.raises(KeyboardInterrupt) as stopped:
            parts.run(3, error=KeyboardInterrupt)
        assert stopped.value.__notes__[-1] == words.replace("30 records", "45 records")
        parts.run()
        assert parts.told(FetchResumed) == [FetchResumed("described", "items", 45, 45, 3)]
        (finished,) = parts.told(FetchFinished)
        assert finished.rows == COUNT


def test_the_file_tells_when_it_was_begun_and_when_it_went_on(tmp_path: Path) -> None:
    with serve(few("keyset")) as service:
        parts = exports(service, tmp_path / "parts.parquet")
        with pytest.raises(ConnectionError):
            parts.run(2)
        said = Journal(parts.path)
        with said:
            started = (said.header() or {})["started"]
            said.restore()
        parts.run()
        metadata = pq.read_metadata(parts.path).metadata
        assert metadata[b"spyro.started"].decode() == started
        assert metadata[b"spyro.resumed"].decode() >= started
        assert b"resume" not in metadata[b"spyro.query"]
        parts.run()
        assert b"spyro.resumed" not in pq.read_metadata(parts.path).metadata


def test_progress_counts_what_had_come(tmp_path: Path) -> None:
    with serve(few("offset with a total")) as service:
        parts = exports(service, tmp_path / "parts.parquet")
        with pytest.raises(ConnectionError):
            parts.run(3)
        parts.run()
    rate = RateLimitConfig(600)
    running = Running(Asked("described", "items", rate, RateLimiter(rate)))
    for event in parts.events:
        running(event)
    assert (running.rows, running.total, running.share) == (COUNT, COUNT, 1.0)
    assert running.resumed == 43  # pages overlap by a record
    assert running.remarks == ("items goes on after 43 records, which an earlier run has left",)
    running.end(None)
    assert running.pace < COUNT / running.seconds


# -- what is of no use --------------------------------------------------------------------------------


def lost(parts: Exports) -> list[str]:
    """Why what an earlier run has left was of no use in the last one."""
    return [event.reason for event in parts.told(ResumeLost)]


def stopped(service: Service, path: Path, after: int = 2, **settings: Any) -> Exports:
    """An export that was stopped."""
    parts = exports(service, path, **settings)
    with pytest.raises(ConnectionError):
        parts.run(after)
    asked(service)
    return parts


@pytest.fixture
def service() -> Iterator[Service]:
    with serve(few("keyset")) as it:
        yield it


def test_another_question_begins_anew(service: Service, tmp_path: Path) -> None:
    parts = stopped(service, tmp_path / "parts.parquet")
    parts.wishes = {"limit": 50}
    assert parts.run() == 50
    assert lost(parts) == ["it is of another fetch"]
    assert len(asked(service)) == 4
    assert names(tmp_path) == ["parts.parquet"]


def test_what_changes_no_record_may_be_another(service: Service, tmp_path: Path) -> None:
    parts = stopped(service, tmp_path / "parts.parquet")
    parts.wishes = {"concurrency": 3, "deadline": 60.0}
    assert parts.run() == COUNT
    assert lost(parts) == []
    assert len(asked(service)) == 3


def test_another_account_begins_anew(service: Service, tmp_path: Path) -> None:
    parts = stopped(service, tmp_path / "parts.parquet")
    assert parts.run(custom_params={"tenant": "other"}) == COUNT
    assert lost(parts) == ["it is of another account, or of other credentials"]


def test_other_pages_begin_anew(service: Service, tmp_path: Path) -> None:
    parts = stopped(service, tmp_path / "parts.parquet")
    assert parts.run(page_size=20) == COUNT
    assert lost(parts) == ["it is asked for in another way now"]
    assert len(asked(service)) == 4


def test_other_columns_begin_anew(service: Service, tmp_path: Path) -> None:
    parts = stopped(service, tmp_path / "parts.parquet")
    entity = service.api.entity
    assert entity is not None
    schema = pa.schema([("id", pa.int64()), ("name", pa.string())])
    parts.kind = type("Described", (parts.kind,), {"offers": (replace(entity, schema=schema),)})
    assert parts.run() == COUNT
    assert lost(parts) == ["the columns are not what they were"]


@pytest.mark.parametrize("status", [400, 404, 410, 422])
def test_a_place_that_the_service_does_not_know_any_more_begins_anew(
    service: Service, tmp_path: Path, status: int
) -> None:
    parts = stopped(service, tmp_path / "parts.parquet")
    refused = []

    def refuse(store: Store, number: int) -> None:
        if not refused:
            refused.append(number)
            raise Refusal(status, "gone")

    service._before = refuse
    assert parts.run() == COUNT
    (why,) = lost(parts)
    assert f"answered {status}" in why
    assert_same(parts.path, parts.path)
    assert len(asked(service)) == PAGES


def test_a_failure_on_the_way_keeps_what_is_there(service: Service, tmp_path: Path) -> None:
    parts = stopped(service, tmp_path / "parts.parquet")

    def refuse(store: Store, number: int) -> None:
        raise Refusal(500, "not now")

    service._before = refuse
    with pytest.raises(ConnectorError, match="30 records in 2 pages had arrived") as caught:
        parts.run()
    assert "the same call goes on after 30 records" in str(caught.value)
    assert lost(parts) == []
    service._before = lambda store, number: None
    asked(service)
    assert parts.run() == COUNT
    assert len(asked(service)) == 3


def test_a_later_refusal_is_an_error_as_in_one_run(service: Service, tmp_path: Path) -> None:
    parts = stopped(service, tmp_path / "parts.parquet")
    answered = []

    def refuse(store: Store, number: int) -> None:
        answered.append(number)
        if len(answered) > 1:
            raise Refusal(410, "gone")

    service._before = refuse
    with pytest.raises(DataFetchError, match="the same call goes on after 45 records"):
        parts.run()
    assert lost(parts) == []


@pytest.mark.parametrize("damage", [b"", b"nothing of ours\n" * 9, MAGIC, MAGIC + b"\0" * 90])
def test_a_damaged_or_foreign_journal_is_begun_anew(service: Service, tmp_path: Path, damage: bytes) -> None:
    parts = stopped(service, tmp_path / "parts.parquet")
    parts.journal.write_bytes(damage)
    assert parts.run() == COUNT
    assert lost(parts) == (["it is damaged"] if damage else [])
    assert len(asked(service)) == 5
    assert names(tmp_path) == ["parts.parquet"]


def test_a_header_that_makes_no_sense_is_damage(service: Service, tmp_path: Path) -> None:
    parts = exports(service, tmp_path / "parts.parquet")
    for header in ({"form": 1}, {"salt": 1, "started": ""}, {"salt": "zz", "started": ""}):
        with Journal(parts.path) as journal:
            journal.start(header)
            journal.append(pa.record_batch({"n": [1]}), Mark({"asked": ""}))
        assert parts.run() == COUNT
        assert lost(parts) == ["it is damaged"]


def test_of_a_journal_that_is_damaged_in_the_middle_what_stands_before_is_used(
    service: Service, tmp_path: Path
) -> None:
    whole = exports(service, tmp_path / "whole.parquet")
    whole.run(resume=False)
    parts = stopped(service, tmp_path / "parts.parquet", 4)
    content = bytearray(parts.journal.read_bytes())
    content[len(content) * 3 // 5] ^= 1
    parts.journal.write_bytes(content)
    assert parts.run() == COUNT
    assert_same(parts.path, whole.path)
    assert 1 < len(asked(service)) < 5


def test_of_a_run_that_ended_well_nothing_is_given_again(service: Service, tmp_path: Path) -> None:
    """It may be killed after the file is in its place, and before the journal is away."""
    parts = stopped(service, tmp_path / "parts.parquet", PAGES)
    kept = parts.journal.read_bytes()
    parts.run()
    parts.journal.write_bytes(kept)
    parts.journal.chmod(0o600)
    asked(service)
    assert parts.run() == COUNT
    assert lost(parts) == ["the file has been written since"]
    assert len(asked(service)) == PAGES
    assert names(tmp_path) == ["parts.parquet"]


# -- who may have it ----------------------------------------------------------------------------------


def test_a_second_run_is_told_that_one_is_at_work(service: Service, tmp_path: Path) -> None:
    parts = exports(service, tmp_path / "parts.parquet")
    with Journal(parts.path):
        with pytest.raises(ExportError, match="is in use: another run writes") as caught:
            parts.run()
        assert caught.value.hint == "wait until that has ended, or write elsewhere"
        assert asked(service) == []
        assert parts.run(resume=False) == COUNT  # which leaves the other's journal alone
        assert parts.journal.exists()
    assert parts.run() == COUNT


def test_a_run_that_ends_well_leaves_no_journal_of_an_earlier_one(service: Service, tmp_path: Path) -> None:
    parts = stopped(service, tmp_path / "parts.parquet")
    with pytest.raises(ConnectionError):
        parts.run(1, resume=False)
    assert parts.journal.exists()
    parts.run(resume=False)
    assert names(tmp_path) == ["parts.parquet"]


def test_a_link_that_says_our_secret_again_is_no_place_to_go_on_from(tmp_path: Path) -> None:
    lists = Lists(lambda page: f"api_key={SECRET}&page={page}")
    with running(lists) as base_url:
        parts = linked(base_url, tmp_path / "parts.parquet", api_key=SECRET, auth_type="api_key")
        with pytest.raises(ConnectionError) as caught:
            parts.run(2)
        assert "goes on" not in str(caught.value)
        assert names(tmp_path) == []
        assert parts.run() == 12
        assert parts.told(FetchResumed) == []


@pytest.mark.parametrize(
    ("place", "is_kept"),
    [
        ({"next": "https://acme.example/items?page_token=abcdef"}, True),
        ({"next": "https://acme.example/items?page=2&token=abcdef"}, True),
        ({"next": "https://acme.example/items?page=2&access_token=abcdef"}, False),
        ({"next": "https://acme.example/items?page=2&X-Amz-%53ignature=abcdef"}, False),
        ({"next": "https://ana:pw@acme.example/items?page=2"}, False),
        ({"next": {"params": {"after": "hunter2-hunter2"}}}, False),
        ({"next": {"params": {"after": object()}}}, False),
    ],
)
def test_a_place_with_a_secret_in_it_is_not_kept(tmp_path: Path, place: Any, is_kept: bool) -> None:
    config = ConnectorConfig("acme", auth_type="none")
    recipe = Recipe(config, "", {"entity": "items"}, None, lambda: ["hunter2-hunter2"])
    with Journal(tmp_path / "file") as journal:
        resume = Resume(journal, recipe, lambda event: None)
        resume.open()
        assert resume.go_on() is None
        resume.reached(Mark(place, 1))
        asyncio.run(resume.keep(pa.record_batch({"n": [1]}), None))
        assert journal.pages == 1
        assert journal.has_place == is_kept
        assert b"hunter2" not in journal.path.read_bytes()
        assert journal.sure == int(is_kept)


# -- what cannot go on, and what need not -------------------------------------------------------------


class Counting(BaseConnector):
    """Records that nobody can ask for from a place on."""

    name = "counting"

    async def connect(self) -> None:
        """Nothing to open."""

    async def fetch_data(
        self, entity_type: str, since: Any = None, filters: Any = None
    ) -> AsyncIterator[dict[str, Any]]:
        """Count."""
        for number in range(9):
            yield {"id": number}


def test_a_connector_that_cannot_go_on_begins_anew(tmp_path: Path) -> None:
    parts = Exports(Counting, tmp_path / "parts.parquet", "things", page_size=3, auth_type="none")
    with pytest.raises(ConnectionError) as caught:
        parts.run(2)
    assert "goes on" not in str(caught.value)
    assert names(tmp_path) == []
    assert parts.run() == 9


def test_what_another_connector_has_left_is_of_no_use_to_one_that_cannot_go_on(tmp_path: Path) -> None:
    class Going(Counting):
        async def _read(self, query: Query) -> Any:
            assert query.resume is not None
            query.resume.go_on()
            async for batch in super()._read(query):
                query.resume.reached(Mark({}, batch.num_rows))
                yield batch

    parts = Exports(Going, tmp_path / "parts.parquet", "things", page_size=3, auth_type="none")
    with pytest.raises(ConnectionError):
        parts.run(2)
    parts.kind = Counting
    assert parts.run() == 9
    assert lost(parts) == ["the connector cannot go on from a place"]
    assert names(tmp_path) == ["parts.parquet"]


def test_it_is_not_for_increments_nor_anything_but_yes_and_no(service: Service, tmp_path: Path) -> None:
    parts = exports(service, tmp_path / "parts.parquet")
    parts.wishes = {"since": "last"}
    with pytest.raises(ValidationError, match="an increment that failed begins again where it did") as caught:
        parts.run()
    assert caught.value.hint == "leave out resume"
    parts.wishes = {}
    with pytest.raises(ValidationError, match="resume='yes' cannot be: it must be True or False"):
        parts.run(resume="yes")  # type: ignore[arg-type]
    assert asked(service) == []


def test_what_is_incomplete_is_completed_by_a_later_run(service: Service, tmp_path: Path) -> None:
    whole, parts = (exports(service, tmp_path / f"{name}.parquet") for name in ("whole", "parts"))
    whole.run(resume=False)
    parts.wishes = {"on_error": "partial"}
    with pytest.warns(IncompleteWarning):
        assert parts.run(1, resume=False) == 15
    with pytest.warns(IncompleteWarning, match="it stopped"):
        assert parts.run(2) == 30
    assert pq.read_metadata(parts.path).metadata[b"spyro.complete"] == b"false"
    assert parts.journal.exists()
    asked(service)
    assert parts.run() == COUNT
    assert len(asked(service)) == 3
    assert pq.read_metadata(parts.path).metadata[b"spyro.complete"] == b"true"
    assert names(tmp_path) == ["parts.parquet", "whole.parquet"]
    assert_same(parts.path, whole.path)


def test_records_that_came_twice_leave_nothing_to_go_on_from(tmp_path: Path) -> None:
    lists = Lists()
    lists.pages[4] = [41, 10, 42]
    with running(lists) as base_url:
        parts = linked(base_url, tmp_path / "parts.parquet")
        with pytest.raises(IntegrityError, match="1 records have the key of another") as caught:
            parts.run()
        assert "goes on" not in str(caught.value)
        assert names(tmp_path) == []


def test_a_page_that_does_not_follow_on_what_is_there_begins_anew(tmp_path: Path) -> None:
    lists = Lists()
    with running(lists) as base_url:
        parts = linked(base_url, tmp_path / "parts.parquet")
        with pytest.raises(ConnectionError):
            parts.run(2)
        lists.pages[3], lists.version = [22, 21, 30], 2
        with pytest.raises(IntegrityError):
            parts.run()
        assert len(lost(parts)) == 1
        assert "had come before, and not in their order" in lost(parts)[0]
        lists.pages[3] = [30, 31, 32]
        assert parts.run() == 12
        assert lost(parts) == []


def test_what_came_before_a_stop_is_not_taken_twice_after_it(tmp_path: Path) -> None:
    """Records were added meanwhile, so that the next page begins with the last one of the page before."""
    lists = Lists()
    with running(lists) as base_url:
        parts = linked(base_url, tmp_path / "parts.parquet")
        with pytest.raises(ConnectionError):
            parts.run(2)
        lists.pages[3] = [22, 30, 31, 32]
        assert parts.run() == 12
        keys = pq.read_table(parts.path)["id"].to_pylist()
        assert keys == [10, 11, 12, 20, 21, 22, 30, 31, 32, 40, 41, 42]
        assert len(parts.told(PagingRepaired)) == 1


def test_a_record_that_only_has_the_key_of_one_that_came_is_noticed(tmp_path: Path) -> None:
    lists = Lists()
    with running(lists) as base_url:
        parts = linked(base_url, tmp_path / "parts.parquet")
        with pytest.raises(ConnectionError):
            parts.run(2)
        lists.pages[3], lists.version = [22, 30, 31, 32], 2
        parts.run()
        assert "have keys of others that had come" in lost(parts)[0]


def test_a_list_without_a_key_goes_on_too(tmp_path: Path) -> None:
    lists = Lists()
    with running(lists) as base_url:
        parts = linked(base_url, tmp_path / "parts.parquet")
        offers = (Entity("items", "/items", "items", NextLink("next")),)
        parts.kind = type("Linked", (Linked,), {"offers": offers})
        with pytest.raises(ConnectionError):
            parts.run(2)
        assert parts.run() == 12
        assert [event.rows for event in parts.told(PageArrived)] == [3, 3]
        assert pq.read_table(parts.path)["id"].to_pylist() == [*chain(*lists.pages.values())]


def test_a_key_of_several_columns_begins_anew(tmp_path: Path) -> None:
    """What came twice in two pages could not be told where the first of them came before the stop."""
    paging = {"type": "json_link", "next_url_path": "next"}
    items = {"path": "/items", "records": "items", "key": ["id", "version"], "paging": paging}
    lists = Lists()
    with running(lists) as base_url:
        parts = linked(base_url, tmp_path / "parts.parquet")
        parts.kind = Declared.of({"base_url": base_url, "entities": {"items": items}}, name="linked")
        with pytest.raises(ConnectionError) as caught:
            parts.run(2)
        assert "goes on" not in str(caught.value)
        assert parts.run() == 12
        assert names(tmp_path) == ["parts.parquet"]


def test_pagings_are_told_by_their_words_or_their_kind(tmp_path: Path) -> None:
    class Plain:
        """A paging that says nothing of itself."""

        def first(self, request: http.Request, size: int) -> http.Request:
            return request

        def next(self, request: http.Request, answer: Answer) -> http.Request | None:
            return NextLink("next").next(request, answer)

    with running(Lists()) as base_url:
        parts = linked(base_url, tmp_path / "parts.parquet")
        for stop in (2, None):
            entity = Entity("items", "/items", "items", Plain(), key="id")
            parts.kind = type("Linked", (Linked,), {"offers": (entity,)})
            if stop:
                with pytest.raises(ConnectionError):
                    parts.run(stop)
        assert parts.run() == 12
        assert lost(parts) == []
        assert len(parts.told(PageArrived)) == 2


@pytest.mark.parametrize(
    "name", ["offset with a total", "page number with a total", "offset without a total"]
)
@pytest.mark.parametrize("stop", [2, 3, 4])
def test_what_is_added_or_removed_between_two_runs_moves_no_record_out_of_sight(
    name: str, stop: int, tmp_path: Path
) -> None:
    with serve(few(name)) as service:
        stayed = set(service.store.keys)
        parts = exports(service, tmp_path / "parts.parquet", page_size=20)
        with pytest.raises(ConnectionError):
            parts.run(stop - 1)
        gone = service.store.keys[3:6]
        for key in gone:
            service.store.delete(key)
        service.store.insert(record(1, 1))
        parts.run()
        keys = pq.read_table(parts.path)["id"].to_pylist()
        assert len(keys) == len({*keys})
        assert stayed - {*gone} <= {*keys}


# -- when it cannot be written ------------------------------------------------------------------------


def test_a_full_disk_leaves_the_old_file_and_what_came_before(service: Service, tmp_path: Path) -> None:
    whole, parts = (exports(service, tmp_path / f"{name}.parquet") for name in ("whole", "parts"))
    whole.run(resume=False)
    parts.path.write_bytes(b"old")
    with pytest.raises(ConnectionError):
        parts.run(2)
    size = parts.journal.stat().st_size
    with no_file_over(size + 500), pytest.raises(ExportError, match="no file may be so big there") as caught:
        parts.run()
    assert str(parts.journal) in str(caught.value)
    assert "the same call goes on after 30 records" in str(caught.value)
    assert parts.path.read_bytes() == b"old"
    assert parts.journal.stat().st_size == size
    asked(service)
    assert parts.run() == COUNT
    assert len(asked(service)) == 3
    assert_same(parts.path, whole.path)


@pytest.mark.parametrize("form", ["csv", "ipc", "parted"])
def test_every_kind_of_file_goes_on(service: Service, tmp_path: Path, form: str) -> None:
    parts = exports(service, tmp_path / "unused")

    def write(path: Path, after: int | None, resume: bool) -> None:
        kind = stopping(parts.kind, after)
        with Connection(kind, kind.configure(**parts.settings), progress=False) as connection:
            fetch = connection.fetch("items", columns=["id", "name", "active"])
            if form == "parted":
                fetch.to_parquet(path, partition_by="active", resume=resume)
            else:
                getattr(fetch, f"to_{form}")(path, resume=resume)

    write(tmp_path / "whole", None, False)
    with pytest.raises(ConnectionError):
        write(tmp_path / "parts", 2, True)
    asked(service)
    write(tmp_path / "parts", None, True)
    assert len(asked(service)) == 3
    assert names(tmp_path) == ["parts", "whole"]
    if form == "parted":
        assert pq.read_table(tmp_path / "parts").equals(pq.read_table(tmp_path / "whole"))
    elif form == "ipc":
        one, other = (pa.ipc.open_file(str(tmp_path / name)).read_all() for name in ("parts", "whole"))
        assert one.to_pylist() == other.to_pylist()
    else:
        assert (tmp_path / "parts").read_bytes() == (tmp_path / "whole").read_bytes()


def test_a_failure_before_anything_is_asked_leaves_what_is_there(service: Service, tmp_path: Path) -> None:
    parts = stopped(service, tmp_path / "parts.parquet")
    offers, parts.kind.offers = parts.kind.offers, ()  # type: ignore[attr-defined]
    with pytest.raises(UnknownEntityError):
        parts.run()
    parts.kind.offers = offers  # type: ignore[attr-defined]
    assert parts.run() == COUNT
    assert len(asked(service)) == 3


def test_a_failure_before_anything_is_asked_leaves_nothing_where_there_was_nothing(
    service: Service, tmp_path: Path
) -> None:
    parts = exports(service, tmp_path / "parts.parquet")
    parts.kind.offers = ()  # type: ignore[attr-defined]
    with pytest.raises(UnknownEntityError):
        parts.run()
    assert names(tmp_path) == []
