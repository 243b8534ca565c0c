"""One limiter for an account."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest

from spyro_sdk.config import ConnectorConfig
from spyro_sdk.guards.account import limiter_of


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
