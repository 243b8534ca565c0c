"""What the tests of the benchmarks share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from service.bodies import WIRES, Bodies, Wanted


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for what is rendered; it goes when the tests are over."""
    return tmp_path_factory.mktemp("rendered")


@pytest.fixture(autouse=True)
def _elsewhere(rendered: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is left where benchmarks keep what they rendered."""
    monkeypatch.setenv("TMPDIR", str(rendered))


@pytest.fixture
def bodies(rendered: Path) -> Callable[..., dict[str, Bodies]]:
    """Make the bodies of all wires."""

    def make(
        records: int = 4_500, page: int = 2_000, *, packs: bool = False, wires: Sequence[str] = WIRES
    ) -> dict[str, Bodies]:
        return {wire: Bodies(Wanted(wire, records, page, packs), rendered) for wire in wires}

    return make
