"""How the demo speaks the Bulk API 2.0: jobs, their results in chunks, and CSV."""

import csv
import gzip
import http.client
import io
import re
from typing import Any

import pytest

from spyro_sdk.demo.server import Service, serve
from tests.demo.conftest import VERSION, Answer, Client

JOBS = f"{VERSION}/jobs/query"
ACCOUNTS = "SELECT Id, Name FROM Account"


class Bulk(Client):
    """A client that runs query jobs to their end."""

    def create(self, soql: str, **words: str) -> dict[str, Any]:
        answer = self.call("POST", JOBS, {"operation": "query", "query": soql, **words})
        assert answer.status == 200, answer.body
        return dict(answer.json)

    def complete(self, soql: str, **words: str) -> str:
        """Create a job and poll it until it has ended; give its address."""
        address = f"{JOBS}/{self.create(soql, **words)['id']}"
        while self.get(address).json["state"] in ("UploadComplete", "InProgress"):
            pass
        return address

    def chunks(self, address: str, **query: int) -> list[Answer]:
        asked = "".join(f"&{name}={value}" for name, value in query.items())
        answers = [self.get(f"{address}/results?{asked}")]
        while (locator := answers[-1].headers["Sforce-Locator"]) != "null":
            answers.append(self.get(f"{address}/results?locator={locator}{asked}"))
        return answers

    def rows(self, soql: str, **words: str) -> list[dict[str, str]]:
        return [row for answer in self.chunks(self.complete(soql, **words)) for row in table(answer)]


def table(answer: Answer, delimiter: str = ",") -> list[dict[str, str]]:
    assert answer.status == 200, answer.body
    text = io.StringIO(answer.body.decode(), newline="")
    return list(csv.DictReader(text, delimiter=delimiter, strict=True))


@pytest.fixture
def bulk(org: Service) -> Bulk:
    return Bulk(org)


@pytest.fixture
def mine(own: Service) -> Bulk:
    return Bulk(own)


def test_a_new_job_is_in_the_queue(bulk: Bulk) -> None:
    job = bulk.create(ACCOUNTS)
    assert list(job) == [
        "id",
        "operation",
        "object",
        "createdById",
        "createdDate",
        "systemModstamp",
        "state",
        "concurrencyMode",
        "contentType",
        "apiVersion",
        "lineEnding",
        "columnDelimiter",
    ]
    assert re.fullmatch(r"750\w{15}", job["id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000\+0000", job["createdDate"])
    assert (job["object"], job["state"], job["apiVersion"]) == ("Account", "UploadComplete", 67.0)
    assert (job["contentType"], job["lineEnding"], job["columnDelimiter"]) == ("CSV", "LF", "COMMA")


@pytest.mark.parametrize(
    ("polls", "states"),
    [
        (0, ["JobComplete"]),
        (1, ["InProgress", "JobComplete"]),
        (3, ["UploadComplete", "InProgress", "InProgress", "JobComplete", "JobComplete"]),
    ],
)
def test_a_job_goes_on_with_each_status_request(
    own: Service, mine: Bulk, polls: int, states: list[str]
) -> None:
    own.bulk.polls = polls
    address = f"{JOBS}/{mine.create(ACCOUNTS)['id']}"
    assert [mine.get(address).json["state"] for _ in states] == states


def test_a_complete_job_tells_what_it_took(bulk: Bulk) -> None:
    job = bulk.get(bulk.complete(ACCOUNTS)).json
    assert (job["jobType"], job["numberRecordsProcessed"], job["retries"]) == ("V2Query", 2000, 0)
    assert job["isPkChunkingSupported"] is True
    assert job["totalProcessingTime"] >= 0
    assert "errorMessage" not in job


def test_a_job_can_be_told_to_fail(own: Service, mine: Bulk) -> None:
    own.fail_jobs(1, "Query timed out")
    address = mine.complete(ACCOUNTS)
    job = mine.get(address).json
    assert (job["state"], job["errorMessage"], job["numberRecordsProcessed"]) == (
        "Failed",
        "Query timed out",
        0,
    )
    assert mine.get(f"{address}/results").code == "INVALIDJOBSTATE"
    assert mine.get(mine.complete(ACCOUNTS)).json["state"] == "JobComplete"


def test_chunks_join_to_the_whole_without_repeats(bulk: Bulk, org: Service) -> None:
    answers = bulk.chunks(bulk.complete(ACCOUNTS), maxRecords=300)
    assert [int(answer.headers["Sforce-NumberOfRecords"]) for answer in answers] == [300] * 6 + [200]
    ids = [row["Id"] for answer in answers for row in table(answer)]
    assert sorted(ids) == [row[0] for row in org.rows("Account", ["Id"])]
    assert ids != sorted(ids)  # no order is promised


def test_each_chunk_has_the_row_of_names(bulk: Bulk) -> None:
    answers = bulk.chunks(bulk.complete(ACCOUNTS), maxRecords=700)
    assert [answer.body.startswith(b'"Id","Name"\n"') for answer in answers] == [True] * 3


def test_names_may_stand_in_the_first_chunk_alone(own: Service, mine: Bulk) -> None:
    own.bulk.repeats_header = False
    answers = mine.chunks(mine.complete(ACCOUNTS), maxRecords=400)
    assert [answer.body.startswith(b'"Id","Name"\n"') for answer in answers] == [True, False, False]
    assert answers[1].body.startswith(b'"001')


def test_a_chunk_has_no_more_records_than_the_service_gives(own: Service, mine: Bulk) -> None:
    own.bulk.chunk = 400
    counts = [answer.headers["Sforce-NumberOfRecords"] for answer in mine.chunks(mine.complete(ACCOUNTS))]
    assert counts == ["400", "400", "200"]
    assert len(mine.chunks(mine.complete(ACCOUNTS), maxRecords=5000)) == 3


def test_a_chunk_can_be_asked_for_again(bulk: Bulk) -> None:
    address = bulk.complete(ACCOUNTS)
    first = bulk.get(f"{address}/results?maxRecords=900")
    later = f"{address}/results?maxRecords=900&locator={first.headers['Sforce-Locator']}"
    assert bulk.get(later).body == bulk.get(later).body != first.body
    assert bulk.get(f"{address}/results?maxRecords=900").body == first.body


def test_an_empty_result_is_a_row_of_names(bulk: Bulk) -> None:
    address = bulk.complete("SELECT Id, Owner.Name FROM Account WHERE Name = 'nobody'")
    (answer,) = bulk.chunks(address)
    assert answer.body == b'"Id","Owner.Name"\n'
    assert answer.headers["Sforce-NumberOfRecords"] == "0"
    assert bulk.get(f"{address}/resultPages").json == {"resultPages": [], "done": True}


def test_pages_of_results_are_listed_five_at_a_time(own: Service, mine: Bulk) -> None:
    own.bulk.chunk = 150
    address = mine.complete(ACCOUNTS)
    first = mine.get(f"{address}/resultPages").json
    assert (len(first["resultPages"]), first["done"]) == (5, False)
    second = mine.get(first["nextRecordsUrl"]).json
    assert (len(second["resultPages"]), second["done"]) == (2, True)
    assert "nextRecordsUrl" not in second
    links = [page["resultUrl"] for page in first["resultPages"] + second["resultPages"]]
    assert all(link.startswith(f"{address}/results?locator=") for link in links)
    ids = [row["Id"] for link in links for row in table(mine.get(link))]
    assert sorted(ids) == [row[0] for row in own.rows("Account", ["Id"])]


def test_pages_may_be_listed_as_orgs_were_seen_to_do(own: Service, mine: Bulk) -> None:
    own.bulk.chunk, own.bulk.names_chunks = 600, True
    address = mine.complete(ACCOUNTS)
    told = mine.get(f"{address}/resultPages").json
    assert list(told) == ["resultChunks", "nextRecordsUrl", "done"]
    assert (told["nextRecordsUrl"], told["done"]) == (None, True)
    links = [VERSION + chunk["resultLink"] for chunk in told["resultChunks"]]
    assert sum(len(table(mine.get(link))) for link in links) == 1000


def test_relationships_have_columns_in_the_order_asked_for(bulk: Bulk, org: Service) -> None:
    rows = bulk.rows(
        "SELECT Account.Owner.Name, id, ACCOUNT.Name, Account.Is_Strategic__c, Account.CreatedDate"
        " FROM Contact"
    )
    assert list(rows[0]) == [
        "Account.Owner.Name",
        "Id",
        "Account.Name",
        "Account.Is_Strategic__c",
        "Account.CreatedDate",
    ]
    accounts = dict(org.rows("Contact", ["Id", "AccountId"]))
    names = dict(org.rows("Account", ["Id", "Name"], deleted=None))
    assert all(row["Account.Name"] == names.get(accounts[row["Id"]], "") for row in rows)
    orphans = [row for row in rows if not row["Account.Name"]]
    assert {(row["Account.Is_Strategic__c"], row["Account.CreatedDate"]) for row in orphans} == {("", "")}
    assert {row["Account.Is_Strategic__c"] for row in rows} == {"true", "false", ""}


@pytest.mark.parametrize("sobject", ["Account", "Contact", "Opportunity", "User", "Wide__c"])
@pytest.mark.parametrize("quotes_nulls", [True, False])
def test_the_csv_has_what_the_database_has(org: Service, sobject: str, quotes_nulls: bool) -> None:
    bulk = Bulk(org)
    fields = {
        field["name"]: field["type"]
        for field in bulk.get(f"{VERSION}/sobjects/{sobject}/describe").json["fields"]
        if field["type"] != "address"
    }
    org.bulk.quotes_nulls = quotes_nulls
    rows = bulk.rows(f"SELECT {', '.join(fields)} FROM {sobject} ORDER BY Id")
    org.bulk.quotes_nulls = True
    read = [tuple(value(row[name], kind) for name, kind in fields.items()) for row in rows]
    assert read == org.rows(sobject, list(fields))


def value(text: str, kind: str) -> Any:
    """Read a value as the database stores it: it has no empty text, booleans are 0 and 1."""
    if not text:
        return None
    if kind in ("double", "currency", "percent"):
        return float(text)
    if kind == "datetime":
        return re.sub("Z$", "+0000", text)
    return {"boolean": lambda: ("false", "true").index(text), "int": lambda: int(text)}.get(
        kind, lambda: text
    )()


def test_null_is_an_empty_value_with_or_without_quotes(own: Service, mine: Bulk) -> None:
    own.insert("Account", Name="None")
    soql = "SELECT Name, Rating, AnnualRevenue, Owner.Name FROM Account WHERE Name = 'None'"
    (answer,) = mine.chunks(mine.complete(soql))
    assert answer.body.splitlines()[1].startswith(b'"None","","","')
    own.bulk.quotes_nulls = False
    (answer,) = mine.chunks(mine.complete(soql))
    assert answer.body.splitlines()[1].startswith(b'"None",,,"')


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (0.0, "0.0"),
        (12.5, "12.5"),
        (-9999999.99, "-9999999.99"),
        (1e7, "1.0E7"),
        (-99213206.0, "-9.9213206E7"),
        (16147805824397.0, "1.6147805824397E13"),
        (0.0001, "1.0E-4"),
        (2.5e123, "2.5E123"),
    ],
)
def test_numbers_with_a_fraction_are_written_as_java_does(
    own: Service, mine: Bulk, number: float, written: str
) -> None:
    own.insert("Account", Name="Number", AnnualRevenue=number, NumberOfEmployees=12345678)
    (row,) = mine.rows("SELECT AnnualRevenue, NumberOfEmployees FROM Account WHERE Name = 'Number'")
    assert row == {"AnnualRevenue": written, "NumberOfEmployees": "12345678"}


@pytest.mark.parametrize(
    ("word", "delimiter"),
    [("BACKQUOTE", "`"), ("CARET", "^"), ("PIPE", "|"), ("SEMICOLON", ";"), ("TAB", "\t")],
)
def test_delimiters_and_line_endings_are_as_asked_for(
    own: Service, mine: Bulk, word: str, delimiter: str
) -> None:
    text = 'a "b"\nc,d;e^f|g`h\ti\r\n'
    own.insert("Account", Name="Odd", Description=text, Segments__c="EMEA;Public")
    address = mine.complete(
        "SELECT Name, Description, Segments__c FROM Account WHERE Name = 'Odd'",
        columnDelimiter=word,
        lineEnding="CRLF",
    )
    (answer,) = mine.chunks(address)
    assert answer.body.startswith(f'"Name"{delimiter}"Description"{delimiter}"Segments__c"\r\n"Odd"'.encode())
    assert answer.body.endswith(b'"EMEA;Public"\r\n')
    assert table(answer, delimiter) == [{"Name": "Odd", "Description": text, "Segments__c": "EMEA;Public"}]


def test_query_all_sees_deleted_records(bulk: Bulk) -> None:
    soql = "SELECT Id, IsDeleted FROM Account"
    assert {row["IsDeleted"] for row in bulk.rows(soql)} == {"false"}
    assert sum(row["IsDeleted"] == "true" for row in bulk.rows(soql, operation="queryAll")) == 40


def test_order_and_limit_are_kept(bulk: Bulk, org: Service) -> None:
    rows = bulk.rows("SELECT Id FROM Account ORDER BY Id LIMIT 7")
    assert [row["Id"] for row in rows] == [row[0] for row in org.rows("Account", ["Id"])][:7]


def test_results_have_the_records_of_the_jobs_creation(own: Service, mine: Bulk) -> None:
    ids = {row[0] for row in own.rows("Account", ["Id"])}
    address = f"{JOBS}/{mine.create('SELECT Id FROM Account')['id']}"
    own.delete("Account", min(ids))
    own.insert("Account", Name="Late")
    assert [mine.get(address).json["state"] for _ in range(2)][-1] == "JobComplete"
    (answer,) = mine.chunks(address)
    assert {row["Id"] for row in table(answer)} == ids


def test_results_are_packed_for_those_who_take_it(bulk: Bulk) -> None:
    address = bulk.complete(ACCOUNTS)
    plain = bulk.get(f"{address}/results", Accept="text/csv")
    packed = bulk.get(f"{address}/results", Accept_Encoding="gzip")
    assert plain.headers["Content-Type"] == "text/csv; charset=UTF-8"
    assert (plain.headers["Content-Encoding"], packed.headers["Content-Encoding"]) == (None, "gzip")
    assert gzip.decompress(packed.body) == plain.body


def test_a_job_is_found_by_its_short_id_too(bulk: Bulk) -> None:
    job_id = bulk.create(ACCOUNTS)["id"]
    assert bulk.get(f"{JOBS}/{job_id[:15]}").json["id"] == job_id


def test_jobs_are_listed_until_they_are_deleted(own: Service, mine: Bulk) -> None:
    first, second = mine.complete(ACCOUNTS), mine.complete(ACCOUNTS)
    told = mine.get(JOBS).json
    assert (told["done"], told["nextRecordsUrl"]) == (True, None)
    assert {job["id"] for job in told["records"]} == {first[-18:], second[-18:]}
    answer = mine.call("DELETE", first)
    assert (answer.status, answer.body, answer.headers["Content-Length"]) == (204, b"", None)
    assert mine.get(first).status == mine.get(f"{first}/results").status == 404
    assert own.query_jobs == 1


def test_a_connection_survives_an_answer_without_a_body(mine: Bulk) -> None:
    address = mine.complete(ACCOUNTS)
    connection = http.client.HTTPConnection(mine.base_url.removeprefix("http://"))
    headers = {"Authorization": f"Bearer {mine.token}"}
    ports = set()
    for method, path in (("DELETE", address), ("GET", JOBS)):
        connection.request(method, path, headers=headers)
        ports.add(connection.sock.getsockname())
        connection.getresponse().read()
    connection.close()
    assert len(ports) == 1


def test_an_aborted_job_gives_no_results(own: Service, mine: Bulk) -> None:
    own.bulk.polls = 9
    address = f"{JOBS}/{mine.create(ACCOUNTS)['id']}"
    answer = mine.call("PATCH", address, {"state": "Aborted"})
    assert (answer.status, answer.json["state"]) == (200, "Aborted")
    assert mine.get(address).json["state"] == "Aborted"
    assert mine.get(f"{address}/results").status == 400
    assert mine.call("DELETE", address).status == 204


def test_every_request_counts_as_a_call_and_every_job_as_a_job(own: Service, mine: Bulk) -> None:
    address = mine.complete(ACCOUNTS)
    answer = mine.get(f"{address}/results")
    assert answer.headers["Sforce-Limit-Info"] == "api-usage=4/100000"
    limits = mine.get(f"{VERSION}/limits").json
    assert limits["DailyBulkV2QueryJobs"] == {"Max": 10_000, "Remaining": 9_999}
    assert limits["DailyApiRequests"]["Remaining"] == 99_995


def test_settings_say_how_jobs_go() -> None:
    with serve(records=50, bulk_polls=0, bulk_chunk=20, bulk_jobs=1) as service:
        bulk = Bulk(service)
        address = f"{JOBS}/{bulk.create(ACCOUNTS)['id']}"
        assert bulk.get(address).json["state"] == "JobComplete"
        assert len(bulk.chunks(address)) == 3
        assert bulk.call("POST", JOBS, {"operation": "query", "query": ACCOUNTS}).code == "LIMIT_EXCEEDED"


def test_results_are_cut_short_and_dropped_when_told(own: Service, mine: Bulk) -> None:
    address = mine.complete(ACCOUNTS)
    own.truncate(1, path="/results")
    own.drop(1, path="/results")
    own.fail(1, path="/results")
    own.html(1, path="/results")
    with pytest.raises(http.client.IncompleteRead):
        mine.get(f"{address}/results")
    with pytest.raises(http.client.RemoteDisconnected):
        mine.get(f"{address}/results")
    assert mine.get(f"{address}/results").status == 503
    assert b"Login" in mine.get(f"{address}/results").body
    assert len(table(mine.get(f"{address}/results"))) == 1000


def test_a_dropped_creation_leaves_a_job_behind(own: Service, mine: Bulk) -> None:
    own.drop(1, path="/jobs/query")
    with pytest.raises(http.client.RemoteDisconnected):
        mine.create(ACCOUNTS)
    assert own.query_jobs == 1


def test_rows_are_lost_though_their_number_stays(own: Service, mine: Bulk) -> None:
    own.lose_rows(3)
    answers = mine.chunks(mine.complete(ACCOUNTS), maxRecords=600)
    assert [answer.headers["Sforce-NumberOfRecords"] for answer in answers] == ["600", "400"]
    assert [len(table(answer)) for answer in answers] == [600, 397]


def test_a_job_lies_about_its_number_of_records(own: Service, mine: Bulk) -> None:
    own.lie_about_total(5)
    assert mine.get(mine.complete(ACCOUNTS)).json["numberRecordsProcessed"] == 1005
