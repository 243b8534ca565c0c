"""What is declared of an API is enough: the rest is found out, or an error says what to write."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

import spyro_sdk as spyro
from spyro_sdk.connection import Connection
from spyro_sdk.errors import ConfigurationError

from .api import PATH, Service, serve
from .apis import APIS
from .arrived import assert_arrived
from .test_connector import FAST

FEWER = 3_000  # records
UNTOLD = {
    "cursor in the body of a POST": "paging: {type: cursor, cursor_path: paging.next, cursor_body_path:",
    "offset without a total": "Say how, with the names from its documentation, such as paging: {type:",
    "bare array without paging": "or paging: {type: single_page} if these are all records",
    "two lists in the envelope": "Say which are meant: write records: active",
    "records keyed by id": "it looks like objects by their keys at 'items', which cannot be read as a list",
}
"""APIs of which the answers do not tell enough, and what the error says."""


@contextmanager
def connected(service: Service, declared: Mapping[str, Any]) -> Iterator[Connection]:
    """A connection to an API of which this is declared."""
    given = {**FAST, **service.api.door.settings, "progress": False}
    entities = {"items": {"path": PATH, **declared}}
    with spyro.connect("rest", base_url=service.base_url, entities=entities, **given) as connection:
        yield connection


def fetched(service: Service, declared: Mapping[str, Any]) -> pa.Table:
    with connected(service, declared) as connection:
        return connection.fetch("items").to_arrow()


@pytest.mark.parametrize("name", [name for name in APIS if name not in UNTOLD])
def test_what_is_not_declared_is_found_out(name: str) -> None:
    api = APIS[name]
    with serve(api) as service:
        assert_arrived(fetched(service, api.asked), api.shape, api.count)


@pytest.mark.parametrize("name", UNTOLD)
def test_what_cannot_be_found_out_is_refused_with_what_to_write(name: str) -> None:
    api = APIS[name]
    with serve(api) as service, pytest.raises(ConfigurationError, match="The service answered") as refused:
        fetched(service, api.asked)
    assert UNTOLD[name] in str(refused.value)


@pytest.mark.parametrize("name", [name for name, it in APIS.items() if it.declared])
def test_what_is_declared_is_read(name: str) -> None:
    api = replace(APIS[name], count=min(FEWER, APIS[name].count))
    with serve(api) as service:
        assert_arrived(fetched(service, {**api.asked, **(api.declared or {})}), api.shape, api.count)


def test_the_plan_shows_what_was_found_out() -> None:
    with serve(APIS["HAL"]) as service, connected(service, {}) as connection:
        plan = str(connection.fetch("items").explain())
    for told in ("'_embedded.items'", "'_links.next.href'", "'page.totalElements'", "the key is 'id'"):
        assert re.search(told, plan), plan
