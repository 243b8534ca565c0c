"""By the Bulk API a fetch gives the same table as by REST, and leaves nothing behind."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pytest

import spyro_sdk as spyro
from spyro_sdk.connectors.salesforce import sheet
from spyro_sdk.demo.server import Seen, Service, serve
from spyro_sdk.entity import Column
from spyro_sdk.errors import (
    ConfigurationError,
    ConnectionError,
    DataFetchError,
    DecodeError,
    IntegrityError,
    RateLimitError,
    TimeoutError,
    ValidationError,
)
from spyro_sdk.events import PageArrived, RoadTaken, SchemaChanged

from ...org import MOMENT, connected, data_calls, ids, kind_of, renewable, truth

OBJECTS = ["Customer", "Contact", "Opportunity", "User", "Account", "Wide__c"]
PLAYED = [
    {},
    {"repeats_header": False},
    {"quotes_nulls": False},
    {"names_chunks": True},
    {"repeats_header": False, "quotes_nulls": False, "names_chunks": True},
]
"""How sources differ about what Salesforce sends."""


@pytest.fixture(scope="module")
def big() -> Iterator[Service]:
    """A service that tests only read; 4,000 accounts, which are many in pages of 200."""
    with serve(records=4_000, seed=5, wide_records=2, batch_limit=200) as service:
        service.bulk.chunk = 500
        yield service


@pytest.fixture
def chunked(own: Service) -> Service:
    """A service that a test may spoil; 1,000 accounts come in four chunks."""
    own.bulk.chunk = 300
    return own


def assert_same(sf: spyro.Connection, entity: str, **wishes: Any) -> pa.Table:
    """The table by a job, which must be that by REST but for the order of its records."""
    pages = sf.fetch(entity, api="rest", **wishes).to_arrow()
    job = sf.fetch(entity, api="bulk", **wishes).to_arrow()
    key = "id" if "id" in job.column_names else "Id"
    assert job.schema.equals(pages.schema, check_metadata=True)
    assert job.sort_by(key).equals(pages.sort_by(key))
    assert job.num_rows == pages.num_rows
    return job


def job_calls(service: Service, since: int = 0) -> list[Seen]:
    return [seen for seen in service.requests[since:] if "/jobs/query" in seen.path]


def told(sf_observers: list[Any], kind: type) -> list[Any]:
    return [event for event in sf_observers if isinstance(event, kind)]


# -- the same table -----------------------------------------------------------------------------------


@pytest.mark.parametrize("entity", OBJECTS)
@pytest.mark.parametrize("decimals", [False, True])
def test_a_job_gives_the_table_that_rest_gives(org: Service, entity: str, decimals: bool) -> None:
    with connected(org, decimals=decimals) as sf:
        assert assert_same(sf, entity).num_rows > 0


@pytest.mark.parametrize("played", PLAYED)
def test_however_salesforce_writes_its_chunks(chunked: Service, played: dict[str, bool]) -> None:
    for name, value in played.items():
        setattr(chunked.bulk, name, value)
    with connected(chunked) as sf:
        for entity in ("Account", "Customer"):
            assert assert_same(sf, entity).num_rows == 1000
        assert assert_same(sf, "Account", where="Name is null").num_rows == 0


@pytest.mark.parametrize(
    "wishes",
    [
        {"columns": ["Id", "Owner.Name", "Parent.Owner.IsActive"]},
        {"columns": ["Id", "BillingAddress", "Parent.ShippingAddress"]},
        {"columns": ["Id", "BillingCity", "BillingAddress", "BillingLatitude"]},
        {"where": "NumberOfEmployees > 50"},
        {"where": "Rating = 'hot' or BillingAddress.city = 'Berlin'"},
        {"since": "2024-01-01"},
        {"include_deleted": True},
        {"where": "IsDeleted", "include_deleted": True},
    ],
)
def test_whatever_is_asked_of_an_object(chunked: Service, wishes: dict[str, Any]) -> None:
    with connected(chunked, decimals=True) as sf:
        assert_same(sf, "Account", **{"columns": ["Id", "Name"], **wishes})


def test_canonical_and_native_columns_beside_each_other(chunked: Service) -> None:
    with connected(chunked) as sf:
        assert_same(sf, "Customer", native=["Rating", "Segments__c"], where="Rating = 'Hot'")
        assert_same(sf, "User", native=True)


@pytest.mark.parametrize("limit", [0, 1, 299, 300, 301, 1000, 5000])
def test_a_limit_gives_the_same_records_in_the_same_order(chunked: Service, limit: int) -> None:
    everyone = [record["Id"] for record in truth(chunked, "Account")]
    with connected(chunked) as sf:
        assert (
            ids(sf.fetch("Account", columns=["Id"], limit=limit, api="bulk").to_arrow()) == everyone[:limit]
        )


def test_a_limit_behind_a_filter_of_ours_gives_the_first_by_id(chunked: Service) -> None:
    wanted = [record["Id"] for record in truth(chunked, "Account") if (record["Name"] or "") > "C"]
    with connected(chunked) as sf:
        fetch = sf.fetch("Account", columns=["Id"], where="Name > 'C'", limit=10, api="bulk")
        assert ids(fetch.to_arrow()) == wanted[:10]
    assert chunked.query_jobs == 0


def test_a_job_has_no_order_unless_there_is_a_limit(big: Service) -> None:
    with connected(big) as sf:
        fetch = sf.fetch("Account", columns=["Id"], api="bulk")
        assert str(fetch.explain(count=False)).splitlines()[1].endswith("SELECT Id FROM Account")
        assert "ORDER BY Id LIMIT 5" in sf.fetch("Account", limit=5, api="bulk").explain(count=False).request


# -- which road ---------------------------------------------------------------------------------------


def test_a_small_fetch_pays_no_call_for_the_choice(own: Service) -> None:
    with connected(own) as sf:
        assert sf.fetch("Account", columns=["Id"]).to_arrow().num_rows == 1000
        assert len(sf.fetch("Account").head()) == 5
    assert len(data_calls(own)) == 6
    assert job_calls(own) == []


def test_a_big_fetch_goes_by_a_job_once_its_first_page_has_announced_it(big: Service) -> None:
    events: list[Any] = []
    with connected(big, page_size=200, observers=[events.append]) as sf:
        table = sf.fetch("Account", columns=["Id"]).to_arrow()
        first = sf.stats.rows
    assert sorted(ids(table)) == [record["Id"] for record in truth(big, "Account")]
    assert told(events, RoadTaken) == [RoadTaken("salesforce", "Account", "bulk", "it is quicker")]
    assert told(events, PageArrived) == [PageArrived("salesforce", "Account", 500, 4000)] * 8
    assert first == 4000  # the page that only announced is not counted
    assert big.query_jobs == 0


def test_no_page_is_asked_for_ahead_of_one_that_announces_a_job(big: Service) -> None:
    before = len(big.requests)
    with connected(big, page_size=200) as sf:  # every column: a body that arrives in several pieces
        assert sf.fetch("Account").to_arrow().num_rows == 4000
    assert sum("jobs" not in seen.path for seen in data_calls(big, before)) == 1


def test_a_scarce_quota_makes_a_job_of_it() -> None:
    with serve(records=2_800, seed=5, batch_limit=200) as service, connected(service, page_size=200) as sf:
        assert sf.fetch("Account", columns=["Id"]).explain().api == "rest"
        service.daily_limit = service.api_usage + 120
        plan = sf.fetch("Account", columns=["Id"]).explain()
        assert (plan.api, plan.why) == ("bulk", "rest would take more than 10% of the requests left")
        assert sf.fetch("Account", columns=["Id"]).to_arrow().num_rows == 2800
        assert len(job_calls(service)) >= 5


def test_a_connection_may_say_which_road_is_taken(big: Service) -> None:
    before = len(big.requests)
    with connected(big, page_size=200, api="rest") as sf:
        assert sf.fetch("Account", columns=["Id"]).explain().why == "asked for"
        assert sf.fetch("Account", columns=["Id"]).to_arrow().num_rows == 4000
        assert job_calls(big, before) == []
        assert sf.fetch("Account", columns=["Id"], api="auto").explain().api == "bulk"
    with connected(big, api="bulk") as sf:
        assert sf.fetch("User", columns=["id"]).to_arrow().num_rows > 0
        assert next(seen.method for seen in job_calls(big, before)) == "POST"


@pytest.mark.parametrize("wish", ["soap", "", True, None])
def test_a_road_that_there_is_not_is_refused(own: Service, wish: Any) -> None:
    with (
        pytest.raises(ConfigurationError, match="is none of 'rest', 'bulk', 'auto'"),
        connected(own, api=wish),
    ):
        pass


def test_a_plan_tells_both_roads_and_which_is_taken(big: Service) -> None:
    with connected(big, page_size=200) as sf:
        plan = sf.fetch("Account", columns=["Id"]).explain()
        rest, bulk = plan.roads
        assert (rest.calls, plan.calls, plan.api) == (20, bulk.calls, "bulk")
        assert str(plan).splitlines()[2:] == [
            "  pages    20 of 200 for 4,000 records",
            "  rest     20 calls, about 14 s",
            f"  bulk     {bulk.calls} calls, about 11 s",
            "  takes    bulk: it is quicker",
            f"  quota    {plan.quota_left:,} requests left, this fetch takes {bulk.calls}",
        ]
        unknown = sf.fetch("Account", columns=["Id"]).explain(count=False)
        assert (unknown.api, unknown.calls) == (None, None)
        assert "takes    rest, or bulk where the first page announces so many" in str(unknown)
        few = sf.fetch("Account", columns=["Id"], where="Name > 'C'", limit=3000).explain()
        assert (few.api, few.why) == ("rest", "a job cannot stop when enough records are found")


def test_the_estimate_of_a_jobs_calls_is_near_what_it_takes(big: Service) -> None:
    with connected(big, page_size=200) as sf:
        fetch = sf.fetch("Account", columns=["Id"])
        plan, before = fetch.explain(), big.api_usage
        fetch.to_arrow()
        assert plan.calls is not None
        assert abs((big.api_usage - before) - plan.calls) <= 8  # this one has small chunks, and is soon done


# -- what the Bulk API refuses ------------------------------------------------------------------------


def test_what_no_job_can_fetch_comes_by_rest_and_once(big: Service) -> None:
    events: list[Any] = []
    unknown = "Entity 'Account' is not supported by the Bulk API."
    with connected(big, page_size=200, observers=[events.append]) as sf:
        big.fail(status=400, body=[{"errorCode": "INVALIDENTITY", "message": unknown}], path="/jobs/query")
        for _ in range(2):
            fetch = sf.fetch("Account", columns=["Id"])
            assert ids(fetch.to_arrow()) == [record["Id"] for record in truth(big, "Account")]
        plan = fetch.explain()
    asked, refused = told(events, RoadTaken)  # and the second time nobody asked
    assert (asked.api, refused.api) == ("bulk", "rest")
    assert "not supported by the Bulk API" in refused.reason
    assert (plan.api, plan.why) == ("rest", "the Bulk API does not know Account")


def test_so_it_is_refused_where_a_job_is_insisted_on(own: Service) -> None:
    with connected(own) as sf:
        fetch = sf.fetch("LoginHistory", api="bulk")
        with pytest.raises(
            DataFetchError, match=r"not supported by the Bulk API.*fetch it with api='rest'"
        ) as caught:
            fetch.to_arrow()
    assert caught.value.error_code == "INVALIDENTITY"
    assert caught.value.status == 400
    assert "api='rest'" in str(caught.value.hint)


@pytest.mark.parametrize("api", ["auto", "bulk"])
def test_a_job_that_fails_leaves_nothing_behind(big: Service, api: str) -> None:
    with connected(big, page_size=200, api=api) as sf:
        big.fail_jobs(1, "Selecting compound data not supported in Bulk Query")
        fetch = sf.fetch("Account", columns=["Id"])
        if api == "auto":
            assert ids(fetch.to_arrow()) == [record["Id"] for record in truth(big, "Account")]
        else:
            with pytest.raises(DataFetchError, match="ended as Failed: Selecting compound data"):
                fetch.to_arrow()
    assert big.query_jobs == 0


def test_when_the_days_jobs_are_used_up_rest_will_do() -> None:
    with serve(records=4_000, seed=5, batch_limit=200) as service, connected(service, page_size=200) as sf:
        service.bulk.daily_jobs = 0
        assert sf.fetch("Account", columns=["Id"]).to_arrow().num_rows == 4000
        with pytest.raises(DataFetchError, match="Max bulk v2 query jobs"):
            sf.fetch("Account", columns=["Id"], api="bulk").to_arrow()


def test_when_the_days_calls_are_used_up_nothing_will_do(own: Service) -> None:
    with connected(own) as sf:
        sf.describe("Account")
        own.daily_limit = own.api_usage
        with pytest.raises(RateLimitError, match="no request left"):
            sf.fetch("Account", columns=["Id"], api="bulk").to_arrow()


def test_other_services_have_one_road() -> None:
    with pytest.raises(
        ValidationError, match="api='soap' cannot be: it must be one of 'rest', 'bulk', 'auto'"
    ):
        spyro.Query.ask("Account", api="soap")


def test_a_compound_column_without_parts_keeps_to_rest(own: Service) -> None:
    place = kind_of("Account").by_name["billingaddress"]
    fields = [
        {"name": "Id", "type": "id", "nillable": False},
        {"name": place.name, "type": place.type},
    ]
    described = {"name": "Account", "label": "Account", "fields": fields}
    with connected(own) as sf:
        own.fail(status=200, body=described, path="/Account/describe")
        plan = sf.fetch("Account").explain(count=False)
        assert (plan.api, plan.why) == ("rest", "the Bulk API has no BillingAddress, nor its parts")
        with pytest.raises(ValidationError, match="sends no BillingAddress of Account") as caught:
            sf.fetch("Account", api="bulk").to_arrow()
        assert (caught.value.field, caught.value.value) == ("columns", "BillingAddress")


def test_a_place_is_made_of_its_parts() -> None:
    kind = pa.struct([("latitude", pa.float64()), ("longitude", pa.float64())])
    columns = {"Spot__c": Column("Spot__c", kind, source=("Spot__Latitude__s", "Spot__Longitude__s"))}
    texts = pa.record_batch({"Spot__Latitude__s": ["1.5", None], "Spot__Longitude__s": ["x", None]})
    batch = sheet.assembled(texts, pa.schema([("Spot__c", kind)]), columns)
    assert batch.to_pylist() == [{"Spot__c": {"latitude": 1.5, "longitude": "x"}}, {"Spot__c": None}]


# -- what goes wrong on the way -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "mischief",
    [
        lambda service: service.truncate(path="/results", after=1),
        lambda service: service.drop(path="/results", after=2),
        lambda service: service.html(path="/results", after=1),
        lambda service: service.fail(path="/results"),
        lambda service: service.fail(path="/resultPages"),
        lambda service: service.fail(path="/jobs/query", after=1),
        lambda service: service.html(path="/resultPages"),
        lambda service: service.fail(status=200, body={}, path="/resultPages"),
        lambda service: service.fail(status=200, body={}, path="/jobs/query/"),
    ],
)
def test_an_answer_that_is_none_is_asked_for_again(
    chunked: Service, mischief: Callable[[Service], Any]
) -> None:
    with connected(chunked) as sf:
        mischief(chunked)
        table = sf.fetch("Account", columns=["Id", "Name"], api="bulk").to_arrow()
        assert sf.stats.retries == 1
    assert Counter(ids(table)) == Counter(record["Id"] for record in truth(chunked, "Account"))
    assert chunked.query_jobs == 0


def test_a_chunk_that_never_comes_whole_is_an_error_and_its_job_deleted(chunked: Service) -> None:
    with connected(chunked, retry_count=1) as sf:
        chunked.truncate(n=9, path="/results", after=1)
        fetch = sf.fetch("Account", columns=["Id"], api="bulk")
        with pytest.raises(ConnectionError):
            fetch.to_arrow()
        assert fetch.partial is not None
        assert fetch.partial.num_rows in (0, 300)
    assert chunked.query_jobs == 0


def test_records_that_are_lost_on_the_way_are_asked_for_again_or_an_error(chunked: Service) -> None:
    with connected(chunked) as sf:
        chunked.lose_rows(1)
        assert sf.fetch("Account", columns=["Id"], api="bulk").to_arrow().num_rows == 1_000
        assert sf.stats.retries == 1
        chunked.lose_rows(10**6)
        with pytest.raises(DecodeError, match=r"announced a chunk of (300|100) records, and sent 0"):
            sf.fetch("Account", columns=["Id"], api="bulk").to_arrow()
        chunked.lose_rows(0)
        chunked.lie_about_total(1)
        with pytest.raises(IntegrityError, match=r"the job has 1,001, and sent 1,000"):
            sf.fetch("Account", columns=["Id"], api="bulk").to_arrow()
    assert chunked.query_jobs == 0


def test_a_token_that_expires_meanwhile_is_renewed(chunked: Service) -> None:
    with connected(chunked, **renewable(chunked)) as sf:
        batches = sf.fetch("Account", columns=["Id"], api="bulk").batches()
        first = next(batches)
        chunked.expire_tokens()
        assert first.num_rows + sum(batch.num_rows for batch in batches) == 1000
        chunked.expire_tokens()
        assert sf.fetch("Account", columns=["Id"], api="bulk").to_arrow().num_rows == 1000
    assert chunked.query_jobs == 0


def test_leaving_early_deletes_the_job(chunked: Service) -> None:
    with connected(chunked) as sf:
        for batch in sf.fetch("Account", columns=["Id"], api="bulk").batches():
            assert batch.num_rows == 300
            break
        assert sf.fetch("Account", columns=["Id"], limit=1).to_arrow().num_rows == 1
    assert chunked.query_jobs == 0


def test_a_fetch_that_is_over_its_deadline_deletes_the_job(chunked: Service) -> None:
    with connected(chunked, deadline=60.0, retry_count=100, retry_delay=20.0) as sf:
        sf.describe("Account")
        chunked.fail(n=1000, path="/results")
        with pytest.raises(TimeoutError, match=r"Account of salesforce .* its deadline of 0\.7 s"):
            sf.fetch("Account", columns=["Id"], api="bulk", deadline=0.7).to_arrow()
    assert chunked.query_jobs == 0


def test_a_job_that_cannot_be_deleted_fails_nobody(
    chunked: Service, caplog: pytest.LogCaptureFixture
) -> None:
    with connected(chunked, retry_count=0) as sf:
        sf.describe("Account")
        refusals = [seen for seen in chunked.requests if seen.method == "DELETE"]
        assert not refusals
        chunked.fail(path="/jobs/query/", after=2 + 1 + 4)  # two looks, a list and four chunks
        with caplog.at_level(logging.WARNING, "spyro_sdk"):
            assert sf.fetch("Account", columns=["Id"], api="bulk").to_arrow().num_rows == 1000
    assert "is left to expire" in caplog.text


def test_a_column_that_is_wider_than_described_is_told_once(chunked: Service) -> None:
    events: list[Any] = []
    described = {
        "name": "Account",
        "label": "Account",
        "fields": [
            {"name": "Id", "type": "id", "nillable": False, "filterable": True},
            {"name": "Name", "type": "int"},
            {"name": "SystemModstamp", "type": "datetime"},
        ],
    }
    with connected(chunked, observers=[events.append]) as sf:
        chunked.fail(status=200, body=described, path="/Account/describe")
        table = assert_same(sf, "Account")
        assert table.schema.types == [pa.string(), pa.string(), MOMENT]
    wider = SchemaChanged("salesforce", "Account", "Name", "int64", "string")
    assert told(events, SchemaChanged) == [wider, wider]  # once by each road
