"""What the tests of leaks share: the drama, played once."""

from __future__ import annotations

import pytest

from tests.leaks.drama import Drama, play


@pytest.fixture(scope="session")
def drama(tmp_path_factory: pytest.TempPathFactory) -> Drama:
    return play(tmp_path_factory.mktemp("leaks"))
