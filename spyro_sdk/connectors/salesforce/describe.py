"""What Salesforce says of its objects, as columns with Arrow types.

https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/sforce_api_calls_describesobjects_describesobjectresult.htm
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ...arrow.schema import MOST_DIGITS
from ...entity import Column, Entity, EntitySchema
from ...paging import NextLink

PAGES = NextLink("nextRecordsUrl")

TYPES: Mapping[str, pa.DataType] = {
    "boolean": pa.bool_(),
    "int": pa.int64(),
    "long": pa.int64(),
    "double": pa.float64(),
    "currency": pa.float64(),
    "percent": pa.float64(),
    "date": pa.date32(),
    "datetime": pa.timestamp("ms", tz="UTC"),
    "time": pa.time64("us"),
    "multipicklist": pa.list_(pa.string()),
    "location": pa.struct([("latitude", pa.float64()), ("longitude", pa.float64())]),
    "address": pa.struct(
        [
            ("street", pa.string()),
            ("city", pa.string()),
            ("state", pa.string()),
            ("stateCode", pa.string()),
            ("postalCode", pa.string()),
            ("country", pa.string()),
            ("countryCode", pa.string()),
            ("latitude", pa.float64()),
            ("longitude", pa.float64()),
            ("geocodeAccuracy", pa.string()),
        ]
    ),
}
"""Arrow types by Salesforce's; every other type, such as id, picklist and textarea, is a string."""

NUMBERS = frozenset({"double", "currency", "percent"})
COMPOUND = frozenset({"address", "location"})
CURSORS = ("SystemModstamp", "LastModifiedDate", "CreatedDate")
"""Columns that grow with each change, the surest first."""


def entity(sobject: Mapping[str, Any]) -> Entity:
    """One line of describe-global."""
    name, label = _name(sobject["name"]), sobject["label"]
    return Entity(name, records="records", paging=PAGES, key="Id", total="totalSize", label=label)


def entities(answer: Mapping[str, Any]) -> dict[str, Entity]:
    """The objects of describe-global that can be queried, by name."""
    return {it["name"]: entity(it) for it in answer["sobjects"] if it["queryable"]}


def newest(answer: Sequence[Mapping[str, Any]]) -> str:
    """The highest of the API versions listed."""
    return max((str(it["version"]) for it in answer), key=float)


def total(answer: Mapping[str, Any]) -> int:
    """The number of records that a query counted."""
    if type(answer["totalSize"]) is not int:
        raise TypeError
    return int(answer["totalSize"])


def counts(answer: Mapping[str, Any]) -> dict[str, int]:
    """The number of records of each object that was counted."""
    found = {it["name"]: it["count"] for it in answer["sObjects"]}
    if not all(type(count) is int for count in found.values()):
        raise TypeError
    return found


def entity_schema(answer: Mapping[str, Any], *, decimals: bool = False) -> EntitySchema:
    """The columns of an object; numbers with a fraction as decimal128 where `decimals` is asked for."""
    parts: dict[str, list[str]] = {}
    for field in answer["fields"]:
        parts.setdefault(field.get("compoundFieldName") or "", []).append(field["name"])
    columns = tuple(_column(field, decimals, parts.get(field["name"], ())) for field in answer["fields"])
    names = {column.name for column in columns}
    cursor = next((name for name in CURSORS if name in names), None)
    return EntitySchema(_name(answer["name"]), columns, answer.get("label", ""), "Id", cursor)


def _column(field: Mapping[str, Any], decimals: bool, parts: Sequence[str]) -> Column:
    kind = field["type"]
    return Column(
        name=_name(field["name"]),
        type=_decimal(field) if decimals and kind in NUMBERS else TYPES.get(kind, pa.string()),
        label=field.get("label", ""),
        nullable=field.get("nillable", True),
        filterable=field.get("filterable", False),
        native_type=kind,
        references=tuple(field.get("referenceTo") or ()),
        relationship=field.get("relationshipName"),
        values=tuple(
            choice["value"] for choice in field.get("picklistValues") or () if choice.get("active", True)
        ),
        source=tuple(parts) if kind in COMPOUND else (),
    )


def _decimal(field: Mapping[str, Any]) -> pa.DataType:
    """Wide enough for each value the field may hold: its precision counts all digits."""
    scale, precision = field.get("scale") or 0, field.get("precision") or 18
    if type(scale) is not int or type(precision) is not int or max(scale, precision) > MOST_DIGITS:
        raise ValueError
    return pa.decimal128(max(precision, scale + 1, 18), scale)


def _name(given: Any) -> str:
    """A name that can stand in a question; `TypeError` or `ValueError` for what is none."""
    if type(given) is not str:
        raise TypeError
    given.encode()
    return given


def wire(schema: pa.Schema) -> pa.Schema:
    """The columns as they stand in an answer: related records nested, the choices of a list in one text."""
    fields: dict[str, pa.Field[Any]] = {}
    related: dict[str, list[pa.Field[Any]]] = {}
    for field in schema:
        head, dot, rest = field.name.partition(".")
        if dot:
            related.setdefault(head, []).append(field.with_name(rest))
            fields.setdefault(head, pa.field(head, pa.null()))
        else:
            is_choice = pa.types.is_list(field.type)
            fields[field.name] = field.with_type(pa.string()) if is_choice else field
    nested = {
        head: pa.field(head, pa.struct(list(wire(pa.schema(parts))))) for head, parts in related.items()
    }
    return pa.schema([*{**fields, **nested}.values()])


def flat(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The columns of an answer as `schema` names them: related records' by dotted path, choices as lists."""
    if batch.schema.names == schema.names and not any(map(pa.types.is_list, schema.types)):
        return batch
    columns = [_told(batch, field) for field in schema]
    fields = [field.with_type(column.type) for field, column in zip(schema, columns, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=pa.schema(fields))


def _told(batch: pa.RecordBatch, field: pa.Field[Any]) -> pa.Array:
    head, *path = field.name.split(".")
    if head not in batch.schema.names:  # of a page without records no further columns were asked for
        return pa.nulls(batch.num_rows, field.type)
    column = batch.column(head)
    for name in path:
        column = pc.struct_field(column, name)
    if pa.types.is_list(field.type) and pa.types.is_string(column.type):
        return pc.split_pattern(column, ";")
    return column


def long_id(key: str) -> str:
    """The 18 characters of an id, of which 15 are enough to people; anything else as it is.

    >>> long_id("001D000000IRFma")
    '001D000000IRFmaIAH'
    """
    if len(key) != 15:
        return key
    bits = ["".join("1" if sign.isupper() else "0" for sign in reversed(key[i : i + 5])) for i in (0, 5, 10)]
    return key + "".join("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[int(each, 2)] for each in bits)
