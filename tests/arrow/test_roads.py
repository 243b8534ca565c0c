"""Whichever road a page takes, its batch is the same, and so is its error."""

import json
import random
from contextlib import suppress

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from spyro_sdk.arrow import compiled, fast
from spyro_sdk.arrow.decode import Body, decode, open_body
from spyro_sdk.arrow.exact import parse, to_batch
from spyro_sdk.errors import DecodeError

EDGES = [2**53 - 1, 2**53, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1, 2**64, 10**38, 127, 128, 255, 256]
DIGITS = """
    -0 0.0 -0.0 0.10 1.50 1e3 1E+3 12.5e-1 1.005 1e-400 1e400 5e-324 2e-324 0.0e-999 123456789.125 99999999.99
    100000000.00 9007199254740992.0 9007199254740993.5 0.1000000000000000055511151231 123456789012345.12345678
    1e7000000 -1e-7000000 1e999999999999 1e99999999999999999999 1e-99999999999999999999 -0e9999999999999999999
"""
DAYS = "2026-01-31 0001-01-01 9999-12-31 0000-12-31 2026-02-30 10000-01-01"
CLOCKS = "12:34:56.000Z 12:34 23:59:59.999999 24:00:00 12:34:56.1234567"
MOMENTS = """
    2026-01-31T12:34:56.000+0000 2026-01-31T12:34:56Z 2026-01-31T12:34:56.5+02:00 2026-01-31T12:34:56.123456Z
    2026-01-31T12:34:56.123456789Z 2026-01-31T12:34:56 0001-01-01T00:00:00Z 0001-01-01T00:00:00+01:00
    9999-12-31T23:59:59.999Z 9999-12-31T23:59:59-01:00 1677-12-31T00:00:00Z 2262-01-01T00:00:00Z
    2016-12-31T23:59:60Z
"""
ODD_TEXTS = ["", "12.50", "1e3", "e-123", "1e-400", "]},[{", '"],"a":[', "\x7f", "\0", "null"]
ESCAPES = r"\ud83d\ude00 \ud83d \udc00 \u0000 \/ \"]}"


def sent(words, form="%s"):
    return st.sampled_from([form % word for word in words.split()])


SPACES = st.sampled_from(["", "", "", " ", "\n", "\r\n", "\t", "\r"])
NAMES = st.sampled_from(["a", "b", "c", "ü", "", "data"])
NULLS, BOOLS = st.just("null"), sent("true false")
INTS = st.sampled_from([str(sign * edge) for edge in EDGES for sign in (1, -1)]) | st.integers(-9, 9).map(str)
FLOATS = st.floats(allow_nan=False, allow_infinity=False).map(repr) | sent(DIGITS)
STRINGS = st.builds(
    lambda text, ascii_only: json.dumps(text, ensure_ascii=ascii_only),
    st.text(max_size=4) | st.sampled_from(ODD_TEXTS),
    st.booleans(),
)
DATES, TIMES, STAMPS = sent(DAYS, '"%s"'), sent(CLOCKS, '"%s"'), sent(MOMENTS, '"%s"')
ATOMS = (
    *(NULLS, BOOLS, INTS, FLOATS, STRINGS, DATES, TIMES, STAMPS),
    *(sent(ESCAPES, '"%s"'), sent("NaN Infinity -Infinity")),
)


@st.composite
def lists(draw, values, most=3):
    """The JSON text of a list."""
    space = draw(SPACES)
    return f"[{space}" + f"{space},{space}".join(draw(st.lists(values, max_size=most))) + f"{space}]"


@st.composite
def objects(draw, values):
    """The JSON text of an object with some of these fields, very seldom one of them twice."""
    names = draw(st.lists(st.sampled_from([*values]), unique=True)) if values else []
    if names and draw(st.integers(0, 40)) == 40:
        names.append(names[0])
    space = draw(SPACES)
    fields = [f"{json.dumps(name)}{space}:{space}{draw(values[name])}" for name in names]
    return "{" + space + f"{space},{space}".join(fields) + space + "}"


def any_object(values):
    return st.dictionaries(NAMES, st.just(values), max_size=3).flatmap(objects)


ANY = st.recursive(st.one_of(ATOMS), lambda inner: lists(inner) | any_object(inner), max_leaves=6)
COLUMNS = st.sampled_from(
    [
        *(
            *ATOMS[:8],
            ANY,
            st.one_of(ATOMS),
            INTS | FLOATS,
            lists(INTS),
            lists(FLOATS | NULLS),
            lists(STAMPS),
            lists(NULLS),
        ),
        *(lists(lists(STRINGS)), lists(objects({"a": INTS | NULLS})), objects({})),
        *(
            objects({"a": INTS, "b": FLOATS, "c": DATES}),
            objects({"a": objects({"b": STRINGS | NULLS}) | NULLS}),
        ),
    ]
)
PAGES = st.dictionaries(NAMES, COLUMNS, max_size=4).flatmap(
    lambda columns: lists(objects({name: values | NULLS for name, values in columns.items()}), most=4)
)

MONEY, STAMP = pa.decimal128(10, 2), pa.timestamp("ms", "UTC")
KINDS = [
    *(pa.string(), pa.bool_(), pa.int64(), pa.int8(), pa.uint8(), pa.uint64(), pa.float64(), pa.float32()),
    *(MONEY, pa.decimal128(38, 0), pa.decimal128(38, 30), pa.date32(), pa.time64("us"), pa.time32("s")),
    *(pa.timestamp("s"), STAMP, pa.timestamp("us", "Europe/Paris"), pa.timestamp("ns", "UTC"), pa.null()),
    *(pa.list_(pa.int64()), pa.list_(pa.float64()), pa.list_(STAMP), pa.list_(pa.list_(pa.string()))),
    *(pa.list_(pa.field("element", MONEY, nullable=False)), pa.list_(pa.struct([("a", pa.int64())]))),
    *(pa.struct([]), pa.struct([("a", pa.int64()), ("b", pa.float64()), ("c", pa.date32())]), pa.binary()),
    pa.struct([pa.field("a", pa.struct([("b", pa.string())]), nullable=False)]),
]
FIELDS = st.builds(lambda name, kind: pa.field(name, kind), NAMES, st.sampled_from(KINDS)).flatmap(
    lambda field: st.just(field) if pa.types.is_null(field.type) else st.booleans().map(field.with_nullable)
)
DECLARED = st.lists(FIELDS, unique_by=lambda field: field.name, max_size=4).map(pa.schema)
ENVELOPES = st.sampled_from(
    [
        ("", "%s"),
        ("", "\ufeff \r\n%s\n"),
        ("data", '{"data":%s}'),
        ("data", '{ "next" : "/2", "data" :\n%s ,\t"total": 1.50 }'),
        ("data", '{"a":{"data":[]},"data":%s,"more":[{"data":[{"a":1}],"b":2}],"n":[1]}'),
        ("data.b", '{"data":{"a":[{"b":1}],"b":%s,"c":"]"},"b":[{}]}'),
    ]
)

UNSEEN = ("two values for the key", "a number that is beyond all bounds")
"""What may be wrong in a field that is left out, where the fast road does not look."""

thoroughly = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=500)


def outcome(call):
    """What a call returns, or the sentence of its error."""
    try:
        return call()
    except DecodeError as error:
        return str(error)


def exactly(text, path, schema, closed):
    """What the exact road makes of a body."""
    return outcome(lambda: decode(Body(parse(text), None, text, path), schema, closed=closed))


ROADS = (compiled.read, fast.read)


def by(road, text, path, schema, closed):
    """What comes of a body that takes this road if it can."""
    return outcome(lambda: decode(open_body(text, None, path), schema, closed=closed, roads=[road]))


def assert_same(found, expected):
    if isinstance(expected, str) or isinstance(found, str):
        assert found == expected
    else:
        found.validate(full=True)
        assert found.schema.equals(expected.schema, check_metadata=True)
        assert repr(found.to_pylist()) == repr(expected.to_pylist())  # tells -0.0 from 0.0, and NaN is NaN


def agreed(page):
    """The schema that a page teaches the next ones."""
    batch = outcome(lambda: to_batch(parse(page.encode())))
    return pa.schema([]) if isinstance(batch, str) else batch.schema


SCHEMAS = st.tuples(PAGES, PAGES, DECLARED, st.sampled_from(["declared", "agreed", "own"]))


def schema_of(page, other, declared, how):
    return declared if how == "declared" else agreed(page if how == "own" else other)


@thoroughly
@given(SCHEMAS, ENVELOPES, st.booleans())
def test_all_roads_give_the_same_batch_or_the_same_error(pages, envelope, closed):
    page, (path, around) = pages[0], envelope
    text = (around % page).encode()
    schema = schema_of(*pages)
    expected = exactly(text, path, schema, closed)
    for road in ROADS:
        found = by(road, text, path, schema, closed)
        if closed and isinstance(expected, str) and not isinstance(found, str):
            assert any(odd in expected for odd in UNSEEN)
        else:
            assert_same(found, expected)


def damaged(text, dice):
    """A body that is cut, or has some bytes more, less, twice, or other ones."""
    text = bytearray(text)
    for _ in range(dice.choice([1, 1, 2])):
        at, end = sorted(dice.randrange(len(text) + 1) for _ in "ab")
        part = dice.choice(
            [b"]", b"[", b"}", b"{", b",", b'"', b"\\", b"-", b"0", b"\0", b"\n", b"\xff", b'"a":1,']
        )
        match dice.randrange(5):
            case 0:
                del text[at:]
            case 1:
                del text[at : at + dice.randrange(1, 4)]
            case 2:
                text[at:at] = part
            case 3:
                text[at : at + len(part)] = part
            case 4:
                text[at:at] = text[at:end]
    return bytes(text)


@thoroughly
@given(SCHEMAS, ENVELOPES, st.booleans(), st.integers(0, 2**32))
def test_a_damaged_body_gives_no_batch_by_one_road_and_an_error_by_the_other(pages, envelope, closed, seed):
    page, (path, around) = pages[0], envelope
    schema, dice = schema_of(*pages), random.Random(seed)
    for _ in range(5):
        text = damaged((around % page).encode(), dice)
        expected = exactly(text, path, schema, closed)
        for road in ROADS:
            found = by(road, text, path, schema, closed)
            if closed and isinstance(expected, str) and not isinstance(found, str):
                is_lax = road is fast.read and any(odd in text for odd in (b"Inf", b"-NaN"))
                assert is_lax or any(odd in expected for odd in UNSEEN)
            else:
                assert_same(found, expected)


def _fitting():
    """What fits each type well enough for the fast road."""
    values = {
        pa.string(): STRINGS,
        pa.bool_(): BOOLS,
        pa.int8(): st.integers(-128, 127).map(str),
        pa.uint64(): st.integers(0, 2**64 - 1).map(str),
        pa.int64(): st.integers(-(2**63), 2**63 - 1).map(str),
        pa.float64(): st.integers(-(10**12), 10**12).map(lambda it: repr(it / 1000)) | sent("0 7 1e3"),
        MONEY: st.decimals(-(10**7), 10**7, places=2).map(str),
        pa.date32(): sent("2026-01-31 0001-01-01 9999-12-31", '"%s"'),
        pa.time64("us"): sent("12:34:56.000Z 12:34 23:59:59.999999", '"%s"'),
        STAMP: sent("2026-01-31T12:34:56.000+0000 0001-01-01T00:00:00Z 9999-12-31T23:59:59.999Z", '"%s"'),
    }
    values |= {pa.list_(kind): lists(value | NULLS) for kind, value in values.items()}
    return values | {
        pa.struct([("a", kind), pa.field("b", kind, nullable=False)]): st.builds(
            '{{"a":{},"b":{}}}'.format, value, value
        )
        for kind, value in values.items()
    }


FITTING = _fitting()


@thoroughly
@given(st.dictionaries(NAMES, st.sampled_from([*FITTING]), max_size=4), st.data())
def test_a_page_that_fits_its_schema_takes_the_fast_road(kinds, data):
    schema = pa.schema(list(kinds.items()))
    fields = {name: FITTING[kind] | NULLS for name, kind in kinds.items()}
    rows = st.lists(st.sets(st.sampled_from([*fields])) if fields else st.just(set()), max_size=4)
    records = [
        "{" + ",".join(f"{json.dumps(name)}:{data.draw(fields[name])}" for name in names) + "}"
        for names in data.draw(rows)
    ]
    text = f"[{','.join(records)}]".encode()
    has_decimals = any(map(fast._has_decimals, schema.types))
    assume(not (has_decimals and fast._has_many_places(text)))  # of a text too, which is not looked at closer
    expected = exactly(text, "", schema, False)
    assert_same(fast.read(text, schema), expected)
    with suppress(fast.Refused):  # a null where the schema has none
        assert_same(compiled.read(text, schema), expected)


@pytest.mark.parametrize(
    ("text", "closed"),
    [
        (b'[{"a":1,"x":2,"x":3}]', True),
        (b'[{"a":1,"x":-NaN}]', True),
        (b'[{"a":1,"x":1e-99999999999999999999}]', True),
    ],
)
def test_what_nobody_wants_may_be_wrong(text, closed):
    schema = pa.schema([("a", pa.int64())])
    assert by(fast.read, text, "", schema, closed).to_pylist() == [{"a": 1}]
    for road in ROADS:
        assert isinstance(by(road, text, "", schema, False), str)
