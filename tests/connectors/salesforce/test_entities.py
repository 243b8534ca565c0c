"""Every object comes as the database has it: each record once, each value in its type."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

import spyro_sdk as spyro
from spyro_sdk.connectors.salesforce import Salesforce
from spyro_sdk.demo.server import Service, serve
from spyro_sdk.errors import UnknownEntityError

from ...org import MOMENT, OBJECTS, Record, by_id, connected, ids, renewable, schema, truth

LINES = {
    "line1": "Street",
    "city": "City",
    "region": "State",
    "postal_code": "PostalCode",
    "country": "Country",
}


@pytest.mark.parametrize("name", [kind.name for kind in OBJECTS.values()])
def test_every_native_record_comes_once_with_every_value(
    org: Service, sf: spyro.Connection, name: str
) -> None:
    table = sf.fetch(name, native=True).to_arrow()
    assert table.schema.equals(schema(name))
    assert table.to_pylist() == truth(org, name)


def test_the_data_hold_what_is_awkward(org: Service) -> None:
    """Else the test before would prove little."""
    accounts = truth(org, "Account")
    notes = {record["Description"] for record in accounts}
    assert {None, 'They say "yes" and mean "maybe".', "日本語の説明。改行\r\nあり"} <= notes
    assert {record["BillingAddress"] is None for record in accounts} == {True, False}
    assert {len(record["Segments__c"] or []) for record in accounts} == {0, 1, 2, 3}


def address(record: Record, prefix: str) -> Record | None:
    found = {line: record[prefix + part] for line, part in LINES.items()}
    return {"line2": None, **found} if any(found.values()) else None


def money(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def common(record: Record, service: Service, native: str) -> Record:
    return {
        "id": record["Id"],
        "source": "salesforce",
        "native_entity": native,
        "owner_id": record.get("OwnerId"),
        "created_at": record["CreatedDate"],
        "updated_at": record["SystemModstamp"],
        "deleted": record.get("IsDeleted"),
        "url": f"{service.base_url}/{record['Id']}",
    }


def customer(record: Record) -> Record:
    website = record["Website"]
    return {
        "kind": "organisation",
        "name": record["Name"],
        "legal_name": None,
        "domain": website and website.removeprefix("https://www."),
        "website": website,
        "email": None,
        "phone": record["Phone"],
        "industry": record["Industry"],
        "employee_count": record["NumberOfEmployees"],
        "annual_revenue": money(record["AnnualRevenue"]),
        "currency": record.get("CurrencyIsoCode"),
        "status": None,
        "status_raw": record["Type"],
        "description": record["Description"],
        "parent_id": record["ParentId"],
        "billing_address": address(record, "Billing"),
        "shipping_address": address(record, "Shipping"),
        "tags": None,
    }


def contact(record: Record) -> Record:
    day = record["LastActivityDate"]
    return {
        "customer_id": record["AccountId"],
        "first_name": record["FirstName"],
        "last_name": record["LastName"],
        "name": record["Name"],
        "email": record["Email"],
        "phone": record["Phone"],
        "mobile": record["MobilePhone"],
        "title": record["Title"],
        "department": record["Department"],
        "address": address(record, "Mailing"),
        "last_activity_at": day and datetime.combine(day, time(), UTC),
    }


def opportunity(record: Record) -> Record:
    status = "open" if not record["IsClosed"] else "won" if record["IsWon"] else "lost"
    return {
        "name": record["Name"],
        "customer_id": record["AccountId"],
        "amount": money(record["Amount"]),
        "currency": record.get("CurrencyIsoCode"),
        "stage": record["StageName"],
        "status": status,
        "probability": record["Probability"],
        "close_date": record["CloseDate"],
        "forecast_category": record["ForecastCategoryName"],
    }


def user(record: Record) -> Record:
    return {
        "name": record["Name"],
        "email": record["Email"],
        "active": record["IsActive"],
        "role": None,
        "team_id": None,
    }


@pytest.mark.parametrize(
    ("name", "native", "own_columns"),
    [
        ("Customer", "Account", customer),
        ("Contact", "Contact", contact),
        ("Opportunity", "Opportunity", opportunity),
        ("User", "User", user),
    ],
)
def test_every_canonical_record_is_made_of_its_native_one(
    org: Service, sf: spyro.Connection, name: str, native: str, own_columns: Callable[[Record], Record]
) -> None:
    table = sf.fetch(name).to_arrow()
    records = truth(org, native)
    assert table.to_pylist() == [{**common(it, org, native), **own_columns(it)} for it in records]
    assert [field.name for field in table.schema if not field.nullable] == ["id", "source"]
    assert table.schema.equals(sf.describe(name).to_arrow())


def test_money_stands_beside_its_currency_where_the_org_has_several() -> None:
    with serve(records=300, multi_currency=True) as service, connected(service) as sf:
        for name, native in (("Customer", "Account"), ("Opportunity", "Opportunity")):
            stored = [row[0] for row in service.rows(native, ["CurrencyIsoCode"])]
            table = sf.fetch(name, columns=["currency", "id"]).to_arrow()
            assert table.column_names == ["currency", "id"]
            assert set(stored) <= {"USD", "EUR", "JPY", "GBP"}
            assert table["currency"].to_pylist() == stored


def test_numbers_with_a_fraction_are_decimals_where_asked(org: Service) -> None:
    with connected(org, decimals=True) as sf:
        table = sf.fetch(
            "Account", columns=["AnnualRevenue", "Health_Score__c", "BillingLatitude"]
        ).to_arrow()
    assert [str(field.type) for field in table.schema] == [
        "decimal128(18, 2)",
        "decimal128(18, 1)",
        "decimal128(18, 15)",
    ]
    for name in table.column_names:
        assert table[name].to_pylist() == [money(record[name]) for record in truth(org, "Account")]


def test_pandas_gets_the_dtypes_of_the_schema(sf: spyro.Connection) -> None:
    columns = ["Id", "NumberOfEmployees", "AnnualRevenue", "IsDeleted", "Renewal_Date__c", "CreatedDate"]
    frame = sf.fetch("Account", columns=[*columns, "Segments__c", "BillingAddress"]).to_pandas()
    assert frame["NumberOfEmployees"].dtype == "Int64"
    assert frame["NumberOfEmployees"].isna().any()
    assert [str(dtype) for dtype in frame.dtypes[2:6]] == [
        "float64",
        "bool",
        "datetime64[ms]",
        "datetime64[ms, UTC]",
    ]
    assert pd.api.types.is_string_dtype(frame["Id"].dtype)
    assert all(isinstance(frame[name].dtype, pd.ArrowDtype) for name in ("Segments__c", "BillingAddress"))


def test_deleted_records_come_where_asked(org: Service, sf: spyro.Connection) -> None:
    everything = truth(org, "Account", deleted=None)
    table = sf.fetch("Account", include_deleted=True).to_arrow()
    assert table.to_pylist() == everything
    assert len(everything) > len(truth(org, "Account"))
    gone = sf.fetch("Customer", columns=["id"], where="deleted", include_deleted=True)
    assert ids(gone.to_arrow(), "id") == [record["Id"] for record in truth(org, "Account", deleted=True)]
    assert gone.count() == org.count("Account", deleted=True)
    assert sf.fetch("Customer", where="deleted").count() == 0


def test_related_records_lend_their_columns(org: Service, sf: spyro.Connection) -> None:
    contacts, accounts = truth(org, "Contact"), by_id(truth(org, "Account", deleted=None))
    users = by_id(truth(org, "User"))
    columns = ["Owner.Name", "Id", "Account.Owner.IsActive", "Account.AnnualRevenue", "Account.CreatedDate"]
    table = sf.fetch("Contact", native=True, columns=columns).to_arrow()
    assert table.schema.equals(
        pa.schema(
            [
                ("Owner.Name", pa.string()),
                pa.field("Id", pa.string(), False),
                ("Account.Owner.IsActive", pa.bool_()),
                ("Account.AnnualRevenue", pa.float64()),
                ("Account.CreatedDate", MOMENT),
            ]
        )
    )

    def expected(record: Record) -> list[Any]:
        account = accounts.get(record["AccountId"])
        related = (
            [users[account["OwnerId"]]["IsActive"], account["AnnualRevenue"], account["CreatedDate"]]
            if account
            else [None] * 3
        )
        return [users[record["OwnerId"]]["Name"], record["Id"], *related]

    assert [list(record.values()) for record in table.to_pylist()] == [expected(it) for it in contacts]


def test_native_columns_stand_beside_canonical_ones(org: Service, sf: spyro.Connection) -> None:
    fetch = sf.fetch("Customer", columns=["name"], native=["Rating", "Owner.Name"], where="Rating = 'Hot'")
    users = by_id(truth(org, "User"))
    assert fetch.to_arrow().to_pylist() == [
        {"name": it["Name"], "Rating": "Hot", "Owner.Name": users[it["OwnerId"]]["Name"]}
        for it in truth(org, "Account")
        if it["Rating"] == "Hot"
    ]
    assert "Rating = 'Hot'" in fetch.explain(count=False).request
    assert sf.fetch("Customer", native=["Rating"]).to_arrow().column_names[-1] == "Rating"
    assert sf.fetch("Account", columns=["Id"], native=["Rating"]).head(1).columns.tolist() == ["Id", "Rating"]


def test_a_canonical_name_wins_over_a_native_one(sf: spyro.Connection) -> None:
    assert sf.fetch("Contact").head(1).columns[0] == "id"
    assert sf.fetch("Contact", native=True).head(1).columns[0] == "Id"


def test_the_widest_object_comes_whole_though_no_address_holds_its_columns() -> None:
    with serve(records=100, wide_records=50, batch_limit=20) as service, connected(service) as sf:
        fetch = sf.fetch("Wide__c")
        plan = fetch.explain()
        before = service.api_usage
        table = fetch.to_arrow()
        assert table.to_pylist() == truth(service, "Wide__c")
        assert plan.calls_a_page == 3
        assert service.api_usage - before == 3 * 3  # pages, groups of columns
        assert max(len(seen.query.get("q", "")) for seen in service.requests) > 10_000
        assert not any(seen.status == 414 for seen in service.requests)


def test_a_wide_record_deleted_while_it_is_read_is_told() -> None:
    with (
        serve(records=100, wide_records=200, batch_limit=20) as service,
        connected(service, concurrency=1) as sf,
    ):
        batches = sf.fetch("Wide__c").batches()
        next(batches)  # of ten pages, the last of which is too far to be read ahead
        last = truth(service, "Wide__c")[-1]["Id"]
        service.delete("Wide__c", last)
        with pytest.raises(
            spyro.ConnectorError, match=r"every Wide__c exactly once: 1 records were deleted or changed"
        ):
            list(batches)


def test_a_wide_record_inserted_while_it_is_read_disturbs_nobody() -> None:
    with serve(records=100, wide_records=50, batch_limit=20) as service, connected(service) as sf:
        before = truth(service, "Wide__c")
        batches = sf.fetch("Wide__c").batches()
        first = next(batches)
        service.insert("Wide__c", Name="late")
        rest = [record for batch in batches for record in batch.to_pylist()]
        assert first.to_pylist() + rest == before


def test_a_wide_object_may_be_empty(own: Service) -> None:
    with connected(own, **renewable(own)) as sf:
        assert sf.fetch("Wide__c", where="Name = 'nobody'").to_arrow().num_rows == 0
        assert sf.fetch("Wide__c", where="Name = 'nobody'").to_arrow().num_columns == len(schema("Wide__c"))


@pytest.mark.anyio
async def test_the_object_behind_a_canonical_name_can_be_described(org: Service) -> None:
    settings = {"base_url": org.base_url, "access_token": org.credentials["access_token"]}
    async with Salesforce(Salesforce.configure(**settings)).connection_context() as connector:
        assert (await connector.discover_schema("Contact")).names[0] == "id"
        assert (await connector.discover_schema("Contact", native=True)).names[0] == "Id"
        assert (await connector.discover_schema("Account", native=True)).names[0] == "Id"
        with pytest.raises(UnknownEntityError, match="ask for 'Account'"):
            await connector.discover_schema("Customer", native=True)
