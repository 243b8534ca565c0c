"""A GitHub of the tests' own: how to reach it, and what must come out of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

import spyro_sdk as spyro
from spyro_sdk.arrow.exact import to_batch
from spyro_sdk.demo.github import words
from spyro_sdk.demo.github.server import Service
from spyro_sdk.demo.running import Seen

Record = dict[str, Any]
FAST = {"retry_delay": 0.001, "rate_limit": 100_000, "burst_size": 1000}


@contextmanager
def connected(service: Service, **settings: Any) -> Iterator[spyro.Connection]:
    """A connection that does not wait long before it tries again."""
    given = {"base_url": service.base_url, "access_token": service.token, "owner": words.OWNER}
    with spyro.connect("github", **{**given, **FAST, "progress": False, **settings}) as gh:
        yield gh


def public(service: Service) -> list[str]:
    """The repositories of the organization, the private one among them, by age."""
    return [it["name"] for it in service.world.repositories(words.OWNER)]


def truth(service: Service, entity: str) -> list[Record]:
    """The records of an entity as GitHub has them, each with what it is given of its repository."""
    world = service.world
    own = {"repositories": world.repositories, "projects": world.projects}
    if entity in own:
        return own[entity](words.OWNER)
    if entity in ("users", "teams"):
        return world.members() if entity == "users" else world.teams()
    find = {
        "issues": lambda *place: [it for it in world.issues(*place) if "pull_request" not in it],
        "pull_requests": world.pulls,
        "commits": world.commits,
        "contributors": world.contributors,
        "labels": world.labels,
        "milestones": world.milestones,
    }[entity]
    names = public(service)
    return [{**record, "repository": name} for name in names for record in find(words.OWNER, name)]


def table(records: Sequence[Record], schema: pa.Schema) -> pa.Table:
    """The records in the types of a schema; no column may be left over."""
    batch = to_batch(list(records), schema)
    assert batch.schema.names == schema.names
    return pa.Table.from_batches([batch])


def calls(service: Service, since: int = 0) -> Counter[str]:
    """How often each address was asked for."""
    return Counter(seen.path for seen in service.requests[since:])


def asked(service: Service, path: str) -> list[Seen]:
    return [seen for seen in service.requests if seen.path.endswith(path)]
