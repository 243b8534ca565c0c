"""What the tests of GitHub share: a GitHub, and a connection to it."""

from collections.abc import Iterator

import pytest

import spyro_sdk as spyro
from spyro_sdk.demo.github.server import Service, serve

from .hub import connected


@pytest.fixture(scope="session")
def hub() -> Iterator[Service]:
    """A service that tests only read; the biggest repository has some 600 issues and 150 pull requests."""
    with serve(records=1_200, seed=11, minute_limit=100_000, hourly_limit=100_000) as service:
        yield service


@pytest.fixture(scope="session")
def gh(hub: Service) -> Iterator[spyro.Connection]:
    with connected(hub) as connection:
        yield connection


@pytest.fixture
def own() -> Iterator[Service]:
    """A service that a test may spoil."""
    with serve(records=300, repositories=2, seed=3, device_interval=0) as service:
        yield service
