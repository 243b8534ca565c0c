"""Where the records are."""

from __future__ import annotations

from typing import Any

import pytest

from spyro_sdk.connectors.declared.detect.envelope import records_at
from spyro_sdk.errors import ConfigurationError

ONE = [{"id": 1}]
TWO = [{"id": 1}, {"id": 2}]


@pytest.mark.parametrize(
    ("payload", "path", "note"),
    [
        (TWO, "", "the records are the answer itself, a list"),
        ([], "", "the records are the answer itself, a list"),
        ({"data": TWO}, "data", "the records are at 'data', the one list of objects in the answer"),
        ({"whatever": TWO, "ok": True}, "whatever", "the one list of objects"),
        ({"data": {"items": TWO}}, "data.items", "the one list of objects"),
        ({"_embedded": {"stuff": TWO}}, "_embedded.stuff", "the one list of objects"),
        ({"response": {"docs": TWO, "numFound": 9}}, "response.docs", "the one list of objects"),
        (
            {"data": TWO, "included": ONE},
            "data",
            "taken to be at 'data', by its name; there are lists at 'included' too",
        ),
        (
            {"orders": TWO, "users": ONE},
            "orders",
            "taken to be at 'orders', named like order; there are lists at 'users'",
        ),
        ({"Order": TWO, "data": ONE}, "Order", "named like order"),
        ({"orders": {"items": TWO}, "other": {"items": ONE}}, "orders.items", "named like order"),
        ({"orders": [], "users": ONE}, "orders", "named like order"),
        ({"data": {"nodes": TWO, "edges": TWO}}, "data.nodes", "by its name"),
        ({"items": TWO, "errors": [], "tags": ["a"]}, "items", "by its name"),
        ({"stuff": TWO, "links": ONE}, "stuff", "by its name"),
        ({"data": [], "records": TWO}, "records", "by its name"),
        ({"data": []}, "data", "the one list"),
        ({"id": "x", "entry": TWO, "link": ONE}, "entry", "by its name"),
        ({"id": "x", "order": {"data": TWO}}, "order.data", "the one list"),
    ],
)
def test_they_are_found(payload: Any, path: str, note: str) -> None:
    found, notes = records_at("order", payload)
    assert found == path
    assert note in notes[0]


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (
            {"customers": TWO, "vendors": ONE},
            "objects in lists at 'customers' (2 of them), 'vendors' (1 of them)",
        ),
        ({"data": TWO, "items": ONE}, "objects in lists at 'data' (2 of them), 'items' (1 of them)"),
        ({"data": [], "vendors": ONE}, "objects in lists at 'data' (0 of them), 'vendors' (1 of them)"),
        ({"data": [], "items": []}, "objects in lists at 'data' (0 of them), 'items' (0 of them)"),
        ({"errors": ONE}, "objects in lists at 'errors' (1 of them)"),
        ({"id": 7, "name": "x", "tags": ONE}, "The service answered an object with id, name, tags"),
        ({"id": 7, "lines": {"object": "list", "data": TWO}}, "objects in lists at 'lines.data' (2 of them)"),
    ],
)
def test_what_is_ambiguous_is_shown_with_what_to_write(payload: Any, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        records_at("order", payload)
    assert said in str(caught.value)
    assert caught.value.field == "records"
    assert str(caught.value.hint).startswith("write records: ")


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ({"id": 7, "name": "x"}, "an object with id, name; it looks like a single record"),
        (
            {"a": {"n": 1}, "b": {"n": 2}},
            "it looks like objects by their keys, which cannot be read as a list",
        ),
        ({"result": {"a": {"n": 1}, "b": {"n": 2}}}, "it looks like objects by their keys at 'result'"),
        ([1, 2, 3], "a list of int, where objects should be"),
        ([["a", "b"], ["1", "2"]], "a list of list, where objects should be"),
        ({"ids": [1, 2]}, "the list at 'ids' is not one of objects only"),
        ({"data": [{"a": 1}, None]}, "the list at 'data' is not one of objects only"),
        ({}, "The service answered an empty object"),
        (None, "The service answered a NoneType"),
        ("text", "The service answered a str"),
        ({"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": ONE}}}}}}}}, "it looks like a single record"),
    ],
)
def test_where_there_are_none_it_says_what_there_is(payload: Any, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        records_at("order", payload)
    assert "order: there is no list of records" in str(caught.value)
    assert said in str(caught.value)
