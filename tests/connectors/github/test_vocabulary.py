"""Tickets, users, teams and projects are made of what GitHub has, and of nothing else."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest

import spyro_sdk as spyro
from spyro_sdk.canonical import VOCABULARY
from spyro_sdk.connectors.github.vocabulary import TRANSLATIONS
from spyro_sdk.demo.github.server import Service
from spyro_sdk.errors import UnknownEntityError, ValidationError

from .hub import asked, connected, truth

Record = dict[str, Any]


def moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def ticket(issue: Record) -> Record:
    status = "solved" if issue["state_reason"] == "completed" else issue["state"]
    return {
        "id": str(issue["id"]),
        "source": "github",
        "native_entity": "issues",
        "number": str(issue["number"]),
        "subject": issue["title"],
        "description": issue["body"],
        "status": status,
        "status_raw": issue["state"],
        "priority": None,
        "type": issue["type"]["name"] if issue["type"] else None,
        "customer_id": None,
        "requester_id": str(issue["user"]["id"]) if issue["user"] else None,
        "assignee_id": str(issue["assignees"][0]["id"]) if issue["assignees"] else None,
        "tags": [label["name"] for label in issue["labels"]],
        "due_at": moment(issue["milestone"]["due_on"]) if issue["milestone"] else None,
        "resolved_at": moment(issue["closed_at"]),
        "channel": None,
        "owner_id": None,
        "created_at": moment(issue["created_at"]),
        "updated_at": moment(issue["updated_at"]),
        "deleted": None,
        "url": issue["html_url"],
    }


@pytest.mark.parametrize("entity", TRANSLATIONS)
def test_columns_and_types_are_those_of_the_vocabulary(gh: spyro.Connection, entity: str) -> None:
    found = gh.fetch(entity).to_arrow()
    assert found.schema == VOCABULARY[entity]
    assert found.num_rows > 3
    assert gh.describe(entity).to_arrow() == VOCABULARY[entity]
    assert found["source"].unique().to_pylist() == ["github"]


def test_a_ticket_is_an_issue(hub: Service, gh: spyro.Connection) -> None:
    expected = [ticket(issue) for issue in truth(hub, "issues")]
    assert gh.fetch("Ticket").to_arrow().to_pylist() == expected
    assert {it["status"] for it in expected} == {"open", "solved", "closed"}


def test_a_user_is_a_member_of_the_organization(hub: Service, gh: spyro.Connection) -> None:
    found = gh.fetch("User", columns=["id", "name", "email", "url"]).to_arrow().to_pylist()
    assert found == [
        {"id": str(it["id"]), "name": it["login"], "email": None, "url": it["html_url"]}
        for it in hub.world.members()
    ]


def test_a_team_and_a_project_keep_what_is_known_of_them(gh: spyro.Connection) -> None:
    team = gh.fetch("Team", where="name = 'Platform'").to_arrow().to_pylist()[0]
    assert team["description"] == "Keeps the lights on"
    assert team["url"] == "https://github.com/orgs/acme/teams/platform"
    projects = gh.fetch("Project").to_arrow().to_pylist()
    first, second, third = projects[:3]
    assert (first["key"], first["status"], first["deleted"]) == ("1", "open", False)
    assert first["url"] == "https://github.com/orgs/acme/projects/1"
    assert first["started_at"].isoformat() == "2026-01-15T00:00:00+00:00"
    assert second["started_at"] is None
    assert third["ends_at"] is None
    assert [it["status"] for it in projects] == ["open", "open", "open", "closed", "open"]


def test_only_what_is_needed_is_read(gh: spyro.Connection) -> None:
    whole = gh.fetch("Ticket").to_arrow()
    for columns in (["id"], ["source"], ["tags", "id"], ["url", "source", "number"]):
        assert gh.fetch("Ticket", columns=columns).to_arrow() == whole.select(columns)


def test_where_looks_at_canonical_columns(gh: spyro.Connection) -> None:
    whole = gh.fetch("Ticket").to_arrow().to_pylist()
    some = gh.fetch("Ticket", columns=["id"], where="status = 'solved' and type = 'Bug'").to_arrow()
    expected = [it["id"] for it in whole if it["status"] == "solved" and it["type"] == "Bug"]
    assert some["id"].to_pylist() == expected
    assert len(expected) > 5


def test_columns_of_its_own_stand_beside_the_canonical_ones(hub: Service, gh: spyro.Connection) -> None:
    issues = truth(hub, "issues")
    asked_for = gh.fetch("Ticket", columns=["id"], native=["comments", "repository", "user"]).to_arrow()
    assert asked_for.column_names == ["id", "comments", "repository", "user"]
    assert asked_for["comments"].to_pylist() == [it["comments"] for it in issues]
    assert asked_for["repository"].to_pylist() == [it["repository"] for it in issues]
    assert asked_for["user"].type == gh.describe("issues").to_arrow().field("user").type
    everything = gh.fetch("Ticket", native=["comments"], limit=1).to_arrow()
    assert everything.column_names == [*VOCABULARY["Ticket"].names, "comments"]
    found = gh.fetch("Ticket", native=["comments"], where="comments = 3 and status = 'open'").to_arrow()
    assert found.num_rows == sum(it["comments"] == 3 and it["state"] == "open" for it in issues) > 0


def test_what_is_not_there_is_refused_by_name(gh: spyro.Connection) -> None:
    with pytest.raises(ValidationError, match=r"issues has no column 'coments'.*did you mean 'comments'"):
        gh.fetch("Ticket", native=["coments"]).to_arrow()
    with pytest.raises(ValidationError, match="Ticket has no column 'title'"):
        gh.fetch("Ticket", columns=["title"]).to_arrow()
    with pytest.raises(ValidationError, match="cannot fulfil native"):
        gh.fetch("issues", native=["title"]).to_arrow()
    with pytest.raises(UnknownEntityError, match="no entity of its own that is called 'Ticket'"):
        gh.fetch("Ticket", native=True).to_arrow()
    with pytest.raises(UnknownEntityError, match="no entity of its own that is called 'Team'"):
        gh.describe("Team", native=True)


def test_a_description_says_what_a_column_is_made_of(gh: spyro.Connection) -> None:
    told = gh.describe("Ticket")
    assert told["status"].source == ("state", "state_reason")
    assert told["priority"].source == ()
    assert gh.describe("issues", native=True) == gh.describe("issues")


def test_a_plan_shows_the_first_request(own: Service) -> None:
    with connected(own) as gh:
        before = len(own.requests)
        plan = gh.fetch("Ticket", where="status = 'open'", since="2026-01-01").explain()
        assert len(own.requests) == before
        assert plan.request.startswith(
            f"GET {own.base_url}/repos/{{repository}}/issues?state=all&sort=created"
        )
        assert plan.local == "status = 'open'"
        assert plan.quota_left == 4_999
        assert not asked(own, "/issues")


def test_a_user_that_is_no_object_is_a_typed_error() -> None:
    odd = pa.record_batch({"user": ["ada"]})
    with pytest.raises(spyro.ConnectorError, match=r"Ticket\.requester_id cannot be made of user"):
        TRANSLATIONS["Ticket"].translated(odd, ["requester_id"], {})
