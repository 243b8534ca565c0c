"""What `import spyro_sdk` gives, and what it costs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import spyro_sdk
from spyro_sdk.connectors import installed

HEAVY = (
    "pandas",
    "pyarrow",
    "aiohttp",
    "requests",
    "pydantic",
    "yaml",
    "ipywidgets",
    "IPython",
    "sqlglot",
    "anyio",
    "tqdm",
    "asyncio",
)


def import_times(module: str) -> dict[str, int]:
    """Microseconds that each module took, with what it imported itself, in a fresh interpreter."""
    run = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", f"import {module}"],
        capture_output=True,
        text=True,
        check=True,
    )
    rows = [line.removeprefix("import time:").split("|") for line in run.stderr.splitlines()[1:]]
    return {row[2].strip(): int(row[1]) for row in rows}


def test_the_import_loads_nothing_heavy() -> None:
    loaded = set(import_times("spyro_sdk"))
    assert "spyro_sdk" in loaded
    assert {name.partition(".")[0] for name in loaded} & set(HEAVY) == set()
    assert not [name for name in loaded if name.startswith("spyro_sdk.")]


def test_a_notebook_that_only_imports_us_loads_nothing_heavy_either() -> None:
    script = """
import sys
from IPython.core.interactiveshell import InteractiveShell
InteractiveShell.instance()
before = set(sys.modules)
import spyro_sdk
print(*sorted({name.partition(".")[0] for name in set(sys.modules) - before}))
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert set(run.stdout.split()) & set(HEAVY) == set()
    assert "spyro_sdk" in run.stdout.split()


def test_what_writes_files_is_not_imported_by_who_connects() -> None:
    script = "import sys, spyro_sdk.connection; print('pyarrow.parquet' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"


def test_the_import_costs_less_than_that_of_requests() -> None:
    runs = [(import_times("spyro_sdk"), import_times("requests")) for _ in range(5)]
    ours = min(times["spyro_sdk"] for times, _ in runs)
    theirs = min(times["requests"] for _, times in runs)
    assert ours < theirs


def test_every_name_of_the_face_is_there() -> None:
    for name in spyro_sdk.__all__:
        assert getattr(spyro_sdk, name) is not None
    assert set(spyro_sdk.__all__) <= set(dir(spyro_sdk))
    assert {"__version__", "__doc__"} <= set(dir(spyro_sdk))
    assert dir(spyro_sdk) == sorted(dir(spyro_sdk))


def test_the_names_are_what_their_modules_hold() -> None:
    from spyro_sdk.config import ConnectorConfig
    from spyro_sdk.connection import connect
    from spyro_sdk.errors import ConnectorError
    from spyro_sdk.guards.limiter import RateLimiter

    assert spyro_sdk.connect is connect
    assert spyro_sdk.ConnectorConfig is ConnectorConfig
    assert spyro_sdk.ConnectorError is ConnectorError
    assert spyro_sdk.RateLimiter is RateLimiter


def test_a_star_brings_the_face_and_nothing_else() -> None:
    brought: dict[str, object] = {}
    exec("from spyro_sdk import *", brought)
    assert set(brought) - {"__builtins__"} == set(spyro_sdk.__all__)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'spyro_sdk' has no attribute 'conect'"):
        spyro_sdk.conect  # noqa: B018
    with pytest.raises(ImportError):
        exec("from spyro_sdk import conect")
    assert not hasattr(spyro_sdk, "__wrapped__")


def test_the_gallery_is_a_package_and_a_list() -> None:
    assert spyro_sdk.connectors() == list(installed())
    assert "salesforce" in spyro_sdk.connectors()
    assert spyro_sdk.connectors.__name__ == "spyro_sdk.connectors"
    assert spyro_sdk.__getattr__("connectors") is spyro_sdk.connectors  # before anybody has imported it


SCRIPT = """\
import spyro_sdk as spyro

sf = spyro.connect("salesforce", demo=True)
fetch = sf.fetch("Customer", columns=["id"], where="annual_revenue > 1e6", limit=5)
reveal_type(sf)
reveal_type(fetch)
reveal_type(fetch.to_pandas())
reveal_type(fetch.count())
reveal_type(sf.describe("Customer").names)
reveal_type(spyro.ConnectorConfig("acme", api_key="k").rate)
"""

REVEALED = [
    '"spyro_sdk.connection.Connection"',
    '"spyro_sdk.fetch.Fetch"',
    '"pandas.core.frame.DataFrame"',
    '"int"',
    '"list[str]"',
    '"spyro_sdk.config.RateLimitConfig"',
]


def mypy(script: Path) -> subprocess.CompletedProcess[str]:
    cache = Path(__file__).parents[1] / ".mypy_cache"
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(cache), script.name]
    return subprocess.run(command, capture_output=True, text=True, cwd=script.parent, check=False)


def test_a_type_checker_sees_the_face(tmp_path: Path) -> None:
    script = tmp_path / "users_script.py"
    script.write_text(SCRIPT + 'sf.fetch("Customer", limt=5)\n')
    run = mypy(script)
    revealed = [
        line.partition("Revealed type is ")[2] for line in run.stdout.splitlines() if "Revealed" in line
    ]
    assert revealed == REVEALED, run.stdout + run.stderr
    errors = [line for line in run.stdout.splitlines() if ": error:" in line]
    assert len(errors) == 1, run.stdout
    assert 'Unexpected keyword argument "limt"' in errors[0]
