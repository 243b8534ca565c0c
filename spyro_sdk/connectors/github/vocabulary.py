"""How GitHub's entities become canonical ones, a line a column."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from ...canonical import Translation, constant, first, made, part, parts, same


def _status(state: pa.Array, reason: pa.Array) -> pa.Array:
    """A closed issue is solved where GitHub says that it was completed."""
    is_solved = pc.fill_null(pc.equal(reason, "completed"), False)
    is_closed = pc.equal(state, "closed")
    return pc.if_else(pc.and_(is_closed, is_solved), pa.scalar("solved"), state)


def _is_there(column: pa.Array) -> pa.Array:
    return column.is_valid()


def _page(owner: pa.Array, number: pa.Array) -> pa.Array:
    """The web page of a project, which GitHub does not tell: `https://github.com/orgs/acme/projects/1`."""
    kinds = pc.if_else(pc.equal(pc.struct_field(owner, "type"), "Organization"), "/orgs/", "/users/")
    login, web = pc.struct_field(owner, "login"), pc.struct_field(owner, "html_url")
    host = pc.replace_substring_regex(web, r"/[^/]*$", "")
    return pc.binary_join_element_wise(host, kinds, login, "/projects/", number.cast(pa.string()), "")


COMMON = {"id": same("id"), "source": constant("github")}
TIMES = {"created_at": same("created_at"), "updated_at": same("updated_at")}

TICKET = Translation(
    "Ticket",
    "issues",
    {
        **COMMON,
        **TIMES,
        "native_entity": constant("issues"),
        "number": same("number"),
        "subject": same("title"),
        "description": same("body"),
        "status": made(_status, "state", "state_reason"),
        "status_raw": same("state"),
        "type": part("type.name"),
        "requester_id": part("user.id"),
        "assignee_id": first("assignees.id"),
        "tags": parts("labels.name"),
        "due_at": part("milestone.due_on"),
        "resolved_at": same("closed_at"),
        "url": same("html_url"),
    },
)

USER = Translation(
    "User",
    "users",
    {
        **COMMON,
        "native_entity": constant("users"),
        "name": same("login"),
        "url": same("html_url"),
    },
)

TEAM = Translation(
    "Team",
    "teams",
    {
        **COMMON,
        "native_entity": constant("teams"),
        "name": same("name"),
        "description": same("description"),
        "url": same("html_url"),
    },
)

PROJECT = Translation(
    "Project",
    "projects",
    {
        **COMMON,
        **TIMES,
        "native_entity": constant("projects"),
        "name": same("title"),
        "key": same("number"),
        "status": same("state"),
        "status_raw": same("state"),
        "started_at": part("latest_status_update.start_date"),
        "ends_at": part("latest_status_update.target_date"),
        "deleted": made(_is_there, "deleted_at"),
        "url": made(_page, "owner", "number"),
    },
)

TRANSLATIONS = {it.entity: it for it in (TICKET, USER, TEAM, PROJECT)}
