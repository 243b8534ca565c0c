"""What a fetch takes where the service fails midway: all, or what is right and says that it is not all."""

from __future__ import annotations

import json
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spyro_sdk.connection import Connection
from spyro_sdk.connector import BaseConnector
from spyro_sdk.demo.server import Service, serve
from spyro_sdk.entity import Query
from spyro_sdk.errors import (
    AuthenticationError,
    CertificateError,
    CircuitOpenError,
    ConfigurationError,
    ConnectionError,
    ConnectorError,
    DataFetchError,
    IncompleteWarning,
    IntegrityError,
    LimitError,
    RateLimitError,
    TimeoutError,
    ValidationError,
)
from spyro_sdk.events import Event, FetchCutShort, FetchFinished, PageArrived

from .org import connected


class Acme(BaseConnector):
    """Nine records, three a page; then whatever the test wants."""

    name = "acme"
    total: ClassVar[int | None] = None
    fails_after: ClassVar[int] = 6
    error: ClassVar[type[Exception]] = DataFetchError

    async def connect(self) -> None:
        """Nothing to open."""

    async def fetch_data(
        self, entity_type: str, since: Any = None, filters: Any = None
    ) -> AsyncIterator[dict[str, Any]]:
        """Count."""
        for number in range(9):
            if number == self.fails_after:
                raise self.error("it broke")
            yield {"id": number, "name": str(number)}

    async def _read(self, query: Query) -> Any:
        async for batch in super()._read(query):
            if self.total is not None:
                self._emit(PageArrived(self.name, query.entity, 0, self.total))
            yield batch


Make = Callable[..., Connection]


@pytest.fixture
def acme() -> Iterator[Make]:
    opened: list[Connection] = []

    def made(**wishes: Any) -> Connection:
        observers = wishes.pop("observers", ())
        kind = type("Acme", (Acme,), wishes)
        opened.append(Connection(kind, kind.configure(page_size=3, auth_type="none"), observers))
        return opened[-1]

    yield made
    for connection in opened:
        connection.close()


MISSING = "after 6 records it is not known how many more there are: it broke"
WARNED = f"acme: things is incomplete: {MISSING}"


def test_by_default_a_failure_is_raised(acme: Make) -> None:
    with acme() as connection:
        fetch = connection.fetch("things")
        with pytest.raises(DataFetchError, match="it broke; 6 records in 2 pages had arrived"):
            fetch.to_arrow()
        assert fetch.partial is not None
        assert connection.stats.incomplete == 0


def test_partial_gives_what_came_and_says_that_it_is_not_all(acme: Make) -> None:
    events: list[Event] = []
    fetch = acme(observers=[events.append]).fetch("things", on_error="partial")
    with pytest.warns(IncompleteWarning) as warned:
        table = fetch.to_arrow()
    assert table["id"].to_pylist() == [*range(6)]
    assert table.schema.metadata == {b"spyro.complete": b"false", b"spyro.missing": MISSING.encode()}
    assert [str(it.message) for it in warned] == [WARNED]
    assert warned[0].filename == __file__  # the caller's line, not one of ours
    assert FetchCutShort("acme", "things", 6, MISSING) in events
    assert [it.error for it in events if isinstance(it, FetchFinished)] == ["it broke"]
    assert fetch.partial is None


def test_it_says_how_many_are_missing_where_the_service_tells(acme: Make) -> None:
    fetch = acme(total=9).fetch("things", on_error="partial")
    with pytest.warns(IncompleteWarning, match="3 of 9 records did not come: it broke"):
        fetch.to_arrow()


def test_every_form_of_a_table_is_marked_that_can_be(acme: Make, tmp_path: Path) -> None:
    fetch = acme().fetch("things", on_error="partial")
    marks = {"spyro.complete": False, "spyro.missing": MISSING}
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        frame = fetch.to_pandas()
        assert (frame.attrs, frame["id"].tolist()) == (marks, [*range(6)])
        assert fetch.to_polars()["id"].to_list() == [*range(6)]
        assert len(fetch.to_duckdb().fetchall()) == 6
        assert fetch.to_parquet(tmp_path / "things.parquet") == 6
        assert fetch.to_ipc(tmp_path / "things.arrow") == 6
        assert fetch.to_csv(tmp_path / "things.csv") == 6
        assert sum(batch.num_rows for batch in fetch) == 6
        assert len([*fetch.records()]) == 6
        assert pa.table(fetch).num_rows == 6
    assert [str(it.message) for it in warned] == [WARNED] * 9
    metadata = pq.read_metadata(tmp_path / "things.parquet").metadata
    assert (metadata[b"spyro.complete"], metadata[b"spyro.missing"]) == (b"false", MISSING.encode())
    assert json.loads(metadata[b"spyro.query"])["on_error"] == "partial"
    assert metadata[b"spyro.rows"] == b"6"


def test_every_file_of_a_folder_is_marked(acme: Make, tmp_path: Path) -> None:
    fetch = acme().fetch("things", on_error="partial")
    with pytest.warns(IncompleteWarning, match=MISSING):
        assert fetch.to_parquet(tmp_path / "things", partition_by="id") == 6
    files = [*tmp_path.rglob("*.parquet")]
    assert len(files) == 6
    assert {pq.read_metadata(it).metadata[b"spyro.complete"] for it in files} == {b"false"}


def test_the_first_records_are_marked_where_they_are_not_all(acme: Make) -> None:
    fetch = acme(fails_after=3).fetch("things", on_error="partial")
    with pytest.warns(IncompleteWarning):
        head = fetch.head(5)
    assert (len(head), head.attrs["spyro.complete"]) == (3, False)


def test_what_is_complete_says_so(acme: Make, tmp_path: Path) -> None:
    fetch = acme(fails_after=99).fetch("things", on_error="partial")
    assert fetch.to_pandas().attrs == {"spyro.complete": True}
    assert fetch.to_arrow().schema.metadata == {b"spyro.complete": b"true"}
    fetch.to_parquet(tmp_path / "things.parquet")
    assert pq.read_metadata(tmp_path / "things.parquet").metadata[b"spyro.complete"] == b"true"


def test_by_default_nothing_is_marked(acme: Make) -> None:
    fetch = acme(fails_after=99).fetch("things")
    assert fetch.to_pandas().attrs == {}
    assert fetch.to_arrow().schema.metadata is None
    assert repr(fetch) == "<Fetch 'things'>"
    assert repr(acme().fetch("things", on_error="partial")) == "<Fetch 'things', on_error='partial'>"


def test_where_nothing_came_the_failure_is_raised(acme: Make) -> None:
    fetch = acme(fails_after=0).fetch("things", on_error="partial")
    with pytest.raises(DataFetchError, match="it broke"):
        fetch.to_arrow()


@pytest.mark.parametrize(
    "error", [CircuitOpenError, ConnectionError, LimitError, RateLimitError, TimeoutError]
)
def test_however_the_service_fails_what_came_is_given(acme: Make, error: type[ConnectorError]) -> None:
    with pytest.warns(IncompleteWarning, match="it broke"):
        assert acme(error=error).fetch("things", on_error="partial").to_arrow().num_rows == 6


@pytest.mark.parametrize(
    "error",
    [
        AuthenticationError,
        CertificateError,
        ConfigurationError,
        IntegrityError,
        ValidationError,
        ArithmeticError,  # a slip of the author's
    ],
)
def test_what_is_no_failure_midway_is_raised(acme: Make, error: type[Exception]) -> None:
    with pytest.raises(error, match="it broke"):
        acme(error=error).fetch("things", on_error="partial").to_arrow()


def test_a_file_that_cannot_be_written_is_no_partial_result(acme: Make, tmp_path: Path) -> None:
    with pytest.raises(ConnectorError, match="cannot be written"):
        acme().fetch("things", on_error="partial").to_parquet(tmp_path / "nowhere" / "things.parquet")


def test_what_is_told_of_all_records_is_never_told_of_some(acme: Make) -> None:
    fetch = acme().fetch("things", on_error="partial")
    for ask in (fetch.count, fetch.profile):
        with pytest.raises(DataFetchError, match="it broke"):
            ask()


def test_nonsense_is_told_before_anything_is_asked(acme: Make) -> None:
    with pytest.raises(
        ValidationError, match=r"on_error='partal' cannot be: .* \(did you mean 'partial'\?\)"
    ):
        acme().fetch("things", on_error="partal")


def test_a_warning_can_be_an_error(acme: Make) -> None:
    fetch = acme().fetch("things", on_error="partial")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(IncompleteWarning, match=MISSING):
            fetch.to_arrow()


def test_the_statistics_count_it(acme: Make) -> None:
    connection = acme()
    with pytest.warns(IncompleteWarning):
        connection.fetch("things", on_error="partial").to_arrow()
    assert connection.stats.to_dict()["incomplete"] == 1
    assert "1 incomplete result" in str(connection.stats)


@pytest.fixture
def org() -> Iterator[Service]:
    with serve(records=1_000, seed=5, batch_limit=200) as service:
        yield service


def test_a_real_service_that_breaks_midway(org: Service) -> None:
    with connected(org, retry_count=0) as sf:
        sf.describe("Account")
        whole = sf.fetch("Account", columns=["Id"]).to_arrow()
        org.drop(n=99, after=3, path="/query")
        with pytest.warns(IncompleteWarning, match="400 of 1,000 records did not come: "):
            came = sf.fetch("Account", columns=["Id"], on_error="partial").to_arrow()
    assert came.replace_schema_metadata().equals(whole.slice(0, 600))
