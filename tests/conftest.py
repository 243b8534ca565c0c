"""What all tests share."""

import os
import signal
from collections.abc import Iterator

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


@pytest.fixture
def nobody_is_remembered() -> Iterator[None]:
    """Nobody is signed in in the memory of this process, neither by an earlier test nor for a later one."""
    _forget_everybody()
    yield
    _forget_everybody()


def _forget_everybody() -> None:
    from spyro_sdk.auth.tokens import in_memory

    for account in in_memory().accounts():
        in_memory().delete(account)
