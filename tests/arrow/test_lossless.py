"""No value is lost or changed, however the rows are cut into pages and whatever was declared."""

import json
import math
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from functools import partial

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spyro_sdk.arrow.exact import parse, to_batch
from spyro_sdk.arrow.parquet import Parquet
from spyro_sdk.arrow.schema import unify
from spyro_sdk.arrow.sink import Sink

MOMENTS = st.sampled_from(
    [
        *(
            "2026-01-31",
            "0001-01-01",
            "2026-02-30",
            "2026-01-31T12:34:56.000+0000",
            "2026-01-31T12:34:56.5+05:30",
        ),
        *("2026-01-31T12:34:56.123456Z", "9999-12-31T23:59:59.999Z", "2026-01-31T12:34:56", "12:34:56.000Z"),
        *("0001-01-01T00:00:00+01:00", "2026-01-31T12:34:56.1234567891Z", "12.50", "1e3", "true", "", "null"),
    ]
)
INTS = st.integers(-3, 3) | st.sampled_from([2**53, 2**53 + 1, 2**63 - 1, 2**63, -(2**63), 10**38, 10**40])
ATOMS = st.none() | st.booleans() | INTS | st.floats() | st.text(max_size=3) | MOMENTS
KEYS = st.sampled_from(["a", "b", "c", "ü", ""])
VALUES = st.recursive(
    ATOMS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)
# columns of one kind are what services send, and what no mixture would test
KINDS = st.sampled_from(
    [ATOMS, VALUES, INTS, st.floats(), st.booleans(), MOMENTS, st.lists(INTS, max_size=2), st.none()]
)


@st.composite
def pages(draw):
    """Rows of a few columns, cut into pages."""
    columns = {name: draw(KINDS) for name in draw(st.sets(KEYS, max_size=4))}
    row = st.fixed_dictionaries({}, optional={name: values | st.none() for name, values in columns.items()})
    return draw(st.lists(st.lists(row, max_size=4), max_size=4))


DECLARED = st.dictionaries(
    KEYS,
    st.sampled_from(
        [
            *(
                pa.string(),
                pa.bool_(),
                pa.int64(),
                pa.int8(),
                pa.float64(),
                pa.float32(),
                pa.decimal128(10, 2),
            ),
            *(
                pa.date32(),
                pa.timestamp("ms", "UTC"),
                pa.timestamp("s"),
                pa.timestamp("ns", "UTC"),
                pa.time64("us"),
            ),
            *(
                pa.list_(pa.int64()),
                pa.list_(pa.string()),
                pa.struct([("a", pa.int64()), ("b", pa.date32())]),
            ),
            *(pa.struct([]), pa.null(), pa.uint64(), pa.decimal128(38, 10), pa.time32("s")),
        ]
    ),
).map(lambda fields: pa.schema(list(fields.items())))


def holds(cell, value):
    """Whether a cell of a table says what the service sent, by the rules that `schema` documents."""
    if cell is None or value is None:
        return cell is value
    if isinstance(cell, str) and not isinstance(value, str):
        return holds(json.loads(cell, parse_float=Decimal), value)
    if isinstance(value, dict):
        return isinstance(cell, dict) and all(holds(cell.get(k), value.get(k)) for k in {*cell, *value})
    if isinstance(value, list):
        return isinstance(cell, list) and len(cell) == len(value) and all(map(holds, cell, value))
    if isinstance(value, bool) or isinstance(cell, bool):
        return cell is value
    if isinstance(value, int | float | Decimal):
        return _same_number(cell, value)
    return cell == value or any(_says(read, cell, value) for read in (Decimal, date_of, time_of, moment_of))


def _same_number(cell, value):
    if isinstance(value, float) and math.isnan(value):
        return math.isnan(cell)
    if isinstance(value, float) and isinstance(cell, int | Decimal) and math.isfinite(value):
        return Decimal(cell) == Decimal(repr(value))  # the digits that were sent, not those of the binary
    return cell == value


def _says(read, cell, text):
    try:
        return read(str(cell)) == read(text)
    except (ValueError, InvalidOperation):
        return False


def date_of(text):
    return date.fromisoformat(text)


def time_of(text):
    return time.fromisoformat(text.removesuffix("Z"))


def moment_of(text):
    return datetime.fromisoformat(text)


def assert_holds(table, rows):
    table.validate(full=True)
    assert table.num_rows == len(rows)
    assert {key for row in rows for key in row} <= set(table.column_names)
    for cells, row in zip(table.to_pylist(), rows, strict=True):
        for name, cell in cells.items():
            assert holds(cell, row.get(name)), (name, cell, row.get(name), table.schema)
            assert cell is not None or row.get(name) is None


thoroughly = partial(settings, max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@thoroughly()
@given(pages(), st.none() | DECLARED)
def test_every_value_survives_pages_and_types(pages, schema):
    rows = [row for page in pages for row in page]
    table = unify([to_batch(page, schema) for page in pages], schema)
    assert_holds(table, rows)
    whole = pa.Table.from_batches([to_batch(rows, schema)])
    assert_holds(whole, rows)
    assert set(table.column_names) == set(whole.column_names)
    if schema is not None:
        assert table.column_names[: len(schema)] == schema.names


@thoroughly()
@given(pages(), st.none() | DECLARED)
def test_every_value_survives_its_bytes(pages, schema):
    rows = [row for page in pages for row in page]
    for keep_digits in (False, True):
        read = [parse(json.dumps(page).encode(), keep_digits=keep_digits) for page in pages]
        assert_holds(unify([to_batch(page, schema) for page in read], schema), rows)


@thoroughly(max_examples=150)
@given(pages=pages(), schema=st.none() | DECLARED, group=st.integers(1, 5))
def test_every_value_survives_a_parquet_file(tmp_path_factory, pages, schema, group):
    rows = [row for page in pages for row in page]
    path = tmp_path_factory.mktemp("lossless") / "rows.parquet"
    with Sink(path, Parquet(row_group_rows=group), schema=schema) as sink:
        for page in pages:
            sink.write(to_batch(page, schema))
    found = pq.read_table(path)
    expected = unify([to_batch(page, schema) for page in pages], schema)
    assert found.column_names == expected.column_names
    if found.column_names:  # a Parquet file without columns cannot count rows
        assert_holds(found, rows)


@pytest.mark.parametrize("cell", [1, "1.0", 1.0, Decimal("1.00"), "1"])
def test_the_oracle_takes_a_number_in_any_exact_form(cell):
    assert holds(cell, 1)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        *(
            (None, 1),
            (1, None),
            (1, True),
            (True, 1),
            (2.0**53, 2**53 + 1),
            ("1", 2),
            ("x", "y"),
            ([1], [1, 2]),
        ),
        *(({"a": 1}, {"a": 1, "b": 2}), ({"a": 1, "b": 2}, {"a": 1}), (0.1, Decimal("0.10000001"))),
        *((datetime(2026, 1, 31), "2026-01-31T00:00:01"), (date(2026, 1, 31), "2026-01-30"), (0.0, 1e-300)),
    ],
)
def test_the_oracle_sees_a_changed_value(cell, value):
    assert not holds(cell, value)
