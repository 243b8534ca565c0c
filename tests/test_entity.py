import math
import re
from datetime import UTC, date, datetime, time, timedelta, timezone

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spyro_sdk.entity import Column, Entity, EntitySchema, Query, unknown_column
from spyro_sdk.errors import ValidationError
from spyro_sdk.paging import ONE_PAGE
from spyro_sdk.where import parse

SCHEMA = EntitySchema(
    "Customer",
    (
        Column("id", pa.string(), nullable=False),
        Column("annual_revenue", pa.decimal128(38, 6)),
        Column("tags", pa.list_(pa.string())),
    ),
)
BERLIN = timezone(timedelta(hours=1))


def since(moment):
    return Query.ask("Customer", since=moment).since


def refusal(**wishes):
    with pytest.raises(ValidationError) as caught:
        Query.ask(**{"entity": "Customer", **wishes})
    return caught.value


# asking


def test_a_question_without_wishes_asks_for_everything():
    assert Query.ask("Customer") == Query("Customer", None, None, None, None, False, False)


@pytest.mark.parametrize(
    "names",
    [
        ["id", "name"],
        ("id", "name"),
        ["id", "name", "id"],
        {"id": 1, "name": 2},
        pd.Index(["id", "name"]),
        pd.DataFrame(columns=["id", "name"]).columns,
        np.array(["id", "name"]),
        pd.Series(["id", "name"]),
    ],
)
def test_columns_are_any_list_of_names_each_once(names):
    assert Query.ask("Customer", columns=names).columns == ("id", "name")
    assert Query.ask("Customer", native=names).native == ("id", "name")


def test_columns_may_come_one_by_one():
    assert Query.ask("Customer", columns=(name for name in ["id", "name"])).columns == ("id", "name")


@pytest.mark.parametrize("wish", ["columns", "native"])
@pytest.mark.parametrize("names", ["id", "", b"id", 5, 1.5, ["id", 5], [None], [["id"]], [b"id"]])
def test_columns_that_are_no_list_of_names_are_refused(wish, names):
    error = refusal(**{wish: names})
    assert error.field == wish
    assert error.value == names
    assert str(error) == f"{wish}={names!r} cannot be: it must be a list of names"


@pytest.mark.parametrize("names", [[], (), pd.Index([])])
def test_no_columns_at_all_are_refused(names):
    assert "asks for nothing" in str(refusal(columns=names))
    assert refusal(columns=names).field == "columns"


@pytest.mark.parametrize(("native", "settled"), [(True, True), (False, False), (None, False)])
def test_native_may_be_all_or_nothing(native, settled):
    assert Query.ask("Customer", native=native).native is settled


@pytest.mark.parametrize("limit", [-1, 1.5, 10.0, "10", True, False, float("inf")])
def test_a_limit_that_is_no_number_of_records_is_refused(limit):
    error = refusal(limit=limit)
    assert (error.field, error.value) == ("limit", limit)
    assert str(error) == f"limit={limit!r} cannot be: it must be a whole number from 0"


@pytest.mark.parametrize("wish", ["no", "", 0, 1, None, [True]])
def test_deleted_records_are_asked_for_by_yes_or_no(wish):
    error = refusal(include_deleted=wish)
    assert (error.field, error.value) == ("include_deleted", wish)
    assert str(error) == f"include_deleted={wish!r} cannot be: it must be True or False"


@pytest.mark.parametrize("api", ["soap", "", "REST", 1, True, ["rest"], np.array([1, 2])])
def test_an_interface_is_one_of_those_that_there_may_be(api):
    error = refusal(api=api)
    assert error.field == "api"
    assert str(error) == f"api={api!r} cannot be: it must be one of 'rest', 'bulk', 'auto'"
    for name in (None, "rest", "bulk", "auto"):
        assert Query.ask("Customer", api=name).api == name


@pytest.mark.parametrize("limit", [0, 1, 10**12, np.int64(5)])
def test_a_limit_is_a_whole_number(limit):
    asked = Query.ask("Customer", limit=limit).limit
    assert asked == limit
    assert type(asked) is int


def test_a_filter_is_read_once():
    where = parse("annual_revenue > 1e6")
    assert Query.ask("Customer", where="annual_revenue > 1e6").where == where
    assert Query.ask("Customer", where=where).where is where
    assert Query.ask("Customer", where=None).where is None


@pytest.mark.parametrize("where", [5, ["a = 1"], {"a": 1}, True])
def test_a_filter_that_is_no_text_is_refused(where):
    error = refusal(where=where)
    assert (error.field, error.value) == ("where", where)
    assert repr(where) in str(error)


@pytest.mark.parametrize("where", ["", "annual_revenue >"])
def test_a_filter_that_is_no_filter_is_refused(where):
    assert refusal(where=where).field == "where"


@pytest.mark.parametrize("entity", [None, 5, "", Entity("Customer")])
def test_an_entity_is_asked_for_by_its_name(entity):
    error = refusal(entity=entity)
    assert error.field == "entity"
    assert "name" in str(error)


# since


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("20260131", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-W05-6", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31 12:30", datetime(2026, 1, 31, 12, 30, tzinfo=UTC)),
        ("2026-01-31T12:30:00Z", datetime(2026, 1, 31, 12, 30, tzinfo=UTC)),
        ("2026-01-31T12:30:00+01:00", datetime(2026, 1, 31, 12, 30, tzinfo=BERLIN)),
        (date(2026, 1, 31), datetime(2026, 1, 31, tzinfo=UTC)),
        (datetime(2026, 1, 31, 12), datetime(2026, 1, 31, 12, tzinfo=UTC)),
        (datetime(2026, 1, 31, 12, tzinfo=BERLIN), datetime(2026, 1, 31, 12, tzinfo=BERLIN)),
        (pd.Timestamp("2026-01-31 12:00"), datetime(2026, 1, 31, 12, tzinfo=UTC)),
        (pd.Timestamp("2026-01-31 12:00", tz="Europe/Berlin"), datetime(2026, 1, 31, 12, tzinfo=BERLIN)),
    ],
)
def test_a_moment_without_a_zone_is_utc(written, moment):
    read = since(written)
    assert read == moment
    assert read.utcoffset() == moment.utcoffset()


@given(st.datetimes(timezones=st.just(UTC) | st.timezones()))
def test_a_moment_is_kept_as_it_is(moment):
    assert since(moment) == moment
    assert since(moment).utcoffset() == moment.utcoffset()


def test_a_timestamp_finer_than_a_microsecond_becomes_the_one_before():
    read = since(pd.Timestamp("2026-01-31T12:00:00.123456789Z"))
    assert type(read) is datetime
    assert read == datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    "written", ["yesterday", "", "2026-02-30", "31.01.2026", 1769817600, 1.5, True, time(12), [2026], pd.NaT]
)
def test_what_is_no_moment_is_refused(written):
    error = refusal(since=written)
    assert error.field == "since"
    assert error.value is written
    assert f"since={written!r} is no moment" in str(error)


# what is offered


def test_an_entity_needs_only_a_name():
    assert Entity("Customer") == Entity("Customer", paging=ONE_PAGE)


def test_a_schema_is_its_columns():
    assert SCHEMA.names == ["id", "annual_revenue", "tags"]
    assert list(SCHEMA) == list(SCHEMA.columns)
    assert len(SCHEMA) == 3
    assert SCHEMA["tags"].type == pa.list_(pa.string())


def test_a_schema_becomes_one_of_arrow():
    assert SCHEMA.to_arrow() == pa.schema(
        [
            pa.field("id", pa.string(), nullable=False),
            ("annual_revenue", pa.decimal128(38, 6)),
            ("tags", pa.list_(pa.string())),
        ]
    )


def test_a_schema_reads_as_a_list():
    assert repr(SCHEMA).splitlines() == [
        "Customer: 3 columns",
        "  id              string not null",
        "  annual_revenue  decimal128(38, 6)",
        "  tags            list<item: string>",
    ]
    assert repr(EntitySchema("Customer", ())) == "Customer: 0 columns"


def test_a_schema_tells_of_a_column_what_its_name_does_not():
    schema = EntitySchema(
        "Account",
        (
            Column("Id", pa.string(), "Account ID"),
            Column("OwnerId", pa.string(), references=("User", "Group"), relationship="Owner"),
            Column("Place", pa.struct([(f"part_{n}", pa.string()) for n in range(9)]), source=("A", "B")),
            Column("Changed", pa.date32(), "Changed"),
        ),
        key="Id",
        cursor="Changed",
    )
    assert [re.sub("  +", " | ", line) for line in repr(schema).splitlines()[1:]] == [
        " | Id | string | key, Account ID",
        " | OwnerId | string | refers to User, Group",
        f" | Place | {schema['Place'].type} | from A, B",
        " | Changed | date32[day] | changes",
    ]
    assert max(map(len, repr(schema).splitlines()[:3])) < 90  # one long type does not push all away


def test_a_canonical_schema_tells_for_how_much_of_it_the_service_has_something():
    columns = (Column("id", pa.string(), source=("Id",)), Column("tags", pa.string(), is_empty=True))
    schema = EntitySchema("Customer", columns, native="Account")
    assert repr(schema) == (
        "Customer: 2 columns, of which Account fills 1\n  id    string  from Id\n  tags  string  nothing here"
    )


def test_a_schema_completes_the_names_of_its_columns():
    assert SCHEMA._ipython_key_completions_() == SCHEMA.names


def test_an_unknown_column_is_refused_with_the_nearest():
    with pytest.raises(ValidationError) as caught:
        SCHEMA["anual_revenue"]
    error = caught.value
    assert (error.field, error.value, error.hint) == (
        "columns",
        "anual_revenue",
        "did you mean 'annual_revenue'?",
    )
    assert str(error) == (
        "Customer has no column 'anual_revenue'; it has id, annual_revenue, tags"
        " (did you mean 'annual_revenue'?)"
    )


def test_a_column_like_no_other_gets_no_hint():
    error = unknown_column("Customer", "zzz", ["id"])
    assert (str(error), error.hint) == ("Customer has no column 'zzz'; it has id", None)


@pytest.mark.parametrize("deadline", [0, -1.0, math.inf, math.nan, "30", True, [30]])
def test_a_deadline_is_seconds_over_0(deadline):
    error = refusal(deadline=deadline)
    assert error.field == "deadline"
    assert str(error) == f"deadline={deadline!r} cannot be: it must be seconds over 0"


@pytest.mark.parametrize("deadline", [30, 0.5, np.float32(2.0), np.int64(3)])
def test_a_deadline_is_a_plain_number(deadline):
    asked = Query.ask("Customer", deadline=deadline).deadline
    assert (type(asked), asked) == (float, float(deadline))
