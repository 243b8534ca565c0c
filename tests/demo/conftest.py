"""What the tests of the demo share: a running service and a client of the standard library."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from spyro_sdk.demo.server import Service, serve

VERSION = "/services/data/v67.0"


@dataclass
class Answer:
    status: int
    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        return str(self.json[0]["errorCode"])

    @property
    def message(self) -> str:
        return str(self.json[0]["message"])

    @property
    def records(self) -> list[dict[str, Any]]:
        assert self.status == 200, self.body
        return list(self.json["records"])


class Client:
    """Asks one service, as its only user."""

    def __init__(self, service: Any) -> None:
        self.base_url = service.base_url
        self.credentials = service.credentials
        self.token = service.credentials["access_token"]

    def send(
        self, path: str, form: dict[str, str] | None = None, method: str | None = None, **headers: str
    ) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        data = urlencode(form).encode() if form is not None else None
        return self.open(urllib.request.Request(self.base_url + path, data, named, method=method))

    def open(self, request: urllib.request.Request) -> Answer:
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return Answer(response.status, response.headers, response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())

    def get(self, path: str, **headers: str) -> Answer:
        return self.send(path, **{"Authorization": f"Bearer {self.token}", **headers})

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Send JSON, or bytes as they are, with the token."""
        kinds = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        named = {**kinds, **{name.replace("_", "-"): value for name, value in headers.items()}}
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        return self.open(urllib.request.Request(self.base_url + path, data, named, method=method))

    def ask(self, soql: str, word: str = "query", **headers: str) -> Answer:
        return self.get(f"{VERSION}/{word}?q={quote(soql)}", **headers)

    def all(self, soql: str, word: str = "query", **headers: str) -> list[dict[str, Any]]:
        answer = self.ask(soql, word, **headers)
        records = answer.records
        while not answer.json["done"]:
            answer = self.get(answer.json["nextRecordsUrl"], **headers)
            records += answer.records
        return records

    def ids(self, where: str, sobject: str = "Account") -> set[str]:
        return {record["Id"] for record in self.all(f"SELECT Id FROM {sobject} WHERE {where}")}

    def token_for(self, **form: str) -> Answer:
        return self.send("/services/oauth2/token", form)


@pytest.fixture(scope="module")
def org() -> Iterator[Service]:
    """A service that tests only read."""
    with serve(records=2_000, seed=11, wide_records=30) as service:
        yield service


@pytest.fixture(scope="module")
def client(org: Service) -> Client:
    return Client(org)


@pytest.fixture
def own() -> Iterator[Service]:
    """A service that a test may spoil."""
    with serve(records=1_000, seed=3, wide_records=3) as service:
        yield service
