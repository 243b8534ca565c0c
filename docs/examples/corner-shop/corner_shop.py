"""The orders of a corner shop, for spyro_sdk."""

import pyarrow as pa

import spyro_sdk as spyro
from spyro_sdk.paging import PageNumber


class CornerShop(spyro.RestConnector):
    """The orders of a corner shop."""

    name = "corner_shop"
    defaults = {"rate_limit": 600, "page_size": 100}  # what this service allows
    credentials = (("base_url", "api_key"),)
    offers = (
        spyro.Entity(
            "orders",
            path="/orders",
            records="orders",  # where the list stands in the answer
            total="total",  # and the number of them all: compared with what arrives
            paging=PageNumber(),  # ?page=1&per_page=100
            key="id",
            cursor="changed",
            label="Orders",
            schema=pa.schema(
                [
                    ("id", pa.int64()),
                    ("customer", pa.string()),
                    ("total", pa.decimal128(12, 2)),
                    ("changed", pa.timestamp("ms", "UTC")),
                ]
            ),
        ),
    )

    def request(self, entity, query):
        """The first page; this service takes `since` as a parameter."""
        request = super().request(entity, query)
        return request.with_params(since=f"{query.since:%Y-%m-%dT%H:%M:%SZ}") if query.since else request
