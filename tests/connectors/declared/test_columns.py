"""The types of columns, as they are declared."""

import pyarrow as pa
import pytest

from spyro_sdk.connectors.declared import Declared
from spyro_sdk.errors import ConfigurationError


def schema(columns):
    return Declared.of({"entities": {"items": {"columns": columns}}}).offered["items"].entity.schema


def test_types_have_one_word_each_and_those_of_others_are_known():
    ours = {"a": "string", "b": "integer", "c": "number", "d": "boolean", "e": "timestamp", "f": "date"}
    others = {"a": "text", "b": "bigint", "c": "double", "d": "bool", "e": "timestamp", "f": "date"}
    expected = [pa.string(), pa.int64(), pa.float64(), pa.bool_(), pa.timestamp("us", "UTC"), pa.date32()]
    assert schema(ours).types == schema(others).types == expected
    more = {"a": "datetime", "b": "time", "c": "json", "d": "decimal", "e": "decimal(12, 2)"}
    assert schema(more).types == [
        pa.timestamp("us"),
        pa.time64("us"),
        pa.string(),
        pa.decimal128(38, 9),
        pa.decimal128(12, 2),
    ]


def test_hints_of_dlt_are_types():
    hints = {
        "a": {"data_type": "decimal", "precision": 10, "scale": 2},
        "b": {"data_type": "decimal", "precision": 10},
        "c": {"data_type": "timestamp", "timezone": False, "nullable": True},
        "d": {"primary_key": True},
        "e": {"data_type": "text"},
    }
    expected = {
        "a": pa.decimal128(10, 2),
        "b": pa.decimal128(10, 0),
        "c": pa.timestamp("us"),
        "e": pa.string(),
    }
    found = schema(hints)
    assert dict(zip(found.names, found.types, strict=True)) == expected
    assert schema([{"name": name, **hint} for name, hint in hints.items()]) == found
    assert schema({}) is None


@pytest.mark.parametrize(
    ("columns", "field", "words"),
    [
        (
            {"a": "strin"},
            "entities.items.columns.a",
            "is 'strin', which is no type: write one of string, integer",
        ),
        ({"a": "strin"}, "entities.items.columns.a", "(did you mean 'string'?)"),
        ({"a": {"data_type": "wei"}}, "entities.items.columns.a", "is 'wei', which is no type"),
        ({"a": "decimal(50, 2)"}, "entities.items.columns.a", "a decimal of 1 to 38 digits"),
        ({"a": "decimal(3, 4)"}, "entities.items.columns.a", "not more stand behind the point"),
        ([{"data_type": "text"}], "entities.items.columns", "has a column without a name"),
    ],
)
def test_what_is_no_type_is_refused(columns, field, words):
    with pytest.raises(ConfigurationError) as caught:
        schema(columns)
    assert caught.value.field == field
    assert words in str(caught.value)
