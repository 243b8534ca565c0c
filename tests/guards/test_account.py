"""One limiter for an account."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path
from typing import Any

import pytest

from spyro_sdk.config import ConnectorConfig
from spyro_sdk.guards.account import VARIABLE, _wish, limiter_of, windows_of
from spyro_sdk.guards.limiter import RateLimiter
from spyro_sdk.guards.redis import RedisBucket


def config(**settings: Any) -> ConnectorConfig:
    return ConnectorConfig(**{"name": "acme", "access_token": "hush", "rate_limit": 60, **settings})


@pytest.mark.anyio
async def test_those_who_ask_the_same_account_share_a_limiter_while_one_of_them_is_there() -> None:
    first = limiter_of(config())
    await first.acquire()
    assert limiter_of(config(page_size=7, timeout=3)) is first
    del first
    gc.collect()
    assert limiter_of(config()).get_current_rate() == 0


@pytest.mark.anyio
@pytest.mark.parametrize(
    "other", [{"access_token": "x"}, {"name": "globex"}, {"rate_limit": 30}, {"burst_size": 2}]
)
async def test_another_account_or_allowance_has_a_limiter_of_its_own(other: dict[str, Any]) -> None:
    first = limiter_of(config())
    assert limiter_of(config(**other)) is not first


def test_no_limiter_is_shared_between_event_loops() -> None:
    async def main() -> Any:
        return limiter_of(config())

    assert asyncio.run(main()) is not asyncio.run(main())


def made(environ: dict[str, str], **settings: Any) -> Any:
    """The limiter of a program that ends at once."""

    async def main() -> RateLimiter:
        return limiter_of(config(**settings), environ)

    return asyncio.run(main())


@pytest.mark.parametrize("address", ["redis://host/0", "rediss://:hush@host:6380", " unix:///run/redis "])
def test_an_address_of_a_redis_is_where_machines_count_together(address: str) -> None:
    bucket = made({"SPYRO_RATE_LIMITS": address})._bucket
    assert isinstance(bucket, RedisBucket)
    assert bucket._burst == config().rate.burst


def test_an_address_that_may_hold_a_password_is_shown_to_nobody() -> None:
    assert "hush" not in repr(_wish({VARIABLE: "redis://:hush@host"}))
    assert repr(_wish({VARIABLE: " /a/folder "})) == "'/a/folder'"


def test_the_name_of_an_account_in_a_redis_is_the_same_on_each_machine_and_in_each_version() -> None:
    assert made({VARIABLE: "redis://host"})._bucket._key == "spyro:188df5fd2f60d1b6e81a9a6b97e65c71"


def test_the_names_of_files_need_a_key_of_256_bits_to_be_understood(tmp_path: Path) -> None:
    one, other = {VARIABLE: str(tmp_path / "one")}, {VARIABLE: str(tmp_path / "other")}
    names = {made(environ)._bucket.state.name for environ in (one, other)}
    assert len(names) == 2
    assert all(name.endswith(".bucket") for name in names)
    assert len((tmp_path / "one" / "key").read_bytes()) == 32


def test_a_folder_may_be_told_from_the_home_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert made({VARIABLE: "~/mine"})._bucket.state.folder.path == tmp_path / "mine"


def test_the_usual_folders_are_those_that_the_system_keeps_for_the_product(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    running = made({})._bucket.state.folder.path
    assert (running.parent.name, running.name) == ("spyro", "rate-limits")
    (day,) = windows_of(config(daily_limit=3), {}).windows
    assert day._state.folder.path == tmp_path / "data" / "spyro" / "rate-limits"  # type: ignore[attr-defined]


def test_a_service_on_this_machine_is_counted_where_that_is_wanted(tmp_path: Path) -> None:
    here = "http://localhost:8000"
    assert type(made({}, base_url=here)) is RateLimiter
    assert made({VARIABLE: str(tmp_path)}, base_url=here)._bucket.state.folder.path == tmp_path


def test_nobody_who_wants_no_windows_needs_a_folder() -> None:
    assert windows_of(config(), {VARIABLE: "here"}).windows == ()
    assert windows_of(config(daily_limit=3), {VARIABLE: "redis://host"}).name == "acme"


@pytest.mark.parametrize("wish", ["none", "folder"])
def test_an_hour_and_a_day_with_the_same_number_are_counted_apart(tmp_path: Path, wish: str) -> None:
    environ = {VARIABLE: str(tmp_path) if wish == "folder" else wish}
    both = windows_of(config(daily_limit=3, hourly_limit=3, access_token=wish), environ).windows
    for it in both:
        it.take()
    assert [it.left() for it in both] == [2, 2]
    (other,) = windows_of(config(daily_limit=3, access_token="of another account"), environ).windows
    assert other.left() == 3
