"""How the demo misbehaves when it is told to."""

import http.client
import time

import pytest

from spyro_sdk.demo.server import Service
from tests.demo.conftest import VERSION, Client

QUERY = "SELECT Id, Name FROM Account"
SMALL = {"Sforce_Query_Options": "batchSize=400"}


def test_it_fails_as_often_as_told(own: Service) -> None:
    client = Client(own)
    own.fail(2, status=503, headers={"Retry-After": "7"})
    first = client.ask(QUERY)
    assert (first.status, first.code, first.headers["Retry-After"]) == (503, "SERVER_UNAVAILABLE", "7")
    assert [client.ask(QUERY).status for _ in range(2)] == [503, 200]


def test_it_lets_some_pass_and_looks_at_the_path(own: Service) -> None:
    client = Client(own)
    own.fail(1, status=500, body=[{"errorCode": "X", "message": "y"}], path="/query", after=1)
    assert [client.get(f"{VERSION}/limits").status, client.ask(QUERY).status, client.ask(QUERY).status] == [
        200,
        200,
        500,
    ]


def test_the_token_endpoint_is_spoilt_only_by_name(own: Service) -> None:
    client = Client(own)
    own.fail(1)
    own.fail(1, status=502, path="/oauth2/token")
    assert client.token_for(grant_type="x").status == 502
    assert client.token_for(grant_type="x").status == 400
    assert client.ask(QUERY).status == 503


def test_it_cuts_answers_short(own: Service) -> None:
    client = Client(own)
    own.truncate(1)
    with pytest.raises(http.client.IncompleteRead):
        client.ask(QUERY)
    assert client.ask(QUERY).status == 200


def test_it_hangs_up(own: Service) -> None:
    client = Client(own)
    own.drop(1)
    with pytest.raises(http.client.RemoteDisconnected):
        client.ask(QUERY)
    assert client.ask(QUERY).status == 200
    assert [seen.status for seen in own.requests] == [0, 200]


def test_it_shows_a_login_page(own: Service) -> None:
    own.html(1)
    answer = Client(own).ask(QUERY)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html;charset=UTF-8")
    assert b"Login" in answer.body


def test_it_lies_about_the_total(own: Service) -> None:
    own.lie_about_total(5)
    answer = Client(own).ask(QUERY)
    assert (answer.json["totalSize"], len(answer.records)) == (1005, 1000)


def test_it_loses_rows_of_a_later_page(own: Service) -> None:
    client = Client(own)
    own.lose_rows(3)
    answer = client.ask(QUERY, **SMALL)
    assert len(answer.records) == 400
    rest = client.get(answer.json["nextRecordsUrl"], **SMALL)
    assert (len(rest.records), rest.json["totalSize"]) == (397, 1000)


def test_it_forgets_its_cursors(own: Service) -> None:
    client = Client(own)
    answer = client.ask(QUERY, **SMALL)
    own.release_cursors()
    assert own.open_cursors == 0
    assert client.get(answer.json["nextRecordsUrl"]).code == "INVALID_QUERY_LOCATOR"


def test_it_remembers_what_was_asked(own: Service) -> None:
    Client(own).ask(QUERY, **SMALL)
    (seen,) = own.requests
    assert (seen.method, seen.path, seen.query, seen.status) == ("GET", f"{VERSION}/query", {"q": QUERY}, 200)
    assert seen.headers["sforce-query-options"] == "batchSize=400"


def test_it_dawdles(own: Service) -> None:
    own.delay(0.05)
    before = time.monotonic()
    Client(own).ask("SELECT Id FROM User")
    assert time.monotonic() - before >= 0.05


def test_a_failed_call_opens_no_cursor(own: Service) -> None:
    own.fail(3)
    assert [Client(own).ask(QUERY, **SMALL).status for _ in range(3)] == [503] * 3
    assert (own.open_cursors, own.api_usage) == (0, 0)


def test_inserted_records_lack_nothing_required(own: Service) -> None:
    client = Client(own)
    for sobject in ("Opportunity", "LoginHistory", "User"):
        id = own.insert(sobject)
        (record,) = client.ask(f"SELECT FIELDS(STANDARD) FROM {sobject} WHERE Id = '{id}'").records
        assert "" not in record.values()


def test_head_has_no_body(own: Service) -> None:
    client = Client(own)
    answer = client.send(f"{VERSION}/sobjects", method="HEAD", Authorization=f"Bearer {client.token}")
    assert (answer.status, answer.body) == (200, b"")
    assert int(answer.headers["Content-Length"]) > 1000
