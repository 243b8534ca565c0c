"""An export goes on after the last key that has come, on every road, and reads no page again."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from spyro_sdk.connectors.salesforce import Salesforce
from spyro_sdk.demo.server import Service
from spyro_sdk.errors import ConnectionError
from spyro_sdk.events import FetchResumed, PageArrived, ResumeLost

from ...arrow.rows import names
from ...org import data_calls, ids, truth
from ...stopping import Exports, assert_same

ROADS: dict[str, dict[str, Any]] = {
    "pages": {"api": "rest"},
    "ranges": {"api": "rest", "concurrency": 4},
    "jobs": {"api": "bulk"},
}


def exports(service: Service, path: Path, entity: str = "Account", **wishes: Any) -> Exports:
    settings = {
        "base_url": service.base_url,
        "access_token": service.credentials["access_token"],
        "retry_delay": 0.001,
        "rate_limit": 100_000,
        "burst_size": 1000,
    }
    made = Exports(Salesforce, path, entity, **settings)
    made.wishes = wishes
    return made


def everyone(service: Service) -> list[str]:
    return [record["Id"] for record in truth(service, "Account")]


@pytest.fixture
def org(own: Service) -> Service:
    """1,000 accounts: five pages, or four chunks."""
    own.bulk.chunk = 300
    return own


@pytest.mark.parametrize("road", ROADS)
def test_after_a_stop_at_any_page_none_is_read_again(org: Service, tmp_path: Path, road: str) -> None:
    wishes = {**ROADS[road], "columns": ["Id", "Name", "BillingAddress", "CreatedDate"]}
    whole = exports(org, tmp_path / "whole.parquet", **wishes)
    whole.run()
    assert ids(pq.read_table(whole.path)) == everyone(org)
    pages = [event.rows for event in whole.told(PageArrived)]
    for stop in range(1, len(pages) + 1):
        parts = exports(org, tmp_path / "parts.parquet", **wishes)
        with pytest.raises(ConnectionError):
            parts.run(stop)
        kept = sum(pages[:stop])
        before = len(org.requests)
        assert parts.run() == 1000
        assert_same(parts.path, whole.path)
        assert parts.told(FetchResumed) == [FetchResumed("salesforce", "Account", kept, kept, stop)]
        assert sum(event.rows for event in parts.told(PageArrived)) == 1000 - kept
        assert {event.total for event in parts.told(PageArrived)} <= {1000, None}
        asked = [seen.query.get("q", "") for seen in data_calls(org, before)]
        statements = [it for it in asked if "SELECT Id," in it]
        assert all(re.search("Id >=? '", it) for it in statements)
        assert names(tmp_path) == ["parts.parquet", "whole.parquet"]


@pytest.mark.parametrize(("first", "second"), [("pages", "jobs"), ("jobs", "ranges"), ("ranges", "pages")])
def test_the_roads_may_change_on_the_way(org: Service, tmp_path: Path, first: str, second: str) -> None:
    parts = exports(org, tmp_path / "parts.parquet", columns=["Id", "Name"], **ROADS[first])
    with pytest.raises(ConnectionError):
        parts.run(2)
    parts.wishes |= {"api": None, "concurrency": None, **ROADS[second]}
    assert parts.run() == 1000
    assert parts.told(ResumeLost) == []
    assert ids(pq.read_table(parts.path)) == everyone(org)


def test_a_job_that_is_refused_goes_on_by_pages(org: Service, tmp_path: Path) -> None:
    parts = exports(org, tmp_path / "parts.parquet", columns=["Id"], api="rest")
    with pytest.raises(ConnectionError):
        parts.run(2)
    parts.wishes = {"columns": ["Id"], "api": "auto"}
    org.fail_jobs(9, "no")
    assert parts.run() == 1000
    assert ids(pq.read_table(parts.path)) == everyone(org)


@pytest.mark.parametrize("road", ["pages", "jobs"])
def test_a_limit_and_filters_of_each_side_count_over_both_parts(
    org: Service, tmp_path: Path, road: str
) -> None:
    for wishes in (
        {"entity": "Account", "limit": 650},
        {"entity": "Customer", "where": "employee_count > 5 and name > 'C'"},
        {"entity": "Contact", "where": "email is not null"},
    ):
        entity = str(wishes.pop("entity"))
        whole = exports(org, tmp_path / "whole.parquet", entity, **ROADS[road], **wishes)
        rows = whole.run()
        parts = exports(org, tmp_path / "parts.parquet", entity, **ROADS[road], **wishes)
        with pytest.raises(ConnectionError):
            parts.run(2)
        assert parts.run() == rows
        assert_same(parts.path, whole.path)


def test_records_that_come_and_go_meanwhile_are_as_in_one_run(org: Service, tmp_path: Path) -> None:
    parts = exports(org, tmp_path / "parts.parquet", columns=["Id"], api="rest")
    with pytest.raises(ConnectionError):
        parts.run(2)
    gone = everyone(org)
    for place in (10, 900):
        org.delete("Account", gone[place])
    assert parts.run() == 999
    assert ids(pq.read_table(parts.path)) == [key for key in gone if key != gone[900]]


def test_a_place_that_the_org_refuses_begins_anew(org: Service, tmp_path: Path) -> None:
    parts = exports(org, tmp_path / "parts.parquet", columns=["Id"], api="rest")
    with pytest.raises(ConnectionError):
        parts.run(2)
    gone = [{"errorCode": "INVALID_QUERY_LOCATOR", "message": "no such key"}]
    org.fail(status=400, body=gone, path="/query")
    assert parts.run() == 1000
    (lost,) = parts.told(ResumeLost)
    assert "no such key" in lost.reason
    assert ids(pq.read_table(parts.path)) == everyone(org)
