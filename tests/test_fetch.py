"""A table that has been described, in every form in which one may take it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

import spyro_sdk as spyro
from spyro_sdk import Query
from spyro_sdk.arrow.head import Head, Origin, origin_of
from spyro_sdk.arrow.quality import Frequent
from spyro_sdk.demo.server import Service, serve
from spyro_sdk.errors import (
    ConfigurationError,
    ConnectionError,
    ExportError,
    TimeoutError,
    ValidationError,
)
from spyro_sdk.events import Event, PageArrived
from spyro_sdk.fetch import _extra

from .org import connected, data_calls, ids, schema, truth

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def org() -> Iterator[Service]:
    with serve(records=1_000, seed=5, batch_limit=250) as service:
        yield service


@pytest.fixture(scope="module")
def sf(org: Service) -> Iterator[spyro.Connection]:
    with connected(org) as connection:
        yield connection


@pytest.fixture
def own() -> Iterator[Service]:
    with serve(records=1_000, seed=5, batch_limit=200) as service:
        yield service


@pytest.fixture
def all_but_two(own: Service) -> Iterator[tuple[Service, spyro.Connection]]:
    """A service that, asked for accounts, answers with three pages and no more."""
    with connected(own, retry_count=0) as sf:
        sf.describe("Account")
        own.drop(n=99, after=3, path="/query")
        yield own, sf


# --- tables


@pytest.mark.parametrize(
    "act", [lambda it: it.to_arrow(), lambda it: it.head(), lambda it: it.count(), lambda it: it.explain()]
)
def test_whatever_is_asked_ends_with_the_deadline(own: Service, act: Callable[[spyro.Fetch], Any]) -> None:
    with connected(own, retry_count=100, retry_delay=20.0) as sf:
        own.fail(n=1000)
        started = time.monotonic()
        with pytest.raises(TimeoutError, match=r"Account of salesforce .* its deadline of 0\.3 s"):
            act(sf.fetch("Account", deadline=0.3))
        assert time.monotonic() - started < 1.3


def test_every_kind_of_table_has_the_same_records(org: Service, sf: spyro.Connection) -> None:
    fetch, records = sf.fetch("Opportunity", native=True), truth(org, "Opportunity")
    wanted = [record["Id"] for record in records]
    table = fetch.to_arrow()
    assert table.to_pylist() == records
    assert table.schema.equals(schema("Opportunity"))
    assert table["Id"].num_chunks == 2  # a chunk a page
    assert fetch.to_pandas()["Id"].tolist() == wanted
    assert fetch.to_polars()["Id"].to_list() == wanted
    assert [row[0] for row in fetch.to_duckdb().select("Id").fetchall()] == wanted
    with duckdb.connect() as connection:
        relation = fetch.to_duckdb(connection)
        assert [row[0] for row in relation.select("Id").fetchall()] == wanted
    assert [record["Id"] for record in fetch.records()] == wanted
    assert [key for batch in fetch for key in batch["Id"].to_pylist()] == wanted
    assert fetch.count() == len(wanted)


def test_an_empty_table_has_all_its_columns(sf: spyro.Connection) -> None:
    fetch = sf.fetch("Account", where="Name = 'nobody'")
    assert fetch.to_arrow().schema.equals(schema("Account"))
    assert fetch.to_pandas().columns.tolist() == schema("Account").names
    assert fetch.to_polars().shape == (0, 47)
    assert list(fetch.batches()) == list(fetch.records()) == []
    assert len(fetch.head()) == 0


def test_others_take_a_fetch_as_it_is_and_fetch_it_once(org: Service, sf: spyro.Connection) -> None:
    users, wanted = sf.fetch("User", native=True), truth(org, "User")
    assert pa.schema(users).equals(schema("User"))
    before = len(org.requests)
    assert pa.table(users).to_pylist() == wanted
    assert len(org.requests) == before + 1
    assert pl.DataFrame(users)["Name"].to_list() == [record["Name"] for record in wanted]
    assert len(org.requests) == before + 2
    active = sum(record["IsActive"] for record in wanted)
    assert duckdb.sql("SELECT count(*) FROM users WHERE IsActive").fetchall() == [(active,)]
    assert len(org.requests) == before + 3


def test_a_stream_asks_for_pages_as_it_is_read() -> None:
    with serve(records=5_000, batch_limit=200) as service, connected(service) as sf:
        reader = pa.RecordBatchReader.from_stream(sf.fetch("Account", columns=["Id"]))
        assert reader.read_next_batch().num_rows == 200
        time.sleep(0.1)  # what is on its way arrives
        assert 1 <= len(data_calls(service)) <= 14  # of 25: the one, and some ahead
        assert ids(reader.read_all()) == [it["Id"] for it in truth(service, "Account")[200:]]


def test_a_stream_that_nobody_reads_to_its_end_stops_the_traffic() -> None:
    with serve(records=5_000, batch_limit=200) as service, connected(service) as sf:
        reader = pa.RecordBatchReader.from_stream(sf.fetch("Account", columns=["Id"]))
        reader.read_next_batch()
        reader.close()
        del reader
        time.sleep(0.2)  # what is on its way arrives
        seen = len(data_calls(service))
        assert seen <= 6
        time.sleep(0.1)
        assert len(data_calls(service)) == seen


def test_a_failure_before_the_first_page_comes_through_as_it_is(own: Service) -> None:
    with connected(own, retry_count=0) as sf:
        fetch = sf["Account"]
        fetch.explain(count=False)
        own.drop(n=99, path="/query")
        with pytest.raises(ConnectionError, match="closed before an answer"):
            pl.DataFrame(fetch)


def test_a_later_failure_is_quoted_in_the_readers_own(
    all_but_two: tuple[Service, spyro.Connection],
) -> None:
    service, sf = all_but_two
    accounts = sf["Account"]
    with pytest.raises(OSError, match="closed before an answer"):
        pa.table(accounts)
    service.behave()
    service.drop(n=99, after=3, path="/query")
    with pytest.raises(pl.exceptions.ComputeError, match="closed before an answer"):
        pl.DataFrame(accounts)
    service.behave()
    service.drop(n=99, after=3, path="/query")
    with pytest.raises(duckdb.Error, match="closed before an answer"):
        duckdb.sql("SELECT count(*) FROM accounts").fetchall()


class Changing(spyro.BaseConnector):
    """A connector whose second page has more than it said."""

    async def connect(self) -> None:
        """There is nothing to open."""

    async def fetch_data(
        self, entity_type: str, since: Any = None, filters: Mapping[str, Any] | None = None
    ) -> AsyncIterator[dict[str, Any]]:
        yield {"n": 1, "s": "a"}
        if entity_type == "Stopped":
            raise KeyboardInterrupt
        yield {"n": 0.5, "s": "b", "new": True}

    async def schema_of(self, query: Query) -> pa.Schema:
        return pa.schema([("n", pa.int64()), ("s", pa.string())])


def test_a_stream_says_which_page_does_not_fit_it(tmp_path: Path) -> None:
    with spyro.connect(Changing, auth_type="none", page_size=1) as changing:
        fetch = changing.fetch("Thing")
        words = "n double, not int64, new bool, not absent; a stream cannot change them: take to_arrow"
        with pytest.raises(pa.ArrowException, match=words):
            pa.table(fetch)
        assert fetch.to_arrow().to_pydict() == {"n": [1.0, 0.5], "s": ["a", "b"], "new": [None, True]}
        assert fetch.to_parquet(tmp_path / "things.parquet") == 2


def test_a_stream_that_is_stopped_says_so() -> None:
    with (
        spyro.connect(Changing, auth_type="none", page_size=1) as changing,
        pytest.raises(pa.ArrowException, match="KeyboardInterrupt: the fetch was stopped"),
    ):
        pa.table(changing.fetch("Stopped"))


class Ducks(spyro.BaseConnector):
    """A connector that says nothing beforehand of what it has."""

    async def connect(self) -> None:
        """There is nothing to open."""

    async def fetch_data(
        self, entity_type: str, since: Any = None, filters: Mapping[str, Any] | None = None
    ) -> AsyncIterator[dict[str, Any]]:
        yield {"name": "Tick", "age": 3}
        yield {"name": "Trick", "age": None}


def test_what_nobody_described_is_described_by_itself(tmp_path: Path) -> None:
    with spyro.connect(Ducks, auth_type="none") as ducks:
        fetch = ducks.fetch("Duck")
        assert pa.schema(fetch) == pa.schema([("name", pa.string()), ("age", pa.int64())])
        assert pl.DataFrame(fetch).rows() == [("Tick", 3), ("Trick", None)]
        assert fetch.to_pandas()["age"].dtype == "Int64"
        assert fetch.to_parquet(tmp_path / "ducks.parquet") == 2
        assert "Ducks.fetch_data('Duck')" in str(fetch.explain())
        assert fetch.count() == 2


def test_a_fetch_asks_anew_each_time(own: Service) -> None:
    with connected(own) as sf:
        fetch = sf.fetch("Account", columns=["Id"])
        before = fetch.to_arrow().num_rows
        own.insert("Account", Name="new")
        assert fetch.to_arrow().num_rows == before + 1


def test_a_library_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"pip install 'spyro-sdk\[no_such_library\]'"):
        _extra("no_such_library")
    assert _extra("polars") is pl


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"limit": -1}, "limit=-1 cannot be: it must be a whole number from 0"),
        ({"limit": 2.5}, "limit=2.5 cannot be"),
        ({"since": "yesterday"}, "since='yesterday' is no moment: write it as"),
        ({"where": "Name ="}, "expected a value after '='"),
        ({"where": ""}, "the filter is empty"),
        ({"columns": "Name"}, "columns='Name' cannot be: it must be a list of names"),
        ({"columns": []}, "asks for nothing"),
        ({"native": "Rating"}, "native='Rating' cannot be: it must be a list of names"),
        ({"include_deleted": "no"}, "include_deleted='no' cannot be: it must be True or False"),
    ],
)
def test_what_can_be_seen_to_be_wrong_is_refused_at_once(
    org: Service, sf: spyro.Connection, wishes: dict[str, Any], message: str
) -> None:
    before = len(org.requests)
    with pytest.raises(ValidationError) as caught:
        sf.fetch("Account", **wishes)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(org.requests) == before


def test_a_fetch_reads_like_the_call_that_made_it(sf: spyro.Connection, tmp_path: Path) -> None:
    fetch = sf.fetch(
        "Contact",
        columns=("Id", "Name"),
        where="Name = 'Zoë'",
        since="2020-01-01",
        limit=0,
        include_deleted=True,
        native=True,
    )
    wishes = (
        """columns=['Id', 'Name'], where="Name = 'Zoë'", since='2020-01-01T00:00:00+00:00', limit=0,"""
        " include_deleted=True, native=True"
    )
    assert repr(fetch) == f"<Fetch 'Contact', {wishes}>"
    assert repr(sf["Contact"]) == "<Fetch 'Contact'>"
    fetch.to_parquet(tmp_path / "none.parquet")
    said = json.loads(pq.ParquetFile(tmp_path / "none.parquet").metadata.metadata[b"spyro.query"])
    assert repr(sf.fetch(**said)) == repr(fetch)


def test_where_a_table_cannot_go_is_said_before_anything_is_asked(org: Service, sf: spyro.Connection) -> None:
    before, fetch = len(org.requests), sf["Account"]
    calls: list[tuple[Any, Any, str]] = [
        *((fetch.to_parquet, path, "path=.* cannot be: it must be") for path in (None, 3, b"x.parquet")),
        *((fetch.head, n, f"n={n!r} cannot be: it must be a whole number") for n in (None, -1, 2.5, "3")),
        (fetch.to_duckdb, 5, "connection=5 cannot be: it must be a DuckDB connection"),
    ]
    for take, argument, message in calls:
        with pytest.raises(ValidationError, match=message):
            take(argument)
    assert len(org.requests) == before


# --- files


def test_a_file_says_where_it_comes_from(org: Service, sf: spyro.Connection, tmp_path: Path) -> None:
    path = tmp_path / "customers.parquet"
    fetch = sf.fetch("Customer", where="industry = 'Energy'")
    wanted = fetch.to_arrow()
    assert fetch.to_parquet(path) == wanted.num_rows > 0
    read = pq.read_table(path)
    assert read.to_pylist() == wanted.to_pylist()
    assert read.schema.equals(wanted.schema)
    metadata = {
        name.decode(): text.decode()
        for name, text in pq.ParquetFile(path).metadata.metadata.items()
        if name.startswith(b"spyro.")
    }
    assert datetime.fromisoformat(metadata.pop("spyro.started")) <= datetime.fromisoformat(
        metadata.pop("spyro.finished")
    )
    assert json.loads(metadata.pop("spyro.query")) == {
        "entity": "Customer",
        "columns": None,
        "where": "industry = 'Energy'",
        "since": None,
        "limit": None,
        "include_deleted": False,
        "native": False,
        "api": None,
        "concurrency": None,
        "deadline": None,
    }
    assert metadata == {
        "spyro.source": "salesforce",
        "spyro.entity": "Customer",
        "spyro.api": "67.0",
        "spyro.rows": str(wanted.num_rows),
    }
    assert pd.read_parquet(path)["name"].tolist() == wanted["name"].to_pylist()


def test_a_csv_has_what_the_table_has(sf: spyro.Connection, tmp_path: Path) -> None:
    fetch = sf.fetch("Customer", columns=["id", "name", "annual_revenue", "created_at", "billing_address"])
    wanted = fetch.to_arrow()
    assert fetch.to_csv(tmp_path / "customers.csv") == wanted.num_rows
    assert fetch.to_csv(tmp_path / "customers.csv.gz", delimiter=";", formulas="escape") == wanted.num_rows
    plain = pd.read_csv(tmp_path / "customers.csv")
    packed = pd.read_csv(tmp_path / "customers.csv.gz", sep=";")
    for frame in (plain, packed):
        assert frame.columns.tolist() == wanted.schema.names
        assert frame["id"].tolist() == wanted["id"].to_pylist()
        assert [datetime.fromisoformat(at) for at in frame["created_at"]] == wanted["created_at"].to_pylist()


def test_an_ipc_file_is_the_table(sf: spyro.Connection, tmp_path: Path) -> None:
    fetch, path = sf["Customer"], tmp_path / "customers.arrow"
    wanted = fetch.to_arrow()
    assert fetch.to_ipc(path, compression="none") == wanted.num_rows
    with pa.memory_map(str(path)) as file:
        table = pa.ipc.open_file(file).read_all()
        assert table.schema.equals(wanted.schema)
        assert table.to_pylist() == wanted.to_pylist()
        assert table.schema.metadata[b"spyro.entity"] == b"Customer"
    assert len(pd.read_feather(path)) == wanted.num_rows


def test_a_partitioned_table_has_what_the_table_has(sf: spyro.Connection, tmp_path: Path) -> None:
    fetch, path = sf.fetch("Customer", columns=["id", "industry", "employee_count"]), tmp_path / "customers"
    wanted = fetch.to_arrow()
    for by in ("industry", ["industry"]):
        assert fetch.to_parquet(path, partition_by=by, compression="snappy") == wanted.num_rows
        keys = ds.partitioning(pa.schema([("industry", pa.string())]), flavor="hive")
        read = ds.dataset(path, schema=wanted.schema, partitioning=keys).to_table().sort_by("id")
        assert read.to_pylist() == wanted.sort_by("id").to_pylist()
    assert {entry.name.partition("=")[0] for entry in path.iterdir()} == {"industry"}
    assert os.listdir(tmp_path) == ["customers"]


def test_files_that_cannot_be_are_refused_before_a_record_is_asked_for(
    org: Service, sf: spyro.Connection, tmp_path: Path
) -> None:
    fetch = sf["Customer"]
    fetch.explain(count=False)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").touch()
    before = len(data_calls(org))
    path = tmp_path / "x"
    calls: list[tuple[Any, str]] = [
        (lambda: fetch.to_parquet(path, compression="zip"), "compression='zip' cannot be"),
        (lambda: fetch.to_parquet(path, row_group_rows=0), "row_group_rows=0 cannot be"),
        (lambda: fetch.to_parquet(path, partition_by=[]), r"partition_by=\[\] cannot be"),
        (lambda: fetch.to_parquet(path, partition_by="industri"), "has no column 'industri'.*'industry'"),
        (lambda: fetch.to_parquet(path, partition_by="annual_revenue"), "cannot be partitioned by"),
        (lambda: fetch.to_csv(path, delimiter="::"), "delimiter='::' cannot be"),
        (lambda: fetch.to_csv(path, formulas="no"), "formulas='no' cannot be"),
        (lambda: fetch.to_ipc(path, compression="gzip"), "compression='gzip' cannot be"),
    ]
    for call, message in calls:
        with pytest.raises(ValidationError, match=message):
            call()
    for take in (fetch.to_csv, fetch.to_ipc):
        with pytest.raises(ExportError, match="it is a folder"):
            take(tmp_path)
    with pytest.raises(ExportError, match=r"no fetch has written notes\.txt"):
        fetch.to_parquet(tmp_path / "mine", partition_by="industry")
    assert len(data_calls(org)) == before


def test_an_older_file_is_replaced_by_a_whole_one(sf: spyro.Connection, tmp_path: Path) -> None:
    path = tmp_path / "users.parquet"
    path.write_bytes(b"old")
    assert sf["User"].to_parquet(str(path)) == 50
    assert pq.read_table(path).num_rows == 50
    assert sf.fetch("User", where="name = 'nobody'").to_parquet(path) == 0
    assert pq.read_table(path).num_rows == 0
    assert os.listdir(tmp_path) == ["users.parquet"]


def test_a_path_that_cannot_be_written_is_refused_before_anything_is_asked(
    org: Service, sf: spyro.Connection, tmp_path: Path
) -> None:
    before = len(org.requests)
    fetch = sf["Customer"]
    for path, reason in (
        (tmp_path / "nowhere" / "x.parquet", "folder does not exist"),
        (tmp_path, "is a folder"),
    ):
        with pytest.raises(ExportError, match=reason):
            fetch.to_parquet(path)
    assert len(org.requests) == before
    assert fetch.partial is None


def test_a_failure_leaves_the_old_file_and_no_other(
    all_but_two: tuple[Service, spyro.Connection], tmp_path: Path
) -> None:
    service, sf = all_but_two
    path = tmp_path / "accounts.parquet"
    path.write_bytes(b"old")
    fetch = sf["Account"]
    with pytest.raises(
        ConnectionError, match=r"; 600 records in 3 pages had arrived: fetch.partial has them"
    ):
        fetch.to_parquet(path)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["accounts.parquet"]
    assert fetch.partial is not None
    assert fetch.partial.to_pylist() == truth(service, "Account")[:600]
    service.behave()
    with pytest.raises(ExportError):
        fetch.to_parquet(tmp_path)
    assert fetch.partial is None  # it was of another run
    assert fetch.to_parquet(path) == 1000


def test_every_kind_of_file_keeps_what_had_arrived(
    all_but_two: tuple[Service, spyro.Connection], tmp_path: Path
) -> None:
    service, sf = all_but_two
    fetch, path = sf["Account"], tmp_path / "accounts"
    calls: list[Any] = [fetch.to_csv, fetch.to_ipc, partial(fetch.to_parquet, partition_by="Industry")]
    for write in calls:
        with pytest.raises(ConnectionError, match=r"; 600 records in 3 pages had arrived"):
            write(path)
        assert fetch.partial is not None
        assert fetch.partial.to_pylist() == truth(service, "Account")[:600]
        assert os.listdir(tmp_path) == []
        service.behave()
        service.drop(n=99, after=3, path="/query")


def test_an_interrupted_file_is_not_there_and_its_rows_are(own: Service, tmp_path: Path) -> None:
    heard: list[PageArrived] = []

    def interrupt(event: Event) -> None:
        if isinstance(event, PageArrived):
            heard.append(event)
            if len(heard) == 3:
                os.kill(os.getpid(), signal.SIGINT)

    own.delay(0.05)
    path = tmp_path / "accounts.parquet"
    path.write_bytes(b"old")
    with connected(own, observers=[interrupt]) as sf:
        fetch = sf.fetch("Account", columns=["Id"])
        with pytest.raises(KeyboardInterrupt) as caught:
            fetch.to_parquet(path)
        assert fetch.partial is not None
        rows = fetch.partial.num_rows
        assert 400 <= rows < 1000
        assert ids(fetch.partial) == [record["Id"] for record in truth(own, "Account")[:rows]]
        notes = f"{rows} records in {rows // 200} pages had arrived: fetch.partial has them"
        assert caught.value.__notes__ == [notes]
        assert path.read_bytes() == b"old"
        assert os.listdir(tmp_path) == ["accounts.parquet"]
        assert not [thread for thread in threading.enumerate() if thread.name == "spyro-sink"]
        assert fetch.to_parquet(path) == 1000


def test_a_disk_that_is_full_ends_the_traffic(tmp_path: Path) -> None:
    script = """
        import resource
        from pathlib import Path
        from spyro_sdk.errors import ExportError

        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
        fetch = sf.fetch("Customer")
        try:
            fetch.to_parquet("full.parquet")
        except ExportError as error:
            print(error)
        print(fetch.partial.num_rows, list(Path().iterdir()))
    """
    with serve(records=1_000) as service:
        done = run(service, script, tmp_path)
    assert "cannot be written: no file may be so big there" in done.stdout
    assert done.stdout.endswith("; 1,000 records in 1 page had arrived: fetch.partial has them\n1000 []\n")
    assert done.stderr == ""


def test_what_a_full_disk_has_swallowed_is_not_promised(tmp_path: Path) -> None:
    script = """
        import resource
        from spyro_sdk.errors import ExportError

        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, resource.RLIM_INFINITY))
        fetch = sf.fetch("Customer")
        try:
            fetch.to_parquet("full.parquet", compression="none", row_group_rows=100)
        except ExportError as error:
            print(error)
        print(0 < fetch.partial.num_rows < 1000)
    """
    with serve(records=1_000, batch_limit=200) as service:
        done = run(service, script, tmp_path)
    words = r"; [\d,]+ records in \d pages? had arrived: fetch.partial has the last \d+\n"
    assert re.search(words, done.stdout)
    assert done.stdout.endswith("True\n")


# --- what had arrived


def test_what_had_arrived_before_a_failure_stays(all_but_two: tuple[Service, spyro.Connection]) -> None:
    service, sf = all_but_two
    fetch = sf["Account"]
    assert fetch.partial is None
    for take in (fetch.to_arrow, fetch.to_pandas, fetch.to_polars, fetch.to_duckdb):
        with pytest.raises(
            ConnectionError, match=r"closed before an answer; 600 records in 3 pages had arrived"
        ):
            take()
        assert fetch.partial is not None
        assert fetch.partial.to_pylist() == truth(service, "Account")[:600]
        service.behave()
        service.drop(n=99, after=3, path="/query")
    service.behave()
    assert fetch.to_arrow().num_rows == 1000
    assert fetch.partial is None


def test_so_it_does_of_a_head(own: Service) -> None:
    with connected(own, retry_count=0) as sf:
        fetch = sf.fetch("Account", columns=["Id"])
        own.drop(n=99, after=1, path="/query")
        with pytest.raises(ConnectionError, match="200 records in 1 page had arrived"):
            fetch.head(500)
        assert fetch.partial is not None
        assert fetch.partial.num_rows == 200
        own.behave()
        assert len(fetch.head(500)) == 500
        assert fetch.partial is None


def test_where_nothing_arrived_nothing_is_said(own: Service) -> None:
    with connected(own, retry_count=0) as sf:
        own.drop(n=99, path="/query")
        fetch = sf["Account"]
        with pytest.raises(ConnectionError) as caught:
            fetch.to_arrow()
        assert "had arrived" not in str(caught.value)
        assert fetch.partial is not None
        assert fetch.partial.num_rows == 0


PRELUDE = """
    import logging, os, sys
    import spyro_sdk as spyro

    logging.getLogger("asyncio").setLevel(logging.ERROR)  # not: this was slow
    account = {"base_url": os.environ["WHERE"], "access_token": os.environ["WITH"]}
    sf = spyro.connect("salesforce", retry_delay=0.01, **account)
"""


def command(script: str) -> list[str]:
    return [
        sys.executable,
        "-X",
        "dev",
        "-W",
        "error",
        "-c",
        textwrap.dedent(PRELUDE) + textwrap.dedent(script),
    ]


def environment(service: Service) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "WHERE": service.base_url,
        "WITH": service.credentials["access_token"],
    }


def run(service: Service, script: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(script), env=environment(service), cwd=folder, capture_output=True, text=True, timeout=60
    )


def test_ctrl_c_returns_at_once_with_what_had_arrived(own: Service) -> None:
    script = """
        import time

        fetch = sf.fetch("Account", columns=["Id"])
        sf.describe("Account")
        print("ready", flush=True)
        sys.stdin.readline()
        try:
            fetch.to_arrow()
        except KeyboardInterrupt as error:
            stopped = time.monotonic()
            print(fetch.partial.num_rows, error.__notes__, flush=True)
            sys.stdin.readline()
            print(fetch.to_arrow().num_rows)
    """
    with subprocess.Popen(
        command(script),
        env=environment(own),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        asked = len(data_calls(own))
        process.stdin.write("\n")
        process.stdin.flush()
        own.delay(0.02)
        while len(data_calls(own)) < asked + 3:
            time.sleep(0.005)
        own.delay(30)
        time.sleep(0.1)  # the fourth is on its way, and takes its time
        stopped = time.monotonic()
        process.send_signal(signal.SIGINT)
        words = process.stdout.readline()
        assert time.monotonic() - stopped < 1.0
        rows = int(words.split()[0])
        assert 0 < rows < 1000
        assert rows % 200 == 0
        assert f"{rows:,} records in {rows // 200} pages had arrived: fetch.partial has them" in words
        own.delay(0)
        process.stdin.write("\n")
        process.stdin.close()
        assert process.stdout.read() == "1000\n"
        assert process.stderr
        assert process.stderr.read() == ""


def test_an_interruption_says_what_had_arrived(own: Service) -> None:
    heard: list[PageArrived] = []

    def interrupt(event: Event) -> None:
        if isinstance(event, PageArrived):
            heard.append(event)
            if len(heard) == 3:
                os.kill(os.getpid(), signal.SIGINT)

    own.delay(0.05)
    with connected(own, observers=[interrupt]) as sf:
        fetch = sf.fetch("Account", columns=["Id"])
        with pytest.raises(KeyboardInterrupt) as caught:
            fetch.to_arrow()
        assert fetch.partial is not None
        assert 400 <= fetch.partial.num_rows < 1000
        pages = fetch.partial.num_rows // 200
        notes = f"{pages * 200} records in {pages} pages had arrived: fetch.partial has them"
        assert caught.value.__notes__ == [notes]
        assert fetch.to_arrow().num_rows == 1000


# --- what its values are like


def test_a_profile_tells_what_the_values_are_like(org: Service, sf: spyro.Connection) -> None:
    found, records = sf.fetch("Opportunity", native=True).profile(), truth(org, "Opportunity")
    assert (found.entity, found.rows, found.key, found.duplicates) == ("Opportunity", len(records), "Id", 0)
    assert found.names == schema("Opportunity").names
    assert [column.type for column in found] == schema("Opportunity").types
    for column in found:
        values = [record[column.name] for record in records if record[column.name] is not None]
        assert column.nulls == len(records) - len(values)
        if column.distinct is not None:
            assert column.distinct == len(set(values))


def test_a_profile_is_of_what_was_asked_for(org: Service, sf: spyro.Connection) -> None:
    before = len(org.requests)
    found = sf.fetch("Customer", columns=["id", "industry"], where="industry = 'Energy'", limit=5).profile()
    assert (found.rows, found.names, found.key) == (5, ["id", "industry"], "id")
    assert found["industry"].frequent == (Frequent("Energy", 5),)
    assert len(data_calls(org, before)) == 1
    assert sf.fetch("Customer", columns=["industry"], limit=5).profile().key is None
    assert sf.fetch("Customer", where="name = 'nobody'").profile().findings == ["no records"]


def test_a_profile_of_what_nobody_described_has_the_columns_that_came() -> None:
    with spyro.connect(Ducks, auth_type="none") as ducks:
        found = ducks.fetch("Duck").profile()
    assert (found.key, found.names) == (None, ["name", "age"])


def test_a_profile_keeps_nothing_of_what_had_arrived(
    all_but_two: tuple[Service, spyro.Connection],
) -> None:
    _, sf = all_but_two
    fetch = sf["Account"]
    with pytest.raises(ConnectionError, match=r"closed before an answer$"):
        fetch.profile()
    assert fetch.partial is None


# --- pieces


def test_a_head_is_a_data_frame_that_knows_its_origin(sf: spyro.Connection) -> None:
    head = sf.fetch("User", columns=["Id", "IsActive"], native=True).head(2)
    assert isinstance(head, Head)
    assert origin_of(head) == Origin("User", {"Id": "string", "IsActive": "bool"})
    assert type(head.copy()) is pd.DataFrame


def test_a_loop_forgets_what_another_run_had_kept(all_but_two: tuple[Service, spyro.Connection]) -> None:
    service, sf = all_but_two
    fetch = sf["Account"]
    for loop in (fetch.batches, fetch.records, lambda: fetch):
        with pytest.raises(ConnectionError):
            fetch.to_arrow()
        assert fetch.partial is not None
        service.behave()
        assert len(list(loop())) in (5, 1000)
        assert fetch.partial is None
        service.drop(n=99, after=3, path="/query")


def test_leaving_the_loop_early_ends_the_traffic() -> None:
    with serve(records=5_000, batch_limit=200) as service, connected(service) as sf:
        fetch = sf.fetch("Account", columns=["Id"])
        for batch in fetch:
            assert batch.num_rows == 200
            break
        for record in fetch.records():
            assert record["Id"]
            break
        assert [batch.num_rows for batch in islice(fetch.batches(), 2)] == [200, 200]
        time.sleep(0.2)  # what is on its way arrives
        seen = len(data_calls(service))
        assert seen <= 3 * 5  # of 25 pages each: the one, two ahead, and one on its way
        time.sleep(0.1)
        assert len(data_calls(service)) == seen


def test_pages_are_read_ahead_but_not_far() -> None:
    with serve(records=5_000, batch_limit=200) as service, connected(service) as sf:
        batches = sf.fetch("Account", columns=["Id"]).batches()
        next(batches)
        deadline = time.monotonic() + 0.2
        while time.monotonic() < deadline:
            time.sleep(0.01)
        assert 2 <= len(data_calls(service)) <= 14  # of 25: those under way, and those handed over
        assert ids(pa.Table.from_batches(batches)) == [it["Id"] for it in truth(service, "Account")[200:]]
