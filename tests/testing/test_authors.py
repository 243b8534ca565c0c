"""What an author sees who writes a class of claims, in a folder without a conftest."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

import spyro_sdk.testing
from spyro_sdk.errors import ConfigurationError

pytest_plugins = ["pytester"]

Claims = Callable[[str], pytest.RunResult]

CONNECTOR = """
from functools import partial

import pytest
from spyro_sdk import BaseConnector
from spyro_sdk.errors import UnknownEntityError
from spyro_sdk.testing import ConnectorContract

RECORDS = [{"id": n, "share": n / 8} for n in range(1, 5)]


class Small(BaseConnector):
    async def connect(self):
        pass

    async def fetch_data(self, entity_type, since=None, filters=None):
        if entity_type != "things":
            raise UnknownEntityError(f"there are no {entity_type}")
        for record in await self._execute_with_retry(self._all):
            yield record

    async def _all(self):
        return RECORDS


CONFIG = Small.configure(auth_type="none", rate_limit=60_000)
"""


@pytest.fixture
def claims(pytester: pytest.Pytester) -> Claims:
    """Run pytest on a file with the connector and this class; return what it says."""

    def run(code: str) -> pytest.RunResult:
        pytester.makepyfile(test_small=CONNECTOR + dedent(code))
        return pytester.runpytest_inprocess(
            "-q", "-p", "no:cacheprovider", "-p", "no:cov", "-W", "error", "-rs"
        )

    return run


COMPLETE = """
    class TestSmall(ConnectorContract):
        entity = "things"

        @pytest.fixture
        def make(self):
            return partial(Small, CONFIG)
"""


def test_a_class_that_says_what_is_needed_passes(claims: Claims) -> None:
    told = claims(COMPLETE.replace('entity = "things"', 'entity, key, rows = "things", "id", 4'))
    told.assert_outcomes(passed=24, skipped=1)
    told.stdout.fnmatch_lines(["*TestSmall names no moment*"])


def test_a_claim_without_a_column_to_filter_by_is_skipped(claims: Claims) -> None:
    code = COMPLETE + "\n    RECORDS[:] = [{'share': n / 8} for n in range(4)]\n"
    told = claims(code)
    told.assert_outcomes(passed=23, skipped=2)
    told.stdout.fnmatch_lines(["*no column holds text or whole numbers to filter by*"])


def test_too_few_records_are_said_to_be_too_few(claims: Claims) -> None:
    told = claims(COMPLETE + "\n    del RECORDS[2:]\n")
    told.stdout.fnmatch_lines(["*the claims need three records of 'things' to tell anything*"])


@pytest.mark.parametrize(
    ("line", "instead", "said"),
    [
        ('entity = "things"', "pass", "TestSmall does not say 'entity': write entity = 'orders'"),
        ('entity = "things"', "entity = None", "TestSmall does not say 'entity'"),
        (
            "def make(",
            "def mkae(",
            "TestSmall does not say 'make': write a fixture that returns what makes it",
        ),
        ("@pytest.fixture", "", "TestSmall does not say 'make': put @pytest.fixture above it"),
    ],
)
def test_what_is_left_out_is_said_once(claims: Claims, line: str, instead: str, said: str) -> None:
    told = claims(COMPLETE.replace(line, instead))
    told.assert_outcomes(errors=1)
    assert f"ConfigurationError: {said}" in told.stdout.str()


def test_a_connector_in_place_of_what_makes_it_is_named(claims: Claims) -> None:
    told = claims(COMPLETE.replace("partial(Small, CONFIG)", "Small(CONFIG)"))
    assert told.parseoutcomes()["errors"] == 25
    told.stdout.fnmatch_lines(
        ["*make returned a Small: return what makes a connector, as partial(Acme, config)*"]
    )


def test_a_class_for_others_need_not_be_complete(claims: Claims) -> None:
    code = """
    class Base(ConnectorContract):
        __test__ = False
        entity = "things"

    class TestSmall(Base):
        __test__ = True

        @pytest.fixture
        def make(self):
            return partial(Small, CONFIG)
    """
    claims(code).assert_outcomes(passed=24, skipped=1)


def test_a_claim_that_fails_shows_its_values(claims: Claims) -> None:
    told = claims(COMPLETE.replace("entity =", "rows = 5; entity ="))
    told.stdout.fnmatch_lines(["*assert 4 == 5*"])


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
