import time
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from spyro_sdk.guards.quota import TEN_YEARS, WEEK, Quota, parse_retry_after, read_quota

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
EPOCH = NOW.timestamp()


def after(value, **how):
    return parse_retry_after(value, **{"now": NOW, **how})


def quota(**headers):
    """What headers say, given as keywords."""
    return read_quota({name.replace("_", "-"): value for name, value in headers.items()}, now=EPOCH)


# Retry-After


@pytest.mark.parametrize(
    ("value", "seconds"), [("0", 0), ("2", 2), ("2.0", 2), ("1.5", 1.5), (" 120\t", 120), ("007", 7)]
)
def test_seconds_are_read(value, seconds):
    assert after(value) == seconds


@pytest.mark.parametrize(
    "value",
    [
        "Mon, 23 Nov 2026 12:00:30 GMT",  # IMF-fixdate
        "Monday, 23-Nov-26 12:00:30 GMT",  # RFC 850
        "Mon Nov 23 12:00:30 2026",  # asctime
    ],
)
def test_the_three_forms_of_a_date_are_read(value):
    assert after(value) == 30


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_wrong_clock_of_ours_does_no_harm(hours):
    skewed = NOW + timedelta(hours=hours)
    server = "Mon, 23 Nov 2026 12:00:00 GMT"
    assert after("Mon, 23 Nov 2026 12:00:30 GMT", now=skewed, server_date=server) == 30


def test_a_server_date_that_is_none_leaves_our_clock():
    assert after("Mon, 23 Nov 2026 12:00:30 GMT", server_date="yesterday") == 30
    assert after("Mon, 23 Nov 2026 12:00:30 GMT", now=NOW.replace(tzinfo=None)) == 30


def test_our_own_clock_is_the_default():
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    assert parse_retry_after(soon) == pytest.approx(99, abs=2)


def test_a_date_that_is_over_asks_for_nothing():
    assert after("Sun, 06 Nov 1994 08:49:37 GMT") == 0


@pytest.mark.parametrize("value", ["Fri, 31 Dec 9999 23:59:59 GMT", "9" * 30, "9" * 5000])
def test_an_absurd_wait_is_clamped(value):
    assert after(value) == TEN_YEARS == 315_360_000


def test_a_date_of_64_characters_is_read_and_a_longer_one_is_not():
    date = "Mon, 23 Nov 2026 12:00:30 GMT"
    assert after(date.ljust(64)) == 30
    assert after(date.ljust(65)) is None


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        " ",
        "soon",
        "-5",
        "+5",
        "1e3",
        ".5",
        "5.",
        "nan",
        "inf",
        "-inf",
        "120, 120",
        "120;",
        "0x10",
        "1_000",
        "٣٠",
        "३",
        "²",
        "12\n13",
        "12\n",
        "2026-11-23",
        "2026-11-23T12:00:30Z",
        "Mon, 23 Nov 2026",
        "Mon, 32 Nov 2026 12:00:30 GMT",
        "Mon, 23 Nov 2026 25:00:30 GMT",
        "Mon, ٢٣ Nov 2026 12:00:30 GMT",
        "Mon, 23 Nov 99999999999999999999 12:00:30 GMT",
        "Mon, 23 Nov 2026 12:00:30 +99999999999999999999",
        "Mon, 23 Nov 2026 12:00:30 GMT" + " " * 10_000,
    ],
)
def test_what_says_nothing_is_none(value):
    assert after(value) is None


DATE_LIKE = st.from_regex(
    r"\A[A-Za-z]{0,9},? ?[0-9]{0,4}[ -][A-Za-z]{3}[ -][0-9]{0,5} "
    r"[0-9]{1,3}:[0-9:.]{1,8} ?(GMT|[+-][0-9]{1,20})?\Z"
)
ANY_TEXT = st.text() | DATE_LIKE | st.from_regex(r"\A[0-9.,:;+-eE\s]{1,40}\Z") | st.floats().map(str)


@given(st.none() | ANY_TEXT, st.none() | ANY_TEXT)
@example("Mon, 01 Jan 0001 00:00:00 +2359", None)
@example("Fri, 31 Dec 9999 23:59:59 -2359", "Mon, 01 Jan 0100 00:00:00 +2359")
def test_retry_after_is_none_or_a_wait_whatever_came(value, server_date):
    seconds = after(value, server_date=server_date)
    assert seconds is None or 0 <= seconds <= TEN_YEARS


@given(st.datetimes(datetime(1970, 1, 2), datetime(2090, 1, 1)), st.integers(-3600, 10**6))
def test_any_date_is_measured_from_the_servers(server, seconds):
    server = server.replace(microsecond=0, tzinfo=UTC)
    then = format_datetime(server + timedelta(seconds=seconds), usegmt=True)
    assert after(then, server_date=format_datetime(server, usegmt=True)) == max(0, seconds)


# RateLimit and RateLimit-Policy


def test_a_policy_gives_limit_and_window():
    assert quota(ratelimit='"default";r=50;t=30', ratelimit_policy='"default";q=100;w=60') == Quota(
        100, 50, 30.0, 60.0
    )


def test_a_field_without_policy_says_what_is_left():
    assert quota(ratelimit='"default";r=50') == Quota(None, 50, None, None)


POLICIES = '"burst";q=100;w=60, "day" ; q=5000; w=86400;pk=":a,b;r=0:"'


@pytest.mark.parametrize(
    ("left", "remaining"),
    [
        ('"burst";r=90;t=30,"day";r=400;t=3000', 400),
        ('"burst";r=3;t=30,"day";r=400;t=3000', 3),
        ('"day";pk="x,y;r=1";r=400;t=3000', 400),
        ('"day";r=0;t=3000,"burst";r=0;t=5', 0),
        ('"unknown";r=1, "burst";r=90', 90),
        ('"unknown";r=0, "burst";r=1', 0),
    ],
)
def test_of_several_policies_the_one_with_the_least_share_left_wins(left, remaining):
    assert quota(ratelimit=left, ratelimit_policy=POLICIES).remaining == remaining


def test_of_two_that_are_spent_the_longer_wait_wins():
    spent = quota(ratelimit='"burst";r=0;t=5,"day";r=0;t=3000', ratelimit_policy=POLICIES)
    assert spent == Quota(5000, 0, 3000.0, 86400.0)


def test_what_is_not_counted_in_requests_is_no_quota_of_requests():
    said = {"ratelimit": '"size";r=9;t=1, "default";r=50;t=30'}
    assert quota(**said, ratelimit_policy='"size";q=900;qu="content-bytes"').remaining == 50
    assert quota(**said, ratelimit_policy='"size";q=900;qu="requests"').remaining == 9


@pytest.mark.parametrize(
    "field", ["", "50", "default;r=50", '"default"', '"default";r=-1', '"default";r=1.5', '"x']
)
def test_a_malformed_field_is_ignored(field):
    assert quota(ratelimit=field) is None
    assert quota(ratelimit=field, x_ratelimit_remaining="7") == Quota(None, 7, None)


# the trios


@pytest.mark.parametrize("prefix", ["ratelimit", "x_ratelimit", "x_rate_limit"])
def test_the_older_trios_are_read(prefix):
    said = {f"{prefix}_limit": "100", f"{prefix}_remaining": " 42 ", f"{prefix}_reset": "30"}
    assert quota(**said) == Quota(100, 42, 30.0)


def test_the_standard_trio_may_carry_its_policies():
    trio = {"ratelimit_remaining": "42", "ratelimit_reset": "30"}
    assert quota(**trio, ratelimit_limit="100, 100;w=60, 5000;w=86400") == Quota(100, 42, 30.0, 60.0)
    assert quota(**trio, ratelimit_limit="100", ratelimit_policy="5100;w=9, 100;w=60") == Quota(
        100, 42, 30.0, 60.0
    )


@pytest.mark.parametrize("remaining", ["39", "40"])  # whether or not a service counts what it is answering
def test_the_first_answer_of_a_window_says_how_long_it_is(remaining):
    trio = {"x_ratelimit_limit": "40", "x_ratelimit_remaining": remaining, "x_ratelimit_reset": "1"}
    assert quota(**trio).window == 1.0
    policy = {"ratelimit": f'"a";r={remaining};t=1', "ratelimit_policy": '"a";q=40'}
    assert quota(**policy).window == 1.0


@pytest.mark.parametrize("reset", [None, "", "0", "soon", f"{EPOCH + 1:.0f}", "2026-11-23T12:00:45Z"])
def test_a_window_is_not_told_by_a_reset_that_is_none_or_a_date(reset):
    headers = {"x-ratelimit-limit": "40", "x-ratelimit-remaining": "39"}
    headers |= {} if reset is None else {"x-ratelimit-reset": reset}
    assert read_quota(headers, now=EPOCH).window is None


def test_without_a_remainder_there_is_no_quota():
    assert quota(x_ratelimit_limit="100", x_ratelimit_reset="30") is None
    assert quota(x_ratelimit_limit="100", x_ratelimit_remaining="many") is None
    assert read_quota({}, now=EPOCH) is None


@pytest.mark.parametrize("limit", ["", "many", "-3", "1.5", "9" * 5000])
def test_a_limit_that_is_none_is_unknown(limit):
    assert quota(x_ratelimit_limit=limit, x_ratelimit_remaining="7") == Quota(None, 7, None)


@pytest.mark.parametrize(
    "reset",
    [
        "45",
        "45.0",
        f"{EPOCH + 45:.0f}",
        f"{EPOCH + 45:.3f}",
        f"{(EPOCH + 45) * 1000:.0f}",
        "2026-11-23T12:00:45Z",
        "2026-11-23T12:00:45",
        "2026-11-23 13:00:45+01:00",
        "Mon, 23 Nov 2026 12:00:45 GMT",
    ],
)
def test_a_reset_is_understood_however_it_is_told(reset):
    assert quota(x_ratelimit_remaining="7", x_ratelimit_reset=reset).resets_in == pytest.approx(45)


@pytest.mark.parametrize(
    ("reset", "seconds"),
    [
        ("0", 0),
        ("1000000000", 0),  # 2001
        ("2001-09-09", 0),
        ("999999999", WEEK),
        ("700000", 604_800),
        ("100000000000", 0),  # 1973, in milliseconds
        ("9" * 400, WEEK),
        ("9999-12-31T23:59:59-23:59", WEEK),
        ("0001-01-01T00:00:00+23:59", 0),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("nan", None),
    ],
)
def test_a_reset_is_clamped_to_the_next_week(reset, seconds):
    assert quota(x_ratelimit_remaining="7", x_ratelimit_reset=reset).resets_in == seconds


def test_a_reset_is_measured_from_the_date_of_the_answer():
    said = {
        "date": "Mon, 23 Nov 2026 12:00:00 GMT",
        "x-ratelimit-remaining": "7",
        "x-ratelimit-reset": f"{EPOCH + 45:.0f}",
    }
    assert read_quota(said, now=EPOCH - 3600).resets_in == 45


NAMES = st.sampled_from(
    ["date", "ratelimit", "ratelimit-policy"]
    + [prefix + last for prefix in ("ratelimit-", "x-ratelimit-") for last in ("limit", "remaining", "reset")]
)
FIELD_LIKE = st.from_regex(
    r'\A("[a-z]{0,2}"(; ?(q|r|w|t|qu|pk)=("?[0-9a-z,;]{0,4}"?|[0-9]{0,20})){0,3},? ?){0,3}\Z'
)


@given(st.dictionaries(NAMES, FIELD_LIKE | ANY_TEXT | st.integers(0, 10**20).map(str)), st.floats())
def test_a_quota_is_sound_or_none_whatever_came(headers, now):
    found = read_quota(headers, now=now)
    if found:
        assert found.remaining >= 0
        assert found.limit is None or found.limit >= 0
        assert found.resets_in is None or 0 <= found.resets_in <= WEEK
        assert found.window is None or found.window >= 0


@pytest.mark.parametrize("piece", ['"', '"a";', '"a";r=', ";", '"a";r="', "\\", '" ;', '"";a=;'])
def test_a_hostile_field_takes_no_time(piece):
    field = piece * (60_000 // len(piece))
    start = time.perf_counter()
    quota(ratelimit=field, ratelimit_policy=field, x_ratelimit_remaining="7", x_ratelimit_limit=field)
    after(field, server_date=field)
    assert time.perf_counter() - start < 1


def test_a_zone_other_than_greenwich_is_converted():
    then = NOW.astimezone(timezone(timedelta(hours=-5))) + timedelta(seconds=9)
    assert quota(x_ratelimit_remaining="7", x_ratelimit_reset=then.isoformat()).resets_in == 9


def test_of_two_that_are_spent_one_without_a_reset_comes_after_one_that_has_it():
    spent = quota(ratelimit='"a";r=0,"b";r=0;t=0.5')
    assert spent.resets_in == 0.5


def test_a_window_of_which_two_are_used_has_begun_before():
    trio = {"x_ratelimit_limit": "40", "x_ratelimit_remaining": "38", "x_ratelimit_reset": "1"}
    assert quota(**trio).window is None


def test_a_moment_without_a_zone_is_one_of_utc_wherever_we_are(monkeypatch):
    dates = ("2026-01-01T00:01:00", "Thu, 01 Jan 2026 00:01:00 -0000", "2026-01-01T01:01:00+01:00")
    headers = [{"x-ratelimit-remaining": "1", "x-ratelimit-reset": date} for date in dates]
    midnight = datetime(2026, 1, 1, tzinfo=UTC)
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "XYZ+5")
        time.tzset()
        found = [read_quota(it, now=midnight.timestamp()).resets_in for it in headers]
        asked = parse_retry_after("Thu, 01 Jan 2026 00:01:00 GMT", now=midnight.replace(tzinfo=None))
    time.tzset()
    assert (found, asked) == ([60.0] * 3, 60.0)
