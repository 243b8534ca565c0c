"""A connector from outside: the sample of the documents, built, installed, found by its name and tested."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from spyro_sdk.testing import layout

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "docs" / "examples" / "corner-shop"
RECORDING = Path("tests", "orders.json")


def run(where: Path, *words: str, path: tuple[Path, ...] = (), **environment: str) -> str:
    """What a fresh interpreter in a folder prints, to which `path` and our own package are installed."""
    places = os.pathsep.join(map(str, (*path, ROOT)))
    done = subprocess.run(
        [sys.executable, *words],
        cwd=where,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": places, "PYTHONDONTWRITEBYTECODE": "1", **environment},
        timeout=100,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sample, as its author has it."""
    place = tmp_path_factory.mktemp("author") / "corner-shop"
    shutil.copytree(SAMPLE, place, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    return place


@pytest.fixture(scope="module")
def installed(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pip installed it, out of a wheel that it built, without a registry."""
    place = tmp_path_factory.mktemp("installed")
    pip = ["-m", "pip", "install", "--quiet", "--no-index", "--no-build-isolation", "--no-deps"]
    run(package, *pip, "--disable-pip-version-check", "--target", str(place), str(package))
    return place


def script(code: str) -> tuple[str, ...]:
    return "-W", "error", "-c", dedent(code)


def test_the_installed_package_holds_its_module_alone(installed: Path) -> None:
    assert {it.name for it in installed.iterdir() if it.suffix == ".py"} == {"corner_shop.py"}
    assert (installed / "acme_spyro-1.0.0.dist-info" / "entry_points.txt").exists()


def test_it_is_found_and_fetches(package: Path, installed: Path, tmp_path: Path) -> None:
    code = f"""
        import sys
        import spyro_sdk as spyro

        print("corner_shop" in spyro.connectors(), "corner_shop" in sys.modules)
        sys.path.append({str(package)!r})
        from demo_shop import KEY, start

        with spyro.connect("corner_shop", base_url=start(), api_key=KEY) as shop:
            print(shop.fetch("orders", where="customer = 'c3'").to_arrow()["id"].to_pylist()[:3])
            print(shop.fetch("orders").count(), shop.describe("orders").names)
        print(sys.modules["corner_shop"].__file__)
    """
    told = run(tmp_path, *script(code), path=(installed,)).splitlines()
    assert told[0] == "True False"
    assert told[1:3] == ["[3, 10, 17]", "250 ['id', 'customer', 'total', 'changed']"]
    assert Path(told[3]).parent == installed


def test_its_own_tests_pass_against_what_is_installed(package: Path, installed: Path) -> None:
    told = run(
        package, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "pythonpath=", path=(installed,)
    )
    assert "25 passed" in told


def test_its_tests_open_no_socket(package: Path, tmp_path: Path) -> None:
    code = f"""
        import sys
        import pytest

        def refuse(event, given):
            if event in ("socket.connect", "socket.getaddrinfo", "socket.bind"):
                raise AssertionError(event)

        sys.addaudithook(refuse)
        sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", {str(package)!r}]))
    """
    assert "25 passed" in run(tmp_path, *script(code))


def test_its_recording_is_what_the_service_answers(package: Path, tmp_path: Path) -> None:
    place = tmp_path / "again"
    shutil.copytree(package, place)
    (place / RECORDING).unlink()
    code = f"""
        import os, sys
        import pytest
        sys.path.append({str(place)!r})
        from demo_shop import KEY, start

        os.environ["SPYRO_CORNER_SHOP_BASE_URL"], os.environ["SPYRO_CORNER_SHOP_API_KEY"] = start(), KEY
        sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "."]))
    """
    run(place, *script(code))
    recorded, shown = (layout.parse((it / RECORDING).read_text(encoding="utf-8")) for it in (place, SAMPLE))
    assert recorded == shown
    assert "open-sesame" not in (place / RECORDING).read_text(encoding="utf-8")


@pytest.mark.parametrize("said", ["raise RuntimeError('not today')", "class CornerShop: pass"])
def test_a_broken_package_is_named_and_harms_no_other(said: str, installed: Path, tmp_path: Path) -> None:
    shutil.copytree(installed, tmp_path / "broken")
    (tmp_path / "broken" / "corner_shop.py").write_text(said, encoding="utf-8")
    code = """
        import spyro_sdk as spyro
        from spyro_sdk.errors import ConfigurationError

        print(*spyro.connectors())
        try:
            spyro.connect("corner_shop", base_url="http://127.0.0.1:1", api_key="k")
        except ConfigurationError as error:
            print(error)
        spyro.connect("salesforce", demo={"records": 20}).close()
    """
    told = run(tmp_path, *script(code), path=(tmp_path / "broken",)).splitlines()
    assert {"corner_shop", "salesforce"} <= set(told[0].split())
    assert told[1].startswith("the connector 'corner_shop' (corner_shop:CornerShop)")
