"""No secret shows on any surface, in any encoding; and each surface is listed."""

from __future__ import annotations

import pytest

from tests.leaks.canaries import Detector
from tests.leaks.drama import Drama, play
from tests.leaks.surfaces import SURFACES


@pytest.fixture(scope="module")
def drama(tmp_path_factory: pytest.TempPathFactory) -> Drama:
    return play(tmp_path_factory.mktemp("leaks"))


@pytest.fixture(scope="module")
def detector(drama: Drama) -> Detector:
    return Detector(drama.canaries)


@pytest.mark.parametrize("name", SURFACES)
def test_no_secret_is_on(name: str, drama: Drama, detector: Detector) -> None:
    found = detector.found(SURFACES[name].look(drama))
    assert found == {}, "\n".join(f"{kind} as {where}" for kind, where in found.items())
