"""Limits are waited out as GitHub asks, an unchanged page costs nothing, and a refusal says what it is."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

import spyro_sdk as spyro
from spyro_sdk.connectors.github import GitHub
from spyro_sdk.connectors.github.asked import SCOPE, VERSION
from spyro_sdk.connectors.github.refusal import Pause, error_of, still_computing
from spyro_sdk.demo.github.server import Service
from spyro_sdk.errors import AuthenticationError, DataFetchError, RateLimitError
from spyro_sdk.events import Event, Received, Retried
from spyro_sdk.guards.retry import is_transient
from spyro_sdk.http import Response

from .hub import asked, connected

USED_UP = {
    "date": "Thu, 01 Jan 2026 00:00:00 GMT",
    "x-ratelimit-limit": "5000",
    "x-ratelimit-remaining": "0",
    "x-ratelimit-reset": "1767226500",  # a quarter of an hour later
}
LEFT = {**USED_UP, "x-ratelimit-remaining": "17"}
SECONDARY = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes."}
ABUSE = {"message": "You have triggered an abuse detection mechanism."}
FORBIDDEN = {"message": "Resource not accessible by personal access token"}


def refused(
    status: int, headers: dict[str, str], payload: Any, pause: Pause | None = None, known: bool = True
):
    return error_of(Response(status, headers, b""), payload, pause or Pause(), is_known=known)


# -- which refusal is a limit -------------------------------------------------------------------------


@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize(
    ("headers", "payload", "seconds"),
    [
        (USED_UP, {"message": "API rate limit exceeded for user ID 1."}, 900),
        (USED_UP, None, 900),
        ({**USED_UP, "retry-after": "30"}, SECONDARY, 30),
        ({**LEFT, "retry-after": "60"}, SECONDARY, 60),
        (LEFT, SECONDARY, 60),
        (LEFT, ABUSE, 60),
        ({}, SECONDARY, 60),
        ({"x-ratelimit-remaining": "0"}, None, 60),
    ],
)
def test_a_limit_says_how_long_to_wait(
    status: int, headers: dict[str, str], payload: Any, seconds: float
) -> None:
    error = refused(status, headers, payload)
    assert isinstance(error, RateLimitError)
    assert error.retry_after == pytest.approx(seconds, abs=2)
    assert (error.status, error.connector) == (status, "github")
    assert f"({status})" in str(error)


def test_too_many_requests_are_a_limit_whatever_is_said() -> None:
    error = refused(429, LEFT, None)
    assert isinstance(error, RateLimitError)
    assert error.retry_after == pytest.approx(60, abs=1)


@pytest.mark.parametrize(("known", "words"), [(True, "longer max_wait"), (False, "5,000 requests an hour")])
def test_who_has_no_token_is_told_what_one_is_worth(known: bool, words: str) -> None:
    assert words in str(refused(403, USED_UP, None, known=known).hint)


@pytest.mark.parametrize("headers", [{}, LEFT])
def test_any_other_forbidden_is_no_limit(headers: dict[str, str]) -> None:
    error = refused(403, headers, FORBIDDEN)
    assert isinstance(error, AuthenticationError)
    assert not is_transient(error)
    assert "Resource not accessible" in str(error)


def test_single_sign_on_is_said_with_the_page_where_it_is_allowed() -> None:
    url = "https://github.com/orgs/acme/sso?authorization_request=s3cret"
    error = refused(403, {"x-github-sso": f"required; url={url}"}, FORBIDDEN)
    assert isinstance(error, AuthenticationError)
    assert (
        error.hint
        == "allow the token for the organization's single sign-on: https://github.com/orgs/acme/sso"
    )
    partial = refused(403, {"x-github-sso": "partial-results; organizations=1"}, FORBIDDEN)
    assert partial.hint == "allow the token for the organization's single sign-on"


@pytest.mark.parametrize(
    ("status", "words"),
    [(301, "renamed"), (307, "renamed"), (404, "permissions"), (410, "disabled"), (451, "repositories=[…]")],
)
def test_what_is_not_there_says_why_that_may_be(status: int, words: str) -> None:
    error = refused(status, {}, {"message": "No"})
    assert isinstance(error, DataFetchError)
    assert words in str(error.hint)
    assert not is_transient(error)


def test_what_is_wrong_with_the_question_is_told_in_githubs_words() -> None:
    error = refused(422, {}, {"message": "Validation Failed"})
    assert (str(error), error.hint) == ("github answered 422: Validation Failed", None)


def test_what_is_still_being_computed_is_asked_for_again(own: Service) -> None:
    assert is_transient(still_computing(Response(202, {}, b"")))
    own.fail(status=202, body={}, path="/teams")
    with connected(own) as gh:
        assert gh.fetch("teams").to_arrow().num_rows == 5
    assert [seen.status for seen in asked(own, "/teams")] == [202, 200]


# -- a limit that names no time -----------------------------------------------------------------------


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_limit_that_names_no_time_is_a_minute_and_doubles_while_it_lasts() -> None:
    clock = Clock()
    pause, told = Pause(clock), []
    for _ in range(8):
        told.append(seconds := pause.begun())
        clock.now += seconds
    assert told == [60, 120, 240, 480, 960, 1920, 3600, 3600]


def test_requests_that_were_on_their_way_are_the_same_time() -> None:
    clock = Clock()
    pause = Pause(clock)
    assert pause.begun() == 60
    clock.now += 10
    assert [pause.begun() for _ in range(5)] == [50] * 5
    clock.now += 50
    assert pause.begun() == 120


def test_a_good_answer_ends_it_unless_it_was_on_its_way() -> None:
    clock = Clock()
    pause = Pause(clock)
    pause.over()
    pause.begun()
    pause.over()  # it had been sent before the limit was hit
    clock.now += 60
    assert pause.begun() == 120
    clock.now += 120
    pause.over()
    clock.now += 1
    assert pause.begun() == 60


# -- with the service ---------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [403, 429])
def test_a_used_up_hour_is_an_error_with_the_time_at_once(own: Service, status: int) -> None:
    own.limits.status = status
    with connected(own) as gh:
        own.leave(0)
        started = time.monotonic()
        with pytest.raises(RateLimitError, match="API rate limit exceeded") as told:
            gh.fetch("teams").to_arrow()
        assert time.monotonic() - started < 5
        assert 3500 < (told.value.retry_after or 0) <= 3601
        sent = len(own.requests)
        with pytest.raises(RateLimitError, match="grants no request for"):
            gh.fetch("users").to_arrow()
        assert len(own.requests) == sent  # not asked again before the hour is over


def test_an_hour_that_ends_soon_is_waited_for(own: Service) -> None:
    with connected(own, max_wait=30) as gh:
        own.leave(0)
        own.limits.account(own.token).reset = time.time() + 1
        assert gh.fetch("teams").to_arrow().num_rows == 5
    assert [seen.status for seen in asked(own, "/teams")] == [403, 200]


def test_a_secondary_limit_is_waited_out(own: Service) -> None:
    own.limits.retry_after = 0
    with connected(own) as gh:
        own.limits.per_minute = 0

        def allow(event: Event) -> None:
            if isinstance(event, Retried):
                own.limits.per_minute = 900

        gh._connector.observe(allow)
        assert gh.fetch("teams").to_arrow().num_rows == 5
    assert own.limits.secondary["points"] == 1


def test_a_secondary_limit_without_a_time_is_not_waited_for_longer_than_wanted(own: Service) -> None:
    own.limits.retry_after = None
    with connected(own, max_wait=30) as gh:
        own.limits.per_minute = 0
        with pytest.raises(RateLimitError, match="secondary rate limit") as told:
            gh.fetch("teams").to_arrow()
    assert told.value.retry_after == pytest.approx(60, abs=2)


def test_as_many_requests_are_sent_at_once_as_github_takes(own: Service) -> None:
    own.limits.concurrent = 100
    with connected(own) as gh:
        for entity in ("issues", "pull_requests", "commits"):
            gh.fetch(entity).to_arrow()
    assert own.limits.secondary["concurrent"] == 0


def test_other_quotas_are_not_taken_for_this_one(own: Service) -> None:
    search = {"X-RateLimit-Limit": "30", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}
    own.fail(status=200, body=[], headers={**search, "X-RateLimit-Resource": "search"}, path="/teams")
    with connected(own) as gh:
        before = gh.rate_limit.quota
        gh.fetch("teams").to_arrow()
        assert gh.rate_limit.quota == before
        assert gh.rate_limit.quota
        assert gh.rate_limit.quota.limit == 5_000


# -- what has not changed -----------------------------------------------------------------------------


def test_unchanged_pages_cost_no_quota_and_hold_the_same_records(own: Service) -> None:
    told: list[Event] = []
    with connected(own, observers=[told.append], repositories=["platform"]) as gh:
        first, used = gh.fetch("Ticket").to_arrow(), own.used
        assert gh.fetch("Ticket").to_arrow() == first
        assert own.used == used
        assert {event.status for event in told if isinstance(event, Received)} == {200, 304}
        assert {event.size for event in told if isinstance(event, Received) and event.status == 304} == {0}
        own.world.change_issue("platform", 1, title="Changed")
        again = gh.fetch("Ticket").to_arrow()
        assert again["subject"][0].as_py() == "Changed"
        assert own.used == used + 1  # the page that it stands on


def test_a_plan_after_a_fetch_knows_what_is_left(own: Service) -> None:
    with connected(own) as gh:
        gh.fetch("teams").to_arrow()
        assert f"quota    {5_000 - own.used:,} requests left" in str(gh.fetch("teams").explain())


def test_without_a_token_an_unchanged_page_costs_as_much(own: Service) -> None:
    with connected(own, access_token=None) as gh:
        gh.fetch("labels", limit=1).to_arrow()
        left = gh.stats.quota.remaining if gh.stats.quota else 0
        gh.fetch("labels", limit=1).to_arrow()
        assert gh.stats.quota
        assert gh.stats.quota.remaining < left


def test_the_demo_is_there_for_everybody() -> None:
    with spyro.connect("github", demo={"records": 50}, progress=False) as gh:
        assert gh.fetch("Ticket").to_pandas()["subject"].notna().all()
        assert gh.fetch("User", limit=2).to_pandas()["name"].tolist() == ["ada", "bjorn"]


# -- what is written of it ----------------------------------------------------------------------------


def test_each_action_costs_the_requests_that_are_listed(own: Service) -> None:
    with connected(own) as gh:
        assert own.used == 1
        for act in (gh.entities, lambda: gh.describe("Ticket"), gh.fetch("Ticket").explain):
            act()
        assert own.used == 1
        assert _cost(own, gh.fetch("users")) == 1
        repositories = len(own.world.repositories("acme"))
        issues = _cost(own, gh.fetch("issues"))
        pages = sum(max(1, -(-len(own.world.issues("acme", it["name"])) // 100)) for it in _all(own))
        assert issues == 1 + pages
        assert _cost(own, gh.fetch("labels")) == repositories  # their list has not changed
        assert _cost(own, gh.fetch("labels")) == 0
    with connected(own, owner="ada"):
        assert own.requests[-1].path == "/user"
    with connected(own, repositories=["web", "platform"]) as gh:
        assert _cost(own, gh.fetch("labels")) == 2 + 2


def test_the_defaults_are_those_that_are_listed() -> None:
    text = (Path(__file__).resolve().parents[3] / "docs" / "connectors" / "github.md").read_text("utf-8")
    for name in ("rate_limit", "burst_size", "page_size"):
        assert f"| `{name}` | {GitHub.defaults[name]}" in text
    assert f'| `api_version` | `"{VERSION}"`' in text
    assert f"the scope `{SCOPE}`" in text
    assert f"up to {GitHub.keeps >> 20} MB" in text


def _cost(service: Service, fetch: spyro.Fetch) -> int:
    before = service.used
    fetch.to_arrow()
    return service.used - before


def _all(service: Service) -> list[dict[str, Any]]:
    return service.world.repositories("acme")
