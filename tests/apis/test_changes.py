"""While records come and go, those that stay come exactly once, or an error says that they did not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from spyro_sdk.errors import IntegrityError

from .api import serve
from .apis import APIS
from .arrived import doubled
from .pagers import Counted, Numbered, Whole
from .store import Churn
from .test_connector import read

pytestmark = pytest.mark.anyio

COUNT, SIZE = 3_000, 100
PAGED = [name for name, it in APIS.items() if not isinstance(it.pager, Whole) and it.count]
SHIFTING = [name for name in PAGED if isinstance(APIS[name].pager, Counted | Numbered)]
STEADY = [name for name in PAGED if name not in SHIFTING]
KINDS = {"inserts": {"deletes": 0}, "deletes": {"inserts": 0}, "both": {}}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", PAGED)
async def test_who_stays_comes_exactly_once_or_it_is_told(name: str, kind: str) -> None:
    api, churn = replace(APIS[name], count=COUNT), Churn(7, every=4, **KINDS[kind])
    with serve(api, churn) as service:
        keys = service.store.keys
        try:
            table, events = await read(service, page_size=SIZE)
        except IntegrityError as error:
            print("ERR", name, kind, error)
            return
    came = [int(key) for key in table["id"].to_pylist()]
    assert doubled(came) == []
    print("OK", name, kind, len(churn.stable(keys) - set(came)), {type(e).__name__ for e in events})
    assert churn.stable(keys) <= set(came) <= set(keys) | churn.inserted
