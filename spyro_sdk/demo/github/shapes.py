"""What the records of the demo's GitHub look like on the wire."""

from __future__ import annotations

import base64
import hashlib
import time
from dataclasses import dataclass
from typing import Any

Record = dict[str, Any]

USER_LINKS = (
    ("followers_url", "/followers"),
    ("following_url", "/following{/other_user}"),
    ("gists_url", "/gists{/gist_id}"),
    ("starred_url", "/starred{/owner}{/repo}"),
    ("subscriptions_url", "/subscriptions"),
    ("organizations_url", "/orgs"),
    ("repos_url", "/repos"),
    ("events_url", "/events{/privacy}"),
    ("received_events_url", "/received_events"),
)
REPOSITORY_LINKS = (
    *("archive_url", "assignees_url", "blobs_url", "branches_url", "collaborators_url", "comments_url"),
    *("commits_url", "compare_url", "contents_url", "contributors_url", "deployments_url", "downloads_url"),
    *("events_url", "forks_url", "git_commits_url", "git_refs_url", "git_tags_url", "issue_comment_url"),
    *("issue_events_url", "issues_url", "keys_url", "labels_url", "languages_url", "merges_url"),
    *("milestones_url", "notifications_url", "pulls_url", "releases_url", "stargazers_url", "statuses_url"),
    *("subscribers_url", "subscription_url", "tags_url", "teams_url", "trees_url", "hooks_url"),
)
REACTIONS = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")


@dataclass(frozen=True)
class Place:
    """Where the API and the web pages are."""

    api: str
    web: str


def moment(seconds: float) -> str:
    """A moment as GitHub writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def node(kind: str, number: int) -> str:
    """A node id: opaque, but the same each time."""
    return kind + base64.urlsafe_b64encode(number.to_bytes(6, "big")).decode()


def sha(*parts: object) -> str:
    """The name of a commit or a tree."""
    return hashlib.sha1(repr(parts).encode(), usedforsecurity=False).hexdigest()


def user(place: Place, login: str, number: int, kind: str = "User") -> Record:
    """A simple user, as it stands in other records."""
    api = f"{place.api}/users/{login}"
    return {
        "login": login,
        "id": number,
        "node_id": node("U_", number),
        "avatar_url": f"https://avatars.githubusercontent.com/u/{number}?v=4",
        "gravatar_id": "",
        "url": api,
        "html_url": f"{place.web}/{login}",
        **{name: api + path for name, path in USER_LINKS},
        "type": kind,
        "user_view_type": "public",
        "site_admin": False,
    }


def label(place: Place, full_name: str, number: int, given: tuple[str, str, str | None, bool]) -> Record:
    name, color, description, is_default = given
    return {
        "id": number,
        "node_id": node("LA_", number),
        "url": f"{place.api}/repos/{full_name}/labels/{name}",
        "name": name,
        "color": color,
        "default": is_default,
        "description": description,
    }


def milestone(place: Place, full_name: str, id_: int, number: int, **values: Any) -> Record:
    return {
        "url": f"{place.api}/repos/{full_name}/milestones/{number}",
        "html_url": f"{place.web}/{full_name}/milestone/{number}",
        "labels_url": f"{place.api}/repos/{full_name}/milestones/{number}/labels",
        "id": id_,
        "node_id": node("MI_", id_),
        "number": number,
        **values,
    }


def repository(place: Place, owner: Record, id_: int, name: str, **values: Any) -> Record:
    full_name = f"{owner['login']}/{name}"
    api, web = f"{place.api}/repos/{full_name}", f"{place.web}/{full_name}"
    return {
        "id": id_,
        "node_id": node("R_", id_),
        "name": name,
        "full_name": full_name,
        "private": False,
        "owner": owner,
        "html_url": web,
        "description": None,
        "fork": False,
        "url": api,
        **{link: f"{api}/{link.removesuffix('_url')}" for link in REPOSITORY_LINKS},
        "git_url": f"git://github.com/{full_name}.git",
        "ssh_url": f"git@github.com:{full_name}.git",
        "clone_url": f"{web}.git",
        "svn_url": web,
        "mirror_url": None,
        "homepage": None,
        "language": None,
        "size": 108,
        "stargazers_count": 0,
        "watchers_count": 0,
        "watchers": 0,
        "forks_count": 0,
        "forks": 0,
        "open_issues_count": 0,
        "open_issues": 0,
        "has_issues": True,
        "has_projects": True,
        "has_wiki": True,
        "has_pages": False,
        "has_downloads": True,
        "has_discussions": False,
        "archived": False,
        "disabled": False,
        "license": None,
        "allow_forking": True,
        "is_template": False,
        "web_commit_signoff_required": False,
        "topics": [],
        "visibility": "public",
        "default_branch": "main",
        "permissions": {"admin": False, "maintain": False, "push": True, "triage": True, "pull": True},
        **values,
    }


def issue(place: Place, full_name: str, id_: int, number: int, **values: Any) -> Record:
    api = f"{place.api}/repos/{full_name}/issues/{number}"
    return {
        "url": api,
        "repository_url": f"{place.api}/repos/{full_name}",
        "labels_url": f"{api}/labels{{/name}}",
        "comments_url": f"{api}/comments",
        "events_url": f"{api}/events",
        "html_url": f"{place.web}/{full_name}/issues/{number}",
        "id": id_,
        "node_id": node("I_", id_),
        "number": number,
        **values,
        "reactions": {"url": f"{api}/reactions", "total_count": 0, **dict.fromkeys(REACTIONS, 0)},
        "timeline_url": f"{api}/timeline",
        "performed_via_github_app": None,
    }


def pull_of(place: Place, full_name: str, number: int, merged_at: str | None) -> Record:
    """What the list of issues says of a pull request."""
    web = f"{place.web}/{full_name}/pull/{number}"
    return {
        "url": f"{place.api}/repos/{full_name}/pulls/{number}",
        "html_url": web,
        "diff_url": f"{web}.diff",
        "patch_url": f"{web}.patch",
        "merged_at": merged_at,
    }


def pull(place: Place, full_name: str, twin: Record, **values: Any) -> Record:
    """A pull request, from what the list of issues says of it."""
    number = twin["number"]
    api, web = f"{place.api}/repos/{full_name}/pulls/{number}", f"{place.web}/{full_name}/pull/{number}"
    shared = ("number", "state", "locked", "title", "user", "body", "created_at", "updated_at", "closed_at")
    more = ("assignee", "assignees", "labels", "milestone", "draft", "author_association")
    links = {"self": api, "html": web, "issue": twin["url"], "comments": twin["comments_url"]}
    links |= {name: f"{api}/{name}" for name in ("review_comments", "review_comment", "commits", "statuses")}
    return {
        "url": api,
        "id": twin["id"] + 1_000_000_000,
        "node_id": node("PR_", twin["id"]),
        "html_url": web,
        "diff_url": f"{web}.diff",
        "patch_url": f"{web}.patch",
        "issue_url": twin["url"],
        **{name: twin[name] for name in shared},
        **{name: twin[name] for name in more},
        "merged_at": twin["pull_request"]["merged_at"],
        "requested_reviewers": [],
        "requested_teams": [],
        "commits_url": f"{api}/commits",
        "review_comments_url": f"{api}/comments",
        "review_comment_url": f"{place.api}/repos/{full_name}/pulls/comments{{/number}}",
        "comments_url": twin["comments_url"],
        "statuses_url": f"{place.api}/repos/{full_name}/statuses/{sha(full_name, number)}",
        **values,
        "_links": {name: {"href": href} for name, href in links.items()},
        "auto_merge": None,
        "active_lock_reason": None,
    }


def commit(place: Place, full_name: str, name: str, parents: list[str], **values: Any) -> Record:
    api = f"{place.api}/repos/{full_name}"
    tree = sha("tree", name)
    inner = {
        **values.pop("commit"),
        "tree": {"sha": tree, "url": f"{api}/git/trees/{tree}"},
        "url": f"{api}/git/commits/{name}",
        "comment_count": 0,
        "verification": {
            "verified": False,
            "reason": "unsigned",
            "signature": None,
            "payload": None,
            "verified_at": None,
        },
    }
    return {
        "sha": name,
        "node_id": "C_" + name[:24],
        "commit": inner,
        "url": f"{api}/commits/{name}",
        "html_url": f"{place.web}/{full_name}/commit/{name}",
        "comments_url": f"{api}/commits/{name}/comments",
        **values,
        "parents": [
            {
                "sha": it,
                "url": f"{api}/commits/{it}",
                "html_url": f"{place.web}/{full_name}/commit/{it}",
            }
            for it in parents
        ],
    }
