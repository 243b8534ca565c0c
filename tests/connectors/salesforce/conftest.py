"""What the tests of the connectors share: a Salesforce org, and a connection to it."""

from collections.abc import Iterator

import pytest

import spyro_sdk as spyro
from spyro_sdk.demo.server import Service, serve

from ...org import connected


@pytest.fixture(scope="session")
def org() -> Iterator[Service]:
    """A service that tests only read; 1,200 accounts come in three pages."""
    with serve(records=1_200, seed=11, wide_records=3, batch_limit=500) as service:
        yield service


@pytest.fixture(scope="session")
def sf(org: Service) -> Iterator[spyro.Connection]:
    with connected(org) as connection:
        yield connection


@pytest.fixture
def own() -> Iterator[Service]:
    """A service that a test may spoil; 1,000 accounts come in five pages."""
    with serve(records=1_000, seed=3, wide_records=2, batch_limit=200) as service:
        yield service
