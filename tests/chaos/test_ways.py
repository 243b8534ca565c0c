"""Rows 19 to 23, 25 and 26: pages that lead astray, are missing or come twice, and addresses of others."""

from __future__ import annotations

import pytest

from spyro_sdk.errors import AuthenticationError, DataFetchError, IntegrityError

from .faults import ALWAYS, Fault
from .runs import Run, assert_exact, fetch
from .service import Chaos
from .styles import STYLES, Style

EVERY = pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
LED = {name: it for name, it in STYLES.items() if it.following}
LINKED = {name: it for name, it in LED.items() if not it.following.startswith("token:")}
TOTALLED = {name: it for name, it in STYLES.items() if it.total}
AWAY = (
    *(
        "{elsewhere}{target}",
        "https://{host}{target}",
        "//127.0.0.1:9{target}",
        "http://169.254.169.254/latest",
    ),
    *("http://[::1]:9{target}", "http://user@{host}{target}", "http://{host}@evil.example{target}"),
    *("http://evil.example\\@{host}{target}", "http://{host}:80:80/", "http://{host}.evil.example{target}"),
    *("http://2130706433:9/", "http://0x7f.1:9/", "file:///etc/passwd", "javascript:alert(1)", "data:,x"),
    *("http://[::1", "ftp://{host}{target}", "http:\\\\{host}{target}", "http://127.0.0.1%00.evil.example/"),
)


@EVERY
@pytest.mark.parametrize("again", [1, 2])
def test_row_19_a_page_that_comes_again_is_noticed(chaos: Chaos, style: Style, again: int) -> None:
    run = fetch(chaos, style, Fault("again", 3, ALWAYS, {"page": again}))
    assert isinstance(run.error, IntegrityError)
    assert len(run.seen) < 40
    assert run.seconds < 2


@pytest.mark.parametrize("style", LED.values(), ids=LED)
def test_row_19_a_way_that_leads_to_itself_is_noticed(chaos: Chaos, style: Style) -> None:
    run = fetch(chaos, style, Fault("in_between", 3, ALWAYS, _between(style)), max_wait=1.0)
    assert isinstance(run.error, IntegrityError)
    assert run.seconds < 5


@pytest.mark.parametrize("style", LED.values(), ids=LED)
def test_row_20_a_page_without_records_is_not_the_end(chaos: Chaos, style: Style) -> None:
    run = fetch(chaos, style, Fault("in_between", 3, 2, _between(style)))
    assert run.spoilt == 2
    assert_exact(run, style)


def _between(style: Style) -> dict[str, str]:
    return {"records": style.records, "following": style.following}


def assert_missed(run: Run, style: Style) -> None:
    """An error that says what is missing; or nothing is, where what was spoilt could be had otherwise."""
    if run.error is None:
        assert_exact(run, style)
    else:
        assert isinstance(run.error, DataFetchError)


@pytest.mark.parametrize("style", TOTALLED.values(), ids=TOTALLED)
@pytest.mark.parametrize("kept", [0, 1, 14])
def test_row_21_too_few_records_are_missed(chaos: Chaos, style: Style, kept: int) -> None:
    few = {"path": style.records, "change": lambda found: found[:kept]}
    run = fetch(chaos, style, Fault("rows", 4, ALWAYS, few))
    assert_missed(run, style)


@pytest.mark.parametrize("style", TOTALLED.values(), ids=TOTALLED)
@pytest.mark.parametrize("total", [59, 61, 600, 1])
def test_row_21_a_total_that_is_wrong_is_told(chaos: Chaos, style: Style, total: int) -> None:
    run = fetch(chaos, style, Fault("edited", 0, ALWAYS, {style.total: total}))
    assert isinstance(run.error, IntegrityError)


@pytest.mark.parametrize("style", TOTALLED.values(), ids=TOTALLED)
def test_row_21_a_total_that_changes_is_told_or_made_up_for(chaos: Chaos, style: Style) -> None:
    assert_missed(fetch(chaos, style, Fault("edited", 4, ALWAYS, {style.total: 61})), style)


@pytest.mark.parametrize("page", [2, 3])
@pytest.mark.parametrize("times", [1, ALWAYS])
@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_row_21_a_number_of_pages_that_falls_is_told_or_made_up_for(
    chaos: Chaos, page: int, times: int, count: int
) -> None:
    style = STYLES["page number, count of pages"]
    run = fetch(chaos, style, Fault("edited", page, times, {style.pages: count}))
    assert run.spoilt >= 1
    assert_missed(run, style)


@EVERY
@pytest.mark.parametrize("code", [400, 410, 422])
def test_row_23_a_cursor_that_is_over_is_an_error_that_says_so(chaos: Chaos, style: Style, code: int) -> None:
    said = {"status": code, "body": b'{"message":"this cursor has expired"}'}
    run = fetch(chaos, style, Fault("status", 3, ALWAYS, said), concurrency=1)
    assert isinstance(run.error, DataFetchError)
    assert "this cursor has expired" in str(run.error)


@EVERY
@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("to", ["{elsewhere}{target}", "https://{host}{target}", "http://{host}{target}"])
def test_row_25_no_redirect_is_followed(chaos: Chaos, style: Style, code: int, to: str) -> None:
    run = fetch(chaos, style, Fault("redirected", 2, ALWAYS, {"to": to, "status": code}), concurrency=1)
    assert isinstance(run.error, DataFetchError)
    assert (run.error.status, run.spoilt) == (code, 1)


@pytest.mark.parametrize("style", LINKED.values(), ids=LINKED)
@pytest.mark.parametrize("to", AWAY)
def test_row_26_nobody_else_is_asked(chaos: Chaos, style: Style, to: str) -> None:
    run = fetch(chaos, style, Fault("linked", 2, ALWAYS, {"following": style.following, "to": to}))
    assert_missed(run, style)
    assert {it.host for it in run.seen} == {chaos.base_url.removeprefix("http://")}


@EVERY
def test_whatever_is_asked_is_signed_alike(chaos: Chaos, style: Style) -> None:
    run = fetch(chaos, style, Fault("status", 2, 2, {"status": 500}))
    assert_exact(run, style)
    assert len({it.authorization for it in run.seen}) == 1


@EVERY
def test_an_error_says_how_much_had_come(chaos: Chaos, style: Style) -> None:
    error = fetch(chaos, style, Fault("status", 3, ALWAYS, {"status": 403}), concurrency=1).error
    assert isinstance(error, AuthenticationError)
    assert "records in" in str(error)
