"""While records come and go, those that stay come exactly once, or an error says that they did not."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

import pytest

from spyro_sdk.errors import IntegrityError
from spyro_sdk.events import PagingRepaired, TotalChanged

from .api import serve
from .apis import APIS
from .arrived import doubled
from .pagers import Counted, Numbered, Whole
from .store import Churn
from .test_connector import read

pytestmark = pytest.mark.anyio

COUNT, SIZE = 2_000, 100
PAGED = [name for name, it in APIS.items() if not isinstance(it.pager, Whole) and it.count > SIZE]
SHIFTING = [name for name in PAGED if isinstance(APIS[name].pager, Counted | Numbered)]
"""Those that count, so that what is inserted or deleted moves all records behind it."""
STEADY = [name for name in PAGED if name not in SHIFTING]
KINDS: dict[str, Mapping[str, int]] = {
    "few inserts": {"deletes": 0},
    "few deletes": {"inserts": 0},
    "both": {"inserts": 3, "deletes": 3},
    "many inserts": {"every": 9, "inserts": 60, "deletes": 0},
    "many deletes": {"every": 9, "inserts": 0, "deletes": 60},
}


def tells(name: str, kind: str) -> bool:
    """Whether as many records come as are announced meanwhile: not where some come for others that go."""
    entity = APIS[name].entity
    return kind != "both" or (entity is not None and entity.total is None)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", SHIFTING)
async def test_where_records_move_this_is_repaired_and_told(name: str, kind: str) -> None:
    events = await read_while_they_change(name, Churn(7, **KINDS[kind]))
    assert any(isinstance(event, PagingRepaired) for event in events)


@pytest.mark.parametrize(
    ("name", "kind"), [(name, kind) for name in STEADY for kind in KINDS if tells(name, kind)]
)
async def test_where_pages_go_on_after_a_key_nothing_is_to_be_repaired(name: str, kind: str) -> None:
    events = await read_while_they_change(name, Churn(7, **KINDS[kind]))
    assert not any(isinstance(event, PagingRepaired) for event in events)


@pytest.mark.parametrize(("name", "is_told"), [("absolute next link", True), ("keyset", False)])
async def test_a_total_that_changes_is_told_where_a_cursor_may_hide_a_count(name: str, is_told: bool) -> None:
    events = await read_while_they_change(name, Churn(7, deletes=0))
    assert any(isinstance(event, TotalChanged) for event in events) is is_told


@pytest.mark.parametrize("name", SHIFTING)
async def test_a_list_that_never_rests_is_read_or_given_up_aloud(name: str) -> None:
    with suppress(IntegrityError):
        await read_while_they_change(name, Churn(3, every=1, inserts=2, deletes=3))


async def read_while_they_change(name: str, churn: Churn) -> list[object]:
    """Read an API to its end; every record that was there all the time has come exactly once."""
    with serve(replace(APIS[name], count=COUNT), churn) as service:
        keys = service.store.keys
        table, events = await read(service, page_size=SIZE)
    came = [int(key) for key in table["id"].to_pylist()]
    assert len(churn.inserted | churn.deleted) > COUNT / SIZE / 5
    assert doubled(came) == []
    assert churn.stable(keys) <= set(came) <= set(keys) | churn.inserted
    return list(events)
