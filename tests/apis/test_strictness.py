"""The APIs give every record once to who asks well, and refuse all else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from .api import PATH, Api, Service, serve
from .apis import APIS
from .pagers import Counted, Keyed, Numbered, Tokened, Whole
from .store import Churn, Store, record, records

FEW = 50
PAGED = [name for name, it in APIS.items() if not isinstance(it.pager, Whole)]
BY_QUERY = [name for name, it in APIS.items() if it.method == "GET"]


@dataclass
class Client:
    """Asks one API as its documentation says, or otherwise."""

    service: Service

    def __call__(
        self, params: Any = None, method: str | None = None, path: str = PATH, **headers: Any
    ) -> Any:
        api = self.service.api
        method = method or api.method
        headers = {"content_type": "application/json", **self.signed, **headers}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        query, body = (params, b"") if method != "POST" else ({}, _body(api, params))
        connection = HTTPConnection(urlsplit(self.service.base_url).netloc, timeout=10)
        try:
            connection.request(method, f"{path}?{urlencode(query or {})}", body, named)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read()), answer.headers
        finally:
            connection.close()

    @property
    def signed(self) -> dict[str, str]:
        door = self.service.api.door
        return {door.header: door.value} if door.header else {}


def _body(api: Api, params: Any) -> bytes:
    """What a POST sends: these parameters beside those that it needs, nested."""
    if isinstance(params, bytes):
        return params
    payload: dict[str, Any] = {}
    for path, value in {**api.needs, **(params or {})}.items():
        *steps, name = path.split(".")
        inner = payload
        for step in steps:
            inner = inner.setdefault(step, {})
        inner[name] = value
    return json.dumps(payload).encode()


@pytest.fixture(scope="module")
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    api = APIS[request.param]
    with serve(replace(api, count=min(FEW, api.count))) as service:
        yield Client(service)


def every(names: Any) -> Any:
    return pytest.mark.parametrize("client", list(names), indirect=True)


PAGERS = [Numbered(), Numbered(start=0), Numbered(beyond="404"), Counted(), Tokened(), Keyed(), Whole()]


@pytest.mark.parametrize("pager", PAGERS, ids=str)
@pytest.mark.parametrize("count", [0, 1, 29, 30, 31, 90])
@pytest.mark.parametrize("newest_first", [False, True])
def test_who_follows_the_pages_gets_every_record_once_and_in_order(
    pager: Any, count: int, newest_first: bool
) -> None:
    store = Store(count, newest_first=newest_first)
    asked, came, pages = {}, [], 0
    while asked is not None:
        cut = pager.cut(asked, store)
        asked, pages = cut.next, pages + 1
        came += cut.keys
        assert cut.after == len(came)
    assert came == store.keys
    assert pages == max(1, cut.pages)


@every(APIS)
def test_a_page_holds_records_in_the_envelope_that_the_connector_by_hand_expects(client: Client) -> None:
    status, payload, _ = client()
    found = payload
    for step in [it for it in client.service.api.envelope.records.split("/") if it]:
        found = found[step]
    rows = list(found.values()) if isinstance(found, dict) else found
    assert (status, len(rows)) == (200, min(client.service.api.count, len(rows) or 1))
    shape = client.service.api.shape
    known = {shape(it)["id"]: shape(it) for it in records(FEW)}
    assert all(known[row["id"]] == row for row in rows)


@every(APIS)
def test_unknown_parameters_are_refused_or_ignored(client: Client) -> None:
    status, payload, _ = client({"colour": "red"})
    assert status == (400 if client.service.api.others == "refused" else 200)
    if status == 400:
        assert payload["error"]["param"] == "colour"
        assert "there is no parameter 'colour'" in payload["error"]["message"]


@every(APIS)
def test_who_comes_without_credentials_is_sent_away(client: Client) -> None:
    door = client.service.api.door
    status = client(**{door.header or "x": "somebody else"})[0]
    assert status == (401 if door.header else 200)


@every(APIS)
def test_another_method_is_refused_and_the_right_one_told(client: Client) -> None:
    method = client.service.api.method
    for other in {"GET", "POST", "DELETE", "PUT", "PATCH"} - {method}:
        status, _, headers = client(method=other)
        assert (status, headers["Allow"]) == (405, method)


@every(APIS)
def test_another_path_is_not_there(client: Client) -> None:
    assert client(path="/")[0] == client(path="/items/1")[0] == 404


@every(BY_QUERY)
def test_a_parameter_sent_twice_is_refused(client: Client) -> None:
    status, payload, _ = client([("page", 1), ("page", 2)])
    assert (status, payload["error"]["message"]) == (400, "page was sent twice")


@every(PAGED)
def test_a_page_size_over_the_most_is_refused_or_cut_down(client: Client) -> None:
    it = client.service.api.pager.size
    status, payload, _ = client({it.param: it.most + 1})
    assert status == (200 if it.over == "clamped" else 422)
    if it.over != "clamped":
        assert (str(it.most) in payload["error"]["message"]) == (it.over == "named")
    assert client({it.param: it.most})[0] == 200


@every(PAGED)
@pytest.mark.parametrize("wrong", ["0", "-1", "many", "1.5", "²", ""])
def test_a_page_size_that_is_no_number_is_refused(client: Client, wrong: str) -> None:
    param = client.service.api.pager.size.param
    assert client({param: wrong})[0] in (400, 422)


@every(name for name, it in APIS.items() if isinstance(it.pager, Tokened))
@pytest.mark.parametrize("wrong", ["1e", "YWZ0ZXI6", "YmVmb3JlOjE=", "ä"])
def test_a_token_that_was_not_given_out_is_refused(client: Client, wrong: str) -> None:
    param = client.service.api.pager.params[0]
    status, payload, _ = client({param: wrong})
    assert (status, payload["error"]["param"]) == (400, param)


@every(name for name, it in APIS.items() if it.method == "POST")
def test_a_post_wants_its_parameters_in_json(client: Client) -> None:
    assert client(content_type="text/plain")[0] == 415
    assert client(path=f"{PATH}?page.size=1&x")[0] == 400
    for wrong in (b"no json", b"[]", b"3", b"{}", b'{"query":{"kind":"all"},"page":{"size":"10"}}'):
        assert client(wrong)[0] == 400


def test_no_page_is_there_behind_the_last_or_an_empty_one() -> None:
    for beyond, status in (("404", 404), ("empty", 200)):
        api = replace(APIS["page number with nothing"], pager=Numbered(beyond=beyond), count=FEW)
        with serve(api) as service:
            assert Client(service)({"page": 3})[0] == status
            assert Client(service)({"page": 2})[0] == 200


# the records, and how they come and go


def test_records_are_of_many_types_and_their_keys_are_not_dense() -> None:
    made = records()
    keys = [it["id"] for it in made]
    assert len(set(keys)) == len(made) == 20_000
    assert keys == sorted(keys)
    assert keys[-1] - keys[0] > 2 * len(keys)
    assert {type(it["weight"]) for it in made} == {int, float}
    assert all(it["rank"] is None for it in made[:4_000])
    assert all(it["rank"] for it in made[4_000:])


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_store_keeps_its_order_while_records_come_and_go(newest_first: bool) -> None:
    store = Store(10, newest_first=newest_first)
    keys = store.keys
    assert keys == sorted(keys, reverse=newest_first)
    store.delete(keys[4])
    assert store.cut(store.after(keys[4]), 1) == [keys[5]]
    store.insert(record(keys[4], 0))
    assert store.keys == keys
    assert json.loads(store.written(keys[4:5])[0])["id"] == keys[4]


def test_records_come_and_go_the_same_way_with_each_seed() -> None:
    first, again, other = Churn(1), Churn(1), Churn(2)
    for churn in (first, again, other):
        store = Store(100)
        for number in range(1, 31):
            churn(store, number)
    assert (first.inserted, first.deleted) == (again.inserted, again.deleted)
    assert len(first.inserted) == 10
    assert first.inserted != other.inserted
    assert not first.stable([*first.deleted, *first.inserted])


def test_records_come_and_go_before_every_third_request_but_not_before_the_first() -> None:
    churn = Churn(1, every=3)
    with serve(replace(APIS["page number with nothing"], count=FEW), churn) as service:
        counts = []
        for _ in range(4):
            Client(service)({"per_page": 10})
            counts.append(len(churn.inserted))
    assert counts == [0, 0, 1, 1]
