"""What SOQL means where it differs from SQL."""

import pytest

from spyro_sdk.demo.server import Service, serve
from tests.demo.conftest import Client


def oracle(org: Service, column: str, keep: object) -> set[str]:
    return {id for id, value in org.rows("Account", ["Id", column]) if keep(value)}  # type: ignore[operator]


def test_text_is_compared_without_regard_to_case(client: Client, org: Service) -> None:
    assert client.ids("Rating = 'hOt'") == oracle(org, "Rating", lambda value: value == "Hot") != set()
    assert client.ids("Name = 'ŁÓDŹ meble Foods gmbh'") == oracle(
        org, "Name", lambda name: name == "Łódź Meble Foods GmbH"
    )
    assert client.ids("Industry IN ('ENERGY', 'food & beverage')") == client.ids(
        "Industry IN ('Energy', 'Food & Beverage')"
    )


def test_like_ignores_case_and_knows_its_escapes(client: Client, org: Service) -> None:
    assert (
        client.ids("Name LIKE 'acme%'") == oracle(org, "Name", lambda name: name.startswith("Acme")) != set()
    )
    assert client.ids("Name LIKE '%ÇELİK%' OR Name LIKE 'çelik%'") == oracle(
        org, "Name", lambda name: "Çelik" in name
    )
    assert client.ids(r"Name LIKE '%\"q\"%'") == oracle(org, "Name", lambda name: '"Q"' in name) != set()
    assert client.ids(r"Name LIKE 'Acme\%'") == set()
    assert client.ids("Name LIKE '_cme%'") == client.ids("Name LIKE 'Acme%'")


def test_unequal_finds_nulls_too(client: Client, org: Service) -> None:
    assert client.ids("Rating != 'Hot'") == oracle(org, "Rating", lambda value: value != "Hot")
    assert (
        client.ids("Rating <> 'Hot'")
        == client.ids("NOT Rating = 'Hot'")
        == client.ids("Rating NOT IN ('Hot')")
    )


def test_not_is_two_valued(client: Client, org: Service) -> None:
    few = oracle(org, "NumberOfEmployees", lambda value: value is None or not value > 100)
    assert client.ids("NOT NumberOfEmployees > 100") == few
    assert client.ids("NOT (NumberOfEmployees > 100 AND Rating = 'Hot')") >= few
    assert client.ids("NOT (NOT NumberOfEmployees > 100)") == client.ids("NumberOfEmployees > 100")


def test_null_is_a_value_to_ask_for(client: Client, org: Service) -> None:
    missing = oracle(org, "Rating", lambda value: value is None)
    assert client.ids("Rating = null") == client.ids("Rating = ''") == missing != set()
    assert client.ids("Rating IN ('Hot', null)") == missing | client.ids("Rating = 'Hot'")
    assert not client.ids("Rating != null") & missing


def test_booleans_are_never_null(client: Client, org: Service) -> None:
    assert client.ids("Is_Strategic__c = null") == set()
    assert client.ids("Is_Strategic__c = TRUE") | client.ids("Is_Strategic__c != true") == oracle(
        org, "Id", bool
    )


def test_a_15_character_id_is_its_18_character_one(client: Client, org: Service) -> None:
    id = org.rows("Account", ["Id"])[7][0]
    assert client.ids(f"Id = '{id[:15]}'") == client.ids(f"Id IN ('{id}')") == {id}
    assert client.ask("SELECT Id FROM Account WHERE Id = 'nonsense'").code == "INVALID_QUERY_FILTER_OPERATOR"
    assert client.ask("SELECT Id FROM Account WHERE Id LIKE '001%'").code == "INVALID_FIELD"


def test_ids_are_in_binary_order(client: Client, org: Service) -> None:
    ids = [record["Id"] for record in client.all("SELECT Id FROM Account ORDER BY Id")]
    assert ids == sorted(ids) == [row[0] for row in org.rows("Account", ["Id"])]
    assert client.ids(f"Id > '{ids[900]}'") == set(ids[901:])


def test_without_order_by_ids_are_in_none(client: Client) -> None:
    ids = [record["Id"] for record in client.all("SELECT Id FROM Account")]
    assert ids != sorted(ids)
    assert ids == [record["Id"] for record in client.all("SELECT Id FROM Account")]


def test_numbers_and_times_are_compared_as_such(client: Client, org: Service) -> None:
    assert (
        client.ids("AnnualRevenue > 1e6")
        == oracle(org, "AnnualRevenue", lambda value: value and value > 1e6)
        != set()
    )
    noon = oracle(org, "SystemModstamp", lambda value: value >= "2026-01-01T12:00:00.000+0000")
    assert client.ids("SystemModstamp >= 2026-01-01T12:00:00Z") == noon != set()
    assert client.ids("SystemModstamp >= 2026-01-01T13:00:00+01:00") == noon
    assert client.ids("SystemModstamp >= 2026-01-01T13:00:00.000+0100") == noon
    assert client.ids("Renewal_Date__c < 2026-01-01") == oracle(
        org, "Renewal_Date__c", lambda day: day and day < "2026-01-01"
    )


def test_and_with_or_needs_parentheses(client: Client) -> None:
    mixed = client.ask("SELECT Id FROM Account WHERE Name = 'a' AND Name = 'b' OR Name = 'c'")
    assert (mixed.status, mixed.code) == (400, "MALFORMED_QUERY")
    assert "unexpected token: 'OR'" in mixed.message
    assert client.ask("SELECT Id FROM Account WHERE (Name = 'a' AND Name = 'b') OR Name = 'c'").status == 200


def test_multipicklists_are_searched_by_item(client: Client, org: Service) -> None:
    found = client.ids("Segments__c INCLUDES ('EMEA;Enterprise', 'Renewal')")
    wanted = oracle(
        org,
        "Segments__c",
        lambda value: (
            value and ({"EMEA", "Enterprise"} <= set(value.split(";")) or "Renewal" in value.split(";"))
        ),
    )
    assert found == wanted != set()
    assert client.ids("Segments__c EXCLUDES ('EMEA')") == oracle(
        org, "Segments__c", lambda value: "EMEA" not in (value or "")
    )


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("Description = 'x'", "field 'Description' can not be filtered in a query call"),
        ("BillingAddress = null", "field 'BillingAddress' can not be filtered in a query call"),
        (
            "SystemModstamp > '2026-01-01T00:00:00Z'",
            "'SystemModstamp' must be of type dateTime and should not be enclosed in quotes",
        ),
        ("SystemModstamp > 2026-01-01", "must be of type dateTime and should not be enclosed in quotes"),
        (
            "Renewal_Date__c > 2026-01-01T00:00:00Z",
            "must be of type date and should not be enclosed in quotes",
        ),
        ("NumberOfEmployees = '5'", "must be of type int and should not be enclosed in quotes"),
        ("Name = 5", "must be of type string and should be enclosed in quotes"),
        ("Is_Strategic__c = 'true'", "must be of type boolean and should not be enclosed in quotes"),
        ("Foo = 5", "No such column 'Foo' on entity 'Account'"),
        ("Chief.Name = 'x'", "Didn't understand relationship 'Chief'"),
    ],
)
def test_a_filter_that_cannot_be_is_refused(client: Client, where: str, words: str) -> None:
    answer = client.ask(f"SELECT Id FROM Account WHERE {where}")
    assert (answer.status, answer.code) == (400, "INVALID_FIELD")
    assert words in answer.message


@pytest.mark.parametrize(
    "soql",
    [
        "SELECT FROM Account",
        "SELECT Id Account",
        "SELECT Id FROM Account WHERE",
        "SELECT Id FROM Account WHERE Name = O'Brien",
        "SELECT Id FROM Account WHERE SystemModstamp > 2026-01-01T00:00:00 00:00",
        "SELECT Id FROM Account WHERE (Name = 'a'",
        "SELECT Id FROM Account LIMIT x",
        "SELECT Id FROM Account WHERE CreatedDate > 2026-13-41T00:00:00Z",
        r"SELECT Id FROM Account WHERE Name = '\q'",
        "SELECT FIELDS(ALL) FROM Account",
        "SELECT FIELDS(ALL) FROM Account LIMIT 201",
        "DELETE FROM Account",
        "",
    ],
)
def test_broken_grammar_is_malformed(client: Client, soql: str) -> None:
    answer = client.ask(soql)
    assert (answer.status, answer.code) == (400, "MALFORMED_QUERY")


def test_an_error_shows_its_place(client: Client) -> None:
    answer = client.ask("SELECT Nam FROM Account")
    assert answer.message.startswith(
        "\nSELECT Nam FROM Account\n       ^\nERROR at Row:1:Column:8\n"
        "No such column 'Nam' on entity 'Account'."
    )
    answer = client.ask("SELECT Id FROM Account WHERE Foo")
    assert "\nERROR at Row:1:Column:33\nunexpected token: <EOF>" in answer.message
    assert "ERROR at Row:2:Column:6" in client.ask("SELECT Id\nFROM Nothing").message


def test_an_unknown_object_is_an_invalid_type(client: Client) -> None:
    assert client.ask("SELECT Id FROM Customer").code == "INVALID_TYPE"


def test_relationships_are_nested_up_to_five_levels(client: Client, org: Service) -> None:
    records = client.all(
        "SELECT Id, Account.Name, Account.Owner.Name, Account.Parent.Parent.Name FROM Contact LIMIT 500"
    )
    with_account = [record for record in records if record["Account"]]
    assert len(with_account) < len(records)  # some contacts have none
    first = with_account[0]["Account"]
    assert list(first) == ["attributes", "Name", "Owner", "Parent"]
    assert first["Owner"]["attributes"]["type"] == "User"
    names = dict(org.rows("Account", ["Id", "Name"], deleted=None))
    assert names[first["attributes"]["url"].rsplit("/", 1)[1]] == first["Name"]
    assert client.ask("SELECT Account.Parent.Parent.Parent.Parent.Name FROM Contact LIMIT 1").status == 200
    assert (
        client.ask("SELECT Account.Parent.Parent.Parent.Parent.Parent.Name FROM Contact").code
        == "INVALID_FIELD"
    )


def test_filters_and_orders_reach_through_relationships(client: Client, org: Service) -> None:
    hot = oracle(org, "Rating", lambda value: value == "Hot")
    wanted = {id for id, account in org.rows("Contact", ["Id", "AccountId"]) if account in hot}
    assert client.ids("Account.Rating = 'hot'", "Contact") == wanted != set()
    strange = client.ids("Account.Is_Strategic__c = false", "Contact")
    assert {id for id, account in org.rows("Contact", ["Id", "AccountId"]) if account is None} <= strange


def test_nulls_come_first_unless_told_otherwise(client: Client) -> None:
    ratings = [record["Rating"] for record in client.all("SELECT Rating FROM Account ORDER BY Rating DESC")]
    assert ratings[0] is None
    ratings = [
        record["Rating"]
        for record in client.all("SELECT Rating FROM Account ORDER BY Rating DESC NULLS LAST")
    ]
    assert (ratings[0], ratings[-1]) == ("Warm", None)
    assert client.ask("SELECT Id FROM Account ORDER BY Description").code == "INVALID_FIELD"


def test_limit_and_offset_count(client: Client) -> None:
    ids = [record["Id"] for record in client.all("SELECT Id FROM Account ORDER BY Id")]
    answer = client.ask("SELECT Id FROM Account ORDER BY Id LIMIT 5 OFFSET 10")
    assert [record["Id"] for record in answer.records] == ids[10:15]
    assert answer.json["totalSize"] == 5
    assert client.ask("SELECT Id FROM Account OFFSET 2001").code == "NUMBER_OUTSIDE_VALID_RANGE"


def test_count_counts(client: Client, org: Service) -> None:
    assert client.ask("SELECT COUNT() FROM Account").json == {"totalSize": 2000, "done": True, "records": []}
    assert client.ask("select count() from account where rating = 'hot'").json["totalSize"] == len(
        client.ids("Rating = 'Hot'")
    )


def test_fields_all_gives_every_field(client: Client) -> None:
    (record,) = client.ask("SELECT FIELDS(ALL) FROM Account LIMIT 1").records
    described = client.get("/services/data/v67.0/sobjects/Account/describe").json["fields"]
    assert list(record) == ["attributes", *(field["name"] for field in described)]
    (custom,) = client.ask("SELECT FIELDS(CUSTOM) FROM Account LIMIT 1").records
    assert "Tier__c" in custom
    assert "Name" not in custom


def test_names_are_given_in_their_own_case(client: Client) -> None:
    (record,) = client.ask("select id, account.name, BILLINGADDRESS from ACCOUNT limit 1").records
    assert list(record) == ["attributes", "Id", "Name", "BillingAddress"]
    assert client.ask("SELECT a.Name FROM Account a LIMIT 1").status == 200
    assert client.ask("SELECT Id, id FROM Account").code == "INVALID_FIELD"


def test_a_currency_code_is_there_only_in_a_multi_currency_org(client: Client) -> None:
    assert client.ask("SELECT CurrencyIsoCode FROM Account LIMIT 1").code == "INVALID_FIELD"
    with serve(records=10, multi_currency=True) as service:
        (record,) = Client(service).ask("SELECT CurrencyIsoCode FROM Account LIMIT 1").records
    assert len(record["CurrencyIsoCode"]) == 3
