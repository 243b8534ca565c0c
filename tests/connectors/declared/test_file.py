"""Declarations in files."""

import json
from pathlib import Path

import pytest

import spyro_sdk as spyro
from spyro_sdk.connectors.declared import Declared
from spyro_sdk.errors import ConfigurationError, UnknownConnectorError

from .api import api, rows

YAML = """
base_url: {url}
settings: {{page_size: 50, rate_limit: 6000}}
entities:
  items:
    path: /items
    records: data
    paging: single_page
    key: id
    total: null
    cursor: updated_at
    since: {{param: since, initial: 2026-01-02}}
"""
TOML = """
base_url = "{url}"
[settings]
page_size = 50
rate_limit = 6000
[entities.items]
path = "/items"
records = "data"
paging = "single_page"
key = "id"
cursor = "updated_at"
since = {{param = "since", initial = 2026-01-02}}
"""
JSON = """{{
  "$schema": "rest.schema.json",
  "base_url": "{url}",
  "settings": {{"page_size": 50, "rate_limit": 6000}},
  "entities": {{"items": {{"path": "/items", "records": "data", "paging": "single_page", "key": "id",
    "cursor": "updated_at", "since": {{"param": "since", "initial": "2026-01-02"}}}}}}
}}"""


@pytest.mark.parametrize(
    ("name", "text"), [("a.yaml", YAML), ("a.yml", YAML), ("a.toml", TOML), ("A.JSON", JSON)]
)
@pytest.mark.parametrize("kind", [str, Path])
def test_a_file_says_all_that_is_needed(tmp_path, name, text, kind):
    with api(lambda asked: {"data": rows(3)}) as service:
        (tmp_path / name).write_text(text.format(url=service.url), encoding="utf-8")
        with spyro.connect(kind(tmp_path / name)) as connection:
            assert connection.fetch("items").to_arrow().column("id").to_pylist() == [1, 2, 3]
            assert connection.rate_limit.requests_per_minute == 6000
        assert {asked.get("since") for asked in service.asked} == {"2026-01-02"}


def test_the_connection_is_called_like_its_file(tmp_path):
    path = tmp_path / "My-shop.v2.yaml"
    path.write_text("base_url: https://shop.example\nentities: {items: /items}\n")
    kind = Declared.of(path)
    assert kind.name == "my_shop_v2"
    assert kind.configure().name == "my_shop_v2"
    assert kind.configure().auth_type == "none"
    assert Declared.of(path, name="shop").name == "shop"


def test_a_file_may_say_its_name(tmp_path):
    path = tmp_path / "v2.yaml"
    path.write_text("name: shop\nbase_url: https://shop.example\nentities: {items: /items}\n")
    assert Declared.of(path).name == "shop"


def test_settings_and_environment_come_before_the_file(tmp_path, monkeypatch):
    path = tmp_path / "shop.yaml"
    path.write_text("base_url: http://127.0.0.1:9\nentities: {items: /items}\nsettings: {page_size: 7}\n")
    assert Declared.of(path).configure().page_size == 7
    assert Declared.of(path).configure(page_size=8).page_size == 8
    monkeypatch.setenv("SPYRO_SHOP_PAGE_SIZE", "9")
    with spyro.connect(path) as connection:
        assert "shop" in repr(connection)
        assert connection._connector.config.page_size == 9


def refusal(path):
    with pytest.raises(ConfigurationError) as caught:
        Declared.of(path)
    return str(caught.value)


def test_a_missing_file_is_looked_for_at(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = refusal("shop.yaml")
    assert "there is no file 'shop.yaml'" in said
    assert str(tmp_path / "shop.yaml") in said


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.yaml", "base_url: x\nentities: [", "a.yaml is no YAML at line 2, column 12"),
        ("a.yaml", "base_url: x\n  entities: 1", "at line 2, column 11"),
        ("a.yaml", "name: a\nname: b", "at line 2, column 1: the key 'name' stands twice"),
        ("a.yaml", "name: a\nbase_url: \x01", "at line 2, column 11: a character"),
        ("a.yaml", "? [a, b]\n: 1", "at line 1, column 3: found unhashable key"),
        ("a.toml", "base_url = ", "a.toml is no TOML: Invalid value (at line 1, column 12)"),
        ("a.toml", "name = 1\nname = 2", "Cannot overwrite a value (at line 2, column 9)"),
        ("a.json", '{"name": 1,}', "a.json is no JSON at line 1, column 1"),
        ("a.json", '{"name": "a",\n "name": "b"}', "the key 'name' stands twice in one object"),
        ("a.yaml", "- 1", "holds a list: a declaration is a mapping"),
        ("a.yaml", "", "holds a NoneType: a declaration is a mapping"),
        ("a.yaml", "entities: {items: {params: {on: 1}}}", "entities.items.params has the key True"),
    ],
)
def test_what_cannot_be_read_says_where(tmp_path, name, text, words):
    path = tmp_path / name
    path.write_text(text)
    assert words in refusal(path)


def test_a_file_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_bytes(b"name: \xff")
    assert "is not UTF-8 at byte 6" in refusal(path)
    assert "cannot be read" in refusal(tmp_directory(tmp_path))


def tmp_directory(tmp_path):
    (tmp_path / "folder.yaml").mkdir()
    return tmp_path / "folder.yaml"


def test_a_mark_of_utf_8_at_the_beginning_is_no_harm(tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps({"entities": {"a": "/a"}}).encode())
    assert list(Declared.of(path).offered) == ["a"]


def test_a_path_of_another_kind_is_refused():
    with pytest.raises(ConfigurationError, match=r"shop\.xml is no declaration by its name"):
        spyro.connect(Path("shop.xml"))
    with pytest.raises(UnknownConnectorError):
        spyro.connect("shop.xml")


def test_errors_say_which_file_they_are_about(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("entities: {a: {pth: /a}}")
    assert refusal(path).startswith(f"{path}: entities.a.pth is no key")
