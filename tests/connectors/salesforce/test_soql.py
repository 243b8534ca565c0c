"""A filter becomes SOQL that lets through all that was asked for, and nothing else of what was written."""

from __future__ import annotations

import doctest
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spyro_sdk.connectors.salesforce import conditions, describe, soql
from spyro_sdk.demo import soql as demo_soql
from spyro_sdk.entity import Column
from spyro_sdk.where import parse

KINDS = {
    "Name": "string",
    "OwnerId": "reference",
    "Industry": "picklist",
    "Description": "textarea",
    "Segments__c": "multipicklist",
    "Employees": "int",
    "Big": "long",
    "Revenue": "currency",
    "Active": "boolean",
    "Owner.Active": "boolean",
    "Day": "date",
    "Moment": "datetime",
    "Clock": "time",
    "Strange": "anyType",
}
OWNER = "005gL0000000001QAA"


COLUMNS = {
    name: Column(name, describe.TYPES.get(kind, pa.string()), filterable=kind != "textarea", native_type=kind)
    for name, kind in KINDS.items()
}
SCHEMA = pa.schema([(column.name, column.type) for column in COLUMNS.values()])


def translated(text: str) -> tuple[str, bool]:
    found = conditions.condition(parse(text).bind(SCHEMA).root, COLUMNS.get)
    return found.text, found.exact


@pytest.mark.parametrize("module", [soql, describe])
def test_the_examples_in_the_docstrings_hold(module: Any) -> None:
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ("Employees > 5", "Employees > 5"),
        ("Employees in (1, 2e3)", "Employees IN (1, 2000)"),
        ("Revenue >= -1.50", "Revenue >= -1.5"),
        ("Revenue < 1e6", "Revenue < 1000000"),
        ("Revenue = 0", "Revenue = 0"),
        ("Active", "Active = true"),
        ("not Active", "Active = false"),
        ("Owner.Active", "Owner.Active = true"),
        ("Day <= '2026-01-31'", "Day <= 2026-01-31"),
        ("Day in ('2026-01-31', '2026-02-01')", "Day IN (2026-01-31, 2026-02-01)"),
        ("Moment > '2026-01-31'", "Moment > 2026-01-31T00:00:00.000Z"),
        ("Moment > '2026-01-31 12:00:00.25+01:00'", "Moment > 2026-01-31T11:00:00.250Z"),
        ("Name is null", "Name = null"),
        ("Segments__c is not null", "Segments__c != null"),
        (f"OwnerId = '{OWNER}'", f"OwnerId = '{OWNER}'"),
        (f"OwnerId in ('{OWNER}')", f"OwnerId IN ('{OWNER}')"),
        ("Employees > 5 and Active", "(Employees > 5) AND (Active = true)"),
        (
            "Employees > 5 or (Active and Day is null)",
            "(Employees > 5) OR ((Active = true) AND (Day = null))",
        ),
        ("not (Employees > 5 or Active)", "(Employees <= 5) AND (Active = false)"),
    ],
)
def test_what_means_the_same_in_soql_is_left_to_it(where: str, text: str) -> None:
    assert translated(where) == (text, True)


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ("Name = 'Acme'", "Name = 'Acme'"),  # regardless of case there
        ("Industry in ('Energy', 'Banking')", "Industry IN ('Energy', 'Banking')"),
        ("Name like 'A%'", "Name LIKE 'A%'"),
        ("Name ilike 'a_%'", "Name LIKE 'a_%'"),
        ("Name ilike 'a_!%' escape '!'", r"Name LIKE 'a_\%'"),
        (r"Name like 'a\\b'", "Name LIKE 'a__b'"),
        ("Employees != 5", "Employees != 5"),  # null differs from everything there
        ("not Owner.Active", "Owner.Active = false"),  # and so it is where there is no owner
        ("OwnerId = 'nonsense'", "OwnerId = null"),  # which else is refused
        (f"OwnerId in ('{OWNER}', '')", f"OwnerId IN ('{OWNER}', null)"),
        ("Name = 'Acme' and Description = 'x'", "(Name = 'Acme')"),
    ],
)
def test_what_means_more_in_soql_is_left_to_it_and_looked_at_again(where: str, text: str) -> None:
    assert translated(where) == (text, False)


@pytest.mark.parametrize(
    "where",
    [
        "Name != 'Acme'",
        "Name < 'Acme'",
        "Name not in ('Acme')",
        "Name not like 'A%'",
        "Name like ''",
        "OwnerId like '005%'",
        f"OwnerId > '{OWNER}'",
        "Description = 'x'",
        "Description is null",
        "Clock is null or Description is null",
        "Active is null",
        "Active != true",
        "Active < true",
        "Active in (true)",
        "Employees not in (1)",
        "Employees > 2.5",
        "Employees < 2147483648",
        "Employees > 1e400",
        "Employees in (1, 2.5)",
        "Big < 1e19",
        "Revenue > 1e30",
        "Revenue > 1e-30",
        "Revenue > 0.3000000000000000001",
        "Moment > '2026-01-31 12:00:00.0005'",
        "Moment > '1600-01-01'",
        "Moment < '9999-12-31'",
        "Day > '0001-01-01'",
        "Day in ('0001-01-01')",
        "Strange = 'x'",
        "Strange < 'x'",
        "Name = 'Acme' or Description = 'x'",
    ],
)
def test_what_soql_cannot_say_is_not_said(where: str) -> None:
    assert translated(where) == ("", False)


def test_a_clock_is_there_or_not() -> None:
    assert translated("Clock is not null") == ("Clock != null", True)


hostile = st.text(alphabet=st.sampled_from("'\"\\\n\r\t\b\f%_ ()aAnu0éß🚀—\0\v;-"), max_size=20)


@given(hostile)
@example("' OR Name != '")
@example("\\")
@example("\\' OR Id != null --")
@example("u0027")
@settings(max_examples=200, deadline=None)
def test_no_value_breaks_out_of_its_quotes(text: str) -> None:
    """The service's own parser, which shares no code with ours, reads one comparison with that very value."""
    statement = soql.select(["Id"], "Account", [f"Name = {soql.quoted(text)}"])
    where = demo_soql.parse(statement).where
    assert isinstance(where, demo_soql.Comparison)
    assert (where.operator, where.values[0].value) == ("=", text or None)


@given(hostile.filter(bool))
@settings(max_examples=200, deadline=None)
def test_no_pattern_breaks_out_of_its_quotes(text: str) -> None:
    quoted = text.replace("'", "''").replace("!", "!!")
    condition, exact = translated(f"Name like '{quoted}' escape '!'")
    where = demo_soql.parse(f"SELECT Id FROM Account WHERE {condition}").where
    assert isinstance(where, demo_soql.Comparison)
    assert not exact
    assert where.values[0].value == text.replace("\\", "_")


@pytest.mark.parametrize(
    ("since", "literal"),
    [
        (datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01T00:00:00.000Z"),
        (
            datetime(2026, 1, 1, 12, 0, 0, 250_000, tzinfo=timezone(timedelta(hours=2))),
            "2026-01-01T10:00:00.250Z",
        ),
        (datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC), "2026-01-01T00:00:00.001Z"),
        (datetime(2025, 12, 31, 23, 59, 59, 999_001, tzinfo=UTC), "2026-01-01T00:00:00.000Z"),
        (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=9))), "1700-01-01T00:00:00.000Z"),
        (datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-9))), "4000-12-31T00:00:00.000Z"),
    ],
)
def test_a_moment_is_rounded_up_to_what_salesforce_keeps(since: datetime, literal: str) -> None:
    assert soql.at_or_after("SystemModstamp", since) == f"SystemModstamp >= {literal}"


def test_empty_conditions_leave_no_trace() -> None:
    assert soql.select(["Id", "Name"], "Account", ["", ""], order="") == "SELECT Id, Name FROM Account"
    assert soql.select(["Id"], "Account", ["", "A = 1", "B = 2"], limit=0) == (
        "SELECT Id FROM Account WHERE (A = 1) AND (B = 2) ORDER BY Id LIMIT 0"
    )
