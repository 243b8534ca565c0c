"""Texts become dates, moments and times of day, or stay texts."""

import json
from datetime import UTC, date, datetime, time

import pyarrow as pa
import pytest

from spyro_sdk.arrow.exact import column

UTC_MS = pa.timestamp("ms", "UTC")


@pytest.mark.parametrize("text", ["0001-01-01", "9999-12-31", "2024-02-29"])
def test_dates_of_the_years_1_to_9999_are_dates(text):
    found = column([text, None], pa.date32())
    assert found.type == pa.date32()
    assert found.to_pylist() == [date.fromisoformat(text), None]


@pytest.mark.parametrize(
    "text", ["0000-01-01", "2026-02-29", "2026-1-1", "20260131", "31.01.2026", "2026-01-31T00:00:00Z", ""]
)
def test_what_is_no_date_makes_the_column_text(text):
    found = column(["2026-01-31", text], pa.date32())
    assert found.type == pa.string()
    assert found.to_pylist() == ["2026-01-31", text]


NOON = datetime(2026, 1, 31, 12, 34, 56, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-31T12:34:56.000+0000", NOON),
        ("2026-01-31T12:34:56Z", NOON),
        ("2026-01-31T12:34:56.000Z", NOON),
        ("2026-01-31T18:04:56+05:30", NOON),
        ("2026-01-31T07:34:56-0500", NOON),
        ("2026-01-31 12:34:56+00", NOON),
        ("2026-01-31T12:34:56.000000000000Z", NOON),
        ("2026-01-31T12:34:56.1200000+00:00", NOON.replace(microsecond=120_000)),
        ("2026-01-31T12:34:56.5Z", NOON.replace(microsecond=500_000)),
        ("2026-01-31T12:34:10.0Z", NOON.replace(second=10)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59.999Z", datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)),
    ],
)
def test_a_moment_in_any_iso_form_is_itself(text, moment):
    found = column([text, None], UTC_MS)
    assert found.type == UTC_MS
    assert found.to_pylist() == [moment, None]


@pytest.mark.parametrize(("digits", "unit"), [("1234", "us"), ("1234560", "us"), ("123456789", "ns")])
def test_finer_digits_make_the_unit_finer(digits, unit):
    found = column([f"2026-01-31T12:34:56.{digits}Z", "2026-01-31T12:34:56.1000Z"], UTC_MS)
    assert found.type == pa.timestamp(unit, "UTC")
    assert found.cast(pa.string())[0].as_py().rstrip("Z0") == f"2026-01-31 12:34:56.{digits.rstrip('0')}"


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31T12:34:56",  # no zone: nobody knows which
        "2026-01-31",
        "2026-01-31T12:34:56.1234567891Z",  # finer than Arrow
        "9999-12-31T23:59:59.123456789Z",  # beyond the years that nanoseconds reach
        "2026-02-30T00:00:00Z",
        "2016-12-31T23:59:60Z",
        "2026-01-31T24:00:00Z",
        "2026-01-31T12:34:56+25:00",
        "0000-12-31T00:00:00Z",
        "0001-01-01T00:00:00+01:00",  # year 0 in UTC
        "9999-12-31T23:59:59-01:00",
        "yesterday",
        "",
    ],
)
def test_what_is_no_moment_makes_the_column_text(text):
    found = column(["2026-01-31T12:34:56.000+0000", text], UTC_MS)
    assert found.type == pa.string()
    assert found.to_pylist() == ["2026-01-31T12:34:56.000+0000", text]


@pytest.mark.parametrize("text", ["1677-12-31T00:00:00Z", "2262-01-01T00:00:00Z", "0001-01-01T00:00:00Z"])
def test_years_that_nanoseconds_do_not_reach_make_the_column_text(text):
    nanoseconds = pa.timestamp("ns", "UTC")
    assert column(["2026-01-31T00:00:00Z", text], nanoseconds).to_pylist() == ["2026-01-31T00:00:00Z", text]
    assert column(["1678-01-01T00:00:00Z", "2261-12-31T00:00:00Z"], nanoseconds).type == nanoseconds


def test_a_moment_with_a_zone_is_none_in_a_column_without():
    naive = pa.timestamp("ms")
    assert column(["2026-01-31T12:34:56"], naive).type == naive
    assert column(["2026-01-31T12:34:56Z"], naive).type == pa.string()


@pytest.mark.parametrize("seconds", [1769862896, 1769862896.5])
def test_a_number_is_no_moment(seconds):
    assert column([seconds], UTC_MS).to_pylist() == [json.dumps(seconds)]
    assert column([seconds], pa.date32()).to_pylist() == [json.dumps(seconds)]


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("12:34:56.000Z", time(12, 34, 56)),
        ("12:34:56", time(12, 34, 56)),
        ("12:34", time(12, 34)),
        ("23:59:59.999999", time(23, 59, 59, 999_999)),
        ("12:34:56.1230000000", time(12, 34, 56, 123_000)),
    ],
)
def test_times_of_day_are_times(text, clock):
    found = column([text, None], pa.time64("us"))
    assert found.type == pa.time64("us")
    assert found.to_pylist() == [clock, None]


@pytest.mark.parametrize("text", ["12", "24:00:00", "12:34:56+01:00", "12:34:56.1234567", "noon", "1:2:3"])
def test_what_is_no_time_of_day_makes_the_column_text(text):
    assert column(["12:34:56", text], pa.time64("us")).to_pylist() == ["12:34:56", text]


def test_coarse_times_of_day_are_times():
    assert column(["12:34:56Z"], pa.time32("s")).to_pylist() == [time(12, 34, 56)]
