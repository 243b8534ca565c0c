"""What is declared of an API is enough: the rest is found out, or an error says what to write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pytest

import spyro_sdk as spyro
from spyro_sdk.errors import ConfigurationError

from .api import PATH, Service, serve
from .apis import APIS
from .arrived import assert_arrived
from .test_connector import FAST


def fetched(service: Service, declared: Mapping[str, Any], **settings: Any) -> pa.Table:
    """All records of an API of which this is declared."""
    given = {**FAST, **service.api.door.settings, "progress": False, **settings}
    entities = {"items": {"path": PATH, **declared}}
    with spyro.connect("rest", base_url=service.base_url, entities=entities, **given) as connection:
        return connection.fetch("items").to_arrow()


@pytest.mark.parametrize("name", APIS)
def test_how_an_api_pages_is_found_out_or_an_error_says_what_to_write(name: str) -> None:
    api = APIS[name]
    with serve(api) as service:
        try:
            table = fetched(service, api.asked)
        except ConfigurationError as refusal:
            print("REFUSED", name, refusal)
        else:
            print("RIGHT", name, len(service.asked), [str(it) for it in service.refused])
            assert_arrived(table, api.shape, api.count)


@pytest.mark.parametrize("name", [name for name, it in APIS.items() if it.declared])
def test_what_is_declared_is_read(name: str) -> None:
    api = APIS[name]
    with serve(api) as service:
        assert_arrived(fetched(service, {**api.asked, **(api.declared or {})}), api.shape, api.count)
