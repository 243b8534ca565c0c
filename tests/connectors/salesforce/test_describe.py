"""What Salesforce says of its objects becomes columns with Arrow types."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

import spyro_sdk as spyro
from spyro_sdk import blocking
from spyro_sdk.connectors.salesforce import describe
from spyro_sdk.connectors.salesforce.question import since_of
from spyro_sdk.demo.server import Service
from spyro_sdk.entity import Query
from spyro_sdk.errors import UnknownEntityError, ValidationError

from ...org import MOMENT, calls, connected, ids, schema, truth


def field(name: str, kind: str = "string", **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, **more}


def described(*fields: dict[str, Any], decimals: bool = False) -> Any:
    return describe.entity_schema({"name": "Thing__c", "fields": list(fields)}, decimals=decimals)


def test_the_catalogue_lists_canonical_entities_then_native_ones(sf: spyro.Connection) -> None:
    entities = sf.entities()
    assert entities.names == [
        "Customer",
        "Contact",
        "Opportunity",
        "User",
        "Account",
        "LoginHistory",
        "Wide__c",
    ]
    assert [entity.label for entity in entities][:1] == ["Account"]


def test_a_description_tells_types_labels_relations_and_what_can_be_filtered(sf: spyro.Connection) -> None:
    account = sf.describe("Account")
    assert (account.key, account.cursor, account.label) == ("Id", "SystemModstamp", "Account")
    assert account.to_arrow().equals(schema("Account"))
    assert not account["Id"].nullable
    assert (account["OwnerId"].references, account["OwnerId"].relationship) == (("User",), "Owner")
    assert account["Rating"].values == ("Hot", "Warm", "Cold")
    assert [account[name].filterable for name in ("Name", "Description", "BillingAddress")] == [
        True,
        False,
        False,
    ]
    assert account["Segments__c"].native_type == "multipicklist"


def test_a_canonical_description_tells_what_each_column_is_made_of(sf: spyro.Connection) -> None:
    customer = sf.describe("Customer")
    assert (customer.key, customer.cursor) == ("id", "updated_at")
    assert customer["name"].source == ("Name",)
    assert customer["domain"].source == ("Website",)
    assert not customer["domain"].filterable
    assert customer["tags"].source == customer["currency"].source == ()


def test_an_object_is_described_once(own: Service) -> None:
    with connected(own) as sf:
        for _ in range(2):
            sf.describe("Account")
            sf.fetch("Customer", limit=1).to_arrow()
        seen = calls(own)
    assert seen["/services/data/v67.0/sobjects"] == 1
    assert seen["/services/data/v67.0/sobjects/Account/describe"] == 1


def test_unknown_entities_are_refused_with_the_nearest_name(sf: spyro.Connection) -> None:
    for ask in (sf.describe, lambda name: sf.fetch(name).to_arrow(), lambda name: sf[name].explain()):
        with pytest.raises(UnknownEntityError, match=r"has no entity 'Custmer'.*did you mean 'Customer'\?"):
            ask("Custmer")


def test_a_canonical_name_that_salesforce_does_not_know_says_what_it_is_called_there(
    sf: spyro.Connection,
) -> None:
    with pytest.raises(UnknownEntityError, match=r"has no 'Customer' of its own.*'Account'") as caught:
        sf.fetch("Customer", native=True).to_arrow()
    assert caught.value.value == "Customer"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("long", pa.int64()),
        ("time", pa.time64("us")),
        ("base64", pa.string()),
        ("encryptedstring", pa.string()),
        ("location", pa.struct([("latitude", pa.float64()), ("longitude", pa.float64())])),
        ("never heard of", pa.string()),
    ],
)
def test_types_that_the_demo_has_not(kind: str, expected: pa.DataType) -> None:
    assert described(field("X__c", kind))["X__c"].type == expected


def test_choices_no_longer_offered_are_left_out() -> None:
    choices = [{"value": "a", "active": True}, {"value": "b", "active": False}, {"value": "c"}]
    assert described(field("X__c", "picklist", picklistValues=choices))["X__c"].values == ("a", "c")


@pytest.mark.parametrize(
    ("precision", "scale", "expected"),
    [
        (18, 2, pa.decimal128(18, 2)),
        (3, 0, pa.decimal128(18, 0)),
        (20, 19, pa.decimal128(20, 19)),
        (None, None, pa.decimal128(18, 0)),
        (0, 18, pa.decimal128(19, 18)),
    ],
)
def test_a_decimal_is_wide_enough_for_its_field(
    precision: int | None, scale: int | None, expected: pa.DataType
) -> None:
    found = described(field("X__c", "double", precision=precision, scale=scale), decimals=True)
    assert found["X__c"].type == expected


@pytest.mark.parametrize(
    "odd",
    [
        {"precision": 39},
        {"scale": 2**70},
        {"scale": float("inf")},
        {"precision": "18"},
        {"name": 5},
        {"name": None},
        {"name": "\ud800"},
    ],
)
def test_a_description_that_makes_no_sense_is_none(odd: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError)):  # which the connector turns into a DecodeError
        described({**field("X__c", "double"), **odd}, decimals=True)


@pytest.mark.parametrize(
    ("names", "cursor"),
    [
        (("CreatedDate", "SystemModstamp", "LastModifiedDate"), "SystemModstamp"),
        (("CreatedDate", "LastModifiedDate"), "LastModifiedDate"),
        (("CreatedDate",), "CreatedDate"),
        (("LoginTime",), None),
    ],
)
def test_the_surest_column_tells_when_a_record_was_changed(
    names: tuple[str, ...], cursor: str | None
) -> None:
    found = described(*(field(name, "datetime") for name in names))
    assert found.cursor == cursor
    query = Query.ask("Thing__c", since="2026-01-01")
    if cursor:
        assert since_of(query, found) == f"{cursor} >= 2026-01-01T00:00:00.000Z"
    else:
        with pytest.raises(ValidationError, match="no column that tells when"):
            since_of(query, found)


def test_records_are_flattened_as_the_columns_are_named() -> None:
    columns = pa.schema(
        [
            ("Id", pa.string()),
            ("Owner.Name", pa.string()),
            ("Owner.Boss.Name", pa.string()),
            ("Tags", pa.list_(pa.string())),
        ]
    )
    body = describe.wire(columns)
    assert body == pa.schema(
        [
            ("Id", pa.string()),
            ("Owner", pa.struct([("Name", pa.string()), ("Boss", pa.struct([("Name", pa.string())]))])),
            ("Tags", pa.string()),
        ]
    )
    records = [
        {"Id": "1", "Owner": {"Name": "Ada", "Boss": None}, "Tags": "a;b"},
        {"Id": "2", "Owner": None, "Tags": None},
    ]
    flat = describe.flat(pa.RecordBatch.from_pylist(records, body), columns)
    assert flat.schema == columns
    assert flat.to_pylist() == [
        {"Id": "1", "Owner.Name": "Ada", "Owner.Boss.Name": None, "Tags": ["a", "b"]},
        {"Id": "2", "Owner.Name": None, "Owner.Boss.Name": None, "Tags": None},
    ]


def test_changes_since_a_moment(own: Service) -> None:
    with connected(own) as sf:
        touched = [record["Id"] for record in truth(own, "Account")[5:7]]
        assert sf.fetch("Account", since="2027-01-01", limit=1).count() == 0
        for key in touched:
            own.touch("Account", key, Rating="Hot")
        since = "2026-06-02"  # later than all that was made up
        assert ids(sf.fetch("Account", columns=["Id"], since=since).to_arrow()) == touched
        assert ids(sf.fetch("Customer", columns=["id"], since=since).to_arrow(), "id") == touched
        assert (
            sf.fetch("Customer", since=since, where="status_raw is null or status_raw is not null").count()
            == 2
        )


def test_since_holds_for_the_very_moment(org: Service, sf: spyro.Connection) -> None:
    records = truth(org, "Opportunity")
    moment = sorted(record["SystemModstamp"] for record in records)[len(records) // 2]
    table = sf.fetch("Opportunity", native=True, columns=["Id", "SystemModstamp"], since=moment).to_arrow()
    assert table.schema.field("SystemModstamp").type == MOMENT
    assert ids(table) == [record["Id"] for record in records if record["SystemModstamp"] >= moment]
    assert sf.fetch("Opportunity", since="0001-01-01T00:00:00+09:00").count() == len(records)
    assert sf.fetch("Opportunity", since=datetime.max.replace(tzinfo=UTC)).count() == 0


def test_an_entity_that_does_not_tell_its_changes_is_refused_a_since(sf: spyro.Connection) -> None:
    with pytest.raises(ValidationError, match="LoginHistory has no column that tells when") as caught:
        sf.fetch("LoginHistory", since="2026-01-01").to_arrow()
    assert caught.value.field == "since"


def test_objects_are_counted_by_one_request(org: Service, sf: spyro.Connection) -> None:
    before = calls(org)
    found = sf.entities("acc", counts=True)
    assert found.counts == {"Customer": 1_200, "Account": 1_200}
    assert calls(org) - before == Counter({"/services/data/v67.0/limits/recordCount": 1})
    counts = sf.entities(counts=True).counts
    assert counts is not None
    assert set(counts) == set(sf.entities().names)
    assert counts["Contact"] == sf.fetch("Contact").count()


def test_of_many_objects_all_are_counted_at_once(org: Service, sf: spyro.Connection) -> None:
    names = ["Customer", *(f"Thing{number}__c" for number in range(500))]
    found = blocking.run(sf._connector.counts, names)
    assert found == {"Customer": 1_200}
    assert "sObjects" not in org.requests[-1].query


def test_an_answer_that_counts_nothing_is_refused() -> None:
    assert describe.counts({"sObjects": [{"name": "Account", "count": 5}]}) == {"Account": 5}
    with pytest.raises(TypeError):
        describe.counts({"sObjects": [{"name": "Account", "count": "many"}]})
