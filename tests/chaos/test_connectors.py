"""The faults of the line and of the bodies, on the connectors of real services."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pytest

import spyro_sdk as spyro
from spyro_sdk.demo.github import words
from spyro_sdk.demo.github.server import serve as serve_github
from spyro_sdk.demo.server import serve as serve_salesforce
from spyro_sdk.errors import (
    AuthenticationError,
    ConnectionError,
    ConnectorError,
    DataFetchError,
    DecodeError,
    IntegrityError,
    LimitError,
    RateLimitError,
)

from .behind import Behind, PagesIn
from .faults import ALWAYS, Fault
from .runs import FAST, Run, run
from .service import Chaos

LIMITED = b'[{"message":"TotalRequests Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]'


@dataclass(frozen=True)
class Service:
    """A connector, its service, and what it must give."""

    name: str
    base_url: str
    entity: str
    pages: str
    """What the addresses of its pages have in them."""
    settings: dict[str, Any]
    is_job: bool = False

    def fetch(self, chaos: Chaos, *faults: Fault, **settings: Any) -> Run:
        behind = Behind(self.base_url)
        chaos.play(behind, PagesIn(self.pages), faults)
        given = {**FAST, "timeout": 10.0, **self.settings, **settings, "base_url": chaos.base_url}
        try:
            return run(chaos, lambda: spyro.connect(self.name, **given), self.entity)
        finally:
            behind.close()


@pytest.fixture(scope="module")
def services() -> Iterator[dict[str, Service]]:
    with (
        serve_salesforce(
            records=900, seed=5, batch_limit=200, wide_records=1, bulk_chunk=300, bulk_polls=0
        ) as org,
        serve_github(records=120, repositories=2, seed=5, minute_limit=100_000, hourly_limit=100_000) as hub,
    ):
        token = {"access_token": org.credentials["access_token"], "page_size": 200}
        known = {"access_token": hub.token, "owner": words.OWNER, "page_size": 30}
        yield {
            "salesforce": Service("salesforce", org.base_url, "Account", "/query", {**token, "api": "rest"}),
            "salesforce, canonical": Service(
                "salesforce", org.base_url, "Customer", "/query", {**token, "api": "rest"}
            ),
            "salesforce, side by side": Service(
                "salesforce", org.base_url, "Account", "/query", {**token, "api": "rest", "concurrency": 4}
            ),
            "salesforce, bulk": Service(
                "salesforce",
                org.base_url,
                "Account",
                "/results|locator",
                {**token, "api": "bulk"},
                is_job=True,
            ),
            "github": Service("github", hub.base_url, "issues", "/issues", known),
            "github, commits": Service("github", hub.base_url, "commits", "/commits", known),
        }


NAMES = (
    "salesforce",
    "salesforce, canonical",
    "salesforce, side by side",
    "salesforce, bulk",
    "github",
    "github, commits",
)
EVERY = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(scope="module")
def truth(services: dict[str, Service], chaos: Chaos) -> Callable[[str], pa.Table]:
    """What each service gives on a line without faults."""
    known: dict[str, pa.Table] = {}

    def of(name: str) -> pa.Table:
        if name not in known:
            came = services[name].fetch(chaos)
            assert came.error is None
            assert came.table is not None
            assert len(set(came.pages)) > 2
            known[name] = came.table
        return known[name]

    return of


PASSING: dict[str, Fault] = {
    "row 1: 500": Fault("status", 2, 2, {"status": 500}),
    "row 1: 503": Fault("status", 2, 1, {"status": 503}),
    "row 2: wait": Fault("status", 2, 1, {"status": 429, "Retry_After": "0.05"}),
    "row 4: nonsense": Fault("status", 2, 1, {"status": 503, "Retry_After": "soon"}),
    "row 12: closed": Fault("cut", 2, 2, {"at": 0}),
    "row 12: reset": Fault("cut", 2, 2, {"at": 0.5, "ending": "reset"}),
    "row 13: cut": Fault("cut", 2, 2, {"at": 0.7}),
    "row 13: cut, in chunks": Fault("cut", 2, 2, {"at": 0.7, "framing": "chunked"}),
    "row 13: cut, until closed": Fault("cut", 2, 2, {"at": 0.7, "framing": "close"}),
    "row 16: login page": Fault("login_page", 2, 2),
    "row 16: blank": Fault("body", 2, 2, {"content": b" "}),
    "row 16: null": Fault("body", 2, 1, {"content": b"null"}),
    "row 18: said to be zstd": Fault("encoded", 2, 1, {"encoding": "zstd"}),
    "packed twice": Fault("zipped", 0, ALWAYS, {"encodings": "gzip,deflate"}),
    "in chunks": Fault("framed", 0, ALWAYS, {"framing": "chunked"}),
    "until closed": Fault("framed", 0, ALWAYS, {"framing": "close"}),
}
LASTING: dict[str, tuple[Fault, type[ConnectorError]]] = {
    "row 1: 500": (Fault("status", 2, ALWAYS, {"status": 500}), DataFetchError),
    "row 5: a day": (Fault("status", 2, ALWAYS, {"status": 429, "Retry_After": "86400"}), RateLimitError),
    "row 6: dialect": (
        Fault(
            "status",
            2,
            ALWAYS,
            {"status": 403, "body": LIMITED, "X_RateLimit_Remaining": "0", "Retry_After": "9999"},
        ),
        RateLimitError,
    ),
    "row 8: 403": (Fault("status", 2, ALWAYS, {"status": 403}), AuthenticationError),
    "row 13: cut": (Fault("cut", 2, ALWAYS, {"at": 0.7}), ConnectionError),
    "row 16: login page": (Fault("login_page", 2, ALWAYS), DecodeError),
    "row 16: empty": (Fault("body", 2, ALWAYS, {"content": b""}), DataFetchError),
    "row 17: not UTF-8": (Fault("body", 2, ALWAYS, {"content": b'[{"id":"\xff"}]'}), DecodeError),
    "row 18: bomb": (Fault("bombed", 2, ALWAYS), LimitError),
    "row 18: packed bomb": (Fault("stacked", 2, ALWAYS, {"times": 2}), LimitError),
    "row 25: led away": (Fault("redirected", 2, ALWAYS, {"to": "{elsewhere}{target}"}), DataFetchError),
}


@EVERY
@pytest.mark.parametrize("what", PASSING)
def test_what_passes_costs_nothing(
    services: dict[str, Service], truth: Callable[[str], pa.Table], chaos: Chaos, name: str, what: str
) -> None:
    expected = truth(name)
    run = services[name].fetch(chaos, PASSING[what])
    if run.error is not None:
        raise run.error
    assert run.spoilt >= 1
    assert run.table == expected


@EVERY
@pytest.mark.parametrize("what", LASTING)
def test_what_lasts_is_an_error_that_says_so(
    services: dict[str, Service], truth: Callable[[str], pa.Table], chaos: Chaos, name: str, what: str
) -> None:
    fault, kind = LASTING[what]
    run = services[name].fetch(chaos, fault)
    assert isinstance(run.error, kind)
    assert run.seconds < 11  # what an attempt may take, and one more


@pytest.mark.parametrize("name", [it for it in NAMES if it.startswith("salesforce")])
@pytest.mark.parametrize("page", [2, 3, 4])
def test_row_19_records_that_answer_another_question_are_noticed(
    services: dict[str, Service], truth: Callable[[str], pa.Table], chaos: Chaos, name: str, page: int
) -> None:
    expected = truth(name)
    run = services[name].fetch(chaos, Fault("again", page, ALWAYS, {"page": 1}))
    assert isinstance(run.error, DataFetchError) or run.table == expected


@pytest.mark.parametrize("name", [it for it in NAMES if it.startswith("salesforce") and "bulk" not in it])
@pytest.mark.parametrize("page", [1, 2, 3])
def test_row_21_a_page_that_has_lost_its_records_is_missed(
    services: dict[str, Service], chaos: Chaos, name: str, page: int
) -> None:
    nothing = {"path": "records", "change": lambda found: []}
    run = services[name].fetch(chaos, Fault("rows", page, ALWAYS, nothing))
    assert isinstance(run.error, IntegrityError) or (run.table is not None and page == 2)


def test_row_21_what_the_first_page_has_lost_is_missed_when_all_ranges_are_read(
    services: dict[str, Service], chaos: Chaos
) -> None:
    hole = {"path": "records", "change": lambda found: [*found[:5], *found[6:]]}
    run = services["salesforce, side by side"].fetch(chaos, Fault("rows", 1, ALWAYS, hole))
    assert isinstance(run.error, IntegrityError)
    assert "it sent 199 records by its cursor, and has 200" in str(run.error)


def test_row_21_where_the_last_record_is_told_wrong_those_behind_it_come_too(
    services: dict[str, Service], truth: Callable[[str], pa.Table], chaos: Chaos
) -> None:
    name = "salesforce, side by side"
    expected = truth(name)
    sooner = {"path": "records", "change": lambda found: [{**found[0], "Id": expected["Id"][300].as_py()}]}
    run = services[name].fetch(chaos, Fault("rows", 2, 1, sooner))
    assert run.spoilt == 1
    assert run.table == expected
