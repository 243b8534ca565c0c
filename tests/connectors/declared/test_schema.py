"""The JSON Schema that editors use is that of the code."""

import json
import runpy
from pathlib import Path

import jsonschema
import pytest

from spyro_sdk.connectors.declared.shape import json_schema

PUBLISHED = Path(__file__).resolve().parents[3] / "docs" / "rest.schema.json"


def test_the_published_schema_is_that_of_the_code():
    assert json.loads(PUBLISHED.read_text(encoding="utf-8")) == json_schema()


def test_it_is_written_by_a_command(capsys):
    runpy.run_module("spyro_sdk.connectors.declared", run_name="__main__")
    assert capsys.readouterr().out == PUBLISHED.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "document",
    [
        {"base_url": "https://a.example", "entities": {"items": "/items"}},
        {"entities": {"items": {"paging": "auto", "key": None, "columns": {"a": "string"}, "since": "from"}}},
        {
            "client": {"base_url": "https://a.example", "auth": {"token": "${T}"}, "paginator": "json_link"},
            "resource_defaults": {"primary_key": ["a", "b"], "endpoint": {"params": {"x": 1, "y": [1, "b"]}}},
            "resources": [
                "posts",
                {
                    "name": "c",
                    "endpoint": {
                        "path": "p/{id}",
                        "params": {"id": {"type": "resolve", "resource": "posts", "field": "id"}},
                        "paginator": {"type": "offset", "limit": 5, "total_path": None},
                    },
                },
            ],
        },
    ],
)
def test_it_takes_what_the_code_takes(document):
    jsonschema.validate(document, json_schema())


@pytest.mark.parametrize(
    "document",
    [
        {"entitys": {}},
        {"entities": {"items": {"recrds": "a"}}},
        {"resources": [{"endpoint": "a"}]},
        {"resources": [{"name": "a", "endpoint": {"paginator": {"type": "offset"}}}]},
        {"client": {"auth": {"type": "digest"}}},
    ],
)
def test_it_refuses_what_the_code_refuses(document):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, json_schema())


def test_its_keys_are_described():
    assert json_schema()["$defs"]["Entity"]["properties"]["key"]["description"]
