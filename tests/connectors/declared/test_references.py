"""Variables in declarations, and secrets."""

import pytest

import spyro_sdk as spyro
from spyro_sdk.connectors.declared import Declared
from spyro_sdk.connectors.declared.references import Hidden, is_secret, plain, where
from spyro_sdk.errors import ConfigurationError

from .api import api, rows

ITEMS = {"items": {"path": "/items", "records": "$", "paging": "single_page", "key": None, "total": None}}


def resolved(document, **environment):
    return Hidden(environment).resolved(document)


def test_variables_are_replaced_wherever_a_text_is():
    document = {"a": ["${HOST}/v1", {"b": "${PORT:-80}"}], "c": 5, "d": "$${x} $5 {x}"}
    assert resolved(document, HOST="h") == {"a": ["h/v1", {"b": "80"}], "c": 5, "d": "${x} $5 {x}"}
    assert resolved("${PORT:-80}", PORT="90") == "90"
    assert resolved("${NOTHING:-}") == ""


def test_a_missing_variable_is_named_with_its_key():
    with pytest.raises(
        ConfigurationError, match=r"client\.auth\.token asks for the environment variable TOKEN"
    ):
        resolved({"client": {"auth": {"token": "${TOKEN}"}}})


@pytest.mark.parametrize("text", ["${TOKEN", "${my-token}", "${}", "x ${ y"])
def test_a_reference_that_is_not_finished_is_refused(text):
    with pytest.raises(ConfigurationError, match=r"a has a '\$\{' that is no reference"):
        resolved({"a": text}, TOKEN="t")


def test_what_is_sent_later_is_checked_now_and_shown_without_its_value():
    hidden = Hidden({"KEY": "s3cret"})
    document = hidden.resolved({"params": {"api_key": "${KEY}", "x": "$${y}"}})
    assert document == {"params": {"api_key": "${KEY}", "x": "$${y}"}}
    assert hidden.filled(document["params"]) == {"api_key": "s3cret", "x": "${y}"}
    assert "s3cret" not in repr(hidden)
    with pytest.raises(ConfigurationError, match="NO_KEY"):
        hidden.resolved({"json": {"a": "${NO_KEY}"}})


def test_a_place_is_written_as_people_do():
    assert where(("resources", 0, "endpoint", "path")) == "resources[0].endpoint.path"


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (("client", "auth", "token"), True),
        (("auth", "name"), False),
        (("auth",), False),
        (("client", "headers", "X-Api-Key"), True),
        (("headers", "Cookie"), True),
        (("headers", "Accept"), False),
        (("entities", "items", "params", "access_token"), True),
        (("entities", "items", "params", "sort_key"), False),
        (("entities", "token", "path"), False),
        (("entities", "items", "columns", "password"), False),
        ((), False),
    ],
)
def test_what_is_secret_is_told_by_its_place(place, expected):
    assert is_secret(place) is expected


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("auth: {type: bearer, token: abc}", "auth.token"),
        ("client: {auth: {type: http_basic, username: u, password: pw}}", "client.auth.password"),
        (
            "auth: {type: api_key, api_key: 'x${A}'}\nheaders: {authorization: 'Bearer ${A:-abc}'}",
            "headers.authorization",
        ),
        ("entities: {a: {params: {token: abc}}}", "entities.a.params.token"),
    ],
)
def test_no_secret_may_stand_in_a_file(tmp_path, monkeypatch, text, place):
    monkeypatch.setenv("A", "a")
    path = tmp_path / "a.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        Declared.of(path)
    assert caught.value.field == place
    assert f"{place} is a secret, and a file is no place for one: write '${{" in str(caught.value)
    assert "abc" not in str(caught.value).partition("write")[0].replace(str(path), "")


def test_a_mapping_may_hold_secrets_and_none_is_shown():
    auth = {"type": "bearer", "token": "t0psecret"}
    with api(lambda asked: rows(1)) as service:
        connection = spyro.connect("rest", base_url=service.url, entities=ITEMS, auth=auth)
        with connection:
            assert connection.fetch("items").count() == 1
            shown = [
                repr(connection),
                repr(connection._connector),
                repr(connection._config),
                str(connection._config.to_dict()),
                str(connection.fetch("items").explain()),
                repr(connection.entities()["items"]),
                repr(type(connection._connector).signing),
            ]
        assert service.asked[0].headers["authorization"] == "Bearer t0psecret"
    assert "t0psecret" not in "".join(shown)


def test_a_secret_in_a_parameter_is_sent_and_not_shown(monkeypatch):
    monkeypatch.setenv("SHOP_KEY", "t0psecret")
    items = {
        "items": {
            **ITEMS["items"],
            "method": "POST",
            "params": {"api_key": "${SHOP_KEY}"},
            "body": {"who": {"token": "${SHOP_KEY}"}},
            "headers": {"X-Key": "${SHOP_KEY}"},
        }
    }
    with api(lambda asked: rows(1)) as service:
        with spyro.connect("rest", base_url=service.url, entities=items) as connection:
            assert connection.fetch("items").count() == 1
            shown = repr(connection.entities()["items"]) + str(connection.fetch("items").explain())
        asked = service.asked[0]
        assert asked.get("api_key") == "t0psecret"
        assert asked.body == {"who": {"token": "t0psecret"}}
        assert asked.headers["x-key"] == "t0psecret"
    assert "t0psecret" not in shown


def test_variables_are_taken_from_the_environment_in_files(tmp_path, monkeypatch):
    path = tmp_path / "shop.yaml"
    path.write_text("base_url: ${SHOP_URL}\nauth: {token: '${SHOP_TOKEN}'}\nentities: {items: /items}\n")
    with pytest.raises(
        ConfigurationError, match=r"base_url asks for the environment variable SHOP_URL"
    ) as caught:
        spyro.connect(path)
    assert caught.value.field == "SHOP_URL"
    monkeypatch.setenv("SHOP_TOKEN", "t")
    with api(lambda asked: rows(2)) as service:
        monkeypatch.setenv("SHOP_URL", service.url)
        with spyro.connect(path) as connection:
            assert connection.fetch("items").count() == 2
        assert service.asked[0].headers["authorization"] == "Bearer t"


def test_objects_of_python_are_refused_with_what_to_write():
    with pytest.raises(
        ConfigurationError, match=r"entities\.a\.paging is a object, an object of Python"
    ) as caught:
        plain({"entities": {"a": {"paging": object()}}})
    assert "dlt" not in str(caught.value)
    paginator = type("JSONLinkPaginator", (), {"__module__": "dlt.sources.helpers.rest_client.paginators"})()
    with pytest.raises(ConfigurationError, match="write dlt's paginators, authentication and incremental as"):
        plain({"client": {"paginator": paginator}})
