"""How many requests a question costs, and what they ask."""

from __future__ import annotations

from typing import Any

import pytest

import spyro_sdk as spyro
from spyro_sdk.demo.server import Service
from spyro_sdk.errors import DecodeError, ValidationError

from ...org import connected, data_calls, ids, truth


def test_pages_are_as_big_as_salesforce_gives_them(own: Service) -> None:
    for wish, size in ((5, 200), (300, 300), (5000, 2000)):
        with connected(own, page_size=wish) as sf:
            assert sf.fetch("Account").explain(count=False).page_size == size
            sf.fetch("Account", columns=["Id"]).to_arrow()
            assert data_calls(own)[-1].headers["sforce-query-options"] == f"batchSize={size}"
            sf.fetch("Account", columns=["Id"], limit=250).to_arrow()
        few = min(size, 250)
        assert data_calls(own)[-1].headers["sforce-query-options"] == f"batchSize={few}"


def test_a_few_records_behind_a_filter_of_ours_cost_one_small_page(own: Service) -> None:
    with connected(own) as sf:
        few = sf.fetch("Customer", columns=["id"], where="industry != 'Energy'", limit=3)
        assert few.to_arrow().num_rows == 3
        assert len(data_calls(own)) == 1
        assert data_calls(own)[-1].headers["sforce-query-options"] == "batchSize=200"
        assert "no more are asked for once 3 are found" in str(few.explain())


@pytest.mark.parametrize(
    "answer",
    [
        {"records": []},
        {"totalSize": "x", "done": True, "records": []},
        {"totalSize": 1, "done": False, "records": [{"Id": "001"}]},
        {"totalSize": 1, "records": [{"Id": "001"}]},
    ],
)
def test_an_answer_that_does_not_say_whether_it_is_all_is_none(own: Service, answer: dict[str, Any]) -> None:
    with connected(own, retry_count=0) as sf:
        sf.describe("Account")
        own.fail(status=200, body=answer, path="/query")
        with pytest.raises(DecodeError, match="without saying how many there are"):
            sf.fetch("Account", columns=["Id"]).to_arrow()


@pytest.mark.parametrize("answer", [{}, [], {"totalSize": "x"}, {"sobjects": 1, "fields": 1}])
@pytest.mark.parametrize("path", ["/sobjects", "/describe", "/query"])
def test_another_answer_than_it_should_be_is_asked_for_again(own: Service, path: str, answer: Any) -> None:
    with connected(own) as sf:
        own.fail(status=200, body=answer, path=path)
        assert sf.fetch("Account").count() == 1000
    with connected(own, retry_count=0) as sf:
        own.fail(n=9, status=200, body=answer, path=path)
        with pytest.raises(DecodeError, match="something else than it should"):
            sf.fetch("Account").count()


def test_every_page_is_asked_for_once(own: Service) -> None:
    with connected(own) as sf:
        assert sf.fetch("Account", columns=["Id"]).to_arrow().num_rows == 1000
    seen = data_calls(own)
    assert len(seen) == len({(it.path, it.query.get("q")) for it in seen}) == 5
    assert own.open_cursors == 0


def test_a_head_asks_for_no_more_records_than_it_shows(own: Service) -> None:
    with connected(own) as sf:
        frame = sf.fetch("Customer").head(3)
        assert frame["id"].tolist() == [record["Id"] for record in truth(own, "Account")[:3]]
        assert data_calls(own)[-1].query["q"].endswith("ORDER BY Id LIMIT 3")
        assert len(data_calls(own)) == 1
        assert len(sf.fetch("Customer", limit=2).head(3)) == 2
        assert data_calls(own)[-1].query["q"].endswith("LIMIT 2")
        with pytest.raises(ValidationError, match="n=-1 cannot be"):
            sf.fetch("Customer").head(-1)


def test_a_limit_is_kept_to_across_pages(own: Service) -> None:
    with connected(own) as sf:
        everyone = [record["Id"] for record in truth(own, "Account")]
        for limit in (0, 1, 200, 201, 450, 1000, 5000):
            fetch = sf.fetch("Account", columns=["Id"], limit=limit)
            assert ids(fetch.to_arrow()) == everyone[:limit]
            assert fetch.count() == min(limit, 1000)


def test_a_limit_behind_a_filter_of_ours_stops_the_reading(own: Service) -> None:
    wanted = [record["Id"] for record in truth(own, "Account") if (record["Name"] or "") > "C"]
    with connected(own) as sf:
        fetch = sf.fetch("Account", columns=["Id"], where="Name > 'C'", limit=10)
        assert ids(fetch.to_arrow()) == wanted[:10]
        assert len(data_calls(own)) <= 2  # the page, and perhaps the one read ahead
        assert "LIMIT" not in data_calls(own)[0].query["q"]
        assert fetch.count() == 10


def test_counting_takes_one_request(own: Service) -> None:
    with connected(own) as sf:
        fetch = sf.fetch("Customer", where="employee_count > 100")
        wanted = sum((it["NumberOfEmployees"] or 0) > 100 for it in truth(own, "Account"))
        assert fetch.count() == wanted
        (seen,) = data_calls(own)
        assert seen.query["q"] == "SELECT COUNT() FROM Account WHERE (NumberOfEmployees > 100)"


def test_counting_by_reading_reads_keys_alone(own: Service) -> None:
    with connected(own) as sf:
        wanted = sum((it["Rating"] or "") == "Hot" for it in truth(own, "Account"))
        assert sf.fetch("Customer", where="Rating = 'Hot'", native=["Rating"]).count() == wanted
        assert (
            data_calls(own)[-1].query.get("q", "SELECT Id, Rating FROM").startswith("SELECT Id, Rating FROM")
        )


def test_a_plan_tells_the_request_the_pages_and_the_price(own: Service) -> None:
    with connected(own, page_size=200) as sf:
        sf.describe("Customer")
        before = len(own.requests)
        fetch = sf.fetch("Customer", columns=["id"], where="name like 'A%' and employee_count > 5", limit=500)
        plan = fetch.explain(count=False)
        assert len(own.requests) == before
        assert (plan.rows, plan.calls, plan.calls_a_page) == (None, None, 1)
        assert "pages    unknown, 200 records each" in str(plan)

        plan = fetch.explain()
        assert len(own.requests) == before + 1
        assert plan.local == "name like 'A%' and employee_count > 5"
        assert plan.quota_left == 100_000 - own.api_usage
        assert plan.request == (
            "GET /services/data/v67.0/query?q=SELECT Id, NumberOfEmployees, Name FROM Account"
            " WHERE ((Name LIKE 'A%') AND (NumberOfEmployees > 5)) ORDER BY Id"
        )
        text = str(plan)
        assert "(here, on what arrives)" in text
        assert f"quota    {plan.quota_left:,} requests left, this fetch takes 1" in text


def test_a_plan_is_what_happens(own: Service) -> None:
    with connected(own, page_size=200) as sf:
        for wishes in ({}, {"limit": 450}, {"include_deleted": True}, {"where": "NumberOfEmployees > 10"}):
            fetch = sf.fetch("Account", columns=["Id"], **wishes)  # type: ignore[arg-type]
            plan = fetch.explain()
            before = own.api_usage
            assert fetch.to_arrow().num_rows == plan.rows
            assert own.api_usage - before == plan.calls


def test_a_repr_never_touches_the_network(own: Service) -> None:
    with connected(own) as sf:
        before = len(own.requests)
        fetch = sf.fetch("Nonsense", columns=["a"], where="b = 'x'", since="2026-01-01", limit=3, native=True)
        assert repr(fetch) == (
            "<Fetch 'Nonsense', columns=['a'], where=\"b = 'x'\", since='2026-01-01T00:00:00+00:00',"
            " limit=3, native=True>"
        )
        assert repr(sf["Customer"]) == "<Fetch 'Customer'>"
        assert repr(sf) == "<Connection 'salesforce' connected>"
        assert len(own.requests) == before


def test_the_quota_is_what_salesforce_says(own: Service) -> None:
    own.daily_limit, own.api_usage = 5_000, 1_234
    with connected(own) as sf:
        assert sf.fetch("Account").count() == 1000
        assert sf.rate_limit.quota == sf.stats.quota
        assert sf.stats.quota
        assert (sf.stats.quota.limit, sf.stats.quota.remaining) == (5_000, 5_000 - own.api_usage)
        assert f"{5_000 - own.api_usage:,} of 5,000 left of the service's quota" in str(sf.rate_limit)


def test_an_api_version_may_be_asked_for(own: Service) -> None:
    with connected(own, api_version="61.0") as sf:
        sf.fetch("Account", limit=1).to_arrow()
    assert data_calls(own)[-1].path == "/services/data/v61.0/query"
    assert not any(seen.path == "/services/data/" for seen in own.requests)
    with connected(own) as sf:
        sf.fetch("Account", limit=1).to_arrow()
    assert data_calls(own)[-1].path == "/services/data/v67.0/query"


def test_records_come_as_dicts_too(org: Service, sf: spyro.Connection) -> None:
    records = sf.fetch("User", native=True).records()
    assert next(records) == truth(org, "User")[0]
    assert list(records) == truth(org, "User")[1:]
