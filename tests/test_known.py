"""Names are completed with what has been seen, and nothing is asked for it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

import spyro_sdk as spyro
from spyro_sdk.canonical import VOCABULARY
from spyro_sdk.demo.server import Service, serve
from spyro_sdk.known import Known, completions

from .org import calls, connected


@pytest.fixture(scope="module")
def org() -> Iterator[Service]:
    with serve(records=200, seed=5, wide_records=1) as service:
        yield service


NAMES = ["Customer", "Contact", "Opportunity", "User", "Account", "LoginHistory", "Wide__c"]


def test_entities_are_known_from_connecting_on(org: Service) -> None:
    with connected(org) as sf:
        before = calls(org)
        assert completions(sf.known, "entity") == sf._ipython_key_completions_() == NAMES
        assert sf.known.catalogue == sf.entities()
        assert calls(org) - before == Counter()
    assert sf._ipython_key_completions_() == NAMES  # also once it is closed


def test_canonical_columns_are_known_and_own_ones_once_they_were_described(org: Service) -> None:
    with connected(org) as sf:
        assert completions(sf.known, "columns", "Customer") == VOCABULARY["Customer"].names
        assert completions(sf.known, "native", "Customer") == []
        assert completions(sf.known, "columns", "Account") == []
        sf.describe("Account")
        before = calls(org)
        own = completions(sf.known, "native", "Customer")
        assert own[:2] == ["Id", "IsDeleted"]
        assert own == completions(sf.known, "columns", "Account")
        assert own == completions(sf.known, "columns", "Customer", own=True)
        assert completions(sf.known, "columns", "Customer") == VOCABULARY["Customer"].names
        assert "Owner.Name" not in own
        assert calls(org) - before == Counter()


def test_columns_of_related_records_are_known_once_both_were_described(org: Service) -> None:
    with connected(org) as sf:
        sf.describe("Account")
        sf.describe("User")
        names = completions(sf.known, "columns", "Account")
        assert {"Id", "Owner.Name", "CreatedBy.Email", "Parent.Name"} <= set(names)
        assert len(names) == len(set(names))
        asked = sf.fetch("Account", columns=["Name", "Owner.Name"], limit=1).to_arrow()
        assert asked.column_names == ["Name", "Owner.Name"]


def test_it_is_quick(org: Service) -> None:
    with connected(org) as sf:
        sf.describe("Account")
        sf.describe("User")
        started = time.perf_counter()
        for _ in range(20):
            completions(sf.known, "columns", "Account")
        assert time.perf_counter() - started < 1  # 20 of them; each takes a millisecond or two


class Mine(spyro.BaseConnector):
    """A connector that tells nothing beforehand."""

    async def connect(self) -> None:
        """There is nothing to open."""

    async def entities(self) -> list[spyro.Entity]:
        return [spyro.Entity("things")]

    def fetch_data(self, entity_type: str, since: Any = None, filters: Any = None) -> Any:
        return self._records()

    async def _records(self) -> Any:
        yield {"id": 1, "name": "a"}


def test_what_a_connector_does_not_know_beforehand_is_learned_by_asking() -> None:
    with spyro.connect(Mine, auth_type="none") as mine:
        assert completions(mine.known, "entity") == completions(mine.known, "columns", "things") == []
        assert mine.known.catalogue is None
        mine.entities("thing")
        mine.describe("things")
        assert completions(mine.known, "entity") == ["things"]
        assert completions(mine.known, "columns", "things") == ["id", "name"]
        assert completions(mine.known, "native", "things") == ["id", "name"]
        assert mine.known.catalogue is not None
        assert mine.entities(counts=True).counts == {}


def test_nothing_is_raised_while_a_line_is_being_typed() -> None:
    def broken() -> Any:
        raise RuntimeError

    for wanted in ("entity", "columns", "native"):
        assert completions(Known(broken), wanted, "Customer") == []  # type: ignore[arg-type]


def test_declared_columns_of_a_rest_service_are_known() -> None:
    with spyro.connect("github", demo={"records": 20, "repositories": 1}) as gh:
        assert completions(gh.known, "entity")[:5] == ["Ticket", "User", "Team", "Project", "repositories"]
        assert completions(gh.known, "columns", "Ticket") == VOCABULARY["Ticket"].names
        assert completions(gh.known, "native", "Ticket") == completions(gh.known, "columns", "issues") != []
        assert completions(gh.known, "columns", "nothing") == []
    rest = {"base_url": gh.identity.base_url, "entities": {"items": "/items"}}
    with spyro.connect("rest", **rest) as declared:
        assert completions(declared.known, "entity") == ["items"]
        assert completions(declared.known, "columns", "items") == []
