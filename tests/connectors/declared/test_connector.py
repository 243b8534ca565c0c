"""What a declared connector does with what comes."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pyarrow as pa
import pytest

import spyro_sdk as spyro
from spyro_sdk.connectors.declared import Declared
from spyro_sdk.errors import (
    ConfigurationError,
    DataFetchError,
    DecodeError,
    IntegrityError,
    SchemaDiscoveryError,
    ValidationError,
)
from spyro_sdk.events import SchemaChanged

from .api import Answer, Api, Asked, Route, api, rows

FAST = {"rate_limit": 60_000, "retry_count": 0, "progress": False}
WHOLE = {"path": "/items", "records": "$", "paging": "single_page", "total": None}


def connected(service: Api, items: dict[str, Any] | None = None, **settings: Any) -> spyro.Connection:
    """A connection to a service of one entity, or of those that are given."""
    settings = {"entities": {"items": {**WHOLE, "key": None, **(items or {})}}, **FAST, **settings}
    return spyro.connect("rest", base_url=service.url, **settings)


def always(payload: Any) -> Route:
    return lambda asked: payload


# what is not asked


def test_who_declares_nothing_imports_no_reader() -> None:
    script = (
        "import sys, spyro_sdk; spyro_sdk.connectors(); import spyro_sdk.connection\n"
        "from spyro_sdk import registry; registry.find('salesforce')\n"
        "from spyro_sdk.connectors.declared import Declared\n"
        "print({'pydantic', 'yaml'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_nothing_is_asked_before_it_is_needed() -> None:
    with api(always(rows(3))) as service, connected(service) as connection:
        assert connection.entities().names == ["items"]
        assert service.asked == []
        assert connection.fetch("items").count() == 3
        assert len(service.asked) == 1


def test_what_is_not_declared_is_found_out_once_and_explained() -> None:
    with (
        api(always(rows(3))) as service,
        connected(service, entities={"items": {"paging": "single_page"}}) as connection,
    ):
        plan = connection.fetch("items").explain()
        assert plan.notes
        for note in plan.notes:
            assert f"  found    {note}" in str(plan)
        asked = len(service.asked)
        for times in (1, 2):
            assert connection.fetch("items").count() == 3
            assert len(service.asked) == asked + times


def test_what_could_not_be_tried_is_found_out_for_each_fetch() -> None:
    with api(always(rows(3))) as service:
        with connected(service, entities={"items": "/items"}) as connection:
            assert connection.fetch("items").count() == 3
            asked = len(service.asked)
            assert connection.fetch("items").count() == 3
        assert len(service.asked) == 2 * asked


def test_what_is_declared_whole_has_nothing_to_be_found() -> None:
    with api(always(rows(3))) as service:
        with connected(service) as connection:
            assert connection.fetch("items").explain().notes == ()
        assert service.asked == []


# records that are not where they should be


@pytest.mark.parametrize("said", [{}, {"total": None, "key": None, "paging": "single_page"}])
def test_a_selector_that_finds_nothing_shows_what_came(said: dict[str, Any]) -> None:
    answer = {
        "data": {"rows": rows(2)},
        "included": rows(3),
        "tags": ["a"],
        "meta": {"deep": {"deeper": {"x": 1}}},
    }
    with (
        api(always(answer)) as service,
        connected(service, entities={"items": {"records": "data.items", **said}}) as it,
    ):
        with pytest.raises(ConfigurationError) as caught:
            it.fetch("items").count()
        assert len(service.asked) == 1
    assert "there are no records of items at 'data.items'" in str(caught.value)
    assert "an object with data, included, tags, meta" in str(caught.value)
    assert "lists of objects stand at 'data.rows' (2), 'included' (3)" in str(caught.value)
    assert caught.value.field == "entities.items.records"


def test_an_answer_without_any_list_says_so() -> None:
    with (
        api(always({"message": "hi"})) as service,
        connected(service, {"records": "$"}) as it,
        pytest.raises(ConfigurationError, match=r"at '\$'; the service sent an object with message; no list"),
    ):
        it.fetch("items").count()


def test_an_answer_that_lacks_its_list_later_is_the_service_s_fault() -> None:
    answers = iter([rows(1), {"oops": 1}])
    with api(lambda asked: next(answers)) as service, connected(service) as it:
        assert it.fetch("items").count() == 1
        with pytest.raises(DecodeError, match="without a list of records"):
            it.fetch("items").count()


# keys


def test_a_key_that_comes_twice_is_named() -> None:
    with (
        api(always([*rows(3), {"id": 2}])) as service,
        connected(service, {"key": "id"}) as it,
        pytest.raises(
            IntegrityError, match=r"entities\.items\.key: id does not tell the records of items apart: 2"
        ),
    ):
        it.fetch("items").count()


def moving(asked: Asked) -> Any:
    """The last record of the first page has become the first of the second."""
    page = int(asked.get("page"))
    return rows(5)[2 * page : 2 * page + 3] if page < 2 else []


@pytest.mark.parametrize(
    ("key", "words"), [(["id", "name"], "'3 / item 3' comes twice"), ("who.id", "3 comes twice")]
)
def test_a_key_that_comes_again_on_the_next_page_is_named(key: Any, words: str) -> None:
    def pages(asked: Asked) -> Any:
        return [{**it, "who": {"id": it["id"]}} for it in moving(asked)]

    said = {"key": key, "paging": "page_number"}
    with (
        api(pages) as service,
        connected(service, said) as it,
        pytest.raises(IntegrityError, match=words),
    ):
        it.fetch("items").count()


def test_keys_that_differ_on_every_page_are_fine() -> None:
    def pages(asked: Asked) -> Any:
        page = int(asked.get("page"))
        return rows(6)[3 * page : 3 * page + 3]

    said = {"key": ["id", "name"], "paging": "page_number"}
    with api(pages) as service, connected(service, said) as it:
        assert it.fetch("items").count() == 6


def test_records_that_moved_to_the_next_page_are_left_out_there_and_told() -> None:
    told: list[Any] = []
    said = {"key": "id", "paging": "page_number"}
    with api(moving) as service, connected(service, said, observers=[told.append]) as it:
        assert it.fetch("items").to_arrow()["id"].to_pylist() == [1, 2, 3, 4, 5]
    assert [type(event).__name__ for event in told].count("PagingRepaired") == 1


def test_a_page_size_that_is_refused_is_made_smaller_while_it_is_looked_at() -> None:
    def strict(asked: Asked) -> Any:
        size, skip = int(asked.get("limit")), int(asked.get("offset"))
        if size > 4:
            return Answer({"message": "limit must be at most 4"}, 400)
        return rows(10)[skip : skip + size]

    entities = {"items": {"paging": {"type": "offset", "limit": 50}}}
    with api(strict) as service, connected(service, entities=entities) as it:
        assert it.fetch("items").to_arrow()["id"].to_pylist() == list(range(1, 11))


def test_several_columns_may_be_the_key_together() -> None:
    pairs = [{"a": 1, "b": "x"}, {"a": 1, "b": "y"}, {"a": 2, "b": "x"}]
    answers = iter([pairs, [*pairs, pairs[1]]])
    with api(lambda asked: next(answers)) as service, connected(service, {"key": ["a", "b"]}) as it:
        assert it.fetch("items").count() == 3
        with pytest.raises(IntegrityError, match=r"a and b does not tell .* apart: '1 / y' comes twice"):
            it.fetch("items").count()


def test_keys_that_are_null_tell_nothing() -> None:
    with (
        api(always([{"id": None}, {"id": None}, {"id": 1}])) as service,
        connected(service, {"key": "id"}) as it,
    ):
        assert it.fetch("items").count() == 3


def test_a_key_that_is_nowhere_is_refused() -> None:
    with api(always(rows(2))) as service, connected(service, {"key": "idd"}) as it:
        with pytest.raises(
            ConfigurationError, match=r"entities\.items\.key='idd' is in no record .* mean 'id'"
        ) as caught:
            it.fetch("items").count()
        assert caught.value.field == "entities.items.key"


def test_a_key_may_stand_in_an_object() -> None:
    records = [{"user": {"id": n % 2}} for n in range(2)]
    with api(always(records)) as service, connected(service, {"key": "user.id"}) as it:
        assert it.fetch("items").count() == 2
    with (
        api(always(records)) as service,
        connected(service, {"key": "user.name"}) as it,
        pytest.raises(ConfigurationError, match=r"'user\.name' is in no record"),
    ):
        it.fetch("items").count()
    with (
        api(always([*records, *records])) as service,
        connected(service, {"key": "user.id", "nested": "flatten"}) as it,
        pytest.raises(IntegrityError, match="comes twice"),
    ):
        it.fetch("items").count()


def test_a_key_that_is_not_asked_for_is_not_missed() -> None:
    said = {"key": "id", "columns": {"name": "string"}}
    with api(always(rows(2))) as service, connected(service, said) as it:
        assert it.fetch("items", columns=["name"]).to_arrow().column_names == ["name"]


# since


def since(said: dict[str, Any], records: Any, moment: str = "2026-01-03") -> Any:
    with api(always(records)) as service, connected(service, said) as it:
        table = it.fetch("items", since=moment).to_arrow()
        return table["id"].to_pylist(), service.asked[-1].params


def test_since_is_held_to_where_the_service_knows_nothing_of_it() -> None:
    assert since({"cursor": "updated_at"}, rows(4)) == ([3, 4], {})


def test_since_is_sent_as_it_is_declared() -> None:
    ids, params = since({"cursor": "updated_at", "since": {"param": "from", "format": "date"}}, rows(4))
    assert (ids, params) == ([3, 4], {"from": ["2026-01-03"]})


def test_a_cursor_may_count_seconds() -> None:
    records = [{"id": n, "at": 1767225600 + 86_400 * n} for n in range(4)]
    said = {"cursor": "at", "since": {"param": "from", "format": "seconds"}}
    assert since(said, records) == ([2, 3], {"from": ["1767398400"]})
    with pytest.raises(DataFetchError, match="holds no moments with a zone"):
        since({"cursor": "at"}, records)


@pytest.mark.parametrize("nested", ["struct", "flatten"])
def test_a_cursor_may_stand_in_an_object(nested: str) -> None:
    records = [{"id": it["id"], "meta": {"changed": it["updated_at"]}} for it in rows(4)]
    assert since({"cursor": "meta.changed", "nested": nested}, records)[0] == [3, 4]


def test_a_cursor_that_is_nowhere_is_refused() -> None:
    with pytest.raises(
        ConfigurationError, match=r"entities\.items\.cursor='updatd_at' is in no .* mean 'updated_at'"
    ):
        since({"cursor": "updatd_at"}, rows(4))


def test_since_without_a_cursor_is_refused() -> None:
    with pytest.raises(ValidationError, match="does not say when a items changed"):
        since({}, rows(2))


def test_nothing_that_came_has_not_changed() -> None:
    with api(always([])) as service, connected(service, {"cursor": "updated_at"}) as it:
        assert it.fetch("items", since="2026-01-01").count() == 0


def test_a_path_that_needs_since_says_so() -> None:
    incremental = {"cursor_path": "updated_at"}
    endpoint = {"path": "since/{incremental.start_value}", "data_selector": "$", "paginator": "single_page"}
    resource = {"name": "items", "primary_key": None, "endpoint": {**endpoint, "incremental": incremental}}
    with api(always(rows(4))) as service:
        with spyro.connect("rest", base_url=service.url, resources=[resource], **FAST) as it:
            with pytest.raises(ValidationError, match="cannot be asked for without since"):
                it.fetch("items").count()
            assert it.fetch("items", since="2026-01-04").count() == 1
        assert service.paths[-1] == "/since/2026-01-04T00:00:00Z"


# columns


def test_a_column_that_is_not_declared_is_no_news_and_a_wider_one_is() -> None:
    news: list[Any] = []
    said = {"columns": {"id": "integer", "name": "integer"}}
    with api(always(rows(2))) as service, connected(service, said, observers=[news.append]) as it:
        it.fetch("items").to_arrow()
    assert [(it.column, it.now) for it in news if isinstance(it, SchemaChanged)] == [("name", "string")]


def test_declared_types_hold_and_other_columns_stay() -> None:
    said = {"columns": {"updated_at": "timestamp", "price": "decimal(10, 2)"}}
    with api(always(rows(2, price=1.25))) as service, connected(service, said) as it:
        table = it.fetch("items").to_arrow()
        assert table.schema.field("updated_at").type == pa.timestamp("us", "UTC")
        assert table.schema.field("price").type == pa.decimal128(10, 2)
        assert {"id", "name"} <= set(table.column_names)
        assert it.fetch("items", columns=["id", "price"], where="name = 'item 2'").to_arrow().num_rows == 1
        assert it.fetch("items", columns=["price"]).to_arrow().column_names == ["price"]
        assert it.describe("items")["price"].type == pa.decimal128(10, 2)
        assert it.describe("items")["id"].type == pa.int64()
        with pytest.raises(ValidationError, match="no column 'prize'"):
            it.fetch("items", columns=["prize"]).to_arrow()


def test_columns_are_told_from_records_or_the_declaration() -> None:
    with api(always([])) as service:
        with connected(service) as it, pytest.raises(SchemaDiscoveryError, match="has no records of 'items'"):
            it.describe("items")
        with connected(service, {"columns": {"id": "integer"}, "label": "Items"}) as it:
            assert it.describe("items").names == ["id"]


# objects and lists


ORDERS = [
    {"id": 1, "who": {"name": "ana"}, "lines": [{"sku": "a", "at": {"x": 1}}, {"sku": "b", "at": {"x": 2}}]},
    {"id": 2, "who": {"name": "bo"}, "lines": []},
    {"id": 3, "who": None, "lines": [{"sku": "c", "at": {"x": 3}}]},
]


def test_objects_are_structs_or_flat() -> None:
    with api(always(ORDERS)) as service:
        with connected(service) as it:
            assert it.fetch("items").to_arrow()["who"].to_pylist() == [{"name": "ana"}, {"name": "bo"}, None]
        with connected(service, {"nested": "flatten"}) as it:
            table = it.fetch("items").to_arrow()
            assert table.column_names == ["id", "who_name", "lines"]
            assert table["who_name"].to_pylist() == ["ana", "bo", None]
            assert it.fetch("items", where="who_name = 'bo'").count() == 1
            assert it.describe("items").names == ["id", "who_name", "lines"]


def test_lists_are_entities_of_their_own() -> None:
    with api(always(ORDERS)) as service:
        with connected(service, {"key": "id", "children": {"lines": "lines"}}) as it:
            assert it.entities().names == ["items", "lines"]
            lines = it.fetch("lines").to_arrow()
            assert lines.column_names == ["_items_id", "_index", "sku", "at"]
            assert lines["_items_id"].to_pylist() == [1, 1, 3]
            assert lines["sku"].to_pylist() == ["a", "b", "c"]
            assert it.fetch("lines", limit=2, where="sku != 'a'").to_arrow()["sku"].to_pylist() == ["b", "c"]
            assert it.describe("lines").names == lines.column_names
            assert "/items" in str(it.fetch("lines").explain())
        with connected(service, {"nested": "flatten", "children": {"lines": "lines"}}) as it:
            assert it.fetch("lines").to_arrow().column_names == ["_index", "sku", "at_x"]


@pytest.mark.parametrize("said", [{}, {"records": "$", "paging": "single_page", "key": None, "total": None}])
def test_children_may_be_asked_for_by_the_items_of_lists(said: dict[str, Any]) -> None:
    def shop(asked: Asked) -> Any:
        lines = [{"id": 7 * n} for n in range(1, 3)]
        return [{"id": 1, "lines": lines}] if asked.path == "/orders" else [{"path": asked.path}]

    entities = {
        "orders": {**WHOLE, "path": "/orders", "key": "id", "children": {"lines": "lines"}},
        "stock": {**said, "path": "/stock/{lines.id}", "include": ["id"]},
    }
    with api(shop) as service, connected(service, entities=entities) as it:
        stock = it.fetch("stock").to_arrow()
    assert stock["path"].to_pylist() == ["/stock/7", "/stock/14"]
    assert stock["_lines_id"].to_pylist() == [7, 14]


def test_lists_heed_the_since_of_their_records() -> None:
    records = [{**it, "lines": [{"n": it["id"]}]} for it in rows(4)]
    said = {"key": "id", "cursor": "updated_at", "since": "from", "children": {"lines": "lines"}}
    with api(always(records)) as service, connected(service, said) as it:
        assert it.fetch("lines", since="2026-01-03").to_arrow()["n"].to_pylist() == [3, 4]
        assert service.asked[-1].get("from") == "2026-01-03T00:00:00Z"


def test_pages_without_records_have_no_lists() -> None:
    with api(always([])) as service, connected(service, {"children": {"lines": "lines"}}) as it:
        assert it.fetch("lines").count() == 0


def test_a_list_that_is_not_there_is_refused() -> None:
    with (
        api(always(rows(1))) as service,
        connected(service, {"children": {"lines": "lines"}}) as it,
        pytest.raises(ValidationError, match="there is no column 'lines'"),
    ):
        it.fetch("lines").count()


@pytest.mark.parametrize("path", ["$", "data.it"])
def test_an_answer_may_be_one_record(path: str) -> None:
    record = {"id": 1, "price": 0.1, "tags": ["a"]}
    answer = record if path == "$" else {"data": {"it": record}}
    with api(always(answer)) as service, connected(service, {"single": True, "records": path}) as it:
        assert it.fetch("items").to_arrow().to_pylist() == [record]
    with (
        api(always([1])) as service,
        connected(service, {"single": True}) as it,
        pytest.raises(DecodeError, match="without a list of records"),
    ):
        it.fetch("items").count()


# answers that are not good


def test_a_status_may_mean_that_there_is_nothing() -> None:
    with api(always(Answer({"message": "gone"}, 404))) as service:
        with connected(service, {"ignore": [404]}) as it:
            assert it.fetch("items").count() == 0
        with connected(service, entities={"items": {"ignore": [404]}}) as it:
            assert it.fetch("items").count() == 0
        with connected(service) as it, pytest.raises(DataFetchError, match="404"):
            it.fetch("items").count()


@pytest.mark.parametrize(
    ("action", "count"),
    [
        ({"status_code": 404, "content": "nothing"}, 0),
        ({"content": "nothing"}, 0),
        ({"status_code": 410}, None),
        ({"status_code": 404, "content": "something"}, None),
    ],
)
def test_the_text_of_an_answer_may_be_what_is_meant(action: dict[str, Any], count: int | None) -> None:
    endpoint = {"path": "x", "data_selector": "$", "response_actions": [{**action, "action": "ignore"}]}
    resources = [{"name": "items", "endpoint": endpoint}]
    with (
        api(always(Answer({"message": "nothing here"}, 404))) as service,
        spyro.connect("rest", base_url=service.url, resources=resources, **FAST) as it,
    ):
        if count is None:
            with pytest.raises(DataFetchError, match="404"):
                it.fetch("items").count()
        else:
            assert it.fetch("items").count() == count


# parents


def test_children_are_looked_at_where_there_are_any() -> None:
    def family(asked: Asked) -> Any:
        if asked.path == "/posts":
            return [{"id": n} for n in range(1, 4)]
        number = int(asked.path.split("/")[2])
        return [{"id": 10 * number}] if number > 1 else []

    entities = {"posts": {**WHOLE, "path": "/posts", "key": "id"}, "comments": "/posts/{posts.id}/comments"}
    with api(family) as service, connected(service, entities=entities) as it:
        assert it.fetch("comments").to_arrow()["id"].to_pylist() == [20, 30]
        assert service.paths[:3] == ["/posts", "/posts/1/comments", "/posts/2/comments"]


def test_parents_without_children_show_nothing() -> None:
    def family(asked: Asked) -> Any:
        return [{"id": 1}] if asked.path == "/posts" else []

    entities = {"posts": {**WHOLE, "path": "/posts", "key": "id"}, "comments": "/posts/{posts.id}/comments"}
    with api(family) as service, connected(service, entities=entities) as it:
        assert it.fetch("comments").count() == 0
    with api(always([])) as service, connected(service, entities=entities) as it:
        assert it.fetch("comments").count() == 0
        assert service.paths == ["/posts"] * len(service.paths)


# who we are


def test_ways_to_say_who_we_are() -> None:
    ways: list[tuple[dict[str, Any], dict[str, Any], tuple[str, str]]] = [
        ({"type": "bearer", "token": "t"}, {}, ("authorization", "Bearer t")),
        ({"token": "t"}, {}, ("authorization", "Bearer t")),
        ({"type": "api_key", "api_key": "k"}, {}, ("authorization", "k")),
        ({"type": "api_key", "api_key": "k", "name": "X-Key"}, {}, ("x-key", "k")),
        ({"type": "header", "name": "X-Me", "value": "v"}, {}, ("x-me", "v")),
        ({"type": "http_basic", "username": "u", "password": "p"}, {}, ("authorization", "Basic dTpw")),
        ({"type": "http_basic", "username": "u"}, {"password": "p"}, ("authorization", "Basic dTpw")),
        ({"type": "bearer", "token": "t"}, {"access_token": "other"}, ("authorization", "Bearer other")),
    ]
    with api(always(rows(1))) as service:
        for auth, settings, (header, value) in ways:
            with connected(service, auth=auth, **settings) as it:
                assert it.fetch("items").count() == 1
            assert service.asked[-1].headers[header] == value
        with connected(service, auth="none") as it:
            assert it.fetch("items").count() == 1
        assert "authorization" not in service.asked[-1].headers
        with connected(service, api_key="k") as it:
            assert it.fetch("items").count() == 1
        assert service.asked[-1].headers["x-api-key"] == "k"


@pytest.mark.parametrize(
    ("auth", "missing"),
    [
        ("bearer", "SPYRO_REST_ACCESS_TOKEN"),
        ("api_key", "SPYRO_REST_API_KEY"),
        ("http_basic", "SPYRO_REST_USERNAME and SPYRO_REST_PASSWORD"),
        ({"type": "bearer"}, "SPYRO_REST_ACCESS_TOKEN"),
        ({"type": "http_basic", "username": "u"}, "SPYRO_REST_PASSWORD"),
        ({"type": "header", "name": "X-Me"}, "SPYRO_REST_API_KEY"),
        (
            {
                "type": "oauth2_client_credentials",
                "access_token_url": "https://a.example/t",
                "client_id": "c",
            },
            "SPYRO_REST_CLIENT_SECRET",
        ),
    ],
)
def test_a_secret_that_is_nowhere_is_asked_for(
    auth: Any, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(spyro.ConnectorError, match=missing):
        spyro.connect("rest", base_url="https://api.example", entities={"a": "/a"}, auth=auth)


def test_secrets_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPYRO_SHOP_ACCESS_TOKEN", "t")
    with api(always(rows(1))) as service:
        kind = Declared.of(
            {"name": "shop", "auth": "bearer", "base_url": service.url, "entities": {"items": WHOLE}}
        )
        with spyro.connect(kind, **FAST) as it:
            assert it.fetch("items").count() == 1
        assert service.asked[-1].headers["authorization"] == "Bearer t"


def test_a_key_in_the_query_is_sent_once_on_each_page_and_never_shown() -> None:
    def paged(asked: Asked) -> Any:
        assert asked.params["key"] == ["k3y"]
        page = int(asked.get("page", 1))
        link = f"/items?page={page + 1}" + ("&key=k3y" if page == 1 else "")
        return {"items": rows(9)[3 * page - 3 : 3 * page], "next": link if page < 3 else None}

    auth = {"type": "api_key", "api_key": "k3y", "name": "key", "location": "query"}
    with api(paged) as service:
        with connected(service, {"records": "items", "paging": "json_link"}, auth=auth) as it:
            assert it.fetch("items").count() == 9
            assert "k3y" not in str(it.fetch("items").explain()) + repr(it._connector._auth)
        assert len(service.asked) == 3


def test_a_program_gets_a_token_for_itself() -> None:
    def guarded(asked: Asked) -> Any:
        if asked.path == "/token":
            assert asked.body == "grant_type=client_credentials&client_id=c&client_secret=s&scope=read"
            return {"access_token": "fresh", "expires_in": 3600}
        if asked.headers.get("authorization") == "Bearer fresh":
            return rows(2)
        return Answer({}, 401)

    with api(guarded) as service:
        auth = {
            "type": "oauth2_client_credentials",
            "access_token_url": f"{service.url}/token",
            "client_id": "c",
            "client_secret": "s",
            "access_token_request_data": {"scope": "read"},
        }
        with connected(service, auth=auth) as it:
            assert it.fetch("items").count() == 2


def test_a_refused_secret_of_the_form_is_not_told() -> None:
    auth = {
        "type": "oauth2_client_credentials",
        "client_id": "c",
        "client_secret": "s3cret",
        "access_token_request_data": {"scope": "", "resource": "r3source"},
    }
    refusal = Answer({"error": "invalid_client", "error_description": "no s3cret for r3source"}, 401)
    with api(always(refusal)) as service:
        auth["access_token_url"] = f"{service.url}/token"
        with connected(service, auth=auth) as it, pytest.raises(spyro.ConnectorError) as caught:
            it.fetch("items").count()
    assert "no *** for ***" in str(caught.value)


def test_headers_are_sent_with_each_request() -> None:
    with api(always(rows(1))) as service:
        said = {"headers": {"X-Own": "1"}}
        with connected(
            service, said, client={"headers": {"X-All": "a", "X-B": "b"}}, headers={"X-B": "c"}
        ) as it:
            assert it.fetch("items").count() == 1
        sent = service.asked[-1].headers
        assert (sent["x-own"], sent["x-all"], sent["x-b"]) == ("1", "a", "c")


def test_a_key_in_the_query_that_is_refused_is_not_sent_again() -> None:
    auth = {"type": "api_key", "api_key": "k3y", "name": "key", "location": "query"}
    with api(always(Answer({}, 401))) as service, connected(service, auth=auth) as it:
        with pytest.raises(spyro.ConnectorError, match="refused our credentials") as caught:
            it.fetch("items").count()
        assert len(service.asked) == 1
    assert "k3y" not in str(caught.value)


def test_a_declared_class_can_be_connected() -> None:
    with api(always(rows(1))) as service:
        kind = Declared.of(
            {"name": "shop", "entities": {"items": WHOLE}, "client": {"base_url": service.url}}
        )
        assert kind.__doc__ == "The service that is declared as shop."
        with spyro.connect(kind, **FAST) as it:
            assert it.fetch("items").count() == 1
            assert "'shop'" in repr(it)
        with spyro.connect(
            kind, config=kind.configure(**{k: v for k, v in FAST.items() if k != "progress"})
        ) as it:
            assert it.fetch("items").count() == 1
