"""Rows 16 to 18 and 32: answers with a good status that are not what they should be."""

from __future__ import annotations

import json
from typing import Any

import pytest

from spyro_sdk.errors import DataFetchError, DecodeError, IntegrityError, LimitError

from .faults import ALWAYS, Fault
from .runs import assert_exact, fetch, served
from .service import Chaos
from .styles import STYLES, Style

EVERY = pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
ONE = STYLES["next link"]
INSTEAD: dict[str, Fault] = {
    "login page": Fault("login_page"),
    "empty": Fault("body", given={"content": b""}),
    "blank": Fault("body", given={"content": b" \r\n"}),
    "null": Fault("body", given={"content": b"null"}),
    "number": Fault("body", given={"content": b"7"}),
    "text": Fault("body", given={"content": b'"later"'}),
    "empty object": Fault("body", given={"content": b"{}"}),
    "another object": Fault("body", given={"content": b'{"status":"ok","result":{"rows":3}}'}),
    "list of numbers": Fault("body", given={"content": b"[1,2,3]"}),
    "list of lists": Fault("body", given={"content": b"[[1],[2]]"}),
    "an error": Fault("errors", given={"errors": [{"message": "no"}]}),
    "XML": Fault("body", given={"content": b"<?xml version='1.0'?><rows/>"}),
    "JSON lines": Fault("body", given={"content": b'{"id":1}\n{"id":2}\n'}),
}
WRONG: dict[str, tuple[bytes, bytes]] = {
    "invalid UTF-8": (b'"name":"', b'"name":"\xff\xfe'),
    "Latin-1": (b'"name":"', b'"name":"\xe9'),
    "overlong UTF-8": (b'"name":"', b'"name":"\xc0\xaf'),
    "half a character": (b'"name":"', b'"name":"\\ud800'),
    "NUL": (b'"name":"', b'"name":"\x00'),
    "two values for a key": (b'"nothing":null', b'"nothing":null,"id":1'),
    "5,000 digits": (b'"nothing":null', b'"nothing":' + b"9" * 5_000),
    "a huge exponent": (b'"nothing":null', b'"nothing":1e9999999999999999999'),
    "a comment": (b'"nothing":null', b'"nothing":null/* none */'),
    "a comma too many": (b'"nothing":null', b'"nothing":null,'),
    "a raw line break": (b'"name":"', b'"name":"\n'),
}
BOMBS = {
    "gzip": Fault("bombed", 2, ALWAYS, {"encoding": "gzip"}),
    "deflate": Fault("bombed", 2, ALWAYS, {"encoding": "deflate"}),
    "twice": Fault("stacked", 2, ALWAYS, {"times": 2}),
    "three times": Fault("stacked", 2, ALWAYS, {"times": 3}),
    "nine times": Fault("stacked", 2, ALWAYS, {"times": 9}),
    "a thousand times": Fault("encoded", 2, ALWAYS, {"encoding": ",".join(["gzip"] * 1_000)}),
}
NOT_PACKED = ("zstd", "br", "compress", "gzip", "deflate", "identity, gzip", "x", "gzip;q=1", "\xff")


@EVERY
@pytest.mark.parametrize("what", INSTEAD)
def test_row_16_what_is_no_page_is_asked_for_again(chaos: Chaos, style: Style, what: str) -> None:
    run = fetch(chaos, style, INSTEAD[what])
    assert run.spoilt == 1
    assert_exact(run, style)


@EVERY
@pytest.mark.parametrize("what", INSTEAD)
def test_row_16_and_never_a_short_result(chaos: Chaos, style: Style, what: str) -> None:
    it = INSTEAD[what]
    run = fetch(chaos, style, Fault(it.kind, 3, ALWAYS, it.given), concurrency=1)
    assert isinstance(run.error, DecodeError)
    assert run.error.connector == "rest" or "JSON" in str(run.error)


@pytest.mark.parametrize("style", [it for it in STYLES.values() if it.records], ids=lambda it: it.records)
@pytest.mark.parametrize("said", [{"errors": ["no"]}, {"errors": [{"message": "no"}]}, {"error": "no"}])
@pytest.mark.parametrize("times", [1, ALWAYS])
def test_row_16_an_error_beside_the_records_is_one(
    chaos: Chaos, style: Style, said: dict[str, Any], times: int
) -> None:
    run = fetch(chaos, style, Fault("errors", 2, times, {"path": style.records, **said}))
    if times == 1 and not style.is_counted:
        assert_exact(run, style)
    elif run.error is not None:
        assert isinstance(run.error, DataFetchError)
        assert "error beside the records" in str(run.error)
        assert str(run.error).count("no") >= 1
    else:
        assert_exact(run, style)


@EVERY
@pytest.mark.parametrize("what", WRONG)
def test_row_17_a_wrong_text_is_an_error_and_no_other_text(chaos: Chaos, style: Style, what: str) -> None:
    old, new = WRONG[what]
    fault = {"old": old, "new": new}
    assert_exact(fetch(chaos, style, Fault("replaced", 2, 1, fault)), style)
    assert isinstance(fetch(chaos, style, Fault("replaced", 2, ALWAYS, fault)).error, DecodeError)


@EVERY
def test_row_17_a_byte_order_mark_is_no_text(chaos: Chaos, style: Style) -> None:
    assert_exact(fetch(chaos, style, Fault("bom", 0, ALWAYS)), style)


@EVERY
def test_row_17_what_is_nested_too_deep_is_an_error(chaos: Chaos, style: Style) -> None:
    run = fetch(chaos, style, Fault("deep", 2, ALWAYS))
    assert isinstance(run.error, DecodeError)
    assert run.seconds < 2


@EVERY
@pytest.mark.parametrize("what", BOMBS)
def test_row_18_a_bomb_is_an_error_at_once_and_asked_for_no_more(
    chaos: Chaos, style: Style, what: str
) -> None:
    run = fetch(chaos, style, BOMBS[what], concurrency=1)
    assert isinstance(run.error, LimitError)
    assert (run.spoilt, run.seconds < 2) == (1, True)


@pytest.mark.parametrize("framing", ["close", "chunked"])
def test_row_18_a_body_without_an_end_is_left(chaos: Chaos, framing: str) -> None:
    for style in STYLES.values():
        run = fetch(chaos, style, Fault("endless", 2, ALWAYS, {"framing": framing}), max_body=4 << 20)
        assert isinstance(run.error, LimitError)
        assert run.seconds < 2


def test_row_18_a_body_that_is_announced_too_big_is_not_read(chaos: Chaos) -> None:
    run = fetch(chaos, ONE, Fault("headers", 2, ALWAYS, {"Content_Length": str(10 << 30)}))
    assert isinstance(run.error, LimitError)
    assert (run.spoilt, run.seconds < 2) == (1, True)


@pytest.mark.parametrize("encoding", NOT_PACKED)
def test_row_18_an_encoding_that_is_not_so_is_an_error(chaos: Chaos, encoding: str) -> None:
    assert_exact(fetch(chaos, ONE, Fault("encoded", 2, 1, {"encoding": encoding})), ONE)
    assert isinstance(
        fetch(chaos, ONE, Fault("encoded", 2, ALWAYS, {"encoding": encoding})).error, DecodeError
    )


@EVERY
@pytest.mark.parametrize("encodings", ["gzip", "deflate", "gzip,deflate", "deflate,gzip,gzip"])
def test_what_is_packed_as_it_says_is_read(chaos: Chaos, style: Style, encodings: str) -> None:
    assert_exact(fetch(chaos, style, Fault("zipped", 0, ALWAYS, {"encodings": encodings})), style)


# -- columns that change in the middle ----------------------------------------------------------------

DRIFTS: dict[str, tuple[str, Any]] = {
    "a new column": ("added", 7),
    "an int becomes a float": ("quantity", 2.5),
    "an int becomes a text": ("quantity", "many"),
    "an int beyond 64 bits": ("quantity", 2**70),
    "an int beyond all floats in a column of floats": ("weight", 2**53 + 1),
    "a null becomes a number": ("nothing", 1),
    "a null becomes an object": ("nothing", {"a": [1, {"b": None}]}),
    "an object becomes a text": ("address", "Main Street 1"),
    "a text becomes an object": ("name", {"first": "Ana"}),
    "an object gets a field": ("address", {"city": "Bonn", "zip": "53111", "geo": None, "floor": 3}),
    "a list becomes a number": ("tags", 4),
    "a bool becomes a text": ("active", "yes"),
    "a date becomes none": ("day", "yesterday"),
}


@EVERY
@pytest.mark.parametrize("what", DRIFTS)
def test_row_32_a_column_that_changes_loses_nothing(chaos: Chaos, style: Style, what: str) -> None:
    name, value = DRIFTS[what]

    def change(found: list[Any]) -> list[Any]:
        return [{**it, name: value} if it["id"] == last else it for it in found]

    last = _key_of(style, 40)
    run = fetch(chaos, style, Fault("rows", 0, ALWAYS, {"path": style.records, "change": change}))
    assert run.error is None
    assert run.table is not None
    came = {it["id"]: it[name] for it in run.table.to_pylist()}
    assert len(came) == style.api.count
    assert _said(came[last]) == _said(value)


def _key_of(style: Style, place: int) -> Any:
    return served(style).store.keys[place]


def _said(value: Any) -> Any:
    """A value as it can be compared with the one that was sent, whose column may be texts now."""
    if isinstance(value, str):
        try:
            return _said(json.loads(value))
        except ValueError:
            return value
    if isinstance(value, dict):
        return {name: _said(it) for name, it in value.items() if it is not None}
    if isinstance(value, list):
        return [_said(it) for it in value]
    return value


def test_two_records_with_one_key_are_an_error_however_far_apart(chaos: Chaos) -> None:
    for style in STYLES.values():
        first = _key_of(style, 0)
        twice = {
            "path": style.records,
            "change": lambda found, first=first: [*found[:-1], {**found[-1], "id": first}],
        }
        run = fetch(chaos, style, Fault("rows", 3, ALWAYS, twice))
        assert isinstance(run.error, IntegrityError)
