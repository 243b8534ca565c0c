"""What all tests share."""

import os

import pytest

# nothing of anybody's own is read, nor written
for name in ("SPYRO_TOKEN_STORE", "SPYRO_SCHEMA_CACHE", "SPYRO_RATE_LIMITS"):
    os.environ[name] = "none"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
