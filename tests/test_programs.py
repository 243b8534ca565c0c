"""Programs that tests need are found, or got where that is ours to do."""

from __future__ import annotations

from dataclasses import replace

from .programs import CHROMIUM, COMPILER, PROGRAMS, REDIS, Which, main


def at(*paths: str) -> Which:
    """A machine on which these programs are."""
    return lambda name: f"/bin/{name}" if name in paths else None


def test_the_first_browser_that_is_there_is_taken() -> None:
    assert CHROMIUM.found({}, at("google-chrome", "microsoft-edge")) == "/bin/google-chrome"
    assert CHROMIUM.found({}, at()) is None


def test_a_browser_that_is_named_is_taken_or_none() -> None:
    assert CHROMIUM.found({"SPYRO_BROWSER": "brave"}, at("brave", "chromium")) == "/bin/brave"
    assert CHROMIUM.found({"SPYRO_BROWSER": "brave"}, at("chromium")) is None


def test_only_root_on_debian_gets_one_installed() -> None:
    debian = at("apt-get")
    assert CHROMIUM.may_be_installed({}, debian, is_root=True)
    assert not CHROMIUM.may_be_installed({}, debian, is_root=False)
    assert not CHROMIUM.may_be_installed({}, at("dnf"), is_root=True)
    assert not CHROMIUM.may_be_installed({"SPYRO_BROWSER": "brave"}, debian, is_root=True)


def test_redis_is_found_under_either_name() -> None:
    assert REDIS.found({}, at("valkey-server")) == "/bin/valkey-server"


def test_a_compiler_is_of_no_use_without_the_headers_of_python() -> None:
    assert COMPILER.found({}, at("gcc")) == "/bin/gcc"
    assert replace(COMPILER, is_complete=lambda: False).found({}, at("gcc")) is None


def test_each_says_how_to_get_it() -> None:
    assert all(package in it.how for it in PROGRAMS.values() for package in it.packages)


def test_what_is_there_is_no_matter() -> None:
    assert main(["compiler", "redis"]) is None
