"""What is declared becomes entities."""

import pytest

from spyro_sdk.connectors.declared import Declared
from spyro_sdk.connectors.declared.since import Since
from spyro_sdk.entity import Parent
from spyro_sdk.errors import ConfigurationError


def offers(**declaration):
    return Declared.of(declaration).offered


def resources(*them, **more):
    return offers(resources=list(them), **more)


def of(name, **endpoint):
    return {"name": name, "endpoint": endpoint}


def refused(*them, **more):
    with pytest.raises(ConfigurationError) as caught:
        resources(*them, **more)
    return caught.value


def test_a_name_is_enough():
    entity = resources("posts")["posts"].entity
    assert (entity.name, entity.path, entity.method) == ("posts", "/posts", "GET")
    assert offers(entities={"posts": "/v1/posts", "users": {}})["posts"].entity.path == "/v1/posts"
    assert offers(entities={"users": {}})["users"].entity.path == "/users"
    assert resources({"name": "a", "endpoint": "b/c"})["a"].entity.path == "/b/c"
    assert resources({"name": "a"})["a"].entity.path == "/a"


def test_what_is_said_is_in_the_entity():
    offer = offers(
        entities={
            "items": {
                "path": "/items",
                "records": "data.items",
                "key": "id",
                "total": "meta.total",
                "cursor": "updated_at",
                "since": {"param": "from", "format": "date"},
                "paging": "single_page",
                "method": "post",
                "params": {"a": 1, "b": True, "c": None, "d": "x"},
                "body": {"q": {"a": [1]}},
                "headers": {"X-A": "b"},
                "columns": {"name": "string"},
                "label": "Items",
                "ignore": [404],
            }
        }
    )["items"]
    entity = offer.entity
    assert (entity.records, entity.key, entity.total, entity.cursor) == (
        "data.items",
        "id",
        "meta.total",
        "updated_at",
    )
    assert (entity.method, entity.label) == ("POST", "Items")
    assert entity.params == {"a": "1", "b": "true", "d": "x"}
    assert entity.body == {"q": {"a": [1]}}
    assert offer.since == Since("updated_at", "from", None, "date")
    assert offer.headers == {"X-A": "b"}
    assert offer.is_told
    assert [it.status_code for it in offer.ignored] == [404]


def test_null_says_that_there_is_none():
    offer = offers(entities={"a": {"key": None, "total": None, "records": "$", "paging": "single_page"}})["a"]
    assert offer.is_told
    assert (offer.entity.key, offer.entity.total) == (None, None)
    assert not offers(entities={"a": {"key": None, "records": "$", "paging": "single_page"}})["a"].is_told
    assert resources({"name": "a", "primary_key": None})["a"].told.key == ""


def test_a_parameter_is_sent_as_often_as_it_has_values():
    entity = resources(of("a", params={"tag": ["x", "y z"], "n": 1}))["a"].entity
    assert entity.path == "/a?tag=x&tag=y+z"
    assert resources(of("a", path="/a?b=1", params={"tag": [1]}))["a"].entity.path == "/a?b=1&tag=1"


def test_defaults_hold_where_nothing_else_is_said():
    found = resources(
        "a",
        {
            "name": "b",
            "primary_key": "key",
            "write_disposition": "append",
            "endpoint": {
                "params": {"per_page": 10},
                "paginator": "json_link",
                "method": "POST",
                "json": {"y": 2},
            },
        },
        resource_defaults={
            "primary_key": "id",
            "write_disposition": {"disposition": "merge"},
            "endpoint": {"params": {"per_page": 100, "x": "y"}, "paginator": "single_page", "json": {"x": 1}},
        },
        client={"paginator": "header_link"},
    )
    a, b = found["a"].entity, found["b"].entity
    assert (a.key, b.key) == ("id", "key")
    assert (dict(a.params), dict(b.params)) == ({"per_page": "100", "x": "y"}, {"per_page": "10", "x": "y"})
    assert (a.body, b.body) == ({"x": 1}, {"x": 1, "y": 2})
    assert type(a.paging).__name__ == "OnePage"
    assert type(b.paging).__name__ == "NextLink"
    assert (
        type(resources("c", client={"paginator": "header_link"})["c"].entity.paging).__name__ == "LinkHeader"
    )
    assert (
        type(offers(entities={"c": "/c"}, paging="header_link")["c"].entity.paging).__name__ == "LinkHeader"
    )
    assert resources("d", resource_defaults={"endpoint": "/other"})["d"].entity.path == "/d"


def test_several_keys_together_are_none_for_paging():
    offer = resources({"name": "a", "primary_key": ["x", "y"]})["a"]
    assert (offer.entity.key, offer.keys) == (None, ("x", "y"))
    assert resources({"name": "a", "primary_key": ["x"]})["a"].entity.key == "x"


# parents


@pytest.mark.parametrize(
    "endpoint",
    [
        {
            "path": "posts/{post_id}/comments",
            "params": {"post_id": {"type": "resolve", "resource": "posts", "field": "id"}},
        },
        {"path": "posts/{resources.posts.id}/comments"},
    ],
)
def test_a_child_is_asked_for_by_a_field_of_its_parent(endpoint):
    comments = {"name": "comments", "endpoint": endpoint, "include_from_parent": ["id", "title"]}
    entity = resources("posts", comments)["comments"].entity
    assert entity.path == "/posts/{of_id}/comments"
    assert entity.parent == Parent("posts", {"of_id": "id"}, {"_posts_id": "id", "_posts_title": "title"})
    assert entity.params == {}


def test_the_short_shape_writes_the_parent_into_the_path():
    found = offers(
        entities={"posts": "/posts", "comments": {"path": "/posts/{posts.user.id}/c", "include": ["title"]}}
    )
    assert found["comments"].entity.path == "/posts/{of_user_id}/c"
    assert found["comments"].entity.parent == Parent(
        "posts", {"of_user_id": "user.id"}, {"_posts_title": "title"}
    )


def test_a_field_of_the_parent_may_stand_in_parameters_and_body():
    comments = of(
        "comments",
        path="search",
        method="POST",
        params={
            "post": "{resources.posts.id}",
            "user": {"type": "resolve", "resource": "posts", "field": "user"},
        },
        json={"q": ["post:{resources.posts.id}", 1], "text": "a {{literal}} brace"},
    )
    entity = resources("posts", comments)["comments"].entity
    assert entity.params == {"post": "{of_id}", "user": "{of_user}"}
    assert entity.body == {"q": ["post:{of_id}", 1], "text": "a {literal} brace"}
    assert entity.parent is not None
    assert entity.parent.fields == {"of_id": "id", "of_user": "user"}


def test_braces_in_the_short_shape_are_left_alone():
    query = "{ viewer { login } } {{x}} {word}"
    entity = offers(entities={"a": {"method": "POST", "body": {"query": query}, "params": {"f": "{word}"}}})[
        "a"
    ].entity
    assert entity.body == {"query": query}
    assert entity.params == {"f": "{word}"}


def test_parameters_of_the_path_go_there():
    entity = resources(
        of("a", path="repos/{owner}/{repo}/issues", params={"owner": "a b", "repo": 5, "x": 1})
    )["a"].entity
    assert entity.path == "/repos/a%20b/5/issues"
    assert entity.params == {"x": "1"}


def test_columns_of_a_flat_parent_are_flat():
    found = offers(
        entities={
            "posts": {"nested": "flatten"},
            "comments": {"path": "/users/{posts.user.id}", "include": ["user.name"]},
        }
    )
    parent = found["comments"].entity.parent
    assert parent == Parent("posts", {"of_user_id": "user_id"}, {"_posts_user.name": "user_name"})


def test_the_answer_for_one_record_is_no_list():
    found = resources(
        "posts",
        of("post", path="posts/{resources.posts.id}"),
        of("raw", path="posts/{resources.posts.id}.json"),
    )
    for name in ("post", "raw"):
        assert found[name].is_single
        assert found[name].is_told
    assert not resources("posts", of("c", path="posts/{resources.posts.id}", data_selector="data"))[
        "c"
    ].is_single
    assert offers(entities={"a": {"single": True}})["a"].is_single
    paged = resources("posts", of("c", path="posts/{resources.posts.id}", paginator="json_link"))["c"]
    assert type(paged.told.paging).__name__ == "NextLink"


# since


def test_incremental_may_stand_in_a_parameter():
    param = {"type": "incremental", "cursor_path": "updated_at", "initial_value": "2026-01-01T00:00:00Z"}
    offer = resources(of("a", params={"since": param, "x": 1}))["a"]
    assert offer.since == Since("updated_at", "since", None, "iso", "2026-01-01T00:00:00Z")
    assert offer.entity.cursor == "updated_at"
    assert offer.entity.params == {"x": "1"}


def test_incremental_may_stand_beside_the_parameters():
    incremental = {
        "cursor_path": "$.fields.updated",
        "start_param": "from",
        "end_param": "to",
        "initial_value": 1767225600,
        "end_value": 1798761600,
    }
    offer = resources(of("a", incremental=incremental))["a"]
    assert offer.since == Since("fields.updated", "from", "to", "seconds", 1767225600, 1798761600)


def test_incremental_may_stand_in_placeholders():
    incremental = {"cursor_path": "updated", "initial_value": "2026-01-01"}
    endpoint = {
        "path": "items/{incremental.start_value}",
        "params": {"q": "updated>{incremental.last_value}"},
        "json": {"to": "{incremental.end_value}"},
        "incremental": incremental,
    }
    entity = resources(of("a", data_selector="x", **endpoint))["a"].entity
    assert entity.path == "/items/{incremental_start_value}"
    assert entity.params == {"q": "updated>{incremental_start_value}"}
    assert entity.body == {"to": "{incremental_end_value}"}


def test_the_short_shape_says_which_parameter_takes_since():
    assert offers(entities={"a": {"cursor": "u", "since": "from"}})["a"].since == Since("u", "from")
    assert offers(entities={"a": {"cursor": "u"}})["a"].since == Since("u")
    since = {"param": "from", "initial": "2026-01-01"}
    assert offers(entities={"a": {"cursor": "u", "since": since}})["a"].since == Since(
        "u", "from", None, "date", "2026-01-01"
    )


# lists


def test_lists_in_records_are_entities():
    found = offers(
        entities={"orders": {"nested": "flatten", "children": {"lines": "lines", "notes": "a.notes"}}}
    )
    assert list(found) == ["orders", "lines", "notes"]
    assert found["lines"].rows_of == ("orders", "lines")
    assert found["notes"].rows_of == ("orders", "a_notes")


# what makes no sense


RESOLVE = {"type": "resolve", "resource": "posts", "field": "id"}
INCREMENTAL = {"type": "incremental", "cursor_path": "u"}


@pytest.mark.parametrize(
    ("them", "field", "words"),
    [
        (["a", "a"], "resources[1].name", "'a' is taken: resources[0] has that name"),
        (
            ["a", {"name": "b", "children": {"a": "x"}}],
            "resources[1].children",
            "'a' is taken: resources[0] has",
        ),
        (
            ["posts", of("b", path="{resources.post.id}/x")],
            "resources[1].endpoint.path",
            "(did you mean 'posts'?)",
        ),
        (
            [of("b", params={"p": {**RESOLVE, "resource": "psts"}}), "posts"],
            "resources[0].endpoint.params.p",
            "asks for a field of 'psts'; there are b, posts (did you mean 'posts'?)",
        ),
        (["posts", of("b", path="{resources.posts}/x")], "resources[1].endpoint.path", "without a field"),
        (
            ["posts", "users", of("b", path="{resources.posts.id}/{resources.users.id}/x")],
            "resources[2].endpoint.path",
            "and another of 'posts': one parent each",
        ),
        (
            [
                of("a", path="{resources.b.id}/x"),
                of("b", path="{resources.c.id}/x"),
                of("c", path="{resources.a.id}/x"),
            ],
            "resources[0].endpoint.path",
            "leads round in a circle: a is asked for by b is asked for by c is asked for by a",
        ),
        ([of("a", path="{resources.a.id}/x")], "resources[0].endpoint.path", "leads round in a circle"),
        (
            [of("a", path="{owner}/x", params={"ownr": 1})],
            "resources[0].endpoint.path",
            "(did you mean 'ownr'?)",
        ),
        ([of("a", path="{owner}/x")], "resources[0].endpoint.path", "is written {resources.<name>.<field>}"),
        (
            [of("a", path="{owner}/x", params={"owner": [1]})],
            "resources[0].endpoint.params.owner",
            "a text or a number",
        ),
        (
            [of("a", path="{resource.posts.id}/x")],
            "resources[0].endpoint.path",
            "has the placeholder {resource.posts.id}",
        ),
        (
            [of("a", json={"x": "{increment.start}"})],
            "resources[0].endpoint.json",
            "has the placeholder {increment.start}",
        ),
        (
            [of("a", path="{incremental.start_value}")],
            "resources[0].endpoint.path",
            "nothing here is incremental",
        ),
        (
            [of("a", params={"s": INCREMENTAL, "q": "{incremental.start_valu}"})],
            "resources[0].endpoint.params.q",
            "(did you mean 'start_value'?)",
        ),
        (
            [of("a", params={"s": INCREMENTAL, "t": INCREMENTAL})],
            "resources[0].endpoint.params",
            "there is another",
        ),
        (
            [of("a", params={"s": INCREMENTAL}, incremental={"cursor_path": "u"})],
            "resources[0].endpoint.params",
            "has 's' incremental, and there is another",
        ),
        (
            [{"name": "a", "include_from_parent": ["x"]}],
            "resources[0].include_from_parent",
            "takes columns of a parent",
        ),
        (
            [of("a", path="https://b.example/a")],
            "resources[0].endpoint.path",
            "it must be a path below base_url",
        ),
        (
            [of("a", path="//b@exa]mple/a")],  # a host that Python cannot read
            "resources[0].endpoint.path",
            "it must be a path below base_url",
        ),
    ],
)
def test_it_is_refused_by_its_key(them, field, words):
    error = refused(*them)
    assert words in str(error)
    assert error.field == field


def test_the_short_shape_is_refused_by_its_own_keys():
    with pytest.raises(
        ConfigurationError, match=r"entities\.a\.path asks for a field of 'post'; there are a, posts"
    ):
        offers(entities={"a": "/x/{post.id}", "posts": "/posts"})
    with pytest.raises(ConfigurationError, match=r"is written \{<entity>.<field>\}"):
        offers(entities={"a": "/x/{post}"})
    with pytest.raises(ConfigurationError, match=r"entities\.a\.cursor is missing: since needs the column"):
        offers(entities={"a": {"since": "from"}})
    with pytest.raises(
        ConfigurationError, match=r"entities\.a\.name 'a' is taken: resources\[0\]|resources\[0\]\.name 'a'"
    ):
        offers(entities={"a": "/a"}, resources=["a"])
