"""What all tests share."""

import os

import pytest

os.environ["SPYRO_TOKEN_STORE"] = "none"  # nobody's own tokens are read, nor written
os.environ["SPYRO_PROGRESS"] = "off"  # what a test does not ask for is not drawn


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
