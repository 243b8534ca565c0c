"""What an author sees who writes a class of claims, in a folder without a conftest."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import spyro_sdk.testing
from spyro_sdk.connector import BaseConnector
from spyro_sdk.errors import ConfigurationError
from spyro_sdk.testing import ConnectorContract, Make
from spyro_sdk.testing.contract import _check_makes, _to_filter_by

ROOT = Path(__file__).resolve().parents[2]

FILE = """
from functools import partial

import pytest
from spyro_sdk import BaseConnector
from spyro_sdk.errors import UnknownEntityError
from spyro_sdk.testing import ConnectorContract


class Small(BaseConnector):
    async def connect(self):
        pass

    async def fetch_data(self, entity_type, since=None, filters=None):
        if entity_type != "things":
            raise UnknownEntityError(f"there are no {entity_type}")
        for number in await self._execute_with_retry(self._all):
            yield {"id": number, "share": number / 8}

    async def _all(self):
        return [1, 2, 3, 4]


class Claims(ConnectorContract):
    __test__ = False
    entity, key = "things", "id"

    @pytest.fixture
    def make(self):
        return partial(Small, Small.configure(auth_type="none", rate_limit=60_000))


class TestSmall(Claims):
    rows = 4


class TestFive(Claims):
    rows = 5
"""


def test_it_needs_no_conftest_and_shows_the_values_of_a_claim_that_fails(tmp_path: Path) -> None:
    (tmp_path / "test_small.py").write_text(FILE, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", "-rs"],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=100,
    )
    assert "1 failed, 47 passed, 2 skipped" in done.stdout
    assert "TestSmall names no moment" in done.stdout
    assert "assert 4 == 5" in done.stdout


class Nothing(BaseConnector):
    async def connect(self) -> None: ...

    async def fetch_data(
        self, entity_type: str, since: Any = None, filters: Any = None
    ) -> AsyncIterator[dict[str, Any]]:
        for record in ():
            yield record


NOTHING = Nothing.configure(auth_type="none")


@pytest.fixture
def make(self: Any) -> Make:
    return partial(Nothing, NOTHING)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"make": make}, "TestAcme does not say 'entity': write entity = 'orders'"),
        ({"make": make, "entity": 5}, "TestAcme does not say 'entity'"),
        ({"entity": "orders"}, "TestAcme does not say 'make': write a fixture that returns what makes it"),
        ({"entity": "orders", "make": print}, "TestAcme does not say 'make': put @pytest.fixture above it"),
    ],
)
def test_what_is_left_out_is_said_when_the_class_is_made(said: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        type("TestAcme", (ConnectorContract,), said)
    assert str(caught.value).startswith(message)
    assert caught.value.field in message


def test_a_class_for_others_need_not_be_complete() -> None:
    base = type("Base", (ConnectorContract,), {"__test__": False})
    assert issubclass(type("TestAcme", (base,), {"entity": "orders", "make": make}), base)


def test_a_connector_in_place_of_what_makes_it_is_named() -> None:
    _check_makes(Nothing)
    with pytest.raises(pytest.fail.Exception, match="make returned a Nothing: return what makes a connector"):
        _check_makes(Nothing(NOTHING))


@pytest.mark.anyio
async def test_too_few_records_are_said_to_be_too_few() -> None:
    claims: Any = type("TestNothing", (ConnectorContract,), {"entity": "orders", "make": make})()
    async with Nothing(NOTHING).connection_context() as connector:
        with pytest.raises(
            AssertionError, match="the claims need three records of 'orders' to tell anything"
        ):
            await claims.test_fetch_data_yields_every_record_once(connector)
        with pytest.raises(pytest.skip.Exception, match="TestNothing names no moment"):
            await claims.test_since_gives_what_changed_since(connector)


def test_a_condition_is_about_text_or_else_about_whole_numbers() -> None:
    assert _to_filter_by(pa.table({"n": [0, 7], "t": [None, "a"]})) == ("t", "a")
    assert _to_filter_by(pa.table({"f": [0.5, 1.5], "n": [0, 7], "t": ["", ""]})) == ("n", 7)
    with pytest.raises(pytest.skip.Exception, match="no column holds text or whole numbers"):
        _to_filter_by(pa.table({"f": [0.5, 1.5]}))


def test_without_pytest_it_says_what_to_install() -> None:
    spec = importlib.util.spec_from_file_location("spyro_sdk.again", Path(spyro_sdk.testing.__file__))
    assert spec
    assert spec.loader
    ours = sys.modules["pytest"]
    sys.modules["pytest"] = None  # type: ignore[assignment]
    try:
        with pytest.raises(ConfigurationError, match=r"pip install 'spyro-sdk\[testing\]'"):
            spec.loader.exec_module(importlib.util.module_from_spec(spec))
    finally:
        sys.modules["pytest"] = ours
