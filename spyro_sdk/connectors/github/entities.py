"""What GitHub has of an owner: lists of his own, and a list in each of his repositories."""

from __future__ import annotations

from dataclasses import replace

from ...entity import Entity, Parent
from ...paging import ONE_PAGE
from ...where import IsNull, Where
from . import columns
from .owner import Owner
from .pages import Named, Numbered

EVERY = {"state": "all", "sort": "created", "direction": "asc"}
"""Open ones and closed ones; in the order of their making, which no change disturbs while pages are read."""
BY_AGE = {"sort": "created", "direction": "asc"}
ISSUES_ALONE = Where("pull_request is null", IsNull("pull_request"))
HEARS_SINCE = frozenset({"issues", "commits"})
"""Those that GitHub itself can leave out what did not change of."""

REPOSITORY = Parent("repositories", {"repository": "full_name"}, {"repository": "name"})
"""Each record is given the name of its repository."""
IN_EACH = (
    Entity(
        "issues",
        "/repos/{repository}/issues",
        key="id",
        cursor="updated_at",
        schema=columns.ISSUES,
        params=EVERY,
        parent=REPOSITORY,
        only=ISSUES_ALONE,
    ),
    Entity(
        "pull_requests",
        "/repos/{repository}/pulls",
        key="id",
        cursor="updated_at",
        schema=columns.PULL_REQUESTS,
        params=EVERY,
        parent=REPOSITORY,
    ),
    Entity(
        "commits",
        "/repos/{repository}/commits",
        key="sha",
        cursor="commit.committer.date",
        schema=columns.COMMITS,
        parent=REPOSITORY,
    ),
    Entity(
        "contributors", "/repos/{repository}/contributors", schema=columns.CONTRIBUTORS, parent=REPOSITORY
    ),
    Entity(
        "labels",
        "/repos/{repository}/labels",
        key="id",
        schema=columns.LABELS_OF_A_REPOSITORY,
        parent=REPOSITORY,
    ),
    Entity(
        "milestones",
        "/repos/{repository}/milestones",
        key="id",
        cursor="updated_at",
        schema=columns.MILESTONES,
        params={"state": "all"},
        parent=REPOSITORY,
    ),
)


def offered(owner: Owner, repositories: tuple[str, ...]) -> tuple[Entity, ...]:
    """The entities of an owner; of these repositories, where some are named, else of all."""
    path = f"{owner.path}/projectsV2"
    projects = Entity("projects", path, key="id", cursor="updated_at", schema=columns.PROJECTS)
    own = [_repositories(owner, repositories), *IN_EACH, *_people(owner), projects]
    return tuple(it if it.paging is not ONE_PAGE else replace(it, paging=Numbered()) for it in own)


def _repositories(owner: Owner, names: tuple[str, ...]) -> Entity:
    entity = Entity("repositories", key="id", cursor="updated_at", schema=columns.REPOSITORIES)
    if names:
        return replace(entity, path=f"/repos/{owner.login}", paging=Named(names))
    if owner.is_ours:
        return replace(entity, path="/user/repos", params={**BY_AGE, "affiliation": "owner"})
    return replace(entity, path=f"{owner.path}/repos", params=BY_AGE)


def _people(owner: Owner) -> tuple[Entity, ...]:
    """Only an organization has members, and teams."""
    if not owner.is_organization:
        return ()
    return (
        Entity("users", f"{owner.path}/members", key="id", schema=columns.USERS),
        Entity("teams", f"{owner.path}/teams", key="id", schema=columns.TEAMS),
    )
