"""What all tests share."""

import os
import signal

import pytest
from hypothesis import Phase, settings

from . import environment  # noqa: F401

# `make histories` plays many, and long ones
settings.register_profile("thorough", max_examples=4000, stateful_step_count=100, deadline=None)
# what `make mutants` runs again and again must always find the same, remember nothing, and only fail
settings.register_profile(
    "mutants",
    derandomize=True,
    database=None,
    deadline=None,
    print_blob=False,
    phases=[Phase.explicit, Phase.generate],
)
# who was started in the background has Ctrl-C ignored, which some tests press
signal.signal(signal.SIGINT, signal.default_int_handler)
if profile := os.environ.get("SPYRO_HYPOTHESIS"):
    settings.load_profile(profile)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
