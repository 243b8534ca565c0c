"""A Salesforce org of the tests' own: how to reach it, and what must come out of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

import pyarrow as pa

import spyro_sdk as spyro
from spyro_sdk.demo.schema import Field, SObject, sobjects
from spyro_sdk.demo.server import Seen, Service

Record = dict[str, Any]

OBJECTS = sobjects()
PARTS = ["street", "city", "state", "postalCode", "country", "latitude", "longitude", "geocodeAccuracy"]
MOMENT = pa.timestamp("ms", tz="UTC")
ADDRESS = pa.struct(
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
)
TYPES: Mapping[str, pa.DataType] = {
    "boolean": pa.bool_(),
    "int": pa.int64(),
    "double": pa.float64(),
    "currency": pa.float64(),
    "percent": pa.float64(),
    "date": pa.date32(),
    "datetime": MOMENT,
    "multipicklist": pa.list_(pa.string()),
    "address": ADDRESS,
}


@contextmanager
def connected(service: Service, **settings: Any) -> Iterator[spyro.Connection]:
    """A connection with an access token alone, which does not wait long before it tries again."""
    given = {
        "base_url": service.base_url,
        "access_token": service.credentials["access_token"],
        "retry_delay": 0.001,
        "rate_limit": 100_000,
        "burst_size": 1000,
        "progress": False,
    }
    with spyro.connect("salesforce", **{**given, **settings}) as sf:
        yield sf


def renewable(service: Service) -> dict[str, str]:
    """What it takes, beside the access token, to get another."""
    return {name: service.credentials[name] for name in ("client_id", "client_secret")}


def truth(service: Service, name: str, deleted: bool | None = False) -> list[Record]:
    """The records of an object as they must come, in order of Id, read from the service's database."""
    kind = OBJECTS[name.lower()]
    stored = [field.name for field in kind.columns]
    rows = [dict(zip(stored, row, strict=True)) for row in service.rows(name, stored, deleted)]
    return [{field.name: _value(field, row) for field in kind.fields} for row in rows]


def schema(name: str) -> pa.Schema:
    """The columns of an object as they must come."""
    return pa.schema(
        [pa.field(f.name, TYPES.get(f.type, pa.string()), f.nillable) for f in OBJECTS[name.lower()].fields]
    )


def kind_of(name: str) -> SObject:
    return OBJECTS[name.lower()]


def by_id(records: Sequence[Record]) -> dict[str, Record]:
    return {record["Id"]: record for record in records}


def data_calls(service: Service, since: int = 0) -> list[Seen]:
    """The requests for records that the service has seen, but for its first `since` requests."""
    return [seen for seen in service.requests[since:] if "/query" in seen.path]


def calls(service: Service) -> Counter[str]:
    """How often each address was asked for."""
    return Counter(seen.path for seen in service.requests)


def ids(table: pa.Table, column: str = "Id") -> list[str]:
    return list(table[column].to_pylist())


def _value(field: Field, row: Record) -> Any:
    if field.parts:
        values = [row[field.name.removesuffix("Address") + part[0].upper() + part[1:]] for part in PARTS]
        whole = {**dict(zip(PARTS, values, strict=True)), "stateCode": None, "countryCode": None}
        return whole if any(value is not None for value in values) else None
    value = row[field.name]
    if value is None:
        return None
    match field.type:
        case "boolean":
            return bool(value)
        case "date":
            return date.fromisoformat(value)
        case "datetime":
            return datetime.strptime(value, "%Y-%m-%dT%H:%M:%S.%f%z")
        case "multipicklist":
            return value.split(";")
    return value
