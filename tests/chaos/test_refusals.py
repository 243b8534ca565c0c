"""Rows 1 to 8: a service that fails, asks us to wait, or refuses us."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from spyro_sdk.errors import (
    AuthenticationError,
    ConnectorError,
    DataFetchError,
    RateLimitError,
)

from .faults import ALWAYS, Fault
from .runs import assert_exact, fetch
from .service import Chaos
from .styles import STYLES, Style

EVERY = pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
ONE = STYLES["next link"]
NONSENSE = [
    *("soon", "", "-5", "NaN", "inf", "1e3", "120, 120", "٣", "0x10", "5 seconds", "2026-01-01T00:00:00Z"),
    *("Thu, 99 Jan 2026 00:00:00 GMT", ";" * 300),
]
FORMS = {
    "IMF-fixdate": "%a, %d %b %Y %H:%M:%S GMT",
    "RFC 850": "%A, %d-%b-%y %H:%M:%S GMT",
    "asctime": "%a %b %d %H:%M:%S %Y",
}
DIALECTS = {
    "GitHub": {"status": 403, "X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "40"},
    "Google": {"status": 403, "body": b'{"error":{"code":403,"message":"Rate Limit Exceeded"}}'},
    "AWS": {"status": 400, "body": b'{"__type":"ThrottlingException","message":"Rate exceeded"}'},
    "Retry-After alone": {"status": 403, "Retry_After": "40"},
    "enhance your calm": {"status": 420, "Retry_After": "40"},
    "words": {"status": 403, "body": b'{"message":"too many requests, slow down"}'},
    "draft": {"status": 403, "RateLimit": '"hour";r=0;t=40'},
}


def status(code: int, times: int = 1, page: int = 2, **headers: str) -> Fault:
    return Fault("status", page, times, {"status": code, **headers})


def failed(chaos: Chaos, style: Style, *faults: Fault, **settings: object) -> ConnectorError:
    error = fetch(chaos, style, *faults, **settings).error
    assert error is not None
    return error


@EVERY
@pytest.mark.parametrize("code", [500, 502, 503, 504, 408])
def test_row_1_a_failure_that_passes_costs_nothing(chaos: Chaos, style: Style, code: int) -> None:
    run = fetch(chaos, style, status(code, times=2, page=3))
    assert run.spoilt == 2
    assert_exact(run, style)


@EVERY
def test_row_1_a_failure_that_stays_is_an_error_after_as_many_attempts_as_allowed(
    chaos: Chaos, style: Style
) -> None:
    run = fetch(chaos, style, status(500, ALWAYS), concurrency=1)
    assert isinstance(run.error, DataFetchError)
    assert (run.error.status, run.spoilt) == (500, 3)


@EVERY
@pytest.mark.parametrize("code", [429, 503])
def test_row_2_a_wait_is_as_long_as_it_was_asked_for(chaos: Chaos, style: Style, code: int) -> None:
    run = fetch(chaos, style, status(code, Retry_After="0.15", page=3))
    at = next(it.at for it in run.seen if it.fault)
    assert_exact(run, style)
    assert all(it.at - at >= 0.15 for it in run.seen if it.at > at + 0.05)  # others were on their way
    assert run.seconds < 0.15 * 1.1 + 1


def test_row_2_seconds_are_those_of_the_clock(chaos: Chaos) -> None:
    run = fetch(chaos, ONE, status(429, Retry_After="1"))
    assert_exact(run, ONE)
    assert 1 <= run.seconds < 2.1


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("skew", [-3600, 0, 3600])
def test_row_3_a_date_is_measured_from_the_services_clock(chaos: Chaos, form: str, skew: int) -> None:
    now = datetime.now(UTC) + timedelta(seconds=skew)
    then = {
        "Date": now.strftime(FORMS["IMF-fixdate"]),
        "Retry_After": (now + timedelta(seconds=7)).strftime(form),
    }
    error = failed(chaos, ONE, status(429, ALWAYS, **then), max_wait=5.0)
    assert isinstance(error, RateLimitError)
    assert error.retry_after == pytest.approx(7, abs=1)


@pytest.mark.parametrize("value", NONSENSE)
def test_row_4_a_wait_that_makes_no_sense_is_none(chaos: Chaos, value: str) -> None:
    value = value.encode().decode("latin-1")
    run = fetch(chaos, ONE, status(429, 2, Retry_After=value), status(503, Retry_After=value, page=3))
    assert_exact(run, ONE)
    assert run.seconds < 2


@pytest.mark.parametrize("value", ["Fri, 31 Dec 9999 23:59:59 GMT", "99999999999", "9" * 400])
def test_row_4_a_wait_without_an_end_is_an_error_at_once(chaos: Chaos, value: str) -> None:
    run = fetch(chaos, ONE, status(429, ALWAYS, Retry_After=value))
    assert isinstance(run.error, RateLimitError)
    assert (run.spoilt, run.seconds < 2) == (1, True)


def test_row_4_of_two_the_last_counts(chaos: Chaos) -> None:
    pairs = [("Retry-After", "86400"), ("Retry-After", "0")]
    run = fetch(chaos, ONE, Fault("raw_headers", given={"pairs": pairs, "status": 429}))
    assert_exact(run, ONE)


@EVERY
@pytest.mark.parametrize("code", [429, 503])
def test_row_5_who_asks_for_too_long_a_wait_is_not_asked_again(chaos: Chaos, style: Style, code: int) -> None:
    run = fetch(chaos, style, status(code, ALWAYS, Retry_After="86400"), concurrency=1)
    assert isinstance(run.error, RateLimitError)
    assert (run.error.retry_after, run.spoilt, run.seconds < 2) == (86400, 1, True)


@EVERY
def test_row_5_nobody_waits_for_a_quota_longer_than_allowed(chaos: Chaos, style: Style) -> None:
    """Nor do those who stood in line already when it was used up."""
    told = {"X_RateLimit_Limit": "100", "X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "86400"}
    spent = Fault("headers", given=told)
    run = fetch(chaos, style, spent, concurrency=4, rate_limit=600, burst_size=1, max_wait=0.5)
    assert isinstance(run.error, RateLimitError)
    assert run.error.retry_after == pytest.approx(86400, abs=60)
    assert run.seconds < 3


@EVERY
@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_row_6_too_many_requests_are_told_from_a_lack_of_rights(
    chaos: Chaos, style: Style, dialect: dict[str, object]
) -> None:
    error = failed(chaos, style, Fault("status", times=ALWAYS, given=dialect), max_wait=5.0)
    assert isinstance(error, RateLimitError)
    assert error.status == dialect["status"]


@EVERY
@pytest.mark.parametrize("code", [401, 403])
def test_row_8_a_refusal_is_not_argued_with(chaos: Chaos, style: Style, code: int) -> None:
    run = fetch(chaos, style, status(code, ALWAYS), concurrency=1)
    assert isinstance(run.error, AuthenticationError)
    assert run.spoilt == 1
