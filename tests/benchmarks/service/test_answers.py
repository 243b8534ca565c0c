"""The service speaks each wire as its model does, and answers one question only."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from service.allowance import Allowance
from service.answers import Answers, Habits
from service.bodies import Bodies
from service.http import Answer, Request
from service.records import DATA, QUESTION, record

from spyro_sdk.connectors.salesforce.describe import long_id

Make = Callable[..., dict[str, Bodies]]
JOBS = f"{DATA}/jobs/query"


class Client:
    """Asks the answers without a socket."""

    def __init__(self, bodies: dict[str, Bodies], rate: int | None = None, **habits: Any) -> None:
        self.clock = 0.0
        it = Habits(**{"latency": 0.0, "polls": 0, "announces": False} | habits)
        self._answers = Answers(bodies, Allowance(rate, clock=lambda: self.clock), it)

    def ask(self, target: str, method: str = "GET", body: Any = None, **params: Any) -> Answer:
        """The answer to one request."""
        path, _, query = target.partition("?")
        params = {name: str(value) for name, value in params.items()}
        params |= dict(pair.split("=") for pair in query.split("&") if pair)
        said = b"" if body is None else json.dumps(body).encode()
        return self._answers(Request(method, path, params, said, "here", takes_gzip=True))

    def json(self, *target: Any, **params: Any) -> Any:
        """What it says."""
        answer = self.ask(*target, **params)
        assert answer.status == 200, answer
        return json.loads(b"".join(answer.parts))


@pytest.fixture
def client(bodies: Make) -> Client:
    return Client(bodies())


def ids(count: int) -> list[str]:
    return [record(number)["Id"] for number in range(count)]


def test_salesforce_leads_from_page_to_page(client: Client) -> None:
    page = client.json(f"{DATA}/query", q=QUESTION)
    found = page["records"]
    while not page["done"]:
        page = client.json(page["nextRecordsUrl"])
        found += page["records"]
    assert [row["Id"] for row in found] == ids(4_500)
    assert all(key == long_id(key[:15]) for key in [row["Id"] for row in found])


def test_no_other_question_is_answered(client: Client) -> None:
    assert client.json(f"{DATA}/query", q="SELECT COUNT() FROM Account")["totalSize"] == 4_500
    for refused in (
        client.ask(f"{DATA}/query", q=QUESTION + " LIMIT 5"),
        client.ask(JOBS, "POST", {"operation": "query", "query": "SELECT Id FROM Account"}),
        client.ask("/items", per_page=100),
        client.ask("/items", offset=7, limit=2_000),
    ):
        assert (refused.status, b"the benchmark" in refused.parts[0]) == (400, True)
    for target in (f"{DATA}/limits", f"{DATA}/sobjects/Contact/describe"):
        assert client.ask(target).status == 404
    assert client.ask("/items", "DELETE").status == 404


def test_a_wire_that_is_not_served_is_not_spoken(bodies: Make) -> None:
    only = Client({"bulk": bodies()["bulk"]})
    assert only.ask("/items").status == 404
    assert only.ask(f"{DATA}/query", q=QUESTION).status == 400
    assert only.json(f"{DATA}/query", q="SELECT COUNT() FROM Account")["totalSize"] == 4_500


def test_salesforce_says_what_there_is_and_gives_a_token(client: Client) -> None:
    assert client.json("/services/data")[0]["version"] == "67.0"
    assert client.json(f"{DATA}/sobjects")["sobjects"][0]["name"] == "Account"
    assert len(client.json(f"{DATA}/sobjects/Account/describe")["fields"]) == 26
    token = client.json("/services/oauth2/token", "POST", {})
    assert token == {"access_token": "token", "instance_url": "http://here"}


def numbered(client: Client) -> Iterator[dict]:
    for number in range(1, 5):
        yield client.json("/items", page=number, per_page=2_000)


def counted(client: Client) -> Iterator[dict]:
    for start in range(0, 8_000, 2_000):
        yield client.json("/items", offset=start, limit=2_000)


def led(client: Client) -> Iterator[dict]:
    page = client.json("/items", limit=2_000)
    yield page
    while page["next"]:
        page = client.json("/items", cursor=page["next"], limit=2_000)
        yield page


@pytest.mark.parametrize("walk", [numbered, counted, led])
def test_items_are_the_same_by_number_by_offset_and_by_cursor(
    client: Client, walk: Callable[[Client], Iterator[dict]]
) -> None:
    pages = list(walk(client))
    assert [item["Id"] for page in pages for item in page["items"]] == ids(4_500)
    assert {page["total"] for page in pages} == {4_500}


def job(client: Client) -> str:
    told = client.json(JOBS, "POST", {"operation": "query", "query": QUESTION})
    assert (told["state"], told["contentType"], told["apiVersion"]) == ("UploadComplete", "CSV", 67.0)
    return f"{JOBS}/{told['id']}"


def rows(answer: Answer) -> list[str]:
    text = b"".join(answer.parts).decode()
    found = [row["Id"] for row in csv.DictReader(io.StringIO(text, newline=""))]
    assert answer.headers["Sforce-NumberOfRecords"] == str(len(found))
    return found


def test_a_job_is_done_after_so_many_looks(bodies: Make) -> None:
    client = Client(bodies(), polls=2)
    path = job(client)
    assert [client.json(path)["state"] for _ in range(3)] == ["InProgress", "InProgress", "JobComplete"]
    assert client.json(path)["numberRecordsProcessed"] == 4_500
    assert client.json(path, "PATCH", {"state": "Aborted"})["state"] == "Aborted"
    assert client.ask(path, "DELETE").status == 204
    assert client.ask(path).status == 404
    assert client.ask(f"{path}/results").status == 400


def test_results_lead_on_by_their_locators(client: Client) -> None:
    path, found, locator = job(client), [], ""
    while locator != "null":
        more = {"locator": locator} if locator else {}
        answer = client.ask(f"{path}/results", maxRecords=2_500, **more)
        locator = answer.headers["Sforce-Locator"]
        found += rows(answer)
    assert found == ids(4_500)
    assert client.ask(f"{path}/results", maxRecords=100).status == 400
    assert client.ask(f"{path}/results", locator="after-6000").status == 400


def test_result_pages_name_all_results_five_at_a_time(bodies: Make) -> None:
    client = Client(bodies(120_010, 20_000, wires=["bulk"]))
    path = job(client)
    first = client.json(f"{path}/resultPages")
    assert (len(first["resultPages"]), first["done"]) == (5, False)
    second = client.json(first["nextRecordsUrl"])
    assert (len(second["resultPages"]), second["done"], "nextRecordsUrl" in second) == (2, True, False)
    addresses = [page["resultUrl"] for page in first["resultPages"] + second["resultPages"]]
    answers = [client.ask(address) for address in addresses]
    assert [it.headers["Sforce-NumberOfRecords"] for it in answers] == ["20000"] * 6 + ["10"]
    assert rows(answers[-1]) == ids(120_010)[-10:]


def test_who_takes_gzip_is_told_that_it_comes(bodies: Make) -> None:
    client = Client(bodies(packs=True))
    for answer in (
        client.ask(f"{DATA}/query", q=QUESTION),
        client.ask("/items", page=1),
        client.ask(f"{job(client)}/results"),
    ):
        assert answer.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in client.ask(f"{job(client)}/results", maxRecords=2_000).headers


def test_too_many_requests_are_refused_and_told_when_to_come_again(bodies: Make) -> None:
    client = Client(bodies(), rate=2, announces=True, latency=0.05)
    first, second, third = (client.ask("/items", page=1) for _ in range(3))
    assert [it.status for it in (first, second, third)] == [200, 200, 429]
    assert (first.delay, third.delay, third.headers["Retry-After"]) == (0.05, 0, "1")
    assert first.headers["RateLimit"] == '"default";r=1;t=1'
    assert third.headers["RateLimit-Policy"] == '"default";q=2;w=1'
    told = client.json("/measure", "POST")
    assert (told["granted"], told["refused"]) == (2, 1)
    assert client.json("/measure", "POST")["granted"] == 0


def test_what_measures_the_service_waits_for_nothing_and_counts_for_nothing(bodies: Make) -> None:
    client = Client(bodies(), rate=1, latency=9.0)
    answers = [client.ask(f"/pages/{wire}/0") for wire in ("salesforce", "items", "bulk") for _ in range(2)]
    assert {(it.status, it.delay) for it in answers} == {(200, 0.0)}
    assert client.json("/measure", "POST")["granted"] == 0
