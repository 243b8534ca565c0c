"""What travels over the wire."""

import gzip
import http.client
import json
import re
from urllib.parse import quote

import pytest

from spyro_sdk.demo.ids import checksum, make_id, to_18
from spyro_sdk.demo.server import Service, serve
from tests.demo.conftest import VERSION, Client


def test_versions_are_told_to_anyone_and_cost_nothing(own: Service) -> None:
    answer = Client(own).send("/services/data/")
    assert [version["version"] for version in answer.json] == [f"{n}.0" for n in range(59, 68)]
    assert answer.json[-1] == {"label": "Summer '26", "url": "/services/data/v67.0", "version": "67.0"}
    assert own.api_usage == 0


def test_old_versions_are_gone_and_unknown_ones_not_found(client: Client) -> None:
    assert client.get("/services/data/v25.0/limits").status == 410
    assert client.get("/services/data/v99.0/limits").status == 404
    assert client.get("/services/data/v67.0/nothing").code == "NOT_FOUND"
    assert client.get("/nowhere").json == [
        {"message": "The requested resource does not exist", "errorCode": "NOT_FOUND"}
    ]


def test_describe_tells_types_scales_and_references(client: Client) -> None:
    names = [kind["name"] for kind in client.get(f"{VERSION}/sobjects").json["sobjects"]]
    assert names == ["Account", "Contact", "LoginHistory", "Opportunity", "User", "Wide__c"]
    fields = {
        field["name"]: field for field in client.get(f"{VERSION}/sobjects/account/describe").json["fields"]
    }
    assert (fields["AnnualRevenue"]["precision"], fields["AnnualRevenue"]["scale"]) == (18, 2)
    assert fields["OwnerId"]["referenceTo"] == ["User"]
    assert fields["OwnerId"]["relationshipName"] == "Owner"
    assert fields["BillingCity"]["compoundFieldName"] == "BillingAddress"
    assert fields["Rating"]["picklistValues"][0]["value"] == "Hot"
    assert not fields["Description"]["filterable"]
    assert client.get(f"{VERSION}/sobjects/Nothing/describe").code == "NOT_FOUND"


def test_a_page_has_its_keys_in_salesforces_order(client: Client) -> None:
    body = client.ask("SELECT Id FROM Account", Sforce_Query_Options="batchSize=500").body
    assert re.match(
        rb'\{"totalSize":2000,"done":false,"nextRecordsUrl":"/services/data/v67.0/query/01g\w{15}-500","records":\[',
        body,
    )
    assert list(client.ask("SELECT Id FROM User").json) == ["totalSize", "done", "records"]


def test_values_are_written_as_salesforce_does(client: Client, org: Service) -> None:
    record = client.all(
        "SELECT Id, IsDeleted, AnnualRevenue, CreatedDate, LastActivityDate FROM Account"
        " WHERE AnnualRevenue != null AND LastActivityDate != null"
    )[0]
    assert next(iter(record)) == "attributes"
    assert record["attributes"] == {
        "type": "Account",
        "url": f"/services/data/v67.0/sobjects/Account/{record['Id']}",
    }
    assert record["IsDeleted"] is False
    assert isinstance(record["AnnualRevenue"], float)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000", record["CreatedDate"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", record["LastActivityDate"])


@pytest.mark.parametrize("sobject", ["Account", "Contact", "Opportunity", "User", "LoginHistory", "Wide__c"])
def test_the_wire_has_what_the_database_has(client: Client, org: Service, sobject: str) -> None:
    fields = client.get(f"{VERSION}/sobjects/{sobject}/describe").json["fields"]
    names = [field["name"] for field in fields if field["type"] != "address"][:300]
    records = client.all(
        f"SELECT {', '.join(names)} FROM {sobject} ORDER BY Id", Sforce_Query_Options="batchSize=700"
    )
    assert [tuple(record[name] for name in names) for record in records] == org.rows(sobject, names)


def test_an_address_is_null_when_all_its_parts_are(client: Client) -> None:
    records = client.all("SELECT BillingStreet, BillingCity, BillingAddress FROM Account")
    assert {record["BillingAddress"] is None for record in records if record["BillingCity"] is None} == {True}
    address = next(record["BillingAddress"] for record in records if record["BillingAddress"])
    assert list(address) == [
        "city",
        "country",
        "geocodeAccuracy",
        "latitude",
        "longitude",
        "postalCode",
        "state",
        "street",
    ]


def test_data_is_full_of_nulls_and_unicode(client: Client) -> None:
    records = client.all("SELECT Name, Description, Website FROM Account")
    text = json.dumps(records, ensure_ascii=False)
    assert all(sample in text for sample in ("🚀", "東京", "Łódź", "شركة", "\\n", '\\"', "null"))


def test_pages_join_to_the_whole_without_repeats(client: Client, org: Service) -> None:
    ids = [
        record["Id"] for record in client.all("SELECT Id FROM Account", Sforce_Query_Options="batchSize=300")
    ]
    assert sorted(ids) == [row[0] for row in org.rows("Account", ["Id"])]


@pytest.mark.parametrize(
    ("wish", "given"), [("batchSize=1", 200), ("batchSize=9999", 2000), ("batchSize=250", 250), ("", 2000)]
)
def test_a_page_size_is_kept_within_bounds(client: Client, wish: str, given: int) -> None:
    assert len(client.ask("SELECT Id FROM Contact", Sforce_Query_Options=wish).records) == given


def test_the_service_may_send_less_than_wished() -> None:
    with serve(records=300, batch_limit=100) as service:
        assert len(Client(service).ask("SELECT Id FROM Account").records) == 100


def test_deleted_records_are_seen_by_query_all_alone(client: Client, org: Service) -> None:
    deleted = {row[0] for row in org.rows("Account", ["Id"], deleted=True)}
    assert len(deleted) == org.count("Account", deleted=True) == 40
    found = client.all("SELECT Id, IsDeleted FROM Account", "queryAll")
    assert {record["Id"] for record in found if record["IsDeleted"]} == deleted
    assert client.ids("IsDeleted = true") == set()


def test_a_locator_survives_until_ten_more_are_open(own: Service) -> None:
    client = Client(own)
    first = client.ask("SELECT Id FROM Account", Sforce_Query_Options="batchSize=200").json["nextRecordsUrl"]
    for _ in range(9):
        client.ask("SELECT Id FROM Account", Sforce_Query_Options="batchSize=200")
    assert own.open_cursors == 10
    assert client.get(first, Sforce_Query_Options="batchSize=200").status == 200
    client.ask("SELECT Id FROM Account", Sforce_Query_Options="batchSize=200")
    assert own.open_cursors == 10
    answer = client.get(first)
    assert (answer.status, answer.code) == (400, "INVALID_QUERY_LOCATOR")


def test_the_last_page_can_be_asked_for_again(own: Service) -> None:
    client = Client(own)
    answer = client.ask("SELECT Id FROM Account", Sforce_Query_Options="batchSize=600")
    last = client.get(answer.json["nextRecordsUrl"])
    assert own.open_cursors == 0
    assert client.get(answer.json["nextRecordsUrl"]).body == last.body


def test_made_up_locators_are_invalid(client: Client) -> None:
    for locator in ("01g000000000001AAA-2000", "nonsense", "01g-5"):
        assert client.get(f"{VERSION}/query/{locator}").code == "INVALID_QUERY_LOCATOR"


def test_a_query_sees_the_records_of_its_beginning(own: Service) -> None:
    client = Client(own)
    answer = client.ask("SELECT Id FROM Account ORDER BY Id", Sforce_Query_Options="batchSize=600")
    ids = [row[0] for row in own.rows("Account", ["Id"])]
    own.delete("Account", ids[700])
    own.touch("Account", ids[701], Name="Changed")
    new = own.insert("Account", Name="Late", AnnualRevenue=5.5)
    rest = client.get(answer.json["nextRecordsUrl"]).records
    assert [record["Id"] for record in rest] == ids[600:]
    assert new > ids[-1]
    assert to_18(new[:15]) == new
    (latest,) = client.ask("SELECT Id, Name FROM Account ORDER BY SystemModstamp DESC LIMIT 1").records
    assert latest["Name"] == "Late"
    assert client.ids("Name = 'changed'") == {ids[701]}
    assert own.count("Account") == 1000


def test_every_call_tells_the_usage(own: Service) -> None:
    client = Client(own)
    assert client.ask("SELECT Id FROM User").headers["Sforce-Limit-Info"] == "api-usage=1/100000"
    assert client.ask("SELECT nonsense").headers["Sforce-Limit-Info"] == "api-usage=2/100000"
    assert client.get(f"{VERSION}/limits").json["DailyApiRequests"] == {"Max": 100_000, "Remaining": 99_997}


def test_the_daily_limit_is_a_403(own: Service) -> None:
    own.daily_limit, own.api_usage = 10, 10
    answer = Client(own).ask("SELECT Id FROM User")
    assert (answer.status, answer.json) == (
        403,
        [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}],
    )


def test_record_counts_are_told(client: Client) -> None:
    counts = client.get(f"{VERSION}/limits/recordCount?sObjects=Account,Contact").json
    assert counts == {"sObjects": [{"count": 2000, "name": "Account"}, {"count": 2000, "name": "Contact"}]}


def test_a_uri_beyond_16384_bytes_is_refused_with_a_page(client: Client) -> None:
    names = [field["name"] for field in client.get(f"{VERSION}/sobjects/Wide__c/describe").json["fields"]]
    answer = client.ask(f"SELECT {','.join(names)} FROM Wide__c")
    assert (answer.status, answer.headers["Content-Type"]) == (414, "text/html;charset=UTF-8")
    assert client.get(f"{VERSION}/query?q={'x' * 70_000}").status == 414
    start = f"{VERSION}/query?q=" + quote("SELECT Id FROM User WHERE Name != '")
    filled = start + "x" * (16_384 - len(start) - 3) + "%27"
    assert client.get(filled).status == 200
    assert client.get(filled.replace("xx%27", "xxx%27")).status == 414


def test_gzip_is_given_to_those_who_take_it(client: Client) -> None:
    plain = client.ask("SELECT Id, Name FROM Account ORDER BY Id")
    packed = client.ask("SELECT Id, Name FROM Account ORDER BY Id", Accept_Encoding="gzip, deflate")
    assert plain.headers["Content-Encoding"] is None
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    small = client.ask("SELECT COUNT() FROM Account", Accept_Encoding="gzip")
    assert small.headers["Content-Encoding"] is None


def test_other_methods_are_not_allowed(client: Client) -> None:
    answer = client.send(f"{VERSION}/query", {"q": "x"}, Authorization=f"Bearer {client.token}")
    assert (answer.status, answer.code) == (405, "METHOD_NOT_ALLOWED")


def test_one_connection_serves_many_requests(client: Client) -> None:
    connection = http.client.HTTPConnection(client.base_url.removeprefix("http://"))
    headers = {"Authorization": f"Bearer {client.token}"}
    ports = set()
    for path in ("limits", "nothing", "query?q=SELECT+Id+FROM+User"):
        connection.request("GET", f"{VERSION}/{path}", headers=headers)
        ports.add(connection.sock.getsockname())
        connection.getresponse().read()
    connection.close()
    assert len(ports) == 1


def test_ids_have_the_checksum_of_a_real_one() -> None:
    assert checksum("001A0000006Vm9r") == "IAC"
    assert to_18("001A0000006Vm9r") == "001A0000006Vm9rIAC"
    assert to_18("nonsense") is None
    ids = [make_id("001", n) for n in range(0, 300_000, 37)]
    assert ids == sorted(set(ids))
    assert all(to_18(id[:15]) == id for id in ids)


def test_the_same_seed_gives_the_same_records(org: Service) -> None:
    columns = ["Id", "Name", "AnnualRevenue", "SystemModstamp", "OwnerId"]
    with serve(records=2_000, seed=11) as twin, serve(records=2_000, seed=12) as other:
        assert twin.rows("Account", columns) == org.rows("Account", columns)
        assert twin.rows("Contact", ["Id", "AccountId"]) == org.rows("Contact", ["Id", "AccountId"])
        assert other.rows("Account", columns) != org.rows("Account", columns)


def test_stamps_repeat_here_and_there(org: Service) -> None:
    stamps = [row[0] for row in org.rows("Account", ["SystemModstamp"])]
    assert 100 < len(set(stamps)) < len(stamps)
