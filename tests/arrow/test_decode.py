"""Bodies become batches: the usual ones by the fast road, the shapes of services by either."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from spyro_sdk.arrow import fast
from spyro_sdk.arrow.decode import Body, ahead, decode, nothing_at, open_body
from spyro_sdk.arrow.exact import parse
from spyro_sdk.errors import DecodeError

SHAPES = Path(__file__).parent / "shapes"
PATHS = {
    "salesforce": "records",
    "hubspot": "results",
    "stripe": "data",
    "zendesk": "tickets",
    "github": "",
    "jsonapi": "data",
}
MOMENT = pa.timestamp("ms", "UTC")


def exactly(text, path, schema, closed=False):
    """What the exact road makes of a body."""
    return decode(Body(parse(text), None, text, path), schema, closed=closed)


def assert_same(found, expected):
    found.validate(full=True)
    assert found.schema.equals(expected.schema, check_metadata=True)
    assert found.equals(expected)


# --- the shapes of services ----------------------------------------------------------------------------


def shape(name):
    return (SHAPES / f"{name}.json").read_bytes()


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize("closed", [False, True])
def test_the_shape_of_a_service_is_decoded_by_either_road(name, closed):
    text, path = shape(name), PATHS[name]
    body = open_body(gzip.compress(text), "gzip", path)
    agreed = exactly(text, path, None).schema
    narrow = pa.schema(list(agreed)[1::2])
    assert bytes(body.records)[:1] == b"["
    for schema in (None, agreed, narrow):
        assert_same(decode(body, schema, closed=closed), exactly(text, path, schema, closed))
    fast.read(body.records, agreed)
    fast.read(body.records, narrow, closed=True)


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        (
            "salesforce",
            {
                "totalSize": 4001,
                "done": False,
                "nextRecordsUrl": "/services/data/v67.0/query/01gD0000002HU6KIAW-2000",
                "records": [],
            },
        ),
        ("stripe", {"object": "list", "data": [], "has_more": True, "url": "/v1/invoices"}),
        ("github", []),
    ],
)
def test_the_envelope_of_a_service_is_read_without_its_records(name, payload):
    assert open_body(shape(name), None, PATHS[name]).payload == payload


def test_what_is_included_beside_the_records_stays_in_the_envelope():
    body = open_body(shape("jsonapi"), None, "data")
    assert [it["id"] for it in body.payload["included"]] == ["9", "5"]
    assert body.payload["meta"] == {"total": 13}


def test_the_declared_columns_of_a_service_are_read_fast_and_typed():
    schema = pa.schema(
        [
            pa.field("Id", pa.string(), nullable=False),
            ("AnnualRevenue", pa.decimal128(18, 2)),
            ("NumberOfEmployees", pa.int64()),
            ("CreatedDate", MOMENT),
            ("LastActivityDate", pa.date32()),
            ("Owner", pa.struct([("Name", pa.string())])),
        ]
    )
    body = open_body(shape("salesforce"), None, "records")
    found = fast.read(body.records, schema, closed=True)
    assert found.schema == schema
    assert_same(found, exactly(body.text, "records", schema, True))


# --- usual pages ---------------------------------------------------------------------------------------

USUAL = pa.schema(
    [
        pa.field("Id", pa.string(), nullable=False),
        ("Name", pa.string()),
        ("IsDeleted", pa.bool_()),
        ("Employees", pa.int64()),
        ("Revenue", pa.float64()),
        ("Price", pa.decimal128(18, 2)),
        ("Born", pa.date32()),
        ("Changed", MOMENT),
    ]
)


def usual(number):
    return {
        "attributes": {"type": "Account", "url": f"/sobjects/Account/{number}"},
        "Id": f"001{number:012}AAA",
        "Name": f"Łódź Meble {number}\n[“green”]",
        "IsDeleted": number % 2 == 0,
        "Employees": number if number % 7 else None,
        "Revenue": number / 100,
        "Price": number / 100,
        "Born": "2024-02-29" if number % 3 else None,
        "Changed": f"2024-02-29T12:00:{number % 60:02}.000+0000",
    }


def page(rows):
    return json.dumps({"done": True, "records": rows}, ensure_ascii=False).encode()


def test_a_usual_page_takes_the_fast_road():
    text = page([usual(number) for number in range(2_000)])
    body = open_body(text, None, "records")
    found = fast.read(body.records, USUAL, closed=True)
    assert found.schema == USUAL
    assert_same(found, exactly(text, "records", USUAL, True))


def test_a_column_that_nobody_knew_is_kept_and_read_fast_from_then_on():
    first = open_body(page([usual(1), usual(2)]), None, "records")
    with pytest.raises(fast.Refused):
        fast.read(first.records, USUAL)
    agreed = decode(first, USUAL).schema
    assert agreed.names == [*USUAL.names, "attributes"]
    second = open_body(page([usual(3)]), None, "records")
    assert_same(fast.read(second.records, agreed), exactly(second.text, "records", agreed))


def test_a_column_of_nulls_is_read_fast_until_its_first_value():
    schema = pa.schema([("a", pa.null()), ("b", pa.int64())])
    assert fast.read(b'[{"a":null,"b":1},{"b":2}]', schema).schema == schema
    body = open_body(b'[{"a":"x","b":1}]', None)
    assert decode(body, schema).schema == pa.schema([("a", pa.string()), ("b", pa.int64())])


def test_without_a_schema_every_column_of_a_page_is_found():
    assert decode(open_body(b'[{"a":1},{"b":"2024-02-29"}]', None), None).to_pylist() == [
        {"a": 1, "b": None},
        {"a": None, "b": "2024-02-29"},
    ]
    assert decode(open_body(b'[{"a":1}]', None), None, closed=True).to_pylist() == [{"a": 1}]


def test_decimals_keep_their_digits_by_either_road():
    schema = pa.schema([("a", pa.struct([("b", pa.list_(pa.decimal128(38, 10)))]))])
    digits = "1234567890123456789012345678.0123456789"
    text = f'[{{"a":{{"b":[{digits}]}}}}]'.encode()
    whole = Body(parse(text), None, text, "")
    for body in (open_body(text, None), whole, open_body(text.replace(b"}}]", b'},"new":1}]'), None)):
        assert str(decode(body, schema)["a"][0].as_py()["b"][0]) == digits


def test_no_records_are_an_empty_batch_of_the_schema():
    for text, path in ((b"[]", ""), (b'{"records": [ ]}', "records")):
        found = decode(open_body(text, None, path), USUAL)
        assert found.num_rows == 0
        assert found.schema.equals(USUAL, check_metadata=True)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (b"null", ""),
        (b'{"a":1}', ""),
        (b"[1]", ""),
        (b'[{"a":1},2]', ""),
        (b'[{"a":1},null]', ""),
        (b'{"data":{"a":1}}', "data"),
        (b'{"data":null}', "data"),
        (b'{"data":[[]]}', "data"),
        (b'{"data":[{"a":1}]}', "records"),
        (b'{"data":[{"a":1},1],"next":"u","more":[{}]}', "data"),
    ],
)
def test_what_is_no_list_of_objects_is_an_error(text, path):
    for schema in (None, pa.schema([("a", pa.int64())])):
        with pytest.raises(
            DecodeError, match="without a list of records" + (f" at '{path}'" if path else "$")
        ):
            decode(open_body(text, None, path), schema)


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"records":[{"a":1}', b'{"records":[{"a":1}],"x":}'])
def test_what_is_no_json_is_an_error_when_it_is_opened(body):
    with pytest.raises(DecodeError, match="no JSON"):
        open_body(body, None, "records")


def test_what_is_no_json_inside_of_the_records_is_an_error_at_last():
    body = open_body(b'{"records":[{"a":1,}],"x":1}', None, "records")
    assert body.payload == {"records": [], "x": 1}
    for schema in (None, pa.schema([("a", pa.int64())])):
        with pytest.raises(DecodeError, match=r"no JSON.*begins '{\"records\""):
            decode(body, schema)


@pytest.mark.parametrize("encoding", [None, "gzip"])
def test_the_address_of_the_next_page_is_known_before_the_page_has_come(encoding):
    text = page([usual(number) for number in range(2_000)]).replace(b'"done": true', b'"next": "/q/2"')
    start = (gzip.compress(text) if encoding else text)[:2_000]
    assert ahead(start, encoding, "records") == {"next": "/q/2"}
    assert ahead(start, "br", "records") == {}


@pytest.mark.parametrize("path", ["", "data", "data.items"])
def test_a_body_that_never_came_has_no_records(path):
    assert decode(nothing_at(path), None).num_rows == 0


DEEP = """
import pyarrow as pa
from spyro_sdk.arrow.decode import decode, open_body
from spyro_sdk.errors import DecodeError

deep = 200_000
kinds = {"a": pa.string(), "b": pa.list_(pa.list_(pa.int64())), "c": pa.struct([("c", pa.int64())])}
schema = pa.schema(list(kinds.items()))
for opening, closing in (("[", "]"), ('{"c":', "}")):
    for inner in (opening * deep + "1" + closing * deep, opening * deep):
        for text in (
            inner,
            f'{{"records":[{{"x":{inner}}}]}}',
            f'{{"records":[{{"a":{inner},"b":{inner},"c":{inner}}}]}}',
            f'{{"x":{inner},"records":[{{"a":"b"}}]}}',
            f'{{"records":[{{"a":"b"}}],"x":{inner}}}',
        ):
            for known in (None, schema):
                for closed in (False, True):
                    for path in ("", "records"):
                        try:
                            body = open_body(text.encode(), None, path)
                            print(decode(body, known, closed=closed).num_rows)
                        except DecodeError:
                            print("DecodeError")
"""


def test_a_body_of_two_hundred_thousand_levels_ends_in_an_error_and_not_in_a_crash():
    ended = subprocess.run([sys.executable, "-c", DEEP], capture_output=True, text=True, check=True)
    assert set(ended.stdout.split()) == {"DecodeError", "1"}  # what a closed schema leaves out may be deep
