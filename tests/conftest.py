"""What all tests share."""

import os

import pytest

os.environ["SPYRO_TOKEN_STORE"] = "none"  # nobody's own tokens are read, nor written


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
