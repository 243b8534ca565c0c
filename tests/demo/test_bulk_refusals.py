"""What the demo's Bulk API does not do."""

from typing import Any

import pytest

from spyro_sdk.demo.server import Service
from tests.demo.conftest import VERSION, Client

JOBS = f"{VERSION}/jobs/query"
ORDER = {"operation": "query", "query": "SELECT Id FROM Account"}


@pytest.fixture
def mine(own: Service) -> Client:
    return Client(own)


def create(client: Client, **words: Any) -> str:
    answer = client.call("POST", JOBS, {**ORDER, **words})
    assert answer.status == 200, answer.body
    return f"{JOBS}/{answer.json['id']}"


def complete(client: Client, **words: Any) -> str:
    address = create(client, **words)
    assert [client.get(address).json["state"] for _ in range(2)][-1] == "JobComplete"
    return address


@pytest.mark.parametrize(
    ("soql", "code", "words"),
    [
        ("SELECT COUNT() FROM Account", "API_ERROR", "Aggregate functions"),
        ("SELECT MAX(AnnualRevenue) FROM Account", "API_ERROR", "Aggregate functions"),
        ("SELECT Rating FROM Account GROUP BY Rating", "API_ERROR", "GROUP BY"),
        ("SELECT Id FROM Account ORDER BY Id LIMIT 5 OFFSET 10", "API_ERROR", "OFFSET"),
        ("SELECT TYPEOF Owner WHEN User THEN Name END FROM Account", "API_ERROR", "TYPEOF"),
        (
            "SELECT Id, (SELECT Id FROM Contacts) FROM Account",
            "API_ERROR",
            "Aggregate Relationships not supported in Bulk V2 Query with CSV content type",
        ),
        ("SELECT BillingAddress FROM Account", "API_ERROR", "Selecting compound data not supported"),
        ("SELECT Account.BillingAddress FROM Contact", "API_ERROR", "Selecting compound data"),
        ("SELECT FIELDS(STANDARD) FROM Account", "API_ERROR", "Selecting compound data"),
        (
            "SELECT Id FROM LoginHistory",
            "INVALIDENTITY",
            "Entity 'LoginHistory' is not supported by the Bulk API.",
        ),
        ("SELECT Nothing FROM Account", "INVALID_FIELD", "No such column 'Nothing'"),
        ("SELECT Id FROM Nothing", "INVALID_TYPE", "sObject type 'Nothing' is not supported"),
        ("SELECT Id Account", "MALFORMED_QUERY", "unexpected token"),
        (" ", "MALFORMED_QUERY", "A query string has to be specified"),
        (None, "MALFORMED_QUERY", "A query string has to be specified"),
    ],
)
def test_a_query_that_bulk_does_not_take_makes_no_job(
    own: Service, mine: Client, soql: str | None, code: str, words: str
) -> None:
    answer = mine.call("POST", JOBS, {**ORDER, "query": soql})
    assert (answer.status, answer.code) == (400, code)
    assert words in answer.message
    assert (own.query_jobs, own.bulk.jobs_used) == (0, 0)


def test_words_of_refused_clauses_may_stand_in_texts(mine: Client) -> None:
    create(mine, query="SELECT Id FROM Account WHERE Name = 'count(x) group by offset 5 (select'")


@pytest.mark.parametrize(
    "body",
    [
        {"query": "SELECT Id FROM Account"},
        {**ORDER, "operation": "insert"},
        {**ORDER, "operation": "queryall"},
        {**ORDER, "contentType": "JSON"},
        {**ORDER, "columnDelimiter": ","},
        {**ORDER, "lineEnding": "CR"},
        {**ORDER, "lineEnding": ["LF"]},
        {**ORDER, "object": "Account"},
        [ORDER],
        b"{",
        b"\xff",
        b"",
    ],
)
def test_an_order_in_other_words_is_refused(mine: Client, body: Any) -> None:
    answer = mine.call("POST", JOBS, body)
    assert (answer.status, answer.code) == (400, "JSON_PARSER_ERROR")


def test_an_order_that_is_no_json_is_of_an_unsupported_type(mine: Client) -> None:
    answer = mine.call("POST", JOBS, ORDER, Content_Type="application/x-www-form-urlencoded")
    assert (answer.status, answer.code) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_the_jobs_of_a_day_come_to_an_end(own: Service, mine: Client) -> None:
    own.bulk.daily_jobs = 2
    create(mine)
    create(mine)
    answer = mine.call("POST", JOBS, ORDER)
    assert (answer.status, answer.code) == (400, "LIMIT_EXCEEDED")
    assert answer.message == "Max bulk v2 query jobs (2) per 24 hrs has been reached (2)"
    assert mine.get(f"{VERSION}/limits").json["DailyBulkV2QueryJobs"] == {"Max": 2, "Remaining": 0}


@pytest.mark.parametrize("rest", ["results", "resultPages"])
def test_results_need_the_version_of_the_job(mine: Client, rest: str) -> None:
    address = complete(mine)
    other = address.replace("v67.0", "v66.0")
    assert mine.get(other).status == 200
    answer = mine.get(f"{other}/{rest}")
    assert (answer.status, answer.code) == (409, "API_ERROR")
    assert "67.0" in answer.message


@pytest.mark.parametrize("rest", ["results", "resultPages"])
def test_results_need_a_complete_job(mine: Client, rest: str) -> None:
    answer = mine.get(f"{create(mine)}/{rest}")
    assert (answer.status, answer.code) == (400, "INVALIDJOBSTATE")


def test_result_pages_are_unknown_to_old_versions(mine: Client) -> None:
    assert mine.get(f"/services/data/v57.0/jobs/query/{complete(mine)[-18:]}/resultPages").status == 404


@pytest.mark.parametrize("job_id", ["750gL0000000099AAA", "nonsense", "001gL0000000000QAA"])
def test_an_unknown_job_is_not_found(mine: Client, job_id: str) -> None:
    address = f"{JOBS}/{job_id}"
    answers = [
        mine.get(address),
        mine.get(f"{address}/results"),
        mine.get(f"{address}/resultPages"),
        mine.call("PATCH", address, {"state": "Aborted"}),
        mine.call("DELETE", address),
    ]
    assert {(answer.status, answer.code) for answer in answers} == {(404, "NOT_FOUND")}


@pytest.mark.parametrize("locator", ["x", "!!!!", "MTAwMA", "LTE", "MA==", "MDA", ""])
@pytest.mark.parametrize("rest", ["results", "resultPages"])
def test_a_made_up_locator_is_invalid(mine: Client, rest: str, locator: str) -> None:
    answer = mine.get(f"{complete(mine)}/{rest}?locator={locator}")
    assert (answer.status, answer.code) == (400, "INVALID_QUERY_LOCATOR")


@pytest.mark.parametrize("wish", ["0", "-1", "many", "1.5", ""])
def test_a_wish_for_no_records_is_refused(mine: Client, wish: str) -> None:
    answer = mine.get(f"{complete(mine)}/results?maxRecords={wish}")
    assert (answer.status, answer.code) == (400, "API_ERROR")


def test_results_are_csv_or_not_acceptable(mine: Client) -> None:
    address = complete(mine)
    assert mine.get(f"{address}/results", Accept="application/json").status == 406
    for accepted in ("text/csv", "text/*;q=0.5", "application/json, */*"):
        assert mine.get(f"{address}/results", Accept=accepted).status == 200


def test_a_job_that_runs_cannot_be_deleted(mine: Client) -> None:
    answer = mine.call("DELETE", create(mine))
    assert (answer.status, answer.code) == (400, "API_ERROR")
    assert answer.message == "Error encountered when deleting the job because the job is not terminated"


def test_a_job_that_has_ended_cannot_be_aborted(mine: Client) -> None:
    answer = mine.call("PATCH", complete(mine), {"state": "Aborted"})
    assert (answer.status, answer.code) == (400, "INVALIDJOBSTATE")
    assert answer.message == "Aborting already Completed Job not allowed"


def test_a_job_can_be_set_to_no_other_state(mine: Client) -> None:
    answer = mine.call("PATCH", create(mine), {"state": "JobComplete"})
    assert (answer.status, answer.code) == (400, "INVALIDJOBSTATE")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "", "GET,HEAD,POST"),
        ("POST", "/750gL0000000001QAA", "DELETE,GET,HEAD,PATCH"),
        ("POST", "/750gL0000000001QAA/results", "GET,HEAD"),
    ],
)
def test_other_methods_are_not_allowed(mine: Client, method: str, path: str, allowed: str) -> None:
    answer = mine.call(method, JOBS + path, {})
    assert (answer.status, answer.code) == (405, "METHOD_NOT_ALLOWED")
    assert answer.message.endswith(f"Allowed are {allowed}")


def test_jobs_need_a_token_and_use_up_calls(own: Service, mine: Client) -> None:
    own.api_usage = own.daily_limit
    assert mine.call("POST", JOBS, ORDER).code == "REQUEST_LIMIT_EXCEEDED"
    own.expire_tokens()
    assert mine.call("POST", JOBS, ORDER).code == "INVALID_SESSION_ID"
    assert own.query_jobs == 0
