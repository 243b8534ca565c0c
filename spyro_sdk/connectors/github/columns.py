"""The columns of GitHub's records, as its lists send them.

https://docs.github.com/en/rest
"""

from __future__ import annotations

import pyarrow as pa

TEXT, FLAG, WHOLE = pa.string(), pa.bool_(), pa.int64()
MOMENT = pa.timestamp("s", "UTC")


def _all(kind: pa.DataType, names: str) -> dict[str, pa.DataType]:
    return dict.fromkeys(names.split(), kind)


def _struct(columns: dict[str, pa.DataType]) -> pa.DataType:
    return pa.struct(list(columns.items()))


def _schema(columns: dict[str, pa.DataType], *required: str) -> pa.Schema:
    return pa.schema([pa.field(name, kind, name not in required) for name, kind in columns.items()])


def _links(names: str) -> dict[str, pa.DataType]:
    return {f"{name}_url": TEXT for name in names.split()}


USER_COLUMNS = {
    **_all(TEXT, "login"),
    **_all(WHOLE, "id"),
    **_all(TEXT, "node_id avatar_url gravatar_id url html_url"),
    **_links("followers following gists starred subscriptions organizations repos events"),
    **_all(TEXT, "received_events_url type user_view_type"),
    **_all(FLAG, "site_admin"),
}
USER = _struct(USER_COLUMNS)

LABEL_COLUMNS = {
    **_all(WHOLE, "id"),
    **_all(TEXT, "node_id url name color"),
    **_all(FLAG, "default"),
    **_all(TEXT, "description"),
}
MILESTONE_COLUMNS = {
    **_all(TEXT, "url html_url labels_url"),
    **_all(WHOLE, "id"),
    **_all(TEXT, "node_id"),
    **_all(WHOLE, "number"),
    **_all(TEXT, "title description"),
    "creator": USER,
    **_all(WHOLE, "open_issues closed_issues"),
    **_all(TEXT, "state"),
    **_all(MOMENT, "created_at updated_at due_on closed_at"),
}
LABELS, MILESTONE = pa.list_(_struct(LABEL_COLUMNS)), _struct(MILESTONE_COLUMNS)

REPOSITORY_LINKS = (
    "archive assignees blobs branches collaborators comments commits compare contents contributors"
    " deployments downloads events forks git_commits git_refs git_tags issue_comment issue_events issues"
    " keys labels languages merges milestones notifications pulls releases stargazers statuses subscribers"
    " subscription tags teams trees hooks git ssh clone svn mirror"
)
REPOSITORY_COLUMNS = {
    **_all(WHOLE, "id"),
    **_all(TEXT, "node_id name full_name"),
    **_all(FLAG, "private"),
    "owner": USER,
    **_all(TEXT, "html_url description"),
    **_all(FLAG, "fork"),
    **_all(TEXT, "url"),
    **_links(REPOSITORY_LINKS),
    **_all(TEXT, "homepage language"),
    **_all(WHOLE, "size stargazers_count watchers_count watchers forks_count forks"),
    **_all(WHOLE, "open_issues_count open_issues"),
    **_all(FLAG, "has_issues has_projects has_wiki has_pages has_downloads has_discussions"),
    **_all(FLAG, "archived disabled allow_forking is_template web_commit_signoff_required"),
    "license": _struct(_all(TEXT, "key name spdx_id url node_id")),
    "topics": pa.list_(TEXT),
    **_all(TEXT, "visibility default_branch"),
    "permissions": _struct(_all(FLAG, "admin maintain push triage pull")),
    **_all(MOMENT, "created_at updated_at pushed_at"),
}

PULL = {**_all(TEXT, "url html_url diff_url patch_url"), **_all(MOMENT, "merged_at")}
TYPE = {
    **_all(WHOLE, "id"),
    **_all(TEXT, "node_id name description color"),
    **_all(MOMENT, "created_at updated_at"),
    **_all(FLAG, "is_enabled"),
}
REACTIONS = {**_all(TEXT, "url"), **_all(WHOLE, "total_count +1 -1 laugh hooray confused heart rocket eyes")}
SUMMARY = _struct(_all(WHOLE, "total completed percent_completed"))
DEPENDENCIES = _struct(_all(WHOLE, "blocked_by total_blocked_by blocking total_blocking"))
APP = {
    **_all(WHOLE, "id"),
    **_all(TEXT, "client_id slug node_id name description external_url html_url"),
    "owner": USER,
    **_all(MOMENT, "created_at updated_at"),
}
ISSUE_COLUMNS = {
    **_all(WHOLE, "id number"),
    **_all(TEXT, "title state state_reason"),
    "user": USER,
    "assignee": USER,
    "assignees": pa.list_(USER),
    "labels": LABELS,
    "milestone": MILESTONE,
    "type": _struct(TYPE),
    **_all(TEXT, "body"),
    **_all(WHOLE, "comments"),
    **_all(MOMENT, "created_at updated_at closed_at"),
    "closed_by": USER,
    **_all(TEXT, "author_association active_lock_reason"),
    **_all(FLAG, "locked draft"),
    "sub_issues_summary": SUMMARY,
    "issue_dependencies_summary": DEPENDENCIES,
    "reactions": _struct(REACTIONS),
    "pull_request": _struct(PULL),
    "performed_via_github_app": _struct(APP),
    **_all(TEXT, "node_id url html_url"),
    **_links("repository labels comments events timeline"),
}

TEAM_TEXTS = "node_id name slug description privacy notification_setting permission type url html_url"
TEAM_COLUMNS = {
    **_all(WHOLE, "id"),
    **_all(TEXT, TEAM_TEXTS),
    **_all(TEXT, "members_url repositories_url"),
    **_all(WHOLE, "organization_id"),
}
TEAM = _struct(TEAM_COLUMNS)

AUTO_MERGE = {"enabled_by": USER, **_all(TEXT, "merge_method commit_title commit_message")}
ENDS = _struct(
    {**_all(TEXT, "label ref sha"), "user": USER, "repo": _struct(REPOSITORY_COLUMNS)},
)
HREFS = "self html issue comments review_comments review_comment commits statuses"
PULL_REQUEST_COLUMNS = {
    **_all(WHOLE, "id number"),
    **_all(TEXT, "title state"),
    **_all(FLAG, "draft locked"),
    "user": USER,
    "assignee": USER,
    "assignees": pa.list_(USER),
    "requested_reviewers": pa.list_(USER),
    "requested_teams": pa.list_(TEAM),
    "labels": LABELS,
    "milestone": MILESTONE,
    **_all(TEXT, "body"),
    **_all(MOMENT, "created_at updated_at closed_at merged_at"),
    **_all(TEXT, "merge_commit_sha author_association active_lock_reason"),
    "head": ENDS,
    "base": ENDS,
    **_all(TEXT, "node_id url html_url"),
    **_links("diff patch issue commits review_comments review_comment comments statuses"),
    "auto_merge": _struct(AUTO_MERGE),
    "_links": _struct({name: _struct({"href": TEXT}) for name in HREFS.split()}),
}

PERSON = _struct({**_all(TEXT, "name email"), **_all(MOMENT, "date")})
VERIFICATION = {**_all(FLAG, "verified"), **_all(TEXT, "reason signature payload"), "verified_at": MOMENT}
INNER = {
    "author": PERSON,
    "committer": PERSON,
    **_all(TEXT, "message"),
    "tree": _struct(_all(TEXT, "sha url")),
    **_all(TEXT, "url"),
    **_all(WHOLE, "comment_count"),
    "verification": _struct(VERIFICATION),
}
COMMIT_COLUMNS = {
    **_all(TEXT, "sha"),
    "commit": _struct(INNER),
    "author": USER,
    "committer": USER,
    "parents": pa.list_(_struct(_all(TEXT, "sha url html_url"))),
    **_all(TEXT, "node_id url html_url comments_url"),
}

UPDATE = {
    **_all(WHOLE, "id"),
    **_all(TEXT, "node_id project_node_id status"),
    "creator": USER,
    **_all(pa.date32(), "start_date target_date"),
    **_all(TEXT, "body"),
    **_all(MOMENT, "created_at updated_at"),
}
PROJECT_COLUMNS = {
    **_all(WHOLE, "id number"),
    **_all(TEXT, "title description short_description state"),
    **_all(FLAG, "public is_template"),
    "owner": USER,
    "creator": USER,
    "latest_status_update": _struct(UPDATE),
    **_all(MOMENT, "created_at updated_at closed_at deleted_at"),
    "deleted_by": USER,
    **_all(TEXT, "node_id"),
}

REPOSITORIES = _schema(REPOSITORY_COLUMNS, "id")
ISSUES = _schema(ISSUE_COLUMNS, "id")
PULL_REQUESTS = _schema(PULL_REQUEST_COLUMNS, "id")
COMMITS = _schema(COMMIT_COLUMNS, "sha")
USERS = _schema(USER_COLUMNS, "id")
CONTRIBUTORS = _schema({**USER_COLUMNS, "contributions": WHOLE})
TEAMS = _schema({**TEAM_COLUMNS, "parent": TEAM}, "id")
PROJECTS = _schema(PROJECT_COLUMNS, "id")
LABELS_OF_A_REPOSITORY = _schema(LABEL_COLUMNS, "id")
MILESTONES = _schema(MILESTONE_COLUMNS, "id")
