"""A folder with a file of profiles."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Write = Callable[..., dict[str, str]]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write the file; return the environment that leads to it."""

    def written(text: str | bytes, mode: int = 0o600) -> dict[str, str]:
        file = tmp_path / "connections.toml"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        file.chmod(mode)
        return {"SPYRO_CONFIG_FOLDER": str(tmp_path)}

    return written
