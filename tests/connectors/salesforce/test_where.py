"""A filter means what it means in SQL, whoever applies it: Salesforce or we."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import spyro_sdk as spyro
from spyro_sdk.demo.server import Service
from spyro_sdk.errors import ValidationError

from ...org import MOMENT, by_id, connected, data_calls, ids, schema, truth

NAIVE = pa.timestamp("us")


@pytest.fixture(scope="module")
def oracle(org: Service) -> Iterator[duckdb.DuckDBPyConnection]:
    """The same records in another database, which has SQL's own idea of null and of capitals."""
    users, accounts = by_id(truth(org, "User")), by_id(truth(org, "Account", deleted=None))
    with duckdb.connect() as connection:
        for name in ("Account", "Contact"):
            records = [{**it, "Owner": users[it["OwnerId"]]} for it in truth(org, name)]
            kinds = {**types(name), "Owner": pa.struct(list(types("User").items()))}
            if name == "Contact":
                records = [{**it, "Account": accounts.get(it["AccountId"])} for it in records]
                kinds["Account"] = pa.struct(list(types("Account").items()))
            table = pa.Table.from_pylist(timeless(records), pa.schema(list(kinds.items())))
            connection.from_arrow(table).create(name)
        yield connection


def types(name: str) -> dict[str, pa.DataType]:
    return {field.name: NAIVE if field.type == MOMENT else field.type for field in schema(name)}


def timeless(value: Any) -> Any:
    """Moments of UTC that do not say so: duckdb needs an extension for zones."""
    match value:
        case list():
            return [timeless(item) for item in value]
        case dict():
            return {name: timeless(item) for name, item in value.items()}
        case datetime():
            return value.replace(tzinfo=None)
    return value


def expected(oracle: duckdb.DuckDBPyConnection, name: str, where: str) -> list[str]:
    found = oracle.sql(f"SELECT Id FROM {name} WHERE {where} ORDER BY Id").fetchall()
    return [row[0] for row in found]


def agree(sf: spyro.Connection, oracle: duckdb.DuckDBPyConnection, name: str, where: str) -> list[str]:
    """Whether reading, counting and reading a little give what the oracle says."""
    wanted = expected(oracle, name, where)
    fetch = sf.fetch(name, native=True, columns=["Id"], where=where)
    assert ids(fetch.to_arrow()) == wanted
    assert fetch.count() == len(wanted)
    assert fetch.head(2)["Id"].tolist() == wanted[:2]
    return wanted


SOME = [
    "Name = 'Acme Energy Inc.'",
    "Name = 'acme energy inc.'",
    "Name != 'Acme Energy Inc.'",
    "Name like 'Acme%'",
    "Name like 'acme%'",
    "Name ilike 'aCME%'",
    "Name not like '%Energy%'",
    "Name like 'Żubr%'",
    "Name ilike 'żUBR%'",
    "Name like '%🚀%'",
    "Name like 'Quoted \"Q\"%'",
    "Name like 'L''Étoile%'",
    "Name like '____ %'",
    "AccountNumber like '%!_%' escape '!'",
    "Industry in ('Energy', 'banking', 'Food & Beverage')",
    "Industry not in ('Energy', 'Banking')",
    "Industry is null",
    "not (Industry is null)",
    "Industry = 'Energy' or Industry is null",
    "not (Industry = 'Energy' or Rating = 'Hot')",
    "Rating = 'Hot' and not Is_Strategic__c",
    "Is_Strategic__c",
    "Is_Strategic__c = true or Tier__c > 'Gold'",
    "Tier__c between 'Bronze' and 'Gold'",
    "NumberOfEmployees > 100",
    "NumberOfEmployees <> 100",
    "not (NumberOfEmployees > 100)",
    "NumberOfEmployees between 5 and 9",
    "NumberOfEmployees in (1, 2, 3)",
    "NumberOfEmployees < 2.5",
    "NumberOfEmployees < 99999999999999999999",
    "AnnualRevenue > 1e6 and Industry in ('Energy', 'Banking')",
    "AnnualRevenue is not null and AnnualRevenue < 2500.5",
    "Health_Score__c = 0.3 or Health_Score__c >= 99.9",
    "Renewal_Date__c >= '2026-01-31'",
    "Renewal_Date__c = date '2026-02-03' or Renewal_Date__c is null",
    "CreatedDate < '2021-03-04T05:06:07Z'",
    "CreatedDate >= '2024-01-01 00:00:00.0005'",
    "SystemModstamp != '2026-05-14'",
    "OwnerId = 'nonsense'",
    "OwnerId != 'nonsense'",
    "ParentId is not null and OwnerId is not null",
    "Segments__c is null",
    "Description is null",
    "Description like '%日本語%'",
    "Description = 'Key account.\nCall before noon.'",
    "Description like 'Backslash \\%'",
    "BillingAddress is null",
    "BillingAddress.city = 'Paris'",
    "BillingAddress.latitude > 48.2 and BillingCity like 'P%'",
    "Owner.Name like '%Müller'",
    "Owner.IsActive and Owner.Title is null",
    "not Owner.IsActive",
]
OF_RELATED = [
    "Account.Is_Strategic__c",
    "not Account.Is_Strategic__c",
    "Account.Is_Strategic__c is null",
    "Account.Is_Strategic__c is not null",
    "Account.NumberOfEmployees < 100",
    "Account.Industry is null",
    "Account.OwnerId is not null and Account.AnnualRevenue > 1e6",
    "HasOptedOutOfEmail or Email is null",
    "MailingAddress.city is not null",
]


@pytest.mark.parametrize("where", SOME)
def test_a_filter_gives_what_sql_gives(
    sf: spyro.Connection, oracle: duckdb.DuckDBPyConnection, where: str
) -> None:
    agree(sf, oracle, "Account", where)


@pytest.mark.parametrize("where", OF_RELATED)
def test_so_does_one_on_related_records(
    sf: spyro.Connection, oracle: duckdb.DuckDBPyConnection, where: str
) -> None:
    assert agree(sf, oracle, "Contact", where)


def test_an_instant_within_a_millisecond_is_none_of_salesforce(
    org: Service, sf: spyro.Connection, oracle: duckdb.DuckDBPyConnection
) -> None:
    moment = truth(org, "Account")[7]["CreatedDate"].isoformat(" ").removesuffix("+00:00")
    assert agree(sf, oracle, "Account", f"CreatedDate = '{moment}Z'")
    assert agree(sf, oracle, "Account", f"CreatedDate = '{moment}.000001Z'") == []
    later = agree(sf, oracle, "Account", f"CreatedDate >= '{moment}.000001Z'")
    assert later == agree(sf, oracle, "Account", f"CreatedDate > '{moment}Z'")


def test_ids_may_have_their_fifteen_characters(org: Service, sf: spyro.Connection) -> None:
    owner = truth(org, "Account")[0]["OwnerId"]
    wanted = [record["Id"] for record in truth(org, "Account") if record["OwnerId"] == owner]
    fetch = sf.fetch("Account", columns=["Id"], where=f"OwnerId = '{owner[:15]}'")
    assert ids(fetch.to_arrow()) == wanted
    assert fetch.explain(count=False).local is None
    assert sf.fetch("Customer", where=f"owner_id in ('{owner[:15]}')").count() == len(wanted)
    assert sf.fetch("Customer", where="owner_id is not null").count() == org.count("Account")
    beside = sf.fetch("Customer", where=f"CreatedById != '{owner[:15]}'", native=["CreatedById"])
    assert beside.count() == sum(record["CreatedById"] != owner for record in truth(org, "Account"))


HOSTILE = [
    "x' OR Name != '",
    "\\",
    "\\'",
    "' OR Id != null --",
    "%",
    "_",
    "'; DELETE",
    "\n",
    "u0041",
    "ﬀ",
    "null",
]


@pytest.mark.parametrize("column", ["Name", "OwnerId", "Industry", "Description"])
def test_nobody_is_called_so(sf: spyro.Connection, column: str) -> None:
    for text in HOSTILE:
        literal = "'" + text.replace("'", "''") + "'"
        assert sf.fetch("Account", where=f"{column} = {literal}").count() == 0
        assert sf.fetch("Account", where=f"{column} in ({literal}, 'x')").count() == 0


def test_a_hostile_name_is_found(own: Service) -> None:
    owner = truth(own, "User")[0]["Id"]
    with connected(own) as sf:
        for text in HOSTILE:
            name = f"a{text}b"
            key = own.insert("Account", Name=name, OwnerId=owner)
            literal = name.replace("'", "''")
            pattern = re.sub("([!%_])", r"!\1", literal)
            for where in (f"= '{literal}'", f"in ('{literal}')", f"like '{pattern}' escape '!'"):
                found = sf.fetch("Account", columns=["Id"], where=f"Name {where}").to_arrow()
                assert ids(found) == [key]


def test_a_list_too_long_for_an_address_is_looked_through_here(org: Service, sf: spyro.Connection) -> None:
    records = truth(org, "Account")
    for column, count in (("Id", 1_200), ("Name", 600), ("Id", 150)):
        among = {record[column] for record in records[:count]}
        listed = ", ".join("'" + text.replace("'", "''") + "'" for text in sorted(among))
        before = len(org.requests)
        fetch = sf.fetch("Account", columns=["Id"], where=f"{column} in ({listed})")
        assert ids(fetch.to_arrow()) == [record["Id"] for record in records if record[column] in among]
        assert all(seen.status == 200 for seen in data_calls(org, before))


leaf = st.sampled_from(
    [*SOME, "Name in ('Acme Energy Inc.')", "Fax is null", "IsDeleted", "ShippingCity > 'Ö'"]
)
filters = st.recursive(
    leaf,
    lambda inner: st.one_of(
        inner.map("not ({})".format),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(
            lambda it: f"({it[0]}) {it[1]} ({it[2]})"
        ),
    ),
    max_leaves=6,
)


@given(filters)
@example("not (not (Industry != 'Energy' and not (AnnualRevenue > 5e5)))")
@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_filter_gives_what_sql_gives(
    sf: spyro.Connection, oracle: duckdb.DuckDBPyConnection, where: str
) -> None:
    agree(sf, oracle, "Account", where)


CANONICAL: list[tuple[str, Any]] = [
    (
        "annual_revenue > 1e6 and industry in ('Energy', 'Banking')",
        lambda it: (it["AnnualRevenue"] or 0) > 1e6 and it["Industry"] in ("Energy", "Banking"),
    ),
    (
        "annual_revenue <= 2500.505",
        lambda it: it["AnnualRevenue"] is not None and it["AnnualRevenue"] <= 2500.505,
    ),
    ("billing_address.city = 'Paris'", lambda it: it["BillingCity"] == "Paris"),
    ("billing_address is null", lambda it: it["BillingAddress"] is None),
    ("domain like 'company-1%'", lambda it: (it["Website"] or "").startswith("https://www.company-1")),
    ("legal_name is null and status is null", lambda it: True),
    ("tags is not null", lambda it: False),
    (
        "employee_count > 10 or name like 'Ż%'",
        lambda it: (it["NumberOfEmployees"] or 0) > 10 or it["Name"].startswith("Ż"),
    ),
    ("source = 'salesforce' and not deleted", lambda it: True),
    (
        "updated_at >= '2026-05-01' and status_raw != 'Other'",
        lambda it: it["SystemModstamp"].isoformat() >= "2026-05-01" and it["Type"] not in (None, "Other"),
    ),
]


@pytest.mark.parametrize(("where", "holds"), CANONICAL)
def test_canonical_columns_are_filtered_alike(
    org: Service, sf: spyro.Connection, where: str, holds: Any
) -> None:
    wanted = [record["Id"] for record in truth(org, "Account") if holds(record)]
    fetch = sf.fetch("Customer", columns=["id"], where=where)
    assert ids(fetch.to_arrow(), "id") == wanted
    assert fetch.count() == len(wanted)
    assert fetch.head(3)["id"].tolist() == wanted[:3]


def test_a_day_that_became_a_moment_is_compared_as_one(org: Service, sf: spyro.Connection) -> None:
    wanted = sum(str(record["LastActivityDate"] or "") > "2026-01-01" for record in truth(org, "Contact"))
    assert sf.fetch("Contact", where="last_activity_at > '2026-01-01 00:00:00Z'").count() == wanted


def test_a_column_of_the_filter_alone_is_not_shown(sf: spyro.Connection) -> None:
    fetch = sf.fetch("Account", where="Owner.Name like 'A%' and Description is null", limit=2)
    assert fetch.to_arrow().column_names == schema("Account").names
    assert sf.fetch("Account", columns=["Id"], where="Rating = 'Hot'").to_arrow().column_names == ["Id"]
    assert sf.fetch("Customer", where="billing_address.city = 'Paris'", columns=["id"]).head(
        1
    ).columns.tolist() == ["id"]


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"columns": ["Nme"]}, r"Account has no column 'Nme'.*did you mean 'Name'\?"),
        ({"where": "Nme = 'x'"}, r"no column 'Nme'.*did you mean 'Name'\?"),
        ({"columns": ["Ownr.Name"]}, r"no column 'Ownr.Name'.*did you mean 'Owner.…'\?"),
        ({"columns": ["Owner.Nme"]}, r"no column 'Owner.Nme'.*did you mean 'Owner.Name'\?"),
        ({"where": "Parent.Owner.Nme = 'x'"}, r"no column 'Owner.Nme'.*did you mean 'Owner.Name'\?"),
        (
            {"where": "BillingAddress.Cty = 'x'"},
            r"no column 'BillingAddress.Cty'.*did you mean 'BillingAddress.city'\?",
        ),
        ({"where": "Name.first = 'x'"}, r"no column 'Name.first'"),
        ({"native": ["Ratng"]}, r"no column 'Ratng'.*did you mean 'Rating'\?"),
        ({"where": "NumberOfEmployees > 'many'"}, r"NumberOfEmployees is int64; compare it with a number"),
        ({"where": "Segments__c = 'EMEA'"}, r"only 'is null' and 'is not null'"),
        ({"columns": ["Id FROM User"]}, r"no column 'Id FROM User'"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_before_it_is_asked(
    org: Service, sf: spyro.Connection, wishes: dict[str, Any], message: str
) -> None:
    before = len(data_calls(org))
    for ask in (lambda fetch: fetch.to_arrow(), lambda fetch: fetch.count(), lambda fetch: fetch.explain()):
        with pytest.raises(ValidationError, match=message) as caught:
            ask(sf.fetch("Account", **wishes))
        assert "had arrived" not in str(caught.value)
    assert len(data_calls(org)) == before


def test_canonical_columns_are_checked_too(sf: spyro.Connection) -> None:
    for wishes in ({"columns": ["nme"]}, {"where": "nme = 'x'"}):
        with pytest.raises(ValidationError, match=r"no column 'nme'.*did you mean 'name'\?"):
            sf.fetch("Customer", **wishes).to_arrow()  # type: ignore[arg-type]
    with pytest.raises(ValidationError, match="no column 'Rating'"):
        sf.fetch("Customer", where="Rating = 'Hot'").to_arrow()
