"""Declarations that make no sense are refused by the key."""

import pytest

import spyro_sdk as spyro
from spyro_sdk.connectors.declared import Declared
from spyro_sdk.errors import ConfigurationError


def refused(**declaration):
    with pytest.raises(ConfigurationError) as caught:
        Declared.of({"base_url": "https://api.example", **declaration})
    return caught.value


def resource(**endpoint):
    return {"resources": [{"name": "items", "endpoint": endpoint}]}


def entity(**said):
    return {"entities": {"items": said}}


PAGING = "auto, single_page, json_link, json_response, header_link, header_cursor, cursor, offset"


@pytest.mark.parametrize(
    ("declaration", "field", "words"),
    [
        (resource(pth="/items"), "resources[0].endpoint.pth", "there are path, method, params, json,"),
        (resource(pathh="/items"), "resources[0].endpoint.pathh", "(did you mean 'path'?)"),
        ({"resorces": ["a"]}, "resorces", "(did you mean 'resources'?)"),
        (resource(data="x"), "resources[0].endpoint.data", "has no counterpart here: bodies are JSON"),
        (
            {"resources": [{"name": "a", "processing_steps": []}]},
            "resources[0].processing_steps",
            "has no counterpart here: filter and choose",
        ),
        (entity(recrds="a"), "entities.items.recrds", "(did you mean 'records'?)"),
        ({"resources": [{"endpoint": "a"}]}, "resources[0].name", "resources[0].name is missing"),
        (resource(paginator={"type": "offset"}), "resources[0].endpoint.paginator.limit", "limit is missing"),
        (
            resource(paginator={"type": "offst", "limit": 3}),
            "resources[0].endpoint.paginator.type",
            f"='offst' cannot be: it must be one of {PAGING}, page_number, keyset (did you mean 'offset'?)",
        ),
        (
            resource(paginator={"limit": 3}),
            "resources[0].endpoint.paginator.limit",
            "no key of a declaration",
        ),
        (
            {"client": {"paginator": "heder_link"}},
            "client.paginator",
            "='heder_link' cannot be: it must be one of auto, single_page",
        ),
        (
            {"client": {"paginator": 5}},
            "client.paginator",
            "=5 cannot be: it must be a name, or a mapping with type",
        ),
        (
            resource(paginator={"type": "offset", "limit": "100"}),
            "resources[0].endpoint.paginator.limit",
            "='100' cannot be: it must be a whole number",
        ),
        (
            resource(paginator={"type": "offset", "limit": 0}),
            "resources[0].endpoint.paginator.limit",
            "=0 cannot be: it must be 1 or more",
        ),
        (
            resource(paginator={"type": "page_number", "next_url_path": "next"}),
            "resources[0].endpoint.paginator.next_url_path",
            "is no key of a declaration; there are type, base_page, page,",
        ),
        (resource(params={"a": {"type": "reslve"}}), "resources[0].endpoint.params.a.type", "'resolve'"),
        (
            resource(params={"a": {"b": 1}}),
            "resources[0].endpoint.params.a.type",
            "type is missing: one of resolve,",
        ),
        (
            resource(params={"a": [[1]]}),
            "resources[0].endpoint.params.a",
            "a list cannot be: it must be a text, a n",
        ),
        (resource(params=[]), "resources[0].endpoint.params", "=a list cannot be: it must be a mapping"),
        (resource(path=5), "resources[0].endpoint.path", "=5 cannot be: it must be a text"),
        (resource(path=" "), "resources[0].endpoint.path", "it must be a text that is not empty"),
        ({"resources": [5]}, "resources[0]", "=5 cannot be: it must be a mapping"),
        ({"resources": {}}, "resources", "=a mapping cannot be: it must be a list"),
        (
            resource(data_selector="a[0].b"),
            "resources[0].endpoint.data_selector",
            "no filters, indexes or wildcards",
        ),
        (
            resource(response_actions=[{"status_code": 200, "action": "ignore"}]),
            "resources[0].endpoint.response_actions[0].status_code",
            "=200 cannot be: it must be 300 or more",
        ),
        (entity(ignore=[700]), "entities.items.ignore[0]", "=700 cannot be: it must be 599 or less"),
        (
            entity(nested="flaten"),
            "entities.items.nested",
            "one of struct, flatten (did you mean 'flatten'?)",
        ),
        (entity(single="yes"), "entities.items.single", "it must be true or false"),
        (entity(method="DELETE"), "entities.items.method", "it must be one of GET, POST"),
        ({"entities": {"": "/a"}}, "entities.", "it must be a text that is not empty"),
        ({"name": "my shop", **entity()}, "name", "it must be a name of letters, digits and underscores"),
        ({"settings": {"rate_limit": "fast"}, **entity()}, "settings.rate_limit", "it must be a number"),
        ({"auth": {"type": "digest", "token": "s3cret"}, **entity()}, "auth.type", "='digest' cannot be"),
        (
            {"auth": {"type": "bearer", "token": 12345}, **entity()},
            "auth.token",
            "=*** cannot be: it must be a text",
        ),
        ({"auth": "s3cret", **entity()}, "auth", "=*** cannot be: it must be one of none, bearer"),
        (
            {"client": {"auth": {"type": "api_key", "location": "cookie"}}},
            "client.auth.location",
            "header, query",
        ),
        ({}, "entities", "it declares nothing"),
        ({"entities": {"a": "/a"}, "client": {"base_url": "https://b.example"}}, "base_url", "given twice"),
        ({"paging": "auto", "client": {"paginator": "auto"}, **entity()}, "paging", "given twice"),
        (
            {"base_url": None, "client": {"base_url": "api.example/v1"}, **entity()},
            "client.base_url",
            "='api.example' has no scheme: write it as 'https://",
        ),
        ({"base_url": "api.example", **entity()}, "base_url", "has no scheme"),
    ],
)
def test_the_error_names_the_key_and_what_is_allowed(declaration, field, words):
    error = refused(**declaration)
    assert words in str(error)
    assert error.field == field
    assert "s3cret" not in str(error)


def test_further_problems_are_told_too():
    error = refused(entities={name: {"pth": "/a"} for name in "abcdef"})
    assert error.field == "entities.a.pth"
    for name in "bcd":
        assert f"also: entities.{name}.pth" in str(error)
    assert str(error).endswith("; and 2 more")


def test_a_long_value_is_cut():
    error = refused(resources=[{"name": "a", "endpoint": {"method": "G" * 500}}])
    assert "G…" in str(error)
    assert len(str(error)) < 200


def test_rest_needs_something_to_offer():
    with pytest.raises(
        ConfigurationError, match="rest does not know what to offer: give entities="
    ) as caught:
        spyro.connect("rest", base_url="https://api.example")
    assert caught.value.field == "entities"


def test_a_base_url_is_needed():
    with pytest.raises(ConfigurationError, match="rest has no base_url"):
        spyro.connect("rest", entities={"a": "/a"})


def test_a_base_url_without_scheme_is_refused_as_a_setting_too():
    with pytest.raises(ConfigurationError, match=r"base_url='api\.example' cannot be"):
        spyro.connect("rest", base_url="api.example", entities={"a": "/a"})


def test_a_setting_that_there_is_not_is_refused():
    with pytest.raises(ConfigurationError, match="rest has no setting 'entitys'"):
        spyro.connect("rest", base_url="https://a.example", entities={"a": "/a"}, entitys={})
    kind = Declared.of({"base_url": "https://a.example", "entities": {"a": "/a"}})
    with pytest.raises(ConfigurationError, match="rest has no setting 'entities'"):
        spyro.connect(kind, entities={"b": "/b"})
