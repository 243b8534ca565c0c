"""What all tests share."""

import os

import pytest

# nothing of anybody's own is read, nor written
for name in ("SPYRO_TOKEN_STORE", "SPYRO_SCHEMA_CACHE", "SPYRO_RATE_LIMITS", "SPYRO_WATERMARKS"):
    os.environ[name] = "none"
os.environ["SPYRO_PROGRESS"] = "off"  # what a test does not ask for is not drawn


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
