"""A declared connector keeps the contract of all connectors."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from spyro_sdk.connectors.declared import Declared
from spyro_sdk.testing import ConnectorContract, Make

from .api import Asked, api, rows


def route(asked: Asked) -> Any:
    page = int(asked.get("page", 1))
    return {"data": rows(20)[8 * page - 8 : 8 * page], "total": 20}


class TestDeclared(ConnectorContract):
    entity, rows, key = "items", 20, "id"
    since = ("2026-01-11", 10)

    @pytest.fixture
    def make(self) -> Iterator[Make]:
        items = {
            "path": "/items",
            "records": "data",
            "paging": {"type": "page_number", "base_page": 1},
            "key": "id",
            "total": "total",
            "cursor": "updated_at",
        }
        with api(route) as service:
            kind = Declared.of({"base_url": service.url, "entities": {"items": items}})
            yield partial(kind, kind.configure(rate_limit=60_000))
