"""Everything that GitHub lists comes as it is, each record once, in the declared types."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

import spyro_sdk as spyro
from spyro_sdk.connectors.github import pages
from spyro_sdk.demo.github import words
from spyro_sdk.demo.github.server import Service
from spyro_sdk.errors import (
    AuthenticationError,
    DataFetchError,
    IntegrityError,
    UnknownEntityError,
    ValidationError,
)
from spyro_sdk.events import Event, SchemaChanged
from spyro_sdk.http import Request
from spyro_sdk.paging import Answer

from .hub import asked, calls, connected, public, table, truth

NATIVE = [
    *("repositories", "issues", "pull_requests", "commits", "contributors", "labels", "milestones"),
    *("users", "teams", "projects"),
]
OF_REPOSITORIES = NATIVE[1:7]


def test_canonical_entities_come_before_its_own(gh: spyro.Connection) -> None:
    assert gh.entities().names == ["Ticket", "User", "Team", "Project", *NATIVE]
    assert repr(gh) == "<Connection 'github' connected>"


@pytest.mark.parametrize("entity", NATIVE)
def test_records_come_as_they_are(hub: Service, gh: spyro.Connection, entity: str) -> None:
    found, expected = gh.fetch(entity).to_arrow(), truth(hub, entity)
    assert found.num_rows == len(expected) > 3
    assert found == table(expected, found.schema)
    assert found.schema == gh.describe(entity).to_arrow()


def test_a_profile_knows_the_key_of_its_own_entities_and_of_canonical_ones(gh: spyro.Connection) -> None:
    for fetch, key in (
        (gh.fetch("issues"), "id"),
        (gh.fetch("Ticket"), "id"),
        (gh.fetch("labels"), gh.entities()["labels"].key),
    ):
        found = fetch.profile()
        assert (found.key, found.is_keyed) == (key, True)


@pytest.mark.parametrize("entity", NATIVE)
def test_the_declared_columns_are_all_that_come(hub: Service, entity: str) -> None:
    """Else a page would take the slower road of the decoder."""
    told: list[Event] = []
    with connected(hub, observers=[told.append]) as gh:
        gh.fetch(entity).to_arrow()
    assert [event for event in told if isinstance(event, SchemaChanged)] == []


def test_issues_are_no_pull_requests(hub: Service, gh: spyro.Connection) -> None:
    """GitHub lists both together."""
    listed = {(name, it["number"]) for name in public(hub) for it in hub.world.issues(words.OWNER, name)}
    issues, pulls = (
        set(
            zip(
                *gh.fetch(entity).to_arrow().select(["repository", "number"]).to_pydict().values(),
                strict=True,
            )
        )
        for entity in ("issues", "pull_requests")
    )
    assert issues | pulls == listed
    assert not issues & pulls
    assert {"open", "closed"} == set(gh.fetch("issues").to_arrow()["state"].to_pylist())


def test_a_limit_counts_issues_alone(own: Service) -> None:
    with connected(own) as gh:
        for limit in (1, 5, 90, 161):
            assert gh.fetch("issues", limit=limit).to_arrow().num_rows == limit
        before = len(asked(own, "platform/issues"))
        gh.fetch("issues", limit=90).to_arrow()  # the first page has 80 beside its pull requests
        assert len(asked(own, "platform/issues")) - before == 2


def test_records_of_a_repository_say_whose_they_are(hub: Service, gh: spyro.Connection) -> None:
    for entity in OF_REPOSITORIES:
        found = Counter(gh.fetch(entity, columns=["repository"]).to_arrow()["repository"].to_pylist())
        assert found == Counter(record["repository"] for record in truth(hub, entity))


def test_repositories_without_issues_or_commits_are_no_error(hub: Service, gh: spyro.Connection) -> None:
    issues = gh.fetch("issues", columns=["repository"]).to_arrow()["repository"].to_pylist()
    commits = gh.fetch("commits", columns=["repository"]).to_arrow()["repository"].to_pylist()
    assert {words.EMPTY, words.QUIET} & set(issues) == set()
    assert words.EMPTY not in commits
    assert {410} == {seen.status for seen in asked(hub, "quiet/issues")}
    assert {409} == {seen.status for seen in asked(hub, "empty/commits")}
    assert 204 in {seen.status for seen in asked(hub, "empty/contributors")}


def test_each_request_says_who_asks_and_for_which_version(hub: Service, gh: spyro.Connection) -> None:
    gh.fetch("teams").to_arrow()
    for seen in hub.requests:
        assert seen.headers["user-agent"] == f"spyro-sdk/{spyro.__version__}"
        assert seen.headers["accept"] == "application/vnd.github+json"
        assert seen.headers["x-github-api-version"] == "2022-11-28"
    with connected(hub, api_version="2026-03-10") as other:
        other.fetch("teams").to_arrow()
    assert hub.requests[-1].headers["x-github-api-version"] == "2026-03-10"


# -- whose they are -----------------------------------------------------------------------------------


def test_a_user_has_no_members_and_sees_his_private_repositories(own: Service) -> None:
    with connected(own, owner="Ada") as gh:
        assert gh.entities().names == ["Ticket", "Project", *NATIVE[:7], "projects"]
        assert gh.fetch("repositories").to_arrow()["name"].to_pylist() == ["dotfiles", "talks", "secret"]
        assert gh.fetch("Project").to_arrow()["url"].to_pylist() == [
            "https://github.com/users/ada/projects/1"
        ]
        assert gh.fetch("Ticket").to_arrow().num_rows == 9
        with pytest.raises(UnknownEntityError, match="github has no entity 'Team'"):
            gh.fetch("Team").to_arrow()


def test_of_another_user_only_what_is_public_is_there(own: Service) -> None:
    with connected(own, owner="bjorn") as gh:
        assert gh.fetch("repositories").to_arrow().num_rows == 0
        assert gh.fetch("issues").to_arrow().num_rows == 0
    assert "/users/bjorn/repos" in calls(own)


def test_a_token_that_is_no_users_sees_what_is_public(own: Service) -> None:
    """That of a GitHub App's installation."""
    own.fail(status=403, body={"message": "Resource not accessible by integration"}, path="/user", after=1)
    with connected(own, owner="ada") as gh:
        assert gh.fetch("repositories").to_arrow()["name"].to_pylist() == ["dotfiles", "talks"]


def test_without_a_token_what_is_public_can_be_read(own: Service) -> None:
    with connected(own, access_token=None) as gh:
        assert words.SECRET not in gh.fetch("repositories").to_arrow()["name"].to_pylist()
        assert gh.stats.quota
        assert gh.stats.quota.limit == 60
        with pytest.raises(AuthenticationError, match="Requires authentication") as told:
            gh.fetch("teams").to_arrow()
        assert told.value.hint == "give access_token: without one only what is public can be read"
    assert not any("authorization" in seen.headers for seen in own.requests)


@pytest.mark.parametrize("names", [["web", "PLATFORM"], ("web", "platform"), "web, platform"])
def test_named_repositories_are_all_that_is_read(own: Service, names: object) -> None:
    with connected(own, repositories=names) as gh:
        assert gh.fetch("repositories").to_arrow()["name"].to_pylist() == ["web", "platform"]
        assert set(gh.fetch("labels").to_arrow()["repository"].to_pylist()) == {"web", "platform"}
        assert gh.fetch("repositories", limit=1).to_arrow().num_rows == 1
    assert "/orgs/acme/repos" not in calls(own)


def test_a_named_repository_that_is_not_there_is_an_error(own: Service) -> None:
    with connected(own, repositories=["web", "wbe"]) as gh:
        with pytest.raises(DataFetchError, match=r"github answered 404 to GET .*: Not Found") as told:
            gh.fetch("issues").to_arrow()
        assert told.value.hint
        assert "permissions" in told.value.hint


# -- how they are asked for ---------------------------------------------------------------------------


def test_the_pages_between_first_and_last_are_asked_for_at_once(own: Service) -> None:
    with connected(own, repositories=["platform"], page_size=5) as gh:
        before = len(own.requests)
        assert gh.fetch("pull_requests").to_arrow().num_rows == 50
        assert calls(own, before)["/repos/acme/platform/pulls"] == 10  # and none beyond the last
        pages = [int(seen.query.get("page", 1)) for seen in asked(own, "/pulls")]
        assert sorted(pages) == list(range(1, 11))


def test_issues_are_read_by_their_cursors(own: Service) -> None:
    with connected(own, repositories=["platform"], page_size=25) as gh:
        assert gh.fetch("issues").to_arrow().num_rows == 200
    cursors = [seen.query.get("after") for seen in asked(own, "/issues")]
    assert len(cursors) == len(set(cursors)) == 10


def test_issues_by_number_are_read_as_well(own: Service) -> None:
    own.number_pages()
    with connected(own, repositories=["platform"], page_size=25) as gh:
        assert gh.fetch("issues").to_arrow().num_rows == 200
    assert len(asked(own, "/issues")) == 10


def test_new_issues_while_pages_are_read_move_nothing(own: Service) -> None:
    with connected(own, repositories=["platform"], page_size=10) as gh:
        numbers = []
        for batch in gh.fetch("issues", columns=["number"]).batches():
            numbers += batch["number"].to_pylist()
            own.world.add_issue("platform", title="Another")
        assert len(numbers) == len(set(numbers))
        assert set(range(1, 251)) - set(range(5, 251, 5)) <= set(numbers)


def test_what_leads_to_somebody_else_is_not_followed(own: Service) -> None:
    headers = {"Link": '<https://elsewhere.example/repos?page=2>; rel="next"'}
    own.fail(status=200, body=[], headers=headers, path="/repos")
    with connected(own) as gh, pytest.raises(IntegrityError, match="not followed"):
        gh.fetch("repositories").to_arrow()


# -- since --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("entity", ["issues", "Ticket", "commits"])
def test_since_is_sent_where_github_can_leave_out_the_rest(own: Service, entity: str) -> None:
    with connected(own) as gh:
        everything = gh.fetch(entity).to_arrow()
        moments = sorted(_changed(everything))
        moment = moments[len(moments) // 2]
        before = len(own.requests)
        some = gh.fetch(entity, since=moment.isoformat()).to_arrow()
        assert some.num_rows == sum(it >= moment for it in moments) < everything.num_rows
        lists = [seen for seen in own.requests[before:] if seen.path.endswith(("/issues", "/commits"))]
        assert {seen.query["since"] for seen in lists} == {moment.strftime("%Y-%m-%dT%H:%M:%SZ")}


def test_since_is_exact_to_the_microsecond_and_in_any_zone(own: Service) -> None:
    with connected(own, repositories=["platform"]) as gh:
        own.world.change_issue("platform", 1, title="Changed")
        changed = gh.fetch("issues", where="number = 1").to_arrow()["updated_at"][0].as_py()
        for later, rows in ((0, 1), (1, 0)):
            since = changed.replace(microsecond=later).astimezone(UTC)
            assert gh.fetch("issues", since=since).to_arrow().num_rows == rows
    assert {seen.query.get("since") for seen in asked(own, "/issues")} >= {"2026-06-02T00:00:00Z"}


@pytest.mark.parametrize("entity", ["repositories", "pull_requests", "milestones", "projects", "Project"])
def test_since_is_applied_here_where_github_cannot(gh: spyro.Connection, entity: str) -> None:
    moments = sorted(_changed(gh.fetch(entity).to_arrow()))
    some = gh.fetch(entity, since=moments[-2]).to_arrow()
    assert some.num_rows == sum(it >= moments[-2] for it in moments)


@pytest.mark.parametrize("entity", ["users", "User", "teams", "labels", "contributors"])
def test_since_is_refused_where_nothing_tells(gh: spyro.Connection, entity: str) -> None:
    with pytest.raises(ValidationError, match=f"does not say when a {entity} changed"):
        gh.fetch(entity, since="2026-01-01").to_arrow()


def _changed(found) -> list[datetime]:
    if "commit" in found.column_names:
        return [commit["committer"]["date"] for commit in found["commit"].to_pylist()]
    return list(found["updated_at"].to_pylist())


def test_lists_of_the_owner_are_counted_by_one_request_each(hub: Service, gh: spyro.Connection) -> None:
    before = len(hub.requests)
    counts = gh.entities(counts=True).counts
    assert counts is not None
    assert set(counts) == {"User", "Team", "repositories", "users", "teams"}
    for name in ("repositories", "users", "teams"):
        assert counts[name] == gh.fetch(name).count()
    assert counts["User"] == counts["users"]
    asked = [seen.path.rpartition("/")[2] for seen in hub.requests[before:][:4]]
    assert asked == ["members", "teams", "projectsV2", "repos"]
    before = len(hub.requests)
    assert gh.entities("commits", counts=True).counts == {}
    assert len(hub.requests) == before


def test_repositories_that_are_named_need_not_be_counted(hub: Service) -> None:
    with connected(hub, repositories=public(hub)[:2]) as gh:
        assert gh.entities("repositories", counts=True).counts == {"repositories": 2}


@pytest.mark.parametrize(
    ("header", "payload", "number"),
    [
        (
            '<https://a.example/?page=2>; rel="next", <https://a.example/?page=7>; rel="last"',
            [{}],
            7,
        ),
        ('<https://a.example/?after=abc>; rel="next"', [{}], None),
        ("", [{}], 1),
        ("", [], 0),
        ("", {"message": "?"}, None),
    ],
)
def test_a_list_tells_by_its_links_how_long_it_is(header: str, payload: Any, number: int | None) -> None:
    assert pages.number(Request("https://a.example"), Answer(payload, 0, {"link": header})) == number


def test_a_list_that_is_not_ours_to_see_has_no_count(own: Service) -> None:
    with connected(own, retry_count=0) as gh:
        own.fail(status=404, body={"message": "Not Found"}, path="teams")
        assert set(gh.entities("s", counts=True).counts or {}) == {"User", "repositories", "users"}
        own.fail(status=400, body={"message": "Bad"}, path="teams")
        with pytest.raises(DataFetchError):
            gh.entities("team", counts=True)
