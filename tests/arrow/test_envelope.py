"""What stands around the records is told from them, and never a part of them taken for the rest."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spyro_sdk.arrow.envelope import AROUND, MOST_TRIES, before, split
from spyro_sdk.arrow.exact import parse
from spyro_sdk.paging import dig

KEYS = st.sampled_from(["data", "next", "items", "a", "ü", "", "]", '"data":['])
LEAVES = st.none() | st.booleans() | st.integers() | st.text(st.sampled_from('"\\[]{},: xü'), max_size=6)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=6
)
RECORDS = st.lists(st.dictionaries(KEYS, VALUES, max_size=3), max_size=3)
PATHS = {"": "", "data": "data", "data.items": "items", "ü.data": "data", "].items": "items"}
SPACING = st.sampled_from([(",", ":"), (", ", ": "), (" ,\n ", "\t:\r\n")])


@st.composite
def bodies(draw):
    """A path, the text of a body, and its records."""
    path, records, value = draw(st.sampled_from([*PATHS])), draw(RECORDS), None
    value = records
    for step in reversed(path.split(".") if path else []):
        head, tail = (
            draw(st.dictionaries(KEYS, VALUES, max_size=3)),
            draw(st.dictionaries(KEYS, VALUES | RECORDS, max_size=3)),
        )
        head.pop(step, None)
        value = {**head, step: value, **{key: it for key, it in tail.items() if key not in {*head, step}}}
    text = json.dumps(
        value, separators=draw(SPACING), indent=draw(st.none() | st.just(1)), ensure_ascii=False
    )
    return path, draw(st.sampled_from(["", "\ufeff", " \n"])).encode() + text.encode(), records


@settings(max_examples=500, deadline=None)
@given(bodies())
def test_what_is_split_is_the_list_and_all_around_it(body):
    path, text, records = body
    whole = parse(text.lstrip(b"\xef\xbb\xbf"))
    found = split(text, path)
    if found is not None:
        around, inside = found
        assert parse(bytes(inside)) == records
        dig(whole, path).clear()
        assert around == whole
        assert list(around) == list(whole)


@settings(max_examples=300, deadline=None)
@given(bodies(), st.data())
def test_what_the_beginning_says_is_what_the_whole_says_before_the_records(body, data):
    path, text, _ = body
    said = before(text[: data.draw(st.integers(0, len(text)))], path)
    whole = parse(text.lstrip(b"\xef\xbb\xbf"))
    while said:
        *others, (last, inner) = said.items()
        assert all(whole[key] == value for key, value in others)
        if last != path.partition(".")[0]:
            assert whole[last] == inner
            break
        whole, said, path = whole[last], inner, path.partition(".")[2]


def around(text, path):
    found = split(text, path)
    return found and (found[0], bytes(found[1]))


@pytest.mark.parametrize(
    ("text", "path", "payload", "records"),
    [
        (b'[{"a":1}]', "", [], b'[{"a":1}]'),
        (b'\xef\xbb\xbf \r\n[ {"a":1}\n] ', "", [], b'[ {"a":1}\n]'),
        (b"[]", "", [], b"[]"),
        (b'{"data" : [ ] , "next":["x"]}', "data", {"data": [], "next": ["x"]}, b"[ ]"),
        (b'{"data":[{"a":[]}],"next":"x"}', "data", {"data": [], "next": "x"}, b'[{"a":[]}]'),
        # the key stands in a text, in another object, and at last where the path leads
        (
            rb'{"t":"\"data\":[{","m":{"data":[{}]},"data":[{"a":1}]}',
            "data",
            {"t": '"data":[{', "m": {"data": [{}]}, "data": []},
            b'[{"a":1}]',
        ),
        # lists behind the records: of texts, of objects, and in objects
        (b'{"data":[{"a":1}],"more":["x"]}', "data", {"data": [], "more": ["x"]}, b'[{"a":1}]'),
        (b'{"data":[{"a":1}],"more":[{"b":2}]}', "data", {"data": [], "more": [{"b": 2}]}, b'[{"a":1}]'),
        (
            b'{"data":[{"a":[{"x":1}],"b":2}],"next":"u","more":[{"b":[{"y":1}],"c":1}]}',
            "data",
            {"data": [], "next": "u", "more": [{"b": [{"y": 1}], "c": 1}]},
            b'[{"a":[{"x":1}],"b":2}]',
        ),
        (
            b'{"r":{"data":[{"a":1}] } ,"more":{"data":[]}}',
            "r.data",
            {"r": {"data": []}, "more": {"data": []}},
            b'[{"a":1}]',
        ),
        # records that hold lists of objects with keys behind them
        (b'{"data":[{"a":[{"x":1}],"b":2}]}', "data", {"data": []}, b'[{"a":[{"x":1}],"b":2}]'),
        (b'{"r":{"data":[{"a":1}]},"n":1}', "r.data", {"r": {"data": []}, "n": 1}, b'[{"a":1}]'),
    ],
)
def test_a_body_is_split(text, path, payload, records):
    assert around(text, path) == (payload, records)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (b"", ""),
        (b"{}", ""),
        (b"null", "data"),
        (b'{"data":null}', "data"),
        (b'{"data":{"a":1}}', "data"),
        (b'{"data":[1,2]}', "data"),
        (b'{"a":{"data":[{}]}}', "data"),
        (b'{"data":[{}]}', "a.data"),
        (b'[{"data":[{}]}]', "data"),
        (b'{"data":[{"a":1},{"b"', "data"),
        (b'{"data":[{"a":1}]', "data"),
        (b'{"data":[{"a":1}]}}', "data"),
        (b'{"data":[{"a":1}]}\xff', "data"),
        (b'{"d\\u0061ta":[{"a":1}]}', "data"),
        (b'{"data":[{"a":1}],"data":[]}', "data"),
        (b'{"data":[],"data":[{"a":1}]}', "data"),
        (b'{"data":[{"a":1}],"data":[{"a":1}]}', "data"),
        (b'{"data":[{"a":[{}],"x":1}}],"b":[{}]}', "data"),
    ],
)
def test_a_body_that_cannot_be_told_apart_is_not_split(text, path):
    assert split(text, path) is None


def test_what_looks_like_the_records_too_often_is_given_up():
    decoys = b",".join([b'{"data":[]}'] * MOST_TRIES)
    assert split(b'{"decoys":[' + decoys + b'],"data":[{}]}', "data") is None
    assert before(b'{"decoys":[' + decoys + b'],"data":[{}', "data") == {}


def test_an_envelope_of_many_bytes_is_not_looked_through():
    padding = b"x" * AROUND
    assert split(b'{"a":"' + padding + b'","data":[{"b":1}]}', "data") is None
    assert split(b'{"data":[{"b":1}],"a":"' + padding + b'"}', "data") is None


@pytest.mark.parametrize(
    ("start", "path", "said"),
    [
        (b'{"total":7,"next":"/q/2","records":[{"Id":"1"', "records", {"total": 7, "next": "/q/2"}),
        (b'{"records":[', "records", {}),
        (b'\xef\xbb\xbf{"n":1,"records":[', "records", {"n": 1}),
        (b'{"total":7,"next":"/q/2","reco', "records", {}),
        (
            b'{"a":{"b":[{"records":[1]}]},"n":{"m":2},"records" : [',
            "records",
            {"a": {"b": [{"records": [1]}]}, "n": {"m": 2}},
        ),
        (b'{"n":1,"data":{"m":2,"items":[{"x":{"items":[', "data.items", {"n": 1, "data": {"m": 2}}),
        (b'{"n":1,"n":2,"records":[', "records", {}),
        (b'[{"a":1}', "", {}),
        (b'<html>"records":[', "records", {}),
        (b'\xff{"records":[', "records", {}),
        (b"", "records", {}),
    ],
)
def test_the_beginning_of_a_body_tells_what_stands_before_the_records(start, path, said):
    assert before(start, path) == said
