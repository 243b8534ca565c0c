"""dlt: its RESTClient, which follows the links."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from answer import ADDRESS, answer
from dlt.sources.helpers.rest_client import RESTClient
from dlt.sources.helpers.rest_client.paginators import JSONLinkPaginator


def read() -> Iterator[dict[str, Any]]:
    client = RESTClient(ADDRESS, paginator=JSONLinkPaginator("next"))
    for page in client.paginate("/items", data_selector="items"):
        yield from page


answer(read)
