"""Increments: their union is a full fetch, whatever comes late, at the same moment, or while it is read."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spyro_sdk as spyro
from spyro_sdk import ConnectorConfig, Entity, blocking
from spyro_sdk.canonical import Translation, same
from spyro_sdk.demo.github.server import serve as github
from spyro_sdk.demo.server import serve
from spyro_sdk.entity import Query
from spyro_sdk.errors import (
    ConfigurationError,
    ConnectionError,
    DataFetchError,
    StoreError,
    ValidationError,
)
from spyro_sdk.events import Event, Received, WatermarkLost, WatermarkNotKept
from spyro_sdk.increment import MOST, Increment, _bounded, _moment
from spyro_sdk.observers.logging import words
from spyro_sdk.rest import RestConnector
from spyro_sdk.watermarks import VARIABLE, OwnFolder, Watermark, Watermarks, watermarks_of

from .connectors.declared.api import api
from .connectors.declared.test_connector import connected as declaring
from .connectors.github import hub
from .org import connected, truth
from .shop import LATE, OVERLAP, SETTINGS, SKEW, START, Model, Shop

ROOT = Path(__file__).parents[1]
KILLS = 30


@pytest.fixture
def model() -> Model:
    Shop.model = Model()
    return Shop.model


@pytest.fixture
def heard() -> list[Event]:
    return []


@pytest.fixture
def shop(model: Model, heard: list[Event]) -> Iterator[spyro.Connection]:
    with spyro.connect(Shop, **SETTINGS, observers=[heard.append]) as connection:
        connection.forget()
        yield connection


@pytest.fixture
def on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "marks"))
    return tmp_path / "marks"


def keys(shop: spyro.Connection, **wishes: Any) -> list[int]:
    return [row["id"] for row in shop.fetch("Order", since="last", **wishes).to_arrow().to_pylist()]


# -- the union -------------------------------------------------------------------------------------------

KEYS = st.integers(0, 5)
PUT = st.tuples(st.just("put"), KEYS, st.integers(0, LATE))
STEP = st.one_of(
    PUT,
    st.tuples(st.just("pass"), st.integers(1, 3 * OVERLAP), st.just(0)),
    st.tuples(st.sampled_from(["run", "break", "leave"]), st.just(0), st.just(0)),
    st.tuples(st.just("meanwhile"), KEYS, st.integers(0, LATE)),
    st.tuples(st.just("skew"), st.integers(-SKEW, SKEW), st.just(0)),
)


@pytest.fixture(scope="module")
def lasting() -> Iterator[spyro.Connection]:
    with spyro.connect(Shop, **SETTINGS) as connection:
        yield connection


@settings(max_examples=150, deadline=None)
@given(steps=st.lists(STEP, max_size=40))
def test_the_union_of_increments_is_a_full_fetch(
    lasting: spyro.Connection, steps: list[tuple[str, int, int]]
) -> None:
    model = Shop.model = Model()
    lasting.forget()
    fetch, union = lasting.fetch("Order", since="last"), {}

    def later(key: int, late: int) -> Callable[[], None]:
        def happen() -> None:
            model.now += 7
            model.put(key, late)

        return happen

    for what, first, second in [*steps, ("run", 0, 0), ("pass", 5, 0), ("run", 0, 0)]:
        match what:
            case "put":
                model.put(first, second)
            case "pass":
                model.now += first
            case "skew":
                model.skew = first
            case "meanwhile":
                model.meanwhile.append(later(first, second))
            case "run":
                union |= {row["id"]: row for row in fetch.records()}
            case "break":
                model.breaks = True
                with pytest.raises(ConnectionError):
                    fetch.to_arrow()
                model.breaks = False
            case "leave":
                list(islice(fetch.records(), 1))
    model.meanwhile.clear()
    union |= {row["id"]: row for row in fetch.records()}
    assert union == model.rows
    assert list(fetch.records()) == []


def test_the_first_run_gives_all_and_the_next_what_changed(shop: spyro.Connection, model: Model) -> None:
    for key in range(5):
        model.put(key)
    assert keys(shop) == [0, 1, 2, 3, 4]
    assert keys(shop) == []
    model.now += 1
    model.put(3)
    model.put(9)
    assert keys(shop) == [3, 9]
    assert model.asked == [None, *[START - timedelta(seconds=OVERLAP)] * 2]


def test_what_came_before_does_not_come_again_beside_what_is_much_newer(
    shop: spyro.Connection, model: Model
) -> None:
    model.put(1)
    keys(shop)
    model.now += 100
    model.put(2)
    assert keys(shop) == [2]


def test_the_order_in_which_records_come_does_not_matter(shop: spyro.Connection, model: Model) -> None:
    for key in (5, 4, 3, 2, 1):
        model.now += 100
        model.put(key)
    assert keys(shop) == [1, 2, 3, 4, 5]
    assert shop.watermarks()[0].moment == START + timedelta(seconds=500)


def test_what_is_away_for_one_run_does_not_come_again(shop: spyro.Connection, model: Model) -> None:
    model.put(1)
    model.put(2)
    keys(shop)
    away = model.rows.pop(1)
    assert keys(shop) == []
    model.rows[1] = away
    assert keys(shop) == []


@pytest.mark.anyio
async def test_a_run_that_was_left_commits_nothing(shop: spyro.Connection, model: Model) -> None:
    for key in range(5):
        model.put(key)
    kept: list[str] = []
    words = {"entity": "Order"}
    async with Shop(config(page_size=2)).connection_context() as connector:
        marks = watermarks_of(connector.config)
        increment = Increment(connector, words, store=lambda: marks)
        async with aclosing(increment.batches(Query.ask("Order"))) as batches:
            assert (await anext(batches)).num_rows == 2
        increment.commit()
        assert marks.read(words, kept.append) is None


def test_what_changes_again_in_the_same_second_comes_again(shop: spyro.Connection, model: Model) -> None:
    model.put(1)
    assert keys(shop) == [1]
    first = model.rows[1]
    model.put(1)
    assert keys(shop) == [1]
    model.rows[1] = first  # as it was: of each record the last that was given counts
    assert keys(shop) == [1]
    assert keys(shop) == []


def test_a_date_in_the_future_moves_the_watermark_no_further_than_the_services_clock(
    shop: spyro.Connection, model: Model
) -> None:
    model.put(1, late=-1_000_000)
    assert keys(shop) == [1]
    assert shop.watermarks()[0].moment == START
    model.now += 60
    model.put(2)
    assert keys(shop) == [2]
    assert keys(shop) == []


def test_what_changes_behind_our_back_comes_the_next_time(shop: spyro.Connection, model: Model) -> None:
    """However long it takes to read: what is read last is dated long after what changed behind it."""
    for key in range(3):
        model.put(key)

    def soon() -> None:
        model.now += 5
        model.put(0)

    def much_later() -> None:
        model.now += 1_000
        model.put(2)

    model.meanwhile += [soon, much_later]
    assert keys(shop) == [0, 1, 2]
    assert keys(shop) == [0]


def test_without_the_services_clock_ours_is_as_good(shop: spyro.Connection, model: Model) -> None:
    model.tells_time = False
    model.put(1, late=-(10**9))
    began = datetime.now(UTC)
    assert keys(shop) == [1]
    assert began - timedelta(seconds=1) <= shop.watermarks()[0].moment <= datetime.now(UTC)


def test_the_watermark_never_goes_back(shop: spyro.Connection, model: Model) -> None:
    model.now = 100
    model.put(1)
    keys(shop)
    model.skew = -90
    model.put(2)
    assert keys(shop) == [2]
    assert shop.watermarks()[0].moment == START + timedelta(seconds=100)


def test_an_empty_service_is_asked_for_everything_again(shop: spyro.Connection, model: Model) -> None:
    assert keys(shop) == []
    assert shop.watermarks() == []
    assert keys(shop) == []
    assert model.asked == [None, None]


# -- it is committed when the result is safe ---------------------------------------------------------------


def test_a_run_that_fails_or_is_left_changes_nothing(
    shop: spyro.Connection, model: Model, tmp_path: Path
) -> None:
    for key in range(5):
        model.put(key)
    fetch = shop.fetch("Order", since="last")
    model.breaks = True
    for take in (fetch.to_pandas, lambda: fetch.to_parquet(tmp_path / "it.parquet"), lambda: list(fetch)):
        with pytest.raises(ConnectionError):
            take()
    model.breaks = False
    assert len(list(islice(fetch.batches(), 2))) == 2
    assert shop.watermarks() == []
    assert keys(shop) == [0, 1, 2, 3, 4]


def test_a_table_that_cannot_be_made_changes_nothing(shop: spyro.Connection, model: Model) -> None:
    model.put(1)
    fetch = shop.fetch("Order", since="last")

    def broken(table: pa.Table) -> None:
        raise MemoryError

    with pytest.raises(MemoryError):
        fetch._made(broken, fetch._run(None))
    assert keys(shop) == [1]


def test_a_file_is_in_its_place_before_the_watermark_moves(
    shop: spyro.Connection, model: Model, tmp_path: Path
) -> None:
    model.put(1)
    path = tmp_path / "orders.parquet"
    assert shop.fetch("Order", since="last").to_parquet(path) == 1
    query = json.loads(pq.read_metadata(path).metadata[b"spyro.query"])
    assert query["since"] == "last"
    assert shop.fetch("Order", since="last").to_parquet(path) == 0


def test_each_way_to_take_an_increment_moves_it_once(shop: spyro.Connection, model: Model) -> None:
    fetch = shop.fetch("Order", since="last")
    ways: list[Callable[[], int]] = [
        lambda: len(fetch.to_pandas()),
        lambda: len(fetch.to_polars()),
        lambda: len(fetch.to_duckdb()),
        lambda: sum(batch.num_rows for batch in fetch),
        lambda: len(list(fetch.records())),
        lambda: pa.table(fetch).num_rows,
    ]
    for way in ways:
        model.now += 100
        model.put(1)
        assert pa.schema(fetch).names == ["id", "version", "changed"]  # which fetches, and moves nothing
        assert (way(), way()) == (1, 0)


def test_looking_moves_nothing(shop: spyro.Connection, model: Model) -> None:
    for key in range(5):
        model.put(key)
    fetch = shop.fetch("Order", since="last")
    assert fetch.head(3)["id"].tolist() == [0, 1, 2]
    assert len(fetch.head(0)) == 0
    assert fetch.count() == fetch.profile().rows == 5
    assert fetch.explain().query.since is None
    assert shop.watermarks() == []
    fetch.to_arrow()
    model.put(3)
    assert fetch.head(3)["id"].tolist() == [3]
    assert fetch.count() == 1
    assert fetch.explain().query.since == START - timedelta(seconds=OVERLAP)
    assert keys(shop) == [3]


def test_a_fetch_says_that_it_is_one(shop: spyro.Connection) -> None:
    assert repr(shop.fetch("Order", since="last")) == "<Fetch 'Order', since='last'>"


# -- questions ----------------------------------------------------------------------------------------------


def test_each_question_has_its_own_watermark(shop: spyro.Connection, model: Model) -> None:
    for key in range(4):
        model.put(key)
    assert keys(shop) == [0, 1, 2, 3]
    assert keys(shop, where="id > 1") == [2, 3]
    assert keys(shop, where="id > 1") == []
    assert [mark.query["where"] for mark in shop.watermarks()] in ([None, "id > 1"], ["id > 1", None])


def test_an_increment_of_nothing_has_its_columns(shop: spyro.Connection, model: Model) -> None:
    model.put(1)
    for _ in range(2):
        frame = shop.fetch("Order", since="last", columns=["version"]).to_pandas()
        assert frame.columns.tolist() == ["version"]
    assert len(frame) == 0


def test_an_increment_after_which_all_is_gone_keeps_the_watermark(
    shop: spyro.Connection, model: Model
) -> None:
    model.put(1)
    keys(shop)
    (before,) = shop.watermarks()
    model.rows.clear()
    assert keys(shop) == []
    assert [it.moment for it in shop.watermarks()] == [before.moment]


def test_only_the_columns_asked_for_come(shop: spyro.Connection, model: Model) -> None:
    model.put(1)
    for columns in (["version"], ["version", "id"], ["changed"]):
        fetch = shop.fetch("Order", since="last", columns=columns)
        assert fetch.to_arrow().column_names == columns
        assert fetch.count() == 0
    profile = shop.fetch("Order", since="last", columns=["version", "changed"]).profile()
    assert (profile.rows, profile.names) == (1, ["version", "changed"])


@pytest.mark.parametrize(("entity", "what"), [("Keyless", "key"), ("Undated", "column that grows")])
def test_an_entity_that_cannot_tell_is_refused_with_what_to_do(
    shop: spyro.Connection, entity: str, what: str
) -> None:
    with pytest.raises(ValidationError, match=f"{entity} of shop has no {what}.*declare a key") as caught:
        shop.fetch(entity, since="last").to_arrow()
    assert (caught.value.field, caught.value.value) == ("since", "last")


def test_a_limit_is_refused(shop: spyro.Connection) -> None:
    with pytest.raises(ValidationError, match="limit=3 cannot be with since='last'"):
        shop.fetch("Order", since="last", limit=3)


def test_to_ask_for_the_last_without_a_connection_is_no_moment() -> None:
    with pytest.raises(ValidationError, match="is no moment"):
        Query.ask("Order", since="last")


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ({"id": 1, "changed": None}, "changed is missing"),
        ({"id": 1}, "changed is missing"),
        ({"id": None, "changed": Model.at(0)}, "id is missing"),
        ({"changed": Model.at(0)}, "id is missing"),
        ({"id": 1, "changed": "yesterday"}, "no moments"),
        ({"id": 1, "changed": "2026-01-01T00:00:00"}, "no moments"),
    ],
)
def test_a_record_that_does_not_say_when_it_changed_is_an_error(
    shop: spyro.Connection, model: Model, row: dict[str, Any], what: str
) -> None:
    model.rows[1] = row
    with pytest.raises(DataFetchError, match=f"what changed in Order .* cannot be told: .*{what}"):
        keys(shop)


# -- what is kept ------------------------------------------------------------------------------------------


def test_it_is_known_to_the_next_process(on_disk: Path, model: Model) -> None:
    model.put(1)
    for expected in ([1], []):
        with spyro.connect(Shop, **SETTINGS) as shop:
            assert keys(shop) == expected
    (mark,) = shop_marks()
    assert (mark.entity, mark.moment) == ("Order", START)
    assert sorted(path.suffix for path in on_disk.iterdir()) == ["", ".json"]


def shop_marks() -> list[Watermark]:
    with spyro.connect(Shop, **SETTINGS) as shop:
        return shop.watermarks()


def test_nothing_of_a_record_is_in_the_file(on_disk: Path, model: Model) -> None:
    model.rows[1] = {"id": "ana@acme.example", "name": "Ana", "changed": Model.at(0)}
    with spyro.connect(Shop, **SETTINGS) as shop:
        keys(shop)
    (file,) = on_disk.glob("*.json")
    assert "ana" not in file.read_text().lower()
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: b"",
        lambda text: text[:-20],
        lambda text: b"\x00" * 100,
        lambda text: b"[1]",
        lambda text: text.replace(b'"form": 1', b'"form": 2'),
        lambda text: text.replace(b'"Order"', b'"Other"'),
        lambda text: text.replace(b"2026-01-01", b"2026-99-01"),
        lambda text: text.replace(b'"seen": {', b'"seen": {"a": 1, '),
    ],
)
def test_a_damaged_watermark_is_told_and_everything_fetched_again(
    on_disk: Path, model: Model, heard: list[Event], damage: Callable[[bytes], bytes]
) -> None:
    model.put(1)
    with spyro.connect(Shop, **SETTINGS, observers=[heard.append]) as shop:
        keys(shop)
        (file,) = on_disk.glob("*.json")
        file.write_bytes(damage(file.read_bytes()))
        assert keys(shop) == [1]
        assert keys(shop) == []
    (lost,) = [event for event in heard if isinstance(event, WatermarkLost)]
    assert lost.entity == "Order"
    assert "damaged" in lost.reason


def test_runs_that_are_killed_at_any_moment_lose_nothing(tmp_path: Path) -> None:
    seed = random.SystemRandom().getrandbits(32)
    command = [sys.executable, "-m", "tests.increments", str(tmp_path), str(KILLS), str(seed)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    told = f"{' '.join(command[1:])}: {found}"
    assert found["missing"] == [], told
    assert found["killed"] > KILLS // 5, told


def test_a_watermark_that_cannot_be_written_is_told_and_the_records_are_there(
    shop: spyro.Connection, model: Model
) -> None:
    class Full(OwnFolder):
        def replace(self, name: str, data: bytes) -> None:
            raise StoreError("the disk is full")

    model.put(1)
    heard: list[Event] = []
    connector = shop._live()
    connector.observe(heard.append)
    words = {"entity": "Order", "since": "last"}
    increment = Increment(connector, words, store=lambda: Watermarks(Full(), "a", b"k"))

    async def rows() -> int:
        return await increment.count(Query.ask("Order"))

    assert blocking.run(rows) == 1
    increment.commit()
    assert [event.reason for event in heard if isinstance(event, WatermarkNotKept)] == ["the disk is full"]


def test_a_folder_that_others_can_write_is_refused_before_anything_is_asked(
    on_disk: Path, model: Model
) -> None:
    on_disk.mkdir(mode=0o777)
    on_disk.chmod(0o777)
    with spyro.connect(Shop, **SETTINGS) as shop, pytest.raises(StoreError, match="no watermark is kept"):
        keys(shop)
    assert model.asked == []


def test_to_forget_is_to_begin_anew(shop: spyro.Connection, model: Model) -> None:
    model.put(1)
    keys(shop)
    keys(shop, where="id > 0")
    assert shop.forget("Contact") == 0
    assert len(shop.watermarks()) == 2
    assert shop.forget("Order") == 2
    assert shop.watermarks() == []
    assert keys(shop) == [1]
    assert shop.forget() == 1


def config(**settings: Any) -> ConnectorConfig:
    return ConnectorConfig("shop", **{"base_url": "https://acme.example", "auth_type": "none", **settings})


def test_accounts_have_watermarks_of_their_own(tmp_path: Path) -> None:
    environ = {VARIABLE: str(tmp_path)}
    first, again, other, who = (
        watermarks_of(config(), environ=environ),
        watermarks_of(config(), environ=environ),
        watermarks_of(config(username="ana"), environ=environ),
        watermarks_of(config(), "ana", environ),
    )
    assert first == again
    mark = Watermark("Order", {"entity": "Order"}, START, START)
    first.write(mark)
    assert again.all() == [mark]
    assert other.all() == who.all() == []
    assert other.forget() == 0


def test_without_a_folder_they_are_in_memory_and_of_other_services_with_the_users_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    here = config(base_url="http://127.0.0.1:8000")
    assert isinstance(watermarks_of(config(), environ={VARIABLE: "none"}).folder, OwnFolder)
    assert isinstance(watermarks_of(here, environ={}).folder, OwnFolder)
    assert watermarks_of(config(), environ={}).folder.path == tmp_path / "spyro" / "watermarks"  # type: ignore[attr-defined]
    with pytest.raises(ConfigurationError, match="SPYRO_WATERMARKS='marks' cannot be"):
        watermarks_of(config(), environ={VARIABLE: "marks"})


def test_an_overlap_makes_sense() -> None:
    with pytest.raises(ConfigurationError, match="overlap=0 cannot be"):
        config(overlap=0)


def test_what_is_remembered_is_bounded(shop: spyro.Connection, model: Model) -> None:
    seen = {str(n): (n, "") for n in range(MOST + 10)}
    assert min(when for when, _ in _bounded(seen, 5).values()) == 10
    assert len(_bounded(seen, 15)) == MOST - 5
    assert _moment(-(10**18)) == datetime.min.replace(tzinfo=UTC)


def test_more_at_one_moment_than_are_remembered_come_again_and_none_is_lost(model: Model) -> None:
    model.rows = {key: {"id": key, "changed": Model.at(0)} for key in range(2 * MOST + 100)}
    with spyro.connect(Shop, **{**SETTINGS, "page_size": 50_000}) as shop:
        shop.forget()
        assert shop.fetch("Order", since="last").to_arrow().num_rows == len(model.rows)
        assert len(shop.watermarks()[0].seen) == MOST
        again = keys(shop)
        assert len(again) == len(model.rows) - MOST
        shop.forget()


# -- services ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wishes", [{}, {"native": True}, {"columns": ["name"]}])
def test_salesforce_gives_what_changed(wishes: dict[str, Any]) -> None:
    with serve(records=300, seed=5) as service, connected(service) as sf:
        fetch = sf.fetch("Contact", since="last", **wishes)
        assert len(fetch.to_pandas()) == len(truth(service, "Contact"))
        assert len(fetch.to_pandas()) == 0
        assert len(pd.DataFrame(sf.watermarks())) == 1
        sf.forget()


@pytest.mark.parametrize(
    "entity", ["issues", "Ticket", "commits", "repositories", "pull_requests", "Project"]
)
def test_github_gives_what_changed(entity: str) -> None:
    with github(records=60, repositories=2, seed=3) as service, hub.connected(service) as gh:
        fetch = gh.fetch(entity, since="last")
        assert fetch.to_arrow().num_rows == gh.fetch(entity).count() > 0
        assert fetch.to_arrow().num_rows == 0
        if entity in ("issues", "Ticket"):
            service.world.change_issue("platform", 1, title="Changed")
            assert fetch.to_arrow().num_rows == 1
        gh.forget()


@pytest.mark.parametrize("entity", ["users", "User", "teams", "labels"])
def test_what_nobody_dates_is_refused(entity: str) -> None:
    with (
        github(records=60, repositories=2, seed=3) as service,
        hub.connected(service) as gh,
        pytest.raises(ValidationError, match=f"{entity} of github has no column that grows"),
    ):
        gh.fetch(entity, since="last").to_arrow()


AT = 1_767_225_600  # seconds; 2026-01-01


@pytest.mark.parametrize(
    ("declared", "row"),
    [
        ({"cursor": "at"}, lambda n: {"id": n, "at": Model.at(n)}),
        (
            {"cursor": "at", "columns": {"id": "int64", "at": "timestamp"}},
            lambda n: {"id": n, "at": Model.at(n)},
        ),
        (
            {"cursor": "at", "since": {"param": "from", "format": "seconds"}},
            lambda n: {"id": n, "at": AT + n},
        ),
        (
            {"cursor": "at", "since": {"param": "from", "format": "milliseconds"}},
            lambda n: {"id": n, "at": 1000 * (AT + n)},
        ),
        ({"cursor": "meta.at"}, lambda n: {"id": n, "meta": {"at": Model.at(n)}}),
        (
            {"cursor": "at", "key": "meta.id", "nested": "flatten"},
            lambda n: {"id": n, "meta": {"id": n % 3}, "at": Model.at(n)},
        ),
        (
            {"cursor": "at", "key": "meta.id"},
            lambda n: {"id": n, "meta": {"id": n % 3}, "at": Model.at(n)},
        ),
        ({"cursor": "meta.at", "nested": "flatten"}, lambda n: {"id": n, "meta": {"at": Model.at(n)}}),
    ],
)
@pytest.mark.parametrize("columns", [None, ["id"]])
def test_a_declared_service_gives_what_changed(
    declared: dict[str, Any], row: Callable[[int], dict[str, Any]], columns: list[str] | None
) -> None:
    records = [row(n) for n in range(3)]
    with (
        api(lambda asked: records) as service,
        declaring(service, {"key": "id", **declared}, overlap=OVERLAP) as it,
    ):
        fetch = it.fetch("items", since="last", columns=columns)
        assert fetch.to_arrow()["id"].to_pylist() == [0, 1, 2]
        assert it.watermarks()[0].moment == START + timedelta(seconds=2)
        records[1] = {**row(4), "id": 1}
        found = fetch.to_arrow()
        assert found["id"].to_pylist() == [1]
        assert columns is None or found.column_names == columns
        assert fetch.to_arrow().num_rows == 0
        it.forget()


def test_a_service_says_its_time_with_each_answer() -> None:
    heard: list[Event] = []
    with serve(records=10, seed=5) as service, connected(service, observers=[heard.append]) as sf:
        sf.fetch("Contact").to_arrow()
    dates = [event.date for event in heard if isinstance(event, Received)]
    assert all(date is not None and abs(date - time.time()) < 60 for date in dates)


def test_what_became_of_a_watermark_is_told_in_words() -> None:
    assert words(WatermarkLost("shop", "Order", "it is damaged")) == (
        "shop: everything of Order is fetched, its watermark cannot be read: it is damaged"
    )
    assert words(WatermarkNotKept("shop", "Order", "the disk is full")) == (
        "shop: the next increment of Order begins where this one did: the disk is full"
    )


def test_whoever_reads_while_others_write_finds_a_whole_watermark(on_disk: Path) -> None:
    lost: list[str] = []
    words = {"entity": "Order"}
    marks = watermarks_of(config())
    mark = Watermark("Order", words, START, START, {str(n): (n, "held") for n in range(500)})
    marks.write(mark)

    def write() -> None:
        for _ in range(30):
            watermarks_of(config()).write(mark)

    writers = [threading.Thread(target=write) for _ in range(3)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        assert marks.read(words, lost.append) == mark
    for writer in writers:
        writer.join()
    assert lost == []


@pytest.mark.anyio
async def test_a_canonical_entity_without_the_moment_of_its_change_cannot_tell() -> None:
    query = Query.ask("Customer")
    for columns, cursor in (({"updated_at": same("changed")}, "updated_at"), ({"name": same("name")}, None)):
        assert await Acme.made(columns).cursor_of(query) == cursor


class Acme(RestConnector):
    name = "acme"
    offers = (Entity("account", "/accounts", key="id", cursor="changed"),)

    @classmethod
    def made(cls, columns: Mapping[str, Any]) -> RestConnector:
        kind = type(
            "Acme", (cls,), {"translations": {"Customer": Translation("Customer", "account", columns)}}
        )
        return kind(config())
