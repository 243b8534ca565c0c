"""The corner shop passes the suite of all connectors, with answers recorded once."""

import os
from functools import partial
from pathlib import Path

import pytest
from corner_shop import CornerShop

from spyro_sdk.testing import ConnectorContract, cassette

CONFIG = CornerShop.configure(
    base_url=os.environ.get("SPYRO_CORNER_SHOP_BASE_URL", "https://shop.example"),
    api_key=os.environ.get("SPYRO_CORNER_SHOP_API_KEY", "none-to-replay"),
    rate_limit=60_000,  # a recording need not be spared
    concurrency=1,  # the same requests each time
)


@pytest.fixture(scope="module")
def tape():
    """What the shop answered; it is asked again once the file is deleted."""
    return cassette(Path(__file__).with_name("orders.json"), CONFIG, mode="auto")


class TestCornerShop(ConnectorContract):
    entity, rows, key = "orders", 250, "id"
    since = ("2026-01-20", 80)

    @pytest.fixture
    def make(self, tape):
        return partial(CornerShop, CONFIG, transport=tape)
